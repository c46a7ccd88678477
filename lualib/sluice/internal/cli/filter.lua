--- sluice filter: the rows that pass an expression, as JSON lines.
local core = require "sluice.core"
local filter_output = require "sluice.internal.cli.filter_output"
local input = require "sluice.internal.cli.input"
local request_argument = require "sluice.internal.cli.request_argument"
local suggest = require "sluice.internal.suggest"
local standard_output = require "sluice.internal.standard_output"

---@return sluice.core.Handlers? handlers, sluice.Error? err
local function expressions(options)
  local where, map, err
  where, err = core.expression(options.expression, "EXPR")
  if where and options.map then map, err = core.expression(options.map, "--map") end
  if err then return nil, err end
  return { where = where, map = map }
end

--- 'no row had a field "nmae"; did you mean "name"? seen: name, line'
---@param seen string[]
local function of_absent(name, seen)
  local hint = suggest.hint(name, seen):gsub("mean (.-)%?", 'mean "%1"?')
  local list = #seen > 0 and (hint == "" and "; seen: " or " seen: ") .. table.concat(seen, ", ") or ""
  return ('warning: no row had a field "%s"%s%s'):format(name, hint, list)
end

--- What an expression can hardly have meant: names that no row had, comparisons
--- that are always the same, arrays that are counted from 0.
---@param console sluice.cli.Console
---@param list function[]  the expressions
local function warn(console, list)
  local told = {}
  for _, f in ipairs(list) do
    local report = core.expression_report(f)
    for _, name in ipairs(report.absent) do
      if not told[name] then console:notice(of_absent(name, report.seen)) end
      told[name] = true
    end
    for _, text in ipairs(report.constant) do
      local name = text:match [["(.-)"]] or text:match "'(.-)'" or "NAME"
      console:notice(('warning: %s compares two constants; the field is row:get "%s"'):format(text, name))
    end
    for _, text in ipairs(report.zero) do
      console:notice(("warning: %s is nil: arrays begin at 1"):format(text))
    end
  end
end

--- What contradicts itself.
---@return string? problem
local function contradiction(options)
  local forms = {}
  for _, name in ipairs { "count", "table", "csv" } do
    if options[name] then forms[#forms + 1] = "--" .. name end
  end
  if #forms > 1 then return ("%s and %s: it is one or the other"):format(forms[1], forms[2]) end
  if options.fields and options.map then return "--fields and --map: either says all that is written" end
  if options.limit and options.tail then return "--limit and --tail: the first rows or the last ones" end
  for _, name in ipairs { "fields", "map", "tail", "atomic" } do
    if options.count and options[name] then return ("--count and --%s: no row is written"):format(name) end
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
  if not options.quiet then warn(session.console, warned) end
  return session:finish(failure)
end
