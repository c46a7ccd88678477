--- The conversation with a worker, without a worker.
local frames = require "support.frames"
local paths = require "support.paths"
local pure = require "supervise.pure"
local hex, error_of = pure.hex, pure.error_of

-- One good frame of each kind, of request 1.
local good = {
  hello = frames.hello { head = { request = 1 } },
  configure = frames.configure { head = { request = 1 } },
  request = frames.request { export = "index" },
  stop = frames.plain("stop", 1), cancel = frames.plain("cancel", 1), shutdown = frames.plain("shutdown", 1),
  stream = frames.stream { name = "rows" },
  row = frames.row { payload = "1" },
  diagnostic = frames.diagnostic { code = "c", message = "m" },
  progress = frames.progress { phase = "p", current = 1 },
  summary = frames.summary {},
  reply = frames.reply {},
  failure = frames.failure { message = "no" },
  ready = frames.ready(1),
  streams = frames.streams { names = { "rows" } }, -- the last three belong to features that are not agreed
  place = frames.place { line = 1 },
  bad_line = frames.bad_line { line = 1, reason = "no" },
}

local welcome = {
  hello = { hello = true },
  idle = {},
  rows = { stream = true, row = true, diagnostic = true, progress = true, summary = true, failure = true },
  call = { diagnostic = true, progress = true, reply = true, failure = true },
  settling = { ready = true },
}
local words = {
  hello = "before its hello", idle = "while no request was running", rows = "in the middle of a request for rows",
  call = "in the middle of a call", settling = "after the end of its request",
}

for _, state in ipairs { "hello", "idle", "rows", "call", "settling" } do
  describe("in the state " .. state .. ", out of place", function()
    for kind in pairs(frames.kinds) do
      if not welcome[state][kind] then
        it("is a " .. kind .. " frame", function()
          local err = pure.fault(state, good[kind])
          assert.equal(state == "hello" and "handshake" or "protocol", err.kind)
          assert.equal(pure.offset[state], err.offset)
          assert.equal(("the worker sent a %s frame %s (byte %d)"):format(kind, words[state], pure.offset[state]), err.message)
        end)
      end
    end
  end)
end

describe("a frame of another request", function()
  local without_request = { hello = true, configure = true, shutdown = true }

  --- The fault for this kind of frame with this request in its header.
  local function fault(state, kind, id)
    local f = frames.read(good[kind])
    local err = pure.fault(state, frames.frame(kind, f.payload, { request = id, stream = f.stream }))
    assert.same({ "protocol", pure.offset[state] }, { err.kind, err.offset })
    return err.message
  end

  it("is a fault because of its id, for every kind, while a request is running", function()
    for _, state in ipairs { "rows", "call", "settling" } do
      for kind in pairs(good) do
        for _, id in ipairs(without_request[kind] and {} or paths.sanitized and { 2 } or { 0, 2, math.maxinteger }) do
          assert.equal(("the worker sent a %s frame of request %d during request 1 (byte %d)"):format(kind, id, pure.offset[state]),
            fault(state, kind, id))
        end
      end
    end
  end)

  it("is not recognised by the id if the kind does not use it", function()
    for kind in pairs(without_request) do
      assert.equal(("the worker sent a %s frame in the middle of a call (byte %d)"):format(kind, pure.offset.call),
        fault("call", kind, 2))
    end
  end)

  it("is a fault even if it belongs to the previous request", function()
    local answers = pure.from("rows", { frames.answer { "1" }, "request 2 rows 61 30 0 0 0", frames.row { payload = "2", sequence = 1 } })
    assert.same({ "row rows 0 31 integer", "done summary whole" }, { answers[1][1].line, answers[1][2].line })
    assert.equal("ok", answers[2][1].line)
    assert.matches("row frame of request 1 during request 2", error_of(answers[3][1]).message)
  end)
end)

describe("after a fault", function()
  it("nothing more is accepted", function()
    local answers = pure.from("rows", { frames.ready(1), frames.rows { "1" }, "state" })
    assert.equal("error", answers[1][1][1])
    assert.same({}, answers[2])
    assert.equal("state over", answers[3][1].line)
  end)
end)

