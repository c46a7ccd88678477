--- sluice filter: the rows that pass an expression, as JSON lines.
local core = require "sluice.core"
local expression_warnings = require "sluice.internal.cli.expression_warnings"
local filter_output = require "sluice.internal.cli.filter_output"
local input = require "sluice.internal.cli.input"
local request_argument = require "sluice.internal.cli.request_argument"
local standard_output = require "sluice.internal.standard_output"

---@return sluice.core.Handlers? handlers, sluice.Error? err
local function expressions(options)
  local where, map, err
  where, err = core.expression(options.expression, "EXPR")
  if where and options.map then map, err = core.expression(options.map, "--map") end
  if err then return nil, err end
  return { where = where, map = map }
end

--- A contradiction among the options.
---@return string? problem
local function contradiction(options)
  local forms = {}
  for _, name in ipairs { "count", "table", "csv" } do
    if options[name] then forms[#forms + 1] = "--" .. name end
  end
  if #forms > 1 then return ("%s and %s: expected only one of them"):format(forms[1], forms[2]) end
  if options.fields and options.map then return "--fields and --map: expected only one of them, as each defines the whole output" end
  if options.limit and options.tail then return "--limit and --tail: expected only one of them, for the first rows or the last" end
  for _, name in ipairs { "fields", "map", "tail", "atomic" } do
    if options.count and options[name] then
      return ("--count and --%s: expected only one of them, as --count writes no rows"):format(name)
    end
  end
end

---@param session sluice.cli.Session
local function execute(session, options, spec, plan, handlers)
  local output, err = filter_output.open(options, handlers)
  if not output then return err end
  if not output.held then
    session.console:yield_terminal()
    session.writer = output.writer
  end
  standard_output.expect()
  session.report.held = output.held
  local _, failure = session:execute(spec, plan, "rows", output.finish)
  if not failure then failure = output.after(session.report.counts) end
  return failure
end

---@param session sluice.cli.Session
---@param behind string[]?
return function(session, options, behind)
  local problem, json = contradiction(options), nil
  if problem then return 2, problem end
  local handlers, err = expressions(options)
  if not handlers then return session:finish(err) end
  local warned = { handlers.where, handlers.map }
  json, problem = request_argument.read(options.request, "--request")
  if problem then return 2, problem end
  local plan = {
    export = options.export, json = json, streams = {}, default = handlers,
    options = { timeout = options.timeout or 0 },
  }
  local spec, open_ended = input.spec(options, behind, plan, "filter EXPR")
  if not spec then return 2, open_ended end
  session.report.open_ended = open_ended
  local failure = execute(session, options, spec, plan, handlers)
  if not options.quiet then expression_warnings(session.console, warned) end
  return session:finish(failure)
end
