--- Bytes in, frames out: truncation, errors, and memory.
local frames = require "support.frames"
local paths = require "support.paths"
local support = require "wire.support"
local hex = support.hex

local KIB, MIB = 1024, 1024 * 1024

local conversation = frames.magic
  .. frames.hello { exports = { { "index", "rows" }, { "size", "call" } } }
  .. frames.rows { '{"a":1}', "null", "", ("x"):rep(300) }
  .. frames.diagnostic { code = "c", message = "m" } .. frames.progress { phase = "p", total = 3 }
  .. frames.summary { metadata = "{}", seals = { frames.seal(1, { "1" }) } } .. frames.ready(1)
  .. frames.reply { request = 2, json = "[]" } .. frames.failure { request = 3, details = { { "status", 7 } } }

describe("frames", function()
  local whole = support.lines((support.decode(conversation, { mode = "magic" })))

  it("are read from one piece", function()
    local kinds = {}
    for _, line in ipairs(whole) do kinds[#kinds + 1] = line:match "^frame (%S+)" end
    assert.same({ "hello", "stream", "row", "row", "row", "row", "diagnostic", "progress", "summary", "ready", "reply",
      "failure" }, kinds)
  end)

  for _, mode in ipairs { "magic", "tolerant" } do
    for _, chunk in ipairs { 1, 2, 3, 7, 10, 11, 23, 24, 25, 34, 100 } do
      it(("are the same when read in pieces of %d bytes (%s)"):format(chunk, mode), function()
        local answer, ending = support.decode(conversation, { mode = mode, chunk = chunk })
        assert.same(whole, support.lines(answer))
        assert.equal("ok", ending[1].line)
      end)
    end
  end

  it("are the same wherever the stream is split in two", function()
    local commands = {}
    for n = 1, #conversation - 1 do
      commands[#commands + 1] = "decoder 1048576 magic"
      commands[#commands + 1] = "feed " .. hex(conversation:sub(1, n))
      commands[#commands + 1] = "feed " .. hex(conversation:sub(n + 1))
    end
    local answers = support.run(commands)
    for n = 1, #conversation - 1 do
      local lines = support.lines(answers[3 * n - 1])
      table.move(support.lines(answers[3 * n]), 1, #whole, #lines + 1, lines)
      assert.same(whole, lines)
    end
  end)

  it("carry the offset of their header", function()
    local answer = support.decode(frames.ready(1) .. frames.row { payload = "1234" } .. frames.ready(1))
    local offsets = {}
    for i, words in ipairs(answer) do offsets[i] = words[6] end
    assert.same({ "0", "24", "52" }, offsets)
  end)

  it("may be as long as the cap", function()
    local answer = support.decode(frames.row { payload = ("x"):rep(65536) }, { cap = 65536 })
    assert.equal("frame", answer[1][1])
    assert.is_nil(answer[2])
  end)

  it("are held to a new cap once it is set", function()
    local long = hex(frames.row { payload = ("x"):rep(100) })
    local answers = support.run { "decoder 99 plain", "cap 100", "feed " .. long, "cap 99", "feed " .. long }
    assert.equal("frame", answers[3][1][1])
    assert.equal("frame_too_large", support.error_of(answers[5][1]).kind)
  end)
end)

describe("a stream that ends", function()
  local before = frames.magic .. frames.hello()
  local row = frames.row { payload = "12345" }

  it("between two frames is well-formed", function()
    local _, ending = support.decode(before .. row, { mode = "magic" })
    assert.equal("ok", ending[1].line)
  end)

  it("anywhere inside a header is an error with its place", function()
    for n = 1, 23 do
      local answer, ending = support.decode(before .. row:sub(1, n), { mode = "magic" })
      assert.equal(2, #answer)
      local err = support.error_of(ending[1])
      assert.equal("protocol", err.kind)
      assert.equal(#before, err.offset)
      assert.equal(("the stream ended inside a header: %d of 24 bytes (byte %d)"):format(n, #before), err.message)
    end
  end)

  it("anywhere inside a payload is an error with its frame", function()
    for n = 24, #row - 1 do
      local answer, ending = support.decode(before .. row:sub(1, n), { mode = "magic" })
      assert.equal(2, #answer)
      local err = support.error_of(ending[1])
      assert.equal(#before, err.offset)
      assert.equal(("the stream ended inside a row frame: %d of 5 bytes (byte %d)"):format(n - 24, #before), err.message)
    end
  end)

  it("inside the magic is a handshake error", function()
    for n = 1, #frames.magic - 1 do
      local _, ending = support.decode(frames.magic:sub(1, n), { mode = "magic" })
      assert.equal("handshake", support.error_of(ending[1]).kind)
    end
  end)
end)

describe("a header", function()
  it("whose length is over the cap is refused before its payload arrives", function()
    local err = support.fault(frames.ready(1) .. frames.row { payload = "", head = { length = 65537 } }, { cap = 65536 })
    assert.equal("frame_too_large", err.kind)
    assert.same({ 24, 65537, 65536 }, { err.offset, err.size, err.limit })
    assert.equal("a row frame of 65537 bytes, over the cap of 65536 (byte 24)", err.message)
  end)

  it("with the longest length is refused like any other", function()
    local err = support.fault(frames.frame("row", "", { length = 0xFFFFFFFF }), { cap = 256 * MIB })
    assert.equal(0xFFFFFFFF, err.size)
  end)

  it("of another version is refused", function()
    local err = support.fault(frames.ready(1) .. frames.frame("row", "", { version = 2 }))
    assert.equal("protocol", err.kind)
    assert.equal("frame of protocol version 2, expected 1 (byte 24)", err.message)
    assert.equal(24, err.offset)
  end)

  it("of another version at the start is a handshake error", function()
    local err = support.fault(frames.magic .. frames.frame("hello", "", { version = 2 }), { mode = "magic" })
    assert.equal("handshake", err.kind)
    assert.equal(10, err.offset)
  end)

  it("of an unknown kind is refused, for every such kind", function()
    for kind = 0, 255, paths.sanitized and 15 or 1 do
      if not frames.names[kind] then
        local err = support.fault(frames.frame(kind, "1"))
        assert.equal("protocol", err.kind)
        assert.equal(("unknown kind of frame %d (byte 0)"):format(kind), err.message)
      end
    end
  end)

  it("that is refused ends the connection permanently", function()
    local answers = support.run { "decoder 100 plain", "feed " .. hex(frames.frame(99)), "feed " .. hex(frames.ready(1)), "end" }
    assert.equal("the connection is already broken", support.error_of(answers[3][1]).message)
    assert.is_nil(answers[3][2])
    assert.equal("the connection is already broken", support.error_of(answers[4][1]).message)
  end)
end)

describe("the magic", function()
  it("is awaited as long as it can still arrive", function()
    for n = 0, #frames.magic do
      local answer = support.decode(frames.magic:sub(1, n), { mode = "magic", chunk = 1 })
      assert.same({}, support.lines(answer))
    end
  end)

  it("is refused for a wrong byte in any place, quoting what arrived", function()
    for n = 1, #frames.magic do
      local wrong = frames.magic:sub(1, n - 1) .. "?" .. frames.magic:sub(n + 1)
      local err = support.fault(wrong, { mode = "magic" })
      assert.equal("handshake", err.kind)
      assert.equal(0, err.offset)
      assert.matches("^the worker does not speak the protocol: it began with \"", err.message)
    end
  end)

  it("does not survive a pipe that changes line endings", function()
    assert.equal("handshake", support.fault(frames.magic:gsub("\r\n", "\n"), { mode = "magic" }).kind)
    assert.equal("handshake", support.fault(frames.magic:gsub("\n", "\r\n"), { mode = "magic" }).kind)
  end)

  it("is an error that quotes the text if text comes instead", function()
    local err = support.fault("Usage: scan [FILE]\n", { mode = "magic" })
    assert.equal([[the worker does not speak the protocol: it began with "Usage: scan [FILE]\x0a"]], err.message)
  end)
end)

describe("text before the magic, where that is tolerated,", function()
  local function decode(preamble, chunk)
    local answers = support.run { "decoder 65536 tolerant",
      ("feed %s %s"):format(hex(preamble .. frames.magic .. frames.hello()), chunk or ""), "preamble", "pending" }
    return answers[2], support.unhex(answers[3][1][2])
  end

  local preambles = {
    ["nothing"] = "", ["a line"] = "Welcome to host\n", ["a NUL"] = "\0",
    ["the magic's first byte"] = "\x93", ["the magic without its end"] = "\x93sluice\r\n",
    ["beginnings of the magic"] = "\x93\x93slu\x93sluice\r\x93sluice\r\n\x93s",
  }
  for name, preamble in pairs(preambles) do
    it("is kept: " .. name, function()
      for _, chunk in ipairs { 1, 2, 5, 1000 } do
        local answer, kept = decode(preamble, chunk)
        assert.equal(preamble, kept)
        assert.equal("hello", answer[1][2])
        assert.equal(tostring(#preamble + 10), answer[1][6])
      end
    end)
  end

  it("may be 64 KiB long", function()
    local answer, kept = decode(("x"):rep(64 * KIB), 1000)
    assert.equal(64 * KIB, #kept)
    assert.equal("hello", answer[1][2])
  end)

  it("is an error if it is a byte longer", function()
    for _, chunk in ipairs { 1000, 100000 } do
      local err = support.error_of(decode(("x"):rep(64 * KIB + 1), chunk)[1])
      assert.equal("handshake", err.kind)
      assert.equal("no sign of a worker in the first 65536 bytes", err.message)
    end
  end)
end)

describe("memory", function()
  --- the most bytes held while these commands ran
  local function most(commands)
    table.insert(commands, 1, "clear")
    table.insert(commands, 2, "memory")
    table.insert(commands, "memory")
    local answers = support.run(commands)
    return tonumber(answers[#answers][1][3]), answers
  end

  it("does not grow with a length that is only announced", function()
    for _, arrived in ipairs { 0, 1, 1000, 65536, 200000 } do
      local peak = most { "decoder " .. 256 * MIB .. " plain",
        "feed " .. hex(frames.frame("row", "", { length = 256 * MIB })), "announce " .. arrived }
      assert.is_true(peak <= arrived + 24 + 64 * KIB + 64, ("%d bytes held for %d that arrived"):format(peak, arrived))
    end
  end)

  it("does not grow for a length that is over the cap", function()
    local peak = most { "decoder 65536 plain", "feed " .. hex(frames.frame("row", "", { length = 0xFFFFFFFF })) }
    assert.is_true(peak <= 24 + 64 * KIB)
  end)

  it("stays the same however many frames pass", function()
    local chunk = "feed " .. hex(frames.row { payload = ("x"):rep(1000) }:rep(60)) .. " 10000"
    local function after(times)
      local commands = { "decoder 65536 plain" }
      for _ = 1, times do commands[#commands + 1] = chunk end
      return (most(commands))
    end
    assert.equal(after(2), after(20))
  end)

  it("is released when it is trimmed", function()
    local answers = support.run { "decoder 1048576 plain", "feed " .. hex(frames.row { payload = ("x"):rep(500000) }),
      "memory", "trim 4096", "memory" }
    assert.is_true(tonumber(answers[3][1][2]) > 500000)
    assert.is_true(tonumber(answers[5][1][2]) <= 4096 + 64)
  end)

  it("exhaustion at any single allocation is reported, and nothing leaks", function()
    local with_text = "x\n" .. conversation
    local n, failures = 0, 0
    repeat
      n = n + 1
      local answers = support.run { "decoder 65536 tolerant", ("starve %d feed %s 50"):format(n, hex(with_text)), "clear", "memory" }
      local lines, answer = support.lines(answers[2]), answers[2]
      local called = tonumber(answer[#answer][2])
      local failed = false
      for i, line in ipairs(lines) do
        local err = line:find "^error" and support.error_of(answer[i])
        failed = failed or line == "short of memory" or (err and err.os == 12)
      end
      assert((failed or false) == (called >= n), ("allocation %d failed without a word: %s"):format(n, lines[#lines - 1]))
      assert.equal("memory 0", answers[4][1].line:match "^memory 0")
      assert.equal("0", answers[4][1][4])
      failures = failures + (failed and 1 or 0)
    until called < n
    assert.is_true(failures > 3)
  end)
end)
