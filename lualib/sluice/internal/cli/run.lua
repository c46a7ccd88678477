--- sluice run: pass a worker's rows to a policy.
local policy_run = require "sluice.internal.cli.policy_run"
local ready = require "sluice.internal.cli.ready"
local standard_output = require "sluice.internal.standard_output"

--- If the policy failed because the reader of its output has gone, that is the failure to report.
local function cause(failure)
  local ok, err = standard_output.settle()
  if failure and not ok and standard_output.is_broken() then return err end
  return failure or err
end

local OF_LIST = { command = true, run = true, list = true }

--- List the ready scripts.
local function list(session, options, behind)
  local is_alone = not behind
  for name, value in pairs(options) do
    local is_given = type(value) ~= "table" or next(value) ~= nil -- options that may be repeated are lists
    is_alone = is_alone and (OF_LIST[name] or not is_given)
  end
  if not is_alone then return 2, "--list must be alone, because it runs nothing" end
  local _, err = standard_output.line(ready.list())
  session.options.quiet = true
  return session:finish(err)
end

---@param session sluice.cli.Session
---@param behind string[]?
return function(session, options, behind)
  if options.list then return list(session, options, behind) end
  if not options.policy then return 2, "POLICY is missing; --list shows the ready scripts" end
  if options.watch then return require "sluice.internal.cli.watch"(session, options, behind) end
  standard_output.guard(session.console:shares_terminal() and function() session.console:clear() end or nil)
  local prepared, err, problem = policy_run.prepare(session, options, behind)
  if problem then return 2, problem end
  if not prepared then return session:finish(err) end
  session.report.held, session.report.open_ended = true, prepared.open_ended
  local _, failure = session:execute(prepared.spec, prepared.plan, "rows", standard_output.settle)
  return session:finish(cause(failure))
end
