--- Random rows as JSON texts: mostly of one type, ragged, with unusual values and names.
local json = require "sluice.json"
local random = require "schema.random"

local M = {}

local function one_of(list) return list[math.random(#list)] end
local function chance(n) return math.random(n) == 1 end

M.scalars = {
  "null", "true", "false", "0", "1", "-7", "9223372036854775807", "-9223372036854775808", "9007199254740993",
  "0.5", "-0.0", "1.0", "1e3", "0.30000000000000004", "1e300", "5e-324", "9223372036854775808", "1e400", "-1e309",
  "0.1234567890123456789012", "12345678901234567890.125", '""', '"a"', '"b"', '"é"', '"\\ud800"', '"\\u0000"', '"a\\nb"',
  '"]]"', '"--"', '"\\""', '"\\\\"', '"2024-02-29"', '"2024-02-29T12:00:00Z"', '"10.0.0.1"', '"a@b.c"', '"https://example.org/"',
  '"' .. ("é"):rep(50) .. '"', '"' .. ("x"):rep(70) .. '"',
}

local names = {
  "a", "b", "kind", "end", "a b", "", "é", "a/b", "~", "%", "\n", '"', "\\", "]]", "--", "\0", "$ref", "1", "A", "ctid", "row", "name",
}

M.names = names

local function any(depth)
  local pick = math.random(depth > 0 and 8 or 5)
  if pick <= 5 then return one_of(M.scalars) end
  local parts = {}
  for i = 1, math.random(0, 4) do
    local value = any(depth - 1)
    parts[i] = pick == 8 and value or json.encode(one_of(names)) .. ":" .. value
  end
  return pick == 8 and "[" .. table.concat(parts, ",") .. "]" or "{" .. table.concat(parts, ",") .. "}"
end

M.any = any

--- A row with the same fields as others of its kind, each with few types, and occasionally one that does not conform.
local function regular(plan)
  local parts = {}
  for i, field in ipairs(plan) do
    if not (field.optional and chance(2)) then
      parts[#parts + 1] = json.encode(field.name) .. ":" .. (chance(60) and any(1) or field.value and field.value(i) or one_of(field.values))
    end
  end
  if chance(8) and #parts > 0 then parts[#parts + 1] = one_of(parts) end -- a duplicate key
  return "{" .. table.concat(parts, ",") .. "}"
end

local function plan_of_fields(depth)
  local plan, seen = {}, {}
  for _ = 1, math.random(0, 6) do
    local name, values = one_of(names), {}
    for k = 1, math.random(3) do values[k] = any(0) end
    local inner = depth > 0 and chance(4) and plan_of_fields(depth - 1)
    if not seen[name] then
      plan[#plan + 1] = { name = name, optional = chance(3), values = values, value = inner and function() return regular(inner) end }
    end
    seen[name] = true
  end
  return plan
end

--- So many rows that have something in common.
---@return string[]
function M.list(count)
  local list, pick = {}, math.random(5)
  local plan, of = plan_of_fields(2), random.type(3)
  for i = 1, count do
    if pick <= 3 then list[i] = regular(plan)
    elseif pick == 4 then list[i] = assert(json.encode(random.value(of, 3)))
    else list[i] = any(3) end
  end
  return list
end

-- ---- changes --------------------------------------------------------------------------

--- The same value with one place changed at random, as a text; it may happen to be unchanged.
function M.mutated(text)
  local value = json.decode(text)
  local at, steps = value, math.random(0, 4)
  if type(value) ~= "table" or value == json.null then return one_of(M.scalars) end
  while true do
    local keys = {}
    for key in pairs(at) do keys[#keys + 1] = key end
    if #keys == 0 then break end
    table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
    local key = one_of(keys)
    if steps > 0 and type(at[key]) == "table" and at[key] ~= json.null then
      at, steps = at[key], steps - 1
    else
      if chance(3) and not json.is_array(at) then at[key] = nil else at[key] = (json.decode(one_of(M.scalars))) end
      break
    end
  end
  return assert(json.encode(value))
end

-- ---- comparing --------------------------------------------------------------------------

--- The first difference of two tables, or nil: they may be too large for assert.same.
---@return string?
function M.difference(a, b, at)
  at = at or ""
  if type(a) ~= "table" or type(b) ~= "table" then
    return (a ~= b or math.type(a) ~= math.type(b)) and ("%s: %s, %s"):format(at, tostring(a), tostring(b)) or nil
  end
  for key, value in pairs(a) do
    local found = M.difference(value, b[key], at .. "/" .. tostring(key))
    if found then return found end
  end
  for key in pairs(b) do
    if a[key] == nil then return ("%s/%s: nil, %s"):format(at, tostring(key), tostring(b[key])) end
  end
end

return M
