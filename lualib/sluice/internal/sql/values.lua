--- Values of rows as what a column takes. A converter returns the value to
--- bind, or nil and what is wrong with it; null has been seen to before. What a
--- database wants otherwise is for its own file.
local core = require "sluice.core"

local M = {}

local math_type, tointeger, encode = math.type, math.tointeger, core.json.encode

local NAMES = {
  text = "a string", integer = "an integer", number = "a number", boolean = "a boolean", json = "a JSON value",
}

--- A value in a message: short, on one line.
function M.show(value)
  local text = type(value) == "string" and ("%q"):format(value) or encode(value) or tostring(value)
  text = text:gsub("%c", " ")
  return #text > 60 and text:sub(1, 57) .. "…" or text
end

---@param kind string  a column's type
local function refuse(kind, value)
  return nil, ("expected %s, got %s"):format(NAMES[kind], M.show(value))
end

---@return integer? value, string? problem
local function integer(value)
  if math_type(value) == "integer" then return value end
  local exact = math_type(value) == "float" and tointeger(value)
  if exact then return exact end
  return refuse("integer", value)
end

local function number(value)
  if not math_type(value) then return refuse("number", value) end
  if value ~= value then return nil, "NaN is not a number that a column can hold" end
  return value
end

local function boolean(value)
  if type(value) == "boolean" then return value end
  return refuse("boolean", value)
end

local function json(value)
  local text, err = encode(value)
  if text then return text end
  return nil, "cannot be written as JSON: " .. tostring(err)
end

local function text(value)
  if type(value) == "string" then return value end
  return refuse("text", value)
end

--- Values as they are, by the types of columns.
M.plain = {
  text = text, integer = integer, number = number, boolean = boolean, json = json,
}

return M
