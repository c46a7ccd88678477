-- The first rows (10, or --set count=N), then the worker is asked to stop.
--
--   sluice run head --set count=3 -- ./scan.lua
--
-- Shows: run:stop() ends a run early in good order. The worker still sends its
-- summary, so the outcome is a success, marked as stopped.
local sluice = require "sluice"

local set = sluice.options {
  count = { type = "integer", default = 10, description = "how many rows" },
}
if set.count < 1 then error(sluice.error("usage", "--set count: expected a positive integer"), 0) end

local out = sluice.stdout()
local seen = 0

return {
  on_row = function(row, run)
    seen = seen + 1
    if seen <= set.count then out:row(row) end
    if seen == set.count then run:stop() end
  end,
}
