--- Runs a policy on a recording, with stand-ins for its sinks.
local core = require "sluice.core"
local launch = require "sluice.internal.launch"
local lists = require "sluice.internal.lists"
local policy = require "sluice.internal.policy"
local recording = require "sluice.internal.test.recording"
local request = require "sluice.internal.request"
local result = require "sluice.internal.test.result"
local stand_in = require "sluice.internal.test.stand_in"
local surroundings = require "sluice.internal.test.surroundings"

local M = {}

---@class sluice.test.Order    what is to be run
---@field policy string|sluice.Policy
---@field plan sluice.Plan?    of a policy that is a table
---@field recording string|sluice.test.Recording
---@field set { name: string, value: string }[]
---@field args string[]
---@field options table        of the caller, read

--- The plan, modified by the caller's options.
---@param order sluice.test.Order
---@return sluice.Plan? plan, sluice.Error? err
local function plan_of(order)
  local plan, err = order.plan, nil
  if not plan then plan, err = policy.load(order.policy, order.args) end
  if not plan then return nil, err end
  local given = order.options
  plan.export, plan.json = given.export or plan.export, given.request or plan.json
  plan.run_key = given.run_key or plan.run_key
  if recording.is(order.recording) then plan.expect = nil end -- there was no real worker
  plan.options = lists.joined(plan.options, lists.picked(given, M.options))
  return plan
end

--- Options of the worker or the request that apply to a recording.
M.options = { "timeout", "idle_timeout", "startup_timeout", "max_frame", "bad_lines" }

--- The file to replay; a temporary one is removed at the end.
---@return string? path, sluice.Error? err
local function file_of(order, plan, around)
  local made = order.recording
  if not recording.is(made) then return made end
  local name = os.tmpname()
  local path = name .. ".rows"
  around:finally(function()
    os.remove(path)
    os.remove(path .. ".part")
    os.remove(name)
  end)
  local ok, err = made:write(path, plan.export, plan.json)
  if not ok then return nil, err end
  return path
end

--- The handle of a process that must be shut down in every case.
local Held = {
  __close = function(self)
    self.handle:shutdown()
    self.handle:close()
    core.finish()
  end,
}

--- Collect diagnostics, and pass them on.
local function listener(diagnostics, handler)
  return function(d, run)
    diagnostics[#diagnostics + 1] = { code = d.code, message = d.message }
    if handler then return handler(d, run) end
  end
end

--- Run the request over a process that replays the file.
---@return sluice.core.Summary? summary, sluice.Error? failure, table? counts
local function replay(path, plan, diagnostics)
  local spec = lists.picked(plan.options, M.options)
  spec.words = { path }
  local handle, err = launch.worker(spec)
  if not handle then return nil, err end
  local _ <close> = setmetatable({ handle = handle }, Held)
  local composed = policy.request(plan, "rows")
  composed.on_diagnostic = listener(diagnostics, composed.on_diagnostic)
  local summary, failure, run = request.execute(handle, composed, plan)
  return summary, failure, summary and summary.counts or run and run:counts()
end

--- Load the policy, write the recording if necessary, and run.
---@param out table  receives plan, stand_ins and diagnostics
---@return sluice.core.Summary? summary, sluice.Error? failure, table? counts
local function perform(order, around, out)
  local plan, err = plan_of(order)
  if not plan then return nil, err end
  out.plan, out.stand_ins = plan, stand_in.into(plan)
  around:finally(function() out.stand_ins:release() end)
  local path
  path, err = file_of(order, plan, around)
  if not path then return nil, err end
  return replay(path, plan, out.diagnostics)
end

---@param order sluice.test.Order
---@return sluice.test.Result
function M.run(order)
  local path = type(order.policy) == "string" and order.policy or nil
  local around <close> = surroundings.enter(path, order.set)
  local out = { diagnostics = {} }
  local summary, failure, counts = perform(order, around, out)
  local sinks, tentative = {}, {}
  if out.stand_ins then sinks, tentative = out.stand_ins:rows() end
  return result.new({
    summary = summary, failure = failure, counts = counts, policy = path,
    bad_lines = out.plan and out.plan.options.bad_lines,
  }, { sinks = sinks, tentative = tentative, diagnostics = out.diagnostics, printed = around:printed() })
end

return M
