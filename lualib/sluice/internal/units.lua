--- Durations and sizes as people write them, and back.
---
--- The readers take the value from a policy (a number) or from the command line
--- (a string) and return a whole number of milliseconds or bytes, or nil and
--- what was expected, as the end of the sentence "expected …".
local M = {}

local MILLISECONDS = { ms = 1, s = 1000, m = 60 * 1000, h = 3600 * 1000, d = 86400 * 1000 }

local BYTES = {
  B = 1,
  kB = 1000, KB = 1000, MB = 1000 ^ 2, GB = 1000 ^ 3,
  KiB = 1024, MiB = 1024 ^ 2, GiB = 1024 ^ 3,
}

local DURATION = "a duration such as 30s, 500ms or 10m"
local SIZE = "a size such as 64KiB, 1MiB or 10MB"
local LARGEST = 2 ^ 53
local LONGEST_DAYS = 20000

--- "30s" -> 30, "s"; "30" -> 30, "". Accepts only digits with at most one point.
---@return number? amount, string? unit
local function amount_and_unit(text)
  local digits, unit = text:match("^([%d.]+)%s*(%a*)$")
  if not digits or not digits:match("^%d*%.?%d+$") then return nil end
  return tonumber(digits), unit
end

---@param value any
---@param scale table<string, number>
---@param bare number  the unit of a number without one
---@return integer?
local function read(value, scale, bare)
  local amount, unit = value, ""
  if type(value) == "string" then amount, unit = amount_and_unit(value) end
  local factor = unit == "" and bare or scale[unit]
  if type(amount) ~= "number" or not factor then return nil end
  local product = amount * factor
  if not (product >= 0 and product <= LARGEST) then return nil end
  return math.ceil(product)
end

--- Milliseconds. A bare number counts seconds.
---@param value string|number
---@return integer? ms, string? expected
function M.duration(value)
  local ms = read(value, MILLISECONDS, 1000)
  if not ms then return nil, DURATION end
  if ms > LONGEST_DAYS * MILLISECONDS.d then return nil, ("at most %dd"):format(LONGEST_DAYS) end
  return ms
end

--- The same, but 0 is refused.
---@param value string|number
---@return integer? ms, string? expected
function M.positive_duration(value)
  local ms, expected = M.duration(value)
  if ms == 0 then return nil, DURATION .. ", more than 0" end
  return ms, expected
end

--- Bytes. A bare number counts bytes.
---@param value string|number
---@return integer? bytes, string? expected
function M.size(value)
  local bytes = read(value, BYTES, 1)
  if not bytes then return nil, SIZE end
  return bytes
end

--- 1204 -> "1,204".
---@param n integer
---@return string
function M.show_count(n)
  local text = ("%d"):format(n)
  local grouped = text:reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (grouped:gsub("^,", ""):gsub("^%-,", "-"))
end

--- 1204 -> "1.2 KiB".
---@param bytes number
---@return string
function M.show_size(bytes)
  if bytes < 1024 then return ("%d B"):format(bytes) end
  local value, unit = bytes, "B"
  for _, name in ipairs { "KiB", "MiB", "GiB", "TiB" } do
    if value < 1024 then break end
    value, unit = value / 1024, name
  end
  local text = ("%.1f"):format(value):gsub("%.0$", "")
  return text .. " " .. unit
end

--- 0.0042 -> "4 ms", 0.83 -> "0.8 s", 125 -> "2 min 5 s".
---@param seconds number
---@return string
function M.show_duration(seconds)
  if seconds < 0.0995 then return ("%d ms"):format(math.floor(seconds * 1000 + 0.5)) end
  if seconds < 9.95 then return ("%.1f s"):format(seconds) end
  local whole = math.floor(seconds + 0.5)
  if whole < 60 then return ("%d s"):format(whole) end
  if whole < 3600 then return ("%d min %d s"):format(whole // 60, whole % 60) end
  return ("%d h %d min"):format(whole // 3600, whole % 3600 // 60)
end

--- 75 -> "1:15": for a running clock.
---@param seconds number
---@return string
function M.show_clock(seconds)
  local whole = math.floor(seconds)
  local minutes, rest = whole // 60, whole % 60
  if minutes < 60 then return ("%d:%02d"):format(minutes, rest) end
  return ("%d:%02d:%02d"):format(minutes // 60, minutes % 60, rest)
end

return M
