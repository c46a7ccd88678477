--- A worker's handle for Lua programs.
local check = require "sluice.internal.check"
local core = require "sluice.core"
local option_list = require "sluice.internal.option_list"
local policy = require "sluice.internal.policy"
local request = require "sluice.internal.request"

---@class sluice.Worker
---@field private handle sluice.core.Worker
---@field private defaults table<string, integer>  timeouts for requests that do not set their own
---@field private last table    outcome of the latest request: { summary, failure }
---@field private stream sluice.Stream?  the running loop
local Worker = core.members({ __name = "sluice.Worker" }, "a worker", { stream = true })
Worker.__index = Worker

---@class sluice.Stream   a request whose rows are pulled by a loop
local Stream = { __name = "sluice.Stream" }

local M = {}

local function readers_of(...)
  local readers = option_list.readers(option_list.of.request)
  for _, name in ipairs { ... } do readers[name] = check.func end
  return readers
end

local CALL_OPTIONS = readers_of("on_diagnostic", "on_progress")
local ROWS_OPTIONS = readers_of("on_diagnostic", "on_progress", "on_failure")

local IN_A_LOOP = "a loop over rows of this worker is still running"

--- Raise misuse of a method at the line of its caller.
local function expect(condition, what, problem)
  if not condition then error(what .. ": " .. problem, 3) end
end

--- The plan for an idle worker, from what the caller gave.
---@param self sluice.Worker
---@return sluice.Plan? plan, string? problem
local function plan_for(self, export, value)
  if self.stream then return nil, IN_A_LOOP end
  return policy.read { export = export, request = value }
end

--- Compose a request of one type from what the caller gave.
---@param self sluice.Worker
---@return sluice.core.Request? request, table|string read  or what is wrong
local function compose(self, type, export, value, given, readers)
  local plan, problem = plan_for(self, export, value)
  if not plan then return nil, problem end
  local read
  read, problem = check.table(given or {}, readers, "")
  if not read then return nil, problem end
  plan.options = option_list.pick(option_list.of.request, read, self.defaults)
  plan.on_diagnostic, plan.on_progress = read.on_diagnostic, read.on_progress
  return policy.request(plan, type), read
end

--- Remember an outcome and hand it on.
---@param self sluice.Worker
local function settle(self, summary, failure)
  self.last = { summary = summary, failure = failure }
  return summary, failure
end

--- Run an export and pass its rows to a policy's handlers: `run(policy)`, with its
--- keys export and request, or `run(export, value, policy)`, where `export` and
--- `value` take precedence over the policy's own; both may be nil.
---@param export string|sluice.Policy?
---@param value any       the request, anything that can be written as JSON
---@param rules sluice.Policy?
---@return sluice.core.Summary? summary, sluice.Error? failure
function Worker:run(export, value, rules)
  if type(export) == "table" and value == nil and rules == nil then export, rules = nil, export end
  local own, problem = plan_for(self, export, value)
  expect(own, "run", problem)
  expect(rules == nil or type(rules) == "table", "run", "policy: expected a table, got " .. check.show(rules))
  local plan
  plan, problem = policy.read(rules or {})
  expect(plan, "run", problem)
  plan.export, plan.json = own.export or plan.export, own.json or plan.json
  plan.options = option_list.pick(option_list.of.request, plan.options, self.defaults)
  plan.options.bad_lines = self.defaults.bad_lines
  return settle(self, request.execute(self.handle, policy.request(plan, "rows"), plan))
end

--- The next row, or nothing after terminal success.
---@return sluice.Row? row, sluice.Run? run
function Stream:__call()
  local owner = self.owner
  if owner.stream ~= self then return nil end
  local row = owner.handle:next()
  if row then return row, self.run end
  owner.stream = nil
  local summary, failure = settle(owner, owner.handle:wait())
  if summary then return nil end
  if not self.on_failure then error(failure, 0) end
  self.on_failure(failure)
end

