--- Records which files a policy reads while it is loaded and run: itself, its modules, its schemas, all that it opens.
---
--- For the rest of this process the functions that read files note their paths. A module that is not
--- found is noted with the path that is searched first, because it may be created there.
local core = require "sluice.core"

local M = {}

---@type table<string, string|false>  by path, its stamp when it was read; false: it did not exist
local noted = {}

--- Note a file that is read.
---@param path any
---@return string|false|nil stamp
function M.note(path)
  if type(path) ~= "string" or path:find "%z" or path:find "^/dev/" or path:find "^/proc/" then return nil end
  if noted[path] == nil then noted[path] = core.stamp(path) or false end
  return noted[path]
end

---@return table<string, string|false>
function M.all() return noted end

local function noting(f)
  return function(path, ...)
    M.note(path)
    return f(path, ...)
  end
end

local function note_module(name)
  local file = package.searchpath(name, package.path) or package.searchpath(name, package.cpath)
  if file then return M.note(file) end
  M.note((package.path:match "^[^;]*":gsub("%?", (name:gsub("%.", "/")))))
end

--- The searchers after package.preload and our own modules look for files.
local FIRST_OF_FILES = 3

function M.start()
  local open = io.open
  function io.open(path, mode, ...)
    if not (mode and tostring(mode):find "^[wa]") then M.note(path) end
    return open(path, mode, ...)
  end
  io.lines, _G.loadfile, _G.dofile = noting(io.lines), noting(loadfile), noting(dofile)
  local search = package.searchers[FIRST_OF_FILES]
  package.searchers[FIRST_OF_FILES] = function(name)
    note_module(name)
    return search(name)
  end
end

return M
