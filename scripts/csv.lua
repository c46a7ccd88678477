-- Rows of one stream as CSV: some fields, or those of a schema.
--
--   sluice run csv --set columns=name,line --set file=decls.csv -- ./scan.lua
--   sluice run csv --set schema=decls.json --set stream=functions -- ./scan.lua
--
-- Columns are names: the fields of these names are written, whatever their values. With a schema
-- rows are checked.
--
-- Shows: map, which turns rows into other rows, and a file that appears as a whole
-- or not at all. If its name ends in .gz, it is compressed.
local csv = require "sluice.sink.csv"
local schema = require "sluice.schema"

local set = require("sluice").options {
  file = { default = "rows.csv", description = "the file; replaced when the run succeeds" },
  stream = { description = "the stream to take; by default rows, or the only one of the schema" },
  schema = { type = "schema", required = true, description = "file with a JSON Schema, or .lua: for one stream, or by stream" },
  columns = { type = "names", instead = "schema", description = "fields of the rows, separated by commas" },
  null = { default = "", description = "the text for null and for a field that is absent" },
}

--- Reduce rows to these fields.
local function of_columns(names)
  local columns = {}
  -- A row has at least one of them, so with a single column no cell is absent.
  for i, name in ipairs(names) do columns[i] = { name = name, optional = #names > 1 } end

  local function pick(row)
    local picked = {}
    for _, name in ipairs(names) do picked[name] = row:get(name) end
    if next(picked) == nil then error("the row has none of these fields: " .. table.concat(names, ", "), 0) end
    return picked
  end
  return { map = pick, sink = csv.file(set.file, { columns = columns, null = set.null }) }
end

if set.columns then return { streams = { [set.stream or "rows"] = of_columns(set.columns) } } end

local one = "--set file: a file holds only one stream; --set stream=… chooses one"
local stream, declared = next(assert(schema.by_stream(set.schema, set.stream, one)))
return {
  streams = { [stream] = { schema = declared, sink = csv.file(set.file, { null = set.null }) } },
}
