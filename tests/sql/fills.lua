-- fills.lua URL: writes endless rows to a table, under a limit on file sizes that
-- the caller has set (ignoring its signal); prints the result.
local support = require "sql.support"

local core = require "sluice.core"

local sink = support.sink((...))
assert(sink:begin { streams = { "rows" }, name = "streams.rows.sink" })
local ok, err
for i = 0, 1e6 do
  ok, err = sink:write(core.row("rows", i, ('{"name":"%s","line":%d}'):format(("x"):rep(1000), i)))
  if not ok then break end
end
print("kind " .. err.kind, err)
assert(sink:rollback())
