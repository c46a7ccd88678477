--- --summary FILE: a bad path is reported before the run; the file is replaced as
--- a whole at its end (core.file), so it is never incomplete. Anything but a
--- regular file, or a path that names a descriptor, is written to directly.
local core = require "sluice.core"
local lfs = require("sluice.internal.modules").require "lfs"

local M = {}

---@class sluice.cli.SummaryFile
---@field private path string
---@field private out { write: function, close: function }?  nil: the file is replaced
local SummaryFile = {}
SummaryFile.__index = SummaryFile

local MOST_LINKS = 40

--- The open descriptor that a path stands for, as /dev/stderr and /dev/fd/3 do.
---@return integer?
local function descriptor(path)
  for _ = 1, MOST_LINKS do
    local fd = path:match "^/dev/fd/(%d+)$" or path:match "^/proc/self/fd/(%d+)$"
    if fd then return math.tointeger(fd) end
    local target = lfs.symlinkattributes(path, "target")
    if not target then return nil end
    path = target:sub(1, 1) == "/" and target or (path:match "^.*/" or "") .. target
  end
end

--- Write to the descriptor itself without reopening it, which fails for a socket or for
--- another user's terminal.
local function direct(fd)
  local info <close> = io.open("/proc/self/fdinfo/" .. fd)
  local flags = info and tonumber(info:read "a":match "flags:%s*(%d+)", 8) or 0
  if flags & 3 == 0 then return nil, "it is not open for writing" end
  local writer = core.writer(fd)
  return {
    write = function(_, text)
      local ok, err = writer:write(text)
      if ok then ok, err = writer:flush() end
      return ok, err and err.os
    end,
    close = function() return true end,
  }
end

--- Whether the path cannot be replaced: our own output, devices, pipes and sockets.
local function stays_in_place(path)
  local there = lfs.attributes(path)
  for fd = 1, there and 2 or 0 do
    local here = lfs.attributes("/proc/self/fd/" .. fd)
    if here and there.dev == here.dev and there.ino == here.ino then return true end
  end
  return there and (there.mode ~= "file" or path:find "^/proc/") ~= nil
end

--- The message without the path, which the user knows.
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

--- Remove an older summary, because there will be no new one.
local function withdraw(path)
  local mode = lfs.symlinkattributes(path, "mode")
  if mode == "file" then os.remove(path) end
  local old = mode == "link" and io.open(path, "w") -- keep the user's link, empty the file
  if old then old:close() end
end

---@param path string
---@return sluice.cli.SummaryFile? file, string? why
function M.open(path)
  local self, fd, ok, why = { path = path }, descriptor(path), nil, nil
  if fd then
    ok, why = direct(fd)
    self.out = ok
  elseif stays_in_place(path) then
    ok, why = io.open(path, "a")
    self.out, why = ok, why and without_path(path, why)
  else
    ok, why = replace(path)
  end
  if not ok then return nil, why end
  return setmetatable(self, SummaryFile)
end

---@return string path, boolean is_replaced
function SummaryFile:place() return self.path, not self.out end

---@param text string
---@return boolean? ok, string? why
function SummaryFile:write(text)
  if not self.out then
    local ok, why = replace(self.path, text)
    if not ok then withdraw(self.path) end
    return ok, why
  end
  local ok, why = self.out:write(text .. "\n")
  local closed, why_not_closed = self.out:close()
  if ok and closed then return true end
  return nil, why or why_not_closed
end

--- There will be no summary.
function SummaryFile:discard()
  if self.out then self.out:close() else withdraw(self.path) end
end

return M
