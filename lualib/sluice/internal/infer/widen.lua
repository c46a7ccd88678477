--- Widens a declared type as far as the values of a stream require; everything else stays.
local decide = require "sluice.internal.infer.decide"
local drift = require "sluice.internal.infer.drift"
local kinds = require "sluice.internal.schema.kinds"
local lists = require "sluice.internal.lists"
local make = require "sluice.internal.schema.make"
local token = require("sluice.internal.json_pointer").token
local types = require "sluice.internal.schema.type"

local M = {}

---@class sluice.infer.Widening
---@field refused table<string, true>  places where something is refused

local function inferred(place)
  return decide.node({ root = place, files = 1 }, { enum = 0 }).type
end

--- Copy the annotations to another type. A default that no longer fits is dropped.
local function annotated(new, old)
  local notes = {}
  for name in pairs(types.common) do notes[name] = rawget(old, name) end
  if next(notes) == nil then return new end
  local result = types.annotated(new, notes)
  if result then return result end
  notes.default = nil
  return types.annotated(new, notes) or new
end

local function options_of(declared)
  local options = {}
  for _, option in ipairs(kinds[declared.kind].options) do options[option[1]] = rawget(declared, option[1]) end
  return options
end

local function made(kind, options)
  local bare = types.bare[kind]
  return next(options) and bare(options) or bare
end

-- ---- scalars ------------------------------------------------------------------------

local function lower(a, b) if a and b then return a < b and a or b end end
local function higher(a, b) if a and b then return a > b and a or b end end

local function number(place, declared)
  local options = options_of(declared)
  local low, high = place.min or place.low, place.max or place.high
  low, high = lower(low, place.low or low), higher(high, place.high or high)
  local kind = inferred(place).kind
  if declared.kind == "decimal" or kind == "decimal" then return make.decimal end
  if low then
    options.min, options.max = lower(options.min, low), higher(options.max, high)
    if options.exclusive_min and low <= options.exclusive_min then options.exclusive_min = nil end
    if options.exclusive_max and high >= options.exclusive_max then options.exclusive_max = nil end
  end
  options.multiple_of = nil
  return made(declared.kind == "number" and "number" or kind, options)
end

local function string(place, declared)
  local options = options_of(declared)
  options.min_length, options.max_length = lower(options.min_length, place.min_length), higher(options.max_length, place.max_length)
  if not lists.contains(place.formats or {}, options.format) then options.format = nil end
  options.pattern, options.regex = nil, nil
  return made("string", options)
end

--- Add the values that were found to an enum. If not all of them are known, the enum becomes a plain type.
local function enum(place, declared)
  if not place.values or (place.counts.float or place.counts.decimal or place.counts.boolean or place.counts.array or place.counts.object) then
    return nil
  end
  local values = { table.unpack(declared.values) }
  for _, value in ipairs(place.values) do
    if not declared:check(value[1]) then values[#values + 1] = value[1] end
  end
  return make.enum(values)
end

-- ---- containers ----------------------------------------------------------------------

local widen

local function array(w, pointer, place, declared)
  local options = options_of(declared)
  options.items = nil
  options.min, options.max = lower(options.min, place.min_items), higher(options.max, place.max_items)
  if w.refused[pointer] then options.unique = nil end
  local items = place.items and widen(w, pointer .. "/*", place.items, declared.items) or declared.items
  return make.array(items, next(options) and options or nil)
end

local function field_of(name, schema, optional)
  if not optional then return { name, schema, required = true } end
  return { name, make.optional(schema) }
end

local function record(w, pointer, place, declared)
  local found, fields, known = {}, {}, {}
  for _, field in ipairs(place.fields or {}) do found[field.name] = field end
  for i, field in ipairs(declared.fields) do
    local here = found[field.name]
    known[field.name] = true
    local schema = here and widen(w, pointer .. token(field.name), here.place, field.schema) or field.schema
    fields[i] = field_of(field.name, schema, field.optional or not here or here.absent ~= nil)
  end
  for _, field in ipairs(place.fields or {}) do
    if not known[field.name] then
      fields[#fields + 1] = field_of(field.name, inferred(field.place), field.absent ~= nil)
    end
  end
  return make.record(fields, { unknown = declared.unknown })
end

local function map(w, pointer, place, declared)
  local options = options_of(declared)
  local names = place.fields and #place.fields or nil
  options.values = nil
  if w.refused[pointer] then options.min, options.max, options.keys = nil, nil, nil end
  local values = declared.values
  if place.rest then
    values = widen(w, pointer .. "/*", place.rest, values)
  elseif names then
    for _, field in ipairs(place.fields) do values = widen(w, pointer .. "/*", field.place, values) end
  end
  return make.map(values, next(options) and options or nil)
end

-- ---- all types --------------------------------------------------------------------------

local widened = { array = array, record = record, map = map }

local function same_family(w, pointer, place, declared)
  if widened[declared.kind] then return widened[declared.kind](w, pointer, place, declared) end
  if not w.refused[pointer] then return declared end
  if declared.kind == "enum" then return enum(place, declared) end
  if declared.kind == "string" then return string(place, declared) end
  return drift.KINDS[declared.kind] == "number" and number(place, declared) or nil
end

local FAMILIES = {
  boolean = { "boolean" }, number = { "integer", "float", "decimal" }, string = { "string" }, array = { "array" }, object = { "object" },
}
local ORDER = { "boolean", "number", "string", "array", "object" }

--- The part of a place that belongs to a family.
local function part_of(place, names)
  local counts = lists.picked(place.counts, names)
  if next(counts) == nil then return nil end
  return lists.joined(place, { counts = counts })
end

---@param w sluice.infer.Widening
---@return sluice.Schema
function widen(w, pointer, place, declared)
  if declared.kind == "any" then return declared end
  local list, null = drift.alternatives(declared)
  list = lists.map(list, function(part) return rawget(part, "nullable") and make.union({ part }).alternatives[1] or part end)
  for _, family in ipairs(ORDER) do
    local part = part_of(place, FAMILIES[family])
    local fitting = part and drift.of_family(list, family)
    if part and #fitting == 0 then
      list[#list + 1] = inferred(part)
    elseif part and #fitting == 1 then
      local new = same_family(w, pointer, part, fitting[1])
      for i, old in ipairs(list) do if old == fitting[1] then list[i] = new or inferred(part) end end
    elseif part and w.refused[pointer] then
      list[#list + 1] = inferred(part)
    end
  end
  list = lists.select(list, function(part) return part.kind ~= "null" end)
  if #list == 0 then return declared end
  local result = #list == 1 and list[1] or make.union(list)
  if null or place.counts.null then result = make.nullable(result) end
  return annotated(result, declared)
end

---@param description table        of a stream
---@param declared sluice.Schema
---@param changes sluice.Drift[]   between the two
---@return sluice.Schema
function M.of(description, declared, changes)
  local refused = {}
  for _, change in ipairs(changes) do refused[change.pointer] = refused[change.pointer] or change.refused or nil end
  return widen({ refused = refused }, "", description.root, declared)
end

return M
