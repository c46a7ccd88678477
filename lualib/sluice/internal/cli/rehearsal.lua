--- Runs a policy up to the point where it would commit, then rolls back: used by `sluice check`
--- with a recording, and by `sluice run --watch` after every change.
---
--- What handlers and sinks write to standard output is held back; its beginning is shown.
local lists = require "sluice.internal.lists"
local standard_output = require "sluice.internal.standard_output"
local text_width = require "sluice.internal.sink.text_width"
local units = require "sluice.internal.units"

local M = {}

local MOST_LINES = 10
local MOST_BYTES = 8192

---@class sluice.cli.Printed  what was written to standard output
---@field bytes integer
---@field lines integer
---@field head string    its beginning

--- A list of texts that keeps only their beginning.
---@return string[] texts, sluice.cli.Printed printed
local function collector()
  local printed = { bytes = 0, lines = 0, head = "" }
  local function take(_, _, text)
    printed.bytes = printed.bytes + #text
    printed.lines = printed.lines + select(2, text:gsub("\n", ""))
    if #printed.head < MOST_BYTES then printed.head = printed.head .. text:sub(1, MOST_BYTES - #printed.head) end
  end
  return setmetatable({}, { __newindex = take }), printed
end

--- Run the plan; the outcome is in the session's report.
---@param session sluice.cli.Session
---@param watch sluice.Watch?
---@return sluice.Error? failure, sluice.cli.Printed printed
function M.run(session, spec, plan, watch)
  local texts, printed = collector()
  session.report.rehearsed, session.report.held = true, true
  standard_output.capture(texts)
  local _, failure = session:execute(spec, plan, "rows", nil, watch or {})
  standard_output.capture(nil)
  return failure, printed
end

local COLUMNS = { "rows", "kept", "dropped", "invalid", "rejected" }

local function change(n, before)
  if not before or n == before then return "" end
  return (" (%s%s)"):format(n > before and "+" or "-", units.show_count(math.abs(n - before)))
end

--- Align columns: the first to the left, the others to the right.
local function aligned(rows)
  local widths = {}
  for _, row in ipairs(rows) do
    for i, cell in ipairs(row) do widths[i] = math.max(widths[i] or 0, text_width.of(cell)) end
  end
  return lists.map(rows, function(row)
    local cells = lists.map(row, function(cell, i)
      local space = (" "):rep(widths[i] - text_width.of(cell))
      return i == 1 and cell .. space or space .. cell
    end)
    return (table.concat(cells, "  "):gsub(" +$", ""))
  end)
end

--- What happened to the rows of each stream, as a table; with `before`, also the differences.
---@param counts table   of Run:counts()
---@param before table?  likewise
---@return string[] lines
function M.tally(counts, before)
  local rows = { { "STREAM", "ROWS", "KEPT", "DROPPED", "INVALID", "REJECTED" } }
  local all = lists.joined(before and before.per_stream or {}, counts.per_stream)
  for _, stream in ipairs(lists.sorted_keys(all)) do
    local now = counts.per_stream[stream] or {}
    local was = before and (before.per_stream[stream] or {})
    local row = { text_width.printable(stream) }
    for i, name in ipairs(COLUMNS) do
      local n = now[name] or 0
      row[i + 1] = units.show_count(n) .. change(n, was and (was[name] or 0))
    end
    rows[#rows + 1] = row
  end
  return #rows > 1 and aligned(rows) or {}
end

--- The beginning of what was printed.
---@param printed sluice.cli.Printed
---@return string[] lines
function M.printed(printed)
  if printed.bytes == 0 then return {} end
  local lines = { "standard output, held back:" }
  for line in printed.head:gmatch "[^\n]+" do
    if #lines > MOST_LINES then break end
    lines[#lines + 1] = "  " .. text_width.printable(line)
  end
  local more = printed.lines - (#lines - 1)
  if more > 0 then lines[#lines + 1] = ("  … %s more line%s"):format(units.show_count(more), more == 1 and "" or "s") end
  return lines
end

return M
