-- A policy that writes COUNT rows {"run":RUN,"n":1…} to a sink on PATH: --arg
-- KIND --arg PATH --arg COUNT --arg RUN. The crash tests and the specs run it as
-- a separate process.
local kind, path, count, run = ...

local csv = require "sluice.sink.csv"
local jsonl = require "sluice.sink.jsonl"

local columns = { "run", "n", "text" }

local sinks = {
  jsonl = function() return jsonl.file(path) end,
  gzip = function() return jsonl.file(path, { gzip = true }) end,
  csv = function() return csv.file(path, { columns = columns }) end,
  append = function() return jsonl.file(path, { append = true }) end,
  ["append-csv"] = function() return csv.file(path, { columns = columns, append = true }) end,
  ["append-gzip"] = function() return jsonl.file(path, { append = true, gzip = true }) end,
}

return {
  worker = { (debug.getinfo(1, "S").source:match "^@(.*)fills.lua$") .. "emits.lua" },
  request = { count = math.tointeger(count), run = math.tointeger(run) },
  streams = { rows = { sink = sinks[kind]() } },
}
