--- Row types, declared.
---
---     local schema = require "sluice.schema"
---     local declaration = schema.record {
---       name = schema.string,
---       line = schema.integer { min = 1 },
---       doc  = schema.optional(schema.string),
---     }
---     declaration:decode '{"name":"f","line":0}'
---       --> nil, row_invalid: /line: expected an integer of at least 1, got 0
---
--- Types: string, integer, number, boolean, null, any, array and map are used
--- bare or with options, `schema.integer { min = 1 }`; record, enum, const and
--- union are made of something; optional and nullable wrap another type.
---
---   string    length (a number or { min, max }), min_length, max_length, in
---             characters; pattern, a Lua pattern; regex, a regular expression
---             as in JSON Schema (its linear part: runtime/schema/regex.h);
---             format: date date-time time duration email hostname ipv4 ipv6
---             json-pointer uri uri-reference uuid
---   integer   min, max, exclusive_min, exclusive_max, multiple_of. 64 bits.
---             1.0 and 1e2 are integers too, up to 2^53; 1.5 and 1e30 are not.
---   number    the same options; within double range
---   array     schema.array(items, { min =, max =, unique = true })
---   map       schema.map(values, { keys =, min =, max = }): any names
---   record    schema.record(fields, { unknown = … }): these names. fields is
---             { name = type, … }, in alphabetical order, or to keep an order
---             { { "name", type }, … }. A field that is not declared is dropped,
---             undecoded ("drop", the default); kept as it is ("keep") or as
---             a type says (unknown = schema.string); or a violation ("refuse").
---             schema.open and schema.closed are record with keep and refuse.
---   enum      schema.enum { "a", "b", 3, sluice.null }
---   const     schema.const(value): an enum of one
---   union     schema.union(a, b, …): the first that fits
---   optional  a field that may be absent: nil then
---   nullable  a value that may be null: sluice.null then
---
--- Every type takes title, description, examples, deprecated and default. The
--- default stands for an absent field, which need not be declared optional then;
--- each row gets its own copy. A default that is not valid is a mistake.
---
--- A type is a value, not to be changed. It can be asked: kind ("string", …;
--- a const is an enum), the options by their names, nullable, default;
--- fields of a record: a list of { name =, schema =, optional =, nullable = } in
--- order; items, values (of a map its type, of an enum the list), keys,
--- alternatives, unknown; and expected, the phrase of messages.
local check = require "sluice.internal.check"
local core = require "sluice.core"
local json = require "sluice.json"
local pattern = require "sluice.internal.schema.pattern"
local phrase = require "sluice.internal.schema.phrase"
local sorted_keys = require "sluice.internal.sorted_keys"

local M = {}

---@class sluice.SchemaField
---@field name string
---@field schema sluice.Schema
---@field optional boolean   may be absent
---@field nullable boolean   may be null

---@class sluice.Violation
---@field pointer string     JSON Pointer to the place
---@field expected string    "an integer of at least 1"
---@field value string?      the offending value as JSON text, cut; nil: missing

---@class sluice.Schema
---@field kind string
---@field expected string
---@field nullable boolean?
---@field optional boolean?  only until it is in a record
---@field default any
---@field title string?
---@field description string?
---@field fields sluice.SchemaField[]?
---@field items sluice.Schema?
---@field values any
---@field keys sluice.Schema?
---@field alternatives sluice.Schema[]?
---@field unknown "drop"|"keep"|"refuse"|sluice.Schema|nil
local Schema = { __name = "sluice.Schema" }
local methods = {}

--- Compiled programs, by schema: made on first use.
local compiled = setmetatable({}, { __mode = "k" })

---@param value any
---@return boolean
function M.is(value)
  return type(value) == "table" and getmetatable(value) == Schema
end

-- ---- options ----------------------------------------------------------------

local function text(value)
  if type(value) == "string" then return value end
  return nil, "a text"
end

local function size(value)
  if math.type(value) == "integer" and value >= 0 then return value end
  return nil, "a whole number from 0 on"
end

local function number(value)
  if math.type(value) and value == value and value ~= math.huge and value ~= -math.huge then return value end
  return nil, "a number"
end

local function step(value)
  if number(value) and value > 0 then return value end
  return nil, "a number above 0"
end

local function list(value)
  if type(value) == "table" then return value end
  return nil, "a list"
end

--- A type that stands within another one.
local function part(value, name)
  if not M.is(value) then return nil, "a type such as schema.string" end
  if value.optional then
    return nil, nil, ("%s: only a field of a record can be optional"):format(name)
  end
  return value
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

