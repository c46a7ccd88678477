--- The content of the progress line. Pure: counts and times are arguments.
local json_object = require "sluice.internal.json_object"
local text_width = require "sluice.internal.sink.text_width"
local units = require "sluice.internal.units"

local M = {}

--- Rows per second, over about the last second.
---@class sluice.cli.Rate
local Rate = {}
Rate.__index = Rate

---@return sluice.cli.Rate
function M.rate()
  return setmetatable({ rows = 0, at = 0, value = 0 }, Rate)
end

---@param rows integer
---@param at number  seconds since the start
---@return integer per_second
function Rate:update(rows, at)
  local passed = at - self.at
  if self.at == 0 and at > 0 then self.value = rows / at end
  if passed >= 1 then
    self.value = (rows - self.rows) / passed
    self.rows, self.at = rows, at
  end
  return math.floor(self.value + 0.5)
end

--- The worker's own progress: "scan 12/340 (3%)".
---@param p { phase: string?, current: integer?, total: integer? }?
---@return string?
function M.phase(p)
  if not p then return nil end
  local text = text_width.printable(p.phase or "")
  if p.current then
    text = ("%s %s"):format(text, units.show_count(p.current))
    if p.total then text = ("%s/%s"):format(text, units.show_count(p.total)) end
    if p.total and p.total > 0 then text = ("%s (%d%%)"):format(text, p.current * 100 // p.total) end
  end
  return text
end

--- One line for people.
---@param counts table   of Run:counts()
---@param rate integer   rows per second
---@return string
function M.line(counts, rate)
  local parts = {
    units.show_count(counts.rows) .. (counts.rows == 1 and " row" or " rows"),
    units.show_count(rate) .. " rows/s",
    units.show_size(counts.bytes),
    units.show_clock(counts.elapsed),
  }
  parts[#parts + 1] = M.phase(counts.progress)
  return table.concat(parts, "  ")
end

--- One line for machines.
---@param counts table
---@param rate integer
---@return string
function M.json(counts, rate)
  local p = counts.progress or {}
  return json_object.line("progress", json_object.raw(json_object.of(
    "rows", counts.rows, "kept", counts.kept, "dropped", counts.dropped, "bytes", counts.bytes,
    "elapsed", counts.elapsed, "rows_per_second", rate,
    "phase", p.phase, "current", p.current, "total", p.total)))
end

return M
