--- One run of the command, from the parsed options to the exit code: start the
--- worker, run the request, report everything.
local console = require "sluice.internal.cli.console"
local core = require "sluice.core"
local launch = require "sluice.internal.launch"
local outcome = require "sluice.internal.outcome"
local policy = require "sluice.internal.policy"
local request = require "sluice.internal.request"
local standard_output = require "sluice.internal.standard_output"

local M = {}

---@class sluice.cli.Session
---@field options table
---@field console sluice.cli.Console
---@field file sluice.cli.SummaryFile?
---@field report sluice.cli.Report   what is known about the run so far
---@field reader_gone boolean?        nobody reads standard output any more
---@field writer sluice.Writer?       for rows; flushed before later diagnostics
local Session = {}
Session.__index = Session

local TICK_MS = 100

---@param options table
---@return sluice.cli.Session? session, string? problem
function M.open(options)
  local file, why
  if options.summary then
    file, why = require("sluice.internal.cli.summary_file").open(options.summary)
    if not file then return nil, ("--summary: cannot write %s: %s"):format(options.summary, why) end
  end
  local report = { command = options.command, exit = 0 }
  local self = setmetatable({ options = options, console = console.open(options), file = file, report = report }, Session)
  self:prepare_last_words()
  return self
end

local SIGNALS = { SIGHUP = 1, SIGINT = 2, SIGTERM = 15 }

--- The exit status of a program that a signal has ended, by the convention of shells.
---@param signal string|integer  its name or number
function M.signal_status(signal)
  return 128 + (SIGNALS[signal] or math.tointeger(signal) or 0)
end

---@param err sluice.Error
---@return integer
local function exit_code(err)
  local signal = err.kind == "cancelled" and err.signal
  if signal then return M.signal_status(signal) end
  return core.exit_code(err)
end

--- Write the summary file; if that fails, the run fails.
function Session:save()
  if not self.file then return end
  local ok, why = self.file:write(outcome.json(self.report))
  if ok then return end
  local problem = ("cannot write the summary %s: %s"):format(self.options.summary, why)
  if self.report.failure then return self.console:notice(problem) end
  local err = core.error("sink", problem, { committed = true })
  self.report.failure, self.report.exit = err, exit_code(err)
end

--- Nothing was run, because of a usage error.
function Session:discard()
  if self.file then self.file:discard() end
end

--- On an internal error or lack of memory.
function Session:__close(err)
  if err then self:discard() end
end

--- Report the outcome.
---@param failure sluice.Error?
---@return integer|"SIGPIPE" code
function Session:finish(failure)
  local report = self.report
  report.failure = failure
  if core.interrupted() then self.console:hide_key() end
  self.console:clear()
  report.exit = failure and exit_code(failure) or 0
  self:save()
  if self.reader_gone or report.failure and report.failure.errno == "EPIPE" then return "SIGPIPE" end
  if report.failure or not self.options.quiet then self.console:outcome(report) end
  core.told(report.exit)
  return report.exit
end

--- The first signal cancels by itself; tell the user so.
function Session:notice_signals()
  local arrived = core.interrupted()
  if not arrived or self.interrupted then return end
  self.interrupted = true
  self.console:hide_key()
  self.console:notice("interrupted; waiting for the worker to stop; interrupt again to kill it")
end

--- Cancel the run if nobody reads the rows any more.
---@param run sluice.Run
function Session:notice_reader(run)
  if self.reader_gone or not standard_output.is_pointless() then return end
  self.reader_gone = true
  run:cancel("standard output has no reader any more")
end

---@param run sluice.Run
function Session:tick(run)
  io.stdout:flush()
  core.reap()
  self:notice_reader(run)
  self:notice_signals()
  self.console:progress(run:counts())
end

--- Describe a worker's exit that is not clean.
---@param report table?
---@param err sluice.Error?
---@return string?
local function bad_leave(report, err)
  if not report then return err and err.message end
  if report.signal then return ("the worker was killed by signal %s after its summary"):format(report.signal) end
  if report.status and report.status > 0 then return ("the worker exited with status %d after its summary"):format(report.status) end
end

--- The user asked for the recording as well: if it cannot be finished, the run has failed. Rows
--- that were committed stay.
---@param err sluice.Error  of the recording
function Session:miss_recording(err)
  local report = self.report
  if report.failure then
    if report.failure.message ~= err.message then self.console:notice(err.message) end
  elseif report.summary and report.summary.total_rows > 0 and report.command ~= "record" and not report.rehearsed then
    report.failure = core.error("sink", "all rows were accepted, but " .. err.message,
      { committed = true, file = err.file, os = err.os, errno = err.errno })
  else
    report.failure = err
  end
end

--- Shut the worker down. The rows are already safe; a worker that does not exit cleanly gets
--- a notice.
---@param handle sluice.core.Worker
function Session:release(handle)
  local trouble = bad_leave(handle:shutdown())
  if trouble and not self.report.failure then self.console:notice(trouble) end
  local _, err = handle:end_recording()
  if err then self:miss_recording(err) end
  handle:close()
  core.finish()
end

--- Show a diagnostic that no handler takes, after the rows that came before it.
function Session:diagnostic(d)
  local written, err = true, nil
  if self.writer then written, err = self.writer:flush() end
  if not written then error(err, 0) end
  self.console:diagnostic(d)
end

--- A handle for the worker.
---@param spec sluice.Spec
---@return sluice.core.Worker? handle, sluice.Error? err
function Session:hire(spec)
  self.report.via = spec.via ~= nil
  return launch.worker(spec)
end

--- Set how the outcome is reported if a handler does not return (core.last_words).
function Session:prepare_last_words()
  local words = self.console:last_words()
  words.held = self.report.held
  if self.file then words.summary, words.replace = self.file:place() end
  core.last_words(words)
end

--- Start the worker and run one request.
---@param spec sluice.Spec
---@param plan sluice.Plan
---@param type "rows"|"call"
---@param prepare (fun(summary: sluice.core.Summary): boolean?, sluice.Error?)?  runs last before success; may fail
---@param rehearsal sluice.Watch?                    if given, nothing is committed
---@return sluice.core.Summary? summary, sluice.Error? failure  both if only the recording has failed
function Session:execute(spec, plan, type, prepare, rehearsal)
  local handle, err = self:hire(spec)
  if not handle then return nil, err end
  self:prepare_last_words()
  local composed = policy.request(plan, type)
  composed.on_diagnostic = composed.on_diagnostic or function(d) self:diagnostic(d) end
  local summary, failure, run = request.execute(handle, composed, plan, {
    tick = function(r) self:tick(r) end, tick_ms = TICK_MS,
    prepare = prepare and function(s)
      self.console:clear() -- what is written now must not be appended to the progress line
      return prepare(s)
    end,
    rehearse = rehearsal ~= nil, on_reject = rehearsal and rehearsal.on_reject,
    on_violation = rehearsal and rehearsal.on_violation, fates = rehearsal and rehearsal.fates,
  })
  self.console:clear()
  local report = self.report
  report.summary, report.failure, report.worker = summary, failure, handle:info()
  report.counts = run and run:counts()
  report.fates = run and rehearsal and rehearsal.fates and run:fates()
  report.bad_lines = plan.options.bad_lines
  report.printed = self.console.worker_lines > 0
  self:release(handle)
  return summary, report.failure
end

return M