local function any(value) return value end

local number_options = { min = number, max = number, exclusive_min = number, exclusive_max = number, multiple_of = step }

--- What each type may be told.
local options_of = {
  any = {}, null = {}, boolean = {},
  string = {
    length = length, min_length = size, max_length = size, pattern = lua_pattern, regex = text, format = text,
  },
  integer = number_options,
  number = number_options,
  array = { items = part, min = size, max = size, unique = check.boolean },
  map = { values = part, keys = part, min = size, max = size },
  record = { unknown = any },
  enum = {}, union = {},
}

local common = { title = text, description = text, examples = list, deprecated = check.boolean, default = any }
for _, readers in pairs(options_of) do
  for name, reader in pairs(common) do
    if readers[name] == nil then readers[name] = reader end
  end
end

-- ---- making types -----------------------------------------------------------

--- A raw type from its parts.
local function make(parts)
  parts.expected = phrase.of(parts)
  return setmetatable(parts, Schema)
end

--- The same with some parts changed; its program is its own.
local function with(schema, changes)
  local parts = {}
  for name, value in pairs(schema) do parts[name] = value end
  for name, value in pairs(changes) do parts[name] = value end
  return make(parts)
end

--- Compile it, to learn whether it makes sense: nil or the problem.
local function problem_of(schema)
  local ok, why = pcall(methods.compile, schema)
  if ok then return nil end
  return (tostring(why):gsub("^[^\n]-:%d+: ", ""))
end

--- A default is read as if it had been in a row, so that it is complete.
local function settle_default(schema)
  if schema.default == nil then return schema end
  local encoded, err = json.encode(schema.default)
  if encoded == nil then return nil, "default: " .. err.message end
  local value
  value, err = schema:decode(encoded)
  if err then return nil, ("default: %s"):format(err.message) end
  return with(schema, { default = value })
end

local function spread_length(parts)
  if not parts.length then return end
  parts.min_length = parts.length[1] or parts.min_length
  parts.max_length = parts.length[2] or parts.max_length
  parts.length = nil
end

local bounds = {
  { "min", "max" }, { "exclusive_min", "exclusive_max" }, { "min_length", "max_length" },
}

--- Bounds that leave nothing are a slip.
local function out_of_order(parts)
  for _, pair in ipairs(bounds) do
    local low, high = parts[pair[1]], parts[pair[2]]
    if low and high and low > high then
      return ("%s is %s, above %s, which is %s"):format(pair[1], low, pair[2], high)
    end
  end
  for _, pair in ipairs { { "min", "exclusive_min" }, { "max", "exclusive_max" } } do
    if parts[pair[1]] and parts[pair[2]] then return ("both %s and %s"):format(pair[1], pair[2]) end
  end
end

--- Make a type with options that a user wrote: it, or nil and the problem.
---@return sluice.Schema? schema, string? problem
local function finish(parts, options)
  local read, problem = {}, nil
  if options ~= nil then
    if type(options) ~= "table" or M.is(options) then
      return nil, ("expected a table of options, got %s"):format(check.show(options))
    end
    read, problem = check.table(options, options_of[parts.kind], "")
    if not read then return nil, problem end
    for name, value in pairs(read) do parts[name] = value end
  end
  spread_length(parts)
  problem = out_of_order(parts)
  if problem then return nil, problem end
  local schema = make(parts)
  if parts.regex or parts.format or parts.values then
    problem = problem_of(schema)
    if problem then return nil, problem end
  end
  return settle_default(schema)
end

--- The type, or the problem raised at the line of whoever called the
--- constructor: that returns this call, a tail call, so it is not on the stack.
local function must(name, schema, problem)
  if schema then return schema end
  error(("schema.%s: %s"):format(name, problem), 2)
end

-- ---- scalars, arrays, maps --------------------------------------------------

M.any = make { kind = "any" }
M.null = make { kind = "null" }
M.boolean = make { kind = "boolean" }
M.integer = make { kind = "integer" }
M.number = make { kind = "number" }
M.string = make { kind = "string" }
M.array = make { kind = "array", items = M.any }
M.map = make { kind = "map", values = M.any }

--- What the first argument of array(…) and map(…) may be instead of options.
local positional = { array = "items", map = "values" }

