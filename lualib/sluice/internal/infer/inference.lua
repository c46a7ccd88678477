--- schema.infer: a type from values, given one after the other.
local check = require "sluice.internal.check"
local core = require "sluice.core"
local decide = require "sluice.internal.infer.decide"
local drift = require "sluice.internal.infer.drift"
local json = require "sluice.json"
local types = require "sluice.internal.schema.type"

local M = {}

---@class sluice.Inference
---@field private shapes sluice.core.Shapes
---@field private options sluice.infer.Options
local Inference = { __name = "sluice.Inference" }
local methods = {}
Inference.__index = core.members(methods, "an inference")

local STREAM = "values"

local readers = {
  enum = function(value)
    if math.type(value) == "integer" and value >= 0 and value <= 64 then return value end
    return nil, "an integer from 0 to 64"
  end,
  tight = check.boolean,
}

---@param options sluice.infer.Options?
---@return sluice.Inference
function M.new(options)
  local read, problem = check.table(options or {}, readers, "")
  if not read then error("schema.infer: " .. problem, 2) end
  return setmetatable({ shapes = core.shapes(STREAM), options = read }, Inference)
end

--- Add a row, or any value that JSON can represent; otherwise returns nil and an error (kind row_malformed).
---@param value any
---@return sluice.Inference? self, sluice.Error? err
function methods:add(value)
  if type(value) == "userdata" and not core.is_decimal(value) and value ~= core.null then
    local ok, err = self.shapes:row(value)
    if not ok then return nil, err end
    return self
  end
  local text, err = json.encode(value)
  if not text then return nil, err end
  local ok
  ok, err = self.shapes:add(text, STREAM)
  if not ok then return nil, err end
  return self
end

--- Add the values of another inference, as if they came now.
---@param other sluice.Inference
---@return sluice.Inference self
function methods:merge(other)
  if getmetatable(other) ~= Inference or other == self then error("merge: expected another inference", 2) end
  local ok, err = self.shapes:merge(other.shapes)
  if not ok then error(err, 2) end
  return self
end

local function description(self)
  return self.shapes:describe(STREAM)
end

--- The type; schema.any if there are no values yet.
---@return sluice.Schema
function methods:schema()
  local known = description(self)
  return known and decide.node(known, self.options).type or types.bare.any
end

--- The number of values.
---@return integer
function methods:count()
  local known = description(self)
  return known and known.rows or 0
end

--- The differences between the values and a declared type.
---@param declared sluice.Schema
---@return sluice.Drift[] changes  empty: they agree
function methods:drift(declared)
  if not types.is(declared) then error(("drift: expected a type such as schema.string, got %s"):format(check.show(declared)), 2) end
  local known = description(self)
  return known and drift.of(known, declared) or {}
end

return M
