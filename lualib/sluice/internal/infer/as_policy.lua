--- A policy, ready to run, that commits each stream to a table in SQLite.
local code = require "sluice.internal.infer.code"
local command_line = require "sluice.internal.command_line"
local lists = require "sluice.internal.lists"
local result = require "sluice.internal.infer.result"
local tables = require "sluice.internal.infer.tables"

--- Where the rows come from, so that the options need not be repeated.
local function source_code(inferred)
  local lines = {}
  if inferred.worker then lines[1] = ("  worker = %s,"):format(code.value(inferred.worker)) end
  for _, option in ipairs(inferred.given or {}) do
    lines[#lines + 1] = ("  %s = %s,"):format(code.key(option.name), code.value(option.value))
  end
  return #lines > 0 and table.concat(lines, "\n") .. "\n" or ""
end

local STREAM = [[
    -- %s
%s    %s = {
      schema = %s,
%s      sink = sql.table { url = "sqlite:" .. set.file, name = %s%s },
    },]]

local WHOLE = "      map = function(row) return { row = row.payload } end, -- one value: %s\n"

local function stream_code(t, inner)
  return STREAM:format(result.rows(t.stream.rows), code.remarks(t.stream.node, "    "), code.key(t.stream.name),
    code.of(t.stream.node, "      ", inner), t.whole and WHOLE:format(code.remark { t.whole }) or "", code.quote(t.name),
    t.whole and (', columns = { { "row", %s } }'):format(code.quote(t.json)) or "")
end

local FILE = [[
-- %s
--
--   sluice run %s
--
-- The rows of each stream go to a table of SQLite: all rows of a run, or none.
local schema = require "sluice.schema"
local sql = require "sluice.sink.sql"

local set = require("sluice").options {
  file = { default = "rows.db", description = "the database; created if it does not exist" },
}

%sreturn {
%s  streams = {
%s
  },
}
]]

---@param inferred sluice.infer.Result
---@return string
return function(inferred)
  local inner = {}
  local streams = lists.map(tables.of(inferred, tables.dialects.sqlite), function(t) return stream_code(t, inner) end)
  local words = "THIS_FILE.lua"
  if not inferred.worker then words = words .. " " .. (inferred.files and command_line.quote(inferred.files) or "< ROWS.jsonl") end
  return FILE:format(code.remark { result.headline(inferred) }, code.remark { words }, code.inner(inner),
    source_code(inferred), table.concat(streams, "\n"))
end
