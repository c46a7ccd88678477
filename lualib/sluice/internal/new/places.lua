--- Where sluice's Lua library lies, for what runs outside of the command: busted, and editors.
local core = require "sluice.core"

local M = {}

--- Beside the command, as it is installed, and in the source tree: of `build`, and of a build in it (build/asan).
local AT = {
  { lua = "../share/lua/5.4", c = "../lib/lua/5.4" },
  { lua = "../lualib", c = "lua" },
  { lua = "../../lualib", c = "lua" },
}

--- "/a/b/../c" -> "/a/c"
local function simplified(path)
  local count
  repeat path, count = path:gsub("/[^/]+/%.%.%f[/%z]", "", 1) until count == 0
  return path
end

---@return string? lua, string? c  the directories of its Lua and its C modules
function M.library()
  local directory = core.exe:match "^(.*)/[^/]*$"
  for _, at in ipairs(directory and AT or {}) do
    local lua, c = simplified(directory .. "/" .. at.lua), simplified(directory .. "/" .. at.c)
    if core.kind(lua .. "/sluice/init.lua") == "file" then return lua, c end
  end
end

return M
