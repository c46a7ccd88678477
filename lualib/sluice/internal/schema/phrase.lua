--- Types in words: "an integer of at least 1", for messages; and as code.
local json = require "sluice.json"
local lists = require "sluice.internal.lists"

local M = {}

--- An enum shows so many of its values, and a phrase so many bytes.
local SHOWN, LONGEST = 10, 160

local function cut(text)
  if #text <= LONGEST then return text end
  local at = LONGEST
  while at > 0 and text:byte(at + 1) & 0xC0 == 0x80 do at = at - 1 end
  return text:sub(1, at) .. "…"
end

local function show(value)
  return cut(json.encode(value) or tostring(value))
end

local function range(low, high, unit)
  if low and low == high then return (" of %s%s"):format(low, unit) end
  if low and high then return (" of %s to %s%s"):format(low, high, unit) end
  if low then return (" of at least %s%s"):format(low, unit) end
  if high then return (" of at most %s%s"):format(high, unit) end
  return ""
end

local function number(article)
  return function(s)
    local words = { article .. range(s.min, s.max, "") }
    if s.exclusive_min then words[#words + 1] = ("above %s"):format(s.exclusive_min) end
    if s.exclusive_max then words[#words + 1] = ("below %s"):format(s.exclusive_max) end
    if s.multiple_of then words[#words + 1] = ("that is a multiple of %s"):format(s.multiple_of) end
    return table.concat(words, " ")
  end
end

local function printable(text)
  return (show(text):gsub('^"(.*)"$', "%1"))
end

local function string(s)
  local words = { "a string" .. range(s.min_length, s.max_length, " characters") }
  if s.format then words[#words + 1] = ("in the format %s"):format(s.format) end
  if s.pattern then words[#words + 1] = ("that matches the pattern %s"):format(printable(s.pattern)) end
  if s.regex then words[#words + 1] = ("that matches /%s/"):format(printable(s.regex)) end
  return table.concat(words, " ")
end

local function enum(s)
  local words = {}
  if #s.values == 0 then return "nothing" end
  for i = 1, math.min(#s.values, SHOWN) do words[i] = show(s.values[i]) end
  if #s.values > SHOWN then return ("one of %s, … (%d values)"):format(table.concat(words, ", "), #s.values) end
  local last = table.remove(words)
  return #words == 0 and last or table.concat(words, ", ") .. " or " .. last
end

local function union(s)
  return table.concat(lists.map(s.alternatives, function(alternative) return alternative.expected end), " or ")
end

local phrases = {
  any = function() return "any value" end,
  null = function() return "null" end,
  boolean = function() return "true or false" end,
  integer = number "an integer",
  number = number "a number",
  string = string,
  array = function(s) return "an array" .. range(s.min, s.max, " elements") end,
  map = function(s) return "an object" .. range(s.min, s.max, " fields") end,
  record = function() return "an object" end,
  enum = enum,
  union = union,
}

--- What a value of this type is, as a phrase.
---@param schema table
---@return string
function M.of(schema)
  return cut(phrases[schema.kind](schema) .. (schema.nullable and " or null" or ""))
end

-- ---- as code ----------------------------------------------------------------

local order = {
  "min", "max", "exclusive_min", "exclusive_max", "multiple_of", "min_length", "max_length",
  "pattern", "regex", "format", "unique",
}

local function value_code(value)
  if type(value) == "string" then return ("%q"):format(value) end
  return show(value)
end

local function options_code(schema)
  local words = {}
  for _, name in ipairs(order) do
    if schema[name] then words[#words + 1] = ("%s = %s"):format(name, value_code(schema[name])) end
  end
  if schema.keys then words[#words + 1] = "keys = " .. M.code(schema.keys) end
  if schema.kind == "record" and schema.unknown ~= "drop" then
    words[#words + 1] = "unknown = " ..
      (type(schema.unknown) == "string" and value_code(schema.unknown) or M.code(schema.unknown))
  end
  if schema.default ~= nil then words[#words + 1] = "default = " .. value_code(schema.default) end
  return #words > 0 and "{ " .. table.concat(words, ", ") .. " }" or nil
end

local function key_code(name)
  return name:match "^[%a_][%w_]*$" and name or ("[%q]"):format(name)
end

local function field_code(field)
  local code = M.code(field.schema)
  if field.optional and field.schema.default == nil then code = ("optional(%s)"):format(code) end
  return ("%s = %s"):format(key_code(field.name), code)
end

local function list_code(values, code)
  return table.concat(lists.map(values, code), ", ")
end

local contents = {
  array = function(s) return M.code(s.items) end,
  map = function(s) return M.code(s.values) end,
  record = function(s) return #s.fields > 0 and "{ " .. list_code(s.fields, field_code) .. " }" or "{}" end,
  enum = function(s) return "{ " .. list_code(s.values, value_code) .. " }" end,
  union = function(s) return "{ " .. list_code(s.alternatives, M.code) .. " }" end,
}

--- The type as one would write it, without "schema.".
---@param schema table
---@return string
function M.code(schema)
  local content = contents[schema.kind] and contents[schema.kind](schema)
  local options = options_code(schema)
  local code = schema.kind
  if content then
    code = ("%s(%s%s)"):format(code, content, options and ", " .. options or "")
  elseif options then
    code = code .. " " .. options
  end
  if schema.nullable then code = ("nullable(%s)"):format(code) end
  return schema.optional and ("optional(%s)"):format(code) or code
end

return M
