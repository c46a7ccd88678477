--- The record that both ends keep of the streams of a request, and the seal between them.
local frames = require "support.frames"
local paths = require "support.paths"
local support = require "wire.support"
local hex = support.hex

--- Runs commands on a fresh ledger; returns the first line of each answer.
local function ledger(commands)
  table.insert(commands, 1, "ledger")
  local answers = support.run(commands)
  table.remove(answers, 1)
  return answers
end

--- The error of the last of these commands.
local function fault(commands)
  local answers = ledger(commands)
  for i = 1, #answers - 1 do
    assert(answers[i][1].line:find "^[os][kte]", commands[i + 1] .. ": " .. answers[i][1].line)
  end
  return support.error_of(answers[#answers][1])
end

local function seal_word(s) return ("%d:%d:%d:%x"):format(s.stream, s.rows, s.bytes, s.checksum) end

describe("a seal", function()
  local payloads = { "{}", "", "null", ("x"):rep(1000), "{}" }

  it("of a stream is the same in Lua and in C", function()
    local answers = ledger { "declare 1 " .. hex "rows", "receive 1 0 " .. hex "{}", "receive 1 1 -",
      "receive 1 2 " .. hex "null", "receive 1 3 " .. hex(payloads[4]), "receive 1 4 " .. hex "{}", "seals" }
    local s = frames.seal(1, payloads)
    assert.equal(("seals 5 1:5:1008:%016x"):format(s.checksum), answers[7][1].line)
  end)

  it("that matches what arrived is accepted", function()
    assert.is_nil(fault { "declare 1 61", "declare 2 62", "receive 2 0 30", "receive 1 0 31", "receive 2 1 32",
      ("check %s %s"):format(seal_word(frames.seal(1, { "1" })), seal_word(frames.seal(2, { "0", "2" }))) })
  end)

  it("of no streams at all is accepted", function()
    assert.is_nil(fault { "check" })
  end)

  it("of a stream without rows is accepted", function()
    assert.is_nil(fault { "declare 1 61", "check 1:0:0:0" })
  end)

  local function with(change)
    local s = frames.seal(1, { "10", "20" })
    change(s)
    return fault { "declare 1 " .. hex "defs", "receive 1 0 " .. hex "10", "receive 1 1 " .. hex "20", "check " .. seal_word(s) }
  end

  it("with another number of rows is refused, with both figures", function()
    local err = with(function(s) s.rows = 3 end)
    assert.same({ "protocol", "defs", 'stream "defs": 2 rows arrived, but the summary says 3' }, { err.kind, err.stream, err.message })
  end)

  it("with another number of bytes is refused, with both figures", function()
    assert.equal('stream "defs": 4 bytes arrived, but the summary says 5', with(function(s) s.bytes = 5 end).message)
  end)

  it("with one wrong bit in its checksum is refused", function()
    for bit = 0, 63, paths.sanitized and 9 or 1 do
      assert.matches('^stream "defs": checksum %x+ arrived, but the summary says %x+$', with(function(s) s.checksum = s.checksum ~ 1 << bit end).message)
    end
  end)

  it("detects rows in another order", function()
    assert.matches("checksum", with(function(s) s.checksum = frames.seal(1, { "20", "10" }).checksum end).message)
  end)

  it("detects rows with other boundaries", function()
    assert.matches("checksum", with(function(s) s.checksum = frames.seal(1, { "1", "020" }).checksum end).message)
  end)

  it("for fewer streams than arrived is refused", function()
    assert.equal("2 streams arrived, but the summary seals 1", fault { "declare 1 61", "declare 2 62", "check 1:0:0:0" }.message)
  end)

  it("for more streams than arrived is refused", function()
    assert.equal("0 streams arrived, but the summary seals 1", fault { "check 1:0:0:0" }.message)
  end)

  it("for another stream is refused", function()
    assert.equal("the summary seals stream id 2 in the place of 1", fault { "declare 1 61", "declare 2 62", "check 2:0:0:0 1:0:0:0" }.message)
  end)
end)

describe("a stream that is declared", function()
  it("must have the next id", function()
    for id, expected in pairs { [0] = 1, [2] = 1, [65535] = 1 } do
      local err = fault { ("declare %d 61"):format(id) }
      assert.same({ "protocol", ("stream id %d declared, expected %d"):format(id, expected) }, { err.kind, err.message })
    end
    assert.equal("stream id 1 declared, expected 2", fault { "declare 1 61", "declare 1 62" }.message)
  end)

  it("must have a unique name", function()
    assert.equal('stream "rows" declared twice', fault { "declare 1 " .. hex "rows", "declare 2 " .. hex "rows" }.message)
  end)

  local bad = {
    ["empty"] = { "", "is empty" },
    ["256 bytes long"] = { ("x"):rep(256), "is longer than 255 bytes" },
    ["not UTF-8"] = { "\xff", "is not UTF%-8 text without NUL" },
    ["UTF-8 cut short"] = { "gr\xc3", "is not UTF%-8 text without NUL" },
    ["an overlong form"] = { "\xc0\xaf", "is not UTF%-8 text without NUL" },
    ["a surrogate"] = { "\xed\xa0\x80", "is not UTF%-8 text without NUL" },
    ["text with a NUL"] = { "a\0b", "is not UTF%-8 text without NUL" },
  }
  for what, case in pairs(bad) do
    it("must not have a name that is " .. what, function()
      local err = fault { "declare 1 " .. hex(case[1]) }
      assert.equal("protocol", err.kind)
      assert.matches("^stream 1: a stream's name " .. case[2] .. "$", err.message)
      assert.equal("row_malformed", fault { "add " .. hex(case[1]) }.kind)
    end)
  end

  it("may have a name of 255 bytes", function()
    assert.is_nil(fault { "declare 1 " .. hex(("é"):rep(127) .. "x") })
  end)

  it("must not be the 1025th", function()
    local commands = {}
    for i = 1, 1025 do commands[i] = ("declare %d %s"):format(i, hex("stream " .. i)) end
    assert.equal("stream 1025: more than 1024 streams in one request", fault(commands).message)
  end)
end)

describe("a row", function()
  it("must belong to a stream that was declared", function()
    for _, id in ipairs { 0, 2, 65535 } do
      local err = fault { "declare 1 61", ("receive %d 0 30"):format(id) }
      assert.same({ "protocol", ("a row of stream id %d, which was not declared"):format(id) }, { err.kind, err.message })
    end
  end)

  it("must have sequence 0 if it is the first", function()
    local err = fault { "declare 1 " .. hex "defs", "receive 1 1 30" }
    assert.same({ "protocol", "defs", 1, 'stream "defs": sequence 1, expected 0' }, { err.kind, err.stream, err.sequence, err.message })
  end)

  it("must not leave a gap", function()
    assert.equal('stream "a": sequence 3, expected 2',
      fault { "declare 1 61", "receive 1 0 30", "receive 1 1 30", "receive 1 3 30" }.message)
  end)

  it("must not come twice", function()
    assert.equal('stream "a": sequence 0, expected 1', fault { "declare 1 61", "receive 1 0 30", "receive 1 0 30" }.message)
  end)

  it("counts within its own stream", function()
    assert.is_nil(fault { "declare 1 61", "declare 2 62", "receive 1 0 30", "receive 2 0 30", "receive 1 1 30", "receive 2 1 30" })
  end)
end)

describe("the sender's ledger", function()
  it("assigns ids in the order of first use, and finds a name again", function()
    local answers = ledger { "add 61", "add 62", "add 61", "add 63", "add 62" }
    local ids = {}
    for i, answer in ipairs(answers) do ids[i] = answer[1].line end
    assert.same({ "stream 1", "stream 2", "stream 1", "stream 3", "stream 2" }, ids)
  end)
end)

describe("memory for streams", function()
  it("is reported if it runs out at any single allocation, and nothing leaks", function()
    for n = 1, 3 do
      local answers = support.run { "ledger", "declare 1 61", ("starve %d declare 2 62"):format(n), "declare 2 62",
        "receive 2 0 30", "clear", "memory" }
      local err = support.error_of(answers[3][1])
      if n <= 2 then
        assert.same({ "protocol", 12, "no memory for a stream" }, { err.kind, err.os, err.message })
        assert.equal("ok", answers[4][1].line)
      else
        assert.is_nil(err)
      end
      assert.matches("^memory 0 %d+ 0$", answers[7][1].line)
    end
  end)

  it("leaves no partial frame behind if it runs out while encoding", function()
    local commands = {
      "hello 1 1 65536 77 31 72 1 61", "request 1 1 61 30", "plain 1 4", "raw 1 17 1 0 30", "diagnostic 1 61 62",
      "progress 1 61 1 1 2", "summary 1 0 0 7b7d 1:0:0:0", "failure 1 spawn 0 61 status 1 stream 61", "configure 0 1 65536",
    }
    for _, command in ipairs(commands) do
      local answers = support.run { "starve 1 encode " .. command, "encode " .. command, "clear", "memory" }
      assert.equal("short of memory", answers[1][1].line)
      assert.equal("hex", answers[2][1][1])
      assert.matches("^memory 0 %d+ 0$", answers[4][1].line)
    end
  end)
end)
