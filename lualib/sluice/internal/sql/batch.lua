--- Rows on their way into a table, some at a time. When a batch is refused,
--- the row that is to blame is found by halving.
local values = require "sluice.internal.sql.values"

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
---@field read fun(payload: table, n: integer): integer?, string?, integer?  of row_reader.lua
---@field replaces integer[]?  a later row of the same key, these columns, takes the earlier one's place
---@field key fun(self, n: integer, columns: integer[]): string
---@field move fun(self, from: integer, to: integer)
---@field insert fun(self, first: integer, last: integer): true?, string?, integer?

---@class sluice.sql.Problem
---@field why string
---@field column string?
---@field row sluice.Row?

---@class sluice.sql.Batch
local Batch = { __name = "sluice.sql.Batch" }
Batch.__index = Batch

---@param store sluice.sql.Store
---@param spec sluice.sql.Insert
---@param is_intact fun(): boolean  whether the transaction goes on after a failed statement
---@return sluice.sql.Batch
function M.new(store, spec, is_intact)
  return setmetatable({
    store = store, columns = spec.columns, is_intact = is_intact, read = store.read,
    max_rows = store.rows, max_bytes = store.bytes,
    count = 0, bytes = 0, rows = {}, places = store.replaces and {} or nil,
  }, Batch)
end

--- Put the last row into the place of an earlier one of its key.
---@return integer n  where it is now
local function replace(self, n)
  local store, places = self.store, self.places
  local key = store:key(n, store.replaces)
  local earlier = places[key]
  if not earlier then
    places[key] = n
    return n
  end
  store:move(n, earlier)
  return earlier
end

---@return nil, sluice.sql.Problem
local function refuse(self, row, why, column)
  return nil, { why = why, row = row, column = column and self.columns[column].name }
end

---@param row sluice.Row
---@return true? ok, sluice.sql.Problem? problem
function Batch:add(row)
  local payload, n = row.payload, self.count + 1
  if type(payload) ~= "table" then return refuse(self, row, "expected an object, got " .. values.show(payload)) end
  local bytes, why, column = self.read(payload, n)
  if not bytes then return refuse(self, row, why, column) end
  bytes = self.bytes + bytes
  self.bytes = bytes
  if self.places then n = replace(self, n) end
  self.rows[n] = row
  if n > self.count then self.count = n end
  if n < self.max_rows and bytes < self.max_bytes then return true end
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
  self.count, self.bytes = 0, 0
  if self.places then self.places = {} end
  return true
end

return M
