-- Every row that does not fit a schema, with what is wrong; status 3 if any.
--
--   sluice run validate --set schema=row.json -- ./scan.lua
--   sluice run validate --set columns=name:text,line:integer? --set stream=functions -- ./scan.lua
--
-- The schema is a JSON Schema, or a Lua file that returns a schema or a table of schemas by stream:
--
--   local schema = require "sluice.schema"
--   return schema.record { name = schema.string, line = schema.integer { min = 1 } }
--
-- Shows: on_invalid = "reject", and a custom sink. Its output is not tentative,
-- so it prints at once; its prepare decides how the run ends.
local json = require "sluice.json"
local schema = require "sluice.schema"
local sluice = require "sluice"

local set = sluice.options {
  schema = { type = "schema", required = true, description = "file with a JSON Schema, or .lua: for one stream, or by stream" },
  columns = {
    type = "columns", instead = "schema",
    description = "NAME:TYPE,… with text, integer, number, boolean, decimal, json; ? for null",
  },
  stream = { description = "the stream to check; by default rows, or all of the schema; rows of another end the run" },
}

local invalid = 0

local function yes() return true end

local report = { begin = yes, commit = yes, rollback = yes }

function report:write(row)
  invalid = invalid + 1
  local rejected = json.decode(row.raw)
  for _, v in ipairs(rejected.violations) do
    print(("%s %d%s: expected %s, got %s"):format(
      rejected.stream, rejected.sequence, v.pointer == "" and "" or " " .. v.pointer, v.expected, v.value or "nothing"))
  end
  return true
end

function report:prepare()
  if invalid == 0 then return true end
  return nil, sluice.error("row_invalid", ("%s not fit the schema"):format(invalid == 1 and "1 row does" or invalid .. " rows do"))
end

local streams = {}
for name, declared in pairs(assert(schema.by_stream(set.schema or schema.columns(set.columns), set.stream))) do
  streams[name] = { schema = declared, on_invalid = "reject" }
end

return { streams = streams, rejects = report }
