--- What a type is: made of parts that are checked, not to be changed, with its
--- phrase for messages. sluice.schema says what users make of it.
local check = require "sluice.internal.check"
local core = require "sluice.core"
local json = require "sluice.json"
local pattern = require "sluice.internal.schema.pattern"
local phrase = require "sluice.internal.schema.phrase"

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

local text, list = check.of_type("string", "a text"), check.of_type("table", "a list")

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

local function expect_type(name, schema)
  if M.is(schema) then return end
  error(("schema.%s: expected a type such as schema.string, got %s"):format(name, check.show(schema)), 3)
end

--- A field that may be absent.
---@param schema sluice.Schema
---@return sluice.Schema
function M.optional(schema)
  expect_type("optional", schema)
  return with(schema, { optional = true })
end

--- A value that may be null.
---@param schema sluice.Schema
---@return sluice.Schema
function M.nullable(schema)
  expect_type("nullable", schema)
  if schema.kind == "null" or schema.kind == "any" then return schema end
  return with(schema, { nullable = true })
end

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

--- For those who make types: sluice.schema, and json_schema.lua.
M.make, M.with, M.part, M.finish, M.must, M.field_of, M.annotated, M.methods =
  make, with, part, finish, must, field_of, annotated, methods

return M
