--- The sinks of one request, driven with sinks that log their calls.
local core = require "sluice.core"
local transaction = require "sluice.internal.transaction"

local log

--- A sink that logs its calls, and whose method `fails` fails in the given manner.
local function recorder(name, fails, manner)
  local sink = {}
  for _, method in ipairs { "begin", "write", "prepare", "commit", "rollback" } do
    sink[method] = function()
      log[#log + 1] = name .. "." .. method
      if method ~= fails then return true end
      if manner == "committed" or manner == "new" then return true, manner end
      if manner == "raise" then error("no good", 0) end
      return nil, manner
    end
  end
  return { name = name, sink = sink, streams = { "rows" } }
end

local function of(...)
  return transaction.new { ... }
end

describe("a transaction over sinks", function()
  before_each(function() log = {} end)

  it("begins, prepares and commits every sink, in this order", function()
    local t = of(recorder "a", recorder "b")
    assert.equal("begun", t:begin {})
    assert.is_true(t:prepare {})
    assert.is_true(t:commit())
    assert.same({ "a.begin", "b.begin", "a.prepare", "b.prepare", "a.commit", "b.commit" }, log)
  end)

  it("rolls back the sinks that have begun if one cannot, including that one", function()
    local state, err = of(recorder "a", recorder("b", "begin", "raise"), recorder "c"):begin {}
    assert.is_nil(state)
    assert.equal("sink", err.kind)
    assert.equal("b.begin", err.handler)
    assert.same({ "a.begin", "b.begin", "a.rollback", "b.rollback" }, log)
  end)

  it("commits nothing if one prepare fails", function()
    local t = of(recorder "a", recorder("b", "prepare", "full"))
    t:begin {}
    local ok, err = t:prepare {}
    t:rollback(err)
    assert.is_nil(ok)
    assert.matches("full", err.message)
    assert.same({ "a.begin", "b.begin", "a.prepare", "b.prepare", "a.rollback", "b.rollback" }, log)
  end)

  it("prepares nothing after a failure that a handler swallowed", function()
    local t = of(recorder "a")
    t:begin {}
    t:fail(core.error("sink", "disk full"))
    local ok, err = t:prepare {}
    assert.is_nil(ok)
    assert.equal("disk full", err.message)
    assert.same({ "a.begin" }, log)
  end)

  it("reports which sinks have committed if a later commit fails", function()
    local t = of(recorder "a", recorder("b", "commit", "gone"), recorder "c")
    t:begin {}
    t:prepare {}
    local ok, err = t:commit()
    assert.is_nil(ok)
    assert.equal("commit", err.kind)
    assert.same({ "a" }, err.committed)
    assert.same({ "b", "c" }, err.rolled_back)
    assert.same({ "a.commit", "b.commit", "b.rollback", "c.rollback" }, table.move(log, 7, #log, 1, {}))
  end)

  --- Two sinks that commit together with the last of them, as sinks of one database do.
  local function joined(answer)
    local one, two = recorder "one", recorder("two", "commit", "gone")
    for _, p in ipairs { one, two } do
      p.sink.is_committed = function()
        if answer == "raise" then error "no idea" end
        return answer
      end
    end
    return one, two
  end

  local function fails(...)
    local t = of(...)
    t:begin {}
    t:prepare {}
    local ok, err = t:commit()
    assert.is_nil(ok)
    assert.equal("commit", err.kind)
    return err
  end

  it("does not report as committed a sink that waited for another", function()
    local one, two = joined(false)
    local err = fails(one, two)
    assert.same({}, err.committed)
    assert.same({ "one", "two" }, err.rolled_back)
    assert.same({ "one.commit", "two.commit", "one.rollback", "two.rollback" }, table.move(log, 5, #log, 1, {}))
  end)

  it("commits files after sinks that join in a commit", function()
    local one, two = joined(false)
    local err = fails(recorder "file", one, recorder "another", two)
    assert.same({}, err.committed)
    assert.same({ "one", "two", "file", "another" }, err.rolled_back)
    assert.is_nil(table.concat(log, " "):find "file.commit")
  end)

  it("reports the sinks whose state is unknown", function()
    for _, answer in ipairs { "raise", "nothing" } do
      log = {}
      local one, two = joined(answer == "raise" and answer or nil)
      local err = fails(one, two, recorder "file")
      assert.same({}, err.committed)
      assert.same({ "one", "two" }, err.uncertain)
      assert.same({ "file" }, err.rolled_back)
    end
  end)

  it("writes nothing if every sink knows the run key", function()
    local t = of(recorder("a", "begin", "committed"), recorder("b", "begin", "committed"))
    assert.equal("committed", t:begin { run_key = "k" })
    assert.same({ "a.begin", "b.begin", "a.rollback", "b.rollback" }, log)
  end)

  it("refuses a run key that only some of the sinks know", function()
    local state, err = of(recorder("a", "begin", "committed"), recorder("b", "begin", "new")):begin { run_key = "k" }
    assert.is_nil(state)
    assert.equal("commit", err.kind)
    assert.matches("run k is committed in a, but not in b", err.message)
  end)

  it("lets a sink without a ledger follow those that have one", function()
    assert.equal("committed", of(recorder("a", "begin", "committed"), recorder "b"):begin { run_key = "k" })
    assert.equal("begun", of(recorder("a", "begin", "new"), recorder "b"):begin { run_key = "k" })
  end)

  it("refuses a run key that no sink would record", function()
    local state, err = of(recorder "a"):begin { run_key = "k" }
    assert.is_nil(state)
    assert.equal("policy", err.kind)
    assert.same({ "a.begin", "a.rollback" }, log)
  end)

  it("keeps one sink of a failed request, and rolls the others back", function()
    local a, b = recorder "a", recorder "b"
    local t = of(a, b)
    t:begin {}
    local failure = core.error("row_invalid", "too many")
    t:salvage(b, {}, failure)
    t:rollback(failure)
    assert.same({ "a.begin", "b.begin", "b.prepare", "b.commit", "a.rollback" }, log)
    assert.is_nil(failure.notes)
  end)

  it("adds a note if a rollback fails", function()
    local t = of(recorder("a", "rollback", "raise"))
    t:begin {}
    local failure = core.error("worker_exited", "it died")
    t:rollback(failure)
    assert.matches("a could not be rolled back: no good", failure.notes[1])
  end)

  it("rolls back only once", function()
    local t = of(recorder "a")
    t:begin {}
    t:rollback()
    t:rollback()
    assert.same({ "a.begin", "a.rollback" }, log)
  end)

  it("reports what a value lacks to be a sink", function()
    assert.equal("a sink", transaction.problem(5))
    assert.equal("a sink, with a method commit", transaction.problem {
      begin = print, write = print, prepare = print, rollback = print,
    })
    assert.is_nil(transaction.problem(recorder("a").sink))
  end)
end)
