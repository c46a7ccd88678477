--- From a payload to the values of its columns. This is done for each row, so
--- for each set of columns a function is made of text, in which what is usual
--- (a string for a text, a small integer) takes no call:
---
---     v = payload["name"]
---     if type(v) == "string" then … else v, problem = convert(1, v) … end
---     out[at + 1] = v
local core = require "sluice.core"
local lists = require "sluice.internal.lists"

local M = {}

---@class sluice.sql.Form    how a dialect takes values
---@field convert table<string, fun(value: any): any, string?>  by the columns' types
---@field usual table<string, string>   a condition on v under which no converter is asked
---@field take table<string, string>   what is done with v then
---@field null any           what stands for NULL
---@field place string       where the value of column %d of row n goes, in `out`; at: values before the row

--- For texts, which count.
M.COUNT = "bytes = bytes + #v"

local HEAD = [[
local out, convert, type, math_type, find = ...
return function(payload, n)
  local v, problem
  local bytes, at = 0, (n - 1) * %d
]]

local COLUMN = [[
  v = payload[%s]
  if %s then %s else
    v, problem = convert(%d, v)
    if problem then return nil, problem, %d end
    if type(v) == "string" then bytes = bytes + #v end
  end
  %s = v
]]

local function column_text(form, column, i)
  local usual, take = form.usual[column.type] or "false", form.take[column.type] or ""
  return COLUMN:format(("%q"):format(column.name), usual, take, i, i, form.place:format(i))
end

--- What is not usual: null, other numbers, JSON, and what does not fit.
local function converter(form, columns)
  local by_place = lists.map(columns, function(column) return form.convert[column.type] end)
  return function(i, value)
    if value ~= nil and value ~= core.null then return by_place[i](value) end
    if columns[i].null then return form.null end
    return nil, "a value is missing"
  end
end

--- A function that puts a payload's values into row n of `out`: how many
--- bytes of text they are, or nil, what is wrong, and in which column.
---@param form sluice.sql.Form
---@param columns sluice.sql.Column[]
---@param out table
---@return fun(payload: table, n: integer): integer?, string?, integer?
function M.new(form, columns, out)
  local parts = lists.map(columns, function(column, i) return column_text(form, column, i) end)
  local text = HEAD:format(#columns) .. table.concat(parts) .. "  return bytes\nend\n"
  local chunk = assert(load(text, "=columns", "t", {}))
  return chunk(out, converter(form, columns), type, math.type, string.find)
end

return M
