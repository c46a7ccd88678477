--- How a run ended, in words for people and as JSON for machines. Pure.
local command_line = require "sluice.internal.command_line"
local core = require "sluice.core"
local json_object = require "sluice.internal.json_object"
local option_list = require "sluice.internal.option_list"
local lists = require "sluice.internal.lists"
local units = require "sluice.internal.units"

local M = {}

---@class sluice.cli.Report
---@field command "run"|"filter"|"infer"|"stats"|"call"|"info"
---@field summary sluice.core.Summary?
---@field failure sluice.Error?
---@field counts table?       of Run:counts(); nil if nothing began
---@field held boolean?       output is held back until success (or there is none)
---@field open_ended boolean? the end of input counted as success
---@field exit integer
---@field worker table?       of Worker:info()
---@field via boolean?        started through a launcher
---@field recording string?   the file that holds everything, and is the only output
---@field rehearsed boolean?  the run was not meant to commit anything
---@field fates table<string, string>?  of Run:fates()
---@field policy string?      set if it has options of its own
---@field choice string[]?     the streams that it takes, if one of its options chooses among them
---@field printed boolean?    the worker's own output was shown live

local KEEPS_NONE = { infer = true, stats = true } -- of the rows

local function plural(n, noun)
  return ("%s %s%s"):format(units.show_count(n), noun, n == 1 and "" or "s")
end

local MOST_STREAMS = 4

