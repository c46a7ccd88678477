-- Programs that are not workers, or not ours.
local behaviour = require "support.behaviour"
local frames = require "support.frames"
local paths = require "support.paths"
local shell = require "support.shell"

--- A start that fails for the reason in these steps.
local function refused(kind, words, ...)
  local failure = behaviour.refused(kind, behaviour.speaking(...))
  behaviour.says(failure.message, words)
  return failure
end

local HELLO = frames.hello()

describe("a program that prints before it introduces itself", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  local function quoted(line, ...)
    local failure = behaviour.refused("handshake", ...)
    behaviour.says(failure.message, line)
    assert.equal("--lines", failure.option)
    return failure
  end

  it("(JSON lines) is a handshake failure that quotes the first line and names --lines", function()
    quoted('{"n":1}', { behaviour.file "prints_json_lines" })
  end)

  it("(anything else) is the same", function()
    quoted("hello, world", { "sh", "-c", "echo hello, world; echo and more" })
  end)

  it("and keeps running is detected by the startup timeout at the latest", function()
    local elapsed = behaviour.timed(function()
      quoted("hello", { "sh", "-c", "echo hello; exec sleep 60" }, { startup_timeout = 0.5 })
    end)
    assert.is_true(elapsed < 1.5, elapsed .. " s")
  end)

  it("and never reads or ends a line is detected as well", function()
    quoted("hello", { "sh", "-c", "printf hello; exec sleep 60" }, { startup_timeout = 0.3 })
  end)

  it("and dies has its exit status in the failure", function()
    local failure = quoted("oops", { "sh", "-c", "echo oops; exit 3" })
    assert.equal(3, failure.exit_status)
  end)

  it("(megabytes) is detected without waiting for them or keeping them", function()
    quoted("eeee", { "sh", "-c", "exec yes eeee" }, { startup_timeout = 0.5 })
  end)

  it("over the stdio transport is the same", function()
    quoted('{"n":1}', { behaviour.file "prints_json_lines" }, { transport = "stdio" })
    quoted("hello", { "sh", "-c", "echo hello; exec sleep 60" }, { transport = "stdio", startup_timeout = 0.5 })
  end)

  it("and is a worker after all is accepted: its output is a diagnostic", function()
    local worker = behaviour.spawn "prints.lua"
    behaviour.succeeded(behaviour.run(worker, "talk", { n = 1 }))
  end)

  it("works with the option that the failure names", function()
    local worker = behaviour.spawn("prints_json_lines", { lines = true })
    local seen = behaviour.run(worker)
    behaviour.succeeded(seen)
    assert.same({ '{"n":1}', '{"n":2}' }, seen.rows)
  end)
end)

describe("a program that is silent", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("and exits with 0 is a handshake failure", function()
    local failure = behaviour.refused("handshake", { "true" })
    behaviour.says(failure.message, "exited with status 0 before it introduced itself")
  end)

  it("and exits with another status has that in the failure", function()
    assert.equal(9, behaviour.refused("handshake", { "sh", "-c", "exit 9" }).exit_status)
  end)

  it("and is killed is worker_exited", function()
    assert.equal(9, behaviour.refused("worker_exited", { "sh", "-c", "kill -9 $$" }).signal)
  end)

  it("on stdout, but complains on stderr, has its complaint in the failure", function()
    local failure = behaviour.refused("handshake", { "sh", "-c", "echo 'no such option' >&2; exit 2" })
    assert.equal("no such option\n", failure.tail)
  end)
end)

