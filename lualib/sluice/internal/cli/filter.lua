--- sluice filter: the rows that pass an expression, as JSON lines.
local core = require "sluice.core"
local input = require "sluice.internal.cli.input"
local request_argument = require "sluice.internal.cli.request_argument"
local suggest = require "sluice.internal.suggest"
local spool = require "sluice.internal.spool"
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

--- Rows go to standard output as they come.
local function direct(handlers, writer)
  handlers.taker = writer
  return function() return writer:flush() end
end

--- Rows wait in a file without a name until success.
---@return function? prepare, sluice.Error? err
local function held_back(handlers, writer)
  local held, err = spool.open()
  if not held then return nil, err end
  handlers.on_row = function(row)
    local ok, reason = held:write(tostring(row), "\n")
    if not ok then error(reason, 0) end
  end
  return function()
    local ok, reason = held:flush()
    if not ok then return nil, reason end
    return held:copy(writer)
  end
end

---@param session sluice.cli.Session
---@param behind string[]?
return function(session, options, behind)
  local handlers, err = expressions(options)
  if not handlers then return session:finish(err) end
  local json, problem = request_argument.read(options.request, "--request")
  if problem then return 2, problem end
  local plan = {
    export = options.export, json = json, streams = {}, default = handlers,
    options = { timeout = options.timeout or 0 },
  }
  local spec, open_ended = input.spec(options, behind, plan, "filter EXPR")
  if not spec then return 2, open_ended end
  local writer, prepare = core.writer(1), nil
  prepare, err = (options.atomic and held_back or direct)(handlers, writer)
  if not prepare then return session:finish(err) end
  if not options.atomic then
    session.console:yield_terminal()
    session.writer = writer
  end
  standard_output.expect()
  session.report.held, session.report.open_ended = options.atomic, open_ended
  local _, failure = session:execute(spec, plan, "rows", prepare)
  if not options.quiet then warn(session.console, { handlers.where, handlers.map }) end
  return session:finish(failure)
end
