-- for row in worker:rows(...) do ... end
local behaviour = require "support.behaviour"

local function collect(...)
  local list = {}
  for row in ... do list[#list + 1] = row.payload end
  return list
end

describe("a loop over rows", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("gives every row in order and then ends", function()
    local worker, seen = behaviour.spawn "counts.lua", {}
    for row, run in worker:rows "interleave" do
      seen[#seen + 1] = ("%s %d %s"):format(row.stream, row.sequence, row.raw)
      assert.equal("interleave", run.export)
    end
    assert.same({ "a 0 1", "b 0 2", "a 1 3", "b 1 4" }, seen)
    assert.equal(4, worker:outcome().total_rows)
  end)

  it("gives many rows", function()
    local worker, sum = behaviour.spawn "wellbehaved", 0
    for row in worker:rows("count", 100000) do sum = sum + row:get "i" end
    assert.equal(100000 * 100001 // 2, sum)
  end)

  it("over no rows ends at once", function()
    assert.same({}, collect(behaviour.spawn("counts.lua"):rows "nothing"))
  end)

  it("gives diagnostics and progress to their handlers", function()
    local seen = {}
    for row in behaviour.spawn("counts.lua"):rows("interleave", nil, {
      on_diagnostic = function(d) seen[#seen + 1] = d.code end,
      on_progress = function(p) seen[#seen + 1] = p.phase end,
    }) do seen[#seen + 1] = row.payload end
    assert.same({ 1, "first", 2, "half", 3, "unknown end", "second", 4 }, seen)
  end)

  it("cancels the request when it is left early", function()
    local worker = behaviour.spawn "wellbehaved"
    for row in worker:rows "forever" do
      if row.sequence == 2 then break end
    end
    local summary, failure = worker:outcome()
    assert.is_nil(summary)
    assert.equal("cancelled", failure.kind)
    behaviour.succeeded(behaviour.run(worker, "count", 1))
    assert.equal(2, worker:info().generation)
  end)

  it("cancels the request when it is left by an error, which remains the program's own", function()
    local worker = behaviour.spawn "wellbehaved"
    local mine = {}
    assert.equal(mine, behaviour.raised(function()
      for _ in worker:rows "forever" do error(mine) end
    end))
    assert.equal("cancelled", select(2, worker:outcome()).kind)
    behaviour.succeeded(behaviour.run(worker, "count", 1))
  end)

  it("cancels the request when it is left by return or goto", function()
    local worker = behaviour.spawn "wellbehaved"
    local function first()
      for row in worker:rows "forever" do return row.payload end
    end
    assert.equal(1, first())
    for _ in worker:rows "forever" do goto out end
    ::out::
    behaviour.succeeded(behaviour.run(worker, "count", 1))
    assert.equal(3, worker:info().generation)
  end)

  it("cancels the request when it is left in a coroutine which is then closed", function()
    local worker = behaviour.spawn "wellbehaved"
    local co = coroutine.create(function()
      for row in worker:rows("count", 100) do coroutine.yield(row.payload.i) end
    end)
    for i = 1, 3 do assert.equal(i, select(2, assert(coroutine.resume(co)))) end
    assert.is_true(coroutine.close(co))
    behaviour.succeeded(behaviour.run(worker, "count", 1))
  end)

  it("raises the failure of its worker, after the rows that came before it", function()
    local worker, rows = behaviour.spawn "dies_after_rows", {}
    local failure = behaviour.raised(function()
      for row in worker:rows("exit3", 4) do rows[#rows + 1] = row.payload end
    end)
    assert.equal("worker_exited", failure.kind)
    assert.equal(3, failure.exit_status)
    assert.same({ 0, 1, 2, 3 }, rows)
    assert.equal(failure, select(2, worker:outcome()))
    behaviour.failed("worker_exited", behaviour.run(worker, "exit3", 0))
  end)

  it("passes its failure to on_failure instead, if there is one, and ends", function()
    local worker, failure = behaviour.spawn "raises.lua", nil
    assert.same({ 1, 2 }, collect(worker:rows("after_rows", nil, { on_failure = function(f) failure = f end })))
    assert.equal("export_failed", failure.kind)
  end)

  it("raises an error of a handler as sink", function()
    local failure = behaviour.raised(collect, behaviour.spawn("counts.lua"):rows("interleave", nil, {
      on_progress = function() error "no progress" end,
    }))
    assert.equal("sink", failure.kind)
    assert.equal("on_progress", failure.handler)
  end)

  it("raises when its request cannot begin", function()
    local worker = behaviour.spawn "counts.lua"
    assert.equal("usage", behaviour.raised(collect, worker:rows "no_such_export").kind)
    assert.same({ { i = 1 } }, collect(worker:rows("count", { n = 1 })))
  end)

  it("ends after run:cancel() with that failure, without another row", function()
    local worker, rows = behaviour.spawn "wellbehaved", 0
    local failure = behaviour.raised(function()
      for _, run in worker:rows("count", 1000) do
        rows = rows + 1
        if rows == 3 then run:cancel "three is enough" end
      end
    end)
    assert.equal("cancelled", failure.kind)
    behaviour.says(failure.message, "three is enough")
    assert.equal(3, rows)
  end)

  it("leaves rows that are kept unchanged", function()
    local worker, kept = behaviour.spawn "wellbehaved", {}
    for row in worker:rows("count", 1000) do kept[#kept + 1] = row end
    for i, row in ipairs(kept) do
      assert.equal(i, row.payload.i)
      assert.equal(i - 1, row.sequence)
    end
  end)

  it("allows no other request on its worker in the meantime", function()
    local worker = behaviour.spawn "counts.lua"
    for _ in worker:rows("count", { n = 2 }) do
      behaviour.says(behaviour.raised(worker.run, worker, "count", {}), "still running")
      behaviour.says(behaviour.raised(worker.call, worker, "echo", 1), "still running")
      behaviour.says(behaviour.raised(worker.rows, worker, "count", {}), "still running")
      behaviour.says(behaviour.raised(worker.cycle, worker), "still running")
    end
    assert.equal(2, worker:outcome().total_rows)
  end)

  it("does not block a program that closes the worker inside it", function()
    local rows = 0
    do
      local worker = behaviour.spawn "wellbehaved"
      for _ in worker:rows("count", 100) do
        rows = rows + 1
        behaviour.close(worker)
        break
      end
    end
    assert.equal(1, rows)
  end)
end)

describe("two loops over rows", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("over two workers may alternate", function()
    local one, two = behaviour.spawn "wellbehaved", behaviour.spawn "wellbehaved"
    local next_one, state_one, _, close_one = one:rows("count", 500)
    local next_two, state_two, _, close_two = two:rows("count", 500)
    local closing_one <close> = close_one
    local closing_two <close> = close_two
    assert.is_true(closing_one ~= closing_two)
    for i = 1, 500 do
      assert.equal(i, next_one(state_one).payload.i)
      assert.equal(i, next_two(state_two).payload.i)
    end
    assert.is_nil((next_one(state_one)))
    assert.is_nil((next_two(state_two)))
    assert.equal(500, one:outcome().total_rows)
    assert.equal(500, two:outcome().total_rows)
  end)

  it("may be nested", function()
    local outer, inner, seen = behaviour.spawn "counts.lua", behaviour.spawn "counts.lua", {}
    for a in outer:rows("count", { n = 3 }) do
      for b in inner:rows("count", { n = 2 }) do seen[#seen + 1] = a.payload.i .. b.payload.i end
    end
    assert.same({ "11", "12", "21", "22", "31", "32" }, seen)
    assert.equal(1, inner:info().generation)
  end)

  it("do not disturb each other when the inner one fails or is left", function()
    local outer, inner, seen = behaviour.spawn "counts.lua", behaviour.spawn "dies_after_rows", {}
    for a in outer:rows("count", { n = 4 }) do
      pcall(function()
        for _ in inner:rows(a.payload.i % 2 == 0 and "kill" or "exit0", 2) do
          if a.payload.i == 3 then break end
        end
      end)
      seen[#seen + 1] = a.payload.i
    end
    assert.same({ 1, 2, 3, 4 }, seen)
  end)
end)

describe("without a loop", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("each call returns the next row, and then nothing", function()
    local worker = behaviour.spawn "counts.lua"
    local next_row = worker:rows("count", { n = 3 })
    local row, run = next_row()
    assert.same({ 1, "count" }, { row.payload.i, run.export })
    assert.same({ 2, 3 }, { next_row().payload.i, next_row().payload.i })
    assert.is_nil(next_row())
    assert.is_nil(next_row())
    assert.equal(3, worker:outcome().total_rows)
  end)

  it("a failure is raised by the call that would return the missing row", function()
    local next_row = behaviour.spawn("counts.lua"):rows("count", { n = 1 }, { timeout = "10s" })
    assert.equal(1, next_row().payload.i)
    local exits = behaviour.spawn("dies_after_rows"):rows("exit3", 2)
    assert.truthy(exits() and exits())
    assert.equal("worker_exited", behaviour.raised(exits).kind)
    assert.is_nil(next_row())
  end)

  it("it may be closed, which cancels the request", function()
    local worker = behaviour.spawn "counts.lua"
    do
      local next_row <close> = worker:rows("count", { n = 1000 })
      assert.truthy(next_row())
    end
    assert.equal("cancelled", select(2, worker:outcome()).kind)
  end)
end)

describe("inside a loop over rows", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("another worker may be called and run", function()
    local scan, helper, seen = behaviour.spawn "counts.lua", behaviour.spawn "counts.lua", {}
    for row in scan:rows("count", { n = 3 }) do
      seen[#seen + 1] = assert(helper:call("echo", row.payload.i * 10))
      assert(helper:run("count", { n = 1 }, { on_row = function() end }))
    end
    assert.same({ 10, 20, 30 }, seen)
  end)

  it("rows that arrive while another worker is served are not lost", function()
    local fast, slow = behaviour.spawn "wellbehaved", behaviour.spawn "sleeps"
    local rows = 0
    for row in fast:rows("count", 30000) do
      if row.sequence % 10000 == 0 then behaviour.succeeded(behaviour.run(slow, "deaf", 50)) end
      assert(row.sequence == rows)
      rows = rows + 1
    end
    assert.equal(30000, rows)
  end)
end)
