--- The globals of a policy's chunk: reading an undefined one is an error.
local suggest = require "sluice.internal.suggest"

local M = {}

--- Candidates for a misspelt name in the function at this level: its locals, its
--- upvalues, and globals.
---@param level integer  as of debug.getlocal, for the caller
---@return string[]
local function in_sight(level)
  local names, i = {}, 1
  local name = debug.getlocal(level + 1, i)
  while name do
    if name:sub(1, 1) ~= "(" then names[#names + 1] = name end -- (temporary)
    i = i + 1
    name = debug.getlocal(level + 1, i)
  end
  local f = debug.getinfo(level + 1, "f").func
  for up = 1, math.huge do
    name = debug.getupvalue(f, up)
    if not name then break end
    names[#names + 1] = name
  end
  for global in pairs(_G) do
    if type(global) == "string" then names[#names + 1] = global end
  end
  table.sort(names)
  return names
end

--- The environment of a chunk. It reads and defines globals as usual, but reading an
--- undefined one raises, unless nil was assigned to it. _G.x, and modules, are not
--- affected.
---@return table
function M.strict()
  local defined = {}
  local function read(_, name)
    local value = _G[name]
    if value ~= nil or defined[name] then return value end
    error(("the global %s is not defined%s"):format(tostring(name), suggest.hint(name, in_sight(2))), 2)
  end
  local function define(_, name, value)
    defined[name], _G[name] = true, value
  end
  return setmetatable({}, { __index = read, __newindex = define })
end

return M
