--- Recordings made from Lua values: the result of test.rows.
local check = require "sluice.internal.check"
local core = require "sluice.core"
local lists = require "sluice.internal.lists"
local text = require "sluice.internal.test.text"

---@class sluice.test.Recording
---@field private streams { name: string, rows: string[] }[]  as JSON texts
---@field private more table      the options, read
local Recording = core.members({ __name = "sluice.test.Recording" }, "a recording of test.rows")
Recording.__index = Recording

local M = {}

--- Kinds that a worker may report (ANYONE, in runtime/base/error.h).
M.kinds = { "export_failed", "callback_failed", "usage", "row_malformed", "frame_too_large", "spawn" }

M.signals = {
  HUP = 1, INT = 2, QUIT = 3, ILL = 4, TRAP = 5, ABRT = 6, BUS = 7, FPE = 8, KILL = 9, USR1 = 10, SEGV = 11, USR2 = 12,
  PIPE = 13, ALRM = 14, TERM = 15,
}

-- ---- rows ----

--- Whether the keys are exactly 1 to n.
local function is_list(value)
  if type(value) ~= "table" then return false end
  local n = 0
  for _ in pairs(value) do n = n + 1 end
  return n == #value
end

local function texts_of(list, name)
  local texts = {}
  for i, row in ipairs(list) do
    local json, problem = text.json(row, ("%s[%d]"):format(name, i))
    if not json then return nil, problem end
    texts[i] = json
  end
  return texts
end

--- The problem with keys that are neither 1 to n nor names.
local function bad_keys(rows, key)
  local name = lists.find(lists.sorted_keys(rows), function(other) return type(other) == "string" end)
  if not name then return ("expected a list of rows without holes, got one with [%s] in it"):format(tostring(key)) end
  return ("expected a list of rows or names of streams, got both: %s and [%s]"):format(name, tostring(key))
end

