-- Workers that break the protocol, byte by byte, with hand-made frames.
local behaviour = require "support.behaviour"
local frames = require "support.frames"
local paths = require "support.paths"

local OPENING = frames.magic .. frames.hello()
local REQUEST = { await = "request" }

--- Runs a worker that answers its first request with these bytes, and then
--- waits for orders.
local function answered(bytes, options)
  local worker = behaviour.spawn(behaviour.speaking(OPENING, REQUEST, bytes), options)
  return behaviour.run(worker, "index"), worker
end

--- The same, but then it exits with status 0.
local function cut(bytes)
  local worker = behaviour.spawn(behaviour.speaking(OPENING, REQUEST, bytes, { exit = 0 }))
  return behaviour.run(worker, "index"), worker
end

local ROWS = frames.rows { "1", "2" }
local SEAL = frames.seal(1, { "1", "2" })

local function summary_with(changes)
  local seal = {}
  for k, v in pairs(SEAL) do seal[k] = v end
  for k, v in pairs(changes) do seal[k] = v end
  return frames.summary { seals = { seal } } .. frames.ready()
end

--- A protocol fault: the rows before it were delivered, nothing after it, and
--- the next request gets a new process.
local function fault(kind, seen, words, offset, rows)
  local failure = behaviour.failed(kind, seen)
  behaviour.says(failure.message, words)
  if offset then assert.equal(#OPENING + offset, failure.offset, failure.message) end
  assert.same(rows or {}, seen.rows)
  return failure
end

describe("a hand-made worker", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("that keeps to the protocol is served like any other", function()
    local seen, worker = answered(frames.answer({ "1", '{"a":2}' }, { metadata = "[3]" }))
    assert.same({ 3 }, behaviour.succeeded(seen).metadata)
    assert.same({ "row rows 0 1", 'row rows 1 {"a":2}', "summary" }, seen.events)
    assert.same({ pid = worker:info().pid, generation = 1, name = "worker", version = "1.0", runtime = "by hand",
      max_frame = 1024 * 1024, exports = { { name = "index", type = "rows" } } }, worker:info())
  end)

  it("gives the same result when its bytes arrive one by one", function()
    local steps, bytes = { OPENING, REQUEST }, frames.answer { "1", "22" }
    for i = 1, #bytes do steps[#steps + 1] = bytes:sub(i, i) end
    local seen = behaviour.run(behaviour.spawn(behaviour.speaking(table.unpack(steps))), "index")
    behaviour.succeeded(seen)
    assert.same({ "1", "22" }, seen.rows)
  end)
end)

describe("a summary that does not match what arrived", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  local CASES = {
    ["too many rows"] = { { rows = 3 }, "2 rows arrived, but the summary says 3" },
    ["too few rows"] = { { rows = 1 }, "2 rows arrived, but the summary says 1" },
    ["another number of bytes"] = { { bytes = 3 }, "2 bytes arrived, but the summary says 3" },
    ["another checksum"] = { { checksum = SEAL.checksum ~ 1 }, "checksum" },
    ["another stream"] = { { stream = 2 }, "stream id 2" },
  }

  for name, case in pairs(CASES) do
    it(("(%s) is a protocol failure"):format(name), function()
      local seen = answered(ROWS .. summary_with(case[1]))
      fault("protocol", seen, case[2], #ROWS, { "1", "2" })
    end)
  end

  it("(no seal) is a protocol failure", function()
    local seen = answered(ROWS .. frames.summary {} .. frames.ready())
    fault("protocol", seen, "1 streams arrived, but the summary seals 0", #ROWS, { "1", "2" })
  end)

  it("(a seal of nothing) is a protocol failure", function()
    local seen = answered(frames.summary { seals = { frames.seal(1, {}) } } .. frames.ready())
    fault("protocol", seen, "0 streams arrived, but the summary seals 1", 0)
  end)

  it("(rows that are swapped) is a protocol failure", function()
    local swapped = frames.stream { name = "rows" } .. frames.row { sequence = 0, payload = "2" } ..
      frames.row { sequence = 1, payload = "1" }
    local seen = answered(swapped .. summary_with {})
    fault("protocol", seen, "checksum", #swapped, { "2", "1" })
  end)

  it("is not a success even if on_row had no objection: nothing is committed", function()
    local committed = false
    local worker = behaviour.spawn(behaviour.speaking(OPENING, REQUEST, ROWS .. summary_with { rows = 3 }))
    local summary = worker:run("index", nil, {
      on_row = function() end,
      on_summary = function() committed = true end,
    })
    assert.is_nil(summary)
    assert.is_false(committed)
  end)
end)

describe("rows out of order", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  local STREAM = frames.stream { name = "rows" }
  local FIRST = frames.row { sequence = 0, payload = "1" }

  for name, sequence in pairs { ["a gap"] = 2, ["a repeat"] = 0, ["far ahead"] = math.maxinteger } do
    it(("(%s) are a protocol failure with stream and sequence"):format(name), function()
      local seen = answered(STREAM .. FIRST .. frames.row { sequence = sequence, payload = "2" })
      local failure = fault("protocol", seen, "expected 1", #STREAM + #FIRST, { "1" })
      assert.equal("rows", failure.stream)
      assert.equal(sequence, failure.sequence)
    end)
  end

  it("(the first is not 0) are a protocol failure", function()
    fault("protocol", answered(STREAM .. frames.row { sequence = 1, payload = "1" }), "expected 0", #STREAM)
  end)

  it("(of an undeclared stream) are a protocol failure", function()
    fault("protocol", answered(FIRST), "stream id 1, which was not declared", 0)
    fault("protocol", answered(STREAM .. frames.row { stream = 2, payload = "1" }), "stream id 2", #STREAM)
  end)

  it("(a stream that is declared twice) are a protocol failure", function()
    fault("protocol", answered(STREAM .. frames.stream { name = "rows", stream = 2 }), "declared twice", #STREAM)
    fault("protocol", answered(STREAM .. frames.stream { name = "other", stream = 3 }), "expected 2", #STREAM)
  end)

  for name, text in pairs { empty = "", ["not UTF-8"] = "\xff", long = ("x"):rep(256) } do
    it(("(a stream whose name is %s) are a protocol failure"):format(name), function()
      fault("protocol", answered(frames.stream { name = text }), "name", 0)
    end)
  end
end)

describe("a row's payload that is not one JSON value", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  for name, text in pairs { none = "", two = "1 2", half = '{"a":', words = "oops", ["not UTF-8"] = '"\xff"', NUL = "1\0" } do
    it(("(%s) is row_malformed with stream, sequence and offset"):format(name), function()
      local before = frames.rows { "1" }
      local seen, worker = answered(before .. frames.row { sequence = 1, payload = text })
      local failure = fault("row_malformed", seen, "", nil, { "1" })
      assert.equal("rows", failure.stream)
      assert.equal(1, failure.sequence)
      assert.is_number(failure.offset)
      assert.is_true(worker:health().state == "off", "the worker was let go")
    end)
  end
end)

describe("terminal frames", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  local ANSWER = frames.answer { "1", "2" }
  local SUMMARY = frames.summary { seals = { SEAL } }
  local AFTER = "after the end of its request"

  it("sent twice are a protocol failure", function()
    fault("protocol", answered(ROWS .. SUMMARY .. SUMMARY .. frames.ready()), AFTER, #ROWS + #SUMMARY, { "1", "2" })
  end)

  it("of success after failure, and of failure after success, are a protocol failure", function()
    local failure = frames.failure { message = "no" }
    fault("protocol", answered(ROWS .. failure .. SUMMARY), AFTER, #ROWS + #failure, { "1", "2" })
    fault("protocol", answered(ROWS .. SUMMARY .. failure), AFTER, #ROWS + #SUMMARY, { "1", "2" })
  end)

  for name, bytes in pairs {
    row = frames.row { sequence = 2, payload = "3" }, stream = frames.stream { name = "late", stream = 2 },
    diagnostic = frames.diagnostic { code = "c", message = "late" }, progress = frames.progress { phase = "p" },
  } do
    it(("followed by a %s are a protocol failure"):format(name), function()
      local seen = answered(ROWS .. SUMMARY .. bytes .. frames.ready())
      fault("protocol", seen, AFTER, #ROWS + #SUMMARY, { "1", "2" })
      assert.same({}, seen.diagnostics)
    end)
  end

  it("without ready are not a success if the worker then exits", function()
    local seen = cut(ROWS .. SUMMARY)
    local failure = behaviour.failed("worker_exited", seen)
    behaviour.says(failure.message, "after its summary")
  end)

  it("of a call where rows are due, and vice versa, are a protocol failure", function()
    fault("protocol", answered(frames.reply { json = "1" } .. frames.ready()), "reply", 0)
    local worker = behaviour.spawn(behaviour.speaking(
      frames.magic .. frames.hello { exports = { { "ask", "call" } } }, REQUEST, frames.summary {} .. frames.ready()))
    behaviour.call_failed("protocol", worker, "ask")
  end)

  it("after a request that succeeded do not affect that request, but the worker", function()
    local worker = behaviour.spawn(behaviour.speaking(OPENING, REQUEST, ANSWER, frames.ready()))
    local pid = worker:info().pid
    behaviour.succeeded(behaviour.run(worker, "index"))
    local other = behaviour.spawn "counts.lua"
    behaviour.await("the end of the faulty worker", function()
      assert(other:call("echo", 1)) -- the loop only runs during a request
      return not behaviour.is_alive(pid)
    end)
    behaviour.failed("protocol", behaviour.run(worker, "index", nil, {}))
  end)

  it("with metadata that is not JSON are a protocol failure", function()
    local seen = answered(frames.summary { metadata = "{oops" } .. frames.ready())
    fault("protocol", seen, "metadata is not valid JSON", 0)
  end)
end)

describe("a frame of another request", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  local STREAM = frames.stream { name = "rows" }

  for name, id in pairs { ["the next one"] = 2, ["none"] = 0, ["a far one"] = -1 } do
    it(("(%s) is a protocol failure, and is not credited to this one"):format(name), function()
      local bytes = frames.row { request = id, payload = '"stale"' }
      fault("protocol", answered(STREAM .. bytes), "during request 1", #STREAM)
    end)
  end

  it("(an earlier one) is a protocol failure, and is not credited to this one", function()
    local first = frames.answer { "1" }
    local stale = frames.row { request = 1, payload = '"stale"' }
    local worker = behaviour.spawn(behaviour.speaking(OPENING, REQUEST, first, REQUEST, stale))
    behaviour.succeeded(behaviour.run(worker, "index"))
    local seen = behaviour.run(worker, "index")
    fault("protocol", seen, "of request 1 during request 2", #first)
  end)

  it("(a summary) does not end this one", function()
    fault("protocol", answered(STREAM .. frames.summary { request = 7 }), "during request 1", #STREAM)
  end)
end)

describe("an invalid frame", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  for _, kind in ipairs { 0, 8, 15, 26, 255 } do
    it(("(kind %d) is a protocol failure with the offset of its first byte"):format(kind), function()
      fault("protocol", answered(ROWS .. frames.frame(kind, "", { request = 1 })), "unknown kind of frame " .. kind,
        #ROWS, { "1", "2" })
    end)
  end

  for _, version in ipairs { 0, 2, 255 } do
    it(("(version %d) is a protocol failure in the middle of a request"):format(version), function()
      local row = frames.row { sequence = 2, payload = "3", head = { version = version } }
      fault("protocol", answered(ROWS .. row), "protocol version " .. version, #ROWS, { "1", "2" })
    end)
  end

  for name, kind in pairs { hello = "hello", configure = "configure", request = "request", shutdown = "shutdown" } do
    it(("(a %s from the worker) is a protocol failure"):format(name), function()
      fault("protocol", answered(frames.frame(kind, "", { request = 1 })), kind, 0)
    end)
  end

  for name, case in pairs {
    diagnostic = { "diagnostic", "\5\0\0\0ab" }, ["too long"] = { "progress", ("\0"):rep(40) },
    summary = { "summary", "\0" }, ["seals that are not there"] = { "summary", ("\0"):rep(14) .. "\255\255\255\255" },
  } do
    it(("(its payload is wrong: %s) is a protocol failure"):format(name), function()
      fault("protocol", answered(frames.frame(case[1], case[2], { request = 1 })), case[1] .. " frame whose payload", 0)
    end)
  end
end)

describe("a frame over the cap", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  for _, length in ipairs { 1024 * 1024 + 1, 0x7fffffff, 0xffffffff } do
    it(("(%d bytes) is frame_too_large at its header"):format(length), function()
      local header = frames.frame("row", "", { request = 1, stream = 1, sequence = 2, length = length })
      local failure = fault("frame_too_large", answered(ROWS .. header), "over the cap of 1048576", #ROWS, { "1", "2" })
      assert.equal(length, failure.size)
      assert.equal(1024 * 1024, failure.limit)
    end)
  end

  it("costs no memory, nor does one under the cap before its bytes arrive", function()
    local header = frames.frame("row", "", { request = 1, stream = 1, sequence = 2, length = 200 * 1024 * 1024 })
    cut(ROWS) -- allocates what is needed only once
    local before = behaviour.memory "VmPeak"
    local worker = behaviour.spawn(behaviour.speaking(OPENING, REQUEST, ROWS .. header, { exit = 0 }),
      { max_frame = "256MiB" })
    local seen = behaviour.run(worker, "index")
    fault("protocol", seen, "the stream ended inside a row frame: 0 of 209715200 bytes", #ROWS, { "1", "2" })
    local grown = behaviour.memory "VmPeak" - before
    if not paths.sanitized then assert.is_true(grown < 1024, grown .. " KiB") end
  end)
end)

describe("a truncated stream", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  local ANSWER = frames.answer { "1", "2" }

  -- Offsets in the answer at which frames begin.
  local borders = { [0] = true }
  do
    local at = 1
    while at <= #ANSWER do
      local _, after = frames.read(ANSWER, at)
      borders[after - 1], at = true, after
    end
  end

  local function begin_of(n)
    while not borders[n] do n = n - 1 end
    return n
  end

  it("(anywhere) is a failure: protocol inside a frame, worker_exited between two", function()
    for n = 0, #ANSWER - 1, paths.sanitized and 7 or 1 do
      local seen = cut(ANSWER:sub(1, n))
      local kind = borders[n] and "worker_exited" or "protocol"
      local failure = behaviour.failed(kind, seen)
      assert.equal(not borders[n] and #OPENING + begin_of(n) or nil, failure.offset, "cut after byte " .. n)
      behaviour.after()
      behaviour.before()
    end
    behaviour.succeeded(cut(ANSWER))
  end)

  it("whose worker closed its pipe inside a header is a protocol failure", function()
    local seen = behaviour.run(behaviour.spawn "holds_the_pipe", "cuts_header")
    behaviour.says(behaviour.failed("protocol", seen).message, "inside a header: 11 of 24 bytes")
    assert.same({ "1" }, seen.rows)
  end)

  it("whose worker closed its pipe inside a payload is a protocol failure", function()
    local seen = behaviour.run(behaviour.spawn "holds_the_pipe", "cuts_payload")
    behaviour.says(behaviour.failed("protocol", seen).message, "inside a row frame: 3 of 100 bytes")
    assert.same({ "1" }, seen.rows)
  end)
end)

describe("after a protocol fault", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("the worker is ended, and the next request gets a new process", function()
    local path = behaviour.path()
    local worker = behaviour.spawn(behaviour.speaking({ log = path }, OPENING, REQUEST,
      frames.row { payload = "1" }, REQUEST))
    local pid = worker:info().pid
    behaviour.failed("protocol", behaviour.run(worker, "index"))
    behaviour.failed("protocol", behaviour.run(worker, "index", nil, { on_row = function() end }))
    behaviour.await("the end of the faulty worker", function()
      worker:run("index")
      return not behaviour.is_alive(pid)
    end)
    assert.is_true(worker:stats().generations >= 3)
  end)
end)
