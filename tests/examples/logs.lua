--- The files that examples/07-many-machines loads: logs of five requests each.
local paths = require "support.paths"
local shell = require "support.shell"

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

--- A whole log.
function M.write(path) shell.write(path, lines(1, M.rows)) end

--- So many of them in a directory, called 1.log and so on.
---@return string directory
function M.directory(count)
  local dir = shell.directory()
  for i = 1, count do M.write(("%s/%d.log"):format(dir, i)) end
  return dir
end

--- A pipe in place of a log: whoever loads it gets two rows and a line that is none, and then
--- waits. The diagnostic of that line tells how far it is.
---@return file* pipe  close it, and the log ends
function M.hold(path)
  os.remove(path)
  assert(os.execute("mkfifo -m 644 " .. paths.quote(path)))
  local pipe = assert(io.open(path, "r+"))
  pipe:write(lines(1, 2), "and then nothing\n")
  pipe:flush()
  return pipe
end

--- What the diagnostic says, as a pattern.
M.held = "access%.line: [^\n]*and then nothing"

--- The log is a file again, and what waited for the pipe goes on to its end.
---@param pipe file*
function M.release(pipe, path)
  os.remove(path)
  M.write(path)
  pipe:close()
end

--- The environment in which sluice is a command on the PATH.
M.env = { PATH = paths.build .. ":" .. os.getenv "PATH" }

return M
