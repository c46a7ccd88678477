--- A worker's output, split into lines, and its tail.
local pure = require "supervise.pure"

local function lines(bytes, chunk)
  local answers = pure.run { "capture 65536", ("print %s %s"):format(pure.hex(bytes), chunk or ""), "close" }
  local list = {}
  for k = 2, 3 do
    for _, words in ipairs(answers[k]) do list[#list + 1] = pure.unhex(words[2]) end
  end
  return list
end

local function tail(limit, bytes, chunk)
  local answers = pure.run { "capture " .. limit, ("print %s %d"):format(pure.hex(bytes), chunk), "tail" }
  return pure.unhex(answers[3][1][2])
end

describe("captured lines", function()
  it("are the same however the bytes are split", function()
    local text = "one\n\ntwo\r\nthr\ree\n\r\nlast"
    for chunk = 1, #text do
      assert.same({ "one", "", "two", "thr\ree", "", "last" }, lines(text, chunk))
    end
  end)

  it("need no line break at the end of the stream", function()
    assert.same({ "a", "b" }, lines "a\nb")
    assert.same({ "a", "b" }, lines "a\nb\n")
    assert.same({}, lines "")
  end)

  it("may contain NULs and bytes that are not UTF-8", function()
    assert.same({ "a\0b", "\xff" }, lines "a\0b\n\xff\n")
  end)

  it("that are too long are split, and lose nothing", function()
    local long = ("0123456789"):rep(2000)
    for _, chunk in ipairs { 1, 100, 8191, 8192, 8193, 30000 } do
      local pieces = lines(long .. "\nnext\n", chunk)
      assert.equal(8192, #pieces[1])
      assert.equal("next", table.remove(pieces))
      assert.equal(long, table.concat(pieces))
    end
  end)

  it("of exactly the maximum length are one line", function()
    for _, n in ipairs { 8190, 8192, 16384 } do
      for _, chunk in ipairs { 1, 8191, 8192, 8193, 20000 } do
        local text = ("x"):rep(n)
        for _, ending in ipairs { "\n", "\r\n" } do
          local pieces = lines(text .. ending .. "\n" .. text .. ending, chunk)
          assert.same({ "", text .. text }, { pieces[n // 8192 + (n % 8192 > 0 and 2 or 1)], table.concat(pieces) })
        end
      end
    end
  end)

  it("that are split at a carriage return keep it", function()
    local text = ("x"):rep(8191) .. "\r" .. "y"
    for _, chunk in ipairs { 1, 8192, 20000 } do assert.equal(text, table.concat(lines(text .. "\n", chunk))) end
  end)
end)

describe("the tail", function()
  it("is the whole output, if that is short", function()
    assert.equal("abc\ndef", tail(100, "abc\ndef", 2))
    assert.equal("", tail(100, "", 1))
  end)

  it("is the last bytes, however they are split", function()
    local text = ("0123456789"):rep(30)
    for _, chunk in ipairs { 1, 7, 99, 100, 101, 300 } do
      assert.equal(text:sub(-100), tail(100, text, chunk))
    end
  end)
end)
