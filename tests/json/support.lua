--- Shared by the specs of the JSON room: the probe, a canonical form that
--- other languages can write as well, generated documents, other programs.
local probe = require "jsonprobe"

local M = { probe = probe, json = probe.json }

-- ---- canonical form ------------------------------------------------------

local function hex(s)
  return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local canonical

local function canonical_table(t)
  local parts = {}
  if M.json.is_array(t) then
    for i, v in ipairs(t) do parts[i] = canonical(v) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for k, v in pairs(t) do parts[#parts + 1] = hex(k) .. ":" .. canonical(v) end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

--- Types and exact values as text; oracle.py writes the same.
function canonical(v)
  if v == M.json.null then return "null" end
  if type(v) == "boolean" then return tostring(v) end
  if math.type(v) == "integer" then return ("i%d"):format(v) end
  if type(v) == "number" then return ("d%.17g"):format(v) end
  if type(v) == "string" then return "s" .. hex(v) end
  if type(v) == "userdata" then return "n" .. tostring(v) end -- a decimal
  return canonical_table(v)
end

M.hex = hex
M.canonical = canonical

-- ---- generated documents -------------------------------------------------

--- A generator of our own, so that a seed means the same everywhere.
---@param seed integer
---@return fun(n: integer): integer  from 1 to n
function M.random(seed)
  local state = seed
  return function(n)
    state = state * 6364136223846793005 + 1442695040888963407
    return (state >> 33) % n + 1
  end
end

local strings = {
  '""', '"a"', '"kind"', '"name"', '"line"', '"é"', '"日本語"', '"😀"', '"\\u00e9"', '"\\uD83D\\uDE00"',
  '"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"\\u0000"', '"a\\u0000b"', '"~/~0~1"', '"\\u2028"', '"0"', '"\127"',
  '"a longer string, of more than thirty-two bytes, to cross a block"',
}
local numbers = {
  "0", "-0", "1", "-1", "42", "1234567890", "0.5", "-0.25", "1.0", "100.0", "1e2", "1E+2", "12e-1", "-0.0", "0e0",
  "3.141592653589793", "123456.789",
}
-- Values that not every library reads, or reads in the same way.
local wild_strings = {
  '"\\ud800"', '"\\udc00"', '"x\\uDFFFy"', '"\\ud800\\ud800\\udc00"', '"\\udc00\\ud800"', '"\\uDBFF\\u0041"',
}
local wild_numbers = {
  "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
  "18446744073709551615", "18446744073709551616", "1234567890123456789012345678901234567890", "1e400", "-1e400",
  "1e-400", "5e-324", "2.2250738585072011e-308", "1.7976931348623157e308", "0.1000000000000000055511151231257827",
  "123456789012345678901234567890e-20", "-0e-5", "9007199254740993.0", "1e23", "8.5e22",
}
local spaces = { "", "", "", "", " ", "\t", "  ", "\n", "\r\n " }

---@param random fun(n: integer): integer
---@param wild boolean  with duplicate keys, lone surrogates and extreme numbers?
---@return string
function M.document(random, wild)
  local function pick(list) return list[random(#list)] end
  local function space() return pick(spaces) end
  local function string_token() return wild and random(40) == 1 and pick(wild_strings) or pick(strings) end
  local value

  local function scalar()
    local which = random(10)
    if which <= 4 then return string_token() end
    if which <= 7 then return wild and random(8) == 1 and pick(wild_numbers) or pick(numbers) end
    return ({ "true", "false", "null" })[which - 7]
  end

  local function container(depth, open, close, child)
    local parts = {}
    for i = 1, random(5) - 1 do parts[i] = space() .. child(depth, i) .. space() end
    return open .. (#parts == 0 and space() or "") .. table.concat(parts, ",") .. close
  end

  local function field(depth, i)
    local key = string_token()
    if not wild then key = ('"%d%s'):format(i, key:sub(2)) end
    return key .. space() .. ":" .. space() .. value(depth)
  end

  function value(depth)
    local which = depth >= 5 and 1 or random(4)
    if which == 3 then return container(depth + 1, "[", "]", value) end
    if which == 4 then return container(depth + 1, "{", "}", field) end
    return scalar()
  end

  return space() .. container(0, "[", "]", value) .. space()
end

-- ---- other programs ------------------------------------------------------

--- Runs a command on lines; returns the lines that it prints.
function M.filter(command, lines)
  local path = os.tmpname()
  local f = assert(io.open(path, "wb"))
  f:write(table.concat(lines, "\n"), "\n")
  f:close()
  local out, pipe = {}, assert(io.popen(command .. " < " .. path, "r"))
  for line in pipe:lines() do out[#out + 1] = line end
  pipe:close()
  os.remove(path)
  return out
end

local here = debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$") or "."

--- Python's result for each text: its canonical form, or "refused".
function M.python(texts)
  local lines = {}
  for i, text in ipairs(texts) do lines[i] = hex(text) end
  return M.filter("python3 '" .. here .. "/oracle.py'", lines)
end

--- Reports if the command exists.
function M.has(command)
  return (os.execute("command -v " .. command .. " >/dev/null 2>&1")) == true
end

-- ---- one parser, both readers --------------------------------------------

--- The canonical form of a text, or nil and the error; by the fast reader
--- first (as users call it), or by the slow one alone.
function M.read(text, slowly)
  M.parser = M.parser or probe.parser()
  local ok, err = M.parser[slowly and "parse_slowly" or "parse"](M.parser, text)
  if not ok then return nil, err end
  local _, value = M.parser:value()
  return canonical(value)
end

return M
