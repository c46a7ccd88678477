--- A report of drift: as an aligned table for people, as JSON for machines.
local aligned_table = require "sluice.internal.sink.aligned_table"
local json_object = require "sluice.internal.json_object"
local lists = require "sluice.internal.lists"
local notes = require "sluice.internal.infer.notes"
local units = require "sluice.internal.units"

local M = {}

---@class sluice.infer.StreamDrift
---@field stream string
---@field changes sluice.Drift[]
---@field many_files boolean

local COLUMNS = { "stream", "field", "change", "rows", "first", "declared", "found" }

local function words(stream, change, many_files)
  return {
    stream = stream, field = change.pointer == "" and "(the row)" or change.pointer,
    change = change.change .. (change.refused and " !" or ""),
    rows = change.rows and units.show_count(change.rows) or "?",
    first = change.first and notes.row(change.first, { many_files = many_files }) or "",
    declared = change.declared or "", found = change.found or "",
  }
end

---@param list sluice.infer.StreamDrift[]
---@param width integer?  of the terminal
---@return string
function M.table(list, width)
  local parts, count = {}, 0
  for _, of in ipairs(list) do count = count + #of.changes end
  local out = aligned_table.new(COLUMNS, width, count + 1, function(text)
    parts[#parts + 1] = text
    return true
  end)
  for _, of in ipairs(list) do
    for _, change in ipairs(of.changes) do out:row { payload = words(of.stream, change, of.many_files), raw = "" } end
  end
  out:finish()
  return table.concat(parts)
end

local FIELDS = { "stream", "pointer", "change", "refused", "rows", "total", "first", "declared", "found" }
local ROW = { "row", "line", "file" }

--- One object per line.
---@param list sluice.infer.StreamDrift[]
---@return string
function M.json(list)
  local lines = {}
  for _, of in ipairs(list) do
    for _, change in ipairs(of.changes) do
      local flat = lists.joined(change, { stream = of.stream, first = change.first and json_object.pick(change.first, ROW) })
      lines[#lines + 1] = json_object.pick(flat, FIELDS).json .. "\n"
    end
  end
  return table.concat(lines)
end

return M