local function refine(self, first, options)
  if self ~= M[self.kind] then
    return nil, ("this %s has its options already"):format(self.kind)
  end
  local parts = { kind = self.kind, items = self.items, values = self.values }
  local name = positional[self.kind]
  if name and (M.is(first) or options ~= nil) then
    local value, expected, problem = part(first, name)
    if not value then
      return nil, problem or ("%s: expected %s, got %s"):format(name, expected, check.show(first))
    end
    parts[name] = value
    return finish(parts, options)
  end
  if first == nil then return nil, "expected a table of options, got nil" end
  return finish(parts, first)
end

function Schema.__call(self, first, options)
  return must(self.kind, refine(self, first, options))
end

-- ---- wrappers ---------------------------------------------------------------

--- A field that may be absent.
---@param schema sluice.Schema
---@return sluice.Schema
function M.optional(schema)
  if not M.is(schema) then
    error(("schema.optional: expected a type such as schema.string, got %s"):format(check.show(schema)), 2)
  end
  return with(schema, { optional = true })
end

--- A value that may be null.
---@param schema sluice.Schema
---@return sluice.Schema
function M.nullable(schema)
  if not M.is(schema) then
    error(("schema.nullable: expected a type such as schema.string, got %s"):format(check.show(schema)), 2)
  end
  if schema.kind == "null" or schema.kind == "any" then return schema end
  return with(schema, { nullable = true })
end

-- ---- records ----------------------------------------------------------------

--- A field from what was declared: it, or nil and the problem.
local function field_of(name, schema, required)
  if type(name) ~= "string" then return nil, ("expected a name, got %s"):format(check.show(name)) end
  if not M.is(schema) then
    return nil, ("%s: expected a type such as schema.string, got %s"):format(name, check.show(schema))
  end
  local optional = not required and (schema.optional or schema.default ~= nil) or false
  if schema.optional then schema = with(schema, { optional = false }) end
  return { name = name, schema = schema, optional = optional, nullable = schema.nullable or schema.kind == "null" }
end

--- { name = type } in alphabetical order, or { { name, type } } as it is.
local function in_order(declared)
  if declared[1] ~= nil then return declared end
  local list = sorted_keys(declared)
  for i, name in ipairs(list) do list[i] = { name, declared[name] } end
  return list
end

local function read_fields(declared)
  if type(declared) ~= "table" or M.is(declared) then
    return nil, ("expected a table of fields such as { name = schema.string }, got %s"):format(check.show(declared))
  end
  local result, seen = {}, {}
  for i, entry in ipairs(in_order(declared)) do
    if type(entry) ~= "table" then return nil, ("field %d: expected { name, type }, got %s"):format(i, check.show(entry)) end
    local field, problem = field_of(entry[1], entry[2], entry.required)
    if not field then return nil, problem end
    if seen[field.name] then return nil, ("%s is declared twice"):format(field.name) end
    seen[field.name] = true
    result[i] = field
  end
  return result
end

local unknowns = { drop = true, keep = true, refuse = true }

local function record(declared, options, unknown)
  local read, problem = read_fields(declared)
  if not read then return nil, problem end
  if unknown and type(options) == "table" and options.unknown ~= nil then
    return nil, ("unknown: is %s here; use schema.record"):format(check.show(unknown))
  end
  local parts = { kind = "record", fields = read, unknown = unknown or "drop" }
  local schema
  schema, problem = finish(parts, options)
  if schema and not unknowns[schema.unknown] then
    local _, expected, why = part(schema.unknown, "unknown")
    if expected or why then
      return nil, why or ('unknown: expected "drop", "keep", "refuse" or a type, got %s'):format(check.show(schema.unknown))
    end
  end
  return schema, problem
end

--- Named fields; see above.
---@return sluice.Schema
function M.record(declared, options) return must("record", record(declared, options)) end

--- A record that keeps what is not declared.
---@return sluice.Schema
function M.open(declared, options) return must("open", record(declared, options, "keep")) end

--- A record that refuses what is not declared.
---@return sluice.Schema
function M.closed(declared, options) return must("closed", record(declared, options, "refuse")) end

-- ---- enums and unions -------------------------------------------------------

local function enum(values, options)
  if type(values) ~= "table" or M.is(values) or #values == 0 then
    return nil, ('expected a list of values such as { "a", "b" }, got %s'):format(check.show(values))
  end
  local encoded, err = json.encode(json.array { table.unpack(values) })
  if not encoded then return nil, err.message end
  return finish({ kind = "enum", values = (json.decode(encoded)) }, options)
end

--- One of these values.
---@return sluice.Schema
function M.enum(values, options) return must("enum", enum(values, options)) end

