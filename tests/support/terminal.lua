--- A separate terminal, drawn by tmux, in which a command line runs.
local paths = require "support.paths"
local shell = require "support.shell"

local M = {}

---@class support.Terminal
local Terminal = {}
Terminal.__index = Terminal

local count = 0

local function tmux(self, ...)
  return ("env TMUX_TMPDIR=%s tmux -L %s -f /dev/null %s"):format(
    paths.quote(self.directory), self.socket, shell.line { ... })
end

--- Starts a command line. When it has ended, "[status N]" appears below its output.
---@param words string[]
---@param options { columns: integer?, rows: integer?, env: table?, prefix: string? }?
function M.open(words, options)
  options = options or {}
  count = count + 1
  local self = setmetatable({ directory = shell.directory() }, Terminal)
  self.socket = ("sluice-%s-%d"):format(self.directory:match("[^/]*$"), count)
  local env = {}
  for name, value in pairs(options.env or {}) do env[#env + 1] = name .. "=" .. value end
  local line = ("trap : INT; env %s %s; echo \"[status $?]\"; read -r _"):format(shell.line(env), shell.line(words))
  assert(os.execute(tmux(self, "new-session", "-d", "-x", tostring(options.columns or 100),
    "-y", tostring(options.rows or 24), line)))
  return self
end

--- The text on the screen, without blank lines at its end.
function Terminal:screen(...)
  local pipe = assert(io.popen(tmux(self, "capture-pane", "-p", ...) .. " 2>&1"))
  local text = pipe:read("a")
  pipe:close()
  return (text:gsub("%s+$", "\n"))
end

--- Waits until the screen contains the pattern; returns the screen and what was matched.
function Terminal:await(pattern, ...)
  local arguments, screen = table.pack(...), nil
  local ok = pcall(shell.wait, pattern, function()
    screen = self:screen(table.unpack(arguments))
    return screen:find(pattern) or screen:find("[status", 1, true) and error("it has ended")
  end)
  if not ok then error(("waited in vain for %s on:\n%s"):format(pattern, screen), 2) end
  return screen, screen:match(pattern)
end

--- Presses a key: "C-c" and the like.
function Terminal:press(key)
  assert(os.execute(tmux(self, "send-keys", key)))
end

--- Types a text, "\t" and "\n" included.
function Terminal:type(text)
  assert(os.execute(tmux(self, "send-keys", "-l", "--", text)))
end

--- Waits for the command's end; returns its status and the last screen.
function Terminal:finish()
  local screen, status = self:await("%[status (%d+)%]")
  return tonumber(status), screen
end

function Terminal:close()
  os.execute(tmux(self, "kill-server") .. " 2>/dev/null")
end

return M
