-- A Lua program that uses sluice as a module: the largest functions of a tree.
--
--   lua5.4 report.lua [ROOT]
local sluice = require "sluice"

local root = arg[1] or "."
local here = arg[0]:match("^.*/") or "./"

local worker <close> = assert(sluice.spawn {
  here .. "../02-declarations/scan.lua",
  timeout = "1m",
})

-- A loop over rows ends by itself only when the stream is complete; otherwise
-- it raises the failure. So what is printed below covers the whole tree.
local functions = {}
for row in worker:rows("index", { root = root, min_lines = 10 }) do
  functions[#functions + 1] = row.payload
end

table.sort(functions, function(a, b)
  if a.size ~= b.size then return a.size > b.size end
  return a.file < b.file
end)
for i = 1, math.min(5, #functions) do
  local f = functions[i]
  print(("%4d lines  %-28s %s:%d"):format(f.size, f.name, f.file, f.line))
end

local summary = worker:outcome()
print(("%d functions of at least 10 lines in %d files"):format(#functions, summary.metadata.files))

-- Operational failures are returned as values. The worker is restarted if needed.
local _, err = worker:run("no_such_export")
print(err.kind, err.message)
