--- Output that is held back in an unnamed file.
local core = require "sluice.core"

local M = {}

local BLOCK = 64 * 1024

---@class sluice.Spool
---@field private file file*
---@field private dir string
local Spool = { __name = "sluice.Spool" }
Spool.__index = Spool

local NAME = "the temporary file in %s that holds the output back (TMPDIR names another directory)"

---@return any? ok, sluice.Error? err
local function done(what, dir, ok, why)
  if ok then return ok end
  return nil, core.error("sink", ("cannot %s %s"):format(what, NAME:format(dir)), { os = why })
end

---@param ... string
---@return true? ok, sluice.Error? err
function Spool:write(...)
  local ok, err = done("write", self.dir, self.file:write(...))
  return ok and true, err
end

--- Make sure that everything is in the file.
---@return true? ok, sluice.Error? err
function Spool:flush()
  local ok, err = done("write", self.dir, self.file:flush())
  return ok and true, err
end

--- Copy everything to a writer.
---@param writer sluice.Writer
---@return true? ok, sluice.Error? err
function Spool:copy(writer)
  local ok, err = done("rewind", self.dir, self.file:seek("set"))
  while ok do
    local block, why = self.file:read(BLOCK)
    if not block then
      if why then return done("read", self.dir, nil, why) end
      return writer:flush()
    end
    ok, err = writer:write(block)
  end
  return nil, err
end

--- A writer into the file, for use in place of write(). Flush it before flush().
---@return sluice.Writer
function Spool:writer() return core.writer(self.file, NAME:format(self.dir)) end

function Spool:close() self.file:close() end

---@return sluice.Spool? spool, sluice.Error? err
function M.open()
  local file, why, dir = core.temporary()
  if not file then return done("make", dir, nil, why) end
  return setmetatable({ file = file, dir = why }, Spool)
end

return M
