--- Where the things under test are, as run.sh sets it in the environment.
local M = {}

M.build = assert(os.getenv "SLUICE_BUILD", "SLUICE_BUILD is not set: run the specs with `make test-now`")
M.tests = debug.getinfo(1, "S").source:match "^@(.*)/support/[^/]*$"
M.root = M.tests .. "/.."
M.sluice = M.build .. "/sluice"
M.lua = os.getenv "LUA" or "lua5.4"

--- Compiled with sanitizers: slower, and beyond any memory limit.
M.sanitized = os.getenv "SLUICE_SANITIZED" ~= nil

--- A program built for the tests: M.program "wireprobe".
function M.program(name) return M.build .. "/tests/" .. name end

--- A worker or another file of tests/: M.file "workers/ignores_sigterm.lua".
function M.file(name) return M.tests .. "/" .. name end

--- One word for the shell.
function M.quote(word) return "'" .. word:gsub("'", "'\\''") .. "'" end

return M
