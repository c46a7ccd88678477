--- sluice info: what a worker says about itself.
local core = require "sluice.core"
local json_object = require "sluice.internal.json_object"
local lists = require "sluice.internal.lists"
local standard_output = require "sluice.internal.standard_output"
local text_width = require "sluice.internal.sink.text_width"
local units = require "sluice.internal.units"
local worker_spec = require "sluice.internal.cli.spec"

local function exports_json(exports)
  local list = lists.map(exports, function(export) return json_object.pick(export, { "name", "type" }).json end)
  return json_object.raw("[" .. table.concat(list, ",") .. "]")
end

local function as_json(info)
  return json_object.line("name", info.name, "version", info.version, "runtime", info.runtime,
    "protocol", core.protocol, "max_frame", info.max_frame, "exports", exports_json(info.exports))
end

--- The names are the worker's.
local function as_text(info)
  local printable = text_width.printable
  local names = lists.map(info.exports, function(export) return printable(export.name) end)
  local width = 0
  for _, name in ipairs(names) do width = math.max(width, text_width.of(name)) end
  local lines = { ("%s %s"):format(printable(info.name), printable(info.version)), "exports:" }
  for i, export in ipairs(info.exports) do
    lines[#lines + 1] = ("  %s%s  %s"):format(names[i], (" "):rep(width - text_width.of(names[i])), export.type)
  end
  if #info.exports == 0 then lines[#lines + 1] = "  none" end
  lines[#lines + 1] = ("rows up to %s; %s, protocol %d")
    :format(units.show_size(info.max_frame), printable(info.runtime or "runtime unknown"), core.protocol)
  return table.concat(lines, "\n")
end

---@param session sluice.cli.Session
---@param behind string[]?
return function(session, options, behind)
  if not behind then return 2, worker_spec.missing "info" end
  local handle, err = session:hire(worker_spec.of(options, behind, { options = {} }))
  if not handle then return session:finish(err) end
  local ok
  ok, err = handle:start()
  if ok then ok, err = standard_output.line((options.as == "json" and as_json or as_text)(handle:info())) end
  if not ok then session.report.failure = err end
  session:release(handle)
  session.options.quiet = true
  return session:finish(session.report.failure)
end
