--- The kinds of types, one by one: the options of each, its phrase in messages and its
--- code, its form in JSON Schema, and the table column that holds it. The rest of
--- lualib goes by this list; the runtime has its own, runtime/schema/kind.h.
---
--- sluice.schema has a ready type for each kind with `bare`; record, enum and union
--- are made by its constructors.
local check = require "sluice.internal.check"
local core = require "sluice.core"
local document = require "sluice.internal.schema.document"
local json = require "sluice.json"
local json_pointer = require "sluice.internal.json_pointer"
local lists = require "sluice.internal.lists"
local pattern = require "sluice.internal.schema.pattern"
local phrase = require "sluice.internal.schema.phrase"
local types = require "sluice.internal.schema.type"

local define, range, refuse, token = types.define, phrase.range, document.refuse, json_pointer.token

-- ---- readers of options, and of keywords if JSON Schema differs --------------------

local text, keyword_text = check.of_type("string", "a string"), check.of_type("string", "a string")

local function number(value)
  if math.type(value) and value == value and value ~= math.huge and value ~= -math.huge then return value end
  return nil, "a number"
end

--- A bound may be a decimal, because a JSON Schema may contain one: {"maximum":18446744073709551615}.
local function limit(value)
  if core.is_decimal(value) then return value end
  return number(value)
end

local function step(value)
  if number(value) and value > 0 then return value end
  return nil, "a positive number"
end

local function size(value)
  if math.type(value) == "integer" and value >= 0 then return value end
  return nil, "a non-negative integer"
end

local function keyword_size(value)
  if not math.type(value) then return nil, "a number" end
  return size(math.tointeger(value))
end

local function length(value, name)
  if size(value) then return { value, value } end
  if type(value) ~= "table" then return nil, "a number or { min, max }" end
  for key, bound in pairs(value) do
    if (key ~= 1 and key ~= 2) or not size(bound) then return nil, nil, ("%s: expected { min, max }"):format(name) end
  end
  return value
end

local function lua_pattern(value)
  if type(value) ~= "string" then return nil, "a Lua pattern" end
  local problem = pattern.check(value)
  if problem then return nil, nil, ("pattern: %s: %s"):format(problem, check.show(value)) end
  return value
end

-- ---- any, null, boolean -------------------------------------------------------

local function always(words)
  return function() return words end
end

define { kind = "any", bare = {}, phrase = always "any value", column = function() return "json", true end }
define { kind = "null", bare = {}, json_type = "null", phrase = always "null" }
define { kind = "boolean", bare = {}, json_type = "boolean", phrase = always "true or false", column = "boolean" }

-- ---- integer: 64 bits. 1.0 and 1e2 are integers too, up to 2^53; 1.5 and 1e30 are not.
-- ---- number: within double range ----------------------------------------------

local number_options = {
  { "min", limit, "minimum" }, { "max", limit, "maximum" },
  { "exclusive_min", limit, "exclusiveMinimum" }, { "exclusive_max", limit, "exclusiveMaximum" },
  { "multiple_of", step, "multipleOf", number },
}

