--- The representation of a type: made of checked parts, immutable, with its phrase
--- for messages. kinds.lua lists the kinds; sluice.schema documents them for
--- users.
local check = require "sluice.internal.check"
local core = require "sluice.core"
local json = require "sluice.json"
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
---@field value string?      the offending value as JSON text, shortened; nil: missing

---@class sluice.Schema
---@field kind string
---@field expected string
---@field nullable boolean?
---@field optional boolean?  set only until it is in a record
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

-- ---- kinds ------------------------------------------------------------------

--- A kind of type. `node` is the schema at `at`, a JSON Pointer; paths are relative to it.
---@class sluice.SchemaKind
---@field kind string
---@field bare table?        the parts of the type without options; nil: it must be made from other types
---@field options table[]?   { name, reader, keyword of JSON Schema or nil, its reader if different, usual = value left out of code }
---@field settle nil|fun(parts: table): string?   convert the written parts to those that are kept; returns the problem, if any
---@field compiled string[]? parts that only the runtime can check
---@field phrase fun(type: table): string
---@field content string|nil|fun(type): string   for code: the option that is a type; or a text
---@field json_type string?  the JSON type of its values
---@field keywords string[]? of JSON Schema, beside those of the options
---@field claims nil|fun(node: table, whole: boolean): boolean   one kind of each json_type has none: it takes the rest
---@field mark string?       the keywords by which it claims
---@field read nil|fun(options: table, node: table, at: string, read: fun(node, path): sluice.Schema): table?   more parts
---@field write nil|fun(type, out: table, at: string, write: fun(type, path): any): boolean?   false: no value fits
--- Of a table; whether null is a value; for an array of scalars, their type. nil: "json".
---@field column string|nil|fun(type): string, boolean?, sluice.Schema?

---@type table<string, sluice.SchemaKind>|sluice.SchemaKind[]  by name, and in order
M.kinds = {}

---@type table<string, sluice.Schema>
M.bare = {}

-- ---- options ----------------------------------------------------------------

local text, list = check.of_type("string", "a string"), check.of_type("table", "a list")

--- A type that is part of another one.
local function part(value, name)
  if not M.is(value) then return nil, "a type such as schema.string" end
  if value.optional then
    return nil, nil, ("%s: only a field of a record can be optional"):format(name)
  end
  return value
end

local function any(value) return value end

--- Options of every type.
local common = { title = text, description = text, examples = list, deprecated = check.boolean, default = any }

-- ---- making types -----------------------------------------------------------

--- Make a type from its parts, without checks.
local function make(parts)
  parts.expected = phrase.cut(M.kinds[parts.kind].phrase(parts) .. (parts.nullable and " or null" or ""))
  return setmetatable(parts, Schema)
end

local function joined(parts, more)
  local both = {}
  for name, value in pairs(parts) do both[name] = value end
  for name, value in pairs(more) do both[name] = value end
  return both
end

--- Parts that only some types have; for the others they are nil.
local parts_of_some = joined(common, {
  kind = true, expected = true, nullable = true, optional = true, fields = true, values = true, alternatives = true,
})

