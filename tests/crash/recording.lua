-- SIGKILL of the runner at random points, while it records.
--
--   recording.lua [KILLS [SEED]]    KILLS each, of sluice record and of a filter
--
-- After each kill there is FILE.part and no FILE; it replays to its last whole block, as
-- a prefix of what the worker sent, and fails with a message that names it. A kill may also hit before there
-- is a file, or when all of it has its final name. The last lines say where the kills hit.
local paths = require "support.paths"
local shell = require "support.shell"
local system = require "system"

local KILLS = math.tointeger(tonumber(arg[1] or 1000))
local SEED = math.tointeger(tonumber(arg[2] or 1))

local LAST = 300000
local HEADER = 24       -- of a frame
local LOST = 1000       -- bytes of a recording that are not rows: hello, a frame that is cut, requests …
local NUMBERS = {}
for i = 1, LAST do NUMBERS[i] = i end
local ALL = table.concat(NUMBERS, "\n") .. "\n"

local LINES = {
  record = "record -q %s --lines -- seq 1 %d",
  filter = "filter -q --record %s --lines true -- seq 1 %d",
}

local function start(kind, path, kill_after)
  local killer = kill_after and ("timeout -s KILL %.6f "):format(kill_after) or ""
  local line = killer .. paths.quote(paths.sluice) .. " " .. LINES[kind]:format(paths.quote(path), LAST)
  return (os.execute("exec sh -c " .. paths.quote(line) .. " </dev/null >/dev/null 2>&1"))
end

local function check(ok, kind, number, what)
  if not ok then error(("%s, kill %d, seed %d: %s"):format(kind, number, SEED, what), 0) end
end

--- The bytes of the records in its whole blocks, and the number of blocks.
local function whole_blocks(bytes)
  local at, size, count = 17, 0, 0
  while at + 32 <= #bytes do
    local unpacked, packed = string.unpack("<I4I4", bytes, at)
    if at + 32 + packed - 1 > #bytes then break end
    size, count, at = size + unpacked, count + 1, at + 32 + packed
  end
  return size, count
end

local function rows_of(text)
  return select(2, text:gsub("\n", ""))
end

--- Checks what a killed run has left; returns where the kill hit.
local function judge_part(kind, number, part, bytes)
  local result = shell.sluice { "filter", "true", "--", part }
  check(result.out == ALL:sub(1, #result.out), kind, number, "the rows are no beginning of the worker's")
  check(result.err:find(part, 1, true) or result.status == 0, kind, number, "nobody names " .. part .. ": " .. result.err)
  local size, count = whole_blocks(bytes)
  local frames = #result.out + rows_of(result.out) * (HEADER - 1)
  check(size * 0.99 - frames < LOST, kind, number,
    ("%d blocks of %d bytes, and rows of %d"):format(count, size, frames))
  if result.status == 0 then -- complete, but not yet renamed
    check(result.out == ALL and result.err:find("recording.unfinished", 1, true), kind, number, "it looks complete: " .. result.err)
    return "before its name"
  end
  return count == 0 and "before the first block" or "between blocks"
end

local function kill_once(kind, number, seconds)
  local path = shell.directory() .. "/a.rows"
  start(kind, path, seconds)
  local whole, part = shell.read(path), shell.read(path .. ".part")
  check(not (whole and part), kind, number, "there are FILE and FILE.part")
  local place = "before there is a file"
  if whole then
    local result = shell.sluice { "filter", "-q", "true", "--", path }
    check(result.status == 0 and result.out == ALL and result.err == "", kind, number, "FILE is not complete: " .. result.err)
    place = "when it is complete"
  elseif part then
    place = judge_part(kind, number, path .. ".part", part)
  end
  shell.forget()
  return place
end

--- The duration of an undisturbed run in seconds: the longest of three.
local function duration(kind)
  local longest = 0
  for _ = 1, 3 do
    local before = system.monotime()
    check(start(kind, shell.directory() .. "/a.rows"), kind, 0, "a run that nobody killed has failed")
    longest = math.max(longest, system.monotime() - before)
  end
  shell.forget()
  return longest
end

math.randomseed(SEED)
for _, kind in ipairs { "record", "filter" } do
  local usual, places, words = duration(kind), {}, {}
  for number = 1, KILLS do
    local place = kill_once(kind, number, 0.001 + math.random() * 1.1 * usual)
    places[place] = (places[place] or 0) + 1
  end
  for place, times in pairs(places) do words[#words + 1] = ("%d %s"):format(times, place) end
  table.sort(words)
  print(("%-12s %d kills: %s"):format(kind, KILLS, table.concat(words, ", ")))
end
