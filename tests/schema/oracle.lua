--- The meaning of types, implemented a second time and simply: over decoded values, in
--- plain Lua, sharing nothing with the C code but the declarations.
local json = require "sluice.json"
local sluice = require "sluice"

local M = {}

local function is_object(v)
  return type(v) == "table" and not json.is_array(v)
end

--- Compares as JSON Schema does.
function M.equal(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  if json.is_array(a) ~= json.is_array(b) then return false end
  for key, value in pairs(a) do
    if b[key] == nil or not M.equal(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

--- With objects as lists of names and values, so that the encoded texts of equal
--- values are equal, and 1 and 1.0 are not.
function M.ordered(v)
  if type(v) ~= "table" then return v end
  local result, names = json.array(), {}
  if json.is_array(v) then
    for i, element in ipairs(v) do result[i] = M.ordered(element) end
    return result
  end
  for name in pairs(v) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do result[i] = { name, M.ordered(v[name]) } end
  return { object = result }
end

local function is_date(v)
  local year, month, day = v:match "^(%d%d%d%d)%-(%d%d)%-(%d%d)$"
  if not year or tonumber(month) < 1 or tonumber(day) < 1 then return false end
  local t = os.date("!*t", os.time { year = year, month = month, day = day, hour = 12 })
  return t.month == tonumber(month) and t.day == tonumber(day)
end

local function whole(v)
  if math.type(v) == "integer" then return v end
  if math.type(v) == "float" and v % 1 == 0 then return math.tointeger(v) or sluice.decimal(v) end
end

local function in_bounds(s, v)
  return not (s.min and v < s.min or s.max and v > s.max or s.exclusive_min and v <= s.exclusive_min
    or s.exclusive_max and v >= s.exclusive_max or s.multiple_of and v % s.multiple_of ~= 0)
end

local read = {}

function read.any(_, v) return v end
function read.null(_, v) if v == json.null then return v end end
function read.boolean(_, v) if type(v) == "boolean" then return v end end

function read.integer(s, v)
  v = math.type(v) and whole(v)
  if v and in_bounds(s, v) then return v end
end

function read.number(s, v)
  if math.type(v) and math.abs(v) ~= math.huge and in_bounds(s, v) then return v end
end

function read.string(s, v)
  if type(v) ~= "string" then return nil end
  local n = utf8.len(v, 1, -1, true)
  if n < (s.min_length or 0) or n > (s.max_length or math.huge) then return nil end
  if s.pattern and not v:find(s.pattern) then return nil end
  if s.format == "date" and not is_date(v) then return nil end
  return v
end

local function violated(out, pointer) out[#out + 1] = pointer end

function read.array(s, v, pointer, out)
  if not json.is_array(v) then return nil end
  if #v < (s.min or 0) or #v > (s.max or math.huge) then violated(out, pointer) end
  local result = json.array()
  for i, element in ipairs(v) do
    local at = pointer .. "/" .. i - 1
    result[i] = M.read(s.items, element, at, out)
    if result[i] == nil then result[i] = json.null end
  end
  for i = 1, s.unique and #v or 0 do
    for j = 1, i - 1 do
      if M.equal(v[i], v[j]) then
        violated(out, pointer .. "/" .. i - 1)
        break
      end
    end
  end
  return result
end

local function escaped(name)
  return (name:gsub("~", "~0"):gsub("/", "~1"))
end

function read.map(s, v, pointer, out)
  if not is_object(v) then return nil end
  local result, count = {}, 0
  for key, value in pairs(v) do
    local at = pointer .. "/" .. escaped(key)
    if s.keys and M.verdict(s.keys, key) == false then violated(out, at) end
    result[key] = M.read(s.values, value, at, out)
    count = count + 1
  end
  if count < (s.min or 0) or count > (s.max or math.huge) then violated(out, pointer) end
  return result
end

local function read_unknown(s, v, known, result, pointer, out)
  for key, value in pairs(v) do
    local at = pointer .. "/" .. escaped(key)
    if known[key] or s.unknown == "drop" then goto continue end
    if s.unknown == "refuse" then violated(out, at)
    elseif s.unknown == "keep" then result[key] = value
    else result[key] = M.read(s.unknown, value, at, out) end
    ::continue::
  end
end

function read.record(s, v, pointer, out)
  if not is_object(v) then return nil end
  local result, known = {}, {}
  for _, field in ipairs(s.fields) do
    known[field.name] = true
    local at = pointer .. "/" .. escaped(field.name)
    if v[field.name] ~= nil then result[field.name] = M.read(field.schema, v[field.name], at, out)
    elseif field.schema.default ~= nil then result[field.name] = field.schema.default
    elseif not field.optional then violated(out, at) end
  end
  read_unknown(s, v, known, result, pointer, out)
  return result
end

function read.enum(s, v)
  for _, value in ipairs(s.values) do
    if M.equal(value, v) then return value end
  end
end

function read.union(s, v)
  for _, alternative in ipairs(s.alternatives) do
    local ok, value = M.verdict(alternative, v)
    if ok then return value end
  end
end

--- Returns the decoded value of v, and adds pointers to out; nil when v as a whole
--- is not of the type.
function M.read(s, v, pointer, out)
  if s.nullable and v == json.null then return v end
  local result = read[s.kind](s, v, pointer, out)
  if result == nil then violated(out, pointer) end
  return result
end

---@return boolean valid, any value, string[] pointers
function M.verdict(s, v)
  local out = {}
  local value = M.read(s, v, "", out)
  return #out == 0, value, out
end

return M
