--- Near misses: "on_rows" -> "on_row".
local M = {}

--- Edits that turn one word into the other (insert, delete, replace, swap of
--- neighbours counted as two).
local function distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      local best = math.min(row[j] + 1, row[j - 1] + 1, diagonal + cost)
      diagonal, row[j] = row[j], best
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
