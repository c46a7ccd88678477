--- Near misses: "on_rows" -> "on_row".
local M = {}

--- Edits that turn one word into the other (insert, delete, replace, swap of
--- neighbours).
local function distance(a, b)
  local higher, above, row = nil, nil, {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    higher, above, row = above, row, { [0] = i }
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      row[j] = math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + cost)
      local swapped = i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j)
      if swapped then row[j] = math.min(row[j], higher[j - 2] + 1) end
    end
  end
  return row[#b]
end

--- "; did you mean on_row?" of the candidate closest to word, if it is close
--- enough to be meant; or nothing.
---@param word any
---@param candidates string[]
---@return string
function M.hint(word, candidates)
  if type(word) ~= "string" then return "" end
  local limit = math.max(1, math.min(3, #word // 3))
  local best, closest = nil, limit + 1
  for _, candidate in ipairs(candidates) do
    local d = distance(word:lower(), candidate:lower())
    if d < closest then best, closest = candidate, d end
  end
  return best and ("; did you mean %s?"):format(best) or ""
end

return M
