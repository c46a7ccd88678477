--- The constructors of types; sluice.schema documents them.
local check = require "sluice.internal.check"
local json = require "sluice.json"
local lists = require "sluice.internal.lists"
require "sluice.internal.schema.kinds"
local types = require "sluice.internal.schema.type"

local M = {}

M.is, M.optional, M.nullable = types.is, types.optional, types.nullable
for name, bare in pairs(types.bare) do M[name] = bare end

local finish, must, part = types.finish, types.must, types.part

-- ---- records ----------------------------------------------------------------

--- { name = type } in alphabetical order, or { { name, type } } in its own.
local function in_order(declared)
  if declared[1] ~= nil then return declared end
  local list = lists.sorted_keys(declared)
  for i, name in ipairs(list) do list[i] = { name, declared[name] } end
  return list
end

local FIELD_KEYS = { true, true, required = true }

local function read_fields(declared)
  if type(declared) ~= "table" or M.is(declared) then
    return nil, ("expected a table of fields such as { name = schema.string }, got %s"):format(check.show(declared))
  end
  local result, seen = {}, {}
  for i, entry in ipairs(in_order(declared)) do
    if type(entry) ~= "table" then return nil, ("field %d: expected { name, type }, got %s"):format(i, check.show(entry)) end
    for key in pairs(entry) do
      if not FIELD_KEYS[key] then return nil, ("field %d: unknown key %s; a field is { name, type, required = … }"):format(i, check.show(key)) end
    end
    local field, problem = types.field_of(entry[1], entry[2], entry.required)
    if not field then return nil, problem end
    if seen[field.name] then return nil, ("%s is declared twice"):format(field.name) end
    seen[field.name] = true
    result[i] = field
  end
  return result
end

local function record(declared, options, unknown)
  local read, problem = read_fields(declared)
  if not read then return nil, problem end
  if unknown and type(options) == "table" and options.unknown ~= nil then
    return nil, ("unknown: is %s here; use schema.record"):format(check.show(unknown))
  end
  return finish({ kind = "record", fields = read, unknown = unknown or "drop" }, options)
end

--- A record with these fields.
---@return sluice.Schema
function M.record(declared, options) return must("record", record(declared, options)) end

--- A record that keeps undeclared fields.
---@return sluice.Schema
function M.open(declared, options) return must("open", record(declared, options, "keep")) end

--- A record that refuses undeclared fields.
---@return sluice.Schema
function M.closed(declared, options) return must("closed", record(declared, options, "refuse")) end

local function of_columns(list)
  local columns = require "sluice.internal.sql.columns"
  local read, problem = columns.read(list)
  if not read then return nil, problem end
  return record(columns.fields(read), nil, "refuse")
end

--- A record for columns in the notation of sql.table, `{ name = "text", line = "integer?" }` or `{ { "name", "text" }, … }`:
--- a column marked with `?` may be null or absent, and a field without a column is a violation.
---@param list table
---@return sluice.Schema
function M.columns(list) return must("columns", of_columns(list)) end

-- ---- enums and unions -------------------------------------------------------

local function enum(values, options)
  if type(values) ~= "table" or M.is(values) or #values == 0 then
    return nil, ('expected a list of values such as { "a", "b" }, got %s'):format(check.show(values))
  end
  local encoded, err = json.encode(json.array { table.unpack(values) })
  if not encoded then return nil, err.message end
  return finish({ kind = "enum", values = (json.decode(encoded)) }, options)
end

--- A type with only these values.
---@return sluice.Schema
function M.enum(values, options) return must("enum", enum(values, options)) end

--- A type with only this value.
---@return sluice.Schema
function M.const(value, options)
  if value == nil then error("schema.const: expected a value; sluice.null is JSON's null", 2) end
  return must("const", enum({ value }, options))
end

--- A bare null among the alternatives makes the union nullable.
local function alternatives_of(given)
  local alternatives, nullable = {}, false
  for i, schema in ipairs(given) do
    local value, expected, problem = part(schema, "alternative " .. i)
    if not value then
      return nil, problem or ("alternative %d: expected %s, got %s"):format(i, expected, check.show(schema))
    end
    if value.kind == "null" then nullable = true else alternatives[#alternatives + 1] = value end
  end
  return alternatives, nullable
end

local function union(given, options)
  if #given == 0 then return nil, "expected types, got none" end
  local alternatives, nullable = alternatives_of(given)
  if not alternatives then return nil, nullable end
  if #alternatives == 0 then return finish({ kind = "null" }, options) end
  return finish({ kind = "union", alternatives = alternatives, nullable = nullable or nil }, options)
end

--- The first of these types that fits; called as union(a, b, …) or union({ a, b, … }, options).
---@return sluice.Schema
function M.union(...)
  local first, options = ...
  if type(first) == "table" and not M.is(first) then return must("union", union(first, options)) end
  local given = table.pack(...)
  for i = 1, given.n do
    if given[i] == nil then error(("schema.union: alternative %d: expected a type, got nil"):format(i), 2) end
  end
  return must("union", union(given))
end

return M
