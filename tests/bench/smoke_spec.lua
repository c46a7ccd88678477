--- Every benchmark on few rows: do sluice and its competitors agree?
local paths = require "support.paths"

local JOBS = { "filter", "lines", "json", "pass", "policy", "large", "sqlite", "csv", "infer", "stats", "record", "record-policy", "replay", "size",
  "postgres", "start", "limits", "schema", "latency" }

-- Tracing processes and checking for leaks exclude each other; of the other jobs, only those
-- with code of their own.
if paths.sanitized then JOBS = { "filter", "large", "schema" } else JOBS[#JOBS + 1] = "memory" end

local function smoke(job)
  local command = ("cd %s && python3 tests/bench/bench.py --smoke --build %s --jobs %s 2>&1")
    :format(paths.quote(paths.root), paths.quote(paths.build), job)
  local pipe = assert(io.popen(command))
  local said = pipe:read "a"
  return pipe:close() == true, said
end

describe("the benchmark", function()
  for _, job in ipairs(JOBS) do
    it(job .. " works, and the outputs agree", function()
      local ok, said = smoke(job)
      assert(ok, said)
      assert.truthy(said:find("ok - results.json is well formed", 1, true), said)
    end)
  end
end)