describe("a hello", function()
  it("is answered with configure, once", function()
    local answers = pure.run(pure.open)
    assert.equal(("hello 1048576 %s %s"):format(hex "worker", hex "1.0"), answers[2][1].line)
    local sent = frames.read_all(pure.unhex(answers[3][1][2]))
    assert.equal(1, #sent)
    assert.same({ "configure", { version = 1, max_frame = 1048576, features = {} } }, { sent[1].name, sent[1].message })
  end)

  --- The features that a session picks from an offer, and has on.
  local function picked(known, offered)
    local names = {}
    for i, name in ipairs(known) do names[i] = " " .. hex(name) end
    local answers = pure.run { "session 1048576 strict 0" .. table.concat(names),
      "feed " .. hex(frames.magic .. frames.hello { features = offered }), "sent", "features" }
    assert.equal("hello", answers[2][1][1], answers[2][1].line)
    return frames.read(pure.unhex(answers[3][1][2])).message.features, answers[4][1][2]
  end

  it("that offers features unknown to the runner gets a configure without any", function()
    assert.same({ {}, "0" }, { picked({}, { "new", "newer" }) })
    assert.same({ {}, "0" }, { picked({ "old" }, { "new" }) })
  end)

  it("that offers known features among others gets those, which are then on", function()
    assert.same({ { "b" }, "2" }, { picked({ "a", "b" }, { "x", "b", "y" }) })
    assert.same({ { "a", "b" }, "3" }, { picked({ "a", "b" }, { "b", "a" }) })
  end)

  it("without features gets none, whatever the runner knows", function()
    assert.same({ {}, "0" }, { picked({ "a" }, {}) })
  end)

  it("with an invalid list of features is a handshake failure", function()
    for _, features in ipairs { { "a", "a" }, { "A" }, { "" }, { ("x"):rep(65) } } do
      local err = pure.fault("hello", frames.hello { features = features })
      assert.same({ "handshake", 10 }, { err.kind, err.offset })
      assert.matches("^a hello frame whose payload has .* feature name", err.message)
    end
  end)

  local function agreed(ours, theirs)
    local answers = pure.run { ("session %d strict 0"):format(ours), "feed " .. hex(frames.magic .. frames.hello { max_frame = theirs }), "sent" }
    return tonumber(answers[2][1][2]), frames.read(pure.unhex(answers[3][1][2])).message.max_frame
  end

  it("sets the frame cap to the smaller of both", function()
    assert.same({ 1048576, 1048576 }, { agreed(1048576, 268435456) })
    assert.same({ 100000, 100000 }, { agreed(1048576, 100000) })
    assert.same({ 65536, 65536 }, { agreed(65536, 65536) })
  end)

  it("permits longer frames only after it", function()
    local long = frames.row { payload = '"' .. ("x"):rep(100000) .. '"' }
    local answers = pure.from("rows", { frames.stream { name = "rows" } .. long })
    assert.equal("row", answers[1][1][1])
    local err = pure.fault("hello", frames.hello { exports = {}, name = ("x"):rep(70000) })
    assert.same({ "frame_too_large", 65536 }, { err.kind, err.limit })
  end)

  it("with a cap below the minimum is refused", function()
    local err = pure.fault("hello", frames.hello { max_frame = 65535 })
    assert.same({ "handshake", "the worker accepts frames of at most 65535 bytes, and the minimum is 65536", 10 }, { err.kind, err.message, err.offset })
  end)

  it("with other versions only is refused", function()
    for _, range in ipairs { { 2, 9 }, { 0, 0 }, { 2, 0 } } do
      local err = pure.fault("hello", frames.hello { version_min = range[1], version_max = range[2] })
      assert.equal("handshake", err.kind)
      assert.equal(("the worker speaks protocol versions %d to %d, this sluice speaks 1"):format(range[1], range[2]), err.message)
    end
  end)

  it("with a range that includes our version is accepted", function()
    assert.is_nil(pure.fault("hello", frames.hello { version_min = 0, version_max = 9 }))
  end)

  it("that is malformed is a handshake failure", function()
    local err = pure.fault("hello", frames.frame("hello", "\1"))
    assert.same({ "handshake", 10 }, { err.kind, err.offset })
  end)

  it("may follow other text in tolerant mode", function()
    local answers = pure.run { "session 1048576 tolerant 0", "feed " .. hex("motd\n" .. pure.greeting) .. " 1" }
    assert.equal("hello", answers[2][1][1])
  end)
end)

describe("a failure in place of hello", function()
  it("is the reason why the worker did not start", function()
    local answers = pure.from("hello", { frames.failure { request = 0, kind = "spawn", os = 2, message = "no file" }, "state" })
    local err = error_of { "error", table.unpack(answers[1][1], 2) }
    assert.equal("refused", answers[1][1][1])
    assert.same({ "spawn", 2, "no file" }, { err.kind, err.os, err.message })
    assert.equal("state over", answers[2][1].line)
  end)
end)

describe("rows", function()
  it("arrive unchanged, with their stream and sequence", function()
    local bytes = frames.stream { name = "a" } .. frames.row { payload = " null" } .. frames.stream { name = "b", stream = 2 }
      .. frames.row { stream = 2, payload = "[]" } .. frames.row { sequence = 1, payload = "1e400" }
    assert.same({ "row a 0 " .. hex " null" .. " null", "row b 0 " .. hex "[]" .. " array", "row a 1 " .. hex "1e400" .. " decimal" },
      pure.feed("rows", bytes))
  end)

  it("mix with diagnostics and progress in the order of the pipe", function()
    local bytes = good.stream .. good.diagnostic .. good.row .. good.progress .. frames.progress { phase = "", total = 5 }
    assert.same({ "diagnostic 63 6d", "row rows 0 31 integer", "progress 70 1", "progress - 0 5" }, pure.feed("rows", bytes))
  end)

  it("are delivered before the fault that follows them", function()
    local lines = pure.feed("rows", frames.rows { "1", "2" } .. frames.row { payload = "3", sequence = 3 })
    assert.same({ "row rows 0 31 integer", "row rows 1 32 integer" }, { lines[1], lines[2] })
    assert.matches("^error protocol", lines[3])
  end)

  local before = #frames.stream { name = "rows" } + pure.offset.rows
  local cases = {
    { "a gap", frames.row { payload = "1", sequence = 1 }, 'stream "rows": sequence 1, expected 0' },
    { "a stream that was not declared", frames.row { payload = "1", stream = 2 }, "a row of stream id 2, which was not declared" },
    { "stream 0", frames.row { payload = "1", head = { stream = 0 } }, "a row of stream id 0, which was not declared" },
    { "a second declaration", frames.stream { name = "rows", stream = 2 }, 'stream "rows" declared twice' },
    { "an id out of turn", frames.stream { name = "more", stream = 3 }, "stream id 3 declared, expected 2" },
    { "a stream without a name", frames.stream { name = "", stream = 2 }, "stream 2: a stream's name is empty" },
  }
  for _, case in ipairs(cases) do
    it("with " .. case[1] .. " are a fault with its place", function()
      local err = pure.fault("rows", good.stream .. case[2])
      assert.same({ "protocol", case[3], before }, { err.kind, err.message, err.offset })
    end)
  end

  it("that are not JSON are malformed, naming stream and sequence", function()
    for _, payload in ipairs { "", "{", "1 2", "nul", "\xff", "[1,]", "NaN" } do
      local err = pure.fault("rows", good.stream .. good.row .. frames.row { payload = payload, sequence = 1 })
      assert.same({ "row_malformed", "rows", 1 }, { err.kind, err.stream, err.sequence })
    end
  end)

  it("are a fault in a call", function()
    assert.matches("stream frame in the middle of a call", pure.fault("call", good.stream).message)
    assert.matches("row frame in the middle of a call", pure.fault("call", good.row).message)
  end)
end)

describe("a request", function()
  it("succeeds with a summary whose seal matches, and ready", function()
    assert.same({ "row rows 0 31 integer", "done summary whole " .. hex '{"a":1}' }, pure.feed("rows", frames.answer({ "1" }, { metadata = '{"a":1}' })))
  end)

  it("is not over before ready", function()
    local answers = pure.from("rows", { (frames.answer { "1" }):sub(1, -25), "state", frames.ready(1), "state" })
    assert.equal(1, #answers[1])
    assert.equal("state settling", answers[2][1].line)
    assert.equal("done", answers[3][1][1])
    assert.equal("state idle", answers[4][1].line)
  end)

  it("that was stopped is marked as stopped", function()
    assert.same({ "done summary stopped" }, pure.feed("rows", frames.summary { stopped = true } .. frames.ready(1)))
  end)

  it("of a call ends with its reply", function()
    assert.same({ "done reply whole " .. hex "[1]" }, pure.feed("call", frames.reply { json = "[1]" } .. frames.ready(1)))
  end)

  it("keeps the worker usable if the worker fails it", function()
    local answers = pure.from("rows", { frames.rows { "1" } .. frames.failure { message = "no", details = { { "status", 7 } } } .. frames.ready(1), "state" })
    assert.equal("failed export_failed 0 " .. hex "no" .. " status=7", answers[1][2].line)
    assert.equal("state idle", answers[2][1].line)
  end)

  it("starts with nothing left of the previous one", function()
    local answers = pure.from("rows", { frames.answer({ "1" }, { metadata = "5" }), "request 2 rows 61 30 0 0 0", frames.answer({ "2" }, { request = 2 }) })
    assert.same({ "row rows 0 32 integer", "done summary whole" }, { answers[3][1].line, answers[3][2].line })
  end)

  it("has only one terminal", function()
    for first, second in pairs { summary = "summary", reply = "failure", failure = "summary" } do
      local state = first == "reply" and "call" or "rows"
      local err = pure.fault(state, good[first] .. good[second])
      assert.same({ "protocol", pure.offset[state] + #good[first] }, { err.kind, err.offset })
      assert.matches(("^the worker sent a %s frame after the end of its request"):format(second), err.message)
    end
  end)

  it("has no row, diagnostic or progress after its terminal", function()
    for _, kind in ipairs { "row", "stream", "diagnostic", "progress" } do
      assert.matches("after the end of its request", pure.fault("rows", good.summary .. good[kind]).message)
    end
  end)

  it("must not end with a reply if rows are due, nor with a summary if a reply is", function()
    assert.matches("reply frame in the middle of a request for rows", pure.fault("rows", good.reply).message)
    assert.matches("summary frame in the middle of a call", pure.fault("call", good.summary).message)
  end)

  it("with a seal that does not match is a fault, and not a success", function()
    local seal = frames.seal(1, { "1", "2" })
    local lines = pure.feed("rows", frames.rows { "1" } .. frames.summary { seals = { seal } } .. frames.ready(1))
    assert.equal(2, #lines)
    assert.matches("^error protocol", lines[2])
  end)

  it("with a stream that is not sealed is a fault", function()
    assert.equal("1 streams arrived, but the summary seals 0", pure.fault("rows", good.stream .. good.summary).message)
  end)

  it("with metadata that are not JSON is a fault", function()
    local err = pure.fault("rows", frames.summary { metadata = "{" })
    assert.equal("protocol", err.kind)
    assert.matches("^the worker's metadata is not valid JSON: ", err.message)
    assert.matches("metadata is not valid JSON", pure.fault("rows", frames.summary { metadata = "" }).message)
  end)

  it("with a reply that is not JSON is a fault", function()
    assert.matches("^the worker's reply is not valid JSON: ", pure.fault("call", frames.reply { json = "" }).message)
  end)

  it("cannot fail with a kind that only the runner may report", function()
    for kind, becomes in pairs { cancelled = "export_failed", request_timeout = "export_failed", sink = "export_failed",
      protocol = "export_failed", worker_exited = "export_failed", row_malformed = "row_malformed",
      callback_failed = "callback_failed", frame_too_large = "frame_too_large", usage = "usage" } do
      assert.same({ ("failed %s 0 %s"):format(becomes, hex "m") }, pure.feed("rows", frames.failure { kind = kind, message = "m" } .. frames.ready(1)))
    end
  end)
end)

describe("a request to be sent", function()
  it("is one frame with its id, type, export and JSON", function()
    local answers = pure.from("idle", { "request 7 call " .. hex "size" .. " " .. hex "[1]" .. " 0 0 0", "sent" })
    local sent = frames.read_all(pure.unhex(answers[2][1][2]))
    assert.same({ 1, "request", 7, { type = "call", export = "size", json = "[1]" } },
      { #sent, sent[1].name, sent[1].request, sent[1].message })
  end)

  it("over the cap is refused, and leaves the session idle and nothing half sent", function()
    local answers = pure.from("idle", { "request 7 rows 61 " .. hex(('"%s"'):format(("x"):rep(1048576))) .. " 0 0 0", "sent", "state" })
    local err = error_of(answers[1][1])
    assert.same({ "frame_too_large", 1048588, 1048576 }, { err.kind, err.size, err.limit })
    assert.equal("sent -", answers[2][1].line)
    assert.equal("state idle", answers[3][1].line)
  end)

  local function choose(exports, request)
    local answers = pure.run { pure.open[1], "feed " .. hex(frames.magic .. frames.hello { exports = exports }), "choose " .. request }
    return answers[3][1]
  end
  local both = { { "index", "rows" }, { "scan", "rows" }, { "size", "call" } }

  it("goes to the named export", function()
    assert.equal("chosen " .. hex "scan", choose(both, "rows " .. hex "scan").line)
  end)

  it("goes to the only export of its type", function()
    assert.equal("chosen " .. hex "size", choose(both, "call -").line)
  end)

  it("without a name is an error that lists several exports", function()
    local err = error_of(choose(both, "rows -"))
    assert.same({ "usage", "the worker has several exports; name one of: index, scan" }, { err.kind, err.message })
  end)

  it("without a name is an error if there is no export", function()
    assert.equal("the worker has no export to run", error_of(choose({}, "rows -")).message)
  end)

  it("for an unknown export is an error that lists the existing ones", function()
    local err = error_of(choose(both, "rows " .. hex "indx"))
    assert.same({ "usage", "indx", 'the worker has no export "indx"; it has: index, scan' }, { err.kind, err.export, err.message })
  end)

  it("of the wrong type is an error that names the right one", function()
    assert.equal('"size" is a call; it does not stream rows', error_of(choose(both, "rows " .. hex "size")).message)
    assert.equal('"index" streams rows; it is not a call', error_of(choose(both, "call " .. hex "index")).message)
  end)
end)

describe("an order to the worker", function()
  local function sent(state, command)
    local answers = pure.from(state, { command, "sent" })
    local names = {}
    for i, f in ipairs(frames.read_all(pure.unhex(answers[2][1][2]))) do names[i] = f.name .. " " .. f.request end
    return names
  end

  it("is sent with the id of the running request", function()
    assert.same({ "stop 1" }, sent("rows", "stop 10 0"))
    assert.same({ "cancel 1" }, sent("rows", "cancel"))
  end)

  it("to stop is sent once", function()
    local answers = pure.from("rows", { "stop 10 0", "stop 10 0", "sent" })
    assert.equal(1, #frames.read_all(pure.unhex(answers[3][1][2])))
  end)

  it("to stop or cancel is not sent if no request is running", function()
    for _, state in ipairs { "hello", "idle", "settling", "over" } do
      assert.same({}, sent(state, "stop 10 0"))
      assert.same({}, sent(state, "cancel"))
    end
  end)

  it("to leave is sent once the worker has introduced itself", function()
    for _, state in ipairs { "idle", "rows", "settling" } do assert.same({ "shutdown 0" }, sent(state, "shutdown")) end
    assert.same({}, sent("hello", "shutdown"))
    assert.same({}, sent("over", "shutdown"))
  end)
end)

describe("a stream that ends", function()
  it("between two frames is not truncated", function()
    for state in pairs(pure.offset) do
      assert.equal("ok", pure.from(state, { "end" })[1][1].line)
    end
  end)

  it("inside a frame is truncated there", function()
    local err = error_of(pure.from("rows", { frames.ready(1):sub(1, 5), "end" })[2][1])
    assert.same({ "protocol", pure.offset.rows }, { err.kind, err.offset })
  end)
end)
