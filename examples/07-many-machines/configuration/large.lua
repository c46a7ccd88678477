-- A policy that is configured by the same file: prints the large responses, with the owner to ask.
--
--   sluice run large.lua
--
-- Rows without an owner are dropped. The null of a row equals the null of lua-cjson, so either may be used.
local cjson = require "cjson"
local configuration = require "configuration"
local schema = require "sluice.schema"
local sluice = require "sluice"

local set = sluice.options {
  config = { default = "config.json", description = "the configuration, for the worker and for this policy" },
}
local config = configuration(set.config)

---@type sluice.Policy
return {
  worker = { "requests.lua" },
  request = { config = set.config },
  streams = {
    requests = {
      schema = schema.record {
        { "path", schema.string },
        { "bytes", schema.integer { min = 0 } },
        { "owner", schema.nullable(schema.string) },
        { "labels", schema.array(schema.string) },
      },
      where = function(row) return row.payload.owner ~= cjson.null and row.payload.bytes >= config.least_bytes end,
      on_row = function(row) print(("%s: %d bytes, ask %s"):format(row.payload.path, row.payload.bytes, row.payload.owner)) end,
    },
  },
}