describe("a wrong hello", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("(no magic) is a handshake failure that quotes it", function()
    local failure = refused("handshake", 'it began with "GET / HTTP/1.1', "GET / HTTP/1.1\r\n\r\n")
    assert.equal(0, failure.offset)
  end)

  it("(magic converted by a text-mode pipe) is a handshake failure", function()
    refused("handshake", "it began with", (frames.magic:gsub("\r\n", "\n")) .. HELLO)
  end)

  it("(other versions of the protocol) is a handshake failure with both ranges", function()
    local failure = refused("handshake", "speaks protocol versions 2 to 3, this sluice speaks 1",
      frames.magic .. frames.hello { version_min = 2, version_max = 3 })
    assert.equal(#frames.magic, failure.offset)
    refused("handshake", "versions 0 to 0", frames.magic .. frames.hello { version_min = 0, version_max = 0 })
  end)

  it("(a range of versions around ours) is accepted", function()
    local worker = behaviour.spawn(behaviour.speaking(
      frames.magic .. frames.hello { version_min = 0, version_max = 9 }, { await = "request" }, frames.answer {}))
    behaviour.succeeded(behaviour.run(worker, "index"))
  end)

  it("(a frame of another version) is a handshake failure", function()
    refused("handshake", "protocol version 2, expected 1", frames.magic .. frames.hello { head = { version = 2 } })
  end)

  it("(another frame first) is a handshake failure", function()
    refused("handshake", "row frame before its hello", frames.magic .. frames.row { payload = "1" })
    refused("handshake", "ready frame before its hello", frames.magic .. frames.ready(0))
  end)

  it("(cut anywhere) is a handshake or a protocol failure, never a worker", function()
    local opening = frames.magic .. HELLO
    for n = 0, #opening - 1, 3 do
      local worker, failure = behaviour.try(behaviour.speaking(opening:sub(1, n), { exit = 0 }))
      assert.is_nil(worker)
      assert.is_true(failure.kind == "handshake" or failure.kind == "protocol", "cut at " .. n .. ": " .. failure.kind)
    end
  end)

  it("(twice) ends the worker", function()
    local worker = behaviour.spawn(behaviour.speaking(frames.magic .. HELLO, { await = "request" }, HELLO))
    behaviour.failed("protocol", behaviour.run(worker, "index"))
  end)

  it("(too small a frame cap) is a handshake failure", function()
    refused("handshake", "accepts frames of at most 1000 bytes", frames.magic .. frames.hello { max_frame = 1000 })
  end)

  it("(a smaller cap than ours) sets the cap", function()
    local worker = behaviour.spawn(behaviour.speaking(frames.magic .. frames.hello { max_frame = 65536 },
      { await = "request" }, frames.rows { ("1"):rep(65537) }))
    assert.equal(65536, worker:info().max_frame)
    behaviour.failed("frame_too_large", behaviour.run(worker, "index"))
  end)

  it("(a payload that is too short, too long, or has a wrong length field) is a handshake failure", function()
    local payload = HELLO:sub(25)
    for _, wrong in ipairs { "", payload:sub(1, 20), payload .. "x", payload:sub(1, 6) .. "\255\255\255\255" } do
      refused("handshake", "hello frame whose payload", frames.magic .. frames.frame("hello", wrong))
    end
  end)

  it("(more exports than the limit) is a handshake failure", function()
    local exports = {}
    for i = 1, 4097 do exports[i] = { tostring(i), "rows" } end
    refused("handshake", "exports", frames.magic .. frames.hello { exports = exports })
  end)

  it("(longer than 64 KiB) is frame_too_large before its payload arrives", function()
    refused("frame_too_large", "over the cap of 65536", frames.magic .. frames.hello { head = { length = 70000 } })
  end)
end)

describe("a worker that offers features", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("that the runner does not know is served as if it offered none", function()
    local opening = frames.magic .. frames.hello { features = { "heartbeat-9", "_", "0" } }
    local worker = behaviour.spawn(behaviour.speaking(opening, { await = "request" }, frames.answer { "1" }))
    assert.same({ "1" }, behaviour.run(worker, "index").rows)
    local info = worker:info()
    assert.same({ "worker", { { name = "index", type = "rows" } } }, { info.name, info.exports })
  end)

  it("against the rules is a handshake failure", function()
    refused("handshake", 'the feature name "Loud"', frames.magic .. frames.hello { features = { "Loud" } })
    refused("handshake", 'the feature name "a" twice', frames.magic .. frames.hello { features = { "a", "a" } })
    refused("handshake", "is too long", frames.magic .. frames.hello { features = { "a" }, feature_count = 0 })
  end)
end)

describe("a worker that is configured with", function()
  after_each(shell.forget)

  --- The worker's complaint about this configure: it sends hello, complains, and exits.
  local function complaint(command, configure)
    local result = shell.run(command, { input = frames.configure(configure), env = { SLUICE_TRANSPORT = "stdio" } })
    local sent, rest = frames.read_all(result.out, #frames.magic + 1)
    assert.same({ 76, 1, "hello", "" }, { result.status, #sent, sent[1].name, rest })
    assert.same({}, sent[1].message.features)
    return result.err
  end

  for name, command in pairs {
    ["in C"] = { behaviour.file "wellbehaved" },
    ["in Lua"] = { paths.sluice, "worker", behaviour.file "counts.lua" },
  } do
    it(("a feature that it did not offer ends with a protocol failure (%s)"):format(name), function()
      assert.equal('sluice worker: the runner picked the feature "test", which was not offered\n',
        complaint(command, { features = { "test" } }))
    end)

    it(("a list of features that is invalid or missing ends the same (%s)"):format(name), function()
      behaviour.says(complaint(command, { features = { "a", "a" } }), 'has the feature name "a" twice (byte 0)')
      behaviour.says(complaint(command, { feature_count = 65 }), "lists 65 features, over the limit of 64")
      behaviour.says(complaint(command, { feature_count = 1 }), "a configure frame whose payload is too short")
    end)
  end
end)

describe("a worker that cannot start", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  local CASES = {
    ["broken_syntax.lua"] = "broken_syntax.lua:3:", ["raises_at_load.lua"] = "not today",
    ["returns_no_table.lua"] = "returns_no_table.lua", ["wrong_table.lua"] = "exports.index",
    ["no_table.so"] = "no_table.so", ["wrong_abi.so"] = "wrong_abi.so", ["missing.lua"] = "missing.lua",
  }

  for name, words in pairs(CASES) do
    it(("(%s) reports the reason"):format(name), function()
      local worker, failure = behaviour.try(name)
      assert.is_nil(worker)
      behaviour.says(failure.message, words)
    end)
  end

  it("sends a failure of its own instead of a hello", function()
    local failure = refused("spawn", "no database", frames.magic ..
      frames.failure { request = 0, kind = "spawn", message = "no database" }, { exit = 1 })
    assert.equal("no database", failure.message)
  end)

  it("cannot report the kinds that are reserved for the runner", function()
    refused("export_failed", "out of time", frames.magic ..
      frames.failure { request = 0, kind = "request_timeout", message = "out of time" })
  end)
end)

describe("the output of a worker before its hello", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("is a diagnostic of the request that started it", function()
    local worker = behaviour.spawn(behaviour.speaking({ print = "warming up" }, frames.magic .. HELLO,
      { await = "request" }, frames.answer {}))
    worker:cycle()
    local seen = behaviour.run(worker, "index")
    behaviour.succeeded(seen)
    assert.same({ "worker.stderr: warming up" }, seen.diagnostics)
  end)
end)
