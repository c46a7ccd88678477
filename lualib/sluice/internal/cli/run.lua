--- sluice run: a worker's rows for a policy.
local command_line = require "sluice.internal.command_line"
local lists = require "sluice.internal.lists"
local input = require "sluice.internal.cli.input"
local policy = require "sluice.internal.policy"
local policy_options = require "sluice.internal.policy_options"
local ready = require "sluice.internal.cli.ready"
local request_argument = require "sluice.internal.cli.request_argument"
local standard_output = require "sluice.internal.standard_output"

--- The failure that a policy sees when its own output broke is what broke it.
local function cause(failure)
  local ok, err = standard_output.settle()
  if failure and not ok and standard_output.is_broken() then return err end
  return failure or err
end

local OF_LIST = { command = true, run = true, list = true }

--- What the ready scripts are.
local function list(session, options, behind)
  local is_alone = not behind
  for name, value in pairs(options) do
    local is_given = type(value) ~= "table" or next(value) ~= nil -- options that may be repeated are lists
    is_alone = is_alone and (OF_LIST[name] or not is_given)
  end
  if not is_alone then return 2, "--list stands alone, as it runs nothing" end
  local _, err = standard_output.line(ready.list())
  session.options.quiet = true
  return session:finish(err)
end

---@param session sluice.cli.Session
---@param behind string[]?
return function(session, options, behind)
  if options.list then return list(session, options, behind) end
  if not options.policy then return 2, "POLICY is missing; --list shows those that are ready" end
  local text, unknown
  if ready.is_name(options.policy) then text, unknown = ready.find(options.policy) end
  if unknown then return 2, unknown end
  standard_output.guard(session.console:shares_terminal() and function() session.console:clear() end or nil)
  policy_options.give(options.set)
  local plan, err = policy.load(options.policy, options.arg, text)
  session.report.policy = policy_options.has() and options.policy or nil
  if not plan then return session:finish(err) end
  session.report.choice = policy_options.has "stream" and lists.sorted_keys(plan.streams) or nil
  local json, problem = request_argument.read(options.request, "--request")
  if problem then return 2, problem end
  plan.json, plan.export = json or plan.json, options.export or plan.export
  plan.run_key = options.run_key or plan.run_key
  local spec, open_ended = input.spec(options, behind, plan, "run " .. command_line.quote(options.policy),
    '; a policy may name its own: worker = { "scan.lua" }')
  if not spec then return 2, open_ended end
  if spec.files and plan.worker and not options.quiet then
    session.console:notice(("reading %s in place of the policy's worker %s")
      :format(table.concat(spec.words, ", "):gsub("^%-$", "standard input"), plan.worker[1]))
  end
  session.report.held, session.report.open_ended = true, open_ended
  local _, failure = session:execute(spec, plan, "rows", standard_output.settle)
  return session:finish(cause(failure))
end
