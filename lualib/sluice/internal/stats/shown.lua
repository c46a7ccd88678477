--- Shared by both output formats of statistics.
local M = {}

--- The places to show: the rows themselves only if some of them are not objects.
---@param known table
---@return table[] places
function M.places(known)
  local root = known.fields[1]
  return table.move(known.fields, root.types.object == known.rows and 2 or 1, #known.fields, 1, {})
end

---@param stream sluice.stats.Stream
---@return integer? rows  per second; nil: the run took no time
function M.rate(stream)
  return stream.seconds > 0 and math.floor(stream.known.rows / stream.seconds + 0.5) or nil
end

return M
