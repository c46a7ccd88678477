--- One request, from its beginning to the handlers that follow its outcome.
---
--- Its sinks begin before the request is sent, and commit after everything has
--- been checked; any other end rolls them back. If too many rows were rejected,
--- the sinks of rejected rows commit all the same, because they show why.
local core = require "sluice.core"
local expectation = require "sluice.internal.expectation"
local lists = require "sluice.internal.lists"
local rejects = require "sluice.internal.rejects"
local transaction = require "sluice.internal.transaction"

local M = {}

--- The rows are committed, but the script's on_summary failed.
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
    local ok, cause = core.afterwards("on_summary", "sink", plan.on_summary, summary, run)
    if not ok then return nil, failed_late(cause, summary) end
  end
  return summary
end

---@param plan sluice.Plan
---@return nil, sluice.Error failure
local function fail(plan, failure, run)
  if plan.on_failure then
    local ok, cause = core.afterwards("on_failure", "sink", plan.on_failure, failure, run)
    if not ok then transaction.note(failure, "on_failure failed too: " .. cause.message) end
  end
  return nil, failure
end

--- Check a value that the runtime does not check.
---@param kind string
---@param place string
---@return sluice.Error? err
local function violation(kind, place, schema, json)
  if not schema then return nil end
  local _, cause = schema:decode(json or "null")
  if not cause then return nil end
  return core.error(kind, ("%s: %s"):format(place, cause.message), {
    place = place, pointer = cause.pointer, violations = cause.violations,
  })
end

--- What was delivered, and what happened to it, per stream.
---@param counts table
---@return sluice.Seal[]
local function seals_of(counts)
  return lists.map(lists.sorted_keys(counts.per_stream), function(stream)
    local c = counts.per_stream[stream]
    return {
      stream = stream, rows = c.rows, bytes = c.bytes, checksum = c.checksum,
      kept = c.kept, dropped = c.dropped, rejected = c.rejected,
    }
  end)
end

--- A run of this key has been committed before.
---@return sluice.core.Summary
local function committed_before(key)
  return {
    already_committed = true, run_key = key, total_rows = 0, per_stream = {}, elapsed = 0, stopped = false,
    counts = { rows = 0, bytes = 0, kept = 0, dropped = 0, invalid = 0, rejected = 0, bad_lines = 0, per_stream = {}, elapsed = 0 },
  }
end

---@class sluice.Watch
---@field tick fun(run: sluice.Run)?   called while the request runs
---@field tick_ms integer?
---@field prepare (fun(summary: sluice.core.Summary): boolean?, sluice.Error?)?  runs last before the sinks prepare; may fail
---@field rehearse boolean?            the sinks prepare, then roll back; on_summary and on_failure are not called
---@field on_reject (fun(row: sluice.Row, why: string|sluice.Error))?  called for each rejected row, which then gets no note
---@field on_violation (fun(err: sluice.Error))?
---@field fates boolean?               keep what happens to each row

--- The worker has succeeded: check everything else, then commit.
---@param summary sluice.core.Summary
---@return true? ok, sluice.Error? failure
local function commit(summary, plan, open, rejected, watch)
  local err = violation("row_invalid", "metadata", plan.summary_schema, summary.metadata_json)
    or rejected:judge(summary.counts)
  if err then return nil, err end
  local ok = true
  if watch.prepare then ok, err = watch.prepare(summary) end
  if ok then ok, err = open:prepare(seals_of(summary.counts)) end
  if ok and watch.rehearse then
    open:rollback()
  elseif ok then
    core.stage "committing"
    ok, err = open:commit()
  end
  core.stage(ok and not watch.rehearse and "committed" or "running")
  return ok, err
end

--- The request has failed: roll back, except for the sinks that show why rows were rejected.
local function undo(failure, plan, open, run, watch)
  local is_told = failure.max_rejects and plan.rejects and not watch.rehearse
  for _, p in ipairs(is_told and plan.rejects.participants or {}) do
    open:salvage(p, seals_of(run:counts()), failure)
  end
  open:rollback(failure)
end

--- Run the request after its sinks have begun.
local function run_with(open, worker, request, plan, watch)
  local rejected = rejects.new(plan.rejects or rejects.none, function(p, row) return open:write(p, row) end)
  request.on_reject = function(row, on, why, ...)
    if watch.on_reject then watch.on_reject(row, why) end
    rejected:add(row, on, why, ...)
  end
  request.on_violation, request.fates = watch.on_violation, watch.fates
  if request.bad_lines == "reject" then request.on_bad_line = function(...) rejected:add_line(...) end end
  local run, failure = worker:begin(request)
  if not run then
    open:rollback(failure)
    return nil, failure
  end
  local summary, ok
  summary, failure = worker:wait(watch.tick and function() watch.tick(run) end, watch.tick_ms)
  if summary then
    ok, failure = commit(summary, plan, open, rejected, watch)
  end
  local notes = watch.on_reject and {} or rejected:summary()
  for _, text in ipairs(lists.append(notes, open.notes)) do
    transaction.note(summary and ok and summary or failure, text)
  end
  if ok then return summary, nil, run end
  undo(failure, plan, open, run, watch)
  return nil, failure, run
end

--- A rehearsal continues even if a run with this key has been committed, and adds a note.
local function begin_anyway(open, common)
  table.insert(open.notes, ("a run with the key %s is already committed: another run would write nothing"):format(common.run_key))
  return open:begin { export = common.export, request = common.request }
end

--- Run a request to its outcome and call on_summary or on_failure.
---@param worker sluice.core.Worker
---@param request sluice.core.Request
---@param plan sluice.Plan
---@param watch sluice.Watch?
---@return sluice.core.Summary? summary, sluice.Error? failure, sluice.Run? run
function M.execute(worker, request, plan, watch)
  core.stage "running"
  watch = watch or {}
  local err = M.check(plan, request.json)
  if err then return fail(plan, err) end
  err = expectation.check(plan.expect, worker)
  if err then return fail(watch.rehearse and {} or plan, err) end
  local open <close> = transaction.new(plan.participants or {})
  open:stand_in(request)
  local common = { export = request.export, request = request.json, run_key = plan.run_key }
  local state
  state, err = open:begin(common)
  if state == "committed" and watch.rehearse then state, err = begin_anyway(open, common) end
  if not state then return fail(watch.rehearse and {} or plan, err) end
  if state == "committed" then return committed_before(plan.run_key) end
  local summary, failure, run = run_with(open, worker, request, plan, watch)
  if watch.rehearse then return summary, failure, run end
  if summary then summary, failure = succeed(plan, summary, run) else fail(plan, failure, run) end
  return summary, failure, run
end

--- Check the value of a request before anything is started.
---@param plan sluice.Plan
---@param json string?
---@return sluice.Error? err  of kind usage
function M.check(plan, json)
  return violation("usage", "request", plan.request_schema, json)
end

return M
