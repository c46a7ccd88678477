--- JSON objects for machines, with their keys in a fixed order.
local core = require "sluice.core"
local lists = require "sluice.internal.lists"

local M = {}

---@class sluice.Raw   JSON text that is taken as it is
local Raw = { __name = "sluice.Raw" }

---@param json string
function M.raw(json)
  return setmetatable({ json = json }, Raw)
end

local function encode(value)
  if getmetatable(value) == Raw then return value.json end
  return assert(core.json.encode(value))
end

--- One line: { "a", 1, "b", nil, "c", x } is {"a":1,"c":x}; nil is left out.
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

--- What a table has under these keys as an object, in their order.
---@param t table<string, any>
---@param keys string[]
---@return sluice.Raw
function M.pick(t, keys)
  local flat = {}
  for i, key in ipairs(keys) do flat[2 * i - 1], flat[2 * i] = key, t[key] end
  return M.raw(M.of(table.unpack(flat, 1, 2 * #keys)))
end

--- All of it, sorted.
function M.sorted(t) return M.pick(t, lists.sorted_keys(t)) end

--- JSON text on one line: line breaks in it can only stand between tokens.
---@param json string
---@return string
function M.one_line(json)
  return (json:gsub("[\r\n]+", " "))
end

return M
