--- JSON objects for machines, with their keys in a fixed order.
local core = require "sluice.core"
local lists = require "sluice.internal.lists"

local M = {}

---@class sluice.Raw   JSON text that is used unchanged
local Raw = { __name = "sluice.Raw" }

---@param json string
function M.raw(json)
  return setmetatable({ json = json }, Raw)
end

--- The text, with bytes that are not UTF-8 as escapes.
---@param text string
---@return string
local function as_utf8(text)
  local parts, from = {}, 1
  local length, bad = utf8.len(text)
  while not length do
    parts[#parts + 1] = text:sub(from, bad - 1) .. ("\\x%02x"):format(text:byte(bad))
    from = bad + 1
    length, bad = utf8.len(text, from)
  end
  return table.concat(parts) .. text:sub(from)
end

--- The value in a form that JSON can represent: parts that it cannot are shown as Lua shows them.
---@param around table<table, true>  the tables that contain it
local function sayable(value, around)
  if type(value) == "string" then return as_utf8(value) end
  if core.json.encode(value) then return value end
  if type(value) ~= "table" or around[value] then return as_utf8(tostring(value)) end
  local copy = core.json.is_array(value) and core.json.array {} or {}
  around[value] = true
  for key, member in next, value do copy[sayable(key, around)] = sayable(member, around) end
  around[value] = nil
  return core.json.encode(copy) and copy or as_utf8(tostring(value))
end

--- Encoding never fails, whatever bytes come from elsewhere.
local function encode(value)
  if getmetatable(value) == Raw then return value.json end
  return core.json.encode(value) or assert(core.json.encode(sayable(value, {})))
end

--- One object: { "a", 1, "b", nil, "c", x } is {"a":1,"c":x}; nil is left out.
---@param ... any  names and values, alternating
---@return string
function M.of(...)
  local given, members = table.pack(...), {}
  for i = 1, given.n, 2 do
    if given[i + 1] ~= nil then
      members[#members + 1] = encode(given[i]) .. ":" .. encode(given[i + 1])
    end
  end
  return "{" .. table.concat(members, ",") .. "}"
end

--- The same as a line that is safe to show to people: it contains no characters
--- that would control a terminal.
---@param ... any
---@return string
function M.line(...)
  return core.visible((M.of(...):gsub("\127", "\\u007f")))
end

--- The values of a table under these keys as an object, in that order.
---@param t table<string, any>
---@param keys string[]
---@return sluice.Raw
function M.pick(t, keys)
  local flat = {}
  for i, key in ipairs(keys) do flat[2 * i - 1], flat[2 * i] = key, t[key] end
  return M.raw(M.of(table.unpack(flat, 1, 2 * #keys)))
end

--- All values, sorted by key.
function M.sorted(t) return M.pick(t, lists.sorted_keys(t)) end

--- JSON text on one line; line breaks can only occur between tokens.
---@param json string
---@return string
function M.one_line(json)
  return (json:gsub("[\r\n]+", " "))
end

return M
