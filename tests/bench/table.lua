-- Five of six fields, declared by a schema, into a table of a database.
local schema = require "sluice.schema"
local sql = require "sluice.sink.sql"

local set = require("sluice").options {
  url = { required = true, description = "the database" },
}

return {
  streams = {
    rows = {
      schema = schema.record {
        { "kind", schema.string },
        { "name", schema.string },
        { "file", schema.string },
        { "line", schema.integer },
        { "size", schema.integer },
      },
      sink = sql.table { url = set.url, name = "decl" },
    },
  },
}
