-- SIGKILL of the runner, of a worker's host and of the worker itself, at random points.
--
--   kill.lua [KILLS [SEED]]    KILLS of each, for run, filter and the module
--
-- After each kill no process and no zombie of the run is left, whatever the worker had
-- started, even in sessions of their own; the target is unchanged or complete; and the
-- temporary files of a killed runner are removed by the next run. A program that uses the module
-- is not a subreaper: processes that called setsid may remain. The last lines say how many of each
-- were killed; anything left behind ends the program.
local lfs = require "lfs"
local paths = require "support.paths"
local shell = require "support.shell"
local system = require "system"

local KILLS = math.tointeger(tonumber(arg[1] or 1000))
local SEED = math.tointeger(tonumber(arg[2] or 1))
local GONE_WITHIN = paths.sanitized and 20 or 5 -- seconds

local ROWS = 400
local WHOLE = {}
for i = 1, ROWS do WHOLE[i] = ('{"i":%d}\n'):format(i) end
WHOLE = table.concat(WHOLE)

-- What a worker leaves: a child, one that ignores SIGTERM, and one in a session of its own.
local GROUP = "sleep 600 & (trap '' TERM; exec sleep 602) & "
local TREE = GROUP .. "setsid sleep 601 & "

local COMMAND = TREE .. ('i=1; while [ $i -le %d ]; do echo "{\\"i\\":$i}"; i=$((i+1)); done; sleep 0.02; kill $(jobs -p); exit 0'):format(ROWS)

local LUA_WORKER = [[
return { exports = { rows = function(_, emit)
  os.execute %q
  for i = 1, %d do emit:row("rows", { i = i }) end
end } }]]

local POLICY = [[return { sink = require("sluice.sink.jsonl").file "target" }]]

local MODULE = [[
local sluice = require "sluice"
local worker = assert(sluice.spawn { ... })
assert(worker:run("rows", nil, { sink = require("sluice.sink.jsonl").file "target" }))
worker:shutdown()]]

local sluice = paths.quote(paths.sluice)

local module = paths.quote(paths.lua) .. " module.lua "

---@type { name: string, line: string, lines: boolean?, writes: boolean? }[]
local KINDS = {
  { name = "run", line = sluice .. " run --quiet p.lua -- worker.lua", writes = true },
  { name = "run --lines", line = ("%s run --quiet --lines p.lua -- sh -c %s"):format(sluice, paths.quote(COMMAND)), lines = true, writes = true },
  { name = "filter", line = sluice .. " filter --quiet true -- worker.lua >/dev/null" },
  { name = "filter --lines", line = ("%s filter --quiet --lines true -- sh -c %s >/dev/null"):format(sluice, paths.quote(COMMAND)), lines = true },
  { name = "module", line = module .. "group_worker.lua", writes = true },
}

-- ---- which process is killed -----------------------------------------------

--- The processes of a run by their role: nil if it does not exist (yet).
local VICTIMS = {
  runner = function(process) return process.pid end,
  host = function(process) return process:descendants "worker%f[%W]"[1] end,
  worker = function(process, kind)
    return kind.lines and process:descendants "^sh -c"[1] or process:descendants "worker%f[%W]"[1]
  end,
}

local function kill(pid) os.execute(("kill -KILL %d 2>/dev/null"):format(pid)) end

-- ---- what is left ----------------------------------------------------------

local function check(ok, kind, victim, number, what)
  if not ok then error(("%s, kill %d of the %s, seed %d: %s"):format(kind.name, number, victim, SEED, what), 0) end
end

local function temporaries(dir)
  local found = 0
  for name in lfs.dir(dir) do
    if name:find "^%.target" then found = found + 1 end
  end
  return found
end

local function look(kind, victim, number, dir)
  local target = shell.read(dir .. "/target")
  check(target == nil or target == WHOLE, kind, victim, number, "the target is half there")
  local left = temporaries(dir)
  check(left == 0 or victim == "runner" and left == 1, kind, victim, number, left .. " temporary files are left")
end

-- ---- a run that is killed --------------------------------------------------

local function start(kind, dir)
  return shell.start("sh -c " .. paths.quote("exec " .. kind.line), { cwd = dir, leaves = true, seconds = 60 })
end

--- The duration of an undisturbed run in seconds.
local function duration(kind, dir)
  local before = system.monotime()
  local process = start(kind, dir)
  local result = process:finish()
  if result.status ~= 0 then error(kind.name .. ": a run that nobody killed has failed: " .. result.err, 0) end
  os.remove(dir .. "/target")
  return system.monotime() - before
end

---@return boolean hit
local function kill_once(kind, victim, number, dir, seconds)
  local process = start(kind, dir)
  system.sleep(seconds) -- a random point, not a wait for an event
  local pid = VICTIMS[victim](process, kind)
  if pid then kill(pid) end
  shell.assert_gone(process.mark, GONE_WITHIN)
  shell.wait("the status", function() return process:status() end)
  look(kind, victim, number, dir)
  os.remove(dir .. "/target")
  return pid ~= nil
end

local function prepare()
  local dir = shell.directory()
  shell.write(dir .. "/p.lua", POLICY)
  shell.write(dir .. "/worker.lua", LUA_WORKER:format(TREE .. "true", ROWS))
  shell.write(dir .. "/group_worker.lua", LUA_WORKER:format(GROUP .. "true", ROWS))
  shell.write(dir .. "/module.lua", MODULE)
  return dir
end

math.randomseed(SEED)
for _, kind in ipairs(KINDS) do
  local dir = prepare()
  local usual = duration(kind, dir)
  for _, victim in ipairs { "runner", "host", "worker" } do
    local hits = 0
    for number = 1, KILLS do
      if kill_once(kind, victim, number, dir, math.random() * 1.1 * usual) then hits = hits + 1 end
    end
    print(("%-15s %-7s %d kills, %d of them while it ran: nothing left"):format(kind.name, victim, KILLS, hits))
  end
  if kind.writes then
    assert(start(kind, dir):finish().status == 0, "the run after the kills has failed")
    assert(shell.read(dir .. "/target") == WHOLE and temporaries(dir) == 0, "it has not swept what was left")
  end
end
shell.forget()
