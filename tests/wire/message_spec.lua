--- Every message through both encoders and both decoders.
local frames = require "support.frames"
local support = require "wire.support"
local hex, unhex = support.hex, support.unhex

local big = 0x7FFFFFFFFFFFFFFF

-- 64 names, 64 bytes each.
local most, most_hex = {}, {}
for i = 1, 64 do
  most[i] = ("abcdefghijklmnopqrstuvwxyz-0123456789_"):rep(2):sub(1, 62) .. ("%02d"):format(i)
  most_hex[i] = hex(most[i])
end
most_hex = table.concat(most_hex, " ")

-- name, the frame made in Lua, the probe's command for the same frame, and
-- the probe's answer for the message
local messages = {
  { "hello without exports", frames.hello { name = "w", version = "1", runtime = "r", exports = {}, max_frame = 65536 },
    "hello 1 1 65536 77 31 72", "message 1 1 65536 77 31 72 features" },
  { "hello with exports and empty names", frames.hello { name = "", version = "", runtime = "", version_max = 9,
      exports = { { "index", "rows" }, { "größe", "call" }, { "", "rows" } } },
    "hello 1 9 268435456 - - - 1 " .. hex "index" .. " 2 " .. hex "größe" .. " 1 -",
    "message 1 9 268435456 - - - 1 " .. hex "index" .. " 2 " .. hex "größe" .. " 1 - features" },
  { "hello with one feature", frames.hello { name = "", version = "", runtime = "", features = { "x" } },
    "hello 1 1 268435456 - - - 1 " .. hex "index" .. " features 78",
    "message 1 1 268435456 - - - 1 " .. hex "index" .. " features 78" },
  { "hello with as many features as may be", frames.hello { name = "", version = "", runtime = "", exports = {}, features = most },
    "hello 1 1 268435456 - - - features " .. most_hex, "message 1 1 268435456 - - - features " .. most_hex },
  { "configure", frames.configure { max_frame = 0x10203040 }, "configure 0 1 0x10203040", "message 1 270544960 features" },
  { "configure with features", frames.configure { max_frame = 65536, features = { "b-2", "a_1" } },
    "configure 0 1 65536 " .. hex "b-2" .. " " .. hex "a_1", "message 1 65536 features " .. hex "b-2" .. " " .. hex "a_1" },
  { "request", frames.request { request = 258, export = "index", json = '{"a":1}' },
    "request 258 1 " .. hex "index" .. " " .. hex '{"a":1}', "message 1 " .. hex "index" .. " " .. hex '{"a":1}' },
  { "request of a call", frames.request { request = big, type = "call", export = "", json = "0" },
    ("request %d 2 - 30"):format(big), "message 2 - 30" },
  { "stop", frames.plain("stop", 7), "plain 7 4" },
  { "cancel", frames.plain("cancel", 7), "plain 7 5" },
  { "shutdown", frames.plain("shutdown"), "plain 0 6" },
  { "ready", frames.ready(7), "plain 7 23" },
  { "stream", frames.stream { request = 3, stream = 1024, name = "rows" }, "raw 3 16 1024 0 " .. hex "rows" },
  { "row", frames.row { request = 3, stream = 65535, sequence = big, payload = "[\0]" },
    ("raw 3 17 65535 %d 5b005d"):format(big) },
  { "row without a payload", frames.row { request = 3, payload = "" }, "raw 3 17 1 0 -" },
  { "reply", frames.reply { request = 4, json = "null" }, "raw 4 21 0 0 " .. hex "null" },
  { "diagnostic", frames.diagnostic { request = 2, code = "io.open", message = "no such file" },
    "diagnostic 2 " .. hex "io.open" .. " " .. hex "no such file", "message " .. hex "io.open" .. " " .. hex "no such file" },
  { "progress with a total", frames.progress { phase = "scan", current = 3, total = big },
    ("progress 1 %s 3 1 %d"):format(hex "scan", big), ("message %s 3 1 %d"):format(hex "scan", big) },
  { "progress without a total", frames.progress { phase = "", current = big },
    ("progress 1 - %d 0 0"):format(big), ("message - %d 0 0"):format(big) },
  { "summary with nothing in it", frames.summary { request = 9 }, "summary 9 0 0 none", "message 0 0 none" },
  { "summary with metadata and seals", frames.summary { stopped = true, elapsed_ns = big, metadata = "{}",
      seals = { { stream = 1, rows = 2, bytes = 3, checksum = -1 }, { stream = 2, rows = 0, bytes = 0, checksum = 0 } } },
    ("summary 1 1 %d 7b7d 1:2:3:ffffffffffffffff 2:0:0:0"):format(big),
    ("message 1 %d 7b7d 1:2:3:ffffffffffffffff 2:0:0:0000000000000000"):format(big) },
  { "summary with empty metadata", frames.summary { metadata = "" }, "summary 1 0 0 -", "message 0 0 -" },
  { "failure", frames.failure { kind = "export_failed", message = "no" }, "failure 1 export_failed 0 " .. hex "no",
    "message export_failed 0 " .. hex "no" },
  { "failure with details", frames.failure { request = 0, kind = "spawn", os = 2, message = "é",
      details = { { "status", -7 }, { "stream", "rows" } } },
    "failure 0 spawn 2 " .. hex "é" .. " status -7 stream " .. hex "rows",
    "message spawn 2 " .. hex "é" .. " status=-7 stream= " .. hex "rows" },
}

