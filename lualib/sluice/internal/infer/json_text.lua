--- JSON for people: indented, short values on one line, names in a given order.
local json = require "sluice.json"
local lists = require "sluice.internal.lists"

local M = {}

local WIDTH = 100

--- Keywords that come first in a schema, and last.
local RANKS = {}
for i, name in ipairs { "$schema", "$id", "$comment", "title", "description", "type", "const", "enum", "format" } do RANKS[name] = i end
for i, name in ipairs { "properties", "required", "additionalProperties", "items", "anyOf", "$defs" } do RANKS[name] = 100 + i end
local OTHERS = 50

local function by_rank(a, b)
  local first, second = RANKS[a] or OTHERS, RANKS[b] or OTHERS
  if first ~= second then return first < second end
  return a < b
end

---@return string[]
local function names_of(value, orders)
  if orders[value] then return orders[value] end
  local names = lists.sorted_keys(value)
  table.sort(names, by_rank)
  return names
end

local text

local function members(value, orders, indent)
  local parts = {}
  if json.is_array(value) then
    for i, element in ipairs(value) do parts[i] = text(element, orders, indent) end
    return parts, "[", "]"
  end
  for i, name in ipairs(names_of(value, orders)) do
    parts[i] = assert(json.encode(name)) .. ": " .. text(value[name], orders, indent)
  end
  return parts, "{", "}"
end

--- A container gets lines of its own unless it is short.
function text(value, orders, indent)
  if type(value) ~= "table" or value == json.null then return assert(json.encode(value)) end
  local inner = indent .. "  "
  local parts, open, close = members(value, orders, inner)
  local line = table.concat(parts, ", ")
  if #parts == 0 then return open .. close end
  if not line:find "\n" and not orders[value] and #indent + #line < WIDTH then
    return open == "[" and open .. line .. close or ("{ %s }"):format(line)
  end
  return ("%s\n%s%s\n%s%s"):format(open, inner, table.concat(parts, ",\n" .. inner), indent, close)
end

---@param value table
---@param orders table<table, string[]>  for objects whose names have their own order
---@return string
function M.pretty(value, orders) return text(value, orders, "") end

return M
