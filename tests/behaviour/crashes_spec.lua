-- A worker that dies in the middle of its rows: the rows emitted until then are
-- delivered, and the outcome is a failure.
local behaviour = require "support.behaviour"
local frames = require "support.frames"

local SIGNALS = { segv = 11, abort = 6, term = 15, kill = 9, fpe = 8, overflow = 11 }
local STATUSES = { exit0 = 0, exit3 = 3, _exit0 = 0 }

--- The raw rows are "0", "1" and so on, of the given count.
local function counted(rows, count)
  assert.equal(count, #rows)
  for i, raw in ipairs(rows) do assert.equal(tostring(i - 1), raw) end
end

describe("a worker that dies after some rows", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  for export, signal in pairs(SIGNALS) do
    it("of a signal (" .. export .. ") has its rows delivered, and is worker_exited", function()
      local seen = behaviour.run(behaviour.spawn "dies_after_rows", export, 5)
      local failure = behaviour.failed("worker_exited", seen)
      assert.equal(signal, failure.signal)
      assert.is_nil(failure.exit_status)
      counted(seen.rows, 5)
    end)
  end

  for export, status in pairs(STATUSES) do
    it("by exiting (" .. export .. ") has its rows delivered, and is worker_exited", function()
      local seen = behaviour.run(behaviour.spawn "dies_after_rows", export, 5)
      local failure = behaviour.failed("worker_exited", seen)
      assert.equal(status, failure.exit_status)
      assert.is_nil(failure.signal)
      counted(seen.rows, 5)
    end)
  end

  for _, export in ipairs { "segv", "abort", "term", "exit0", "exit3" } do
    it("has all of many rows delivered if it could flush them (" .. export .. ")", function()
      local worker = behaviour.spawn "dies_after_rows"
      local count = 0
      local summary, failure = worker:run(export, 50000, { on_row = function() count = count + 1 end })
      assert.is_nil(summary)
      assert.equal("worker_exited", failure.kind)
      assert.equal(50000, count)
    end)
  end

  it("without warning has rows without a gap delivered, and no success is claimed", function()
    local worker = behaviour.spawn "dies_after_rows"
    local next_sequence = 0
    local summary, failure = worker:run("kill", 50000, {
      on_row = function(row)
        assert(row.sequence == next_sequence and row.payload == next_sequence)
        next_sequence = next_sequence + 1
      end,
    })
    assert.is_nil(summary)
    assert.equal("worker_exited", failure.kind)
    assert.is_true(next_sequence > 0 and next_sequence <= 50000)
  end)

  it("before any row is a failure as well", function()
    local seen = behaviour.run(behaviour.spawn "dies_after_rows", "exit0", 0)
    behaviour.failed("worker_exited", seen)
    assert.same({ "failure worker_exited" }, seen.events)
  end)

  it("is replaced: the next request works, in a new generation", function()
    local worker = behaviour.spawn "dies_once.lua"
    worker:shutdown()
    local path = behaviour.path()
    local first = behaviour.run(worker, "die", { path = path })
    behaviour.failed("worker_exited", first)
    local second = behaviour.run(worker, "die", { path = path })
    behaviour.succeeded(second)
    assert.same({ 'row rows 0 "survived"', "summary" }, second.events)
    assert.equal(3, worker:info().generation)
  end)

  it("has its last output in the failure", function()
    local path = behaviour.path()
    local worker = behaviour.shell(([[
      echo 1; echo 'cannot open the moon' >&2
      until [ -e %s ]; do sleep 0.01; done
      kill -9 $PPID; sleep 60
    ]]):format(path))
    local seen = behaviour.run(worker, nil, nil, { on_row = function() behaviour.write(path, "seen") end })
    local failure = behaviour.failed("worker_exited", seen)
    assert.equal("cannot open the moon\n", failure.tail)
    assert.equal(9, failure.signal)
    assert.same({ "1" }, seen.rows)
  end)

  it("is distinguished from one that failed in good order", function()
    local worker = behaviour.spawn "raises.lua"
    local seen = behaviour.run(worker, "after_rows")
    behaviour.failed("export_failed", seen)
    assert.same({ "1", "2" }, seen.rows)
    assert.equal(1, worker:info().generation)
  end)

  it("by a signal from outside is noticed while it is idle: the next request works", function()
    local worker = behaviour.spawn "counts.lua"
    local pid = worker:info().pid
    os.execute("kill -9 " .. pid)
    behaviour.await("its end", function() return not behaviour.is_alive(pid) end)
    behaviour.succeeded(behaviour.run(worker, "count", { n = 1 }))
    assert.equal(2, worker:info().generation)
  end)

  it("in the middle of a call is worker_exited", function()
    local worker = behaviour.spawn(behaviour.speaking(
      frames.magic .. frames.hello { exports = { { "ask", "call" } } },
      { await = "request" }, { exit = 4 }))
    local failure = behaviour.call_failed("worker_exited", worker, "ask")
    assert.equal(4, failure.exit_status)
  end)
end)

describe("a wrapped command that dies", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("with a status is export_failed with that status, after its rows", function()
    local worker = behaviour.shell "echo 1; echo 2; exit 7"
    local seen = behaviour.run(worker)
    assert.equal(7, behaviour.failed("export_failed", seen).status)
    assert.same({ "1", "2" }, seen.rows)
    assert.equal(1, worker:info().generation)
  end)

  it("of a signal is export_failed with that signal, after its rows", function()
    local seen = behaviour.run(behaviour.shell "echo 1; kill -SEGV $$")
    local failure = behaviour.failed("export_failed", seen)
    assert.equal(11, failure.signal)
    assert.is_nil(failure.status)
    assert.same({ "1" }, seen.rows)
  end)

  it("in the middle of a line that is not JSON is judged by its status", function()
    local seen = behaviour.run(behaviour.shell [[echo 1; printf '{"half":'; exit 3]])
    assert.equal(3, behaviour.failed("export_failed", seen).status)
    assert.same({ "1" }, seen.rows)
  end)
end)
