-- Rows into a table of PostgreSQL: all of a run, or none.
--
--   sluice run scripts/postgres.lua --set url=postgres://me@localhost/work \
--     --set columns=name:text,line:integer? -- ./scan.lua
--
-- Shows: the same sink as sqlite.lua with another url. A run with --run-key is
-- found in the table sluice_ledger, also when its commit got no answer.
local sql = require "sluice.sink.sql"

local set = require("sluice").options {
  url = { required = true, description = "postgres://USER@HOST/DATABASE" },
  table = { default = "rows", description = "its table; made when it is not there" },
  columns = { required = true, description = "NAME:TYPE,… with text, integer, number, boolean, json; ? for null" },
}

local columns = {}
for name, type in set.columns:gmatch "([^:,]+):([^:,]+)" do columns[#columns + 1] = { name, type } end

return {
  sink = sql.table { url = set.url, name = set.table, columns = columns },
}
