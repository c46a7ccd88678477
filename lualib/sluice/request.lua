--- One request, from its beginning to what is called after its outcome.
local core = require "sluice.core"

local M = {}

local function add_note(err, note)
  err.notes = err.notes or {}
  table.insert(err.notes, note)
end

--- The rows are accepted, but the script that was to hear of it failed.
---@param cause sluice.Error
---@param summary sluice.core.Summary
---@return sluice.Error
local function failed_late(cause, summary)
  return core.error("sink", "all rows were accepted, but on_summary failed: " .. cause.message, {
    handler = "on_summary", traceback = cause.traceback, committed = true, summary = summary,
  })
end

---@param plan sluice.Plan
---@return sluice.core.Summary? summary, sluice.Error? failure
local function succeed(plan, summary, run)
  if plan.on_summary then
    local ok, cause = core.protect("on_summary", "sink", plan.on_summary, summary, run)
    if not ok then return nil, failed_late(cause, summary) end
  end
  return summary
end

---@param plan sluice.Plan
---@return nil, sluice.Error failure
local function fail(plan, failure, run)
  if plan.on_failure then
    local ok, cause = core.protect("on_failure", "sink", plan.on_failure, failure, run)
    if not ok then add_note(failure, "on_failure failed too: " .. cause.message) end
  end
  return nil, failure
end

---@class sluice.Watch
---@field tick fun(run: sluice.Run)?   called while the request runs
---@field tick_ms integer?
---@field prepare (fun(): boolean?, sluice.Error?)?  the last thing that can fail before success

--- Run a request to its outcome and call on_summary or on_failure.
---@param worker sluice.core.Worker
---@param request sluice.core.Request
---@param plan sluice.Plan
---@param watch sluice.Watch?
---@return sluice.core.Summary? summary, sluice.Error? failure, sluice.Run? run
function M.execute(worker, request, plan, watch)
  watch = watch or {}
  local run, failure = worker:begin(request)
  if not run then return fail(plan, failure) end
  local tick = watch.tick and function() watch.tick(run) end
  local summary
  summary, failure = worker:wait(tick, watch.tick_ms)
  if summary and watch.prepare then
    local ok, err = watch.prepare()
    if not ok then summary, failure = nil, err end
  end
  if not summary then
    local _, err = fail(plan, failure, run)
    return nil, err, run
  end
  summary, failure = succeed(plan, summary, run)
  return summary, failure, run
end

return M
