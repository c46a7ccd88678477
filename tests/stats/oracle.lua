--- The expected statistics, computed from JSON texts by plain Lua that shares nothing with the runtime:
--- a reader that keeps the text of numbers, decimals as strings of digits, sets as tables.
local M = {}

-- ---- reading --------------------------------------------------------------------------

local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

--- The character of an escape, and what follows it; a surrogate pair is one character, a lone surrogate is WTF-8.
local function escaped(text, at)
  local hex, after = text:match("^\\u(%x%x%x%x)()", at)
  if not hex then return ESCAPES[text:sub(at + 1, at + 1)] or text:sub(at + 1, at + 1), at + 2 end
  local code, low, behind = tonumber(hex, 16), text:match("^\\u([dD][c-fC-F]%x%x)()", after)
  if low and code >= 0xD800 and code < 0xDC00 then
    return utf8.char(0x10000 + ((code - 0xD800) << 10) + (tonumber(low, 16) - 0xDC00)), behind
  end
  return utf8.char(code), after
end

local read

local function read_object(text, at)
  local fields, order = {}, {}
  at = text:match("^%s*()", at + 1)
  while text:sub(at, at) ~= "}" do
    local name, value
    name, at = read(text, at)
    value, at = read(text, text:match("^%s*:()", at))
    if not fields[name.text] then order[#order + 1] = name.text end
    fields[name.text] = value
    at = text:match("^%s*,?%s*()", at)
  end
  return { type = "object", fields = fields, order = order }, at + 1
end

local function read_array(text, at)
  local items = {}
  at = text:match("^%s*()", at + 1)
  while text:sub(at, at) ~= "]" do
    items[#items + 1], at = read(text, at)
    at = text:match("^%s*,?%s*()", at)
  end
  return { type = "array", items = items }, at + 1
end

local function read_string(text, at)
  local parts, piece = {}, nil
  at = at + 1
  while true do
    piece, at = text:match('^([^"\\]*)()', at)
    parts[#parts + 1] = piece
    if text:sub(at, at) == '"' then return { type = "string", text = table.concat(parts) }, at + 1 end
    parts[#parts + 1], at = escaped(text, at)
  end
end

read = function(text, at)
  at = text:match("^%s*()", at)
  local first = text:sub(at, at)
  if first == "{" then return read_object(text, at) end
  if first == "[" then return read_array(text, at) end
  if first == '"' then return read_string(text, at) end
  local word, after = text:match("^([%w%+%-%.]+)()", at)
  if word == "null" then return { type = "null" }, after end
  if word == "true" or word == "false" then return { type = "boolean", text = word }, after end
  return { type = word:find "[.eE]" and "number" or "integer", text = word }, after
end

-- ---- numbers --------------------------------------------------------------------------

--- 0.DIGITS x 10^point, and the sign.
local function normal(text)
  local sign, whole, fraction, exponent = text:match "^(%-?)(%d+)%.?(%d*)[eE]?([+-]?%d*)$"
  local digits, point = whole .. fraction, #whole + (tonumber(exponent) or 0)
  local zeros = #digits:match "^0*"
  digits = digits:sub(zeros + 1):gsub("0+$", "")
  if digits == "" then return { sign = 0, digits = "", point = 0 } end
  return { sign = sign == "-" and -1 or 1, digits = digits, point = math.tointeger(point - zeros) }
end

local function order(a, b)
  local x, y = normal(a), normal(b)
  if x.sign ~= y.sign then return x.sign < y.sign and -1 or 1 end
  if x.point ~= y.point then return (x.point < y.point and -1 or 1) * x.sign end
  if x.digits == y.digits then return 0 end
  return (x.digits < y.digits and -1 or 1) * x.sign
end

--- Which of two numbers of equal value is kept.
local function is_nicer(a, b) return #a < #b or #a == #b and a < b end

--- A key that is equal for numbers of equal value: the double of a float, the digits of any other.
local function worth(v)
  local d, text = tonumber(v.text), v.text
  if v.type == "number" and math.abs(d) ~= math.huge then
    if d ~= math.floor(d) then return ("number %a"):format(d) end
    text = ("%.0f"):format(d)
  end
  local n = normal(text)
  return ("number %d %s %d"):format(n.sign, n.digits, n.point)
end

-- ---- places ---------------------------------------------------------------------------

local function escape(name) return (name:gsub("~", "~0"):gsub("/", "~1")) end

local function place_of(all, pointer)
  all[pointer] = all[pointer] or { rows = 0, values = 0, types = {}, distinct = {} }
  return all[pointer]
end

local function add_number(place, v)
  local n = place.numbers or { min = v.text, max = v.text, sum = 0, count = 0 }
  place.numbers = n
  local low, high = order(v.text, n.min), order(v.text, n.max)
  if low < 0 or low == 0 and is_nicer(v.text, n.min) then n.min = v.text end
  if high > 0 or high == 0 and is_nicer(v.text, n.max) then n.max = v.text end
  n.sum, n.count = n.sum + tonumber(v.text) + 0.0, n.count + 1
end

local function add_string(place, v)
  local length = utf8.len(v.text, 1, -1, true)
  local s = place.strings or { min = v.text, max = v.text, min_length = length, max_length = length }
  place.strings = s
  if v.text < s.min then s.min = v.text end
  if v.text > s.max then s.max = v.text end
  s.min_length, s.max_length = math.min(s.min_length, length), math.max(s.max_length, length)
end

local function add_array(place, v)
  local a = place.arrays or { min_items = #v.items, max_items = #v.items }
  place.arrays = a
  a.min_items, a.max_items = math.min(a.min_items, #v.items), math.max(a.max_items, #v.items)
end

local function add(all, pointer, v, row)
  local place = place_of(all, pointer)
  place.rows = place.rows + (place.row == row and 0 or 1)
  place.row, place.values = row, place.values + 1
  place.types[v.type] = (place.types[v.type] or 0) + 1
  local key
  if v.type == "string" then
    add_string(place, v)
    key = "string " .. v.text
  elseif v.type == "boolean" then
    key = v.text
  elseif v.type == "array" then
    add_array(place, v)
    for _, item in ipairs(v.items) do add(all, pointer .. "/*", item, row) end
  elseif v.type == "object" then
    for _, name in ipairs(v.order) do add(all, pointer .. "/" .. escape(name), v.fields[name], row) end
  elseif v.type ~= "null" then
    add_number(place, v)
    key = worth(v)
  end
  if key then place.distinct[key] = (place.distinct[key] or 0) + 1 end
end

--- By pointer: rows, values, types, distinct = { count by value }, numbers, strings, arrays.
---@param texts string[]
function M.places(texts)
  local all = {}
  for row, text in ipairs(texts) do add(all, "", (read(text, 1)), row) end
  return all
end

--- The counts of the values, most frequent first.
function M.counts(place)
  local counts = {}
  for _, n in pairs(place.distinct) do counts[#counts + 1] = n end
  table.sort(counts, function(a, b) return a > b end)
  return counts
end

return M
