--- The files that examples/07-many-machines loads: logs of five requests each.
local paths = require "support.paths"
local shell = require "support.shell"
local support = require "sql.support"

local M = {}

M.example = paths.root .. "/examples/07-many-machines"

--- Rows of a log.
M.rows = 5

local function line(i)
  return ('10.0.0.%d - - [26/Nov/2026:10:00:0%d +0000] "GET /page/%d HTTP/1.1" %d 12%d\n'):format(i, i, i, i == 3 and 500 or 200, i)
end

local function lines(first, last)
  local texts = {}
  for i = first, last do texts[#texts + 1] = line(i) end
  return table.concat(texts)
end

--- The content of a whole log.
function M.write(path) shell.write(path, lines(1, M.rows)) end

--- The first run into a database creates its tables, and others wait for its commit: so a test
--- that needs several at once has them created first.
function M.make_tables(url)
  local dir = M.directory(1)
  local result = shell.sluice { "run", M.example .. "/load.lua", "--set", "file=" .. dir .. "/1.log", "--set", "url=" .. url }
  assert(result.status == 0, result.err)
  support.output(("psql %s -X -q -c 'TRUNCATE requests, sluice_ledger'"):format(paths.quote(url)))
end

--- So many of them in a directory, called 1.log and so on.
---@return string directory
function M.directory(count)
  local dir = shell.directory()
  for i = 1, count do M.write(("%s/%d.log"):format(dir, i)) end
  return dir
end

--- A pipe in place of a log: its reader gets two rows and a line that is not a row, and then
--- waits. The diagnostic of that line shows how far it is.
---@return shell.Process holder  keeps the pipe open; not this process, because all that it starts would do so as well
function M.hold(path)
  os.remove(path)
  assert(os.execute("mkfifo -m 644 " .. paths.quote(path)))
  return shell.start { "sh", "-c", 'exec 3<>"$0"; printf "%s" "$1" >&3; exec sleep 60', path, lines(1, 2) .. "and then nothing\n" }
end

--- The diagnostic, as a pattern.
M.held = "access%.line: [^\n]*and then nothing"

local function let_go(holder)
  holder:signal "TERM"
  holder:finish()
end

--- Makes the log a file again. A reader of the pipe that still exists finds its end.
---@param holder shell.Process
function M.replace(holder, path)
  os.remove(path)
  M.write(path)
  let_go(holder)
end

--- Sends the rest of the log to the reader of the pipe.
---@param holder shell.Process
function M.go_on(holder, path)
  local pipe = assert(io.open(path, "r+"))
  pipe:write(lines(3, M.rows))
  pipe:close()
  let_go(holder)
end

--- The environment in which the command sluice is in PATH.
M.env = { PATH = paths.build .. ":" .. os.getenv "PATH" }

return M
