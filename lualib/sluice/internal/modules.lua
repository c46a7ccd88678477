--- Where modules come from, in the command.
---
--- Scripts have `require` and its paths to themselves: a policy's modules are
--- beside it, or are found by LUA_PATH and LUA_CPATH. `sluice` and its parts are
--- always our own (main.c), and third-party modules that we need come from the
--- directories of Lua's installation, even if a script loads others under the same names.
--- In a program that uses the module, all of this is the program's business.
local M = {}

---@type { path: string, cpath: string }?
local own

--- Modules that are not ours, by name; first of all Lua's libraries.
local loaded = {}

---@return function? loader, string? file
local function find(name)
  local file = package.searchpath(name, own.path)
  if file then return assert(loadfile(file, nil, M.environment)), file end
  file = package.searchpath(name, own.cpath)
  return file and assert(package.loadlib(file, "luaopen_" .. name:gsub("%.", "_"))), file
end

--- Whether this is the command, rather than a program that uses the module.
function M.is_command() return own ~= nil end

--- Load a module that is not ours.
---@param name string
---@return any module
function M.require(name)
  if not own then return require(name) end
  if loaded[name] == nil then
    local loader, file = find(name)
    if not loader then error(("the module %s is not installed"):format(name), 2) end
    loaded[name] = loader(name, file) or true
  end
  return loaded[name]
end

--- What these modules require is found in the same way.
M.environment = setmetatable({ require = M.require, package = { loaded = loaded } }, { __index = _G })

--- Called by main.c: until now the paths were ours, from now on they are the user's.
---@param path string
---@param cpath string
function M.separate(path, cpath)
  own = { path = package.path, cpath = package.cpath }
  for name, module in pairs(package.loaded) do loaded[name] = module end
  package.path, package.cpath = path, cpath
end

return M
