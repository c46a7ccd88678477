--- Rejected rows: written down, and no more of them than allowed.
---
--- A rejected row goes to the policy's `rejects` sink as an object
---
---     {"stream":…,"sequence":…,"reason":…,"pointer":…,"violations":[…],"row":…}
---
--- with the row's text as it came; pointer and violations only where a schema
--- refused it. Without such a sink the first few reasons become notes.
---
--- `max_rejects` is a number of rows, or a percentage of the delivered ones. A
--- percentage is judged at the end, and with each rejected row once so many rows
--- were delivered that one of them cannot decide it.
local core = require "sluice.core"
local record = require "sluice.record"
local units = require "sluice.units"

local M = {}

local ENOUGH_ROWS = 1000
local MOST_NOTES = 5

---@class sluice.RejectLimit
---@field rows integer?
---@field percent number?
---@field text string    as the user wrote it

local EXPECTED = 'a number of rows, or a percentage such as "1%"'

--- Read `max_rejects`.
---@return sluice.RejectLimit? limit, string? expected
function M.limit(value)
  local rows = math.type(value) == "float" and math.tointeger(value) or value
  if math.type(rows) == "integer" and rows >= 0 then return { rows = rows, text = units.show_count(rows) } end
  local percent = type(value) == "string" and tonumber(value:match "^(%d+%.?%d*)%%$")
  if percent and percent <= 100 then return { percent = percent, text = value } end
  return nil, EXPECTED
end

---@class sluice.Rejects
---@field private limit sluice.RejectLimit?
---@field private write (fun(row: sluice.Row): true?, sluice.Error?)?
---@field private count integer
---@field private notes string[]
local Rejects = {}
Rejects.__index = Rejects

---@param limit sluice.RejectLimit?
---@param write (fun(row: sluice.Row): true?, sluice.Error?)?  to the sink
---@return sluice.Rejects
function M.new(limit, write)
  return setmetatable({ limit = limit, write = write, count = 0, notes = {} }, Rejects)
end

---@param row sluice.Row
---@param why string|sluice.Error
---@return string json
local function describe(row, why)
  local is_error = type(why) == "table"
  return record.object(
    "stream", row.stream,
    "sequence", row.sequence,
    "reason", is_error and why.message or why,
    "pointer", is_error and why.pointer or nil,
    "violations", is_error and why.violations and core.json.array(why.violations) or nil,
    "row", record.raw(row.raw))
end

local function place(row)
  return ("stream %s, row %d"):format(row.stream, row.sequence)
end

---@param delivered integer
---@return sluice.Error? err  when there are more than allowed
function Rejects:judge(delivered)
  local limit = self.limit
  if not limit then return nil end
  local within = limit.rows and self.count <= limit.rows or limit.percent and self.count * 100 <= limit.percent * delivered
  if within then return nil end
  return core.error("row_invalid", ("%s of %s rows were rejected, max_rejects is %s; the last is %s: %s"):format(
    units.show_count(self.count), units.show_count(delivered), limit.text, place(self.last), self.last.reason), {
    stream = self.last.stream, sequence = self.last.sequence, pointer = self.last.pointer,
    max_rejects = limit.text, rejected = self.count,
  })
end

---@param row sluice.Row
---@param why string|sluice.Error
function Rejects:remember(row, why)
  local reason = type(why) == "table" and why.message or why
  self.count = self.count + 1
  self.last = {
    stream = row.stream, sequence = row.sequence, reason = reason,
    pointer = type(why) == "table" and why.pointer or nil,
  }
  if not self.write and self.count <= MOST_NOTES then
    table.insert(self.notes, ("rejected %s: %s"):format(place(row), reason))
  end
end

--- The runtime's on_reject.
---@param row sluice.Row  as it came
---@param run sluice.Run
---@param why string|sluice.Error
function Rejects:add(row, run, why)
  self:remember(row, why)
  if self.write then
    local ok, err = self.write(core.row("rejects", self.count - 1, describe(row, why)))
    if not ok then error(err, 0) end
  end
  if not self.limit then return end
  if self.limit.rows and self.count <= self.limit.rows then return end
  local delivered = run:counts().rows
  if self.limit.percent and delivered < ENOUGH_ROWS then return end
  local err = self:judge(delivered)
  if err then error(err, 0) end
end

--- The first few reasons, where no sink has them.
---@return string[]? notes
function Rejects:summary()
  if #self.notes == 0 then return nil end
  local notes = table.move(self.notes, 1, #self.notes, 1, {})
  if self.count > #notes then
    table.insert(notes, ("%s more rows were rejected; a `rejects` sink keeps them all"):format(units.show_count(self.count - #notes)))
  end
  return notes
end

return M
