--- From a description of the rows (runtime/schema/shape.h) to a type that accepts all of them.
---
--- The type is as narrow as the rows allow: numbers are integers unless one was written as a
--- fraction, nullable and optional are separate, and a union is used only where types really mix. Guesses
--- beyond that (an enum, a map, a format) are mentioned in the notes.
local json = require "sluice.json"
local lists = require "sluice.internal.lists"
local notes = require "sluice.internal.infer.notes"
local schema = require "sluice.internal.schema.make"

local M = {}

---@class sluice.infer.Options
---@field enum integer?    the most distinct strings that make an enum (8); 0: none do
---@field tight boolean?   ranges and lengths become limits, and unknown fields are refused
---@field many_files boolean?  rows came from several files

---@class sluice.infer.Node
---@field type sluice.Schema             the complete type
---@field place table                    the description that the type was made from
---@field notes string[]                 for people
---@field fields sluice.infer.Field[]?   of a record, in the order of first appearance
---@field items sluice.infer.Node?       of an array
---@field values sluice.infer.Node?      of a map
---@field alternatives sluice.infer.Node[]?  of a union

---@class sluice.infer.Field
---@field name string
---@field node sluice.infer.Node
---@field optional boolean

M.ENUM = 8

--- Values occur often if there are at least OFTEN per distinct value and ENOUGH in total, and at most one in
--- three of the distinct values occurred only once.
local OFTEN, ENOUGH, ALONE = 4, 10, 1 / 3

local decide

-- ---- numbers, strings ---------------------------------------------------------------

local function decimal(place, options)
  if not options.tight then return schema.decimal end
  local scale = place.scale or 0
  return schema.decimal { precision = math.max(notes.digits_before(place) + scale, 1), scale = scale }
end

local function number(place, options)
  local counts = place.counts
  if counts.decimal or place.inexact or notes.needs_digits(place) then return decimal(place, options) end
  local kind = counts.float and schema.number or schema.integer
  if not options.tight then return kind end
  local low, high = notes.bounds(place)
  return kind { min = low, max = high }
end

--- The first format in this list that all strings have is used.
local FORMATS = {
  "date-time", "date", "time", "duration", "uuid", "ipv4", "ipv6", "email", "uri", "json-pointer", "hostname", "uri-reference",
}

---@return string?
local function format_of(place)
  for _, format in ipairs(FORMATS) do
    if lists.contains(place.formats or {}, format) then return format end
  end
end

local function is_often(distinct, alone, total)
  return total >= math.max(OFTEN * distinct, ENOUGH) and alone <= distinct * ALONE
end

