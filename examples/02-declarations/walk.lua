--- The files below a directory, each of them once.
---
--- Links are followed, but nothing is visited twice: visited files and directories
--- are identified by device and inode, so a loop of links ends and a file with two
--- names is not taken for two files.
local lfs = require "lfs"

---@class Walk
---@field files string[]
---@field seen table<string, true>
---@field wants fun(path: string): any
---@field trouble fun(path: string, why: string)

---@param attributes table
local function is_new(walk, attributes)
  local id = attributes.dev .. ":" .. attributes.ino
  if walk.seen[id] then return false end
  walk.seen[id] = true
  return true
end

--- lfs.dir raises if a directory cannot be opened.
local function names_in(dir)
  local names = {}
  for name in lfs.dir(dir) do
    if name:sub(1, 1) ~= "." then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

local visit

local function visit_directory(walk, dir)
  local ok, names = pcall(names_in, dir)
  if not ok then return walk.trouble(dir, (tostring(names):gsub("^.*: ", ""))) end
  for _, name in ipairs(names) do visit(walk, dir == "." and name or dir .. "/" .. name) end
end

function visit(walk, path)
  local attributes, why = lfs.attributes(path)
  if not attributes then return walk.trouble(path, (why:gsub("^.*: ", ""))) end
  local is_file = attributes.mode == "file" and walk.wants(path)
  if not is_file and attributes.mode ~= "directory" or not is_new(walk, attributes) then return end
  if is_file then walk.files[#walk.files + 1] = path else visit_directory(walk, path) end
end

--- All wanted files below root, in a fixed order. Names that begin with a dot
--- are skipped.
---@param root string
---@param wants fun(path: string): any
---@param trouble fun(path: string, why: string)  called for what could not be read
---@return string[] files
return function(root, wants, trouble)
  local walk = { files = {}, seen = {}, wants = wants, trouble = trouble }
  visit(walk, root)
  return walk.files
end
