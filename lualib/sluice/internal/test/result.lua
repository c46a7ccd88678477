--- The result of test.run, and its text.
local core = require "sluice.core"
local lists = require "sluice.internal.lists"
local outcome = require "sluice.internal.outcome"

local M = {}

local Result = { __name = "sluice.test.Result" }

--- By result, the data that only its text needs.
---@type table<sluice.test.Result, sluice.cli.Report>
local reports = setmetatable({}, { __mode = "k" })

local FATES = { "kept", "dropped", "invalid", "rejected" }

--- "  functions: 3 delivered, 2 kept, 1 dropped"
local function tally_line(stream, tally)
  local parts = { tally.delivered .. " delivered" }
  for _, fate in ipairs(FATES) do
    if tally[fate] > 0 then parts[#parts + 1] = ("%d %s"):format(tally[fate], fate) end
  end
  return ("  %s: %s"):format(stream, table.concat(parts, ", "))
end

function Result:__tostring()
  local report = reports[self]
  local lines = self.success and { outcome.success(report) } or outcome.failure(report)
  for _, stream in ipairs(lists.sorted_keys(self.tally)) do
    lines[#lines + 1] = tally_line(stream, self.tally[stream])
  end
  return table.concat(lists.map(lines, function(line) return core.visible(line) end), "\n")
end

local function tally_of(counts)
  local tally = {}
  for stream, c in pairs(counts.per_stream or {}) do
    tally[stream] = { delivered = c.rows, kept = c.kept, dropped = c.dropped, invalid = c.invalid, rejected = c.rejected }
  end
  return tally
end

local TOTALS = { "rows", "kept", "dropped", "invalid", "rejected", "bad_lines" }

---@param of { summary: sluice.core.Summary?, failure: sluice.Error?, counts: table?, policy: string?, bad_lines: string? }
---@param more table  further fields of the result
---@return sluice.test.Result
function M.new(of, more)
  local counts = of.counts or {}
  local result = lists.joined({
    success = of.failure == nil, failure = of.failure, summary = of.summary, tally = tally_of(counts),
  }, more)
  for _, name in ipairs(TOTALS) do result[name] = counts[name] or 0 end
  reports[result] = {
    command = "run", summary = of.summary, failure = of.failure, counts = of.counts, held = true,
    policy = of.policy, bad_lines = of.bad_lines, exit = 0,
  }
  return setmetatable(result, Result)
end

return M