local function streams_of(rows)
  local streams = {}
  for _, name in ipairs(lists.sorted_keys(rows)) do
    if type(name) ~= "string" then return nil, bad_keys(rows, name) end
    if not is_list(rows[name]) then
      return nil, ("%s: expected a list of rows, got %s"):format(name, text.show(rows[name]))
    end
    local texts, problem = texts_of(rows[name], name)
    if not texts then return nil, problem end
    streams[#streams + 1] = { name = name, rows = texts }
  end
  return streams
end

-- ---- options ----

local function read_value(value, name)
  local json, problem = text.json(value, name)
  return json, nil, problem
end

--- { { code =, message = } }, or both as a list without names.
local function read_diagnostics(value, name)
  if not is_list(value) then return nil, "a list of { code = …, message = … }" end
  local read = {}
  for i, d in ipairs(value) do
    local code, message = d, nil
    if type(d) == "table" then code, message = d.code or d[1], d.message or d[2] end
    if type(code) ~= "string" or type(message) ~= "string" then
      return nil, nil, ("%s[%d]: expected { code = …, message = … }, got %s"):format(name, i, text.show(d))
    end
    read[i] = { code = code, message = message }
  end
  return read
end

local function is_natural(value) return math.type(value) == "integer" and value >= 0 end

local function read_progress(value, name)
  if not is_list(value) then return nil, 'a list of { phase = "reading", current = 1, total = 3 }' end
  for i, p in ipairs(value) do
    local is_good = type(p) == "table" and type(p.phase) == "string" and is_natural(p.current) and
      (p.total == nil or is_natural(p.total))
    if not is_good then
      return nil, nil, ("%s[%d]: expected { phase = …, current = …, total = … }, got %s"):format(name, i, text.show(p))
    end
  end
  return value
end

local read_kind = check.one_of(M.kinds)

local function read_failure(value, name)
  if type(value) == "string" then return core.error("export_failed", value) end
  if type(value) ~= "table" or type(value.message) ~= "string" then return nil, "a message, or { kind = …, message = … }" end
  local kind, expected = read_kind(value.kind or "export_failed")
  if not kind then return nil, nil, ("%s.kind: expected %s, got %s"):format(name, expected, check.show(value.kind)) end
  return core.error(kind, value.message, value)
end

local function read_status(value)
  if is_natural(value) and value <= 255 then return value end
  return nil, "an exit status from 0 to 255"
end

local function read_signal(value)
  if type(value) == "string" and M.signals[value:gsub("^SIG", "")] then return M.signals[value:gsub("^SIG", "")] end
  if is_natural(value) and value >= 1 and value <= 31 then return value end
  return nil, 'the name of a signal, such as "KILL"'
end

local READERS = {
  export = check.name, request = read_value, metadata = read_value, stopped = check.boolean,
  diagnostics = read_diagnostics, progress = read_progress,
  failure = read_failure, status = read_status, signal = read_signal,
}

local ENDS = { "failure", "status", "signal" }

--- A worker ends in one way, and only a successful end has a summary.
local function contradiction(more)
  local given = lists.select(ENDS, function(name) return more[name] ~= nil end)
  if #given > 1 then return ("%s and %s: expected only one of them"):format(given[1], given[2]) end
  for _, name in ipairs { "metadata", "stopped" } do
    if given[1] and more[name] ~= nil then return ("%s: belongs to a summary, and %s leaves none"):format(name, given[1]) end
  end
end

---@param rows table
---@param more table?
---@return sluice.test.Recording? made, string? problem
function M.of(rows, more)
  if type(rows) ~= "table" then return nil, "expected a list of rows, got " .. check.show(rows) end
  if more ~= nil and type(more) ~= "table" then return nil, "expected a table after the rows, got " .. check.show(more) end
  if is_list(rows) then rows = { rows = rows } end
  local streams, problem = streams_of(rows)
  if not streams then return nil, problem end
  local read
  read, problem = check.table(more or {}, READERS, "")
  problem = problem or contradiction(read)
  if problem then return nil, problem end
  return setmetatable({ streams = streams, more = read }, Recording)
end

function M.is(value) return getmetatable(value) == Recording end

-- ---- writing ----

local function put_rows(self, out)
  for _, d in ipairs(self.more.diagnostics or {}) do
    local ok, err = out:diagnostic(d.code, d.message)
    if not ok then return nil, err end
  end
  for _, p in ipairs(self.more.progress or {}) do
    local ok, err = out:progress(p.phase, p.current, p.total)
    if not ok then return nil, err end
  end
  for _, stream in ipairs(self.streams) do
    for _, json in ipairs(stream.rows) do
      local ok, err = out:row(stream.name, json)
      if not ok then return nil, err end
    end
  end
  return true
end

local function put_end(self, out)
  local more = self.more
  if more.failure then return out:failure(more.failure) end
  if more.signal then return out:exit(true, more.signal) end
  if more.status then return out:exit(false, more.status) end
  return out:summary(more.metadata, more.stopped)
end

--- Write it to a new file. Its own export and request take precedence over those requested.
---@param path string
---@param export string?
---@param request string?  JSON text
---@return true? ok, sluice.Error? err
function Recording:write(path, export, request)
  local out <close>, err = core.recording(path, {
    worker = "test.rows", version = core.version,
    export = self.more.export or export or "rows", request = self.more.request or request or "null",
  })
  if not out then return nil, err end
  local ok
  ok, err = put_rows(self, out)
  if ok then ok, err = put_end(self, out) end
  if not ok then return nil, err end
  return out:close()
end

--- Write it to a new file, FILE.rows, for use with the command, as in
--- `sluice run policy.lua -- FILE.rows`.
---@param path string
---@return true? ok, sluice.Error? err
function Recording:save(path)
  if type(path) ~= "string" or not path:find "[^/]%.rows$" then
    error("save: expected the name of a file that ends in .rows, got " .. check.show(path), 2)
  end
  return self:write(path)
end

return M
