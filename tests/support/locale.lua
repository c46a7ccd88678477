--- Locales for tests, generated where the machine has none.
local shell = require "support.shell"

local M = {}

--- A directory for LOCPATH with de_DE.UTF-8, whose decimal point is a comma; shell.forget() removes it.
---@return string dir
function M.german()
  local dir = shell.directory()
  local made = shell.run { "localedef", "-i", "de_DE", "-f", "UTF-8", dir .. "/de_DE.UTF-8" }
  assert(made.status == 0, made.err)
  return dir
end

return M
