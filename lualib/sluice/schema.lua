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
--- string, integer, number, decimal, boolean, null, any, array and map. The options of each
--- kind are in sluice/internal/schema/kinds.lua. Other types are built from parts:
---
---   record    schema.record(fields, { unknown = … }): these names. fields is
---             { name = type, … }, in alphabetical order, or to keep an order
---             { { "name", type }, … }. A field that is not declared is dropped,
---             undecoded ("drop", the default); kept unchanged ("keep") or checked
---             against a type (unknown = schema.string); or a violation ("refuse").
---             schema.open and schema.closed are record with keep and refuse.
---   enum      schema.enum { "a", "b", 3, sluice.null }
---   const     schema.const(value): an enum of one
---   union     schema.union(a, b, …): the first that fits
---   optional  a field that may be absent, which gives nil
---   nullable  a value that may be null, which gives sluice.null
---
--- An integer beyond 64 bits, and for number one beyond a double's range, is a decimal
--- (sluice.decimal) in Lua. The decimal type takes any number and keeps its original digits:
--- schema.decimal { precision = 12, scale = 2, min = "0.01", max = 1000 }.
---
--- A regex is an ECMA-262 regular expression with the flag u. It matches anywhere in
--- a text, in time linear in the length of the text. Unsupported features are refused by
--- name when the type is made: lookahead, lookbehind, back references and flags in the
--- expression. The supported properties are general categories (\p{Letter}, \p{Lu}),
--- scripts (\p{Script=Greek}), \p{Any}, \p{ASCII} and \p{Assigned}. An expression takes
--- at most 8 MiB, with its counts expanded: enough for {10000} of . or {400} of \p{L};
--- beyond that use max_length.
---
--- Every type takes title, description, examples, deprecated and default. The
--- default replaces an absent field, which then need not be declared optional;
--- each row gets its own copy. An invalid default is an error in the declaration.
---
--- A decoded record is written (sluice.json.encode, a sink's column of JSON) with
--- its fields in the order of its type, followed by kept fields, sorted by name.
---
--- A type is a value and must not be changed. It has the fields kind ("string", …;
--- a const is an enum), its options by name, nullable, default;
--- fields (of a record): a list of { name =, schema =, optional =, nullable = } in
--- order; items, values (of a map its type, of an enum the list), keys,
--- alternatives, unknown; and expected, the phrase for messages.
local check = require "sluice.internal.check"
local core = require "sluice.core"
local json = require "sluice.json"
local make = require "sluice.internal.schema.make"
local types = require "sluice.internal.schema.type"

local M = {}

for name, constructor in pairs(make) do M[name] = constructor end

--- The type as a JSON Schema (2020-12), a table for sluice.json.encode; nil and an
--- error (kind policy) if JSON Schema cannot express it.
---@return table? document, sluice.Error? err
function types.methods:to_json_schema()
  return require("sluice.internal.schema.json_schema").write(self)
end

local JSON_SCHEMA_OPTIONS = { strict = check.boolean }

--- A type from a JSON Schema, a table or a text, of draft-04, 06, 07, 2019-09 or
--- 2020-12, as its $schema says. What these types cannot express is refused with its JSON
--- Pointer (err.pointer; kind policy); internal/schema/json_schema.lua lists what is
--- supported. Keywords and formats that are in no draft are annotations,
--- which are ignored; { strict = true } refuses them, because they may be misspelt.
---@param document table|boolean|string
---@param options { strict: boolean? }?
---@return sluice.Schema? schema, sluice.Error? err
function M.from_json_schema(document, options)
  local read = check.options("schema.from_json_schema", options, JSON_SCHEMA_OPTIONS, 2)
  if type(document) == "string" then
    local decoded, err = json.decode(document)
    if err then return nil, core.error("policy", "the JSON Schema is not valid JSON: " .. err.message) end
    document = decoded
  end
  return require("sluice.internal.schema.json_schema").read(document, read.strict)
end

-- ---- files ------------------------------------------------------------------

--- A schema from a file: a Lua file (*.lua) that returns it, or a JSON Schema. A file may hold one for each
--- stream, as a table { stream = schema } that Lua returns, or as the JSON Schema that `sluice infer` writes
--- (format: internal/schema/file.lua). Without a stream name the result is then a plain table of schemas by
--- stream, which M.is tells from a schema; with one, it is only that stream's. The error names the file and the place.
---@param path string
---@param stream string?
---@return sluice.Schema|table<string, sluice.Schema>|nil schema, sluice.Error? err  kind usage or policy
function M.load(path, stream)
  if type(path) ~= "string" then error(("schema.load: expected a path, got %s"):format(check.show(path)), 2) end
  return require("sluice.internal.schema.file").load(path, stream)
end

--- Turn the result of M.load into a table by stream. A single schema becomes its only entry, under the stream or
--- "rows"; from a table by stream the result is all of it, or only the given stream. one: what the error says,
--- before their names, if several are left and one is needed.
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

--- Infer a type from values; see internal/infer/inference.lua.
---
---     local inference = schema.infer()
---     for row in worker:rows "index" do inference:add(row) end
---     print(inference:schema())
---
---@param options { enum: integer?, tight: boolean? }?  as `sluice infer --help` explains them
---@return sluice.Inference
function M.infer(options)
  return require("sluice.internal.infer.inference").new(options)
end

return core.members(M, "sluice.schema")
