--- Where sluice's Lua library is, for programs other than the command: busted, and editors.
local core = require "sluice.core"

local M = {}

--- Relative to the command: installed, and in the source tree for `build` and a build below it (build/asan).
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
