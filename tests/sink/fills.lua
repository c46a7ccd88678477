-- A policy that gives COUNT rows {"run":RUN,"n":1…} to a sink on PATH, by the
-- contract: --arg KIND --arg PATH --arg COUNT --arg RUN. The crash tests and the
-- specs run it as a process of its own.
local kind, path, count, run = ...

local csv = require "sluice.sink.csv"
local jsonl = require "sluice.sink.jsonl"

local columns = { "run", "n", "text" }

local makers = {
  jsonl = function() return jsonl.file(path) end,
  gzip = function() return jsonl.file(path, { gzip = true }) end,
  csv = function() return csv.file(path, { columns = columns }) end,
  append = function() return jsonl.file(path, { append = true }) end,
  ["append-csv"] = function() return csv.file(path, { columns = columns, append = true }) end,
  ["append-gzip"] = function() return jsonl.file(path, { append = true, gzip = true }) end,
}

local sink = makers[kind]()

local function check(ok, err)
  if ok then return end
  sink:rollback()
  error(err, 0)
end

return {
  worker = { (debug.getinfo(1, "S").source:match "^@(.*)fills.lua$") .. "emits.lua" },
  request = { count = math.tointeger(count), run = math.tointeger(run) },
  on_row = function(row, handle)
    if row.sequence == 0 then check(sink:begin { streams = { "rows" }, name = "sink", export = handle.export }) end
    check(sink:write(row))
  end,
  on_summary = function()
    check(sink:prepare {})
    check(sink:commit())
  end,
  on_failure = function() sink:rollback() end,
}
