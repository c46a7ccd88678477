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
--- Types such as string are used bare or with options, `schema.integer { min = 1 }`:
--- string, integer, number, decimal, boolean, null, any, array and map. What each may be told
--- stands in sluice/internal/schema/kinds.lua, kind by kind. Other types are made of something:
---
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
--- An integer beyond 64 bits, and of number one beyond a double's range, is a decimal
--- (sluice.decimal) in Lua. A decimal is any number with the digits that it came with:
--- schema.decimal { precision = 12, scale = 2, min = "0.01", max = 1000 }.
---
--- A regex is an expression of ECMA-262 with its flag u. It matches anywhere in
--- a text, in time that grows with the text and no faster. When the type is
--- made, what cannot be had is refused by name: lookahead, lookbehind, back
--- references and flags in the expression. Of properties there are general
--- categories (\p{Letter}, \p{Lu}), scripts (\p{Script=Greek}), \p{Any}, \p{ASCII}
--- and \p{Assigned}. An expression takes at most 8 MiB, its counts written out:
--- enough for {10000} of . or {400} of \p{L}; beyond that use max_length.
---
--- Every type takes title, description, examples, deprecated and default. The
--- default stands for an absent field, which need not be declared optional then;
--- each row gets its own copy. A default that is not valid is a mistake.
---
--- A record that was decoded is written (sluice.json.encode, a sink's column of
--- JSON) with its fields in the order of its type; kept ones follow, by name.
---
--- A type is a value, not to be changed. It can be asked: kind ("string", …;
--- a const is an enum), the options by their names, nullable, default;
--- fields of a record: a list of { name =, schema =, optional =, nullable = } in
--- order; items, values (of a map its type, of an enum the list), keys,
--- alternatives, unknown; and expected, the phrase of messages.
local check = require "sluice.internal.check"
local core = require "sluice.core"
local json = require "sluice.json"
local lists = require "sluice.internal.lists"
require "sluice.internal.schema.kinds"
local types = require "sluice.internal.schema.type"

local M = {}

M.is, M.optional, M.nullable = types.is, types.optional, types.nullable
for name, bare in pairs(types.bare) do M[name] = bare end

local finish, must, part = types.finish, types.must, types.part

-- ---- records ----------------------------------------------------------------

--- { name = type } in alphabetical order, or { { name, type } } as it is.
local function in_order(declared)
  if declared[1] ~= nil then return declared end
  local list = lists.sorted_keys(declared)
  for i, name in ipairs(list) do list[i] = { name, declared[name] } end
  return list
end

local FIELD_KEYS = { true, true, required = true }

local function read_fields(declared)
  if type(declared) ~= "table" or M.is(declared) then
    return nil, ("expected a table of fields such as { name = schema.string }, got %s"):format(check.show(declared))
  end
  local result, seen = {}, {}
  for i, entry in ipairs(in_order(declared)) do
    if type(entry) ~= "table" then return nil, ("field %d: expected { name, type }, got %s"):format(i, check.show(entry)) end
    for key in pairs(entry) do
      if not FIELD_KEYS[key] then return nil, ("field %d: unknown key %s; a field is { name, type, required = … }"):format(i, check.show(key)) end
    end
    local field, problem = types.field_of(entry[1], entry[2], entry.required)
    if not field then return nil, problem end
    if seen[field.name] then return nil, ("%s is declared twice"):format(field.name) end
    seen[field.name] = true
    result[i] = field
  end
  return result
end

local function record(declared, options, unknown)
  local read, problem = read_fields(declared)
  if not read then return nil, problem end
  if unknown and type(options) == "table" and options.unknown ~= nil then
    return nil, ("unknown: is %s here; use schema.record"):format(check.show(unknown))
  end
  return finish({ kind = "record", fields = read, unknown = unknown or "drop" }, options)
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

local function of_columns(list)
  local columns = require "sluice.internal.sql.columns"
  local read, problem = columns.read(list)
  if not read then return nil, problem end
  return record(columns.fields(read), nil, "refuse")
end

--- Columns as those of sql.table, `{ name = "text", line = "integer?" }` or `{ { "name", "text" }, … }`, as a
--- record: what `?` marks may be null or absent, and a field for which there is no column is a violation.
---@param list table
---@return sluice.Schema
function M.columns(list) return must("columns", of_columns(list)) end

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

--- The type as a JSON Schema (2020-12), a table for sluice.json.encode. A type
--- that it cannot say is nil and an error (kind policy).
---@return table? document, sluice.Error? err
function types.methods:to_json_schema()
  return require("sluice.internal.schema.json_schema").write(self)
end

local JSON_SCHEMA_OPTIONS = { strict = check.boolean }

--- A JSON Schema, a table or a text, as a type: of draft-04, 06, 07, 2019-09 or
--- 2020-12, as its $schema says. What these types cannot say is refused with its JSON
--- Pointer (err.pointer; kind policy). What can be said is written down in
--- internal/schema/json_schema.lua. Keywords and formats of no draft are annotations,
--- which are ignored; { strict = true } refuses them, because they may be misspelt.
---@param document table|boolean|string
---@param options { strict: boolean? }?
---@return sluice.Schema? schema, sluice.Error? err
function M.from_json_schema(document, options)
  local read = check.options("schema.from_json_schema", options, JSON_SCHEMA_OPTIONS, 2)
  if type(document) == "string" then
    local decoded, err = json.decode(document)
    if err then return nil, core.error("policy", "the JSON Schema is not JSON: " .. err.message) end
    document = decoded
  end
  return require("sluice.internal.schema.json_schema").read(document, read.strict)
end

-- ---- files ------------------------------------------------------------------

--- A schema from a file: of Lua (*.lua), which returns it, or a JSON Schema. A file may hold one for each
--- stream, as a table { stream = schema } that Lua returns, or as the JSON Schema that `sluice infer` writes
--- (internal/schema/file.lua says how it looks): then a plain table of them by stream, which M.is tells
--- from a schema; or with a name only that of this stream. The error names the file and the place.
---@param path string
---@param stream string?
---@return sluice.Schema|table<string, sluice.Schema>|nil schema, sluice.Error? err  kind usage or policy
function M.load(path, stream)
  if type(path) ~= "string" then error(("schema.load: expected a path, got %s"):format(check.show(path)), 2) end
  return require("sluice.internal.schema.file").load(path, stream)
end

--- What M.load has read as a table by stream: of a schema its only entry is the stream, or "rows"; of such a
--- table it is all, or what the stream has. one: what the error says, before their names, where several are left
--- and one is needed.
---@param declared sluice.Schema|table<string, sluice.Schema>
---@param stream string?
---@param one string?
---@return table<string, sluice.Schema>? by_stream, sluice.Error? err  kind usage
function M.by_stream(declared, stream, one)
  if type(declared) ~= "table" then
    error(("schema.by_stream: expected a schema, or a table of them by stream, got %s"):format(check.show(declared)), 2)
  end
  return require("sluice.internal.schema.file").by_stream(declared, stream, one)
end

return core.members(M, "sluice.schema")
