--- What the specs of behaviour share: workers started through the module, the
--- events of a request in the order in which they arrived, and the check that
--- nothing is left behind.
---
---   before_each(behaviour.before)
---   after_each(behaviour.after)
local lfs = require "lfs"
local system = require "system"
local assert = require "luassert"

local core = require "sluice.core"
local paths = require "support.paths"
local sluice = require "sluice"

local M = {}

--- Anything that takes longer than this hangs.
M.patience = 20

-- The module's loop opens descriptors of its own and keeps them open.
core.worker({ argv = { "none" } }):close()

M.now = core.now
M.sleep = system.sleep

-- ---- where things are ----------------------------------------------------

--- The file of a test worker: a script, a shared library, or a program.
function M.file(name)
  if name:find "%.so$" then return paths.program("libraries/" .. name) end
  local in_place = paths.file("workers/" .. name)
  if lfs.attributes(in_place) then return in_place end
  return paths.program("workers/" .. name)
end

local temporary = {}

--- A path for a temporary file of this test, which is removed after it.
function M.path()
  local path = os.tmpname()
  os.remove(path)
  temporary[#temporary + 1] = path
  return path
end

function M.write(path, text)
  local f = assert(io.open(path, "wb"))
  f:write(text)
  f:close()
  return path
end

--- The content of a file, or nil.
function M.read(path)
  local f = io.open(path, "rb")
  local text = f and f:read "a"
  if f then f:close() end
  return text
end

--- The lines of a file, which need not exist yet.
function M.lines(path)
  local list = {}
  for line in (M.read(path) or ""):gmatch "[^\n]+" do list[#list + 1] = line end
  return list
end

-- ---- processes -----------------------------------------------------------

--- { pid, state, parent, group } of each process.
local function processes()
  local list = {}
  for name in lfs.dir "/proc" do
    local stat = name:find "^%d+$" and M.read("/proc/" .. name .. "/stat")
    if stat then
      local state, parent, group = stat:match "^%d+ %(.*%) (%a) (%d+) (%d+)"
      list[#list + 1] = { pid = tonumber(name), state = state, parent = tonumber(parent), group = tonumber(group) }
    end
  end
  return list
end

M.pid = tonumber((M.read "/proc/self/stat"):match "^%d+")

--- Our children, or those of this pid, zombies included, as "PID state".
function M.children(pid)
  local list = {}
  for _, p in ipairs(processes()) do
    if p.parent == (pid or M.pid) then list[#list + 1] = ("%d %s"):format(p.pid, p.state) end
  end
  return list
end

--- Pids of the processes that have this variable in their environment.
function M.having(variable)
  local list = {}
  for _, p in ipairs(processes()) do
    local env = p.state ~= "Z" and M.read(("/proc/%d/environ"):format(p.pid))
    if env and ("\0" .. env):find("\0" .. variable .. "\0", 1, true) and p.pid ~= M.pid then list[#list + 1] = p.pid end
  end
  return list
end

--- The state letter of /proc/PID/stat, or nil when the process is gone.
function M.state(pid)
  local stat = M.read(("/proc/%d/stat"):format(pid))
  return stat and stat:match "^%d+ %(.*%) (%a)"
end

--- The main thread of a process becomes a zombie before its other threads have
--- ended, and the process cannot be waited for until they have.
local function has_other_threads(pid)
  local count = 0
  local ok = pcall(function()
    for name in lfs.dir(("/proc/%d/task"):format(pid)) do count = count + (name:find "^%d" and 1 or 0) end
  end)
  return ok and count > 1
end

function M.is_alive(pid)
  local state = M.state(pid)
  return state ~= nil and (state ~= "Z" or has_other_threads(pid))
end

--- What our descriptors, or those of this pid, point to, by number.
function M.descriptors(pid)
  local list, directory = {}, ("/proc/%s/fd/"):format(pid or "self")
  for name in lfs.dir(directory) do
    local target = lfs.symlinkattributes(directory .. name, "target")
    if target and not target:find "^/proc/%d+/fd$" then list[#list + 1] = name .. " " .. target end
  end
  table.sort(list)
  return list
end

--- A field of /proc/self/status in KiB: VmRSS, VmPeak.
function M.memory(field)
  return tonumber((M.read "/proc/self/status"):match(field .. ":%s*(%d+)"))
end

--- Waits until condition() returns something true, and returns it.
function M.await(what, condition)
  local limit = core.now() + M.patience
  while true do
    local result = condition()
    if result then return result end
    if core.now() > limit then error("still waiting for " .. what, 2) end
    system.sleep(0.002)
  end
end

-- ---- workers -------------------------------------------------------------

local workers = {}

--- Short grace periods, so that what must be killed is killed soon.
local presets = { timeout = M.patience, stop_grace = 0.3, kill_grace = 0.3 }

local function spec_of(command, options)
  local spec = {}
  for name, value in pairs(presets) do spec[name] = value end
  for name, value in pairs(options or {}) do spec[name] = value end
  if type(command) == "string" then command = { M.file(command) } end
  table.move(command, 1, #command, 1, spec)
  return spec
end

--- sluice.spawn with the name of a test worker, or with a whole command.
---@param command string|string[]
---@param options table?
function M.try(command, options)
  local worker, err = sluice.spawn(spec_of(command, options))
  workers[#workers + 1] = worker
  return worker, err
end

---@return sluice.Worker
function M.spawn(command, options)
  local worker, err = M.try(command, options)
  if not worker then error(tostring(err), 2) end
  return worker
end

--- The error of a spawn that must fail.
function M.refused(kind, command, options)
  local worker, err = M.try(command, options)
  assert.is_nil(worker, "the worker was started")
  assert.equal(kind, err.kind, tostring(err))
  return err
end

--- A worker made of a shell script that prints lines.
function M.shell(script, options)
  local all = { lines = true }
  for name, value in pairs(options or {}) do all[name] = value end
  return M.spawn({ "sh", "-c", script }, all)
end

local function hex(bytes)
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

--- The command of a worker that sends exactly this: strings are bytes to send, tables are
--- steps: { await = "request" }, { log = path } (of orders), { touch = path },
--- { exit = 3 }, { sleep = seconds }, { print = text } (to stderr). While it awaits an order,
--- and after its last step, it exits on shutdown or at the end of the pipe.
function M.speaking(...)
  local command = { paths.lua, paths.file "support/speaks.lua" }
  for _, step in ipairs { ... } do
    if type(step) == "string" then
      for at = 1, #step, 30000 do command[#command + 1] = "send=" .. hex(step:sub(at, at + 29999)) end
    else
      local name, value = next(step)
      command[#command + 1] = name .. "=" .. value
    end
  end
  return command
end

-- ---- requests ------------------------------------------------------------

local function progress_text(p)
  return ("progress %s %d%s"):format(p.phase, p.current, p.total and "/" .. p.total or "")
end

--- Runs an export and records every event, in order, as one line each.
--- `more` holds handlers, which are called after the line was recorded, and
--- options of the request.
---@return { events: string[], rows: string[], diagnostics: string[], summary: table?, failure: table? } seen
function M.run(worker, export, request, more)
  local seen = { events = {}, rows = {}, diagnostics = {} }
  local policy = {}
  for name, value in pairs(more or {}) do policy[name] = value end

  local function note(name, text)
    local own = policy[name]
    policy[name] = function(what, run)
      seen.events[#seen.events + 1] = text(what)
      if own then own(what, run, seen) end
    end
  end

  note("on_row", function(row)
    seen.rows[#seen.rows + 1] = row.raw
    return ("row %s %d %s"):format(row.stream, row.sequence, row.raw)
  end)
  note("on_diagnostic", function(d)
    seen.diagnostics[#seen.diagnostics + 1] = d.code .. ": " .. d.message
    return ("diagnostic %s: %s"):format(d.code, d.message)
  end)
  note("on_progress", progress_text)
  note("on_summary", function() return "summary" end)
  note("on_failure", function(failure) return "failure " .. failure.kind end)
  seen.summary, seen.failure = worker:run(export, request, policy)
  return seen
end

--- The request succeeded, and its only summary was the last event.
function M.succeeded(seen)
  assert.is_nil(seen.failure, tostring(seen.failure))
  assert.equal("summary", seen.events[#seen.events])
  local _, count = table.concat(seen.events, "\n"):gsub("%f[^\n\0]summary%f[\n\0]", "")
  assert.equal(1, count, "one summary")
  return seen.summary
end

--- The request failed with this kind, its only failure was the last event, and
--- there was no summary.
function M.failed(kind, seen)
  assert.is_nil(seen.summary, "a summary came")
  assert.equal(kind, seen.failure.kind, tostring(seen.failure))
  assert.equal("failure " .. kind, seen.events[#seen.events])
  for i = 1, #seen.events - 1 do
    assert.is_nil(seen.events[i]:match "^failure", "a second outcome: " .. seen.events[i])
    assert.not_equal("summary", seen.events[i])
  end
  return seen.failure
end

--- A call that must fail with this kind; returns the failure.
function M.call_failed(kind, worker, export, request, options)
  local value, failure = worker:call(export, request, options)
  assert.is_nil(value)
  assert.equal(kind, failure.kind, tostring(failure))
  return failure
end

--- The text contains these words, without patterns.
function M.says(text, words)
  if not tostring(text):find(words, 1, true) then
    error(("%q is not said by %q"):format(words, tostring(text)), 2)
  end
end

--- The worker still serves requests, in the same process.
function M.serves_on(worker, generation, export, request)
  assert.equal(generation, worker:info() and worker:info().generation)
  local summary, err = worker:run(export, request, { on_row = function() end })
  assert.is_not_nil(summary, tostring(err))
  assert.equal(generation, worker:info().generation)
end

--- Closes a worker, as the end of its scope does.
function M.close(worker)
  for i, other in ipairs(workers) do
    if other == worker then table.remove(workers, i) end
  end
  getmetatable(worker).__close(worker)
end

--- Returns the error that f() raises.
function M.raised(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok, "nothing was raised")
  return err
end

--- Returns what f() took in seconds.
function M.timed(f)
  local begin = core.now()
  f()
  return core.now() - begin
end

-- ---- before and after ----------------------------------------------------

local descriptors

function M.before()
  collectgarbage()
  descriptors = M.descriptors()
end

--- Closes every worker of the test, as the end of its scope does; then nothing
--- may be left.
function M.after()
  while workers[1] do M.close(workers[1]) end
  for i, path in ipairs(temporary) do
    temporary[i] = nil
    os.remove(path)
  end
  assert.same({}, M.children(), "children that are left")
  collectgarbage()
  assert.same(descriptors, M.descriptors(), "descriptors that are left")
end

return M
