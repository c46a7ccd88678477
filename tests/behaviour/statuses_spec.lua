-- What an export reports itself: statuses, failures, replies; the worker keeps
-- serving afterwards.
local behaviour = require "support.behaviour"
local sluice = require "sluice"

describe("the status of a shared library's export", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  for _, status in ipairs { 1, 2, 3, 4, 7, 255 } do
    it(("%d is export_failed with status %d"):format(status, status), function()
      local worker = behaviour.spawn "statuses.so"
      local seen = behaviour.run(worker, "returns", status)
      local failure = behaviour.failed("export_failed", seen)
      assert.equal(status, failure.status)
      assert.equal("returns", failure.export)
      assert.same({ "1" }, seen.rows)
      behaviour.serves_on(worker, 1, "returns", 0)
    end)
  end

  it("0 is success", function()
    local seen = behaviour.run(behaviour.spawn "statuses.so", "returns", 0)
    behaviour.succeeded(seen)
    assert.same({ "row rows 0 1", "summary" }, seen.events)
  end)
end)

describe("a callback's status", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("1 is callback_failed: the handle is stale, whatever the export returns", function()
    local worker = behaviour.spawn "statuses.so"
    behaviour.succeeded(behaviour.run(worker, "keeps_handle"))
    local seen = behaviour.run(worker, "stale")
    assert.equal(1, behaviour.failed("callback_failed", seen).status)
    assert.same({ "failure callback_failed" }, seen.events)
    behaviour.serves_on(worker, 1, "returns", 0)
  end)

  for _, export in ipairs { "null_text", "other_thread" } do
    it(("2 is callback_failed: the callback was misused (%s)"):format(export), function()
      local worker = behaviour.spawn "statuses.so"
      local seen = behaviour.run(worker, export)
      assert.equal(2, behaviour.failed("callback_failed", seen).status)
      assert.same({ "failure callback_failed" }, seen.events)
      behaviour.serves_on(worker, 1, "returns", 0)
    end)
  end

  it("3 that an export passes on after run:stop() is a stopped success", function()
    local worker = behaviour.spawn("statuses.so", { stop_grace = behaviour.patience })
    local seen = behaviour.run(worker, "forever", nil, { on_row = function(_, run) run:stop() end })
    assert.is_true(behaviour.succeeded(seen).stopped)
    behaviour.serves_on(worker, 1, "returns", 0)
  end)

  it("4 is row_malformed: the failure is the envelope's fault", function()
    local seen = behaviour.run(behaviour.spawn "bad_envelopes.so", "given", { stream = "rows" })
    assert.equal(4, behaviour.failed("row_malformed", seen).status)
  end)
end)

describe("a native worker's export", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("that returns 7 is export_failed with status 7", function()
    local worker = behaviour.spawn "wellbehaved"
    assert.equal(7, behaviour.failed("export_failed", behaviour.run(worker, "status", 7)).status)
    behaviour.serves_on(worker, 1, "count", 1)
  end)

  it("that gives a reason has its text and its status in the failure", function()
    local worker = behaviour.spawn "wellbehaved"
    local seen = behaviour.run(worker, "fail")
    local failure = behaviour.failed("export_failed", seen)
    behaviour.says(failure.message, "the disk is on fire")
    assert.equal(3, failure.status)
    assert.same({ "1" }, seen.rows)
    behaviour.serves_on(worker, 1, "count", 1)
  end)
end)

