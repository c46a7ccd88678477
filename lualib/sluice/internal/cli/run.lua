--- sluice run: a worker's rows for a policy.
local policy = require "sluice.internal.policy"
local policy_options = require "sluice.internal.policy_options"
local request_argument = require "sluice.internal.cli.request_argument"
local standard_output = require "sluice.internal.standard_output"
local worker_spec = require "sluice.internal.cli.spec"

--- The failure that a policy sees when its own output broke is what broke it.
local function cause(failure)
  local ok, err = standard_output.settle()
  if failure and not ok and standard_output.is_broken() then return err end
  return failure or err
end

---@param session sluice.cli.Session
---@param behind string[]?
return function(session, options, behind)
  standard_output.guard(session.console:shares_terminal() and function() session.console:clear() end or nil)
  policy_options.give(options.set)
  local plan, err = policy.load(options.policy, options.arg)
  session.report.policy = policy_options.has() and options.policy or nil
  session.report.chooses_stream = policy_options.has "stream"
  if not plan then return session:finish(err) end
  local json, problem = request_argument.read(options.request, "--request")
  if problem then return 2, problem end
  plan.json, plan.export = json or plan.json, options.export or plan.export
  plan.run_key = options.run_key or plan.run_key
  local spec = worker_spec.of(options, behind, plan)
  if not spec.words then
    return 2, worker_spec.missing("run " .. options.policy) .. ', or in the policy: worker = { "scan.lua" }'
  end
  session.report.held = true
  local _, failure = session:execute(spec, plan, "rows", standard_output.settle)
  return session:finish(cause(failure))
end
