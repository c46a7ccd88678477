--- Rows in memory, for programs and tests that need all of them.
---
---     local memory = require "sluice.sink.memory"
---     local kept = memory.new()
---     …  sink = kept  …
---     for _, row in ipairs(kept.rows) do print(row.payload.name) end
---
--- `rows` is the list of the last committed run, nil before the first
--- one; a failed run leaves it unchanged.
local core = require "sluice.core"
local description = require "sluice.internal.sink.description"

local M = {}

---@class sluice.sink.Memory: sluice.Sink
---@field rows sluice.Row[]?
---@field private waiting sluice.Row[]?
---@field private prepared boolean?
local Memory = { __name = "memory" }
Memory.__index = Memory

function Memory:begin()
  if self.waiting then error("begin: the sink is already collecting", 2) end
  self.waiting = {}
  self.description:begun(self)
  return true
end

---@param row sluice.Row
function Memory:write(row)
  if not self.waiting or self.prepared then error("write: the sink has not begun", 2) end
  self.waiting[#self.waiting + 1] = row
  return true
end

function Memory:prepare()
  if not self.waiting then error("prepare: the sink has not begun", 2) end
  self.prepared = true
  return true
end

function Memory:commit()
  if not self.prepared then error("commit: the sink is not prepared", 2) end
  local rows = self.waiting
  self.waiting, self.prepared = nil, nil
  self.description:ended(self)
  self.description.rows = rows
  return true
end

function Memory:rollback()
  self.waiting, self.prepared = nil, nil
  self.description:ended(self)
  return true
end

function Memory.__tostring() return "memory" end

---@return sluice.sink.Memory
function M.new()
  return description.of(Memory, {})
end

return core.members(M, "sluice.sink.memory")
