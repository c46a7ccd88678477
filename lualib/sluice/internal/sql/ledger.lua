--- The ledger: which runs are in the database. Its entries are written in the
--- same transaction as the rows, so either both are there or neither.
local M = {}

M.TABLE = "sluice_ledger"

local COLUMNS = { "run_key", "table_name", "stream", "rows", "bytes", "checksum", "kept", "time" }

local CREATE = [[
CREATE TABLE %s (
  run_key %s NOT NULL, table_name %s NOT NULL, stream %s NOT NULL,
  rows %s NOT NULL, bytes %s NOT NULL, checksum %s NOT NULL, kept %s NOT NULL, time %s NOT NULL,
  PRIMARY KEY (run_key, table_name, stream))]]

--- Create the table unless it exists; checking first needs no right to create tables.
---@param opened sluice.core.Database
---@return true? ok, string? why
function M.create(opened, dialect)
  local there, why = dialect.columns(opened, M.TABLE)
  if not there then return nil, why end
  if there[1] then return true end
  local t = dialect.types
  return opened:run(CREATE:format(M.TABLE, t.text, t.text, t.text, t.integer, t.integer, t.text, t.integer, t.time))
end

--- A key for a run without one.
function M.generate()
  local source = assert(io.open("/dev/urandom", "rb"))
  local bytes = source:read(8)
  source:close()
  return os.date "!run-%Y%m%dT%H%M%SZ-" .. bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end)
end

--- Whether a run is in the ledger, for any table or for one.
---@param opened sluice.core.Database
---@return boolean? found, string? why
function M.has(opened, key, name)
  local text = ("SELECT run_key FROM %s WHERE run_key = $1%s LIMIT 1"):format(M.TABLE, name and " AND table_name = $2" or "")
  local rows, why = opened:query(text, table.unpack { key, name })
  if not rows then return nil, why end
  return rows[1] ~= nil
end

---@param opened sluice.core.Database
---@param seal sluice.Seal
---@return true? ok, string? why
function M.write(opened, key, name, seal)
  local marks = {}
  for i = 1, #COLUMNS do marks[i] = "$" .. i end
  return opened:run(
    ("INSERT INTO %s (%s) VALUES (%s)"):format(M.TABLE, table.concat(COLUMNS, ", "), table.concat(marks, ", ")),
    key, name, seal.stream, seal.rows, seal.bytes, seal.checksum, seal.kept, os.date "!%Y-%m-%dT%H:%M:%SZ")
end

return M
