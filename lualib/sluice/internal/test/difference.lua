--- The differences between two values, in lines for people.
---
--- Lists are compared row by row: an inserted row gives one line, and the rows after
--- it, which have only moved, give none.
local core = require "sluice.core"
local json_pointer = require "sluice.internal.json_pointer"
local lists = require "sluice.internal.lists"
local text = require "sluice.internal.test.text"

local M = {}

local MOST_LINES = 10
local MOST_PAIRS = 40000 -- of rows from the two lists that are compared with each other

-- ---- equality ----

--- Numbers are compared by value, whatever their type; decimals exactly.
local function same_scalar(a, b)
  if core.is_decimal(a) then return a:eq(b) end
  if core.is_decimal(b) then return b:eq(a) end
  return a == b
end

local same

---@param seen table<table, table>  pairs that are being compared, and are assumed to be equal
local function same_tables(a, b, seen)
  seen[a] = seen[a] or {}
  if rawequal(a, b) or seen[a][b] then return true end
  seen[a][b] = true
  for key, value in next, a do
    if not same(value, rawget(b, key), seen) then return false end
  end
  for key in next, b do
    if rawget(a, key) == nil then return false end
  end
  return true
end

---@return boolean
function same(a, b, seen)
  if type(a) ~= "table" or type(b) ~= "table" then return same_scalar(a, b) end
  return same_tables(a, b, seen or {})
end

-- ---- the report ----

---@class sluice.test.Report
---@field lines string[]
---@field count integer
---@field open table<table, table>  pairs that are being compared, for tables that contain themselves

local function add(report, place, words, ...)
  report.count = report.count + 1
  if report.count > MOST_LINES then return end
  local shown = lists.map({ ... }, function(value) return text.show(value.value) end)
  table.insert(report.lines, (place == "" and "" or place .. ": ") .. words:format(table.unpack(shown)))
end

local function boxed(value) return { value = value } end -- so that nil counts as a value

local function compare_value(report, place, expected, actual)
  if actual == nil then return add(report, place, "missing: %s", boxed(expected)) end
  if expected == nil then return add(report, place, "unexpected: %s", boxed(actual)) end
  add(report, place, "expected %s, got %s", boxed(expected), boxed(actual))
end

-- ---- values ----

local function is_list(value)
  return type(value) == "table" and (core.json.is_array(value) or rawget(value, 1) ~= nil or next(value) == nil)
end

local function both_lists(a, b) return is_list(a) and is_list(b) end

local function keys_of(expected, actual)
  return lists.sorted_keys(lists.joined(lists.joined(expected, {}), actual))
end

local compare

