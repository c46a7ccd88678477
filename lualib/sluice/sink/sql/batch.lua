--- Rows on their way into a table, some at a time. When a batch is refused,
--- the row that is to blame is found by halving.
local core = require "sluice.core"
local values = require "sluice.sink.sql.values"

local M = {}

---@class sluice.sql.Insert
---@field table string       quoted
---@field names string       of the columns, quoted
---@field columns sluice.sql.Column[]
---@field key integer[]?     places of the columns of the key
---@field upsert boolean
---@field conflict string    what to do when the key is there

---@class sluice.sql.Store   rows of a batch, as the dialect wants them
---@field rows integer       how many fit
---@field bytes integer      how many bytes of text may wait
---@field convert table<string, fun(value: any): any, string?>
---@field replaces boolean?  a later row of the same key takes the earlier one's place
---@field put fun(self, n: integer, column: integer, value: any)
---@field insert fun(self, first: integer, last: integer): true?, string?, integer?

---@class sluice.sql.Problem
---@field why string
---@field column string?
---@field row sluice.Row?

---@class sluice.sql.Batch
local Batch = { __name = "sluice.sql.Batch" }
Batch.__index = Batch

local null = core.null

---@param store sluice.sql.Store
---@param spec sluice.sql.Insert
---@param is_intact fun(): boolean  whether the transaction goes on after a failed statement
---@return sluice.sql.Batch
function M.new(store, spec, is_intact)
  local convert = {}
  for i, column in ipairs(spec.columns) do convert[i] = store.convert[column.type] end
  return setmetatable({
    store = store, columns = spec.columns, convert = convert, key = spec.key, is_intact = is_intact,
    count = 0, bytes = 0, rows = {}, line = {}, places = store.replaces and {} or nil,
  }, Batch)
end

--- The payload as values of the columns, in self.line.
---@return true? ok, sluice.sql.Problem? problem
local function read(self, payload)
  if type(payload) ~= "table" then
    return nil, { why = "expected an object, got " .. values.show(payload) }
  end
  local line, bytes = self.line, 0
  for i, column in ipairs(self.columns) do
    local value, problem = payload[column.name], nil
    if value == nil or value == null then
      value = nil
      if not column.null then problem = "a value is missing" end
    else
      value, problem = self.convert[i](value)
      if type(value) == "string" then bytes = bytes + #value end
    end
    if problem then return nil, { why = problem, column = column.name } end
    line[i] = value
  end
  self.bytes = self.bytes + bytes
  return true
end

--- The place of a row: its key's, if a row of the batch has it already.
local function place(self)
  if not self.places then return self.count + 1 end
  local parts = {}
  for i, column in ipairs(self.key) do parts[i] = ("%s"):format(self.line[column]) end
  local key = table.concat(parts, "\0")
  local n = self.places[key] or self.count + 1
  self.places[key] = n
  return n
end

---@param row sluice.Row
---@return true? ok, sluice.sql.Problem? problem
function Batch:add(row)
  local ok, problem = read(self, row.payload)
  if not ok then
    problem.row = row
    return nil, problem
  end
  local n, store, line = place(self), self.store, self.line
  for i = 1, #self.columns do store:put(n, i, line[i]) end
  self.rows[n] = row
  if n > self.count then self.count = n end
  if self.count < store.rows and self.bytes < store.bytes then return true end
  return self:flush()
end

--- Insert a range, in halves if it is refused: the first row that cannot be
--- inserted after those before it is the one to blame.
local function insert(self, first, last)
  local ok, why, at = self.store:insert(first, last)
  if ok then return true end
  if not self.is_intact() then return nil, why end
  if at or first == last then return nil, why, at or first end
  local middle = (first + last) // 2
  ok, why, at = insert(self, first, middle)
  if not ok then return nil, why, at end
  return insert(self, middle + 1, last)
end

---@return true? ok, sluice.sql.Problem? problem
function Batch:flush()
  if self.count == 0 then return true end
  local ok, why, at = insert(self, 1, self.count)
  if not ok then return nil, { why = why, row = at and self.rows[at] } end
  self.count, self.bytes, self.rows = 0, 0, {}
  if self.places then self.places = {} end
  return true
end

return M
