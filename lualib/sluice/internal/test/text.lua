--- Lua values as JSON text, for test.rows and test.same.
local check = require "sluice.internal.check"
local core = require "sluice.core"

local M = {}

local LONGEST = 120

---@param value any
---@param place string  "functions[2]"
---@return string? json, string? problem
function M.json(value, place)
  local ok, json, err = pcall(core.json.encode, value)
  if ok and json then return json end
  local why = ok and err or json
  return nil, ("%s: cannot be written as JSON: %s"):format(place, type(why) == "table" and why.message or tostring(why))
end

--- The beginning of a text, cut at a code point boundary.
local function cut(text)
  if #text <= LONGEST then return text end
  local last = LONGEST
  while last > 1 and (text:byte(last + 1) or 0) & 0xC0 == 0x80 do last = last - 1 end
  return text:sub(1, last) .. "…"
end

--- A value on one line, for people.
---@return string
function M.show(value)
  if value == nil then return "nil" end
  local ok, json = pcall(core.json.encode, value)
  return core.visible(cut(ok and json or check.show(value)))
end

return M
