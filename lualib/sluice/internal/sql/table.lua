--- The table that rows go to: made on demand, or compared with what is there.
local lists = require "sluice.internal.lists"

local M = {}

---@class sluice.sql.Existing
---@field name string
---@field type string        as declared
---@field required boolean   NOT NULL
---@field has_default boolean

---@class sluice.sql.TableSpec
---@field name string
---@field columns sluice.sql.Column[]
---@field key string[]?
---@field upsert boolean
---@field create boolean

--- Whatever is inserted stands on these.
---@return integer[]? places, string? problem  of the key's columns
local function key_places(spec)
  if not spec.key then return nil end
  local places = {}
  for i, name in ipairs(spec.key) do
    for at, column in ipairs(spec.columns) do
      if column.name == name then places[i] = at end
    end
    if not places[i] then return nil, ("the key's column %s is not one of the columns"):format(name) end
    if spec.columns[places[i]].null then return nil, ("the key's column %s may be null"):format(name) end
  end
  return places
end

local function quoted_list(dialect, names)
  return table.concat(lists.map(names, dialect.quote), ", ")
end

local function names_of(columns)
  return lists.map(columns, function(column) return column.name end)
end

local function definition(dialect, spec)
  local lines = lists.map(spec.columns, function(column)
    return ("%s %s%s"):format(dialect.quote(column.name), dialect.types[column.type], column.null and "" or " NOT NULL")
  end)
  if spec.key then lines[#lines + 1] = ("PRIMARY KEY (%s)"):format(quoted_list(dialect, spec.key)) end
  return ("CREATE TABLE %s (%s)"):format(dialect.quote(spec.name), table.concat(lines, ", "))
end

--- What is there, in the eyes of one wanted column.
---@return string? difference
local function difference(dialect, column, existing)
  if not existing then return ("column %s is missing"):format(column.name) end
  if not dialect.accepts(column.type, existing.type) then
    return ("column %s is %s, which cannot hold %s exactly"):format(column.name,
      existing.type == "" and "without a type" or existing.type, column.type)
  end
  if column.null and existing.required then
    return ("column %s is NOT NULL, and rows may have null there"):format(column.name)
  end
end

--- Columns that rows do not fill are fine as long as they can stay empty.
local function unfilled(existing)
  if existing.required and not existing.has_default then
    return ("column %s is NOT NULL without a default, and rows do not have it"):format(existing.name)
  end
end

--- Fills in what each column is declared as.
---@return string[] differences
local function compare(dialect, spec, there)
  local differences, by_name = {}, {}
  for _, existing in ipairs(there) do by_name[dialect.fold(existing.name)] = existing end
  for _, column in ipairs(spec.columns) do
    local name = dialect.fold(column.name)
    differences[#differences + 1] = difference(dialect, column, by_name[name])
    column.declared = by_name[name] and by_name[name].type
    by_name[name] = nil
  end
  for _, existing in ipairs(there) do
    if by_name[dialect.fold(existing.name)] then differences[#differences + 1] = unfilled(existing) end
  end
  return differences
end

local function create(opened, dialect, spec)
  for _, column in ipairs(spec.columns) do column.declared = dialect.types[column.type] end
  local ok, why = opened:run(definition(dialect, spec))
  if not ok then return nil, "the table cannot be created: " .. why end
  return true
end

--- A key that the table does not know would let duplicates in.
local function check_key(opened, dialect, spec)
  local names, nulls = quoted_list(dialect, names_of(spec.columns)), ("NULL, "):rep(#spec.columns - 1) .. "NULL"
  local ok, why = opened:run(("EXPLAIN INSERT INTO %s (%s) VALUES (%s) ON CONFLICT (%s) DO NOTHING"):format(
    dialect.quote(spec.name), names, nulls, quoted_list(dialect, spec.key)))
  if not ok then return nil, ("the table has no such key (%s): %s"):format(table.concat(spec.key, ", "), why) end
  return true
end

local function conflict(dialect, spec)
  if not spec.upsert then return "" end
  local updates, is_key = {}, {}
  for _, name in ipairs(spec.key) do is_key[name] = true end
  for _, column in ipairs(spec.columns) do
    local name = dialect.quote(column.name)
    if not is_key[column.name] then updates[#updates + 1] = ("%s = excluded.%s"):format(name, name) end
  end
  local action = updates[1] and "UPDATE SET " .. table.concat(updates, ", ") or "NOTHING"
  return (" ON CONFLICT (%s) DO %s"):format(quoted_list(dialect, spec.key), action)
end

local function check_names(dialect, spec)
  local problem = dialect.check_name(spec.name) or dialect.check_table(spec.name)
  for _, column in ipairs(spec.columns) do problem = problem or dialect.check_name(column.name) end
  return problem
end

--- Make the table, or see that it can take the rows.
---@return true? ok, string? why, string[]? differences
local function ready(opened, dialect, spec)
  local there, why = dialect.columns(opened, spec.name)
  if not there then return nil, why end
  if #there == 0 then
    if not spec.create then return nil, "there is no such table" end
    return create(opened, dialect, spec)
  end
  local differences = compare(dialect, spec, there)
  if differences[1] then
    return nil, "the table that is there has other columns: " .. table.concat(differences, "; "), differences
  end
  if spec.key then return check_key(opened, dialect, spec) end
  return true
end

---@param opened sluice.sql.Connection
---@param spec sluice.sql.TableSpec
---@return sluice.sql.Insert? insert, string? why, string[]? differences
function M.open(opened, dialect, spec)
  local places, problem = key_places(spec)
  problem = problem or check_names(dialect, spec)
  if problem then return nil, problem end
  local ok, why, differences = ready(opened, dialect, spec)
  if not ok then return nil, why, differences end
  return {
    table = dialect.quote(spec.name), names = quoted_list(dialect, names_of(spec.columns)),
    columns = spec.columns, key = places, upsert = spec.upsert, conflict = conflict(dialect, spec),
  }
end

return M
