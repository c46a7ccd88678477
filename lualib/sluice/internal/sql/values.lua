--- Values of rows as what a column takes. A converter returns the value to
--- bind, or nil and what is wrong with it; null has been seen to before.
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
function M.refuse(kind, value)
  return nil, ("expected %s, got %s"):format(NAMES[kind], M.show(value))
end

---@return integer? value, string? problem
local function integer(value)
  if math_type(value) == "integer" then return value end
  local exact = math_type(value) == "float" and tointeger(value)
  if exact then return exact end
  return M.refuse("integer", value)
end

local function number(value)
  if not math_type(value) then return M.refuse("number", value) end
  if value ~= value then return nil, "NaN is not a number that a column can hold" end
  return value
end

local function boolean(value)
  if type(value) == "boolean" then return value end
  return M.refuse("boolean", value)
end

local function json(value)
  local text, err = encode(value)
  if text then return text end
  return nil, "cannot be written as JSON: " .. tostring(err)
end

--- For SQLite: values as they are.
M.sqlite = {
  text = function(value)
    if type(value) == "string" then return value end
    return M.refuse("text", value)
  end,
  integer = integer,
  number = number,
  boolean = boolean,
  json = json,
}

--- An element of an array in PostgreSQL's own notation.
local function element(text)
  if text:find("\0", 1, true) then return nil, "PostgreSQL cannot hold the character U+0000 in a text" end
  if text:find('["\\]') then text = text:gsub('["\\]', "\\%0") end
  return '"' .. text .. '"'
end

--- For PostgreSQL: elements of arrays.
M.postgres = {
  text = function(value)
    if type(value) ~= "string" then return M.refuse("text", value) end
    return element(value)
  end,
  integer = integer,
  number = function(value)
    local checked, problem = number(value)
    if math_type(checked) ~= "float" then return checked, problem end
    return ("%.17g"):format(checked)
  end,
  boolean = function(value)
    local checked, problem = boolean(value)
    if checked == nil then return nil, problem end
    return checked and "t" or "f"
  end,
  json = function(value)
    local text, problem = json(value)
    if not text then return nil, problem end
    return element(text)
  end,
}

return M
