--- Random types, and values that mostly fit them.
local json = require "sluice.json"
local schema = require "sluice.schema"

local M = {}

local random = math.random

local function one_of(list) return list[random(#list)] end
local function chance(n) return random(n) == 1 end

local names = { "a", "b", "name", "line", "a/b", "~", "", "é", "kind", "a rather long name of a field" }
local words = { "", "a", "é", "ab", "abc", "A1", "2024-02-29", "x\0y", "😀😀", "theorem" }

-- ---- types ------------------------------------------------------------------

local function number_options()
  return one_of { {}, { min = 0 }, { max = 10 }, { min = -5, max = 5 }, { exclusive_min = 0 }, { exclusive_max = 3 }, { multiple_of = 2 } }
end

local make = {}

function make.any() return schema.any end
function make.null() return schema.null end
function make.boolean() return schema.boolean end
function make.integer() return schema.integer(number_options()) end
function make.number() return schema.number(number_options()) end
function make.string()
  return schema.string(one_of { {}, {}, { min_length = 1 }, { max_length = 2 }, { length = { 1, 3 } }, { pattern = "^%a" }, { format = "date" } })
end
function make.array(depth)
  return schema.array(M.type(depth - 1), one_of { {}, {}, { min = 1 }, { max = 2 }, { unique = true } })
end
function make.map(depth)
  return schema.map(M.type(depth - 1), one_of { {}, {}, { max = 1 }, { keys = schema.string { max_length = 2 } } })
end
function make.enum()
  return schema.enum(one_of { { "a", "abc", 1 }, { 1.5, true, json.null }, { json.array(), { a = 1 } }, { "theorem" } })
end
function make.union(depth)
  local alternatives = {}
  for i = 1, random(1, 3) do alternatives[i] = M.type(depth - 1) end
  return schema.union(alternatives)
end
function make.record(depth)
  local fields, seen = {}, {}
  for _ = 1, random(0, 5) do
    local name, field = one_of(names), M.type(depth - 1)
    if chance(3) then field = schema.optional(field) end
    if field.kind == "integer" and not field.multiple_of and chance(2) and field:check(2) then
      field = schema.integer { min = field.min, max = field.max, default = 2 }
    end
    if not seen[name] then fields[#fields + 1] = { name, field } end
    seen[name] = true
  end
  local unknown = one_of { "drop", "keep", "refuse" }
  return schema.record(fields, { unknown = chance(5) and M.type(0) or unknown })
end

local scalars = { "any", "null", "boolean", "integer", "number", "string", "enum" }
local all = { "integer", "number", "string", "enum", "array", "map", "union", "record", "record", "any" }

function M.type(depth)
  local declared = make[one_of(depth > 0 and all or scalars)](depth)
  return chance(5) and schema.nullable(declared) or declared
end

-- ---- values -----------------------------------------------------------------

local function scalar()
  return one_of { json.null, true, false, random(-6, 12), random(-6, 12) / 2, random(0, 3) * 1.0, one_of(words), one_of(words),
    math.maxinteger, 9007199254740993, 1e300 }
end

local function anything(depth)
  if depth <= 0 or chance(2) then return scalar() end
  local value = chance(2) and json.array() or {}
  for i = 1, random(0, 3) do
    value[json.is_array(value) and i or one_of(names)] = anything(depth - 1)
  end
  return value
end

local fit = {}

function fit.any() return anything(2) end
function fit.null() return json.null end
function fit.boolean() return chance(2) end
function fit.integer() return one_of { 0, 1, 2, 4, 2.0, -4 } end
function fit.number() return one_of { 0, 2, 2.0, 0.5, 4 } end
function fit.string(s) return s.format and "2024-02-29" or one_of(words) end
function fit.array(s, depth)
  local value = json.array()
  for i = 1, random(0, 3) do value[i] = M.value(s.items, depth - 1) end
  return value
end
function fit.map(s, depth)
  local value = {}
  for _ = 1, random(0, 2) do value[one_of(names)] = M.value(s.values, depth - 1) end
  return value
end
function fit.enum(s) return one_of(s.values) end
function fit.union(s, depth) return #s.alternatives > 0 and M.value(one_of(s.alternatives), depth - 1) or json.null end
function fit.record(s, depth)
  local value = {}
  for _, field in ipairs(s.fields) do
    if not field.optional or chance(2) then value[field.name] = M.value(field.schema, depth - 1) end
  end
  if chance(4) then value[one_of(names)] = anything(1) end
  return value
end

--- A value for a type; one in ten ignores the type.
function M.value(s, depth)
  if chance(10) then return anything(2) end
  return fit[s.kind](s, depth)
end

return M
