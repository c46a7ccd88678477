--- sluice record --cut: make a smaller recording from a recording. No worker is started.
local core = require "sluice.core"
local expression_warnings = require "sluice.internal.cli.expression_warnings"
local lists = require "sluice.internal.lists"
local units = require "sluice.internal.units"

local M = {}

local OURS = { "only", "rows", "where", "redact" }
local TOGETHER = { command = true, record = true, cut = true, quiet = true, only = true, rows = true, where = true, redact = true }

local function is_given(value)
  return value ~= nil and value ~= false and not (type(value) == "table" and next(value) == nil)
end

--- The problem with an option that needs --cut and lacks it.
---@return string?
function M.misplaced(options)
  for _, name in ipairs(OURS) do
    if is_given(options[name]) then
      return ("--%s cuts a recording: it needs --cut, as in `sluice record OUT.rows --cut --%s … -- IN.rows`")
        :format(name, name)
    end
  end
end

--- The problem with an option for a worker or for a run.
---@return string?
local function foreign(options)
  for _, name in ipairs(lists.sorted_keys(options)) do
    if not TOGETHER[name] and is_given(options[name]) then
      return ("--%s cannot be used with --cut, which starts no worker"):format((name:gsub("_", "-")))
    end
  end
end

---@param behind string[]?
---@return string? path, string? problem
local function recording(options, behind)
  if not behind then
    return nil, ("no recording: name one after --, as in `sluice record %s --cut -- IN.rows`"):format(options.record)
  end
  if #behind > 1 then return nil, "--cut needs one recording after --, and nothing else" end
  local path = behind[1]
  if path:find "[^/]%.rows$" or path:find "[^/]%.rows%.part$" then return path end
  return nil, ("%s: expected the name of a recording, which ends in .rows, or in .rows.part if it was not finished; rename it if it is one")
    :format(path)
end

local function plural(n, noun)
  return ("%s %s%s"):format(units.show_count(n), noun, n == 1 and "" or "s")
end

local MOST_STREAMS = 8

--- "kept 12 of 40 rows (defs 10 of 30, refs 2 of 10)"
---@param report sluice.core.CutReport
local function kept_rows(report)
  local rows, kept, parts = 0, 0, {}
  for i, stream in ipairs(report.streams) do
    rows, kept = rows + stream.rows, kept + stream.kept
    if i <= MOST_STREAMS then
      parts[i] = ("%s %s of %s"):format(stream.name, units.show_count(stream.kept), units.show_count(stream.rows))
    end
  end
  local more = #report.streams - MOST_STREAMS
  if more > 0 then parts[#parts + 1] = plural(more, "more stream") end
  local list = #parts > 1 and (" (%s)"):format(table.concat(parts, ", ")) or ""
  return ("kept %s of %s%s"):format(units.show_count(kept), plural(rows, "row"), list)
end

--- "; replaced 24 strings, and 3 values at those places, which are not strings, stay"
---@param report sluice.core.CutReport
local function replaced(options, report)
  if not is_given(options.redact) then return "" end
  local others = ""
  if report.others > 0 then
    others = (", and %s at those places, which %s, %s"):format(plural(report.others, "value"),
      report.others == 1 and "is not a string" or "are not strings", report.others == 1 and "stays" or "stay")
  end
  return ("; replaced %s%s"):format(plural(report.strings, "string"), others)
end

--- What the copy keeps unchanged, whatever was chosen.
---@param report sluice.core.CutReport
local function untouched(report)
  local parts = {}
  for _, part in ipairs {
    { report.requests, "request" }, { report.metadata, "summary's metadata", "summaries' metadata" },
    { report.replies, "reply", "replies" }, { report.failures, "failure" }, { report.diagnostics, "diagnostic" },
    { report.progress, "progress message", "progress messages" },
    { report.printed, "byte that the worker printed", "bytes that the worker printed" },
  } do
    local n, one, many = table.unpack(part)
    if n > 0 then parts[#parts + 1] = units.show_count(n) .. " " .. (n == 1 and one or many or one .. "s") end
  end
  if #parts == 0 then return "" end
  local last = table.remove(parts)
  local list = #parts > 0 and table.concat(parts, ", ") .. " and " .. last or last
  return (". Copied unchanged: %s; check them before you share the file"):format(list)
end

---@param options table
---@param path string
---@param where (fun(row: sluice.Row): any)?
---@return sluice.core.CutReport? report, sluice.Error? err
local function cut(options, path, where)
  local range = options.rows or {}
  return core.cut {
    from = path, to = options.record, only = options.only, redact = options.redact, where = where,
    first = range.first, last = range.last,
  }
end

---@param session sluice.cli.Session
---@param behind string[]?
---@return integer|"SIGPIPE" code, string? problem
function M.run(session, options, behind)
  local problem = foreign(options)
  if problem then return 2, problem end
  local path, where, report, err
  path, problem = recording(options, behind)
  if not path then return 2, problem end
  if options.where then where, err = core.expression(options.where, "--where") end
  if not err then report, err = cut(options, path, where) end
  if report and not options.quiet then
    expression_warnings(session.console, { where })
    session.console:notice(("%s: %s%s%s"):format(options.record, kept_rows(report), replaced(options, report), untouched(report)))
  end
  session.options.quiet = true
  return session:finish(err)
end

return M