local function compare_tables(report, prefix, pointer, expected, actual)
  if is_list(expected) then
    for i = 1, math.max(#expected, #actual) do
      compare(report, prefix, ("%s/%d"):format(pointer, i - 1), expected[i], actual[i])
    end
    return
  end
  for _, key in ipairs(keys_of(expected, actual)) do
    compare(report, prefix, pointer .. json_pointer.token(key), expected[key], actual[key])
  end
end

---@param prefix string  "row 3"
---@param pointer string "/size", within that
function compare(report, prefix, pointer, expected, actual)
  if same(expected, actual) then return end
  local place = prefix .. (prefix ~= "" and pointer ~= "" and ": " or "") .. pointer
  if type(expected) ~= "table" or type(actual) ~= "table" or is_list(expected) ~= is_list(actual) then
    return compare_value(report, place, expected, actual)
  end
  local outer = report.open[expected]
  if outer == actual then return end
  report.open[expected] = actual
  compare_tables(report, prefix, pointer, expected, actual)
  report.open[expected] = outer
end

-- ---- rows ----

--- How many rows two lists have in common at the beginning and at the end.
---@return integer first, integer last
local function common_ends(expected, actual)
  local most, first, last = math.min(#expected, #actual), 0, 0
  while first < most and same(expected[first + 1], actual[first + 1]) do first = first + 1 end
  while last < most - first and same(expected[#expected - last], actual[#actual - last]) do last = last + 1 end
  return first, last
end

--- [i][j]: the length of the longest common subsequence from i and j on.
local function common_lengths(expected, actual)
  local lengths = { [#expected + 1] = setmetatable({}, { __index = function() return 0 end }) }
  for i = #expected, 1, -1 do
    local row = { [#actual + 1] = 0 }
    for j = #actual, 1, -1 do
      row[j] = same(expected[i], actual[j]) and lengths[i + 1][j + 1] + 1 or math.max(lengths[i + 1][j], row[j + 1])
    end
    lengths[i] = row
  end
  return lengths
end

--- Pairs of equal rows, in order, followed by the end of both lists.
local function matches(expected, actual)
  local pairs_found, i, j = {}, 1, 1
  local lengths = #expected * #actual <= MOST_PAIRS and common_lengths(expected, actual)
  while lengths and i <= #expected and j <= #actual do
    if lengths[i][j] == lengths[i + 1][j + 1] + 1 and same(expected[i], actual[j]) then
      table.insert(pairs_found, { i, j })
      i, j = i + 1, j + 1
    elseif lengths[i + 1][j] >= lengths[i][j + 1] then
      i = i + 1
    else
      j = j + 1
    end
  end
  return lists.append(pairs_found, { { #expected + 1, #actual + 1 } })
end

local function name_of(prefix, i, j)
  local moved = i ~= j and (", expected as row %d"):format(i) or ""
  return ("%srow %d%s"):format(prefix, j, moved)
end

--- Compare the rows between two pairs: first position by position, then what is left over.
local function compare_gap(report, prefix, expected, actual, gap)
  local i, j = gap.i, gap.j
  while i < gap.i_end and j < gap.j_end do
    compare(report, name_of(prefix, i + gap.skipped, j + gap.skipped), "", expected[i], actual[j])
    i, j = i + 1, j + 1
  end
  for k = i, gap.i_end - 1 do compare_value(report, ("%srow %d"):format(prefix, k + gap.skipped), expected[k], nil) end
  for k = j, gap.j_end - 1 do compare_value(report, ("%srow %d"):format(prefix, k + gap.skipped), nil, actual[k]) end
end

local function compare_rows(report, prefix, expected, actual)
  local first, last = common_ends(expected, actual)
  expected = table.move(expected, first + 1, #expected - last, 1, {})
  actual = table.move(actual, first + 1, #actual - last, 1, {})
  local i, j = 1, 1
  for _, pair in ipairs(matches(expected, actual)) do
    compare_gap(report, prefix, expected, actual, { i = i, i_end = pair[1], j = j, j_end = pair[2], skipped = first })
    i, j = pair[1] + 1, pair[2] + 1
  end
end

--- Compare tables by key, such as sinks by name.
local function compare_members(report, expected, actual)
  for _, key in ipairs(keys_of(expected, actual)) do
    local a, b = expected[key], actual[key]
    if both_lists(a, b) then
      compare_rows(report, tostring(key) .. ": ", a, b)
    else
      compare(report, "", json_pointer.token(key), a, b)
    end
  end
end

--- Compare two values; nil if they are equal.
---@return string? differences  one line each, for the first ones
function M.of(expected, actual)
  if same(expected, actual) then return nil end
  local report = { lines = {}, count = 0, open = type(expected) == "table" and { [expected] = actual } or {} }
  if both_lists(expected, actual) then
    compare_rows(report, "", expected, actual)
  elseif type(expected) == "table" and type(actual) == "table" and not is_list(expected) and not is_list(actual) then
    compare_members(report, expected, actual)
  else
    compare(report, "", "", expected, actual)
  end
  if report.count > MOST_LINES then table.insert(report.lines, ("and %d more"):format(report.count - MOST_LINES)) end
  return table.concat(report.lines, "\n")
end

return M
