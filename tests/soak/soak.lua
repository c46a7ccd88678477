-- Long runs in flat memory, with flat descriptors and no zombies.
--
--   soak.lua [SECONDS]
--
-- In parallel for so long: an endless producer with a slow reader; a worker
-- that prints, reports and leaves orphans all the time; and a program that starts a
-- new worker for each request. At the end each uses little more than it did in the first
-- quarter of the time: for memory the maximum is compared, for descriptors the minimum, because a
-- sample may fall between the opening of a worker's pipes and the closing of their other ends,
-- and a leak raises the minimum as well. The last lines print the figures.
local paths = require "support.paths"
local shell = require "support.shell"
local system = require "system"

local SECONDS = tonumber(arg[1] or 600)
local MORE_KIB, MORE_FDS, MOST_ZOMBIES = 3 * 1024, 16, 40

local MODULE = [[
local sluice = require "sluice"
local rows, turns = 0, 0
while true do
  local worker = assert(sluice.spawn { "worker.lua" })
  assert(worker:run("rows", nil, { on_row = function() rows = rows + 1 end }))
  worker:shutdown()
  turns = turns + 1
  if turns % 20 == 0 then collectgarbage() end
end]]

local WORKER = [[
return { exports = { rows = function(_, emit)
  for i = 1, 500 do emit:row("rows", { i = i, text = ("x"):rep(i % 50) }) end
end } }]]

local PRODUCER = [[yes '{"kind":"row","text":"some text that is some bytes long"}']]
local SLOW = paths.quote(paths.lua) .. [[ -e 'while io.read(65536) do os.execute "sleep 0.05" end']]
local ORPHANS = [[i=0; while :; do (sleep 0.05 &); echo "{\"i\":$i}"; echo "line $i" >&2; i=$((i+1)); sleep 0.02; done]]

local sluice = paths.quote(paths.sluice)

---@type { name: string, line: string, of: string }[]  of: the process that is measured
local RUNS = {
  { name = "a slow reader", line = ("%s filter --quiet --lines 'kind == \"row\"' -- %s | %s"):format(sluice, PRODUCER, SLOW), of = "^%S*sluice filter" },
  { name = "orphans", line = ("%s filter --quiet --lines true -- sh -c %s >/dev/null 2>&1"):format(sluice, paths.quote(ORPHANS)), of = "^%S*sluice filter" },
  { name = "the host of orphans", of = "^%S*sluice worker.*sleep", with = 2 },
  { name = "cycling workers", line = paths.quote(paths.lua) .. " module.lua", of = "^%S*lua%S* module%.lua" },
}

-- ---- the figures of a process --------------------------------------------------

local function resident_kib(pid) return tonumber((shell.read(("/proc/%d/status"):format(pid)) or ""):match "VmRSS:%s+(%d+)") end

local function descriptors(pid) return #shell.list(("/proc/%d/fd"):format(pid)) - 2 end

local function zombies(pid)
  local found = 0
  for child in (shell.read(("/proc/%d/task/%d/children"):format(pid, pid)) or ""):gmatch "%d+" do
    if (shell.read(("/proc/%s/stat"):format(child)) or ""):find "%) Z" then found = found + 1 end
  end
  return found
end

---@return { kib: integer, fds: integer, zombies: integer }
local function look(pid)
  local kib = resident_kib(pid)
  if not kib then error("it has ended before its time", 0) end
  return { kib = kib, fds = descriptors(pid), zombies = zombies(pid) }
end

--- Adds a sample to the figures of a part of the time.
local function add(part, now)
  part.kib = math.max(part.kib or 0, now.kib)
  part.fds = math.min(part.fds or math.huge, now.fds)
  part.zombies = math.max(part.zombies or 0, now.zombies)
end

--- The process of a run whose command line has the pattern.
local function find(process, pattern)
  for _, pid in ipairs { process.pid, table.unpack(process:descendants ".") } do
    local line = (shell.read(("/proc/%d/cmdline"):format(pid)) or ""):gsub("%z", " ")
    if line:find(pattern) then return pid end
  end
end

-- ---- the runs ------------------------------------------------------------------

local dir = shell.directory()
shell.write(dir .. "/module.lua", MODULE)
shell.write(dir .. "/worker.lua", WORKER)

local function start(run)
  local process = run.with and RUNS[run.with].process
    or shell.start("sh -c " .. paths.quote(run.line), { cwd = dir, seconds = SECONDS + 120 })
  run.process, run.early, run.late = process, {}, {}
  run.pid = shell.wait(run.name, function() return find(process, run.of) end)
end

--- Stops everything, whatever has happened.
---@return string? problem
local function stop(run)
  if run.with or not run.process then return nil end
  os.execute(("kill -TERM %d 2>/dev/null"):format(run.pid or run.process.pid))
  local ok, problem = pcall(shell.assert_gone, run.process.mark, 10)
  return not ok and problem or nil
end

local function report(run)
  local problem = (run.late.kib > run.early.kib + MORE_KIB or run.late.fds > run.early.fds + MORE_FDS or run.late.zombies > MOST_ZOMBIES)
  print(("%-20s %6d KiB at first, %6d at most; %2d and %2d descriptors at least; %d zombies at most%s"):format(
    run.name, run.early.kib, run.late.kib, run.early.fds, run.late.fds, run.late.zombies, problem and ": it grows" or ""))
  return not problem
end

local function watch()
  local begun, passed = system.monotime(), 0
  local settled, early = SECONDS / 10, SECONDS / 4
  while passed < SECONDS do
    system.sleep(math.min(1, SECONDS / 40)) -- samples of something that runs by itself
    passed = system.monotime() - begun
    for _, run in ipairs(RUNS) do
      local now = look(run.pid)
      if passed > settled then add(passed < early and run.early or run.late, now) end
    end
  end
end

local ok, problem = pcall(function()
  for _, run in ipairs(RUNS) do start(run) end
  watch()
end)
for _, run in ipairs(RUNS) do problem = stop(run) or problem end
shell.forget()
if problem then error(problem, 0) end
for _, run in ipairs(RUNS) do ok = report(run) and ok end
os.exit(ok and 0 or 1)
