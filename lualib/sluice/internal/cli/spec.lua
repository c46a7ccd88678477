--- The worker that the command line, and possibly a policy, asks for.
local core = require "sluice.core"
local launch = require "sluice.internal.launch"
local modules = require "sluice.internal.modules"
local option_list = require "sluice.internal.option_list"

local M = {}

--- Add NAME=VALUE pairs to a policy's table.
local function environment(pairs_given, base)
  if not pairs_given or #pairs_given == 0 then return base end
  local env = {}
  for name, value in pairs(base or {}) do env[name] = value end
  for _, pair in ipairs(pairs_given) do env[pair.name] = pair.value end
  return env
end

--- The options of the command line and of the plan; the former take precedence.
---@param given table
---@param plan sluice.Plan
---@return table<string, any>
local function merge(given, plan)
  local merged = {}
  for name in pairs(option_list.by_name) do
    merged[name] = given[name]
    if merged[name] == nil then merged[name] = plan.options[name] end
  end
  if given.json then merged.lines = given.lines end
  if given.lines then merged.json, merged.at = given.json, given.at end
  merged.env = environment(given.env, plan.options.env)
  return merged
end

--- The policy's worker; its path is relative to the policy's own directory.
---@param plan sluice.Plan
---@param merged table<string, any>
---@return string[]?
local function policy_worker(plan, merged)
  if not plan.worker or merged.via or merged.lines or merged.json then return plan.worker end
  local dir = plan.directory
  if merged.cwd and dir:sub(1, 1) ~= "/" then dir = modules.require("lfs").currentdir() .. "/" .. dir end
  return launch.relative_to(plan.worker, dir)
end

local STANDARD_INPUT = { ["-"] = true, ["/dev/stdin"] = true, ["/dev/fd/0"] = true, ["/proc/self/fd/0"] = true }

---@param path string
function M.is_stdin(path) return STANDARD_INPUT[path] == true end

--- The argument that itself reads standard input, if any.
---@param given table
---@return string?
function M.taken_by(given)
  local request = given.request or given.value or ""
  if request:sub(1, 1) == "@" and STANDARD_INPUT[request:sub(2)] then return request end
  if given.policy and STANDARD_INPUT[given.policy] then return given.policy end
end

--- Whether the worker inherits standard input, as under env or timeout: not if it is a terminal or
--- something else reads it.
local function inherits(merged, given)
  local is_taken = merged.via or merged.transport == "stdio" or M.taken_by(given)
  return not is_taken and not core.terminal(0)
end

--- The problem with a command line that needs a worker and has none.
---@param words string  of the command line
function M.missing(words)
  return ("no worker: name one after --, as in `sluice %s -- WORKER`"):format(words)
end

--- A complete spec, except that words is nil if no worker was named.
---@param given table         options of the command line
---@param behind string[]?    the words after --
---@param plan sluice.Plan
---@return sluice.Spec
function M.of(given, behind, plan)
  local merged = merge(given, plan)
  plan.options.timeout, plan.options.idle_timeout = merged.timeout, merged.idle_timeout
  merged.timeout, merged.idle_timeout = nil, nil
  plan.options.bad_lines = merged.bad_lines
  merged.words = behind or policy_worker(plan, merged)
  if not merged.stdin and inherits(merged, given) then merged.stdin = "inherit" end
  return merged
end

return M