--- This value only.
---@return sluice.Schema
function M.const(value, options)
  if value == nil then error("schema.const: expected a value; sluice.null is JSON's null", 2) end
  return must("const", enum({ value }, options))
end

--- A bare null among the alternatives makes the union nullable.
local function alternatives_of(given)
  local alternatives, nullable = {}, false
  for i, schema in ipairs(given) do
    local value, expected, problem = part(schema, "alternative " .. i)
    if not value then
      return nil, problem or ("alternative %d: expected %s, got %s"):format(i, expected, check.show(schema))
    end
    if value.kind == "null" then nullable = true else alternatives[#alternatives + 1] = value end
  end
  return alternatives, nullable
end

local function union(given, options)
  if #given == 0 then return nil, "expected types, got none" end
  local alternatives, nullable = alternatives_of(given)
  if not alternatives then return nil, nullable end
  if #alternatives == 0 then return finish({ kind = "null" }, options) end
  return finish({ kind = "union", alternatives = alternatives, nullable = nullable or nil }, options)
end

--- The first of these types that fits: union(a, b, …) or union({ a, b, … }, options).
---@return sluice.Schema
function M.union(...)
  local first, options = ...
  if type(first) == "table" and not M.is(first) then return must("union", union(first, options)) end
  local given = table.pack(...)
  for i = 1, given.n do
    if given[i] == nil then error(("schema.union: alternative %d: expected a type, got nil"):format(i), 2) end
  end
  return must("union", union(given))
end

-- ---- what a type can do -----------------------------------------------------

--- The program, which the runtime takes.
---@return sluice.core.Schema
function methods:compile()
  local program = compiled[self]
  if not program then
    program = core.schema(self)
    compiled[self] = program
  end
  return program
end

--- A JSON text as the declared value. err.kind is row_malformed when it is not
--- JSON, row_invalid when it is not of this type, with err.violations.
---@param json_text string
---@return any value, sluice.Error? err
function methods:decode(json_text)
  if type(json_text) ~= "string" then
    error(("decode: expected a JSON text, got %s"):format(check.show(json_text)), 2)
  end
  return self:compile():decode(json_text)
end

--- Why a Lua value is no JSON value, as a violation.
local function not_json(self, err)
  local pointer = err.message:match ", at (/.*)$"
  local why = pointer and err.message:sub(1, #err.message - #pointer - #", at ") or err.message
  return { { pointer = pointer or "", expected = pointer and "a JSON value" or self.expected, value = why } }
end

--- Is a plain Lua value of this type? As if it had been encoded as JSON and
--- decoded: an empty table is an object, unless sluice.array has marked it.
---@param value any
---@return true? ok, sluice.Violation[]? violations
function methods:check(value)
  local encoded, err = json.encode(value)
  if not encoded then return nil, not_json(self, err) end
  local _
  _, err = self:compile():decode(encoded)
  if err then
    if not err.violations then error(err, 0) end
    return nil, err.violations
  end
  return true
end

--- The type as a JSON Schema (2020-12), a table for sluice.json.encode. A type
--- that it cannot say is nil and an error (kind policy).
---@return table? document, sluice.Error? err
function methods:to_json_schema()
  return require("sluice.internal.schema.json_schema").write(self)
end

--- A JSON Schema (2020-12), a table or a text, as a type. What these types
--- cannot say is refused with its JSON Pointer (err.pointer; kind policy). What can
--- be said is written down in internal/schema/json_schema.lua.
---@param document table|boolean|string
---@return sluice.Schema? schema, sluice.Error? err
function M.from_json_schema(document)
  if type(document) == "string" then
    local decoded, err = json.decode(document)
    if err then return nil, core.error("policy", "the JSON Schema is not JSON: " .. err.message) end
    document = decoded
  end
  return require("sluice.internal.schema.json_schema").read(document)
end

Schema.__index = methods

function Schema.__newindex(_, name)
  error(("a type cannot be changed (%s)"):format(tostring(name)), 2)
end

function Schema.__tostring(self)
  return phrase.code(self)
end

--- The same type with annotations and a default: it, or nil and the problem.
local function annotated(schema, annotations)
  local read, expected
  local changes = {}
  for name, value in pairs(annotations) do
    read, expected = common[name](value)
    if read == nil then return nil, ("%s: %s is expected"):format(name, expected) end
    changes[name] = read
  end
  return settle_default(with(schema, changes))
end

--- For internal/schema/json_schema.lua.
M.internal = { make = make, with = with, finish = finish, field_of = field_of, annotated = annotated }

return M
