--- Whatever ends a run early, no row of it remains in any of its sinks, and no
--- temporary file.
local behaviour = require "support.behaviour"
local csv = require "sluice.sink.csv"
local jsonl = require "sluice.sink.jsonl"
local lfs = require "lfs"
local memory = require "sluice.sink.memory"
local schema = require "sluice.schema"
local sql = require "sluice.sink.sql"
local support = require "sql.support"

local row = schema.record { i = schema.integer }
local dir

local function path(name) return dir .. "/" .. name end

--- The content of the directory, by name: texts of files, or rows of a database.
local function content()
  local found = {}
  for name in lfs.dir(dir) do
    if name == "rows.db" then
      found[name] = support.sqlite(path(name), "select group_concat(i) from rows")
    elseif name ~= "." and name ~= ".." then
      found[name] = behaviour.read(path(name))
    end
  end
  return found
end

local function sinks()
  return {
    lines = jsonl.file(path "rows.jsonl"),
    table = csv.file(path "rows.csv", { columns = { "i" } }),
    database = sql.table { url = "sqlite:" .. path "rows.db", name = "rows", columns = { i = "integer" } },
  }
end

local BEFORE = { ["rows.jsonl"] = "old\n", ["rows.csv"] = "old\n", ["rows.db"] = "1" }

local function three_streams(on_row)
  local s = sinks()
  local function entry(sink) return { schema = row, on_row = on_row, sink = sink } end
  return { a = entry(s.lines), b = entry(s.table), c = entry(s.database) }
end

--- Rows of three streams, followed by the ending that the worker is given.
local WORKER = [[
  local ending = ...
  return { exports = { fill = function(_, emit)
    for i = 1, 300 do
      for _, stream in ipairs { "a", "b", "c" } do emit:row(stream, { i = i }) end
    end
    if ending == "dies" then os.execute("kill -9 $PPID") end
    if ending == "waits" then os.execute("sleep 60") end
    if ending == "fails" then error("no more") end
    if ending == "sends_nonsense" then emit:row("a", { i = "x" }) end
  end } }
]]

local function run(ending, policy, options)
  local worker = behaviour.spawn({ behaviour.write(dir .. ".lua", WORKER), ending }, options)
  policy.streams = policy.streams or three_streams()
  local summary, failure = worker:run("fill", nil, policy)
  behaviour.close(worker)
  return summary, failure
end

local function comes_to_nothing(kind, ending, policy, options)
  local summary, failure = run(ending, policy, options)
  assert.is_nil(summary)
  assert.equal(kind, failure.kind, tostring(failure))
  assert.is_nil(failure.notes)
  assert.same(BEFORE, content())
  return failure
end

