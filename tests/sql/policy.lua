-- A policy that writes COUNT rows of run RUN to two tables of a database,
-- with a run key: --arg URL --arg COUNT --arg RUN.
local schema = require "sluice.schema"
local sql = require "sluice.sink.sql"

local url, count, run = ...

local rows = schema.record { { "run", schema.integer }, { "n", schema.integer }, { "text", schema.string } }

local function sink(name)
  return sql.table { url = url, name = name, key = { "run", "n" } }
end

return {
  worker = { debug.getinfo(1, "S").source:match "^@(.*)sql/policy.lua$" .. "sql/emits.lua" },
  request = { count = math.tointeger(count), run = math.tointeger(run) },
  run_key = "run " .. run,
  streams = { rows = { schema = rows, sink = sink "decl" }, more = { schema = rows, sink = sink "more" } },
}
