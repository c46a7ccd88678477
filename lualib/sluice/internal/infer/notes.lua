--- Remarks for comments: how often a value occurs, in which row first, its range.
local json = require "sluice.json"
local lists = require "sluice.internal.lists"
local units = require "sluice.internal.units"

local M = {}

local count = units.show_count

--- "line 812", "a.jsonl:812" if there are several files, or "row 812", from 1.
---@param row { row: integer, line: integer?, file: string? }
---@param options sluice.infer.Options
function M.row(row, options)
  if not row.line then return "row " .. count(row.row) end
  if row.file and options.many_files then return ("%s:%d"):format(row.file, row.line) end
  return ("line %d"):format(row.line)
end

---@param names integer
---@param objects integer
---@param each number  names per object, on average
function M.of_map(names, objects, each)
  if objects == 1 then return ("%s names in one object, with values of one type"):format(count(names)) end
  return ("%s names in %s objects, %.3g in each on average, with values of one type"):format(count(names), count(objects), each)
end

function M.of_absence(field, object, options)
  return ("%s of %s have it, %s is the first without"):format(
    count(field.place.total), count(object.counts.object), M.row(field.absent, options))
end

-- ---- what widened a type --------------------------------------------------------------------

local TYPES = { "null", "boolean", "integer", "float", "decimal", "string", "array", "object" }

--- Each number type includes those of lower width.
local WIDTHS = { integer = 1, number = 2, decimal = 3 }

--- The JSON types in order of appearance, apart from null.
local function sights(place)
  local list = {}
  for order, name in ipairs(TYPES) do
    local first = place.firsts[name]
    if first and name ~= "null" then
      list[#list + 1] = { name = name == "float" and "number" or name, first = first, order = order }
    end
  end
  table.sort(list, function(a, b)
    if a.first.row ~= b.first.row then return a.first.row < b.first.row end
    return a.order < b.order
  end)
  return list
end

--- Add a type; returns whether it widens the known ones.
local function widen(known, name)
  for i, other in ipairs(known) do
    if WIDTHS[name] and WIDTHS[other] then
      if WIDTHS[name] < WIDTHS[other] then return false end
      known[i] = name
      return true
    end
  end
  known[#known + 1] = name
  return true
end

--- 'line 812: "n" was integer until "12a"'
local function widenings(place, options, name)
  local words, known, subject = {}, {}, name and json.encode(name) .. " " or ""
  for _, sight in ipairs(sights(place)) do
    local before = table.concat(known, " or ")
    if widen(known, sight.name) and before ~= "" then
      words[#words + 1] = ("%s: %swas %s until %s"):format(M.row(sight.first, options), subject, before, sight.first.text)
    end
  end
  return words
end

-- ---- values -----------------------------------------------------------------------------------

local SHOWN = 5

local function several(n, unit) return ("%s %s%s"):format(n, unit, n == 1 and "" or "s") end

--- "5 characters", "1 to 5 characters".
local function range(low, high, unit)
  if low == high then return several(low, unit) end
  return ("%s to %s %ss"):format(low, high, unit)
end

--- 'always "a"', or "only" if the place also has other values, such as null.
local function constant(place, text)
  local alone = next(place.counts, next(place.counts)) == nil
  return (alone and "always " or "only ") .. text
end

local DOUBLE = 1 << 53

--- Whether there are fractions together with integers that a double may not represent.
function M.needs_digits(place)
  return place.counts.float ~= nil and place.min ~= nil and (place.min < -DOUBLE or place.max > DOUBLE)
end

--- The least and the greatest number; nil if doubles cannot represent all of them.
---@return number? low, number? high
function M.bounds(place)
  local low, high = place.min or place.low, place.max or place.high
  if low == nil or place.counts.decimal or place.inexact or M.needs_digits(place) then return nil end
  if place.low and place.low < low then low = place.low end
  if place.high and place.high > high then high = place.high end
  return low, high
end

--- The most digits before the decimal point.
---@return integer
function M.digits_before(place)
  local widest = place.digits or 0
  for _, bound in pairs(lists.picked(place, { "min", "max" })) do widest = math.max(widest, #tostring(bound):gsub("-", "")) end
  return widest
end

local function of_numbers(place)
  local low, high = M.bounds(place)
  if low then
    local first, last = json.encode(low), json.encode(high)
    return low == high and constant(place, first) or ("%s to %s"):format(first, last)
  end
  if not place.scale then return nil end
  return ("at most %s before the decimal point and %d after it"):format(several(M.digits_before(place), "digit"), place.scale)
end

--- '"a" (12), "b" (3)': all values with their counts, if they are few.
local function of_values(place)
  local values, counts = place.values, place.counts
  if not values or #values > SHOWN or #values * 2 > place.total or counts.float or counts.decimal then return nil end
  if #values == 1 then return constant(place, json.encode(values[1][1])) end
  local words = {}
  for i, value in ipairs(values) do words[i] = ("%s (%s)"):format(json.encode(value[1]), count(value[2])) end
  return table.concat(words, ", ")
end

local function of_booleans(place)
  local total, trues = place.counts.boolean, place.trues
  if trues == total then return constant(place, "true") end
  if trues == 0 then return constant(place, "false") end
  return ("true in %s of %s"):format(count(trues), count(total))
end

--- The number of distinct texts; a list of more than 64, or of texts longer than 64 bytes, is not kept.
local function of_distinct(place)
  if not place.values then return place.max_length <= 16 and "more than 64 values" or nil end
  local texts = 0
  for _, value in ipairs(place.values) do texts = texts + (type(value[1]) == "string" and 1 or 0) end
  return texts > 1 and ("%d values"):format(texts) or nil
end

--- The size of the values, for each type.
local function of_sizes(place, node)
  local words, kind, counts = {}, node.type.kind, place.counts
  local function add(text) words[#words + 1] = text end
  if counts.boolean then add(of_booleans(place)) end
  local values = kind ~= "union" and of_values(place)
  if values and not (kind == "enum" and #node.type.values == 1) then
    add(values)
  elseif not values then
    add(of_numbers(place))
    if counts.string and kind ~= "enum" and not rawget(node.type, "format") then
      add(range(place.min_length, place.max_length, "character"))
      add(of_distinct(place))
    end
  end
  if counts.array and place.items then add(range(place.min_items, place.max_items, "element")) end
  return words
end

--- Why doubles are not enough.
local function of_digits(place, options)
  if place.counts.decimal then return nil end
  if not place.inexact then return M.needs_digits(place) and "fractions, and integers that a double cannot represent" or nil end
  return ("%s has more digits than a double can represent"):format(M.row(place.inexact, options))
end

---@param place table
---@param node sluice.infer.Node
---@param options sluice.infer.Options
---@param name string?  of the field
---@return string[]
function M.of_place(place, node, options, name)
  local words = of_sizes(place, node)
  if place.counts.null and node.type.kind ~= "null" then
    words[#words + 1] = ("null in %s of %s, first in %s"):format(
      count(place.counts.null), count(place.total), M.row(place.firsts.null, options))
  end
  for _, text in ipairs(widenings(place, options, name)) do words[#words + 1] = text end
  words[#words + 1] = of_digits(place, options)
  return words
end

return M
