-- Rows into tables of PostgreSQL: all of a run, or none.
--
--   sluice run postgres --set url=postgres://me@localhost/work \
--     --set columns=name:text,line:integer? -- ./scan.lua
--
-- Shows: the same sinks as sqlite.lua with another url. A run with --run-key is
-- found in the table sluice_ledger even if its commit got no answer.
local schema = require "sluice.schema"
local sluice = require "sluice"
local sql = require "sluice.sink.sql"

local set = sluice.options {
  url = { required = true, description = "postgres://USER@HOST/DATABASE" },
  schema = { type = "schema", required = true, description = "file with a JSON Schema, or .lua: for one stream, or by stream" },
  columns = {
    type = "columns", instead = "schema",
    description = "NAME:TYPE,… with text, integer, number, boolean, decimal, json; ? for null",
  },
  stream = { description = "the stream to take; by default all, or rows with a schema of one stream" },
  table = { description = "its table; created if it does not exist; by default named like the stream" },
  key = { description = "column of the primary key" },
  upsert = { type = "boolean", default = false, description = "replace the existing row that has the same key" },
  replace = { type = "boolean", default = false, description = "replace the whole table by the rows of this run" },
}

local target = { url = set.url, name = set.table, key = set.key, upsert = set.upsert, replace = set.replace }

if set.columns then
  target.name, target.columns = set.table or set.stream or "rows", set.columns
  local sink = sql.table(target)
  return set.stream and { streams = { [set.stream] = { sink = sink } } } or { sink = sink }
end

local one = set.table and "--set table: several streams cannot share it; --set stream=… chooses one"
return { streams = sql.tables(assert(schema.by_stream(set.schema, set.stream, one)), target) }