---@param kind sluice.SchemaKind
function M.define(kind)
  kind.options, kind.readers = kind.options or {}, joined(common, {})
  kind.keyword_of, kind.reads = {}, {}
  for _, option in ipairs(kind.options) do
    local name, reader, keyword = table.unpack(option)
    kind.readers[name], kind.keyword_of[name] = reader, keyword
    parts_of_some[name] = true
    if keyword then kind.reads[keyword] = true end
  end
  for _, keyword in ipairs(kind.keywords or {}) do kind.reads[keyword] = true end
  M.kinds[#M.kinds + 1], M.kinds[kind.kind] = kind, kind
  if kind.bare then M.bare[kind.kind] = make(joined(kind.bare, { kind = kind.kind })) end
end

--- A copy with some parts changed; it gets its own program.
local function with(schema, changes)
  return make(joined(schema, changes))
end

--- Compile the schema to check it; returns nil or the problem.
local function problem_of(schema)
  local ok, why = pcall(methods.compile, schema)
  if ok then return nil end
  return (tostring(why):gsub("^[^\n]-:%d+: ", ""))
end

--- Decode a default as if it came from a row, so that it is complete.
local function settle_default(schema)
  if schema.default == nil then return schema end
  local encoded, err = json.encode(schema.default)
  if encoded == nil then return nil, "default: " .. err.message end
  local value
  value, err = schema:decode(encoded)
  if err then return nil, ("default: %s"):format(err.message) end
  return with(schema, { default = value })
end

local bounds = {
  { "min", "max" }, { "exclusive_min", "exclusive_max" }, { "min_length", "max_length" },
}

--- Bounds that allow no value are a mistake.
local function out_of_order(parts)
  for _, pair in ipairs(bounds) do
    local low, high = parts[pair[1]], parts[pair[2]]
    if low and high and low > high then
      return ("%s is %s, above %s, which is %s"):format(pair[1], low, pair[2], high)
    end
  end
  for _, pair in ipairs { { "min", "exclusive_min" }, { "max", "exclusive_max" } } do
    if parts[pair[1]] and parts[pair[2]] then return ("expected only one of %s and %s"):format(pair[1], pair[2]) end
  end
end

--- Make a type with options written by a user; returns it, or nil and the problem.
---@return sluice.Schema? schema, string? problem
local function finish(parts, options)
  local kind, read, problem = M.kinds[parts.kind], nil, nil
  if options ~= nil then
    if type(options) ~= "table" or M.is(options) then
      return nil, ("expected a table of options, got %s"):format(check.show(options))
    end
    read, problem = check.table(options, kind.readers, "")
    if not read then return nil, problem end
    for name, value in pairs(read) do parts[name] = value end
  end
  problem = kind.settle and kind.settle(parts) or out_of_order(parts)
  if problem then return nil, problem end
  local schema = make(parts)
  for _, name in ipairs(kind.compiled or {}) do
    problem = parts[name] and problem_of(schema)
    if problem then return nil, problem end
  end
  return settle_default(schema)
end

--- Return the type, or raise the problem at the line of the constructor's caller:
--- the constructor returns this call as a tail call, so it is not on the stack.
local function must(name, schema, problem)
  if schema then return schema end
  error(("schema.%s: %s"):format(name, problem), 2)
end

-- ---- options for a bare type --------------------------------------------------

local function refine(self, first, options)
  local kind = M.kinds[self.kind]
  if self ~= M.bare[self.kind] then
    return nil, ("this %s already has its options"):format(self.kind)
  end
  local parts, name = joined(kind.bare, { kind = self.kind }), kind.content
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

--- A field from its declaration, or nil and the problem.
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

--- The compiled program for the runtime.
---@return sluice.core.Schema
function methods:compile()
  local program = compiled[self]
  if not program then
    program = core.schema(self)
    compiled[self] = program
  end
  return program
end

--- Decode JSON text to the declared value. err.kind is row_malformed if it is not
--- JSON, row_invalid if it is not of this type, with err.violations.
---@param json_text string
---@return any value, sluice.Error? err
function methods:decode(json_text)
  if type(json_text) ~= "string" then
    error(("decode: expected a JSON text, got %s"):format(check.show(json_text)), 2)
  end
  return self:compile():decode(json_text)
end

--- Why a Lua value cannot be encoded as JSON, as a violation.
local function not_json(self, err)
  local pointer = err.message:match ", at (/.*)$"
  local why = pointer and err.message:sub(1, #err.message - #pointer - #", at ") or err.message
  return { { pointer = pointer or "", expected = pointer and "a JSON value" or self.expected, value = why } }
end

--- Check whether a plain Lua value is of this type, as if it had been encoded as JSON
--- and decoded: an empty table is an object, unless sluice.array has marked it.
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

Schema.__index = core.members(methods, "a type", parts_of_some)

function Schema.__newindex(_, name)
  error(("a type cannot be changed (%s)"):format(tostring(name)), 2)
end

-- ---- as code ------------------------------------------------------------------

local function value_code(value)
  return M.is(value) and tostring(value) or phrase.value_code(value)
end

local function options_code(schema, kind)
  local words = {}
  local function add(name, value) words[#words + 1] = ("%s = %s"):format(name, value_code(value)) end
  for _, option in ipairs(kind.options) do
    local name = option[1]
    if schema[name] and name ~= kind.content and schema[name] ~= option.usual then add(name, schema[name]) end
  end
  if schema.default ~= nil then add("default", schema.default) end
  return #words > 0 and "{ " .. table.concat(words, ", ") .. " }" or nil
end

--- The type as a user would write it, without "schema.".
function Schema.__tostring(self)
  local kind = M.kinds[self.kind]
  local content, options, code = kind.content, options_code(self, kind), self.kind
  if content then
    content = self[content] and tostring(self[content]) or content(self)
    code = ("%s(%s%s)"):format(code, content, options and ", " .. options or "")
  elseif options then
    code = code .. " " .. options
  end
  if self.nullable then code = ("nullable(%s)"):format(code) end
  return self.optional and ("optional(%s)"):format(code) or code
end

-- ---- annotations ---------------------------------------------------------------

--- The same type with annotations and a default, or nil and the problem.
local function annotated(schema, annotations)
  local read, expected
  local changes = {}
  for name, value in pairs(annotations) do
    read, expected = common[name](value)
    if read == nil then return nil, ("%s: expected %s"):format(name, expected) end
    changes[name] = read
  end
  return settle_default(with(schema, changes))
end

--- For the modules that make types: sluice.schema, kinds.lua and json_schema.lua.
M.common, M.make, M.part, M.finish, M.must, M.field_of, M.annotated, M.methods =
  common, make, part, finish, must, field_of, annotated, methods

return M