describe("a run with three sinks", function()
  before_each(function()
    behaviour.before()
    dir = behaviour.path()
    assert(lfs.mkdir(dir))
    behaviour.write(path "rows.jsonl", "old\n")
    behaviour.write(path "rows.csv", "old\n")
    support.sqlite(path "rows.db", "create table rows (i integer not null); insert into rows values (1)")
  end)

  after_each(function()
    for name in lfs.dir(dir) do os.remove(path(name)) end
    lfs.rmdir(dir)
    os.remove(dir .. ".lua")
    behaviour.after()
  end)

  it("commits to all of them after success", function()
    assert(run("ends", {}))
    local found = content()
    assert.equal(300, select(2, found["rows.jsonl"]:gsub("\n", "\n")))
    assert.equal(301, select(2, found["rows.csv"]:gsub("\n", "\n")))
    assert.equal(301, select(2, found["rows.db"]:gsub("%d+", "")))
  end)

  it("commits to none if the worker is killed", function() comes_to_nothing("worker_exited", "dies", {}) end)

  it("commits to none if the export fails", function() comes_to_nothing("export_failed", "fails", {}) end)

  it("commits to none if the time is up", function() comes_to_nothing("request_timeout", "waits", { timeout = "300ms" }) end)

  it("commits to none if the script cancels", function()
    local seen = 0
    comes_to_nothing("cancelled", "ends", { streams = three_streams(function(_, r)
      seen = seen + 1
      if seen == 500 then r:cancel("enough") end
    end) })
  end)

  it("commits to none if a handler fails", function()
    comes_to_nothing("sink", "ends", { streams = three_streams(function(r)
      if r.stream == "c" and r.sequence == 250 then error("no") end
    end) })
  end)

  it("commits to none if a row does not fit its schema", function()
    local failure = comes_to_nothing("row_invalid", "sends_nonsense", {})
    assert.same({ "a", 300, "/i" }, { failure.stream, failure.sequence, failure.pointer })
  end)

  it("commits to none if one sink cannot begin", function()
    local streams = three_streams()
    streams.b.sink = csv.file(path "missing/rows.csv", { columns = { "i" } })
    behaviour.says(comes_to_nothing("sink", "ends", { streams = streams }).message, "missing/rows.csv")
  end)

  it("commits to none if the database refuses a row", function()
    support.sqlite(path "rows.db", "create unique index one on rows (i)")
    local failure = comes_to_nothing("sink", "ends", {})
    assert.equal("c", failure.stream)
  end)

  it("commits to none if the database cannot commit, even with files between its tables", function()
    local streams, holder = three_streams(), nil
    streams.a.sink, streams.c.sink = streams.c.sink, streams.a.sink
    streams.d = { sink = sql.table { url = "sqlite:" .. path "rows.db", name = "others", columns = { i = "integer" } } }
    local prepare, locked = streams.d.sink.prepare, dir .. ".locked"
    function streams.d.sink.prepare(...)
      holder = io.popen(("sqlite3 %s >%s"):format(path "rows.db", locked), "w")
      holder:write "begin;\nselect 'locked' from rows;\n"
      holder:flush()
      behaviour.await("the lock", function() return (behaviour.read(locked) or ""):find "locked" end)
      return prepare(...)
    end
    local summary, failure = run("ends", { streams = streams })
    holder:close()
    os.remove(locked)
    assert.is_nil(summary)
    assert.equal("commit", failure.kind, tostring(failure))
    assert.same({}, failure.committed)
    assert.same({ "streams.a.sink", "streams.d.sink", "streams.b.sink", "streams.c.sink" }, failure.rolled_back)
    assert.same(BEFORE, content())
  end)

  it("commits to none if a handler swallows the failure of a sink", function()
    local database = sql.table { url = "sqlite:" .. path "rows.db", name = "rows", columns = { i = "integer" } }
    support.sqlite(path "rows.db", "create unique index one on rows (i)")
    local s = sinks()
    comes_to_nothing("sink", "ends", { streams = {
      a = { sink = s.lines },
      b = { sink = s.table },
      c = { on_row = function(r) pcall(function() assert(database:write(r)) end) end, sink = database },
    } })
  end)

  it("commits the rows so far when it is stopped", function()
    local worker = behaviour.spawn "emits_forever.lua"
    local summary = assert(worker:run("stubbornly", nil, { on_row = function(r, this)
      if r.sequence == 9 then this:stop() end
    end, sink = jsonl.file(path "rows.jsonl") }))
    behaviour.close(worker)
    assert.is_true(summary.stopped)
    assert.equal(summary.total_rows, select(2, content()["rows.jsonl"]:gsub("\n", "\n")))
  end)

  it("gives a memory sink its rows only after success", function()
    local kept = memory.new()
    run("fails", { streams = { a = { sink = kept }, b = { sink = kept }, c = { sink = kept } } })
    assert.equal(0, #(kept.rows or {}))
    assert(run("ends", { streams = { a = { sink = kept }, b = { sink = kept }, c = { sink = kept } } }))
    assert.equal(900, #kept.rows)
  end)
end)
