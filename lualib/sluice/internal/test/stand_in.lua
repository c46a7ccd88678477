--- Stand-ins for the sinks of a policy, which keep in memory what these would get.
---
--- No method of the real sink is called: no file is written, no database connected.
--- Handlers that write to a sink themselves reach the stand-in as well.
local description = require "sluice.internal.sink.description"

---@class sluice.test.StandIn: sluice.Sink
---@field private real sluice.Sink
---@field private payloads any[]      of the run
---@field private rows any[]          the same rows, unmodified
---@field private shadowed table<string, function|false>?  original methods of a user-defined sink
---@field committed boolean
local StandIn = { __name = "a sink's stand-in" }
StandIn.__index = StandIn

local M = {}

local METHODS = { "begin", "write", "prepare", "commit", "rollback" }

StandIn.remembers = true -- nothing can fail, so there is nothing to guard

--- If there is a run key, behaves like a ledger that is still empty.
function StandIn:begin(context)
  self.committed = false
  if description.is(self.real) then self.real:begun(self) end
  return true, context.run_key and "new" or nil
end

--- The row's representation in a list; a handler may write something other than a row.
local function payload_of(row)
  if type(row) == "userdata" then return row.payload end
  return row
end

function StandIn:write(row)
  table.insert(self.payloads, payload_of(row))
  table.insert(self.rows, row)
  return true
end

function StandIn.prepare() return true end

function StandIn:rollback()
  if description.is(self.real) then self.real:ended(self) end
  return true
end

function StandIn:commit()
  self.committed = true
  self:rollback()
  if description.is(self.real, "memory") then self.real.rows = self.rows end
  return true
end

---@return any[] payloads  in order
function StandIn:taken() return self.payloads end

--- Redirect calls of a user-defined sink's methods to the stand-in.
local function shadow(self)
  self.shadowed = {}
  for _, name in ipairs(METHODS) do
    self.shadowed[name] = rawget(self.real, name) or false
    rawset(self.real, name, function(_, ...) return self[name](self, ...) end)
  end
end

--- Restore the methods of the user's sink.
function StandIn:release()
  for name, method in pairs(self.shadowed or {}) do rawset(self.real, name, method or nil) end
  self.shadowed = nil
end

---@param real sluice.Sink
---@return sluice.test.StandIn
local function new(real)
  local self = setmetatable({ real = real, payloads = {}, rows = {}, committed = false }, StandIn)
  if type(real) == "table" and not description.is(real) then shadow(self) end
  return self
end

---@class sluice.test.StandIns
---@field private names string[]  the sinks' names in the policy
---@field private by_name table<string, sluice.test.StandIn>
local StandIns = {}
StandIns.__index = StandIns

--- Replace every sink of a plan by a stand-in.
---@param plan sluice.Plan
---@return sluice.test.StandIns
function M.into(plan)
  local self, by_sink = setmetatable({ by_name = {} }, StandIns), {}
  for _, p in ipairs(plan.participants) do
    by_sink[p.sink] = new(p.sink)
    p.sink = by_sink[p.sink]
    self.by_name[p.name] = p.sink
  end
  local function replace(handlers) handlers.sink = by_sink[handlers.sink] or handlers.sink end
  for _, handlers in pairs(plan.streams) do
    if handlers.sink then replace(handlers) end
  end
  if plan.default and plan.default.sink then replace(plan.default) end
  return self
end

--- The payloads that the sinks have committed, and those of a run that was not committed.
---@return table<string, any[]> committed, table<string, any[]> tentative
function StandIns:rows()
  local committed, tentative = {}, {}
  for name, sink in pairs(self.by_name) do
    committed[name] = sink.committed and sink:taken() or {}
    tentative[name] = sink.committed and {} or sink:taken()
  end
  return committed, tentative
end

function StandIns:release()
  for _, sink in pairs(self.by_name) do sink:release() end
end

return M
