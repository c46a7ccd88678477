-- How many nanoseconds each row of ping.c took from its emission to the handler.
local now = require("sluice.core").now
local took = {}

return {
  on_row = function(row)
    took[#took + 1] = math.floor(now() * 1e9) - row:get("t")
  end,
  on_summary = function() print(table.concat(took, "\n")) end,
}
