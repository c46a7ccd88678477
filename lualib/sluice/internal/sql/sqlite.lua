--- SQLite.
local core = require "sluice.core"
local lists = require "sluice.internal.lists"

local M = { schemes = { "sqlite:" }, form = "sqlite:FILE, sqlite::memory:" }

--- Decimals are texts, because a number in SQLite is a 64-bit integer or a double.
M.types = {
  text = "TEXT", integer = "INTEGER", number = "REAL", boolean = "INTEGER", json = "TEXT", decimal = "TEXT", time = "TEXT",
}

--- SQLite reads names that begin with file: as URIs.
---@param path string  what follows the scheme
---@return sluice.sql.Target? target, string? problem
function M.target(path)
  if path == "" then return nil, "the file is missing: sqlite:FILE" end
  local name = path:find("^file:") and "./" .. path or path
  return { name = name, shown = "sqlite:" .. path, memory = path == ":memory:" }
end

local ENOENT = 2

function M.quote(name) return '"' .. name:gsub('"', '""') .. '"' end

--- SQLite compares column names without regard to case.
M.fold = string.lower

---@return string? problem
function M.check_name() end
function M.check_table() end

--- Renaming a file to its own name has no effect but checks that it exists. Opening
--- and closing it would drop the locks that this process holds on it.
local function is_missing(path)
  local _, _, errno = os.rename(path, path)
  return errno == ENOENT
end

-- A database in memory lives as long as the process, so its connection stays open.
local in_memory

---@param target sluice.sql.Target
---@return sluice.core.Sqlite? opened, string? why, boolean? is_new
function M.open(target)
  if target.memory and in_memory then return in_memory end
  local is_new = not target.memory and is_missing(target.name)
  local opened, why = core.sqlite(target.name)
  if not opened then return nil, why end
  local ok
  ok, why = opened:run "PRAGMA synchronous = FULL"
  if not ok then
    opened:close()
    return nil, why
  end
  if target.memory then in_memory = opened end
  return opened, nil, is_new
end

---@param target sluice.sql.Target
function M.is_there(target)
  return target.memory or not is_missing(target.name)
end

--- A time in the ledger is already text.
function M.time_text(column) return column end

--- Clean up after a rollback: undo what a failed write has left in the journal, which the
--- next user of the database would otherwise do, and remove a database that was created
--- for this run, unless another process has put something in it, or is about to.
---@param target sluice.sql.Target
---@param is_new boolean
function M.tidy(target, is_new)
  if target.memory then return end
  local opened = core.sqlite(target.name)
  if not opened then return end
  local is_ours = is_new and opened:run "BEGIN EXCLUSIVE"
  local tables = opened:query "SELECT name FROM sqlite_schema"
  if is_ours and tables and #tables == 0 then os.remove(target.name) end
  opened:close()
end

--- Take the write lock at once, so that a second run fails before its worker is
--- asked, and not after a million rows.
function M.begin(opened)
  return opened:run "BEGIN IMMEDIATE"
end

--- There is one writer at a time: begin has taken the lock.
function M.claim() return true end

function M.rollback(opened) return opened:run_patiently "ROLLBACK" end

--- Whether a failed COMMIT certainly wrote nothing.
function M.is_certain() return false end

function M.transaction_id() return "0" end

--- A failed transaction has been rolled back before it is looked up.
function M.has_ended() return true end

--- Whether another process has removed the database that it had created and that
--- we were waiting for. SQLite reports this in various ways.
function M.is_race(_, target)
  return not target.memory and is_missing(target.name)
end

function M.settle() return true end

-- ---- tables --------------------------------------------------------------

local COLUMNS = [[
SELECT name, type, "notnull", dflt_value IS NOT NULL OR pk > 0, hidden
  FROM pragma_table_xinfo($1) WHERE hidden <> 1]]

local IS_STRICT = [[SELECT "strict" FROM pragma_table_list($1)]]

---@return sluice.sql.Existing[]? columns  empty if the table does not exist
function M.columns(opened, name)
  local rows, why = opened:query(COLUMNS, name)
  if not rows then return nil, why end
  local strict = opened:query(IS_STRICT, name)
  local is_strict = strict and strict[1] ~= nil and strict[1][1] == 1
  return lists.map(rows, function(row)
    return {
      name = row[1], type = row[2] or "", required = row[3] == 1, has_default = row[4] == 1,
      generated = row[5] > 1 and "generated" or nil, strict = is_strict,
    }
  end)
end

---@return string[]? names  of the triggers that rows would fire
function M.triggers(opened, name)
  local rows, why = opened:query("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND lower(tbl_name) = lower($1)", name)
  if not rows then return nil, why end
  return lists.map(rows, function(row) return row[1] end)
end

--- https://sqlite.org/datatype3.html, 3.1; in STRICT tables ANY stores every value unchanged.
local AFFINITIES = {
  { "INT", "INTEGER" }, { "CHAR", "TEXT" }, { "CLOB", "TEXT" }, { "TEXT", "TEXT" },
  { "BLOB", "NONE" }, { "^$", "NONE" }, { "REAL", "REAL" }, { "FLOA", "REAL" }, { "DOUB", "REAL" },
}

local function affinity(existing)
  local declared = existing.type:upper()
  if existing.strict and declared == "ANY" then return "NONE" end
  for _, rule in ipairs(AFFINITIES) do
    if declared:find(rule[1]) then return rule[2] end
  end
  return "NUMERIC"
end

local INTEGERS, DOUBLES, NUMBERS, DIGITS = { int64 = true }, { double = true }, { native = true }, { digits = true }

--- By type and affinity: what such a column cannot hold, and is therefore refused. No entry:
--- it would convert the values.
local ACCEPTED = {
  text = { TEXT = {}, NONE = {} },
  integer = { INTEGER = INTEGERS, NUMERIC = INTEGERS, NONE = INTEGERS },
  number = { REAL = DOUBLES, INTEGER = NUMBERS, NUMERIC = NUMBERS, NONE = NUMBERS },
  boolean = { INTEGER = {}, NUMERIC = {}, NONE = {} },
  json = { TEXT = {}, NONE = {} },
  decimal = { TEXT = DIGITS, NONE = DIGITS },
}

---@param column sluice.sql.Column
---@param existing sluice.sql.Existing
---@return table<string, boolean|integer>? limits
function M.accepts(column, existing)
  return ACCEPTED[column.type][affinity(existing)]
end

--- The limits of a column that we create.
function M.limits(column)
  return M.accepts(column, { type = M.type_of(column) })
end

---@param column sluice.sql.Column
function M.type_of(column) return M.types[column.type] end

-- ---- rows ----------------------------------------------------------------

---@param opened sluice.core.Sqlite
---@param spec sluice.sql.Insert
---@return sluice.core.Insert? taker, string? why
function M.rows(opened, spec)
  return opened:insert(("INSERT INTO %s (%s) VALUES (%s)%s"):format(
    spec.table, spec.names, ("?, "):rep(#spec.columns - 1) .. "?", spec.conflict), spec.cells)
end

--- All rows are in the table already.
---@return true
function M.flush() return true end

return M
