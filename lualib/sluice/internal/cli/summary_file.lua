--- --summary FILE: a bad path is found out before the run; the file is replaced
--- as a whole at its end (core.file), so that it is never half there.
local core = require "sluice.core"
local lfs = require("sluice.internal.modules").require "lfs"

local M = {}

---@class sluice.cli.SummaryFile
---@field private path string
---@field private in_place file*?  nil: it is replaced
local SummaryFile = {}
SummaryFile.__index = SummaryFile

--- Where our own output goes, as /dev/stdout does, a file that is known by its
--- descriptor, devices and pipes: nothing of this can be replaced.
local function stays_in_place(path)
  local there = lfs.attributes(path)
  for fd = 1, there and 2 or 0 do
    local here = lfs.attributes("/proc/self/fd/" .. fd)
    if here and there.dev == here.dev and there.ino == here.ino then return true end
  end
  return there and (there.mode ~= "file" or path:find "^/dev/fd/" or path:find "^/proc/") ~= nil
end

--- What is wrong, without what, which the user knows.
local function without_path(path, why)
  local named = why:find(path .. ": ", 1, true)
  return named and why:sub(named + #path + 2) or why
end

---@return true? ok, string? why
local function replace(path, text)
  local file <close>, err = core.file { path = path }
  local ok = file
  if ok and text then
    ok, err = file:write(text .. "\n")
    if ok then ok, err = file:prepare() end
    if ok then ok, err = file:commit() end
  end
  if ok then return true end
  local why = without_path(path, err.message)
  return nil, why == err.message and err.os or why
end

---@param path string
---@return sluice.cli.SummaryFile? file, string? why
function M.open(path)
  local self, ok, why = { path = path }, nil, nil
  if stays_in_place(path) then
    ok, why = io.open(path, "a")
    self.in_place, why = ok, why and without_path(path, why)
  else
    ok, why = replace(path)
  end
  if not ok then return nil, why end
  return setmetatable(self, SummaryFile)
end

---@param text string
---@return boolean? ok, string? why
function SummaryFile:write(text)
  if not self.in_place then return replace(self.path, text) end
  local ok, why = self.in_place:write(text, "\n")
  local closed, why_not_closed = self.in_place:close()
  if ok and closed then return true end
  return nil, why or why_not_closed
end

function SummaryFile:discard()
  if self.in_place then self.in_place:close() end
end

return M
