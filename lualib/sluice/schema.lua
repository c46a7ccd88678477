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
local make = require "sluice.internal.schema.make"
local types = require "sluice.internal.schema.type"

local M = {}

for name, constructor in pairs(make) do M[name] = constructor end

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

--- A type from values: what internal/infer/inference.lua says.
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
