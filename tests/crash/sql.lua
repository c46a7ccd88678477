-- SIGKILL of the runner at random points, while it writes to a database.
--
--   sql.lua [KILLS [SEED]]    KILLS for each kind of database
--
-- Each run brings rows into two tables, with a run key. After each kill either all its
-- rows are there or none, and the ledger agrees; the same run is then started
-- again, undisturbed, and is either recognised or done. The last lines say where the kills hit.
local paths = require "support.paths"
local server = require "sql.server"
local shell = require "support.shell"
local support = require "sql.support"
local system = require "system"

local KILLS = math.tointeger(tonumber(arg[1] or 1000))
local SEED = math.tointeger(tonumber(arg[2] or 1))
local COUNT = 1200

---@class crash.Kind
---@field name string
---@field url string
---@field query fun(text: string): string
---@field has_tables fun(): boolean
---@field check fun(): string  "ok" if the database is sound

---@return crash.Kind
local function sqlite(journal)
  local path = shell.directory() .. "/decls.db"
  local function query(text) return support.sqlite(path, text) end
  assert(query("pragma journal_mode = " .. journal) == journal)
  return {
    name = "sqlite, " .. journal, url = "sqlite:" .. path, query = query,
    has_tables = function() return query "select count(*) from sqlite_schema where name = 'decl'" == "1" end,
    check = function() return query "pragma integrity_check" end,
  }
end

---@return crash.Kind
local function postgres()
  server.start()
  return {
    name = "postgres", url = server.url(), query = server.query,
    has_tables = function() return server.query "select to_regclass('decl') is not null" == "t" end,
    check = function() return "ok" end,
    stop = server.stop,
  }
end

-- ---- a run -----------------------------------------------------------------

---@param kill_after number?  seconds
---@return boolean committed, string words
local function run(kind, number, kill_after)
  local killer = kill_after and ("timeout -s KILL %.6f "):format(kill_after) or ""
  local line = ("exec %s%s run %s --arg %s --arg %d --arg %d"):format(killer, paths.quote(paths.sluice),
    paths.quote(paths.file "sql/policy.lua"), paths.quote(kind.url), COUNT, number)
  local out = shell.file()
  local ok = os.execute("sh -c " .. paths.quote(line) .. (" </dev/null >%s 2>&1"):format(out)) or false
  local words = shell.read(out)
  os.remove(out)
  return ok, words
end

local STATE = [[select (select count(*) from decl where run = %d), (select count(*) from more where run = %d),
  (select count(*) from sluice_ledger where run_key = 'run %d'),
  (select coalesce(sum(kept), 0) from sluice_ledger where run_key = 'run %d')]]

local NONE, ALL = "0|0|0|0", ("%d|%d|2|%d"):format(COUNT // 2, COUNT // 2, COUNT)

local function state(kind, number)
  if not kind.has_tables() then return NONE end
  return kind.query(STATE:format(number, number, number, number))
end

local function duration(kind)
  local longest = 0
  for number = -2, 0 do
    local before = system.monotime()
    local ok, words = run(kind, number)
    assert(ok, "a run that nobody killed has failed: " .. words)
    longest = math.max(longest, system.monotime() - before)
  end
  return longest
end

-- ---- the kinds -------------------------------------------------------------

local function check(ok, kind, number, what)
  if not ok then error(("%s, kill %d, seed %d: %s"):format(kind.name, number, SEED, what), 0) end
end

--- One kill, then the same run again; returns where it hit.
local function kill_once(kind, number, seconds)
  local committed = run(kind, number, seconds)
  local now = state(kind, number)
  check(now == NONE or now == ALL, kind, number, "neither all nor none: " .. now)
  check(not committed or now == ALL, kind, number, "the run said it was committed, and it is not")
  check(kind.check() == "ok", kind, number, "the database is not sound")
  local ok, words = run(kind, number)
  check(ok, kind, number, "the run after the kill has failed: " .. words)
  check(state(kind, number) == ALL, kind, number, "the run after the kill has not written everything, once")
  if committed then return "not at all" end
  return now == ALL and "after the commit" or "before the commit"
end

local function try(kind)
  local usual, places = duration(kind), {}
  for number = 1, KILLS do
    local place = kill_once(kind, number, 0.001 + math.random() * 1.1 * usual)
    places[place] = (places[place] or 0) + 1
  end
  return places
end

local function report(kind, places)
  local words = {}
  for place, times in pairs(places) do words[#words + 1] = ("%d %s"):format(times, place) end
  table.sort(words)
  print(("%-16s %d kills: %s"):format(kind.name, KILLS, table.concat(words, ", ")))
end

math.randomseed(SEED)
local failure
for _, make in ipairs { function() return sqlite "wal" end, function() return sqlite "delete" end, postgres } do
  local kind = make()
  local ok, places = pcall(try, kind)
  if kind.stop then kind.stop() end
  if ok then report(kind, places) else failure = failure or places end
end
shell.forget()
if failure then error(failure, 0) end
