--- What is inferred from a request's rows: a node for each stream, and where the rows came from.
local M = {}

---@class sluice.infer.Stream
---@field name string
---@field rows integer
---@field node sluice.infer.Node
---@field split table?   the field that best tells its rows apart

---@class sluice.infer.Result
---@field streams sluice.infer.Stream[]  in the order of their first rows
---@field source string?                 in words, for comments
---@field given table?                   input options that a policy needs to read the same rows
---@field worker string[]?

local decide = require "sluice.internal.infer.decide"
local units = require "sluice.internal.units"

---@param shapes sluice.core.Shapes
---@param options sluice.infer.Options
---@return sluice.infer.Result
function M.of(shapes, options)
  local streams = {}
  for i, name in ipairs(shapes:streams()) do
    local description = shapes:describe(name)
    streams[i] = {
      name = name, rows = description.rows, split = description.split, node = decide.node(description, options),
    }
  end
  return { streams = streams }
end

--- "1,000 rows"
function M.rows(n) return n == 1 and "1 row" or units.show_count(n) .. " rows" end

--- The first line of the output.
---@param result sluice.infer.Result
function M.headline(result)
  local streams = result.streams
  local of = #streams == 1 and M.rows(streams[1].rows) or ("%d streams"):format(#streams)
  return ("Inferred from %s%s by sluice infer."):format(of, result.source and " of " .. result.source or "")
end

return M
