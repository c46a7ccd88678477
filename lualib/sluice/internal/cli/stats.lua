--- sluice stats: what is in each field of the rows.
local core = require "sluice.core"
local standard_output = require "sluice.internal.standard_output"
local whole_stream = require "sluice.internal.cli.whole_stream"

--- Loaded on demand.
local writers = {
  table = function() return require "sluice.internal.stats.as_table" end,
  json = function() return require "sluice.internal.stats.as_json" end,
}

---@class sluice.stats.Stream
---@field name string
---@field known table      its content: runtime/schema/stats.h
---@field seconds number   duration of the whole run

---@param stats sluice.core.Stats
---@return sluice.stats.Stream[]
local function streams_of(stats, summary, options)
  local list = {}
  for i, name in ipairs(stats:streams()) do
    list[i] = { name = name, known = stats:describe(name, options.top), seconds = summary.elapsed }
  end
  return list
end

---@param session sluice.cli.Session
---@param behind string[]?
return function(session, options, behind)
  local stats = core.stats(nil, whole_stream.take_stream_by(options, behind))
  return whole_stream.run(session, options, behind, function()
    return {
      plan = { streams = {}, default = { taker = stats }, options = {} },
      tell = function(_, summary)
        standard_output.output:write(writers[options.as or "table"]()(streams_of(stats, summary, options)))
        return standard_output.settle()
      end,
    }
  end)
end
