-- run:stop(): an early end in good order, which commits; or, if the worker does
-- not end, a cancellation.
local behaviour = require "support.behaviour"
local frames = require "support.frames"
local paths = require "support.paths"

--- A worker that ends when it is asked to may be slow on a loaded machine.
local PATIENT = { stop_grace = behaviour.patience }

local function stop_at(sequence)
  return function(row, run)
    if row.sequence == sequence then run:stop() end
  end
end

--- Rows without a gap, at least so many, and a summary marked stopped that
--- counts them all.
local function stopped(seen, least)
  local summary = behaviour.succeeded(seen)
  assert.is_true(summary.stopped)
  assert.equal(#seen.rows, summary.total_rows)
  assert.is_true(#seen.rows >= least)
  return summary
end

describe("run:stop()", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  for _, export in ipairs { "politely", "stubbornly", "deaf", "wrapped" } do
    it(("ends an endless Lua export (%s) with a summary marked stopped"):format(export), function()
      local worker = behaviour.spawn("emits_forever.lua", PATIENT)
      local seen = behaviour.run(worker, export, nil, { on_row = stop_at(3) })
      local summary = stopped(seen, 4)
      for i, raw in ipairs(seen.rows) do assert.equal(tostring(i), raw) end
      -- Its next emit may learn of the stop before it asks.
      if summary.metadata then assert.equal(#seen.rows, summary.metadata.last) end
      assert.equal(1, worker:info().generation)
      stopped(behaviour.run(worker, export, nil, { on_row = stop_at(0) }), 1)
    end)
  end

  it("ends an endless native export", function()
    local worker = behaviour.spawn("wellbehaved", PATIENT)
    stopped(behaviour.run(worker, "forever", nil, { on_row = stop_at(10) }), 11)
    behaviour.serves_on(worker, 1, "count", 3)
  end)

  it("ends an endless export of a shared library", function()
    local worker = behaviour.spawn("statuses.so", PATIENT)
    stopped(behaviour.run(worker, "forever", nil, { on_row = stop_at(0) }), 1)
    behaviour.serves_on(worker, 1, "returns", 0)
  end)

  it("ends a wrapped command that prints forever", function()
    local worker = behaviour.shell("exec yes 7", PATIENT)
    stopped(behaviour.run(worker, nil, nil, { on_row = stop_at(5) }), 6)
    stopped(behaviour.run(worker, nil, nil, { on_row = stop_at(0) }), 1)
    assert.equal(1, worker:info().generation)
  end)

  it("ends a wrapped command that is silent, and ignores its exit status", function()
    local worker = behaviour.shell("echo 1; sleep 60; exit 3", { stop_grace = 5 })
    local seen
    local elapsed = behaviour.timed(function() seen = behaviour.run(worker, nil, nil, { on_row = stop_at(0) }) end)
    stopped(seen, 1)
    assert.same({ "1" }, seen.rows)
    assert.is_true(elapsed < 3, elapsed .. " s")
  end)

  it("ends a worker that polls for orders during its silence", function()
    local seen = behaviour.run(behaviour.spawn("sleeps", PATIENT), "politely", 0, { on_row = stop_at(0) })
    stopped(seen, 1)
    assert.same({ "1" }, seen.rows)
  end)

  it("commits: on_summary is called, and on_failure is not", function()
    local called = {}
    local summary = assert(behaviour.spawn("emits_forever.lua", PATIENT):run("politely", nil, {
      on_row = stop_at(0),
      on_summary = function(s) called[#called + 1] = s end,
      on_failure = function() called[#called + 1] = "failure" end,
    }))
    assert.same({ summary }, called)
  end)

  it("may leave a request whole that ends by itself at that moment", function()
    local seen = behaviour.run(behaviour.spawn("counts.lua", PATIENT), "count", { n = 1 }, { on_row = stop_at(0) })
    behaviour.succeeded(seen)
    assert.same({ 'row rows 0 {"i":1}', "summary" }, seen.events)
  end)

  it("has no further effect the second time", function()
    local path = behaviour.path()
    local worker = behaviour.spawn(behaviour.speaking({ log = path }, frames.magic .. frames.hello(),
      { await = "request" }, frames.rows { "1" }, { await = "stop" },
      frames.summary { stopped = true, seals = { frames.seal(1, { "1" }) } } .. frames.ready()))
    local seen = behaviour.run(worker, "index", nil, {
      on_row = function(_, run)
        run:stop()
        run:stop()
      end,
    })
    stopped(seen, 1)
    behaviour.close(worker)
    assert.same({ "configure", "request", "stop", "shutdown" }, behaviour.lines(path))
  end)

  it("becomes a cancellation if the worker emits nothing within the grace period", function()
    local worker = behaviour.spawn("sleeps", { stop_grace = 0.3 })
    local seen
    local elapsed = behaviour.timed(function()
      seen = behaviour.run(worker, "deaf", 60000, { on_row = stop_at(0) })
    end)
    local failure = behaviour.failed("cancelled", seen)
    behaviour.says(failure.message, "300 ms")
    assert.same({ "row rows 0 1", "failure cancelled" }, seen.events)
    assert.is_true(elapsed >= 0.3 and elapsed < 1.3, elapsed .. " s")
    behaviour.succeeded(behaviour.run(worker, "deaf", 0))
    assert.equal(2, worker:info().generation)
  end)

  it("becomes a cancellation if the worker ignores it and keeps streaming", function()
    local script = [[
      local frames = require "support.frames"
      local orders, out = io.open("/dev/fd/3", "rb"), io.open("/dev/fd/4", "wb")
      out:setvbuf "no"
      out:write(frames.magic .. frames.hello())
      orders:read((string.unpack("<I4", orders:read(frames.header_size)))) -- configure
      orders:read(frames.header_size) -- request
      out:write(frames.stream { name = "rows" })
      for i = 0, math.huge do
        out:write(frames.row { sequence = i, payload = "1" })
        os.execute "sleep 0.02"
      end
    ]]
    local path = behaviour.write(behaviour.path(), script)
    local worker = behaviour.spawn({ paths.lua, path }, { stop_grace = 0.2 })
    local seen
    local elapsed = behaviour.timed(function()
      seen = behaviour.run(worker, "index", nil, { on_row = stop_at(0) })
    end)
    behaviour.failed("cancelled", seen)
    assert.is_true(elapsed < 2.5, elapsed .. " s")
  end)

  it("does not excuse a row that was lost before it", function()
    local worker = behaviour.spawn("wellbehaved", PATIENT)
    local seen = behaviour.run(worker, "large_and_forever", 2 * 1024 * 1024, { on_row = stop_at(5) })
    behaviour.failed("frame_too_large", seen)
    assert.equal(1, worker:info().generation)
  end)

  it("does not excuse a worker that dies because of it", function()
    local worker = behaviour.spawn(behaviour.speaking(frames.magic .. frames.hello(), { await = "request" },
      frames.rows { "1" }, { await = "stop" }, { exit = 0 }))
    behaviour.failed("worker_exited", behaviour.run(worker, "index", nil, { on_row = stop_at(0) }))
  end)

  it("in a loop over rows ends the loop in good order", function()
    local worker, rows = behaviour.spawn("emits_forever.lua", PATIENT), 0
    for row, run in worker:rows "politely" do
      rows = rows + 1
      if row.sequence == 4 then run:stop() end
    end
    local summary = worker:outcome()
    assert.is_true(summary.stopped)
    assert.equal(rows, summary.total_rows)
  end)

  it("before the request was dispatched is sent with it", function()
    local path = behaviour.path()
    local worker = behaviour.spawn(behaviour.speaking({ log = path }, { print = "starting" }, { sleep = "0.1" },
      frames.magic .. frames.hello(), { await = "request" }, { await = "stop" },
      frames.summary { stopped = true } .. frames.ready()))
    worker:cycle()
    os.remove(path)
    local seen = behaviour.run(worker, "index", nil, { on_diagnostic = function(_, run) run:stop() end })
    assert.is_true(behaviour.succeeded(seen).stopped)
  end)
end)
