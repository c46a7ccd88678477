--- --summary FILE: opened before the run, so that a bad path is found out
--- early; written beside the file and renamed, so that it is never half there.
local lfs = require "lfs"

local M = {}

---@class sluice.cli.SummaryFile
---@field file file*
---@field path string
---@field temporary string?  nil: written in place (a device, a pipe)
local SummaryFile = {}
SummaryFile.__index = SummaryFile

--- Whether the path leads to where our own output goes: /dev/stdout does.
local function is_ours(path)
  local there = lfs.attributes(path)
  for fd = 1, 2 do
    local here = lfs.attributes("/proc/self/fd/" .. fd)
    if there and here and there.dev == here.dev and there.ino == here.ino then return true end
  end
  return false
end

local MOST_LINKS = 40

--- The file that a link leads to: it is replaced, the link stays.
---@param path string
---@return string
local function behind_links(path)
  for _ = 1, MOST_LINKS do
    local target = lfs.symlinkattributes(path, "target")
    if not target then break end
    path = target:sub(1, 1) == "/" and target or (path:match("^.*/") or "") .. target
  end
  return path
end

--- Devices and pipes cannot be replaced.
local function is_replaceable(path)
  local mode = lfs.attributes(path, "mode")
  return mode == nil or mode == "file"
end

local function without_path(why, path)
  return (tostring(why):gsub("^" .. path:gsub("%p", "%%%0") .. ": ", ""))
end

---@param path string
---@return sluice.cli.SummaryFile? file, string? why
function M.open(path)
  local ours = is_ours(path)
  local target = ours and path or behind_links(path)
  local replaced = not ours and is_replaceable(target)
  local temporary = replaced and ("%s.%08x.tmp"):format(target, math.random(0, 0xffffffff)) or nil
  local file, why = io.open(temporary or target, ours and "a" or "w")
  if not file then return nil, without_path(why, temporary or target) end
  return setmetatable({ file = file, path = target, temporary = temporary }, SummaryFile)
end

---@param text string
---@return boolean? ok, string? why
function SummaryFile:write(text)
  local ok, why = self.file:write(text, "\n")
  local closed, why_not_closed = self.file:close()
  if ok and closed then
    if not self.temporary then return true end
    ok, why = os.rename(self.temporary, self.path)
    if ok then return true end
  end
  if self.temporary then os.remove(self.temporary) end
  return nil, without_path(why or why_not_closed, self.temporary or self.path)
end

--- Leave nothing behind.
function SummaryFile:discard()
  self.file:close()
  if self.temporary then os.remove(self.temporary) end
end

return M
