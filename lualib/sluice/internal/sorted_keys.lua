--- The keys of a table as a list, in the order of their texts.
---@param t table
---@return any[] keys
return function(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  return keys
end