--- The strings of a place, if they are few enough for an enum.
---@return string[]?
local function few_strings(place, options)
  local values, most, alone = {}, options.enum or M.ENUM, 0
  for _, value in ipairs(place.values or {}) do
    if type(value[1]) == "string" then
      if value[2] == 1 then alone = alone + 1 end
      values[#values + 1] = value[1]
    end
  end
  if #values == 0 or #values > most or not is_often(#values, alone, place.counts.string) then return nil end
  for _, value in ipairs(values) do
    if not json.encode(value) then return nil end
  end
  return values
end

local function string(place, options)
  local format, values = format_of(place), few_strings(place, options)
  if values and (#values == 1 or not format) then
    return #values == 1 and schema.const(values[1]) or schema.enum(values)
  end
  local told = { format = format }
  if options.tight then told.min_length, told.max_length = place.min_length, place.max_length end
  return next(told) and schema.string(told) or schema.string
end

-- ---- containers -----------------------------------------------------------------------

local FAMILY = {
  boolean = "boolean", integer = "number", float = "number", decimal = "number", string = "string",
  array = "array", object = "object",
}

---@return string?  the only family of the values, apart from null
local function only_family(place)
  local only
  for name in pairs(place.counts) do
    local family = FAMILY[name]
    if family and only and family ~= only then return nil end
    only = family or only
  end
  return only
end

--- Whether the values of all fields, taken together, seem to be of one type.
local function is_alike(rest)
  local family = only_family(rest)
  if family ~= "object" then return family ~= nil end
  if rest.rest and not rest.fields then return true end
  for _, field in ipairs(rest.fields or {}) do
    if not field.absent then return true end
  end
  return rest.rest ~= nil and is_alike(rest.rest)
end

local function presence(place)
  local present, odd = 0, 0
  for _, field in ipairs(place.fields) do
    present = present + field.place.total
    if not field.name:find "^[%a_][%w_%- ]*$" then odd = odd + 1 end
  end
  return present / (#place.fields * place.counts.object), odd / #place.fields
end

--- Why an object has arbitrary names rather than fields, in words; nil if it does not.
---@return string?
local function why_map(place)
  if not place.rest then return nil end
  if not place.fields then return "more than 1,000 names, or one of more than 1,024 bytes" end
  if not is_alike(place.rest) then return nil end
  local names, objects = #place.fields, place.counts.object
  local share, odd = presence(place)
  local sparse = names >= 10 and share < 0.5
  local single = names >= 20 and objects == 1
  if not sparse and not single and not (odd > 0.5 and (share < 0.9 or objects == 1)) then return nil end
  return notes.of_map(names, objects, share * names)
end

local function record(place, options)
  local fields, declared = {}, {}
  for i, field in ipairs(place.fields or {}) do
    local node = decide(field.place, options, field.name)
    local optional = field.absent ~= nil
    if optional then table.insert(node.notes, 1, notes.of_absence(field, place, options)) end
    fields[i] = { name = field.name, node = node, optional = optional }
    declared[i] = { field.name, optional and schema.optional(node.type) or node.type }
  end
  local make = options.tight and schema.closed or schema.record
  return { type = make(declared), fields = fields, notes = {} }
end

local function map(place, why, options)
  local values = decide(place.rest, options)
  return { type = schema.map(values.type), values = values, notes = { "a map: " .. why } }
end

local function object(place, options)
  if place.too_deep then return { type = schema.map, notes = { "not examined: nested too deeply" } } end
  local why = why_map(place)
  if why then return map(place, why, options) end
  return record(place, options)
end

local function array(place, options)
  if place.too_deep then return { type = schema.array, notes = { "not examined: nested too deeply" } } end
  local told = options.tight and { min = place.min_items, max = place.max_items } or nil
  local items = place.items and decide(place.items, options)
  local words = place.items and {} or { "always empty" }
  local kind = items and schema.array(items.type, told) or told and schema.array(told) or schema.array
  return { type = kind, items = items, notes = words }
end

-- ---- all types of a place ----------------------------------------------------------------

local function scalar(kind) return { type = kind, notes = {} } end

--- A node for each family of values that occurs, apart from null.
local function alternatives(place, options)
  local counts, list = place.counts, {}
  local function add(is_there, node) if is_there then list[#list + 1] = node() end end
  add(counts.boolean, function() return scalar(schema.boolean) end)
  add(counts.integer or counts.float or counts.decimal, function() return scalar(number(place, options)) end)
  add(counts.string, function() return scalar(string(place, options)) end)
  add(counts.array, function() return array(place, options) end)
  add(counts.object, function() return object(place, options) end)
  return list
end

local function union(list)
  return {
    type = schema.union(lists.map(list, function(node) return node.type end)), alternatives = list, notes = {},
  }
end

---@param place table
---@param options sluice.infer.Options
---@param name string?  of the field
---@return sluice.infer.Node
function decide(place, options, name)
  local list = alternatives(place, options)
  local node = #list == 0 and scalar(schema.null) or #list == 1 and list[1] or union(list)
  if place.counts.null and #list > 0 then node.type = schema.nullable(node.type) end
  node.place = place
  for _, alternative in ipairs(node.alternatives or {}) do alternative.place = place end
  lists.append(node.notes, notes.of_place(place, node, options, name))
  return node
end

---@param description table  of a stream
---@param options sluice.infer.Options?
---@return sluice.infer.Node
function M.node(description, options)
  options = lists.joined(options or {}, { many_files = description.files > 1 })
  return decide(description.root, options)
end

return M
