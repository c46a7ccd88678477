-- Every row of every stream as a line of JSON, as soon as it is there.
--
--   sluice run jsonl -- ./scan.lua > rows.jsonl
--
-- The lines are tentative until the command has ended with status 0; `sluice
-- filter --atomic true` writes nothing before that.
local out = require("sluice").stdout()

return {
  on_row = function(row) out:row(row) end,
}
