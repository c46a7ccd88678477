--- Near misses: "on_rows" -> "on_row".
local core = require "sluice.core"

local M = {}

--- "; did you mean on_row?" with the candidate nearest to word, or "" if none is
--- near enough (runtime/base/nearest.h).
---@param word any
---@param candidates string[]
---@return string
function M.hint(word, candidates)
  local best = type(word) == "string" and core.nearest(word, candidates)
  return best and ("; did you mean %s?"):format(best) or ""
end

return M
