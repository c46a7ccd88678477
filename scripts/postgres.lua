-- Rows into a table of PostgreSQL: all of a run, or none.
--
--   sluice run postgres --set url=postgres://me@localhost/work \
--     --set columns=name:text,line:integer? -- ./scan.lua
--
-- Shows: the same sink as sqlite.lua with another url. A run with --run-key is
-- found in the table sluice_ledger, also when its commit got no answer.
local sql = require "sluice.sink.sql"

local set = require("sluice").options {
  url = { required = true, description = "postgres://USER@HOST/DATABASE" },
  table = { default = "rows", description = "its table; made when it is not there" },
  columns = {
    type = "columns", required = true,
    description = "NAME:TYPE,… with text, integer, number, boolean, decimal, json; ? for null",
  },
  key = { description = "column of the primary key" },
  upsert = { type = "boolean", default = false, description = "a row of the same key takes its place" },
  replace = { type = "boolean", default = false, description = "the table is what this run brings, and no more" },
}

return {
  sink = sql.table {
    url = set.url, name = set.table, columns = set.columns, key = set.key, upsert = set.upsert, replace = set.replace,
  },
}
