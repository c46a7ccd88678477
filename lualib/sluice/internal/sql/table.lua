--- The table for the rows: created on demand, or compared with the existing one.
local lists = require "sluice.internal.lists"

local M = {}

---@class sluice.sql.Existing  an existing column; further fields are for its dialect
---@field name string
---@field type string         as declared
---@field required boolean    NOT NULL
---@field has_default boolean
---@field generated string?   why it cannot be written to

---@class sluice.sql.TableSpec
---@field name string
---@field columns sluice.sql.Column[]
---@field key string[]?
---@field upsert boolean
---@field create boolean
---@field replace boolean     the table will hold only the rows of this run
---@field alter "add"|nil     "add": missing columns are added
---@field url string          for messages

---@class sluice.sql.Insert   what a dialect needs to take rows
---@field name string
---@field table string        quoted
---@field names string        of the columns, quoted
---@field columns sluice.sql.Column[]
---@field upsert boolean
---@field updates boolean     an upsert has columns to update
---@field key_names string?   quoted
---@field conflict string     the ON CONFLICT clause
---@field number string       a name that no column has
---@field cells table         for core.sqlite and core.postgres
---@field swap string?        the table that this one replaces at the end

---@class sluice.sql.Difference
---@field why string
---@field mend string?        the statement that would resolve it

--- The positions of the key's columns.
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

local function column_definition(dialect, column)
  return ("%s %s"):format(dialect.quote(column.name), dialect.type_of(column))
end

