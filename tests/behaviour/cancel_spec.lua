-- Cancelling: at a row boundary, once, and the handle can still be used.
local behaviour = require "support.behaviour"
local frames = require "support.frames"

local OPENING = frames.magic .. frames.hello()

describe("run:cancel() in a handler", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("delivers that row and no later one, even though thousands have arrived", function()
    local worker = behaviour.spawn "wellbehaved"
    local seen = behaviour.run(worker, "count", 100000, {
      on_row = function(row, run)
        if row.sequence == 0 then behaviour.sleep(0.1) end
        if row.sequence == 2 then run:cancel() end
      end,
    })
    behaviour.failed("cancelled", seen)
    assert.same({ 'row rows 0 {"i":1}', 'row rows 1 {"i":2}', 'row rows 2 {"i":3}', "failure cancelled" }, seen.events)
  end)

  it("lets that handler run to its end, and ignores what it calls afterwards", function()
    local after = false
    local seen = behaviour.run(behaviour.spawn "wellbehaved", "count", 10, {
      on_row = function(_, run)
        run:cancel("the first")
        run:cancel("the second")
        run:stop()
        after = true
      end,
    })
    behaviour.says(behaviour.failed("cancelled", seen).message, "the first")
    assert.equal(1, #seen.rows)
    assert.is_true(after)
  end)

  it("puts its reason into the failure", function()
    local seen = behaviour.run(behaviour.spawn "wellbehaved", "count", 10, {
      on_row = function(_, run) run:cancel("twenty is\nenough") end,
    })
    local failure = behaviour.failed("cancelled", seen)
    behaviour.says(failure.message, "twenty is")
    assert.equal(failure, select(2, behaviour.spawn("counts.lua"):outcome()) or failure)
  end)

  it("lets the next request work, in a new generation, with sequences from 0", function()
    local worker = behaviour.spawn "wellbehaved"
    behaviour.failed("cancelled", behaviour.run(worker, "forever", nil, { on_row = function(_, run) run:cancel() end }))
    local seen = behaviour.run(worker, "count", 2)
    behaviour.succeeded(seen)
    assert.same({ 'row rows 0 {"i":1}', 'row rows 1 {"i":2}', "summary" }, seen.events)
    assert.equal(2, worker:info().generation)
    assert.equal(2, worker:stats().generations)
  end)

  it("works in on_diagnostic and in on_progress", function()
    for _, name in ipairs { "on_diagnostic", "on_progress" } do
      local seen = behaviour.run(behaviour.spawn "counts.lua", "interleave", nil, {
        [name] = function(_, run) run:cancel() end,
      })
      behaviour.failed("cancelled", seen)
      assert.is_truthy(seen.events[#seen.events - 1]:find("^" .. name:match "_(.*)"))
    end
  end)

  it("works in where and in map, and does not keep that row", function()
    for _, step in ipairs { "where", "map" } do
      local kept = 0
      local summary, failure = behaviour.spawn("counts.lua"):run("count", { n = 5 }, { streams = { rows = {
        [step] = function(row, run)
          if row.sequence == 1 then run:cancel() end
          return row.payload
        end,
        on_row = function() kept = kept + 1 end,
      } } })
      assert.is_nil(summary)
      assert.equal("cancelled", failure.kind)
      assert.equal(2, kept)
    end
  end)

  it("does not wait for a worker that swallows the error that ends its export", function()
    for _, export in ipairs { "stubbornly", "deaf", "wrapped" } do
      local worker = behaviour.spawn "emits_forever.lua"
      local elapsed = behaviour.timed(function()
        behaviour.failed("cancelled", behaviour.run(worker, export, nil, { on_row = function(_, run) run:cancel() end }))
      end)
      assert.is_true(elapsed < 1, elapsed .. " s")
    end
  end)

  it("does nothing after the outcome", function()
    local worker, kept = behaviour.spawn "counts.lua", nil
    behaviour.succeeded(behaviour.run(worker, "count", {}, { on_row = function(_, run) kept = run end }))
    kept:cancel("too late")
    kept:stop()
    behaviour.serves_on(worker, 1, "count", {})
    assert.equal(3, kept:counts().rows)
  end)

  it("is sent to the worker, which may end in good order", function()
    local path = behaviour.path()
    local worker = behaviour.spawn(behaviour.speaking({ log = path }, OPENING, { await = "request" },
      frames.rows { "1" }))
    behaviour.failed("cancelled", behaviour.run(worker, "index", nil, { on_row = function(_, run) run:cancel() end }))
    behaviour.close(worker)
    assert.same({ "configure", "request", "cancel", "shutdown" }, behaviour.lines(path))
  end)
end)

describe("a request that is cancelled before it was dispatched", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  --- A worker that prints something and delays its hello.
  local function slow_start(path)
    local worker = behaviour.spawn(behaviour.speaking({ log = path }, { print = "starting" }, { sleep = "0.1" },
      OPENING, { await = "request" }, frames.answer { "1" }))
    worker:cycle()
    os.remove(path)
    return worker
  end

  it("from a handler is never sent", function()
    local path = behaviour.path()
    local worker = slow_start(path)
    local seen = behaviour.run(worker, "index", nil, { on_diagnostic = function(_, run) run:cancel() end })
    behaviour.failed("cancelled", seen)
    assert.same({ "diagnostic worker.stderr: starting", "failure cancelled" }, seen.events)
    behaviour.close(worker)
    for _, order in ipairs(behaviour.lines(path)) do assert.not_equal("request", order) end
  end)

  it("by its caller is never sent, and has its outcome at once", function()
    local path = behaviour.path()
    local worker = slow_start(path)
    local run = assert(worker.handle:begin { type = "rows", export = "index" })
    run:cancel "never mind"
    local summary, failure = worker.handle:wait()
    assert.is_nil(summary)
    assert.equal("cancelled", failure.kind)
    behaviour.says(failure.message, "never mind")
    behaviour.close(worker)
    for _, order in ipairs(behaviour.lines(path)) do assert.not_equal("request", order) end
  end)

  it("leaves a usable handle", function()
    local worker = slow_start(behaviour.path())
    assert(worker.handle:begin { type = "rows", export = "index" }):cancel()
    worker.handle:wait()
    local seen = behaviour.run(worker, "index")
    behaviour.succeeded(seen)
    assert.same({ "1" }, seen.rows)
  end)
end)
