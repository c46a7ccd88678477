-- A policy that stores every function in a table in SQLite: all of a run, or none.
--
--   sluice run functions.lua --request '{"root":"src"}'
--   sqlite3 functions.db 'SELECT file, count(*) FROM functions GROUP BY file ORDER BY 2 DESC LIMIT 5'
--
-- The schema describes a row, so the table's columns need not be declared.
local schema = require "sluice.schema"
local sql = require "sluice.sink.sql"

local set = require("sluice").options {
  file = { default = "functions.db", description = "the database; made when it is not there" },
}

---@type sluice.Policy
return {
  worker = { "scan.lua" },
  request = { root = ".", min_lines = 1 },
  streams = {
    functions = {
      schema = schema.record {
        { "name", schema.string },
        { "file", schema.string },
        { "line", schema.integer { min = 1 } },
        { "size", schema.integer { min = 1 } },
        { "hash", schema.string },
      },
      sink = sql.table { url = "sqlite:" .. set.file, name = "functions" },
    },
  },
}
