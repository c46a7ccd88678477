--- Runs with files and databases that are ended by signals and by the limits on
--- handlers. Nothing of such a run remains, nor any temporary file.
local lfs = require "lfs"
local paths = require "support.paths"
local shell = require "support.shell"
local support = require "sql.support"
local terminal = require "support.terminal"

local screen

after_each(function()
  if screen then screen:close() end
  screen = nil
  shell.forget()
end)

--- Four streams into four sinks. Names of handlers that misbehave, and how, may follow.
local POLICY = [[
local dir, how = ...
local core = require "sluice.core"
local csv, jsonl, sql = require "sluice.sink.csv", require "sluice.sink.jsonl", require "sluice.sink.sql"
if how ~= "sleepless" then core.limits { handler_ms = 300 } end

local database = sql.table { url = "sqlite:" .. dir .. "/rows.db", name = "rows", columns = { i = "integer" } }

local function on_row(row)
  if row.sequence ~= 2000 then return end
  io.stderr:write "handling\n"
  if how == "spins" or how == "sleepless" then while true do end end
  if how == "writes" then while true do database:write(row) end end
  if how == "swallows" then while true do pcall(database.write, database, row) end end
end

return {
  streams = {
    a = { sink = jsonl.file(dir .. "/rows.jsonl") },
    b = { sink = csv.file(dir .. "/rows.csv", { columns = { "i" } }) },
    c = { sink = jsonl.file(dir .. "/rows.gz", { gzip = true }) },
    d = { on_row = on_row, sink = database },
  },
  on_summary = function() error "there must be no summary" end,
}]]

--- Endless rows; a deaf worker ignores stop.
local WORKER = [[
local deaf, i = ..., 0
return { exports = { fill = function(_, emit)
  while deaf or not emit:stopped() do
    i = i + 1
    for _, stream in ipairs { "a", "b", "c", "d" } do pcall(emit.row, emit, stream, { i = i }) end
  end
  error "stopped"
end } }]]

local dir

local function path(name) return dir .. "/" .. name end

--- The files and the database that exist before a run.
local function old()
  for _, name in ipairs { "rows.jsonl", "rows.csv", "rows.gz" } do shell.write(path(name), "old\n") end
  support.sqlite(path "rows.db", "create table rows (i integer not null); insert into rows values (7)")
end

local function assert_old()
  assert.same({ "rows.csv", "rows.db", "rows.gz", "rows.jsonl" }, shell.list(dir))
  for _, name in ipairs { "rows.jsonl", "rows.csv", "rows.gz" } do assert.equal("old\n", shell.read(path(name))) end
  assert.equal("7\nrows\nok", support.sqlite(path "rows.db", "select i from rows; select name from sqlite_schema; pragma integrity_check"))
end

local function words(how, deaf)
  local worker = { shell.file(WORKER, "worker.lua") }
  if deaf then worker[2] = "deaf" end
  return { "run", "--quiet", "--export", "fill", "--arg", dir, "--arg", how or "", shell.file(POLICY, "policy.lua"),
    "--", table.unpack(worker) }
end

local function start(...)
  local process = shell.start_sluice(words(...))
  process:await("handling", "stderr")
  return process
end

--- Sends SIGINT and waits until it has been taken: two pending ones would be merged.
local function interrupt(process)
  process:signal "INT"
  shell.wait("the signal to be taken", function()
    local status = shell.read(("/proc/%d/status"):format(process.pid))
    return not status or status:find "ShdPnd:\t0+\n"
  end)
end

local function ends(process, status, kind)
  local result = process:finish()
  assert.equal(status, result.status, result.err)
  assert.matches("sluice: " .. kind .. ": ", result.err)
  assert.is_nil(result.err:find("note: ", 1, true), result.err)
  return result
end

--- Runs the test both where nothing exists yet and where old files exist.
local function for_both(what, test)
  it(what .. ", if nothing existed", function()
    dir = shell.directory()
    test()
    assert.same({}, shell.list(dir))
  end)

  it(what .. ", if old files existed", function()
    dir = shell.directory()
    old()
    test()
    assert_old()
  end)
end

