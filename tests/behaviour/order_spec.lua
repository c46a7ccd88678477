-- Order, sequences and summaries of well-formed requests.
local behaviour = require "support.behaviour"
local frames = require "support.frames"

describe("rows in order", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("arrive with diagnostics and progress in the order in which they were emitted", function()
    local seen = behaviour.run(behaviour.spawn "counts.lua", "interleave")
    behaviour.succeeded(seen)
    assert.same({
      "row a 0 1",
      "diagnostic first: after a row",
      "row b 0 2",
      "progress half 1/2",
      "row a 1 3",
      "progress unknown end 7",
      "diagnostic second: before the last row",
      "row b 1 4",
      "summary",
    }, seen.events)
  end)

  it("are numbered from 0 without a gap, even if there are many", function()
    local worker = behaviour.spawn "wellbehaved"
    local next_sequence = 0
    local summary = assert(worker:run("count", 200000, {
      on_row = function(row)
        if row.sequence ~= next_sequence or row.raw ~= ('{"i":%d}'):format(next_sequence + 1) then
          error(("%s where row %d was due: %s"):format(row.sequence, next_sequence, row.raw))
        end
        next_sequence = next_sequence + 1
      end,
    }))
    assert.equal(200000, next_sequence)
    assert.equal(200000, summary.total_rows)
  end)

  it("are numbered separately for each stream", function()
    local worker = behaviour.spawn "many_streams.lua"
    local wrong = 0
    local summary = assert(worker:run("open", { n = 1024 }, {
      on_row = function(row)
        if row.sequence ~= row.payload - 1 then wrong = wrong + 1 end
      end,
    }))
    assert.equal(0, wrong)
    assert.equal(2048, summary.total_rows)
    assert.equal(2, summary.per_stream["stream 1024"])
  end)

  it("may have at most 1024 streams", function()
    local worker = behaviour.spawn "many_streams.lua"
    local seen = behaviour.run(worker, "open", { n = 1025 })
    local failure = behaviour.failed("row_malformed", seen)
    behaviour.says(failure.message, "1024 streams")
    assert.equal(1024, #seen.rows)
    behaviour.serves_on(worker, 1, "open", { n = 1 })
  end)

  it("begin at 0 again in the next request on the same worker", function()
    local worker = behaviour.spawn "counts.lua"
    local first = behaviour.run(worker, "count", { n = 2 })
    local second = behaviour.run(worker, "count", { n = 2 })
    local expected = { 'row rows 0 {"i":1}', 'row rows 1 {"i":2}', "summary" }
    assert.same(expected, first.events)
    assert.same(expected, second.events)
    assert.equal(1, worker:info().generation)
  end)

  it("of a stream that only an earlier request had are not counted again", function()
    local worker = behaviour.spawn "counts.lua"
    behaviour.run(worker, "count", { n = 2, stream = "early" })
    local summary = behaviour.succeeded(behaviour.run(worker, "count", { n = 3, stream = "late" }))
    assert.same({ late = 3 }, summary.per_stream)
    assert.equal(3, summary.total_rows)
  end)

  it("do not come from a forked child, and come only once", function()
    local worker = behaviour.spawn "forks"
    local seen = behaviour.run(worker, "emits_in_child")
    behaviour.succeeded(seen)
    assert.equal(("1"):rep(100) .. ("3"):rep(100), table.concat(seen.rows))
  end)
end)

describe("a summary", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("has counts, metadata, and the time that the request took", function()
    local worker = behaviour.spawn "counts.lua"
    local seen
    local elapsed = behaviour.timed(function() seen = behaviour.run(worker, "count", { n = 5 }) end)
    local summary = behaviour.succeeded(seen)
    assert.equal(5, summary.total_rows)
    assert.same({ rows = 5 }, summary.per_stream)
    assert.same({ emitted = 5 }, summary.metadata)
    assert.equal('{"emitted":5}', summary.metadata_json)
    assert.is_false(summary.stopped)
    assert.is_true(summary.elapsed > 0 and summary.elapsed <= elapsed)
  end)

  it("counts each stream", function()
    local summary = behaviour.succeeded(behaviour.run(behaviour.spawn "counts.lua", "interleave"))
    assert.same({ a = 2, b = 2 }, summary.per_stream)
    assert.equal(4, summary.total_rows)
    assert.is_nil(summary.metadata)
  end)

  it("is sent for a request without rows as well", function()
    local seen = behaviour.run(behaviour.spawn "counts.lua", "nothing")
    local summary = behaviour.succeeded(seen)
    assert.same({ "summary" }, seen.events)
    assert.equal(0, summary.total_rows)
    assert.same({}, summary.per_stream)
  end)

  it("of a native worker has its metadata", function()
    local summary = behaviour.succeeded(behaviour.run(behaviour.spawn "wellbehaved", "count", 3))
    assert.equal(3, summary.total_rows)
    assert.same({ native = true }, summary.metadata)
  end)

  it("says how many rows were kept and how many dropped", function()
    local summary = assert(behaviour.spawn("counts.lua"):run("count", { n = 10 }, {
      streams = { rows = { where = function(row) return row.payload.i % 2 == 0 end, on_row = function() end } },
    }))
    assert.equal(10, summary.total_rows)
    assert.equal(10, summary.counts.rows)
    assert.equal(5, summary.counts.kept)
    assert.equal(5, summary.counts.dropped)
    local counts = summary.counts.per_stream.rows
    assert.matches("^" .. ("%x"):rep(16) .. "$", counts.checksum)
    counts.checksum = nil
    assert.same({ rows = 10, bytes = 71, kept = 5, dropped = 5, invalid = 0, rejected = 0 }, counts)
  end)

  it("is what outcome() returns afterwards", function()
    local worker = behaviour.spawn "counts.lua"
    assert.is_nil(worker:outcome())
    local summary = behaviour.succeeded(behaviour.run(worker, "count", {}))
    assert.equal(summary, (worker:outcome()))
  end)
end)

describe("progress and diagnostics", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("lose no diagnostics, even if there are many", function()
    local seen = behaviour.run(behaviour.spawn "floods_progress.lua", "diagnostics", { n = 5000 })
    behaviour.succeeded(seen)
    assert.equal(5000, #seen.diagnostics)
    for i, text in ipairs(seen.diagnostics) do assert.equal("flood: number " .. i, text) end
    assert.equal('row rows 0 "last"', seen.events[5001])
  end)

  it("leave out progress that comes too fast, but not the last of it", function()
    local seen = behaviour.run(behaviour.spawn "floods_progress.lua", "flood", { n = 100000 })
    behaviour.succeeded(seen)
    assert.is_true(#seen.events < 2000, #seen.events .. " events")
    local last
    for _, event in ipairs(seen.events) do
      local current = event:match "^progress flood (%d+)/100000$"
      if current then
        assert.is_true(not last or tonumber(current) > last, "progress goes forward")
        last = tonumber(current)
      end
    end
    assert.equal(100000, last)
    assert.same({ '"last"' }, seen.rows)
  end)

  it("are counted, and diagnostics include the worker's output", function()
    local worker = behaviour.spawn "counts.lua"
    behaviour.run(worker, "interleave")
    behaviour.run(worker, "count", {})
    local stats = worker:stats()
    assert.equal(2, stats.requests)
    assert.equal(2, stats.succeeded)
    assert.equal(0, stats.failed)
    assert.equal(1, stats.generations)
    assert.equal(7, stats.rows)
    assert.equal(4 + 21, stats.bytes)
    assert.equal(2, stats.diagnostics)
  end)

  it("distinguish what was printed to stdout from what was printed to stderr, line by line", function()
    local seen = behaviour.run(behaviour.spawn "prints.lua", "talk", { n = 2 })
    behaviour.succeeded(seen)
    assert.same({ "1", "2" }, seen.rows)
    local printed = {}
    for _, text in ipairs(seen.diagnostics) do printed[text] = true end
    assert.is_true(printed["worker.stderr: stderr 1"])
    assert.is_true(printed["worker.stderr: stderr 2"])
  end)

  it("belong to the request in which they were printed, up to the last line before its end", function()
    local sent, done = behaviour.path(), behaviour.path()
    local rows = { "1", '"' .. ("x"):rep(200000) .. '"' }
    local worker = behaviour.spawn(behaviour.speaking(frames.magic .. frames.hello(), { await = "request" },
      frames.diagnostic { code = "c", message = "wait" }, frames.rows(rows), { touch = sent }, { await = "stop" },
      { print = "last words" }, frames.summary { stopped = true, seals = { frames.seal(1, rows) } } .. frames.ready(),
      { touch = done }))
    -- All that follows is in the pipes before the runner continues reading: rows and
    -- summary at once.
    local seen = behaviour.run(worker, "index", nil, {
      on_diagnostic = function(d)
        if d.code == "c" then behaviour.await("the rows", function() return behaviour.read(sent) end) end
      end,
      on_row = function(row, run)
        if row.sequence > 0 then return end
        run:stop()
        behaviour.await("the summary", function() return behaviour.read(done) end)
      end,
    })
    behaviour.succeeded(seen)
    assert.same({ "c: wait", "worker.stderr: last words" }, seen.diagnostics)
  end)

  it("stay intact when a worker prints the protocol's own bytes to stdout", function()
    local seen = behaviour.run(behaviour.spawn "prints.lua", "protocol_on_stdout")
    behaviour.succeeded(seen)
    assert.same({ "1" }, seen.rows)
  end)
end)
