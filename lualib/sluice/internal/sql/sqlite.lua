--- SQLite.
local connection = require "sluice.internal.sql.connection"
local core = require "sluice.core"
local lists = require "sluice.internal.lists"
local row_reader = require "sluice.internal.sql.row_reader"
local values = require "sluice.internal.sql.values"

local M = { schemes = { "sqlite:" }, form = "sqlite:FILE, sqlite::memory:" }

M.types = {
  text = "TEXT", integer = "INTEGER", number = "REAL", boolean = "INTEGER", json = "TEXT", time = "TEXT",
}

--- SQLite takes names that begin with file: for URIs of its own.
---@param path string  what follows the scheme
---@return sluice.sql.Target? target, string? problem
function M.target(path)
  if path == "" then return nil, "the file is missing: sqlite:FILE" end
  local name = path:find("^file:") and "./" .. path or path
  return { name = name, shown = "sqlite:" .. path, memory = path == ":memory:" }
end

local ENOENT = 2

--- How long a lock is waited for.
local BUSY_MS = 5000

function M.quote(name) return '"' .. name:gsub('"', '""') .. '"' end

--- Names of columns that SQLite takes for one.
M.fold = string.lower

---@return string? problem
function M.check_name() end
function M.check_table() end

--- Renaming a file to its own name does nothing else than look for it. To open
--- and close it would drop the locks that this process has on it.
local function is_missing(path)
  local _, _, errno = os.rename(path, path)
  return errno == ENOENT
end

-- A database in memory is as old as the process: its connection stays.
local in_memory

--- A connection, and with it the link by which rows go there.
local function open(name)
  local ok, why = connection.load "SQLite3"
  if not ok then return nil, why end
  local link, opened
  link, opened, why = core.sqlite(connection.open, "SQLite3", name)
  if not link then return nil, opened end
  if not opened then return nil, why end
  opened.link = link
  return opened
end

---@param target sluice.sql.Target
function M.open(target)
  if target.memory and in_memory then return in_memory end
  local is_new = not target.memory and is_missing(target.name)
  local opened, why = open(target.name)
  if not opened then return nil, why end
  opened.is_new = is_new
  local ok
  ok, why = opened:run("PRAGMA busy_timeout = " .. BUSY_MS)
  if ok then ok, why = opened:run "PRAGMA synchronous = FULL" end
  if not ok then
    opened:close()
    return nil, why
  end
  if target.memory then in_memory = opened end
  return opened
end

--- After a rollback. What a failed write has left to the journal, whoever opens
--- the database next would undo: we do. And a database that was made for this
--- run goes again, unless somebody else has put something in it, or is about to.
---@param target sluice.sql.Target
---@param is_new boolean
function M.tidy(target, is_new)
  if target.memory then return end
  local opened = connection.open("SQLite3", target.name)
  if not opened then return end
  local is_ours = is_new and opened:run "BEGIN EXCLUSIVE"
  local tables = opened:query "SELECT name FROM sqlite_schema"
  if is_ours and tables and #tables == 0 then os.remove(target.name) end
  opened:close()
end

--- The lock of the writer is taken at once: whoever comes second learns it
--- before a worker is asked, and not after a million rows.
function M.begin(opened)
  return opened:run "BEGIN IMMEDIATE"
end

--- One writer at a time: the lock has been taken by begin.
function M.claim() return true end

--- Some failures (a full disk) end the transaction; what is executed after
--- them would stand on its own. A second BEGIN is refused inside of one.
function M.is_intact(opened)
  local began = opened:run "BEGIN"
  if began then opened:run "ROLLBACK" end
  return not began
end

--- Whether a failed COMMIT certainly wrote nothing.
function M.is_certain() return false end

function M.transaction_id() return "0" end

--- What failed has been rolled back before it is looked up.
function M.has_ended() return true end

--- Whether somebody else has taken away the database that he had made, and for
--- which we were waiting. SQLite says many things then.
function M.is_race(_, target)
  return not target.memory and is_missing(target.name)
end

function M.settle() return true end

-- ---- tables --------------------------------------------------------------

---@return sluice.sql.Existing[]? columns  empty when there is no such table
function M.columns(opened, name)
  local rows, why = opened:query([[SELECT name, type, "notnull", dflt_value IS NOT NULL OR pk > 0 FROM pragma_table_info(?)]], name)
  if not rows then return nil, why end
  return lists.map(rows, function(row)
    return { name = row[1], type = row[2] or "", required = row[3] == 1, has_default = row[4] == 1 }
  end)
end

local AFFINITIES = {
  { "^ANY$", "BLOB" }, { "INT", "INTEGER" }, { "CHAR", "TEXT" }, { "CLOB", "TEXT" }, { "TEXT", "TEXT" },
  { "BLOB", "BLOB" }, { "^$", "BLOB" }, { "REAL", "REAL" }, { "FLOA", "REAL" }, { "DOUB", "REAL" },
}

local function affinity(declared)
  for _, rule in ipairs(AFFINITIES) do
    if declared:upper():find(rule[1]) then return rule[2] end
  end
  return "NUMERIC"
end

local ACCEPTED = {
  text = { TEXT = true, BLOB = true },
  integer = { INTEGER = true, NUMERIC = true },
  number = { REAL = true, NUMERIC = true },
  boolean = { INTEGER = true, NUMERIC = true },
  json = { TEXT = true, BLOB = true },
}

--- Whether a column declared so holds these values unchanged.
function M.accepts(kind, declared)
  return ACCEPTED[kind][affinity(declared)] or false
end

-- ---- rows ----------------------------------------------------------------

---@class sluice.sql.sqlite.Store: sluice.sql.Store
---@field direct sluice.core.Insert  takes rows of a schema without us
local Store = { __name = "sluice.sql.Store" }
Store.__index = Store

--- One row at a time: a batch would not be faster, and who is to blame is known.
local FORM = {
  convert = values.plain,
  usual = { text = 'type(v) == "string"', integer = 'math_type(v) == "integer"' },
  take = { text = row_reader.COUNT },
  place = "out[%d]",
}

---@param opened sluice.sql.Connection
---@param spec sluice.sql.Insert
---@return sluice.sql.Store? store, string? why
function M.store(opened, spec)
  local width, row = #spec.columns, {}
  local text = ("INSERT INTO %s (%s) VALUES (%s)%s"):format(
    spec.table, spec.names, ("?, "):rep(width - 1) .. "?", spec.conflict)
  local insert, why = opened:insert(opened.link, text, spec.columns)
  if not insert then return nil, why end
  return setmetatable({
    rows = 1, bytes = math.huge, row = row, read = row_reader.new(FORM, spec.columns, row), direct = insert,
  }, Store)
end

--- Insert the row of the batch. A statement that fails has inserted nothing.
---@return true? ok, string? why
function Store:insert()
  return self.direct:run(self.row)
end

return M