describe("a Lua worker's export", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  local WORDS = {
    text = "raises.lua:7: it broke", after_rows = "it broke after two rows", ["nil"] = "nil", table = "{",
    typed = "mine", foreign_kind = "not for me to say", stubborn = "cannot describe itself",
    overflow = "stack overflow", in_coroutine = "from inside", bad_metadata = "metadata cannot be encoded",
  }

  for export, words in pairs(WORDS) do
    it(("that raises (%s) is export_failed, and the worker keeps serving"):format(export), function()
      local worker = behaviour.spawn "raises.lua"
      local failure = behaviour.failed("export_failed", behaviour.run(worker, export))
      behaviour.says(failure.message, words)
      assert.equal("still here", worker:call "ok")
      assert.equal(1, worker:info().generation)
    end)
  end

  it("that runs out of memory is export_failed, and the worker keeps serving", function()
    local worker = behaviour.spawn "raises.lua"
    behaviour.failed("export_failed", behaviour.run(worker, "memory"))
    assert.equal("still here", worker:call "ok")
  end)

  it("that raises has a traceback in the failure", function()
    local failure = behaviour.failed("export_failed", behaviour.run(behaviour.spawn "raises.lua", "after_rows"))
    behaviour.says(failure.traceback, "raises.lua:")
  end)
end)

describe("an export", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("that does not exist is a usage failure that lists the existing ones", function()
    local worker = behaviour.spawn "counts.lua"
    local seen = behaviour.run(worker, "cuont")
    local failure = behaviour.failed("usage", seen)
    assert.same({ "failure usage" }, seen.events)
    behaviour.says(failure.message, '"cuont"')
    behaviour.says(failure.message, "count")
    behaviour.says(failure.message, "interleave")
    behaviour.serves_on(worker, 1, "count", {})
  end)

  it("that is not named is the only one of the worker", function()
    behaviour.succeeded(behaviour.run(behaviour.spawn "many_streams.lua", nil, { n = 1 }))
  end)

  it("that is not named among several is a usage failure that lists them", function()
    local worker = behaviour.spawn "counts.lua"
    local failure = behaviour.failed("usage", behaviour.run(worker))
    behaviour.says(failure.message, "count, interleave, nothing")
  end)

  it("of rows cannot be called, nor can a call be run", function()
    local worker = behaviour.spawn "counts.lua"
    local failure = behaviour.call_failed("usage", worker, "count", {})
    behaviour.says(failure.message, '"count" streams rows')
    failure = behaviour.failed("usage", behaviour.run(worker, "echo"))
    behaviour.says(failure.message, '"echo" is a call')
    behaviour.serves_on(worker, 1, "count", {})
  end)
end)

describe("a call", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("returns the value that the worker returned", function()
    local worker = behaviour.spawn "counts.lua"
    local given = { name = "x", list = { 1, 2, { 3 } }, none = sluice.null, big = 9007199254740993, empty = sluice.array {} }
    assert.same(given, worker:call("echo", given))
    assert.equal(sluice.null, worker:call "no_value")
    assert.is_false(worker:call("echo", false))
    assert.equal("", worker:call("echo", ""))
  end)

  it("of a native worker returns its reply", function()
    assert.same({ 1, "two" }, behaviour.spawn("wellbehaved"):call("echo", { 1, "two" }))
  end)

  it("that fails is nil and export_failed, and the worker keeps serving", function()
    local worker = behaviour.spawn "raises.lua"
    local failure = behaviour.call_failed("export_failed", worker, "fail")
    behaviour.says(failure.message, "the call broke")
    assert.equal("still here", worker:call "ok")
    assert.equal(1, worker:info().generation)
  end)

  it("whose value cannot be encoded as JSON is export_failed, and the worker keeps serving", function()
    local worker = behaviour.spawn "raises.lua"
    local failure = behaviour.call_failed("export_failed", worker, "bad_value")
    behaviour.says(failure.message, "cannot be encoded")
    assert.equal("still here", worker:call "ok")
  end)

  it("of a name that does not exist is a usage failure", function()
    local worker = behaviour.spawn "raises.lua"
    behaviour.call_failed("usage", worker, "nothing")
    assert.equal("still here", worker:call "ok")
  end)

  it("passes arguments of the command line to the worker", function()
    local worker = behaviour.spawn { behaviour.file "counts.lua", "--fast", "a b" }
    assert.same({ "--fast", "a b" }, worker:call "arguments")
  end)
end)
