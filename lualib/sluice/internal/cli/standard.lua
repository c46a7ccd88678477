--- Functions of Lua's standard library that the command replaces, so that it survives
--- its scripts.
local core = require "sluice.core"

local M = {}

local load, loadfile = load, loadfile

local BINARY = "attempt to load a chunk (mode is '%s'): scripts load text only"

--- Binary chunks are refused, because Lua does not check them and a damaged one crashes.
---@param mode string?
---@return string? problem
local function refusal(mode)
  if type(mode) == "string" and not mode:find("t", 1, true) then return BINARY:format(mode) end
end

local function load_text(chunk, name, mode, ...)
  local problem = refusal(mode)
  if problem then return nil, problem end
  return load(chunk, name, "t", ...)
end

local function loadfile_text(path, mode, ...)
  local problem = refusal(mode)
  if problem then return nil, problem end
  return loadfile(path, "t", ...)
end

local function dofile_text(path)
  local chunk, err = loadfile(path, "t")
  if not chunk then error(err, 0) end
  return chunk()
end

--- The searcher of `require` for Lua files, for text only.
local function search_text(name)
  local file, tried = package.searchpath(name, package.path)
  if not file then return tried end
  local chunk, err = loadfile(file, "t")
  if not chunk then error(("error loading module '%s' from file '%s':\n\t%s"):format(name, file, err), 0) end
  return chunk, file
end

--- The index of that searcher, after package.preload and our own.
local LUA_FILES = 3

function M.replace()
  os.exit = core.exit -- a run must not end in the middle
  os.execute = core.execute -- and must not be kept from ending
  _G.load, _G.loadfile, _G.dofile = load_text, loadfile_text, dofile_text
  package.searchers[LUA_FILES] = search_text
  debug.getregistry = nil -- C code relies on its contents
end

return M
