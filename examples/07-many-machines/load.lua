-- A policy: writes the requests of one log file to a database table, all of them or none.
--
--   sluice run load.lua --set file=logs/2026-11-26.log --set url=postgres://loader@db/web --run-key 2026-11-26.log
--
-- Everything else in this directory starts this command: over ssh, as a Slurm task, as a job of GNU
-- parallel or of a queue, every night. The run key makes it safe to start it more often than needed: a
-- run is not repeated if its key is already in the database.
local schema = require "sluice.schema"
local sluice = require "sluice"
local sql = require "sluice.sink.sql"

local set = sluice.options {
  file = { required = true, description = "the log; named as the worker sees it" },
  url = { default = "sqlite:access.db", description = "the database; PostgreSQL where several runs write at once" },
}

---@type sluice.Policy
return {
  worker = { "access.lua" },
  request = { file = set.file, name = set.file:match "[^/]*$" },
  streams = {
    requests = {
      schema = schema.record {
        { "file", schema.string },
        { "line", schema.integer { min = 1 } },
        { "host", schema.string },
        { "time", schema.string },
        { "method", schema.string },
        { "path", schema.string },
        { "status", schema.integer { min = 100, max = 599 } },
        { "bytes", schema.integer { min = 0 } },
      },
      sink = sql.table { url = set.url, name = "requests" },
    },
  },
}
