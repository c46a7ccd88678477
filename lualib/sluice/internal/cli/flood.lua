--- Limits what is shown of a worker's printed output: a burst, then so much per second, in one piece. Lines
--- that are left out are counted, and the last ones are kept. Pure: the time is an argument.
local units = require "sluice.internal.units"

local M = {}

M.BURST = 1 << 20 -- bytes at once
M.RATE = 128 << 10 -- bytes per second

local KEPT = 10 -- last lines

---@class sluice.cli.Flood
---@field private allowance number  bytes
---@field private at number?        when the allowance was computed, in seconds
---@field private lines integer     left out
---@field private bytes integer
---@field private last string[]     the last of them, the latest at [lines % KEPT]
local Flood = {}
Flood.__index = Flood

---@return sluice.cli.Flood
function M.new()
  return setmetatable({ allowance = M.BURST, lines = 0, bytes = 0, last = {} }, Flood)
end

--- Whether a line may be shown.
---@param line string
---@param now number  seconds
function Flood:takes(line, now)
  self.allowance = math.min(M.BURST, self.allowance + (now - (self.at or now)) * M.RATE)
  self.at = now
  if self.allowance >= (self.lines > 0 and M.RATE or #line) then -- after a gap, wait for a whole second's worth
    self.allowance = self.allowance - #line
    return true
  end
  self.last[self.lines % KEPT] = line
  self.lines, self.bytes = self.lines + 1, self.bytes + #line
  return false
end

--- What has been left out since the last call, in words, and its last lines.
---@return string? words, string[]? last
function Flood:gap()
  if self.lines == 0 then return nil end
  local lines, last = self.lines, {}
  for i = math.max(0, lines - KEPT), lines - 1 do last[#last + 1] = self.last[i % KEPT] end
  local text = ("%s line%s of the worker's output (%s) omitted; at most %s a second are shown, and the last lines"):format(
    units.show_count(lines), lines == 1 and "" or "s", units.show_size(self.bytes), units.show_size(M.RATE))
  self.lines, self.bytes, self.last = 0, 0, {}
  return text, last
end

return M
