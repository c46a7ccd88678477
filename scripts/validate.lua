-- Every row that does not fit a schema, with what is wrong; status 3 if any.
--
--   sluice run validate --set schema=row.json -- ./scan.lua
--   sluice run validate --set schema=row.lua --set stream=functions -- ./scan.lua
--
-- The schema is a JSON Schema, or a Lua file that returns one:
--
--   local schema = require "sluice.schema"
--   return schema.record { name = schema.string, line = schema.integer { min = 1 } }
--
-- Shows: on_invalid = "reject", and a sink of one's own. What it prints is not
-- tentative, so it writes at once; its prepare decides how the run ends.
local json = require "sluice.json"
local schema = require "sluice.schema"
local sluice = require "sluice"

local set = sluice.options {
  schema = { required = true, description = "file of a JSON Schema, or .lua" },
  stream = { default = "rows", description = "the stream to check; rows of another end the run" },
}

--- What is wrong with the file is wrong usage, not a fault of this policy.
local function expect(value, why)
  if value ~= nil then return value end
  why = type(why) == "table" and why.message or why
  if not why:find(set.schema, 1, true) then why = set.schema .. ": " .. why end
  error(sluice.error("usage", "--set schema: " .. why), 0)
end

local function of_json(path)
  local file = expect(io.open(path))
  local text = expect(file:read "a")
  file:close()
  return expect(schema.from_json_schema(text))
end

local function of_lua(path)
  local value = expect(loadfile(path))()
  return expect(schema.is(value) and value or nil, "it returns no schema")
end

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

local read = set.schema:find "%.lua$" and of_lua or of_json

return {
  streams = { [set.stream] = { schema = read(set.schema), on_invalid = "reject" } },
  rejects = report,
}
