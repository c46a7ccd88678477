--- Access to parts of a JSON Schema, and refusals that name the place.
local core = require "sluice.core"
local json = require "sluice.json"
local json_pointer = require "sluice.internal.json_pointer"

local M = {}

local Refusal = {}

---@param pointer string   JSON Pointer to the place
---@param message string   a format for the following arguments
function M.refuse(pointer, message, ...)
  error(setmetatable({ pointer = pointer, message = message:format(...) }, Refusal), 0)
end

--- Call f; a refusal becomes nil and an error object.
function M.guarded(what, f)
  local ok, result = pcall(f)
  if ok then return result end
  if getmetatable(result) ~= Refusal then error(result, 0) end
  local place = result.pointer ~= "" and ", at " .. result.pointer or ""
  return nil, core.error("policy", what .. ": " .. result.message .. place, { pointer = result.pointer })
end

---@param value any
---@return boolean
function M.is_object(value)
  return type(value) == "table" and not json.is_array(value) and value[1] == nil
end

function M.is_list(value)
  return type(value) == "table" and (json.is_array(value) or next(value) == nil or value[1] ~= nil)
end

--- A reader of the value at a key; nil if there is none.
local function expecting(what, fits)
  return function(node, key, pointer)
    local value = node[key]
    if value ~= nil and not fits(value) then M.refuse(pointer .. json_pointer.token(key), "expected %s", what) end
    return value
  end
end

M.list, M.object = expecting("a list", M.is_list), expecting("an object", M.is_object)

return M
