--- One connection and one transaction for all sinks of a run that write to the
--- same database: two connections would wait for each other's locks, and one
--- could commit without the other. It commits once, when the last of its sinks
--- has asked for it; a failure of one sink rolls everything back.
local core = require "sluice.core"
local ledger = require "sluice.internal.sql.ledger"

local M = {}

--- How long to look up the fate of a commit that got no answer.
local LOOK_UP_S, PAUSE_S = 10, 0.2

---@class sluice.sql.Transaction
---@field target sluice.sql.Target
---@field dialect table
---@field connection sluice.core.Database
---@field is_new boolean?      the database did not exist before
---@field key string           of the run; generated if none was given
---@field members integer      participating sinks
---@field private state "open"|"preparing"|"committed"|"rolled back"|"unknown"
local Transaction = { __name = "sluice.sql.Transaction" }
Transaction.__index = Transaction

-- Transactions that sinks may still join, by run and then by connection target. One that is no
-- longer referenced is closed by the collector, which rolls it back.
local WEAK = { __mode = "v" }
local open_of = setmetatable({}, { __mode = "k" })

--- Connect, begin, and create the ledger if necessary.
local function begin(self, run_key)
  local dialect, why, ok = self.dialect, nil, nil
  self.connection, why, self.is_new = dialect.open(self.target)
  if not self.connection then return nil, "cannot connect: " .. why end
  ok, why = dialect.begin(self.connection)
  if ok and run_key then ok, why = dialect.claim(self.connection, run_key) end
  if ok then ok, why = ledger.create(self.connection, dialect) end
  return ok, why
end

--- Two simultaneous first runs may both try to create the ledger, or one may remove
--- the database that it has created: the other then begins again.
local function start(self, run_key)
  local ok, why = begin(self, run_key)
  if ok or not self.connection or not self.dialect.is_race(why, self.target) then return ok, why end
  self.connection:close()
  return begin(self, run_key)
end

---@param target sluice.sql.Target
---@param run any             identifies the run: sinks of other runs do not join
---@param run_key string?
---@return sluice.sql.Transaction? transaction, string? why
function M.join(target, run, run_key)
  open_of[run] = open_of[run] or setmetatable({}, WEAK)
  local open, at = open_of[run], target.name .. "\0" .. (run_key or "")
  local self = open[at]
  if self and self.state == "open" then
    self.members = self.members + 1
    return self
  end
  self = setmetatable({
    target = target, dialect = target.dialect, open = open, place = at, state = "open",
    key = run_key or ledger.generate(), members = 1, prepared = 0, asked = 0,
  }, Transaction)
  local ok, why = start(self, run_key)
  if not ok then
    self:rollback()
    return nil, why
  end
  open[at] = self
  return self
end

---@private
function Transaction:finish(state)
  self.state = state
  if self.open[self.place] == self then self.open[self.place] = nil end
  if self.connection and not self.target.memory then self.connection:close() end
end

--- Undo everything, for all sinks. Has no effect after the end.
function Transaction:rollback()
  if self:is_over() then return end
  local opened = self.connection
  local is_plain = opened and self.dialect.rollback(opened) -- otherwise something has already ended the transaction
  self:finish "rolled back"
  if opened and (self.is_new or not is_plain) then self.dialect.tidy(self.target, self.is_new) end
end

--- One sink takes no part after all.
function Transaction:leave()
  self.members = self.members - 1
  if self.members == 0 then self:rollback() end
end

function Transaction:is_over()
  return self.state ~= "open" and self.state ~= "preparing"
end

---@return boolean? committed  nil: unknown
function Transaction:is_committed()
  if self.state == "unknown" then return nil end
  return self.state == "committed"
end

--- A sink has written all its rows.
---@return true? ok, string? why
function Transaction:prepare()
  self.state = "preparing"
  self.prepared = self.prepared + 1
  if self.prepared < self.members then return true end
  local ok, why = self.dialect.settle(self.connection)
  if not ok then return nil, why end
  self.id, why = self.dialect.transaction_id(self.connection)
  if not self.id then return nil, why end
  return true
end

--- Is the run in the ledger? False if the ledger does not exist yet.
---@return boolean? found
local function is_in_ledger(self, opened)
  local found = ledger.has(opened, self.key)
  if found ~= nil then return found end
  local columns = self.dialect.columns(opened, ledger.TABLE)
  if columns and #columns == 0 then return false end
end

--- Find out through a new connection what happened to a commit that got no answer;
--- nil while that is unknown.
---@return boolean? committed
local function fate(self)
  local opened = self.dialect.open(self.target)
  if not opened then return nil end
  local committed
  if self.dialect.has_ended(opened, self.id) then committed = is_in_ledger(self, opened) end
  if not self.target.memory then opened:close() end
  return committed
end

---@return boolean? committed
local function look_up(self)
  local limit = core.now() + LOOK_UP_S
  local committed = fate(self)
  while committed == nil and core.now() < limit do
    os.execute("sleep " .. PAUSE_S)
    committed = fate(self)
  end
  return committed
end

--- COMMIT has failed, or appears to have failed.
---@return true? ok, string? why, boolean? unknown
local function judge(self, why)
  local committed = nil
  if self.dialect.is_certain(self.connection) then committed = false end
  self.dialect.rollback(self.connection)
  self:finish "rolled back"
  if committed == nil then committed = look_up(self) end
  if committed then
    self.state = "committed"
    return true
  end
  if committed == false then
    self.dialect.tidy(self.target, self.is_new)
    return nil, "the commit failed and nothing was written: " .. why
  end
  self.state = "unknown"
  return nil, ("outcome unknown: the commit got no answer (%s); if run key %s is in %s, it is committed")
    :format(why, self.key, ledger.TABLE), true
end

--- Commit if every sink has asked; otherwise count the request.
---@return true? ok, string? why, boolean? unknown
function Transaction:commit()
  if self.prepared < self.members then return nil, "not every sink of this database has prepared" end
  self.asked = self.asked + 1
  if self.asked < self.members then return true end
  local ok, why = self.connection:run_patiently "COMMIT"
  if not ok then return judge(self, why) end
  self:finish "committed"
  return true
end

return M
