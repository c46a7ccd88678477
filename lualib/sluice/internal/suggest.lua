--- Near misses: "on_rows" -> "on_row".
local core = require "sluice.core"

local M = {}

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
    local d = core.distance(word:lower(), candidate:lower())
    if d < closest then best, closest = candidate, d end
  end
  return best and ("; did you mean %s?"):format(best) or ""
end

return M
