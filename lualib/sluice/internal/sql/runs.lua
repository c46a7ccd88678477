--- The runs in a database: its ledger, read and pruned. For `sluice ledger`.
local core = require "sluice.core"
local dialects = require "sluice.internal.sql.dialects"
local ledger = require "sluice.internal.sql.ledger"
local lists = require "sluice.internal.lists"

local M = {}

local LIMIT_MS = 60000

---@class sluice.sql.Run  one stream of a run, in one table
---@field run_key string
---@field time string       of the commit, UTC
---@field table string
---@field stream string
---@field rows integer      delivered
---@field kept integer
---@field bytes integer
---@field checksum string

---@param target sluice.sql.Target
local function failure(target, why)
  return core.error("sink", ("%s: %s"):format(target.shown, why), { url = target.shown })
end

---@class sluice.sql.Runs
local Runs = {}
Runs.__index = Runs

--- Open an existing database with a ledger; nothing is created.
---@param url string
---@return sluice.sql.Runs? runs, sluice.Error? err, string? problem  problem: of the url
function M.open(url)
  local target, problem = dialects.parse(url)
  if not target then return nil, nil, problem end
  target.limit_ms = LIMIT_MS
  local dialect = target.dialect
  if not dialect.is_there(target) then return nil, failure(target, "the database does not exist") end
  local opened, why = dialect.open(target)
  if not opened then return nil, failure(target, why) end
  local self = setmetatable({ target = target, dialect = dialect, opened = opened }, Runs)
  local columns
  columns, why = dialect.columns(opened, ledger.TABLE)
  if columns and columns[1] then return self end
  self:close()
  return nil, failure(target, why or ("the table %s does not exist: no run of sluice has committed here"):format(ledger.TABLE))
end

function Runs:close() self.opened:close() end

Runs.__close = Runs.close

local SELECT = [[SELECT run_key, %s, table_name, stream, rows, kept, bytes, checksum FROM %s ORDER BY time, run_key, table_name, stream]]

---@return sluice.sql.Run[]? runs, sluice.Error? err
function Runs:list()
  local rows, why = self.opened:query(SELECT:format(self.dialect.time_text "time", ledger.TABLE))
  if not rows then return nil, failure(self.target, why) end
  return lists.map(rows, function(row)
    return {
      run_key = row[1], time = row[2], table = row[3], stream = row[4], rows = math.tointeger(tonumber(row[5])),
      kept = math.tointeger(tonumber(row[6])), bytes = math.tointeger(tonumber(row[7])), checksum = row[8],
    }
  end)
end

--- Remove from the ledger the keys that match a condition.
---@return integer? count, string? why
local function forget(self, condition, value)
  local opened = self.opened
  local keys, why = opened:query(("SELECT DISTINCT run_key FROM %s WHERE %s"):format(ledger.TABLE, condition), value)
  if not keys then return nil, why end
  local ok
  ok, why = opened:run(("DELETE FROM %s WHERE %s"):format(ledger.TABLE, condition), value)
  if not ok then return nil, why end
  return #keys
end

local function forget_all(self, keys, before)
  local total = 0
  for _, key in ipairs(keys) do
    local count, why = forget(self, "run_key = $1", key)
    if not count then return nil, why end
    if count == 0 then return nil, ("the run %s is not in %s; nothing was forgotten"):format(key, ledger.TABLE) end
    total = total + count
  end
  if not before then return total end
  local count, why = forget(self, "time < $1", before)
  if not count then return nil, why end
  return total + count
end

--- Forget runs by key, and those before a time (UTC, ISO 8601), all or nothing. Their rows stay.
---@param keys string[]
---@param before string?
---@return integer? count, sluice.Error? err
function Runs:forget(keys, before)
  local ok, why = self.dialect.begin(self.opened)
  if not ok then return nil, failure(self.target, why) end
  local count
  count, why = forget_all(self, keys, before)
  if count then ok, why = self.opened:run_patiently "COMMIT" end
  if count and ok then return count end
  self.opened:run_patiently "ROLLBACK"
  return nil, failure(self.target, why)
end

return M
