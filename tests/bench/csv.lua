-- Six columns of every row, as CSV.
local set = require("sluice").options {
  file = { required = true, description = "the file" },
}

return {
  sink = require("sluice.sink.csv").file(set.file, { columns = { "kind", "name", "file", "line", "size", "doc" }, header = false }),
}