describe("a run leaves nothing in its files and databases", function()
  for_both("after SIGINT", function()
    local process = start()
    process:signal "INT"
    ends(process, 130, "cancelled")
  end)

  for_both("after SIGTERM", function()
    local process = start()
    process:signal "TERM"
    ends(process, 143, "cancelled")
  end)

  for_both("after a second SIGINT, with a worker that hears none", function()
    local process = start(nil, true)
    process:signal "INT"
    process:await("interrupt again to kill it", "stderr")
    process:signal "INT"
    ends(process, 130, "cancelled")
  end)

  for_both("after a second SIGINT, in a handler that does not return", function()
    local process = start "sleepless"
    interrupt(process)
    process:signal "INT"
    ends(process, 130, "cancelled")
  end)

  for_both("after Ctrl-C and Ctrl-C on a terminal", function()
    screen = terminal.open { paths.sluice, table.unpack(words(nil, true)) }
    screen:await "handling"
    screen:press "C-c"
    screen:await "interrupt again to kill it"
    screen:press "C-c"
    local status, shown = screen:finish()
    assert.equal(130, status)
    assert.matches("cancelled: ", shown)
  end)

  for _, how in ipairs { "spins", "writes", "swallows" } do
    for_both(("after a handler that %s forever"):format(how), function()
      local result = ends(start(how), 4, "sink_timeout")
      assert.matches("streams.d.on_row used more than 300 ms of CPU time", result.err)
    end)
  end
end)

describe("two interrupts", function()
  --- A sink whose `slow` method waits until a file exists.
  local SLOW = [[
    local slow, gate = ...
    local sink = {}
    for _, method in ipairs { "begin", "write", "prepare", "commit", "rollback" } do
      sink[method] = function()
        if method ~= slow then return true end
        io.stderr:write("in ", method, "\n")
        repeat
          for _ = 1, 1e5 do end
          local file = io.open(gate)
        until file and file:close()
        io.stderr:write("past ", method, "\n")
        return true
      end
    end
    return { sink = sink }]]

  local function twice_in(method, ending)
    local gate = shell.file()
    os.remove(gate)
    local process = shell.start_sluice { "run", "--lines", "--arg", method, "--arg", gate, shell.file(SLOW, "policy.lua"),
      "--", "sh", "-c", "echo 1; echo 2; " .. ending }
    process:await("in " .. method, "stderr")
    interrupt(process)
    interrupt(process)
    shell.write(gate, "")
    return process:finish()
  end

  it("do not stop a commit", function()
    local result = twice_in("commit", "true")
    assert.equal(0, result.status, result.err)
    assert.matches("in commit\npast commit\nsluice: 2 rows in .* committed\n", result.err)
  end)

  it("do not stop a rollback", function()
    local result = twice_in("rollback", "false")
    assert.equal(1, result.status, result.err)
    assert.matches("in rollback\npast rollback\nsluice: export_failed: ", result.err)
    assert.is_nil(result.err:find("note: ", 1, true))
  end)

  it("stop a prepare, which is then rolled back", function()
    local result = twice_in("prepare", "true")
    assert.equal(130, result.status, result.err)
    assert.matches("sluice: cancelled: interrupted by SIGINT while sink.prepare was running", result.err)
  end)
end)

describe("a database that a failed run has created and removed", function()
  before_each(function() dir = shell.directory() end)

  local function fails(options)
    local sink = support.sink("sqlite:" .. path "rows.db", options)
    return support.fails("sink", sink, { "5" })
  end

  local function has_open(pid, file)
    local fds = ("/proc/%d/fd/"):format(pid)
    for name in lfs.dir(fds) do
      if lfs.symlinkattributes(fds .. name, "target") == file then return true end
    end
  end

  it("does not exist after a failure", function()
    fails()
    assert.same({}, shell.list(dir))
  end)

  it("does not exist after a failure of begin either", function()
    fails { create = false }
    assert.same({}, shell.list(dir))
  end)

  it("is kept if it existed before, and was empty", function()
    shell.write(path "rows.db", "")
    fails()
    assert.equal("", shell.read(path "rows.db"))
  end)

  it("is kept if another process has it open, with the rows of that process", function()
    local sink = support.sink("sqlite:" .. path "rows.db")
    assert(sink:begin { streams = { "rows" }, name = "s" })
    local other = shell.start { "sqlite3", "-cmd", ".timeout 10000", path "rows.db",
      "create table mine (i); insert into mine values (3)" }
    shell.wait("sqlite3", function() return has_open(other.pid, path "rows.db") end)
    assert(sink:rollback())
    local result = other:finish()
    if lfs.attributes(path "rows.db") then
      assert.equal("3", support.sqlite(path "rows.db", "select i from mine"))
    else -- the other process came too late, and got an error
      assert.matches("^Error: ", result.err)
      assert.is_true(result.status > 0)
    end
  end)

  it("is created again by a run that waited for it", function()
    local first = support.sink("sqlite:" .. path "rows.db")
    assert(first:begin { streams = { "rows" }, name = "s" })
    local second = shell.start { paths.lua, "-e", ([[
      local support = require "sql.support"
      support.commits(support.sink("sqlite:%s"), support.rows(3))
      print "committed"]]):format(path "rows.db") }
    shell.wait("it to open the database", function() return has_open(second.pid, path "rows.db") end)
    assert(first:rollback())
    local result = second:finish()
    assert.equal("committed\n", result.out, result.err)
    assert.equal("3", support.sqlite(path "rows.db", "select count(*) from decl"))
  end)
end)