local function definition(dialect, spec, name)
  local lines = lists.map(spec.columns, function(column)
    return column_definition(dialect, column) .. (column.null and "" or " NOT NULL")
  end)
  if spec.key then lines[#lines + 1] = ("PRIMARY KEY (%s)"):format(quoted_list(dialect, spec.key)) end
  return ("CREATE TABLE %s (%s)"):format(dialect.quote(name), table.concat(lines, ", "))
end

--- How the existing column differs from the wanted one; if it does not, the limits of what it holds.
---@return sluice.sql.Difference? difference, table<string, boolean|integer>? limits
local function difference(dialect, spec, column, existing)
  local alter = ("ALTER TABLE %s "):format(dialect.quote(spec.name))
  if not existing then
    return { why = ("column %s is missing"):format(column.name), add = true, mend = alter .. "ADD " .. column_definition(dialect, column) }
  end
  if existing.generated then return { why = ("column %s is %s"):format(column.name, existing.generated) } end
  local limits = dialect.accepts(column, existing)
  if not limits then
    return {
      why = ("column %s is %s, which cannot hold %s exactly"):format(column.name,
        existing.type == "" and "without a type" or existing.type, column.type),
      mend = dialect.retype and alter .. dialect.retype(column),
    }
  end
  if column.null and existing.required then
    return {
      why = ("column %s is NOT NULL, but rows may have null there"):format(column.name),
      mend = dialect.retype and ("%sALTER %s DROP NOT NULL"):format(alter, dialect.quote(column.name)),
    }
  end
  return nil, limits
end

--- Columns that rows do not fill are acceptable if they can stay empty.
---@return sluice.sql.Difference? difference
local function unfilled(dialect, spec, existing)
  if not existing.required or existing.has_default or existing.generated then return nil end
  return {
    why = ("column %s is NOT NULL without a default, but rows do not have it"):format(existing.name),
    mend = dialect.retype and ("ALTER TABLE %s ALTER %s DROP NOT NULL"):format(dialect.quote(spec.name), dialect.quote(existing.name)),
  }
end

--- Compare all columns, and set the limits of each.
---@return sluice.sql.Difference[] differences
local function compare(dialect, spec, there)
  local differences, by_name = {}, {}
  for _, existing in ipairs(there) do by_name[dialect.fold(existing.name)] = existing end
  for _, column in ipairs(spec.columns) do
    local name = dialect.fold(column.name)
    differences[#differences + 1], column.limits = difference(dialect, spec, column, by_name[name])
    by_name[name] = nil
  end
  for _, existing in ipairs(there) do
    if by_name[dialect.fold(existing.name)] then differences[#differences + 1] = unfilled(dialect, spec, existing) end
  end
  return differences
end

local function create(opened, dialect, spec, name)
  for _, column in ipairs(spec.columns) do column.limits = dialect.limits(column) end
  local ok, why = opened:run(definition(dialect, spec, name))
  if not ok then return nil, "cannot create the table: " .. why end
  return true
end

--- A key that the table does not enforce would let duplicates in.
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

local function refuse(differences)
  local mends = {}
  for _, d in ipairs(differences) do mends[#mends + 1] = d.mend or nil end
  local whys = lists.map(differences, function(d) return d.why end)
  local why = "the existing table has other columns: " .. table.concat(whys, "; ")
  if mends[1] then why = ("%s. This would fix it: %s;"):format(why, table.concat(mends, "; ")) end
  return nil, why, { differences = whys, statements = mends[1] and mends }
end

--- Add the missing columns; returns the remaining differences.
---@return sluice.sql.Difference[]? differences, string? why
local function add_columns(opened, dialect, spec, differences)
  for _, d in ipairs(differences) do
    if not d.add then return differences end
  end
  for _, d in ipairs(differences) do
    local ok, why = opened:run(d.mend)
    if not ok then return nil, "cannot add a column: " .. why end
  end
  local there, why = dialect.columns(opened, spec.name)
  if not there then return nil, why end
  return compare(dialect, spec, there)
end

--- Prepare a table that will hold only this run's rows: empty the existing one or, if the columns differ,
--- create another that replaces it at the end, so that readers need not wait until then.
---@return true? ok, string? why, string? swap  the new table's name
local function replace(opened, dialect, spec, is_other)
  local old = dialect.quote(spec.name)
  if not is_other then return opened:run("DELETE FROM " .. old) end
  local new = spec.name:sub(1, 40) .. "_sluice_new"
  local ok, why = opened:run("DROP TABLE IF EXISTS " .. dialect.quote(new))
  if ok then ok, why = create(opened, dialect, spec, new) end
  if not ok then return nil, why end
  return true, nil, new
end

local function note_triggers(opened, dialect, spec, note)
  local names, why = dialect.triggers(opened, spec.name)
  if not names then return nil, why end
  if names[1] then
    note(("table %s has row triggers (%s): sluice does not know how they change the rows"):format(
      spec.name, table.concat(names, ", ")))
  end
  return true
end

--- Check that an existing table can take the rows.
---@return true? ok, string? why, table? details, string? new
local function reuse(opened, dialect, spec, there, note)
  local differences, why, ok, new = compare(dialect, spec, there), nil, nil, nil
  if differences[1] and spec.alter then differences, why = add_columns(opened, dialect, spec, differences) end
  if not differences then return nil, why end
  if differences[1] and not spec.replace then return refuse(differences) end
  ok, why = note_triggers(opened, dialect, spec, note)
  if ok and spec.key and not differences[1] then ok, why = check_key(opened, dialect, spec) end
  if ok and spec.replace then ok, why, new = replace(opened, dialect, spec, differences[1] ~= nil) end
  return ok, why, nil, new
end

--- Create the table, or check that it can take the rows.
local function ready(opened, dialect, spec, note)
  local there, why = dialect.columns(opened, spec.name)
  if not there then return nil, why end
  if there[1] then return reuse(opened, dialect, spec, there, note) end
  if not spec.create then return nil, "the table does not exist" end
  return create(opened, dialect, spec, spec.name)
end

--- A column in the form that runtime/sink/cells.h reads.
local function cell_of(column, is_key)
  local cell = {
    name = column.name, type = column.type, null = column.null, optional = column.optional,
    precision = column.precision, scale = column.scale, key = is_key,
  }
  for limit, value in pairs(column.limits) do cell[limit] = value end
  return cell
end

local function cells(spec)
  local is_key = {}
  for _, name in ipairs(spec.key or {}) do is_key[name] = true end
  return {
    url = spec.url, table = spec.name,
    columns = lists.map(spec.columns, function(column) return cell_of(column, is_key[column.name]) end),
  }
end

--- A name that no column has.
local function another_name(spec)
  local name, is_taken = "sluice_row", {}
  for _, column in ipairs(spec.columns) do is_taken[column.name] = true end
  while is_taken[name] do name = name .. "_" end
  return name
end

---@param opened sluice.core.Database
---@param spec sluice.sql.TableSpec
---@param note fun(text: string)  for remarks that are not failures
---@return sluice.sql.Insert? insert, string? why, table? details  differences and statements
function M.open(opened, dialect, spec, note)
  local places, problem = key_places(spec)
  problem = problem or check_names(dialect, spec)
  if problem then return nil, problem end
  local ok, why, details, new = ready(opened, dialect, spec, note)
  if not ok then return nil, why, details end
  return {
    name = new or spec.name, table = dialect.quote(new or spec.name), names = quoted_list(dialect, names_of(spec.columns)),
    columns = spec.columns, upsert = spec.upsert, updates = #spec.columns > #(spec.key or {}),
    key_names = places and quoted_list(dialect, spec.key), conflict = conflict(dialect, spec),
    number = another_name(spec), cells = cells(spec), swap = new and spec.name,
  }
end

--- Replace the old table by the new one.
---@param insert sluice.sql.Insert
---@return true? ok, string? why
function M.swap(opened, dialect, insert)
  if not insert.swap then return true end
  local ok, why = opened:run("DROP TABLE " .. dialect.quote(insert.swap))
  if ok then ok, why = opened:run(("ALTER TABLE %s RENAME TO %s"):format(insert.table, dialect.quote(insert.swap))) end
  if ok and dialect.renamed then ok, why = dialect.renamed(opened, insert.name, insert.swap) end
  if not ok then return nil, "cannot replace the old table with the new one: " .. why end
  return true
end

return M
