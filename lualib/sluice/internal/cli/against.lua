--- sluice infer --against: how the rows of a stream differ from a schema; widens the schema on request.
local core = require "sluice.core"
local drift = require "sluice.internal.infer.drift"
local file = require "sluice.internal.schema.file"
local json = require "sluice.json"
local lists = require "sluice.internal.lists"
local policy = require "sluice.internal.policy"
local report = require "sluice.internal.infer.report"
local result = require "sluice.internal.infer.result"
local standard_output = require "sluice.internal.standard_output"
local types = require "sluice.internal.schema.type"
local update = require "sluice.internal.infer.update"

local M = {}

---@class sluice.cli.Against
---@field path string
---@field declared sluice.Schema|table<string, sluice.Schema>
---@field shapes sluice.core.Shapes
---@field refusals table<string, table<string, sluice.infer.Refusal>>  by stream, by place
---@field refused integer  rows
---@field agrees boolean?  there are no changes
---@field is_updated boolean?  the file has been rewritten
local Against = {}
Against.__index = Against

---@return sluice.cli.Against? against, sluice.Error? err
function M.open(path)
  local declared, err = file.load(path)
  if not declared then return nil, err end
  return setmetatable({ path = path, declared = declared, shapes = core.shapes(), refusals = {}, refused = 0 }, Against)
end

---@return sluice.Schema?
function Against:schema_of(stream)
  if types.is(self.declared) then return self.declared --[[@as sluice.Schema]] end
  return self.declared[stream]
end

local function yes() return true end

--- Every row goes to the shapes, whether or not it fits.
function Against:sink()
  return {
    taker = self.shapes, begin = yes, prepare = yes, commit = yes, rollback = yes,
    write = function(_, row) return self.shapes:row(row) end,
  }
end

--- Record a row that does not fit, with its violations.
function Against:note(rejected)
  local declared = self:schema_of(rejected.stream)
  local by_place = self.refusals[rejected.stream] or {}
  self.refusals[rejected.stream], self.refused = by_place, self.refused + 1
  local seen = {}
  for _, v in ipairs(rejected.violations) do
    local at = drift.key(drift.pattern(declared, v.pointer), v.value == nil)
    local known = by_place[at]
    if not known then
      known = { rows = 0, expected = v.expected, value = v.value,
        first = { row = rejected.sequence + 1, line = rejected.line, file = rejected.file } }
      by_place[at] = known
    end
    known.rows = known.rows + (seen[at] and 0 or 1)
    seen[at] = true
  end
end

function Against:rejects()
  return {
    begin = yes, prepare = yes, commit = yes, rollback = yes,
    write = function(_, row)
      local rejected = json.decode(row.raw)
      self:note(rejected)
      local text = row.raw:match ',"row":(.*)}$'
      return self.shapes:add(text, rejected.stream, rejected.line, rejected.file)
    end,
  }
end

---@return sluice.Plan
function Against:plan()
  local sink, streams = self:sink(), {}
  if types.is(self.declared) then
    streams["*"] = { schema = self.declared, on_invalid = "reject", sink = sink }
  else
    for name, declared in pairs(self.declared) do streams[name] = { schema = declared, on_invalid = "reject", sink = sink } end
    streams["*"] = streams["*"] or { sink = sink }
  end
  local plan = assert(policy.read { streams = streams, rejects = self:rejects() })
  plan.default, plan.streams["*"] = plan.streams["*"], nil -- with an entry "*" a host would name all other streams "*"
  return plan
end

--- The change for a stream that the schema does not mention ("new"), or that sent no rows ("gone").
local function whole(change, description)
  return {
    pointer = "", change = change, refused = change == "new", rows = description and description.rows or 0,
    total = description and description.rows or 0, declared = change == "gone" and "a stream" or nil,
    found = change == "new" and "a stream" or "no rows",
  }
end

---@return sluice.infer.StreamDrift[]
function Against:changes()
  local list, came = {}, {}
  for _, stream in ipairs(self.shapes:streams()) do
    local description, declared = self.shapes:describe(stream), self:schema_of(stream)
    came[stream] = true
    local changes = declared and drift.of(description, declared, self.refusals[stream] or {}) or { whole("new", description) }
    list[#list + 1] = { stream = stream, changes = changes, many_files = description.files > 1 }
  end
  if not types.is(self.declared) then
    for _, stream in ipairs(lists.sorted_keys(self.declared)) do
      if not came[stream] then list[#list + 1] = { stream = stream, changes = { whole("gone") }, many_files = false } end
    end
  end
  return list
end

local function is_refused(list)
  for _, of in ipairs(list) do
    for _, change in ipairs(of.changes) do
      if change.refused then return true end
    end
  end
  return false
end

--- The error for the exit status: rows would be refused.
function Against:failure()
  local of = self.refused > 0 and result.rows(self.refused) or "the rows of a stream without a schema"
  return core.error("row_invalid", ("%s would be refused by %s"):format(of, self.path))
end

--- Print the changes. Returns true, or nil and why the command fails.
---@param options table
---@return true? ok, sluice.Error? err
function Against:tell(options)
  local list = self:changes()
  local is_terminal, width = core.terminal(1)
  local text = (options.as == "json" and report.json or report.table)(list, is_terminal and width or nil)
  local has_changes = #lists.select(list, function(of) return #of.changes > 0 end) > 0
  self.agrees = not has_changes
  if options.as == "json" or has_changes then standard_output.output:write(text) end
  local updated, err = true, nil
  if options.update then updated, err = update.file(self, list) end
  if not updated then return nil, err end
  self.is_updated = updated == "updated"
  local ok
  ok, err = standard_output.settle()
  if not ok then return nil, err end
  if is_refused(list) and not self.is_updated then return nil, self:failure() end
  return true
end

return M
