--- Standard output of the command itself.
local core = require "sluice.core"

local M = {}

--- Write a text and a line break, and make sure that it is out.
---@param text string
---@return true? ok, sluice.Error? err
function M.line(text)
  local writer = core.writer(1)
  local ok, err = writer:write(text .. "\n")
  if not ok then return nil, err end
  return writer:flush()
end

return M
