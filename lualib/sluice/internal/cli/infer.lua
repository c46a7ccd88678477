--- sluice infer: a schema from the whole stream, or how the stream has drifted from one.
local command_line = require "sluice.internal.command_line"
local core = require "sluice.core"
local input = require "sluice.internal.cli.input"
local option_list = require "sluice.internal.option_list"
local request_argument = require "sluice.internal.cli.request_argument"
local result = require "sluice.internal.infer.result"
local standard_output = require "sluice.internal.standard_output"

--- Loaded when it is the one that is wanted.
local writers = {
  lua = function() return require "sluice.internal.infer.as_lua" end,
  ["json-schema"] = function() return require "sluice.internal.infer.as_json_schema" end,
  luals = function() return require "sluice.internal.infer.as_luals" end,
  sql = function() return require "sluice.internal.infer.as_sql" end,
  policy = function() return require "sluice.internal.infer.as_policy" end,
}

--- Options of a host that a policy needs to read the same rows.
local function given_of(options)
  local given = {}
  local function add(name, value)
    if value ~= nil then given[#given + 1] = { name = name, value = value } end
  end
  add("export", options.export)
  for _, option in ipairs(option_list.of.host) do
    local value = options[option.name]
    if option.name ~= "bad_lines" or value == "drop" then add(option.name, value) end
  end
  return given
end

local function source_of(spec)
  if spec.files then return #spec.words <= 3 and table.concat(spec.words, ", ") or ("%d files"):format(#spec.words) end
  if spec.words and #spec.words > 0 then return command_line.show(spec.words) end
  return "standard input"
end

--- The field that tells rows of several shapes apart is worth a word.
local function hint(console, stream)
  local split = stream.split
  if not split or split.explained * 2 < split.varying then return end
  console:notice(("hint: in stream %s the field %q tells %d shapes of rows apart: --stream-by /%s writes a schema for each")
    :format(stream.name, split.name, split.values, (split.name:gsub("~", "~0"):gsub("/", "~1"))))
end

---@param session sluice.cli.Session
---@param behind string[]?
return function(session, options, behind)
  local json, problem = request_argument.read(options.request, "--request")
  if problem then return 2, problem end
  local shapes = core.shapes()
  local plan = {
    export = options.export, json = json, streams = {}, default = { taker = shapes },
    options = { timeout = options.timeout or 0 },
  }
  local spec, open_ended = input.spec(options, behind, plan, "infer")
  if not spec then return 2, open_ended end
  local as = options.as or "lua"
  local inferred
  local function prepare()
    inferred = result.of(shapes, { enum = options.enum, tight = options.tight })
    inferred.source, inferred.given, inferred.worker = source_of(spec), given_of(options), behind
    inferred.files = spec.files and spec.words[1]
    if #inferred.streams == 0 then return nil, core.error("usage", "there were no rows: nothing can be inferred") end
    standard_output.output:write(writers[as]()(inferred, options))
    return standard_output.settle()
  end
  standard_output.expect()
  session.report.held, session.report.open_ended = true, open_ended
  local _, failure = session:execute(spec, plan, "rows", prepare)
  if not failure and not options.quiet then
    for _, stream in ipairs(inferred.streams) do hint(session.console, stream) end
  end
  return session:finish(failure)
end
