--- `expect` of a policy: which worker it is for. Checked after the handshake, before any
--- request or sink begins.
---
---     expect = { name = "scan", version = "1.2", exports = { "index", doctor = "call" } }
---
--- A version matches as a whole or by its first components: "1.2" also accepts "1.2.7". Exports are names, of
--- either type, or names with their type; the worker may have more.
local check = require "sluice.internal.check"
local core = require "sluice.core"
local lists = require "sluice.internal.lists"

local M = {}

---@class sluice.Expectation
---@field name string?
---@field version string?
---@field exports table<string|integer, string>?

local EXPORTS = 'a list of names, or a table such as { index = "rows", ping = "call" }'

--- Exports by name: the type, or "any".
local function read_exports(value)
  if type(value) ~= "table" then return nil, EXPORTS end
  local exports = {}
  for key, entry in pairs(value) do
    local is_listed = math.type(key) == "integer" and type(entry) == "string" and entry ~= ""
    local is_typed = type(key) == "string" and (entry == "rows" or entry == "call")
    if not (is_listed or is_typed) then return nil, EXPORTS end
    if is_listed then exports[entry] = "any" else exports[key] = entry end
  end
  return exports
end

local READERS = { name = check.name, version = check.name, exports = read_exports }

--- A reader, for a policy.
function M.read(value, name)
  if type(value) ~= "table" then return nil, 'a table such as { name = "scan", version = "1.2" }' end
  local read, problem, problems = check.table(value, READERS, name .. ".")
  if not read then return nil, nil, problem, problems end
  return read
end

local function is_version(expected, found)
  return found == expected or found:sub(1, #expected + 1) == expected .. "."
end

---@return string? difference
local function export_difference(expected, exports)
  local found = {}
  for _, export in ipairs(exports) do found[export.name] = export.type end
  for _, name in ipairs(lists.sorted_keys(expected)) do
    local type = expected[name]
    if not found[name] then
      local names = lists.sorted_keys(found)
      return ("export %s: expected, but the worker does not have it; it has %s"):format(
        name, #names > 0 and table.concat(names, ", ") or "none")
    end
    if type ~= "any" and type ~= found[name] then
      return ("export %s: expected one of type %s, got %s"):format(name, type, found[name])
    end
  end
end

---@param expected sluice.Expectation  read
---@param info table                   of Worker:info()
---@return string? difference
local function difference(expected, info)
  for _, field in ipairs { "name", "version" } do
    local wanted, found = expected[field], info[field]
    local is_same = wanted == nil or wanted == found or field == "version" and is_version(wanted, found)
    if not is_same then return ("%s: expected %s, got %s"):format(field, check.show(wanted), check.show(found)) end
  end
  return expected.exports and export_difference(expected.exports, info.exports)
end

--- Start the worker and check that it is the expected one.
---@param expected sluice.Expectation?
---@param worker sluice.core.Worker
---@return sluice.Error? err  kind handshake, with expected and found; or of the start
function M.check(expected, worker)
  if not expected then return nil end
  local ok, err = worker:start()
  if not ok then return err end
  local info = worker:info()
  local different = difference(expected, info)
  if not different then return nil end
  return core.error("handshake", "this is not the worker that the policy expects: " .. different, {
    expected = expected, found = { name = info.name, version = info.version, exports = info.exports },
  })
end

return M
