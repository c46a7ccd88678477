-- SIGKILL of the runner at random points, while it writes files.
--
--   files.lua [KILLS [SEED]]    KILLS for each kind of file
--
-- After each kill the target is what it was, or complete as the killed run would
-- have committed it; at most one temporary file is left, and the next run is not
-- hindered by it and removes it. The last lines say where the kills hit.
local lfs = require "lfs"
local paths = require "support.paths"
local shell = require "support.shell"
local system = require "system"

local KILLS = math.tointeger(tonumber(arg[1] or 1000))
local SEED = math.tointeger(tonumber(arg[2] or 1))

local COUNT = 2000
local MOST_BLOCKS = 8 -- of an appended file, before it is started anew
local HEADER = "run,n,text\n"

---@class Kind
---@field name string
---@field append boolean?
---@field gzip boolean?
---@field csv boolean?
local KINDS = {
  { name = "jsonl" },
  { name = "csv", csv = true },
  { name = "gzip", gzip = true },
  { name = "append", append = true },
  { name = "append-csv", append = true, csv = true },
  { name = "append-gzip", append = true, gzip = true },
}

-- ---- what a run writes -----------------------------------------------------

local function line(kind, run, n)
  local text = ("x"):rep(n * 7 % 64)
  if not kind.csv then return ('{"run":%d,"n":%d,"text":"%s"}\n'):format(run, n, text) end
  return ("%d,%d,%s\n"):format(run, n, text == "" and '""' or text)
end

local function block(kind, run)
  local lines = {}
  for n = 1, COUNT do lines[n] = line(kind, run, n) end
  return table.concat(lines)
end

--- The target once `run` is committed, given what it was before.
local function wanted(kind, was, run)
  local new = block(kind, run)
  if kind.append and was then return was .. new end
  return (kind.csv and HEADER or "") .. new
end

-- ---- a run -----------------------------------------------------------------

---@param kill_after number?  seconds
---@return boolean committed
local function run(kind, path, number, kill_after)
  local killer = kill_after and ("timeout -s KILL %.6f "):format(kill_after) or ""
  local line_of_words = ("%s%s run --quiet %s --arg %s --arg %s --arg %d --arg %d"):format(
    killer, paths.quote(paths.sluice), paths.quote(paths.file "sink/fills.lua"), kind.name, paths.quote(path), COUNT, number)
  return (os.execute("exec sh -c " .. paths.quote(line_of_words) .. " </dev/null >/dev/null 2>&1"))
end

local function content(kind, path)
  if not kind.gzip or not lfs.attributes(path) then return shell.read(path) end
  local pipe = assert(io.popen("gzip -dc " .. paths.quote(path) .. " 2>&1"))
  local text = pipe:read "a"
  if pipe:close() then return text end
  error("not a whole gzip file: " .. text:sub(-200))
end

local function left_over(dir)
  local names = {}
  for _, name in ipairs(shell.list(dir)) do
    if name ~= "target" then names[#names + 1] = name end
  end
  return names
end

--- The duration of an undisturbed run in seconds: the longest of three.
local function duration(kind, dir)
  local longest = 0
  for _ = 1, 3 do
    local before = system.monotime()
    assert(run(kind, dir .. "/calibration", 0), "a run that nobody killed has failed")
    longest = math.max(longest, system.monotime() - before)
  end
  os.remove(dir .. "/calibration")
  return longest
end

-- ---- the kinds -------------------------------------------------------------

local function check(ok, kind, number, what)
  if not ok then error(("%s, kill %d, seed %d: %s"):format(kind.name, number, SEED, what), 0) end
end

--- One kill; returns what the target is afterwards, and where it hit.
local function kill_once(kind, dir, was, number, seconds)
  local path = dir .. "/target"
  local committed = run(kind, path, number, seconds)
  local now, left = content(kind, path), left_over(dir)
  local new = wanted(kind, was, number)
  check(now == was or now == new, kind, number, "the target is neither what it was nor complete")
  check(not committed or now == new, kind, number, "the run said it was committed, but the target is old")
  check(#left <= 1, kind, number, #left .. " temporary files are left")
  if committed then return now, "not at all" end
  if now == new then return now, "after the rename" end
  return now, #left > 0 and "while writing" or "before or between"
end

local function forget_long(kind, dir, text)
  if not kind.append or not text or #text < MOST_BLOCKS * #block(kind, 1) then return text end
  os.remove(dir .. "/target")
  return nil
end

local function try(kind)
  local dir = shell.directory()
  local usual, was, places = duration(kind, dir), nil, {}
  for number = 1, KILLS do
    local place
    was, place = kill_once(kind, dir, was, number, 0.001 + math.random() * 1.1 * usual)
    places[place] = (places[place] or 0) + 1
    was = forget_long(kind, dir, was)
  end
  check(run(kind, dir .. "/target", KILLS + 1), kind, KILLS + 1, "the run after the kills has failed")
  check(content(kind, dir .. "/target") == wanted(kind, was, KILLS + 1), kind, KILLS + 1, "it has not written everything")
  check(#left_over(dir) == 0, kind, KILLS + 1, "it has not swept what was left")
  return places
end

math.randomseed(SEED)
for _, kind in ipairs(KINDS) do
  local places, words = try(kind), {}
  for place, times in pairs(places) do words[#words + 1] = ("%d %s"):format(times, place) end
  table.sort(words)
  print(("%-12s %d kills: %s"):format(kind.name, KILLS, table.concat(words, ", ")))
end
shell.forget()
