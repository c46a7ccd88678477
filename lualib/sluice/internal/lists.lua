--- Helpers for lists and tables.
local M = {}

--- The keys of a table, in the order of their texts.
---@param t table
---@return any[] keys
function M.sorted_keys(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  return keys
end

--- The results of f for each element.
---@param list any[]
---@param f fun(value: any, i: integer): any
function M.map(list, f)
  local made = {}
  for i, value in ipairs(list) do made[i] = f(value, i) end
  return made
end

--- The elements for which f holds.
---@param f fun(value: any): any
function M.select(list, f)
  local chosen = {}
  for _, value in ipairs(list) do
    if f(value) then chosen[#chosen + 1] = value end
  end
  return chosen
end

--- The first element for which f holds.
---@param f fun(value: any): any
function M.find(list, f)
  for _, value in ipairs(list) do
    if f(value) then return value end
  end
end

--- A table's entries under these keys.
function M.picked(t, keys)
  local picked = {}
  for _, key in ipairs(keys) do picked[key] = t[key] end
  return picked
end

function M.contains(list, value)
  for _, other in ipairs(list) do
    if other == value then return true end
  end
  return false
end

--- { "a", "b" } as { a = true, b = true }.
function M.keyed(list)
  local keyed = {}
  for _, value in ipairs(list) do keyed[value] = true end
  return keyed
end

--- A table with the fields of both; the second takes precedence.
function M.joined(first, second)
  local both = {}
  for key, value in pairs(first) do both[key] = value end
  for key, value in pairs(second) do both[key] = value end
  return both
end

--- Append more to the list and return it.
function M.append(list, more)
  return table.move(more, 1, #more, #list + 1, list)
end

return M
