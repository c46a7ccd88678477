-- Some fields of every row as CSV.
--
--   sluice run csv --set columns=name,line --set file=decls.csv -- ./scan.lua
--
-- Shows: map, which makes other rows of those that came, and a file that is
-- there as a whole or not at all. A name that ends in .gz is compressed.
local csv = require "sluice.sink.csv"

local set = require("sluice").options {
  file = { default = "rows.csv", description = "the file; replaced when the run succeeds" },
  stream = { default = "rows", description = "the stream to take" },
  columns = { type = "names", required = true, description = "fields of the rows, separated by commas" },
  null = { default = "", description = "the text of null and of a field that is absent" },
}

-- A row has at least one of them: of a single column no cell is absent.
local columns = {}
for i, name in ipairs(set.columns) do columns[i] = { name = name, optional = #set.columns > 1 } end

local function pick(row)
  local picked = {}
  for _, name in ipairs(set.columns) do picked[name] = row:get(name) end
  if next(picked) == nil then error("the row has none of these fields: " .. table.concat(set.columns, ", "), 0) end
  return picked
end

return {
  streams = { [set.stream] = { map = pick, sink = csv.file(set.file, { columns = columns, null = set.null }) } },
}