--- "rows 1,200, warnings 4", if there is more than one stream.
local function stream_counts(per_stream)
  local names, parts = lists.sorted_keys(per_stream), {}
  if #names < 2 then return nil end
  for i = 1, math.min(#names, MOST_STREAMS) do
    parts[i] = ("%s %s"):format(names[i], units.show_count(per_stream[names[i]]))
  end
  if #names > MOST_STREAMS then parts[#parts + 1] = plural(#names - MOST_STREAMS, "more stream") end
  return table.concat(parts, ", ")
end

--- "1,180 kept, 24 dropped, of which 3 invalid, 2 rejected" or nothing.
local function fates(counts)
  if counts.dropped == 0 and counts.rejected == 0 then return nil end
  local text = ("%s kept, %s dropped"):format(units.show_count(counts.kept), units.show_count(counts.dropped))
  if counts.invalid > 0 then text = ("%s, of which %s invalid"):format(text, units.show_count(counts.invalid)) end
  if counts.rejected > 0 then text = ("%s, %s rejected"):format(text, units.show_count(counts.rejected)) end
  return text
end

--- "5 bad lines dropped" or nothing.
---@param report sluice.cli.Report
local function bad_lines(report, counts)
  if counts.bad_lines == 0 then return nil end
  return ("%s %s"):format(plural(counts.bad_lines, "bad line"), report.bad_lines == "reject" and "rejected" or "dropped")
end

--- "(1,180 kept, 24 dropped; 5 bad lines dropped; rows 1,200, warnings 4)" or nothing.
---@param report sluice.cli.Report
local function breakdown(report)
  local parts, counts = {}, report.summary.counts
  parts[#parts + 1] = not KEEPS_NONE[report.command] and not report.recording and fates(counts) or nil
  parts[#parts + 1] = bad_lines(report, counts)
  parts[#parts + 1] = stream_counts(report.summary.per_stream)
  return #parts > 0 and (" (%s)"):format(table.concat(parts, "; ")) or ""
end


---@param report sluice.cli.Report
local function end_of(report)
  if report.rehearsed then return "nothing was committed" end
  if report.recording then return "recorded in " .. report.recording end
  return (KEEPS_NONE[report.command] or report.command == "filter") and "complete" or "committed"
end

--- "1,204 rows in 0.8 s (1,180 kept, 24 dropped), committed"
---@param report sluice.cli.Report
---@return string
function M.success(report)
  local summary = report.summary
  if summary.already_committed then
    return ("already committed with run key %s; nothing was written"):format(summary.run_key)
  end
  local text = ("%s in %s%s"):format(plural(summary.total_rows, "row"),
    units.show_duration(summary.elapsed), breakdown(report))
  if summary.stopped then text = text .. ", stopped early" end
  text = text .. ", " .. end_of(report)
  if report.open_ended then text = text .. " (the end of input counted as success)" end
  return text
end

--- Whether the message contains these words already, not as part of longer ones. (A bare number
--- in the message is not a place.)
local function says(message, words)
  local pattern = "%f[%w_]" .. words:gsub("%p", "%%%0") .. "%f[^%w_]"
  return message:find(pattern) ~= nil
end

--- How a part of the place is shown, and other wordings of it that a message may contain.
---@type { [1]: string, [2]: string, [3]: string[]? }[]
local PLACES = {
  { "export", "export %s", { 'export "%s"' } },
  { "handler", "in %s" },
  { "stream", "stream %s", { 'stream "%s"', "stream '%s'" } },
  { "sequence", "sequence %s" },
  { "line", "line %s" },
  { "offset", "byte %s" },
}

---@return boolean
local function is_said(message, entry, value)
  local is_name = entry[1] == "handler" and value:find "[._/]" -- `where` may be just a word
  if is_name and message:find(value, 1, true) then return true end
  if says(message, entry[2]:format(value)) then return true end
  for _, words in ipairs(entry[3] or {}) do
    if message:find(words:format(value), 1, true) then return true end
  end
  return false
end

--- Sequence numbers count from 0, and so do offsets; lines of input, and their bytes, from 1.
local function shown(err, name)
  local value = err[name]
  if value == nil then return nil end
  local is_caret = err.text and (err.kind == "expression" or err.kind == "usage")
  if name == "offset" and is_caret then return nil end
  if name == "export" and err.line then return nil end -- an adapter has only one
  if name == "offset" and err.line then return tostring(value + 1) end
  if name == "line" and err.file then
    local text = ("%s:%s"):format(err.file, value)
    return not err.message:find(text, 1, true) and text or nil
  end
  return tostring(value)
end

--- " (stream rows, sequence 17)": the parts of the place that the message lacks.
--- A worker that could not be started has no place except its name.
local function place(err)
  if err.kind == "spawn" then return "" end
  local parts = {}
  for _, entry in ipairs(PLACES) do
    local value = shown(err, entry[1])
    if value and not is_said(err.message, entry, value) then
      parts[#parts + 1] = entry[1] == "line" and err.file and value or entry[2]:format(value)
    end
  end
  return #parts > 0 and (" (%s)"):format(table.concat(parts, ", ")) or ""
end

--- Advice, by the option that the error names or by its kind.
local HINTS = {
  ["--export"] = "--export NAME chooses one; `sluice info` lists them",
  request_timeout = "--timeout",
  idle_timeout = "--idle-timeout",
  startup_timeout = "--startup-timeout",
  frame_too_large = "--max-frame",
  unhandled_stream = "give the policy an entry for it in `streams`, or a top-level on_row",
  restart_limit = "the worker keeps dying; run it by hand to see why",
}
for _, option in ipairs(option_list.list) do HINTS[option.flag] = option.hint end

---@param report sluice.cli.Report
---@return string?
local function hint(report)
  local err = report.failure
  if err.kind == "handshake" and report.via and not err.option then
    return "--remote PATH names sluice at the far end of --via"
  end
  if err.kind == "unhandled_stream" and report.choice then
    return #report.choice < 2 and "--set stream=NAME chooses the stream that this policy takes"
      or "this policy takes the streams " .. table.concat(report.choice, ", ")
  end
  local text = HINTS[err.option or err.kind]
  return HINTS[text] or text or err.option and ("see " .. err.option) or nil
end

--- Which sinks have committed the rows, or may have.
local function whereabouts(err)
  local parts = {}
  local function add(words, names)
    if type(names) == "table" and names[1] then parts[#parts + 1] = words .. table.concat(names, ", ") end
  end
  add("committed: ", err.committed)
  add("perhaps committed: ", err.uncertain)
  if #parts == 0 then return nil end
  add("rolled back: ", err.rolled_back)
  return table.concat(parts, "; ")
end

--- What happened to the rows that had arrived.
---@param report sluice.cli.Report
---@return string?
local function remains(report)
  local rows = report.counts and report.counts.rows or 0
  if KEEPS_NONE[report.command] then return nil end
  local committed = whereabouts(report.failure)
  if committed then return committed end
  if report.failure.committed == true or report.failure.errno or rows == 0 then return nil end
  local arrived = plural(rows, "row") .. " had arrived; "
  if report.held then return arrived .. "nothing was committed" end
  local kept = report.counts.kept or rows
  if kept == 0 then return arrived .. "none was written" end
  return ("%s%s already written: the output is not complete (--atomic holds it back)")
    :format(arrived, kept == 1 and "1 was" or units.show_count(kept) .. " were")
end

local MOST_LINES = 12

--- The last lines of a text, indented.
local function last_lines(text, most)
  local lines = {}
  for line in text:gmatch("[^\n]+") do lines[#lines + 1] = line end
  return table.move(lines, math.max(1, #lines - most + 1), #lines, 1, {})
end

--- The user's own frames of a traceback, if they add anything to the message,
--- which begins with the place of the first.
local function trace_lines(traceback, message)
  local lines = {}
  for line in traceback:gmatch("[^\n]+") do
    local frame = line:match("^%s+(.*)")
    local is_ours = frame and frame:find("sluice[/.]") or line:find("in method 'wait'", 1, true)
    if is_ours or #lines == MOST_LINES then break end
    if frame and not frame:find("^%[C%]") then lines[#lines + 1] = frame end
  end
  local only = #lines == 1 and lines[1]:match("^.-:%d+: ")
  if only and message:find(only, 1, true) then return {} end
  return lines
end

local OF_THE_WORKER = {
  export_failed = true, callback_failed = true, handshake = true, protocol = true, worker_exited = true,
  restart_limit = true, startup_timeout = true, request_timeout = true, idle_timeout = true,
}

--- The worker's last output, if it has not been shown and may be informative. For a
--- program that is not a worker, the message already quotes the first line.
---@param report sluice.cli.Report
---@return string
local function tail(report)
  local err = report.failure
  if report.printed or not OF_THE_WORKER[err.kind] or err.option == "--lines" then return "" end
  return err.tail or ""
end

local function append(lines, title, more)
  if #more == 0 then return end
  lines[#lines + 1] = "  " .. title
  for _, line in ipairs(more) do lines[#lines + 1] = "    " .. line end
end

local SHOWN = 70 -- characters of a source around the place

--- The source of an expression with a caret under the place of an error.
---@param err sluice.Error
---@return string? source, string? caret
local function excerpt(err)
  if not (err.kind == "expression" or err.kind == "usage") or not err.text or not err.offset then return nil end
  local before = core.visible((err.text:sub(1, err.offset):gsub("%c", " ")))
  local after = core.visible((err.text:sub(err.offset + 1):gsub("%c", " ")))
  local n = utf8.len(before) or #before
  if n > SHOWN then before, n = "…" .. before:sub(utf8.offset(before, -SHOWN) or -SHOWN), SHOWN + 1 end
  local cut = utf8.len(after) and utf8.offset(after, SHOWN)
  if cut and cut <= #after then after = after:sub(1, cut - 1) .. "…" end
  return "  " .. before .. after, "  " .. (" "):rep(n) .. "^"
end

--- The message, with the operating system's error text.
---@param report sluice.cli.Report
---@return string
local function sentence(report)
  local err = report.failure
  local message = err.message
  if err.os and not message:find(err.os, 1, true) then message = message .. ": " .. err.os end
  return ("%s: %s%s"):format(err.kind, message, place(err))
end

--- Lines for a failure; the first is the sentence, the rest is indented.
---@param report sluice.cli.Report
---@return string[]
function M.failure(report)
  local err = report.failure
  local lines = { sentence(report) }
  local source, caret = excerpt(err)
  if source then
    lines[2], lines[3] = source, caret
  elseif err.text and not err.message:find(err.text, 1, true) then
    lines[#lines + 1] = "  it reads: " .. err.text
  end
  lines[#lines + 1] = remains(report) and "  " .. remains(report)
  lines[#lines + 1] = hint(report) and "  hint: " .. hint(report)
  for _, note in ipairs(err.notes or {}) do lines[#lines + 1] = "  note: " .. note end
  if err.kind == "usage" then -- a policy has help of its own
    local subject = report.policy and " " .. command_line.quote(report.policy) or ""
    lines[#lines + 1] = ("try: sluice %s%s --help"):format(report.command, subject)
  end
  append(lines, "traceback:", err.kind == "expression" and {} or trace_lines(err.traceback or "", err.message))
  append(lines, "the worker's last output:", last_lines(tail(report), MOST_LINES))
  return lines
end

local ERROR_FIELDS = {
  "kind", "message", "os", "errno", "export", "handler", "stream", "sequence", "file", "line", "offset", "size", "limit",
  "pointer", "violations", "place", "max_rejects", "rejected", "status", "exit_status", "signal", "stage", "timeout_ms", "option", "text", "traceback", "notes", "committed",
  "rolled_back", "uncertain", "unknown", "run_key", "url", "table", "column", "key", "code", "differences", "statements", "expected", "found",
}

--- What happened to the rows of each stream.
local function streams_object(counts)
  if not counts.per_stream then return nil end
  local streams = {}
  for name, c in pairs(counts.per_stream) do
    streams[name] = json_object.raw(json_object.of("delivered", c.rows, "kept", c.kept, "dropped", c.dropped,
      "invalid", c.invalid, "rejected", c.rejected, "bytes", c.bytes, "checksum", c.checksum))
  end
  return json_object.sorted(streams)
end

--- The outcome as one line of JSON.
---@param report sluice.cli.Report
---@return string
function M.json(report)
  local summary, failure = report.summary, report.failure
  local counts = summary and summary.counts or report.counts or {}
  return json_object.line(
    "success", failure == nil,
    "exit", report.exit,
    "rows", counts.rows or 0,
    "kept", counts.kept or 0,
    "dropped", counts.dropped or 0,
    "invalid", counts.invalid or 0,
    "rejected", counts.rejected or 0,
    "bad_lines", counts.bad_lines or 0,
    "bytes", counts.bytes or 0,
    "per_stream", summary and json_object.sorted(summary.per_stream) or nil,
    "streams", streams_object(counts),
    "already_committed", summary and summary.already_committed,
    "run_key", summary and summary.run_key,
    "notes", summary and summary.notes and core.json.array(summary.notes),
    "elapsed", summary and summary.elapsed or counts.elapsed,
    "stopped", summary and summary.stopped or nil,
    "open_ended", report.open_ended,
    "metadata", summary and summary.metadata_json and json_object.raw(json_object.one_line(summary.metadata_json)) or nil,
    "error", failure and json_object.pick(failure, ERROR_FIELDS) or nil,
    "worker", report.worker and json_object.pick(report.worker, { "name", "version", "pid" }) or nil)
end

return M
