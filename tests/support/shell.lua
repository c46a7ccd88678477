--- Runs command lines as a user does, and finds what they left running.
---
--- Every process is started with a mark in its environment, by which it and
--- all its descendants are found in /proc, even if they have left its session.
local lfs = require "lfs"
local paths = require "support.paths"
local system = require "system"

local M = {}

local MARK = "SLUICE_TEST_RUN"
local PAUSE = 0.005
local SLOW = paths.sanitized and 4 or 1

--- How many seconds a command may take, and how long a wait may last.
M.seconds = 20 * SLOW

local files, count = {}, 0

--- A path for a temporary file of this test; forget() removes it.
---@param content string?
function M.file(content, name)
  local path = os.tmpname()
  if name then
    os.remove(path)
    lfs.mkdir(path)
    files[#files + 1] = path
    path = path .. "/" .. name
  end
  files[#files + 1] = path
  if content then M.write(path, content) end
  return path
end

--- A temporary directory of this test.
function M.directory()
  local path = os.tmpname()
  os.remove(path)
  assert(lfs.mkdir(path))
  files[#files + 1] = path
  return path
end

function M.write(path, content)
  local file = assert(io.open(path, "wb"))
  assert(file:write(content))
  assert(file:close())
end

---@return string? text  nil when there is no such file
function M.read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read("a")
  file:close()
  return text
end

---@return string[] names  sorted
function M.list(dir)
  local names = {}
  for name in lfs.dir(dir) do
    if name ~= "." and name ~= ".." then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

--- Words quoted for a shell; a string is already a command line.
function M.line(words)
  if type(words) == "string" then return words end
  local quoted = {}
  for i, word in ipairs(words) do quoted[i] = paths.quote(word) end
  return table.concat(quoted, " ")
end

--- Waits for something to become true; raises an error at the deadline.
---@param what string
---@param test fun(): any
function M.wait(what, test, seconds)
  local deadline = system.monotime() + (seconds or M.seconds)
  repeat
    local value = test()
    if value then return value end
    system.sleep(PAUSE)
  until system.monotime() > deadline
  error("waited in vain: " .. what, 2)
end

---@return boolean  true if the process exists and is not a zombie
function M.is_alive(pid)
  local stat = M.read(("/proc/%d/stat"):format(pid))
  local state = stat and stat:match("%) (%a)")
  return state ~= nil and state ~= "Z" and state ~= "X"
end

--- Processes that carry the mark: pid -> command line.
local function marked(mark)
  local found = {}
  for name in lfs.dir("/proc") do
    local environ = name:find("^%d+$") and M.read("/proc/" .. name .. "/environ")
    if environ and environ:find(mark, 1, true) and M.is_alive(name) then
      found[tonumber(name)] = (M.read("/proc/" .. name .. "/cmdline") or ""):gsub("%z", " ")
    end
  end
  return found
end

local function new_mark()
  count = count + 1
  return ("%s=%s.%d"):format(MARK, M.file():match("[^/]*$"), count)
end

--- Waits until no process of a run is left.
function M.assert_gone(mark, seconds)
  local left
  local ok = pcall(M.wait, "no process is left", function()
    left = marked(mark)
    return next(left) == nil
  end, seconds or 3 * SLOW)
  if ok then return end
  local words = {}
  for pid, command in pairs(left) do
    words[#words + 1] = pid .. " " .. command
    os.execute("kill -KILL " .. pid .. " 2>/dev/null")
  end
  error("left running: " .. table.concat(words, "; "), 2)
end

local function environment(given)
  local words = {}
  for name, value in pairs(given or {}) do
    words[#words + 1] = value and name .. "=" .. value or "-u" .. name
  end
  table.sort(words, function(a, b) return (a:sub(1, 1) == "-") and b:sub(1, 1) ~= "-" end)
  return words
end

---@class shell.Options
---@field input string?     text for stdin; nil: /dev/null
---@field redirect string?  further redirections, "<&- 2>/dev/full"
---@field env table<string, string|false>?
---@field cwd string?
---@field leaves boolean?   it may leave something running
---@field seconds number?

--- The whole line for sh: the command with its directory and environment.
local function full_line(words, options, mark, out, err)
  local env = environment(options.env)
  table.insert(env, mark)
  local input = options.input and paths.quote(M.file(options.input)) or "/dev/null"
  return ("%sexec env --default-signal %s %s <%s >%s 2>%s %s"):format(
    options.cwd and "cd " .. paths.quote(options.cwd) .. " && " or "",
    M.line(env), M.line(words), input, out, err, options.redirect or "")
end

---@class shell.Result
---@field status integer  exit status; 128 + the signal's number after a signal
---@field out string
---@field err string

local function result_of(status, out, err)
  return { status = status, out = M.read(out), err = M.read(err) }
end

--- Runs a command line to its end. It is an error if something is left running.
---@param words string|string[]
---@param options shell.Options?
---@return shell.Result
function M.run(words, options)
  options = options or {}
  local out, err, mark = M.file(), M.file(), new_mark()
  local line = full_line(words, options, mark, out, err)
  local _, how, status = os.execute(("timeout -s KILL %d sh -c %s"):format(
    options.seconds or M.seconds, paths.quote(line)))
  if how == "signal" then status = 128 + status end
  if status == 137 then error("took too long: " .. M.line(words) .. "\n" .. (M.read(err) or ""), 2) end
  if not options.leaves then M.assert_gone(mark) end
  return result_of(status, out, err)
end

---@class shell.Process
---@field pid integer
---@field private status_file string
local Process = {}
Process.__index = Process

--- Starts a command line without waiting for it; the pid is the command's own.
---@param words string|string[]
---@param options shell.Options?
---@return shell.Process
function M.start(words, options)
  options = options or {}
  local self = setmetatable({ out = M.file(), err = M.file(), mark = new_mark(), status_file = M.file() }, Process)
  local pid_file = M.file()
  local line = ("echo $$ >%s; %s"):format(pid_file, full_line(words, options, self.mark, self.out, self.err))
  os.execute(("{ timeout -s KILL %d sh -c %s 2>/dev/null; echo $? >%s; } </dev/null >/dev/null 2>&1 &"):format(
    options.seconds or M.seconds, paths.quote(line), self.status_file))
  self.pid = M.wait("the command to start", function() return tonumber((M.read(pid_file))) end)
  return self
end

function Process:stdout() return M.read(self.out) end
function Process:stderr() return M.read(self.err) end

---@return integer?  nil while it runs
function Process:status() return tonumber((M.read(self.status_file))) end

--- Waits until stdout (or stderr) contains the pattern; an error once the process has ended without it.
function Process:await(pattern, stream)
  local path = stream == "stderr" and self.err or self.out
  local ok, err = pcall(M.wait, pattern, function()
    local ended = self:status()
    local found = M.read(path):match(pattern)
    if ended and not found then error(("%s: it has ended with status %d"):format(pattern, ended), 0) end
    return found
  end)
  if not ok then error(("%s\nstdout: %s\nstderr: %s"):format(err, self:stdout(), self:stderr()), 2) end
  return err
end

function Process:signal(name)
  assert(os.execute(("kill -%s %d"):format(name, self.pid)))
end

--- The pids of the descendants whose command line contains the pattern.
function Process:descendants(pattern)
  local found = {}
  for pid, command in pairs(marked(self.mark)) do
    if pid ~= self.pid and command:find(pattern) and not command:find("^timeout ") then found[#found + 1] = pid end
  end
  return found
end

--- Waits for the end of the process, and until nothing of it is left.
---@return shell.Result
function Process:finish()
  local status = M.wait("the command to end", function() return self:status() end)
  M.assert_gone(self.mark)
  return result_of(status, self.out, self.err)
end

--- Runs build/sluice with these words.
---@return shell.Result
function M.sluice(words, options)
  return M.run(M.line { paths.sluice } .. " " .. M.line(words), options)
end

---@return shell.Process
function M.start_sluice(words, options)
  return M.start(M.line { paths.sluice } .. " " .. M.line(words), options)
end

--- Removes the temporary files of a test; for after_each.
function M.forget()
  for i = #files, 1, -1 do
    os.execute("rm -rf " .. paths.quote(files[i]))
    files[i] = nil
  end
end

return M
