-- Every row that does not fit a schema, with what is wrong; status 3 if any.
--
--   sluice run scripts/validate.lua --set schema=row.json -- ./scan.lua
--   sluice run scripts/validate.lua --set schema=row.lua --set stream=functions -- ./scan.lua
--
-- The schema is a JSON Schema, or a Lua file that returns one:
--
--   local schema = require "sluice.schema"
--   return schema.record { name = schema.string, line = schema.integer { min = 1 } }
--
-- Shows: on_invalid = "reject", and a sink of one's own. What it prints is not
-- tentative, so it writes at once; its prepare decides how the run ends.
local core = require "sluice.core"
local json = require "sluice.json"
local schema = require "sluice.schema"

local set = require("sluice").options {
  schema = { required = true, description = "file of a JSON Schema, or .lua" },
  stream = { default = "rows", description = "the stream to check; rows of another end the run" },
}

local function read_schema(path)
  if path:find "%.lua$" then return dofile(path) end
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return assert(schema.from_json_schema(text))
end

local invalid = 0

local function yes() return true end

local report = { begin = yes, commit = yes, rollback = yes }

function report:write(row)
  invalid = invalid + 1
  local rejected = json.decode(row.raw)
  for _, v in ipairs(rejected.violations) do
    print(("%s %d %s: expected %s, got %s"):format(
      rejected.stream, rejected.sequence, v.pointer, v.expected, v.value or "nothing"))
  end
  return true
end

function report:prepare()
  if invalid == 0 then return true end
  return nil, core.error("row_invalid", ("%d rows do not fit the schema"):format(invalid))
end

return {
  streams = { [set.stream] = { schema = read_schema(set.schema), on_invalid = "reject" } },
  rejects = report,
}
