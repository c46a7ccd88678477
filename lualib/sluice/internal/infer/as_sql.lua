--- CREATE TABLE for each stream, as sql.table would create it.
local code = require "sluice.internal.infer.code"
local lists = require "sluice.internal.lists"
local result = require "sluice.internal.infer.result"
local tables = require "sluice.internal.infer.tables"

--- The definition of a column, with remarks as a comment, which must not contain a line break.
local function line_of(table, dialect, i, is_last)
  local column, field = table.columns[i], table.stream.node.fields and table.stream.node.fields[i]
  local text = ("  %s %s%s%s"):format(dialect.quote(column.name), dialect.type_of(column),
    column.null and "" or " NOT NULL", is_last and "" or ",")
  local remark = not table.whole and field and code.remark(field.node.notes)
  return remark and text .. " -- " .. remark or text
end

local function statement(table_, dialect)
  local lines = {}
  for i in ipairs(table_.columns) do lines[i] = line_of(table_, dialect, i, i == #table_.columns) end
  local why = table_.whole and ("-- Each row is one value: %s.\n"):format(code.remark { table_.whole }) or ""
  return ("%sCREATE TABLE %s (\n%s\n);"):format(why, dialect.quote(table_.name), table.concat(lines, "\n"))
end

---@param inferred sluice.infer.Result
---@param options { dialect: "sqlite"|"postgres"|nil }
---@return string
return function(inferred, options)
  local dialect = tables.dialects[options.dialect or "sqlite"]
  local statements = lists.map(tables.of(inferred, dialect), function(t) return statement(t, dialect) end)
  return ("-- %s\n%s\n"):format(code.remark { result.headline(inferred) }, table.concat(statements, "\n\n"))
end