describe("the C encoder", function()
  local commands = {}
  for i, m in ipairs(messages) do commands[i] = "encode " .. m[3] end
  local answers = support.run(commands)
  for i, m in ipairs(messages) do
    it("writes the same " .. m[1] .. " as the Lua encoder", function()
      assert.equal(hex(m[2]), answers[i][1][2])
    end)
  end
end)

describe("the C decoder", function()
  local commands = {}
  for _, m in ipairs(messages) do
    commands[#commands + 1] = "decoder 1048576 plain"
    commands[#commands + 1] = "feed " .. hex(m[2])
  end
  local answers = support.run(commands)
  for i, m in ipairs(messages) do
    it("reads the " .. m[1] .. " of the Lua encoder", function()
      local answer, f = answers[2 * i], frames.read(m[2])
      assert.equal(("frame %s %d %d %d 0 %s"):format(f.name, f.stream, f.request, f.sequence, hex(f.payload)), answer[1].line)
      assert.equal(m[4], answer[2] and answer[2].line)
      assert.is_nil(answer[3])
    end)
  end
end)

describe("the Lua decoder", function()
  it("reads what the C encoder wrote", function()
    local commands = {}
    for i, m in ipairs(messages) do commands[i] = "encode " .. m[3] end
    for i, answer in ipairs(support.run(commands)) do
      local bytes = unhex(answer[1][2])
      local f, after = frames.read(bytes)
      assert.equal(#bytes + 1, after)
      assert.same(frames.read(messages[i][2]), f)
    end
  end)
end)

describe("a payload", function()
  local with_fields = {}
  for _, m in ipairs(messages) do if m[4] then with_fields[#with_fields + 1] = m end end

  --- The same frame with another payload.
  local function changed(bytes, change)
    local f = frames.read(bytes)
    return frames.frame(f.name, change(f.payload), { request = f.request })
  end

  it("is refused with name and place if it is truncated anywhere", function()
    local commands, cuts = {}, {}
    for _, m in ipairs(with_fields) do
      for n = 0, #m[2] - frames.header_size - 1 do
        commands[#commands + 1] = "decoder 1048576 plain"
        commands[#commands + 1] = "feed " .. hex(frames.ready(1) .. changed(m[2], function(p) return p:sub(1, n) end))
        cuts[#cuts + 1] = m
      end
    end
    local answers = support.run(commands)
    for i, m in ipairs(cuts) do
      local answer = answers[2 * i]
      local err = support.error_of(answer[3])
      assert(err, m[1] .. ": " .. (answer[3] and answer[3].line or "accepted"))
      assert.equal("protocol", err.kind)
      assert.equal(24, err.offset)
      assert.equal(("a %s frame whose payload is too short (byte 24)"):format(frames.read(m[2]).name), err.message)
    end
  end)

  for _, m in ipairs(with_fields) do
    it("is refused if a byte follows the " .. m[1], function()
      local answer = support.decode(changed(m[2], function(p) return p .. "\0" end))
      local err = support.error_of(answer[2])
      assert.equal("protocol", err.kind)
      assert.matches("too long %(byte 0%)", err.message)
    end)
  end

  local function refused(frame)
    local answer = support.decode(frame)
    return support.error_of(answer[#answer])
  end

  it("of a hello is refused for an export that is neither rows nor call", function()
    assert.matches("a hello frame whose payload names an export of unknown type 3", refused(frames.hello { exports = { { "x", 3 } } }).message)
  end)

  it("of a hello is refused for more exports than the limit", function()
    local exports = {}
    for i = 1, 4097 do exports[i] = { "x", "rows" } end
    assert.matches("lists 4097 exports, over the limit of 4096", refused(frames.hello { exports = exports }).message)
  end)

  it("of a hello is refused for a wrong number of exports", function()
    local f = frames.read(frames.hello { exports = {} })
    assert.matches("too short", refused(frames.frame("hello", f.payload:sub(1, -9) .. "\x00\x10\0\0")).message)
  end)

  for _, kind in ipairs { "hello", "configure" } do
    local function wrong(features, count)
      local err = refused(frames.ready(1) .. frames[kind] { features = features, feature_count = count })
      assert.same({ "protocol", 24 }, { err.kind, err.offset })
      return err.message:match(("^a %s frame whose payload (.*) %%(byte 24%%)$"):format(kind))
    end

    it(("of a %s is refused without a list of features"):format(kind), function()
      local payload = frames.read(frames[kind] {}).payload
      assert.matches("is too short", refused(frames.frame(kind, payload:sub(1, -5))).message)
    end)

    it(("of a %s is refused for more features than the limit"):format(kind), function()
      assert.equal("lists 65 features, over the limit of 64", wrong(table.move(most, 1, 64, 1, { [65] = "one-more" })))
      assert.equal("lists 4294967295 features, over the limit of 64", wrong({}, 0xFFFFFFFF))
    end)

    it(("of a %s is refused for a wrong number of features"):format(kind), function()
      assert.equal("is too short", wrong({ "a" }, 2))
      assert.equal("is too long", wrong({ "a", "b" }, 1))
    end)

    it(("of a %s is refused for a duplicate feature"):format(kind), function()
      assert.equal('has the feature name "a" twice', wrong { "a", "b", "a" })
    end)

    it(("of a %s is refused for a feature's name that is empty or too long"):format(kind), function()
      assert.equal("has a feature name of 0 bytes, expected 1 to 64", wrong { "a", "" })
      assert.equal("has a feature name of 65 bytes, expected 1 to 64", wrong { ("x"):rep(65) })
    end)

    it(("of a %s is refused for a feature's name with invalid characters"):format(kind), function()
      local commands = {}
      for byte = 0, 255 do
        table.insert(commands, "decoder 1048576 plain")
        table.insert(commands, "feed " .. hex(frames[kind] { features = { "a" .. string.char(byte) .. "b" } }))
      end
      local answers = support.run(commands)
      for byte = 0, 255 do
        local good = string.char(byte):find "[a-z0-9_-]" ~= nil
        assert.equal(good and "message" or "error", answers[2 * byte + 2][2][1], "byte " .. byte)
      end
      assert.equal([[has the feature name "a\x00", expected lower-case letters, digits, "-" and "_"]], wrong { "a\0" })
    end)
  end

  it("of a request is refused for a type that is neither rows nor call", function()
    local f = frames.read(frames.request { export = "x" })
    assert.matches("unknown type 0", refused(frames.frame("request", "\0" .. f.payload:sub(2))).message)
  end)

  it("of a summary is refused for more seals than the limit of streams", function()
    local f = frames.read(frames.summary {})
    assert.matches("seals 1025 streams, over the limit of 1024", refused(frames.frame("summary", f.payload:sub(1, -5) .. "\x01\x04\0\0")).message)
  end)

  it("of a failure is refused for a detail that is neither number nor text", function()
    local f = frames.read(frames.failure {})
    local payload = f.payload:sub(1, -5) .. string.pack("<I4s4I1", 1, "status", 3)
    assert.matches("has a detail of unknown type 3", refused(frames.frame("failure", payload)).message)
  end)

  it("of a failure may have a kind and details from a later version", function()
    local answer = support.decode(frames.failure { kind = "lost_interest", message = "m",
      details = { { "mood", "bad" }, { "mood", 3 }, { "status", "text where a number is due" }, { "status", 4 } } })
    assert.same({ kind = "export_failed", os = 0, message = "m", status = 4 }, support.error_of(answer[2]))
  end)

  it("of a failure keeps whole characters when its message is truncated", function()
    local answer = support.decode(frames.failure { message = "x" .. ("é"):rep(400) })
    local message = support.error_of(answer[2]).message
    assert.is_truthy(utf8.len(message))
    assert.is_true(#message > 500)
  end)
end)
