--- sluice ledger: the runs in a database.
local aligned_table = require "sluice.internal.sink.aligned_table"
local core = require "sluice.core"
local json_object = require "sluice.internal.json_object"
local runs = require "sluice.internal.sql.runs"
local standard_output = require "sluice.internal.standard_output"
local units = require "sluice.internal.units"

local COLUMNS = { "run_key", "time", "table", "stream", "rows", "kept", "checksum" }
local FIELDS = { "run_key", "time", "table", "stream", "rows", "kept", "bytes", "checksum" }

--- One object per line, so that any number of runs can be read; no runs, no output.
local function as_json(list)
  for _, run in ipairs(list) do
    local ok, err = standard_output.line(json_object.pick(run, FIELDS).json)
    if not ok then return nil, err end
  end
  return true
end

local function as_text(list)
  local is_terminal, width = core.terminal(1)
  local parts = {}
  local out = aligned_table.new(COLUMNS, is_terminal and width or nil, #list + 1, function(text)
    parts[#parts + 1] = text
    return true
  end)
  for _, run in ipairs(list) do out:row { payload = run, raw = "" } end
  out:finish()
  return standard_output.line((table.concat(parts):gsub("\n$", "")))
end

local function before(ms)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() - ms // 1000)
end

---@param opened sluice.sql.Runs
local function forget(session, opened, options)
  local count, err = opened:forget(options.forget, options.older and before(options.older))
  if not count then return err end
  if not session.options.quiet then
    io.stderr:write(("sluice: %s %s of %s forgotten; the rows stay\n"):format(
      units.show_count(count), count == 1 and "run" or "runs", core.visible(opened.target.shown)))
  end
end

local function show(opened, options)
  local list, err = opened:list()
  if not list then return err end
  local _
  _, err = (options.as == "json" and as_json or as_text)(list)
  return err
end

---@param session sluice.cli.Session
---@param behind string[]?
return function(session, options, behind)
  if behind then return 2, "a ledger has no worker: expected nothing after --" end
  local opened, err, problem = runs.open(options.url)
  if problem then return 2, "URL: " .. problem end
  if opened then
    local is_pruning = options.forget[1] or options.older
    err = is_pruning and forget(session, opened, options) or not is_pruning and show(opened, options) or nil
    opened:close()
  end
  session.options.quiet = true
  return session:finish(err)
end
