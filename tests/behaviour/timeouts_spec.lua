-- Timeouts take effect when they are due, whether rows are streaming or not.
--
-- They should be at most 50 ms late. A busy machine may delay them further, so a test fails only
-- from one second on, and the largest delay measured is printed.
local behaviour = require "support.behaviour"
local frames = require "support.frames"

local worst, worst_name = 0, "nothing"

--- f() takes at least `limit` seconds, and at most one second more.
local function due(name, limit, f)
  local elapsed = behaviour.timed(f)
  local late = elapsed - limit
  assert.is_true(late >= 0, ("%s came %.0f ms early"):format(name, -late * 1000))
  assert.is_true(late < 1, ("%s came %.0f ms late"):format(name, late * 1000))
  if late > worst then worst, worst_name = late, name end
end

--- The request fails with this kind after `limit` seconds.
local function times_out(kind, limit, worker, export, request, more)
  local seen
  due(kind .. " of " .. (export or "?"), limit, function() seen = behaviour.run(worker, export, request, more) end)
  local failure = behaviour.failed(kind, seen)
  assert.equal(limit * 1000, failure.timeout_ms)
  return seen, failure
end

local function busy(seconds)
  local limit = behaviour.now() + seconds
  while behaviour.now() < limit do end
end

describe("the request timeout", function()
  before_each(behaviour.before)
  after_each(behaviour.after)
  teardown(function() print(("largest delay of a timeout: %.0f ms (%s)"):format(worst * 1000, worst_name)) end)

  it("ends a request whose worker is silent, with the rows before it delivered", function()
    local seen = times_out("request_timeout", 0.3, behaviour.spawn "sleeps", "deaf", 60000, { timeout = 0.3 })
    assert.same({ "row rows 0 1", "failure request_timeout" }, seen.events)
  end)

  it("ends a request while rows arrive now and then", function()
    local seen = times_out("request_timeout", 0.3, behaviour.spawn "sleeps", "slowly", 5, { timeout = 0.3 })
    assert.is_true(#seen.rows > 5, #seen.rows .. " rows")
  end)

  it("ends a request while rows stream at full speed", function()
    local worker, rows = behaviour.spawn "wellbehaved", 0
    local failure
    due("request_timeout of a fast stream", 0.4, function()
      failure = select(2, worker:run("forever", nil, { timeout = 0.4, on_row = function() rows = rows + 1 end }))
    end)
    assert.equal("request_timeout", failure.kind)
    assert.is_true(rows > 1000, rows .. " rows")
  end)

  it("ends a request while its handler is slow, between two rows", function()
    local worker = behaviour.spawn "wellbehaved"
    times_out("request_timeout", 0.3, worker, "forever", nil, { timeout = 0.3, on_row = function() busy(0.002) end })
  end)

  it("ends a request in the middle of a handler that computes", function()
    local worker = behaviour.spawn "wellbehaved"
    local _, failure = times_out("request_timeout", 0.3, worker, "count", 10,
      { timeout = 0.3, on_row = function() busy(60) end })
    assert.equal("on_row", failure.handler)
  end)

  it("ends a request while the handler of its diagnostics is slow", function()
    local worker = behaviour.spawn "floods_progress.lua"
    times_out("request_timeout", 0.3, worker, "diagnostics", { n = 1000000 },
      { timeout = 0.3, on_diagnostic = function() busy(0.001) end })
  end)

  it("ends a request whose worker ignores SIGTERM, without waiting for its end", function()
    times_out("request_timeout", 0.2, behaviour.spawn "ignores_sigterm", "deaf", nil, { timeout = 0.2 })
  end)

  it("ends a request whose worker is stopped", function()
    times_out("request_timeout", 0.2, behaviour.spawn "ignores_sigterm", "stopped", nil, { timeout = 0.2 })
  end)

  it("ends a wrapped command", function()
    local seen = times_out("request_timeout", 0.2, behaviour.shell "echo 1; exec sleep 60", nil, nil, { timeout = 0.2 })
    assert.same({ "1" }, seen.rows)
  end)

  it("covers the whole request, including the start of a fresh process", function()
    local worker = behaviour.spawn { behaviour.file "sleeps", "150" }
    worker:cycle()
    times_out("request_timeout", 0.3, worker, "deaf", 60000, { timeout = 0.3 })
    worker:cycle()
    times_out("request_timeout", 0.1, worker, "deaf", 60000, { timeout = 0.1 })
  end)

  it("is raised by a loop over rows", function()
    local worker = behaviour.spawn "sleeps"
    local failure
    due("request_timeout of a loop", 0.3, function()
      failure = behaviour.raised(function()
        for _ in worker:rows("deaf", 60000, { timeout = 0.3 }) do end
      end)
    end)
    assert.equal("request_timeout", failure.kind)
  end)

  it("is raised by a loop over rows when its body is done, if that takes longer", function()
    local worker, rows = behaviour.spawn "wellbehaved", 0
    local failure = behaviour.raised(function()
      for _ in worker:rows("forever", nil, { timeout = 0.1 }) do
        rows = rows + 1
        behaviour.sleep(0.2)
      end
    end)
    assert.equal("request_timeout", failure.kind)
    assert.is_true(rows <= 2, rows .. " rows")
  end)

  it("ends a call", function()
    local worker = behaviour.spawn(behaviour.speaking(frames.magic .. frames.hello { exports = { { "ask", "call" } } }))
    local value, failure
    due("request_timeout of a call", 0.2, function() value, failure = worker:call("ask", nil, { timeout = 0.2 }) end)
    assert.is_nil(value)
    assert.equal("request_timeout", failure.kind)
  end)

  it("may be an option of the worker, which an option of the request overrides", function()
    local worker = behaviour.spawn("sleeps", { timeout = 0.2 })
    times_out("request_timeout", 0.2, worker, "deaf", 60000)
    times_out("request_timeout", 0.4, worker, "deaf", 60000, { timeout = 0.4 })
  end)

  it("of 0 means none", function()
    local worker = behaviour.spawn("sleeps", { timeout = 0.1 })
    behaviour.succeeded(behaviour.run(worker, "deaf", 300, { timeout = 0 }))
  end)

  it("does not affect a request that ends in time, nor the one after it", function()
    local worker = behaviour.spawn "sleeps"
    behaviour.succeeded(behaviour.run(worker, "deaf", 100, { timeout = 2 }))
    behaviour.succeeded(behaviour.run(worker, "deaf", 100, { timeout = 2 }))
    assert.equal(1, worker:info().generation)
  end)

  it("leaves a handle that continues with a fresh process", function()
    local worker = behaviour.spawn "sleeps"
    times_out("request_timeout", 0.1, worker, "deaf", 60000, { timeout = 0.1 })
    behaviour.succeeded(behaviour.run(worker, "deaf", 0))
    assert.equal(2, worker:info().generation)
  end)

  it("applies to each of two requests separately, one inside the other's loop", function()
    local outer, inner = behaviour.spawn "sleeps", behaviour.spawn "sleeps"
    local failure
    due("request_timeout of the outer loop", 0.5, function()
      failure = behaviour.raised(function()
        for _ in outer:rows("deaf", 60000, { timeout = 0.5 }) do
          times_out("request_timeout", 0.2, inner, "deaf", 60000, { timeout = 0.2 })
        end
      end)
    end)
    assert.equal("request_timeout", failure.kind)
  end)
end)

describe("the idle timeout", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("ends a request whose worker falls silent", function()
    local seen, failure = times_out("idle_timeout", 0.2, behaviour.spawn "sleeps", "deaf", 60000, { idle_timeout = 0.2 })
    assert.same({ "row rows 0 1", "failure idle_timeout" }, seen.events)
    behaviour.says(failure.message, "sent nothing for 200 ms")
  end)

  it("starts again with each frame", function()
    local worker, rows = behaviour.spawn "sleeps", 0
    local elapsed = behaviour.timed(function()
      worker:run("slowly", 60, {
        idle_timeout = 0.25,
        on_row = function(_, run)
          rows = rows + 1
          if rows == 10 then run:cancel() end
        end,
      })
    end)
    assert.equal(10, rows)
    assert.is_true(elapsed > 0.5)
  end)

  it("does not count the time of the handler", function()
    local worker = behaviour.spawn "counts.lua"
    local seen = behaviour.run(worker, "count", { n = 4 }, {
      idle_timeout = 0.15,
      on_row = function() behaviour.sleep(0.3) end,
    })
    behaviour.succeeded(seen)
    assert.equal(4, #seen.rows)
  end)

  it("does not count the time of the body of a loop over rows", function()
    local worker, rows = behaviour.spawn "counts.lua", 0
    for _ in worker:rows("count", { n = 4 }, { idle_timeout = 0.15 }) do
      behaviour.sleep(0.3)
      rows = rows + 1
    end
    assert.equal(4, rows)
  end)

  it("applies only during a request: an idle worker may rest as long as it likes", function()
    local worker = behaviour.spawn("counts.lua", { idle_timeout = 0.1 })
    behaviour.succeeded(behaviour.run(worker, "count", {}))
    behaviour.sleep(0.3)
    behaviour.succeeded(behaviour.run(worker, "count", {}))
    assert.equal(1, worker:info().generation)
  end)

  it("is reset by progress and diagnostics as well", function()
    local worker = behaviour.spawn(behaviour.speaking(frames.magic .. frames.hello(), { await = "request" },
      frames.progress { phase = "p", current = 1 }, { sleep = "0.15" }, frames.diagnostic { code = "c", message = "m" },
      { sleep = "0.15" }, frames.answer { "1" }))
    local seen = behaviour.run(worker, "index", nil, { idle_timeout = 0.25 })
    behaviour.succeeded(seen)
    assert.same({ "progress p 1", "diagnostic c: m", "row rows 0 1", "summary" }, seen.events)
  end)
end)

describe("the startup timeout", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("ends a start that takes too long", function()
    local failure
    due("startup_timeout", 0.2, function()
      failure = behaviour.refused("startup_timeout", { behaviour.file "sleeps", "60000" }, { startup_timeout = 0.2 })
    end)
    assert.equal(200, failure.timeout_ms)
  end)

  it("ends a start that stops in the middle of its hello", function()
    local opening = frames.magic .. frames.hello()
    due("startup_timeout in the hello", 0.2, function()
      behaviour.refused("startup_timeout", behaviour.speaking(opening:sub(1, 30)), { startup_timeout = 0.2 })
    end)
  end)

  it("does not affect a start that is slow, but in time", function()
    local worker = behaviour.spawn({ behaviour.file "sleeps", "200" }, { startup_timeout = 5 })
    behaviour.succeeded(behaviour.run(worker, "deaf", 0))
  end)
end)
