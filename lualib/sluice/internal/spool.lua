--- Output that waits in a file without a name until it may be seen.
local core = require "sluice.core"

local M = {}

local BLOCK = 64 * 1024

---@class sluice.Spool
---@field private file file*
local Spool = { __name = "sluice.Spool" }
Spool.__index = Spool

local function io_error(what, why)
  return core.error("sink", ("cannot %s the temporary file that holds the output back"):format(what), { os = why })
end

---@param ... string
---@return true? ok, sluice.Error? err
function Spool:write(...)
  local ok, why = self.file:write(...)
  if not ok then return nil, io_error("write", why) end
  return true
end

--- Make sure that all of it is there.
---@return true? ok, sluice.Error? err
function Spool:flush()
  local ok, why = self.file:flush()
  if not ok then return nil, io_error("write", why) end
  return true
end

--- Copy everything.
---@param writer sluice.Writer
---@return true? ok, sluice.Error? err
function Spool:copy(writer)
  local ok, why = self.file:seek("set")
  if not ok then return nil, io_error("rewind", why) end
  for block in function() return self.file:read(BLOCK) end do
    local written, err = writer:write(block)
    if not written then return nil, err end
  end
  return writer:flush()
end

function Spool:close() self.file:close() end

---@return sluice.Spool? spool, sluice.Error? err
function M.open()
  local file, why = io.tmpfile()
  if not file then return nil, io_error("make", why) end
  return setmetatable({ file = file }, Spool)
end

return M
