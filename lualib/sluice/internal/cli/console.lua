--- Standard error: diagnostics, the progress line, the outcome.
---
--- The progress line is shown on a terminal only; it is cleared before anything
--- else is written there and comes back with the next tick.
local core = require "sluice.core"
local flood = require "sluice.internal.cli.flood"
local json_object = require "sluice.internal.json_object"
local outcome = require "sluice.internal.outcome"
local progress = require "sluice.internal.cli.progress"
local text_width = require "sluice.internal.sink.text_width"

local M = {}

---@class sluice.cli.Console
---@field mode "live"|"plain"|"json"|"none"
---@field tty boolean
---@field colour boolean
---@field private flood sluice.cli.Flood?  nil: no limit, as for a file
---@field worker_lines integer  lines of the worker's own output that were shown
local Console = {}
Console.__index = Console

local CODES = { red = "31", yellow = "33", dim = "2" }

---@param options { progress: "auto"|"plain"|"json"|"none"|nil, quiet: boolean? }
---@return sluice.cli.Console
function M.open(options)
  local tty = core.terminal(2)
  local is_capable = tty and os.getenv("TERM") ~= "dumb"
  local mode = options.progress or "auto"
  if mode == "auto" then -- a program that reads our output may use the screen
    mode = is_capable and not options.quiet and core.kind(1) ~= "pipe" and "live" or "none"
  end
  return setmetatable({
    tty = tty, mode = mode, colour = is_capable and (os.getenv("NO_COLOR") or "") == "",
    shown = false, rate = progress.rate(), printed_at = 0, worker_lines = 0,
    flood = core.kind(2) ~= "file" and mode ~= "json" and flood.new() or nil,
  }, Console)
end

--- The first `columns` characters.
local function cut(text, columns)
  local stop = utf8.offset(text, columns + 1)
  return stop and text:sub(1, stop - 1) or text
end

---@param name string
---@param text string
function Console:paint(name, text)
  if not self.colour then return text end
  return ("\27[%sm%s\27[0m"):format(CODES[name], text)
end

--- Clear the progress line.
function Console:clear()
  if not self.shown then return end
  self.shown = false
  io.stderr:write("\r\27[K")
end

--- The terminal has echoed a key such as ^C where our next line begins: have it cleared.
function Console:hide_key()
  self.shown = self.shown or self.tty
end

--- All text for standard error passes through here: untrusted text in it can neither
--- control the terminal nor begin a line.
---@param text string
---@param painted string?  our own text, written before it
function Console:write(text, painted)
  self:clear()
  io.stderr:write(painted or "", core.visible(text), "\n")
end

--- Quote a code that could be mistaken for the beginning of one of our own lines.
local function code_of(d)
  local shown = text_width.printable(d.code)
  local is_ours = shown:find "^%s" or shown:find "^sluice" or shown:find "^try"
  return is_ours and ('"%s"'):format(shown) or shown
end

--- Show a diagnostic that no handler takes.
---@param d { code: string, message: string }
function Console:diagnostic(d)
  if d.code == "worker.stderr" or d.code == "worker.stdout" then self.worker_lines = self.worker_lines + 1 end
  if self.mode == "json" then
    return self:write(json_object.line("diagnostic", json_object.pick(d, { "code", "message" })))
  end
  if self.flood and not self.flood:takes(d.message, core.now()) then return end
  self:tell_gap()
  self:show(d)
end

function Console:show(d)
  self:write(": " .. d.message, self:paint("yellow", code_of(d)))
end

--- Report what the flood limit has left out so far.
---@return string[] last  the last of these lines
function Console:tell_gap()
  local words, last = nil, nil
  if self.flood then words, last = self.flood:gap() end
  if words then self:notice(words) end
  return last or {}
end

--- A message of the command itself.
---@param text string
function Console:notice(text)
  self:write(self.mode == "json" and json_object.line("notice", text) or "sluice: " .. text)
end

local PERIOD = { live = 0, plain = 1, json = 1 }

--- Called about ten times per second.
---@param counts table  of Run:counts()
function Console:progress(counts)
  if self.mode == "none" then return end
  local rate = self.rate:update(counts.rows, counts.elapsed)
  if counts.elapsed - self.printed_at < PERIOD[self.mode] then return end
  self.printed_at = counts.elapsed
  if self.mode == "json" then return self:write(progress.json(counts, rate)) end
  local line = progress.line(counts, rate)
  if self.mode == "plain" then return self:notice(line) end
  local _, columns = core.terminal(2)
  io.stderr:write("\r", cut(line, columns - 1), "\27[K")
  self.shown = true
end

--- Whether standard output appears on the same terminal as our lines.
---@return boolean
function Console:shares_terminal()
  return self.mode == "live" and (core.terminal(1))
end

--- Rows are about to be printed on the same terminal, so no progress line is needed.
function Console:yield_terminal()
  if self:shares_terminal() then self.mode = "none" end
end

--- How an outcome is to be reported, for core.last_words.
---@return sluice.core.LastWords
function Console:last_words()
  return { json = self.mode == "json", clear = self.mode == "live", colour = self.colour }
end

--- Report the outcome of a run.
---@param report sluice.cli.Report
function Console:outcome(report)
  for _, line in ipairs(self:tell_gap()) do self:write("  " .. line) end
  if self.mode == "json" then
    return self:write(json_object.line("outcome", json_object.raw(outcome.json(report))))
  end
  if not report.failure then
    self:notice(outcome.success(report))
    for _, note in ipairs(report.summary and report.summary.notes or {}) do self:write("  note: " .. note) end
    return
  end
  local lines = outcome.failure(report)
  local kind = report.failure.kind
  self:write(lines[1]:sub(#kind + 1), "sluice: " .. self:paint("red", core.visible(kind)))
  for i = 2, #lines do self:write(lines[i]) end
end

return M
