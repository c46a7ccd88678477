-- The first rows (10, or --arg COUNT), then the worker is asked to stop.
--
--   sluice run scripts/head.lua --arg 3 -- ./scan.lua
--
-- Shows: run:stop() ends a run early in good order. The worker still sends its
-- summary, so the outcome is a success that is marked as stopped.
local out = require("sluice").stdout()
local wanted = math.tointeger(tonumber((...) or 10))
if not wanted or wanted < 1 then error("head.lua: --arg COUNT must be a whole number above 0", 0) end

local seen = 0

return {
  on_row = function(row, run)
    seen = seen + 1
    if seen <= wanted then out:row(row) end
    if seen == wanted then run:stop() end
  end,
}
