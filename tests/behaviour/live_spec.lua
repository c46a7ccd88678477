-- A row is handled before the worker continues.
local behaviour = require "support.behaviour"

describe("a row that was emitted", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("is handled while the worker waits for the handler's effect", function()
    local path = behaviour.path()
    local worker = behaviour.spawn "waits_for_a_file.lua"
    local seen = behaviour.run(worker, "wait", { path = path }, {
      on_row = function(row)
        if row.sequence == 0 then behaviour.write(path, "seen") end
      end,
    })
    behaviour.succeeded(seen)
    assert.same({ 'row rows 0 "before"', 'row rows 1 "after"', "summary" }, seen.events)
  end)

  it("is not delayed by a long silence", function()
    local worker = behaviour.spawn "sleeps"
    local seen
    local elapsed = behaviour.timed(function()
      seen = behaviour.run(worker, "deaf", 60000, { on_row = function(_, run) run:cancel() end })
    end)
    behaviour.failed("cancelled", seen)
    assert.same({ "1" }, seen.rows)
    assert.is_true(elapsed < 5, elapsed .. " s")
  end)

  it("is not held back when it is the last of a burst", function()
    local worker = behaviour.spawn "sleeps"
    local elapsed = behaviour.timed(function()
      worker:run("burst", 60000, {
        on_row = function(row, run)
          if row.sequence == 999 then run:cancel() end
        end,
      })
    end)
    assert.is_true(elapsed < 5, elapsed .. " s")
    assert.equal(1000, worker:stats().rows)
  end)

  it("is not delayed until a command that prints lines ends", function()
    local worker = behaviour.shell "echo 1; exec sleep 60"
    local seen
    local elapsed = behaviour.timed(function()
      seen = behaviour.run(worker, nil, nil, { on_row = function(_, run) run:cancel() end })
    end)
    behaviour.failed("cancelled", seen)
    assert.same({ "1" }, seen.rows)
    assert.is_true(elapsed < 5, elapsed .. " s")
  end)

  it("arrives, like diagnostics and progress, before what follows", function()
    local path = behaviour.path()
    local order = {}
    local worker = behaviour.spawn "waits_for_a_file.lua"
    assert(worker:run("tell", { path = path }, {
      on_diagnostic = function() order[#order + 1] = "diagnostic" end,
      on_progress = function()
        order[#order + 1] = "progress"
        behaviour.write(path, "seen")
      end,
      on_row = function() order[#order + 1] = "row" end,
    }))
    assert.same({ "diagnostic", "progress", "row" }, order)
  end)

  it("is seen in a loop over rows as well", function()
    local path = behaviour.path()
    local worker = behaviour.spawn "waits_for_a_file.lua"
    local seen = {}
    for row in worker:rows("wait", { path = path }) do
      seen[#seen + 1] = row.payload
      behaviour.write(path, "seen")
    end
    assert.same({ "before", "after" }, seen)
  end)
end)
