--- sluice infer: a schema from the whole stream, or how the stream has drifted from one.
local command_line = require "sluice.internal.command_line"
local core = require "sluice.core"
local json = require "sluice.json"
local json_pointer = require "sluice.internal.json_pointer"
local lists = require "sluice.internal.lists"
local option_list = require "sluice.internal.option_list"
local result = require "sluice.internal.infer.result"
local standard_output = require "sluice.internal.standard_output"
local whole_stream = require "sluice.internal.cli.whole_stream"

--- Loaded on demand.
local writers = {
  lua = function() return require "sluice.internal.infer.as_lua" end,
  ["json-schema"] = function() return require "sluice.internal.infer.as_json_schema" end,
  luals = function() return require "sluice.internal.infer.as_luals" end,
  sql = function() return require "sluice.internal.infer.as_sql" end,
  policy = function() return require "sluice.internal.infer.as_policy" end,
}

local DURATIONS = lists.keyed { "timeout", "idle_timeout", "startup_timeout" }

--- A value as a policy writes it: durations with their unit, variables by name.
local function as_written(name, value)
  if DURATIONS[name] then return value .. "ms" end
  if name ~= "env" then return value end
  local env = {}
  for _, variable in ipairs(value) do env[variable.name] = variable.value end
  return env
end

--- The options of the command line that a policy needs to read the same rows.
---@param request string?  JSON
local function given_of(options, request)
  local given = {}
  local function add(name, value)
    local is_told = value ~= nil and not (type(value) == "table" and next(value) == nil)
    if is_told then given[#given + 1] = { name = name, value = as_written(name, value) } end
  end
  add("export", options.export)
  if request then add("request", (json.decode(request))) end
  for _, owner in ipairs { "host", "launcher", "worker", "request" } do
    for _, option in ipairs(option_list.of[owner]) do
      local value = options[option.name]
      local is_wanted = option.name ~= "record" and (option.name ~= "bad_lines" or value == "drop")
      if is_wanted then add(option.name, value) end
    end
  end
  return given
end

local function source_of(spec)
  if spec.files then
    local words = lists.map(spec.words, function(word) return word == "-" and "standard input" or word end)
    return #words <= 3 and table.concat(words, ", ") or ("%d files"):format(#words)
  end
  if spec.words and #spec.words > 0 then return command_line.show(spec.words) end
  return "standard input"
end

--- Suggest --stream-by if a field tells rows of several shapes apart.
local function hint(console, stream)
  local split = stream.split
  if not split or split.explained * 2 < split.varying then return end
  local pointer = json_pointer.token(split.name)
  console:notice(("hint: in stream %s, the field %s distinguishes %d shapes of rows: --stream-by %s writes a schema for each")
    :format(stream.name, json.encode(split.name), split.values, command_line.quote(pointer)))
end

--- Options that contradict each other.
---@return string? problem
local function problem_of(options)
  local as, against = options.as, options.against
  if options.update and not against then return "--update needs --against FILE" end
  if against and as and as ~= "json" then
    return ("--as %s is for a schema; with --against, use --as json, or no --as for a table"):format(as)
  end
  if not against and as == "json" then return "--as json needs --against; for a schema, use lua, json-schema, luals, sql or policy" end
  if options.dialect and as ~= "sql" then return "--dialect needs --as sql" end
  for _, name in ipairs { "tight", "enum" } do
    if against and options[name] then return ("--%s is for a schema, but --against only compares"):format(name) end
  end
end

---@return sluice.cli.WholeStream? inferring, string? problem
local function comparing(options)
  local against, err = require("sluice.internal.cli.against").open(options.against)
  if not against then return nil, "--against: " .. err.message end
  return {
    plan = against:plan(),
    tell = function() return against:tell(options) end,
    done = function(console)
      if against.agrees then return console:notice(("the rows agree with %s"):format(options.against)) end
      if against.is_updated then return console:notice(("%s is rewritten: it accepts all rows now"):format(options.against)) end
      if options.update then console:notice(("%s accepts all rows as it is"):format(options.against)) end
    end,
  }
end

---@param behind string[]?
---@param request string?  JSON
---@return sluice.cli.WholeStream
local function inferring(options, behind, request)
  local by = options.as ~= "policy" and whole_stream.take_stream_by(options, behind) or nil -- a policy cannot split streams
  local shapes, inferred = core.shapes(nil, by), nil
  return {
    plan = { streams = {}, default = { taker = shapes }, options = {} },
    tell = function(spec)
      inferred = result.of(shapes, { enum = options.enum, tight = options.tight })
      inferred.source, inferred.given, inferred.worker = source_of(spec), given_of(options, request), behind
      inferred.files = spec.files and spec.words[1]
      if #inferred.streams == 0 then return nil, core.error("row_invalid", "there were no rows: nothing can be inferred") end
      standard_output.output:write(writers[options.as or "lua"]()(inferred, options))
      return standard_output.settle()
    end,
    done = function(console)
      for _, stream in ipairs(inferred.streams) do hint(console, stream) end
    end,
  }
end

---@param session sluice.cli.Session
---@param behind string[]?
return function(session, options, behind)
  local problem = problem_of(options)
  if problem then return 2, problem end
  return whole_stream.run(session, options, behind, function(request)
    return (options.against and comparing or inferring)(options, behind, request)
  end)
end
