--- The width of text on a terminal, in columns.
---
--- Independent of the locale: East Asian wide characters and emoji count two,
--- combining and invisible ones zero, everything else one. Control characters never
--- reach a terminal: `printable` shows them as escapes.
local core = require "sluice.core"

local M = {}

-- First, last, and the columns of each character between; sorted.
local RANGES = {
  { 0x0300, 0x036F, 0 }, { 0x0483, 0x0489, 0 }, { 0x0591, 0x05BD, 0 }, { 0x0610, 0x061A, 0 },
  { 0x064B, 0x065F, 0 }, { 0x093C, 0x093C, 0 }, { 0x094D, 0x094D, 0 }, { 0x0E31, 0x0E31, 0 },
  { 0x0E34, 0x0E3A, 0 }, { 0x0E47, 0x0E4E, 0 }, { 0x1100, 0x115F, 2 }, { 0x1160, 0x11FF, 0 },
  { 0x1AB0, 0x1AFF, 0 }, { 0x1DC0, 0x1DFF, 0 }, { 0x200B, 0x200F, 0 }, { 0x202A, 0x202E, 0 },
  { 0x2060, 0x2064, 0 }, { 0x20D0, 0x20FF, 0 }, { 0x231A, 0x231B, 2 }, { 0x23E9, 0x23EC, 2 },
  { 0x2614, 0x2615, 2 }, { 0x26A1, 0x26A1, 2 }, { 0x2705, 0x2705, 2 }, { 0x270A, 0x270B, 2 },
  { 0x2728, 0x2728, 2 }, { 0x274C, 0x274C, 2 }, { 0x2753, 0x2757, 2 }, { 0x2795, 0x2797, 2 },
  { 0x2B50, 0x2B50, 2 }, { 0x2E80, 0x303E, 2 }, { 0x3041, 0x33FF, 2 }, { 0x3400, 0x4DBF, 2 },
  { 0x4E00, 0x9FFF, 2 }, { 0xA000, 0xA4CF, 2 }, { 0xA960, 0xA97F, 2 }, { 0xAC00, 0xD7A3, 2 },
  { 0xF900, 0xFAFF, 2 }, { 0xFE00, 0xFE0F, 0 }, { 0xFE20, 0xFE2F, 0 }, { 0xFE30, 0xFE6F, 2 },
  { 0xFEFF, 0xFEFF, 0 }, { 0xFF00, 0xFF60, 2 }, { 0xFFE0, 0xFFE6, 2 }, { 0x1F300, 0x1F64F, 2 },
  { 0x1F680, 0x1F6FF, 2 }, { 0x1F900, 0x1F9FF, 2 }, { 0x1FA70, 0x1FAFF, 2 }, { 0x20000, 0x3FFFD, 2 },
  { 0xE0100, 0xE01EF, 0 },
}

---@param code integer
---@return integer columns
local function columns_of(code)
  if code < RANGES[1][1] then return 1 end
  local low, high = 1, #RANGES
  while low <= high do
    local middle = (low + high) // 2
    local range = RANGES[middle]
    if code < range[1] then high = middle - 1 elseif code > range[2] then low = middle + 1 else return range[3] end
  end
  return 1
end

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function escape(char)
  return ESCAPES[char] or ("\\x%02X"):format(char:byte(-1))
end

--- The text on one line; control characters and invalid UTF-8 are shown as escapes.
---@param text string
---@return string
function M.printable(text)
  return core.visible((text:gsub("%c", escape)))
end

--- The width of a printable text, in columns.
---@param text string
---@return integer
function M.of(text)
  if not text:find "[\x80-\xff]" then return #text end
  local sum = 0
  for _, code in utf8.codes(text) do sum = sum + columns_of(code) end
  return sum
end

--- The text cut to at most so many columns; "…" marks a cut.
---@param text string
---@param most integer
---@return string
function M.cut(text, most)
  if M.of(text) <= most then return text end
  local sum = 0
  for at, code in utf8.codes(text) do
    sum = sum + columns_of(code)
    if sum > most - 1 then return text:sub(1, at - 1) .. "…" end
  end
  return text
end

return M