--- Leaving the loop early cancels the request.
function Stream:__close()
  local owner = self.owner
  if owner.stream ~= self then return end
  owner.stream = nil
  self.run:cancel("the loop over its rows was left")
  settle(owner, owner.handle:wait())
end

--- The rows of an export, for a loop:
---
---     for row, run in worker:rows("index", { root = "src" }) do … end
---
--- The loop ends by itself only after terminal success: a failure is raised
--- by the loop (the error object, with its kind), because a loop that ended
--- silently would look complete. With `on_failure` the failure goes there
--- instead and the loop ends. Leaving the loop early cancels the
--- request; run:stop() ends it gracefully. worker:outcome() has the summary.
--- Without a loop: `local next_row <close> = worker:rows(…)`, then call next_row().
---@param export string?
---@param value any
---@param given { timeout: any, idle_timeout: any, on_diagnostic: function?, on_progress: function?, on_failure: fun(failure: sluice.Error)? }?
function Worker:rows(export, value, given)
  local composed, read = compose(self, "rows", export, value, given, ROWS_OPTIONS)
  expect(composed, "rows", read)
  composed.pull = true
  local run, failure = self.handle:begin(composed)
  if not run then
    settle(self, nil, failure)
    error(failure, 0)
  end
  local stream = setmetatable({ owner = self, run = run, on_failure = read.on_failure }, Stream)
  self.stream = stream
  return stream, nil, nil, stream
end

--- Call an export that returns one value.
---@param export string?
---@param value any
---@param given { timeout: any, idle_timeout: any, on_diagnostic: function?, on_progress: function? }?
---@return any value, sluice.Error? failure   a null reply is sluice.null
function Worker:call(export, value, given)
  local composed, problem = compose(self, "call", export, value, given, CALL_OPTIONS)
  expect(composed, "call", problem)
  local run, failure = self.handle:begin(composed)
  local summary
  if run then summary, failure = self.handle:wait() end
  settle(self, summary, failure)
  if not summary then return nil, failure end
  if summary.reply == nil then return core.null end
  return summary.reply
end

--- How the latest request ended.
---@return sluice.core.Summary? summary, sluice.Error? failure   both nil before the first request ends
function Worker:outcome()
  return self.last.summary, self.last.failure
end

--- The worker's description of itself: { pid, generation, name, version,
--- runtime, max_frame, exports = { { name =, type = }, … } }.
---@return table? info
function Worker:info() return self.handle:info() end

--- The state of the process, and what it printed last: { state, pid, rss, tail }.
---@return table
function Worker:health() return self.handle:health() end

--- { requests, succeeded, failed, generations, rows, bytes, diagnostics }.
---@return table
function Worker:stats() return self.handle:stats() end

--- End the process; the next request gets a fresh one, with fresh memory.
---@return true? ok, sluice.Error? err
function Worker:cycle()
  expect(not self.stream, "cycle", IN_A_LOOP)
  return self.handle:cycle()
end

--- End the process and wait until it is gone, together with earlier ones that
--- are still exiting.
---@return table? report, sluice.Error? err  { pid, status, signal?, timed_out }
function Worker:shutdown()
  expect(not self.stream, "shutdown", IN_A_LOOP)
  local report, err = self.handle:shutdown()
  core.finish()
  return report, err
end

--- End the recording and rename it to its path: what the worker does from now on is not in it.
--- The end of the scope does the same, but cannot report an error.
---@return true? ok, sluice.Error? err  kind sink; true also if nothing was recorded
function Worker:end_recording()
  expect(not self.stream, "end_recording", IN_A_LOOP)
  return self.handle:end_recording()
end

--- At the end of its scope: a running loop is cancelled, and no process of this
--- worker is left when this returns.
function Worker:__close()
  if self.stream then Stream.__close(self.stream) end
  self.handle:shutdown()
  self.handle:end_recording()
  self.handle:close()
  core.finish()
end

---@param handle sluice.core.Worker
---@param defaults table<string, integer>
---@return sluice.Worker
function M.wrap(handle, defaults)
  return setmetatable({ handle = handle, defaults = defaults, last = {} }, Worker)
end

return M
