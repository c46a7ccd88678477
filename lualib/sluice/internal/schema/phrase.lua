--- Words for messages and for code.
local json = require "sluice.json"

local M = {}

--- The most bytes in a phrase.
local LONGEST = 160

---@param text string
---@return string
function M.cut(text)
  if #text <= LONGEST then return text end
  local at = LONGEST
  while at > 0 and text:byte(at + 1) & 0xC0 == 0x80 do at = at - 1 end
  return text:sub(1, at) .. "…"
end

--- A value as JSON, shortened.
function M.show(value)
  return M.cut(json.encode(value) or tostring(value))
end

--- " of at least 1 characters" and the like.
function M.range(low, high, unit)
  if low and low == high then return (" of %s%s"):format(low, unit) end
  if low and high then return (" of %s to %s%s"):format(low, high, unit) end
  if low then return (" of at least %s%s"):format(low, unit) end
  if high then return (" of at most %s%s"):format(high, unit) end
  return ""
end

--- A value as Lua code.
function M.value_code(value)
  if type(value) == "string" then return ("%q"):format(value) end
  return M.show(value)
end

return M
