--- What `sluice run` determines before it starts anything: a policy's plan, overridden by the command line,
--- and where the rows come from.
local command_line = require "sluice.internal.command_line"
local input = require "sluice.internal.cli.input"
local lists = require "sluice.internal.lists"
local policy = require "sluice.internal.policy"
local policy_options = require "sluice.internal.policy_options"
local ready = require "sluice.internal.cli.ready"
local request_argument = require "sluice.internal.cli.request_argument"

local M = {}

---@class sluice.cli.PolicyRun
---@field plan sluice.Plan
---@field spec sluice.Spec
---@field open_ended boolean  the end of input counts as success

--- Apply what the command line says about the request; it overrides the policy.
---@param plan sluice.Plan
---@return string? problem
function M.apply(options, plan)
  local json, problem = request_argument.read(options.request, "--request")
  if problem then return problem end
  plan.json, plan.export = json or plan.json, options.export or plan.export
  plan.run_key = options.run_key or plan.run_key
end

--- The text of a ready script, if the word names one.
---@return string? text, string? problem
function M.text_of(options)
  if ready.is_name(options.policy) then return ready.find(options.policy) end
end

---@param session sluice.cli.Session
local function mention_replaced(session, spec, plan)
  if not (spec.files and plan.worker) or session.options.quiet then return end
  session.console:notice(("reading %s instead of the policy's worker %s")
    :format(table.concat(spec.words, ", "):gsub("^%-$", "standard input"), plan.worker[1]))
end

---@param session sluice.cli.Session
---@param behind string[]?
---@return sluice.cli.PolicyRun? prepared, sluice.Error? failure, string? problem
function M.prepare(session, options, behind)
  local text, problem = M.text_of(options)
  if problem then return nil, nil, problem end
  policy_options.give(options.set)
  local plan, err = policy.load(options.policy, options.arg, text)
  session.report.policy = policy_options.has() and options.policy or nil
  if not plan then return nil, err end
  session.report.choice = policy_options.has "stream" and lists.sorted_keys(plan.streams) or nil
  problem = M.apply(options, plan)
  if problem then return nil, nil, problem end
  local spec, open_ended = input.spec(options, behind, plan, "run " .. command_line.quote(options.policy),
    '; a policy may name its own: worker = { "scan.lua" }')
  if not spec then return nil, nil, open_ended end
  mention_replaced(session, spec, plan)
  return { plan = plan, spec = spec, open_ended = open_ended }
end

return M
