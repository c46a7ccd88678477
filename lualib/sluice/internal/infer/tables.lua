--- The database table that fits a stream's rows.
local columns = require "sluice.internal.sql.columns"
local ledger = require "sluice.internal.sql.ledger"
local lists = require "sluice.internal.lists"
local postgres = require "sluice.internal.sql.postgres"
local sqlite = require "sluice.internal.sql.sqlite"

local M = {}

---@class sluice.infer.Table
---@field stream sluice.infer.Stream
---@field name string
---@field columns sluice.sql.Column[]
---@field whole string?   why each row is stored as one JSON column
---@field json "json"|"json?"  the type of that column

M.dialects = { sqlite = sqlite, postgres = postgres }

local LIMITS = {
  [sqlite] = { columns = 2000, reserved = {} },
  [postgres] = { columns = 1600, bytes = 63, reserved = lists.keyed { "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid" } },
}

--- Why a database cannot have a column of this name.
local function problem_of_name(name, limits)
  if name == "" then return "a field has no name" end
  if name:find("\0", 1, true) then return "the name of a field contains U+0000" end
  if not utf8.len(name) then return "the name of a field is not UTF-8" end
  if limits.reserved[name] then return ("the name %s is reserved by the database"):format(name) end
  if limits.bytes and #name > limits.bytes then return ("the name %s… is longer than %d bytes"):format(name:sub(1, 20), limits.bytes) end
end

--- Why the fields of a row cannot be the columns of a table.
---@return string?
local function problem_of(node, dialect)
  local limits, seen = LIMITS[dialect], {}
  if not node.fields or rawget(node.type, "nullable") then return "the rows are not all records" end
  if #node.fields == 0 then return "the rows have no fields" end
  if #node.fields > limits.columns then return ("a table has at most %d columns"):format(limits.columns) end
  for _, field in ipairs(node.fields) do
    local problem = problem_of_name(field.name, limits)
    if problem then return problem end
    local folded = dialect.fold(field.name)
    if seen[folded] then return ("the names %s and %s are the same to the database"):format(seen[folded], field.name) end
    seen[folded] = field.name
    if field.node.place.surrogates then return ("a string in %s has a lone surrogate, which a database cannot store"):format(field.name) end
  end
end

--- A name that no other of these tables has and that the database does not reserve.
local function free_name(stream, dialect, taken)
  local limits = LIMITS[dialect]
  local base = stream:gsub("[%z\1-\31]", "_")
  if not utf8.len(base) then base = base:gsub("[\128-\255]", "_") end
  if base == "" or base:lower():find "^sqlite_" or base:lower() == ledger.TABLE then base = "stream_" .. base end
  local room = (limits.bytes or 200) - 4
  while #base > room do base = base:sub(1, (utf8.offset(base, -1)) - 1) end
  local name, n = base, 1
  while taken[dialect.fold(name)] do
    n = n + 1
    name = ("%s_%d"):format(base, n)
  end
  taken[dialect.fold(name)] = true
  return name
end

local function takes_null(type) return type.kind == "null" or rawget(type, "nullable") end

---@param inferred sluice.infer.Result
---@param dialect table
---@return sluice.infer.Table[]
function M.of(inferred, dialect)
  local taken = {}
  return lists.map(inferred.streams, function(stream)
    local whole, json = problem_of(stream.node, dialect), takes_null(stream.node.type) and "json?" or "json"
    return {
      stream = stream, whole = whole, json = json, name = free_name(stream.name, dialect, taken),
      columns = whole and columns.read { { "row", json } } or columns.of_schema(stream.node.type),
    }
  end)
end

return M