local function number_phrase(article)
  return function(s)
    local words = { article .. range(s.min, s.max, "") }
    if s.exclusive_min then words[#words + 1] = ("above %s"):format(s.exclusive_min) end
    if s.exclusive_max then words[#words + 1] = ("below %s"):format(s.exclusive_max) end
    if s.multiple_of then words[#words + 1] = ("that is a multiple of %s"):format(s.multiple_of) end
    return table.concat(words, " ")
  end
end

--- If a JSON Schema has two bounds, keep the stricter one.
local function read_number(options)
  local min, above, max, below = options.min, options.exclusive_min, options.max, options.exclusive_max
  if min and above then options[above >= min and "min" or "exclusive_min"] = nil end
  if max and below then options[below <= max and "max" or "exclusive_max"] = nil end
end

define {
  kind = "integer", bare = {}, json_type = "number", options = number_options,
  phrase = number_phrase "an integer",
  claims = function(_, whole) return whole end,
  read = read_number,
  write = function(_, out) out.type = "integer" end,
  column = "integer",
}

define {
  kind = "number", bare = {}, json_type = "number", options = number_options,
  phrase = number_phrase "a number",
  read = read_number,
  column = "number",
}

-- ---- decimal { precision =, scale =, min =, max = }: any number, with its original digits --

local function decimal_bound(value)
  local ok, decimal = pcall(core.decimal, value)
  if ok then return decimal end
  return nil, "a number, or a string such as \"0.01\""
end

--- The rules of numeric(precision, scale) in SQL.
local function check_decimal(parts)
  if parts.scale and not parts.precision then return "scale: it has no effect without a precision" end
  if parts.precision and (parts.precision < 1 or (parts.scale or 0) > parts.precision) then
    return "precision: expected 1 or more, and at least the scale"
  end
end

define {
  kind = "decimal", bare = {},
  options = { { "precision", size }, { "scale", size }, { "min", decimal_bound }, { "max", decimal_bound } },
  phrase = function(s)
    local words = "a number"
    if s.precision then words = ("%s of at most %d digits, %d of them after the decimal point"):format(words, s.precision, s.scale or 0) end
    return words .. range(s.min and tostring(s.min), s.max and tostring(s.max), "")
  end,
  settle = check_decimal,
  write = function(s, out)
    out.type, out.minimum, out.maximum = "number", s.min, s.max
    local unit = s.scale and core.decimal("1e-" .. s.scale) + 0
    if unit and unit > 0 then out.multipleOf = unit end -- below a double's range (1e-324) it would be 0
  end,
  column = "decimal",
}

-- ---- string: min_length, max_length and length (a number or { min, max }) are in
-- characters; pattern is a Lua pattern; regex a regular expression as in JSON Schema
-- (schema.lua says more); format one of date date-time time
-- duration email hostname ipv4 ipv6 json-pointer uri uri-reference uuid -----------

local function printable(value)
  return (phrase.show(value):gsub('^"(.*)"$', "%1"))
end

define {
  kind = "string", bare = {}, json_type = "string",
  options = {
    { "length", length },
    { "min_length", size, "minLength", keyword_size }, { "max_length", size, "maxLength", keyword_size },
    { "pattern", lua_pattern },
    { "regex", text, "pattern", keyword_text }, { "format", text, "format", keyword_text },
  },
  compiled = { "regex", "format" },
  settle = function(parts)
    if not parts.length then return end
    parts.min_length = parts.length[1] or parts.min_length
    parts.max_length = parts.length[2] or parts.max_length
    parts.length = nil
  end,
  phrase = function(s)
    local words = { "a string" .. range(s.min_length, s.max_length, " characters") }
    if s.format then words[#words + 1] = ("in the format %s"):format(s.format) end
    if s.pattern then words[#words + 1] = ("that matches the pattern %s"):format(printable(s.pattern)) end
    if s.regex then words[#words + 1] = ("that matches /%s/"):format(printable(s.regex)) end
    return table.concat(words, " ")
  end,
  write = function(s, out, pointer)
    if not s.pattern then return end
    if s.regex then refuse(pointer, "a pattern beside a regex cannot be expressed in JSON Schema") end
    out.pattern = pattern.to_regex(s.pattern)
    if not out.pattern then
      refuse(pointer, "the pattern %s cannot be expressed in JSON Schema; use a regex", s.pattern)
    end
  end,
  column = "text",
}

-- ---- array(items, { min =, max =, unique = true }) ----------------------------

--- The type of the elements if they are scalars with a column type of their own, otherwise nil.
local function scalar(s)
  local column = types.kinds[s.kind].column
  if type(column) == "function" then column = column(s) end
  return column ~= nil and column ~= "json" and s or nil
end

define {
  kind = "array", bare = { items = types.bare.any }, content = "items", json_type = "array",
  column = function(s) return "json", false, scalar(s.items) end,
  options = {
    { "items", types.part }, { "min", size, "minItems", keyword_size }, { "max", size, "maxItems", keyword_size },
    { "unique", check.boolean, "uniqueItems" },
  },
  phrase = function(s) return "an array" .. range(s.min, s.max, " elements") end,
  keywords = { "items" },
  read = function(options, node, _, read)
    options.unique = options.unique or nil
    return { items = node.items == nil and types.bare.any or read(node.items, "/items") }
  end,
  write = function(s, out, _, write)
    if s.items.kind ~= "any" then out.items = write(s.items, "/items") end
  end,
}

-- ---- map(values, { keys =, min =, max = }): any names --------------------------

define {
  kind = "map", bare = { values = types.bare.any }, content = "values", json_type = "object",
  options = {
    { "values", types.part }, { "min", size, "minProperties", keyword_size },
    { "max", size, "maxProperties", keyword_size }, { "keys", types.part },
  },
  compiled = { "values" },
  phrase = function(s) return "an object" .. range(s.min, s.max, " fields") end,
  keywords = { "additionalProperties", "propertyNames" },
  read = function(_, node, pointer, read)
    local values, keys = types.bare.any, nil
    if node.additionalProperties ~= nil then values = read(node.additionalProperties, "/additionalProperties") end
    if node.propertyNames ~= nil then
      keys = read(node.propertyNames, "/propertyNames")
      if keys.kind == "any" then keys = nil end
      if keys and keys.kind ~= "string" then
        refuse(pointer .. "/propertyNames", 'expected a schema with "type": "string"')
      end
    end
    return { values = values, keys = keys }
  end,
  write = function(s, out, _, write)
    out.additionalProperties = write(s.values, "/additionalProperties")
    out.propertyNames = s.keys and write(s.keys, "/propertyNames")
  end,
}

-- ---- record ---------------------------------------------------------------------

local unknowns = { drop = true, keep = true, refuse = true }

local function unknown(value, name)
  if unknowns[value] then return value end
  local declared, expected, problem = types.part(value, name)
  return declared, expected and '"drop", "keep", "refuse" or a type', problem
end

local function key_code(name)
  return name:match "^[%a_][%w_]*$" and name or ("[%q]"):format(name)
end

local function field_code(field)
  local code = tostring(field.schema)
  if field.optional and field.schema.default == nil then code = ("optional(%s)"):format(code) end
  return ("%s = %s"):format(key_code(field.name), code)
end

local function list_code(values, code)
  return "{ " .. table.concat(lists.map(values, code), ", ") .. " }"
end

local function required_names(node, pointer)
  local names = {}
  for i, name in ipairs(document.list(node, "required", pointer) or {}) do
    if type(name) ~= "string" then refuse(("%s/required/%d"):format(pointer, i - 1), "expected a name") end
    names[name] = true
  end
  return names
end

--- How undeclared properties are handled: the `unknown` of schema.record, and the
--- type of one that is required nevertheless.
local function others(rest, read)
  if rest == nil then return "drop", types.bare.any end
  local as = read(rest, "/additionalProperties")
  if rest == false then return "refuse", as end
  return as.kind == "any" and "keep" or as, as
end

local function read_record(_, node, pointer, read)
  local required = required_names(node, pointer)
  local rest, undeclared = others(node.additionalProperties, read)
  local named = {}
  for _, name in ipairs(lists.sorted_keys(document.object(node, "properties", pointer) or {})) do
    named[name] = read(node.properties[name], "/properties" .. token(name))
  end
  for name in pairs(required) do named[name] = named[name] or undeclared end
  local fields = {}
  for i, name in ipairs(lists.sorted_keys(named)) do
    local declared = named[name]
    fields[i] = types.field_of(name, required[name] and declared or types.optional(declared), required[name])
  end
  return { fields = fields, unknown = rest }
end

local function write_record(s, out, _, write)
  local required = json.array()
  out.properties = {}
  for _, field in ipairs(s.fields) do
    out.properties[field.name] = write(field.schema, "/properties" .. token(field.name))
    if not field.optional then required[#required + 1] = field.name end
  end
  if #required > 0 then out.required = required end
  if s.unknown == "keep" then out.additionalProperties = true
  elseif s.unknown == "refuse" then out.additionalProperties = false
  elseif s.unknown ~= "drop" then out.additionalProperties = write(s.unknown, "/additionalProperties") end
end

define {
  kind = "record", json_type = "object", options = { { "unknown", unknown, usual = "drop" } },
  phrase = always "an object",
  content = function(s) return #s.fields > 0 and list_code(s.fields, field_code) or "{}" end,
  keywords = { "properties", "required", "additionalProperties" },
  mark = "properties or required",
  claims = function(node) return node.properties ~= nil or node.required ~= nil end,
  read = read_record,
  write = write_record,
}

-- ---- enum -----------------------------------------------------------------------

--- The most values that a phrase shows.
local SHOWN = 10

local columns = { string = "text", integer = "integer", float = "number", boolean = "boolean" }

--- An enum whose values have one type has the column of that type; null is NULL.
local function enum_column(s)
  local found, mixed, null = nil, false, false
  for _, value in ipairs(s.values) do
    local column = columns[math.type(value) or type(value)]
    if value == core.null then
      null = true
    else
      mixed = mixed or not column or (found ~= nil and found ~= column)
      found = column
    end
  end
  return not mixed and found or "json", null
end

define {
  kind = "enum", compiled = { "values" },
  phrase = function(s)
    local words = {}
    if #s.values == 0 then return "nothing" end
    for i = 1, math.min(#s.values, SHOWN) do words[i] = phrase.show(s.values[i]) end
    if #s.values > SHOWN then return ("one of %s, … (%d values)"):format(table.concat(words, ", "), #s.values) end
    local last = table.remove(words)
    return #words == 0 and last or table.concat(words, ", ") .. " or " .. last
  end,
  content = function(s) return list_code(s.values, phrase.value_code) end,
  write = function(s, out)
    if #s.values == 0 and not s.nullable then return false end
    if #s.values == 1 and not s.nullable then out.const = s.values[1]
    else out.enum = json.array { table.unpack(s.values) } end
  end,
  column = enum_column,
}

-- ---- union ----------------------------------------------------------------------

define {
  kind = "union",
  phrase = function(s)
    return table.concat(lists.map(s.alternatives, function(alternative) return alternative.expected end), " or ")
  end,
  content = function(s) return list_code(s.alternatives, tostring) end,
  write = function(s, out, _, write)
    out.anyOf = json.array()
    for i, alternative in ipairs(s.alternatives) do out.anyOf[i] = write(alternative, ("/anyOf/%d"):format(i - 1)) end
  end,
}

return types.kinds
