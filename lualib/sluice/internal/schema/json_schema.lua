--- Types from and to JSON Schema, draft 2020-12.
---
--- Read: type (also a list), properties, required, additionalProperties,
--- propertyNames, minProperties, maxProperties, items, minItems, maxItems,
--- uniqueItems, enum, const, minimum, maximum, exclusiveMinimum,
--- exclusiveMaximum, multipleOf, minLength, maxLength, pattern, format, anyOf,
--- oneOf, $ref, $defs, true and false; title, description, default, examples,
--- deprecated and $comment; $schema and $id at the root. Everything else is
--- refused, with its JSON Pointer, and nothing is ignored. In particular:
---
---   - A keyword beside a type that it does not concern is refused; without
---     `type` it concerns only values of its own type, as the standard says, and
---     the result is a union.
---   - format is an assertion; formats that schema.lua does not list are
---     refused. pattern: ECMA-262 less what is not regular, as regex in schema.lua.
---   - Without additionalProperties a record drops what is not declared, as
---     schema.record does; true keeps it, false refuses it.
---   - A default makes a property that is not required appear; it must be valid.
---   - oneOf is read where no value can fit two alternatives: other types, other
---     constants, or records with a required field that tells them apart.
---   - $ref points into the same document (#/…) and has only annotations beside
---     it; a schema that contains itself is refused.
---   - anyOf, oneOf have only annotations beside them; minProperties,
---     maxProperties and propertyNames do not stand beside properties or required.
---   - An integer is one of 64 bits.
local core = require "sluice.core"
local json = require "sluice.json"
local pattern = require "sluice.internal.schema.pattern"
local lists = require "sluice.internal.lists"
local types = require "sluice.internal.schema.type"

local make, with = types.make, types.with

local M = {}

local DRAFT = "https://json-schema.org/draft/2020-12/schema"

-- ---- refusing -----------------------------------------------------------------

local Refusal = {}

local function refuse(pointer, message, ...)
  error(setmetatable({ pointer = pointer, message = message:format(...) }, Refusal), 0)
end

local function token(name)
  return "/" .. tostring(name):gsub("~", "~0"):gsub("/", "~1")
end

--- Call f; a refusal becomes nil and an error object.
local function guarded(what, f, ...)
  local ok, result = pcall(f, ...)
  if ok then return result end
  if getmetatable(result) ~= Refusal then error(result, 0) end
  local place = result.pointer ~= "" and ", at " .. result.pointer or ""
  return nil, core.error("policy", what .. ": " .. result.message .. place, { pointer = result.pointer })
end

-- ---- looking at a document ----------------------------------------------------

local function is_object(value)
  return type(value) == "table" and not json.is_array(value) and value[1] == nil
end

local function is_list(value)
  return type(value) == "table" and (json.is_array(value) or next(value) == nil or value[1] ~= nil)
end

--- A reader of what stands at a key; nil where nothing does.
local function expecting(what, fits)
  return function(node, key, pointer)
    local value = node[key]
    if value ~= nil and not fits(value) then refuse(pointer .. token(key), "%s is expected", what) end
    return value
  end
end

local list = expecting("a list", is_list)
local object = expecting("an object", is_object)
local number_at = expecting("a number", math.type)
local string_at = expecting("a string", function(value) return type(value) == "string" end)
local flag_at = expecting("true or false", function(value) return type(value) == "boolean" end)

-- ---- keywords -------------------------------------------------------------------

local type_names = { "null", "boolean", "number", "string", "array", "object" }

--- The type that a keyword concerns.
local concerns = {
  minimum = "number", maximum = "number", exclusiveMinimum = "number", exclusiveMaximum = "number",
  multipleOf = "number",
  minLength = "string", maxLength = "string", pattern = "string", format = "string",
  items = "array", minItems = "array", maxItems = "array", uniqueItems = "array",
  properties = "object", required = "object", additionalProperties = "object", propertyNames = "object",
  minProperties = "object", maxProperties = "object",
}

local annotations = { title = true, description = true, default = true, examples = true, deprecated = true }
local neutral = { ["$comment"] = true, ["$defs"] = true }
local at_root = { ["$schema"] = true, ["$id"] = true }
local forms = { type = true, enum = true, const = true, anyOf = true, oneOf = true, ["$ref"] = true }

local function is_known(key, pointer)
  return concerns[key] or annotations[key] or neutral[key] or forms[key] or (pointer == "" and at_root[key])
end

local function check_keywords(node, pointer)
  for _, key in ipairs(lists.sorted_keys(node)) do
    if not is_known(key, pointer) then
      refuse(pointer .. token(key), "%s cannot be said with these types", tostring(key))
    end
  end
  local dialect = node["$schema"]
  if dialect ~= nil and tostring(dialect):gsub("#$", "") ~= DRAFT then
    refuse("/$schema", "this reads %s", DRAFT)
  end
  object(node, "$defs", pointer)
end

--- Nothing but annotations beside these.
local function alone(node, pointer, ...)
  local allowed = {}
  for _, key in ipairs { ... } do allowed[key] = true end
  for _, key in ipairs(lists.sorted_keys(node)) do
    if (concerns[key] or forms[key]) and not allowed[key] then
      refuse(pointer .. token(key), "%s cannot stand beside %s", key, (...))
    end
  end
end

-- ---- options --------------------------------------------------------------------

local function size_at(node, key, pointer)
  local value = number_at(node, key, pointer)
  if value == nil then return nil end
  local whole = math.tointeger(value)
  if not whole or whole < 0 then refuse(pointer .. token(key), "a whole number from 0 on is expected") end
  return whole
end

--- The JSON Schema keyword of an option, to name the place of a problem.
local keyword_of = { regex = "pattern", format = "format", multiple_of = "multipleOf" }

local function built(pointer, kind, options, parts)
  parts = parts or {}
  parts.kind = kind
  local result, problem = types.finish(parts, options)
  if result then return result end
  local keyword = keyword_of[problem:match "^([%w_]+):"]
  refuse(pointer .. (keyword and token(keyword) or ""), "%s", problem)
end

--- Of two bounds the one that says more; better is true when a does.
local function stricter(options, plain, exclusive, better)
  local a, b = options[plain], options[exclusive]
  if a == nil or b == nil then return end
  if better(b, a) then options[plain] = nil else options[exclusive] = nil end
end

-- ---- types ------------------------------------------------------------------------

local read

local readers = {}

function readers.null() return types.null end
function readers.boolean() return types.boolean end

function readers.number(node, pointer, _, kind)
  local options = {
    min = number_at(node, "minimum", pointer), max = number_at(node, "maximum", pointer),
    exclusive_min = number_at(node, "exclusiveMinimum", pointer),
    exclusive_max = number_at(node, "exclusiveMaximum", pointer),
    multiple_of = number_at(node, "multipleOf", pointer),
  }
  stricter(options, "min", "exclusive_min", function(b, a) return b >= a end)
  stricter(options, "max", "exclusive_max", function(b, a) return b <= a end)
  return built(pointer, kind, options)
end

function readers.string(node, pointer)
  return built(pointer, "string", {
    regex = string_at(node, "pattern", pointer), format = string_at(node, "format", pointer),
    min_length = size_at(node, "minLength", pointer), max_length = size_at(node, "maxLength", pointer),
  })
end

function readers.array(node, pointer, context)
  local items, unique = types.any, flag_at(node, "uniqueItems", pointer)
  if node.items ~= nil then items = read(node.items, pointer .. "/items", context) end
  return built(pointer, "array", {
    min = size_at(node, "minItems", pointer), max = size_at(node, "maxItems", pointer),
    unique = unique or nil,
  }, { items = items })
end

local function map(node, pointer, context)
  local values, keys = types.any, nil
  if node.additionalProperties ~= nil then
    values = read(node.additionalProperties, pointer .. "/additionalProperties", context)
  end
  if node.propertyNames ~= nil then
    keys = read(node.propertyNames, pointer .. "/propertyNames", context)
    if keys.kind == "any" then keys = nil end
    if keys and keys.kind ~= "string" then
      refuse(pointer .. "/propertyNames", 'a schema with "type": "string" is expected')
    end
  end
  return built(pointer, "map", {
    min = size_at(node, "minProperties", pointer), max = size_at(node, "maxProperties", pointer),
  }, { values = values, keys = keys })
end

local function required_names(node, pointer)
  local names = {}
  for i, name in ipairs(list(node, "required", pointer) or {}) do
    if type(name) ~= "string" then refuse(("%s/required/%d"):format(pointer, i - 1), "a name is expected") end
    names[name] = true
  end
  return names
end

--- What becomes of properties that are not named: what schema.record calls
--- unknown, and the type of one that is required all the same.
local function others(node, pointer, context)
  local rest = node.additionalProperties
  if rest == nil then return "drop", types.any end
  local as = read(rest, pointer .. "/additionalProperties", context)
  if rest == false then return "refuse", as end
  return as.kind == "any" and "keep" or as, as
end

local function record(node, pointer, context)
  for _, key in ipairs { "propertyNames", "minProperties", "maxProperties" } do
    if node[key] ~= nil then refuse(pointer .. token(key), "%s cannot stand beside properties or required", key) end
  end
  local required = required_names(node, pointer)
  local unknown, undeclared = others(node, pointer, context)
  local named = {}
  for _, name in ipairs(lists.sorted_keys(object(node, "properties", pointer) or {})) do
    named[name] = read(node.properties[name], pointer .. "/properties" .. token(name), context)
  end
  for name in pairs(required) do named[name] = named[name] or undeclared end
  local fields = {}
  for i, name in ipairs(lists.sorted_keys(named)) do
    local type = named[name]
    fields[i] = types.field_of(name, required[name] and type or with(type, { optional = true }), required[name])
  end
  return built(pointer, "record", nil, { fields = fields, unknown = unknown })
end

function readers.object(node, pointer, context)
  if node.properties == nil and node.required == nil then return map(node, pointer, context) end
  return record(node, pointer, context)
end

-- ---- type, enum and const -----------------------------------------------------------

--- The types that a schema admits, by name; integer: numbers must be whole.
local function admitted(node, pointer)
  local given = node.type
  local set, integer = {}, false
  if given == nil then
    for _, name in ipairs(type_names) do set[name] = true end
    return set, false
  end
  for i, name in ipairs(type(given) == "string" and { given } or list(node, "type", pointer)) do
    local at = type(given) == "string" and "/type" or "/type/" .. i - 1
    if name == "integer" then integer = true
    elseif type(name) == "string" and readers[name] then set[name] = true
    else refuse(pointer .. at, "there is no such type") end
  end
  if integer and not set.number then
    set.number = true
    return set, true
  end
  return set, false
end

local function check_concerns(node, set, pointer)
  for _, key in ipairs(lists.sorted_keys(node)) do
    if concerns[key] and not set[concerns[key]] then
      refuse(pointer .. token(key), "%s does not concern this type", key)
    end
  end
end

local function says_anything(node)
  for key in pairs(node) do
    if concerns[key] or key == "type" then return true end
  end
  return false
end

--- Alternatives as one type; null among them makes it nullable.
local function either(alternatives)
  local rest, nullable = {}, nil
  for _, alternative in ipairs(alternatives) do
    if alternative.kind == "null" then nullable = true else rest[#rest + 1] = alternative end
  end
  if #rest == 0 then return nullable and types.null or make { kind = "enum", values = json.array() } end
  if #rest == 1 then return nullable and types.nullable(rest[1]) or rest[1] end
  return make { kind = "union", alternatives = rest, nullable = nullable }
end

local function typed(node, pointer, context)
  if not says_anything(node) then return types.any end
  local set, integer = admitted(node, pointer)
  check_concerns(node, set, pointer)
  local alternatives = {}
  for _, name in ipairs(type_names) do
    if set[name] then
      alternatives[#alternatives + 1] = readers[name](node, pointer, context, integer and "integer" or name)
    end
  end
  return either(alternatives)
end

--- Constants that also satisfy what stands beside them.
local function constants(node, pointer, context)
  alone(node, pointer, "enum", "const", "type", table.unpack(lists.sorted_keys(concerns)))
  local values = node.const ~= nil and { node.const } or list(node, "enum", pointer)
  local beside = typed(node, pointer, context)
  local kept = json.array()
  local set = node.const ~= nil and node.enum ~= nil and
    make { kind = "enum", values = list(node, "enum", pointer) } or types.any
  for _, value in ipairs(values) do
    if beside:check(value) and set:check(value) then kept[#kept + 1] = value end
  end
  return make { kind = "enum", values = kept }
end

-- ---- anyOf, oneOf, $ref -------------------------------------------------------------

local function alternatives_of(node, key, pointer, context)
  local result = {}
  if #list(node, key, pointer) == 0 then refuse(pointer .. token(key), "a list that is not empty is expected") end
  for i, alternative in ipairs(node[key]) do
    result[i] = read(alternative, ("%s/%s/%d"):format(pointer, key, i - 1), context)
  end
  return result
end

local json_type = {
  null = "null", boolean = "boolean", integer = "number", number = "number", string = "string",
  array = "array", map = "object", record = "object",
}

local function takes_null(s) return s:check(json.null) == true end

local disjoint

local function disjoint_from_all(list_of, other)
  for _, alternative in ipairs(list_of) do
    if not disjoint(alternative, other) then return false end
  end
  return true
end

--- Records that a required field tells apart.
local function told_apart(a, b)
  local of_b = {}
  for _, field in ipairs(b.fields) do of_b[field.name] = field end
  for _, field in ipairs(a.fields) do
    local other = of_b[field.name]
    if other and not field.optional and not other.optional and disjoint(field.schema, other.schema) then return true end
  end
  return false
end

--- Is it certain that no value fits both?
function disjoint(a, b)
  if takes_null(a) and takes_null(b) then return false end
  if b.kind == "enum" or (b.kind == "union" and a.kind ~= "enum" and a.kind ~= "union") then a, b = b, a end
  if a.kind == "any" or b.kind == "any" then return false end
  if a.kind == "enum" then
    for _, value in ipairs(a.values) do
      if b:check(value) then return false end
    end
    return true
  end
  if a.kind == "union" then return disjoint_from_all(a.alternatives, b) end
  if json_type[a.kind] ~= json_type[b.kind] then return true end
  return a.kind == "record" and b.kind == "record" and told_apart(a, b)
end

local function one_of(node, pointer, context)
  local alternatives = alternatives_of(node, "oneOf", pointer, context)
  for i = 2, #alternatives do
    for j = 1, i - 1 do
      if not disjoint(alternatives[i], alternatives[j]) then
        refuse(pointer .. "/oneOf", "a value may fit alternatives %d and %d: say anyOf", j - 1, i - 1)
      end
    end
  end
  return either(alternatives)
end

--- The place in the document that a reference points to.
local function resolve(ref, pointer, context)
  if type(ref) ~= "string" or (ref ~= "#" and ref:sub(1, 2) ~= "#/") then
    refuse(pointer .. "/$ref", "only references into this document (#/…) can be followed")
  end
  local target = ref:sub(2):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
  local node = context.root
  for name in target:gmatch "/([^/]*)" do
    name = name:gsub("~1", "/"):gsub("~0", "~")
    local index = is_list(node) and math.tointeger(tonumber(name))
    if type(node) == "table" then node = index and node[index + 1] or node[name] else node = nil end
    if node == nil then refuse(pointer .. "/$ref", "%s points nowhere", ref) end
  end
  return node, target
end

local function reference(node, pointer, context)
  local target, at = resolve(node["$ref"], pointer, context)
  if context.open[at] then refuse(pointer .. "/$ref", "a schema that contains itself cannot be said") end
  if not context.done[at] then context.done[at] = read(target, at, context) end
  return context.done[at]
end

-- ---- reading --------------------------------------------------------------------------

local function form(node, pointer, context)
  if node["$ref"] ~= nil then
    alone(node, pointer, "$ref")
    return reference(node, pointer, context)
  elseif node.anyOf ~= nil then
    alone(node, pointer, "anyOf")
    return either(alternatives_of(node, "anyOf", pointer, context))
  elseif node.oneOf ~= nil then
    alone(node, pointer, "oneOf")
    return one_of(node, pointer, context)
  elseif node.enum ~= nil or node.const ~= nil then
    return constants(node, pointer, context)
  end
  return typed(node, pointer, context)
end

local function annotate(result, node, pointer)
  local notes, any = {}, false
  for key in pairs(annotations) do
    notes[key] = node[key]
    any = any or node[key] ~= nil
  end
  if not any then return result end
  local noted, problem = types.annotated(result, notes)
  if noted then return noted end
  refuse(pointer .. token(problem:match "^(%w+):" or "default"), "%s", problem)
end

--- The schema at a place as a type.
function read(node, pointer, context)
  if node == true then return types.any end
  if node == false then return make { kind = "enum", values = json.array() } end
  if not is_object(node) then refuse(pointer, "a schema is an object, true or false") end
  check_keywords(node, pointer)
  context.open[pointer] = true
  local result = annotate(form(node, pointer, context), node, pointer)
  context.open[pointer] = nil
  return result
end

---@param document table|boolean
---@return sluice.Schema? schema, sluice.Error? err
function M.read(document)
  return guarded("this JSON Schema", function()
    return read(document, "", { root = document, open = {}, done = {} })
  end)
end

-- ---- writing --------------------------------------------------------------------------

local write

local writers = {}

function writers.any() return {} end
function writers.null() return { type = "null" } end
function writers.boolean() return { type = "boolean" } end

local function number(s)
  return {
    type = s.kind, minimum = s.min, maximum = s.max, exclusiveMinimum = s.exclusive_min,
    exclusiveMaximum = s.exclusive_max, multipleOf = s.multiple_of,
  }
end

writers.integer, writers.number = number, number

function writers.string(s, pointer)
  local regex = s.regex
  if s.pattern then
    if regex then refuse(pointer, "a pattern beside a regex cannot be said in JSON Schema") end
    regex = pattern.to_regex(s.pattern)
    if not regex then
      refuse(pointer, "the pattern %s cannot be said in JSON Schema; a regex can", s.pattern)
    end
  end
  return { type = "string", minLength = s.min_length, maxLength = s.max_length, pattern = regex, format = s.format }
end

function writers.array(s, pointer)
  local out = { type = "array", minItems = s.min, maxItems = s.max, uniqueItems = s.unique or nil }
  if s.items.kind ~= "any" then out.items = write(s.items, pointer .. "/items") end
  return out
end

function writers.map(s, pointer)
  return {
    type = "object", additionalProperties = write(s.values, pointer .. "/additionalProperties"),
    propertyNames = s.keys and write(s.keys, pointer .. "/propertyNames"),
    minProperties = s.min, maxProperties = s.max,
  }
end

function writers.record(s, pointer)
  local out = { type = "object", properties = {} }
  local required = json.array()
  for _, field in ipairs(s.fields) do
    out.properties[field.name] = write(field.schema, pointer .. "/properties" .. token(field.name))
    if not field.optional then required[#required + 1] = field.name end
  end
  if #required > 0 then out.required = required end
  if s.unknown == "keep" then out.additionalProperties = true
  elseif s.unknown == "refuse" then out.additionalProperties = false
  elseif s.unknown ~= "drop" then out.additionalProperties = write(s.unknown, pointer .. "/additionalProperties") end
  return out
end

function writers.enum(s)
  if #s.values == 1 and not s.nullable then return { const = s.values[1] } end
  return { enum = json.array { table.unpack(s.values) } }
end

function writers.union(s, pointer)
  local any_of = json.array()
  for i, alternative in ipairs(s.alternatives) do
    any_of[i] = write(alternative, ("%s/anyOf/%d"):format(pointer, i - 1))
  end
  return { anyOf = any_of }
end

local function admit_null(out)
  if out.type then out.type = json.array { out.type, "null" }
  elseif out.enum then out.enum[#out.enum + 1] = json.null
  elseif out.anyOf then out.anyOf[#out.anyOf + 1] = { type = "null" } end
end

function write(s, pointer)
  local out = writers[s.kind](s, pointer)
  if s.nullable then admit_null(out) end
  for key in pairs(annotations) do out[key] = s[key] end
  if next(out) == nil then return true end
  if s.kind == "enum" and #s.values == 0 and not s.nullable then return false end
  return out
end

---@param s sluice.Schema
---@return table? document, sluice.Error? err
function M.write(s)
  return guarded("this type", function()
    local out = write(s, "")
    if type(out) == "boolean" then out = { enum = not out and json.array() or nil } end
    out["$schema"] = DRAFT
    return out
  end)
end

return M
