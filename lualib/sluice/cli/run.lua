--- sluice run: a worker's rows for a policy.
local input = require "sluice.cli.input"
local policy = require "sluice.policy"
local settings = require "sluice.settings"
local stdout = require "sluice.stdout"
local worker_options = require "sluice.cli.worker_options"

--- The request and the export of the command line win over the policy's.
local function override(plan, options)
  local json, problem = input.request(options.request, "--request")
  if problem then return nil, problem end
  plan.json = json or plan.json
  plan.export = options.export or plan.export
  plan.run_key = options.run_key or plan.run_key
  return true
end

--- The failure that a policy sees when its own output broke is what broke it.
local function cause(failure)
  local ok, err = stdout.settle()
  if failure and not ok and stdout.is_broken() then return err end
  return failure or err
end

---@param session sluice.cli.Session
---@param options table
---@param behind string[]?
---@return integer|"SIGPIPE" code, string? problem  a problem: wrong usage
return function(session, options, behind)
  stdout.guard(session.console:shares_terminal() and function() session.console:clear() end or nil)
  settings.give(options.set)
  local plan, err = policy.load(options.policy, options.arg)
  session.report.policy = settings.has() and options.policy or nil
  session.report.chooses_stream = settings.has "stream"
  if not plan then return session:fail(err) end
  local ok, problem = override(plan, options)
  if not ok then return 2, problem end
  local spec = worker_options.spec(options, behind, plan)
  if not spec.words then
    return 2, ('no worker: name one behind --, as in `sluice run %s -- WORKER`, or in the policy: worker = { "scan.lua" }')
      :format(options.policy)
  end
  session.report.held = true
  local _, failure = session:execute(spec, plan, "rows", stdout.settle)
  session.report.failure = cause(failure)
  return session:finish()
end
