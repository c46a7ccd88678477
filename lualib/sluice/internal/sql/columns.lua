--- Columns of a table: from the user's list or from a schema; and a schema from columns.
local kinds = require "sluice.internal.schema.kinds"
local lists = require "sluice.internal.lists"
local types = require "sluice.internal.schema.type"

local M = {}

---@class sluice.sql.Column  also what core.sqlite and core.postgres read (runtime/sink/cells.h)
---@field name string
---@field type "text"|"integer"|"number"|"boolean"|"json"|"decimal"
---@field null boolean        may be NULL
---@field optional boolean    may be absent, which gives NULL
---@field key boolean?        of the table's key
---@field precision integer?  of a decimal: total digits
---@field scale integer?      of a decimal: digits after the point
---@field format string?      of the schema's strings
---@field elements sluice.sql.Column?  of the schema's arrays of scalars

local TYPES = { text = true, integer = true, number = true, boolean = true, json = true, decimal = true }
local EXPECTED = "a type: text, integer, number, boolean, decimal or json, with ? at the end if it may be null"

--- "integer?" as a type, and whether it may be null.
local function read_type(value)
  if type(value) ~= "string" then return nil end
  local name, mark = value:match("^(%a+)(%??)$")
  if not TYPES[name] then return nil end
  return name, mark == "?"
end

--- Whether this is a type; "integer?" for one that may be null.
function M.is_type(value)
  return read_type(value) ~= nil
end

local function read_column(name, value)
  if type(name) ~= "string" or name == "" or name:find("\0", 1, true) then
    return nil, "expected names of columns"
  end
  local kind, null = read_type(value)
  if not kind then return nil, ("column %s: expected %s"):format(name, EXPECTED) end
  return { name = name, type = kind, null = null, optional = null }
end

local function ordered(value)
  local list = {}
  for i, entry in ipairs(value) do
    if type(entry) ~= "table" then return nil, 'expected columns such as { "line", "integer" }' end
    list[i] = entry
  end
  return list
end

--- A map has no order, so its columns are sorted by name.
local function sorted(value)
  local list = lists.sorted_keys(value)
  for i, name in ipairs(list) do list[i] = { name, value[name] } end
  return list
end

--- `{ name = "text", line = "integer?" }` or `{ { "name", "text" }, … }`.
---@return sluice.sql.Column[]? columns, string? problem
function M.read(value)
  if type(value) ~= "table" or next(value) == nil then
    return nil, 'expected columns such as { name = "text", line = "integer?" }'
  end
  local entries, problem = (value[1] ~= nil and ordered or sorted)(value)
  if not entries then return nil, problem end
  local columns, seen = {}, {}
  for i, entry in ipairs(entries) do
    columns[i], problem = read_column(entry[1], entry[2])
    if not columns[i] then return nil, problem end
    if seen[entry[1]] then return nil, ("column %s is declared twice"):format(entry[1]) end
    seen[entry[1]] = true
  end
  return columns
end

--- The column for a type. null: whether null, which becomes NULL, is one of its values.
local function of_type(declared)
  local column, null, elements = kinds[declared.kind].column, false, nil
  if type(column) == "function" then column, null, elements = column(declared) end
  return {
    type = column or "json", null = null, format = rawget(declared, "format"),
    precision = rawget(declared, "precision"), scale = rawget(declared, "scale"), elements = elements and of_type(elements),
  }
end

local function of_field(field)
  local column = of_type(field.schema)
  column.name = field.name
  column.null = field.optional or field.nullable or column.null
  column.optional = column.null
  return column
end

---@param schema sluice.Schema
---@return sluice.sql.Column[]? columns, string? problem
function M.of_schema(schema)
  if schema.kind ~= "record" then
    return nil, ("a table holds records, but the schema is of kind %s"):format(tostring(schema.kind))
  end
  if #schema.fields == 0 then return nil, "the schema has no fields" end
  return lists.map(schema.fields, of_field)
end

-- ---- columns to schema ---------------------------------------------------------

local bare = types.bare
local ANY_BUT_NULL = types.make {
  kind = "union", alternatives = { bare.boolean, bare.number, bare.string, bare.array, bare.map },
}
local SCHEMAS = {
  text = bare.string, integer = bare.integer, number = bare.number, boolean = bare.boolean, decimal = bare.decimal,
  json = ANY_BUT_NULL,
}

--- Columns that were read, as fields for schema.record; of_schema reverses this.
---@param columns sluice.sql.Column[]
function M.fields(columns)
  return lists.map(columns, function(column)
    if not column.null then return { column.name, SCHEMAS[column.type] } end
    local declared = column.type == "json" and bare.any or types.nullable(SCHEMAS[column.type])
    return { column.name, types.optional(declared) }
  end)
end

return M
