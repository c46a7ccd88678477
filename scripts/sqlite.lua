-- Rows into a table of SQLite: all of a run, or none.
--
--   sluice run sqlite --set columns=name:text,line:integer? -- ./scan.lua
--   sluice run sqlite --run-key nightly-7 --set file=decls.db --set table=decl -- ./scan.lua
--
-- Shows: a sink that commits after the worker's success has been checked, and
-- options of a policy (`sluice run sqlite --help`).
local sql = require "sluice.sink.sql"

local set = require("sluice").options {
  file = { default = "rows.db", description = "the database; made when it is not there" },
  table = { default = "rows", description = "its table, likewise" },
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
    url = "sqlite:" .. set.file, name = set.table, columns = set.columns, key = set.key, upsert = set.upsert,
    replace = set.replace,
  },
}
