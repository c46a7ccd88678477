-- How many nanoseconds after it was emitted each row of ping.c arrived here.
local now = require("sluice.core").now
local took = {}

return {
  on_row = function(row)
    took[#took + 1] = math.floor(now() * 1e9) - row:get("t")
  end,
  on_summary = function() print(table.concat(took, "\n")) end,
}
