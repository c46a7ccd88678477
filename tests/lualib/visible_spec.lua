--- sluice.core.visible and its users: the display of foreign text.
local core = require "sluice.core"
local json = require "sluice.json"
local json_object = require "sluice.internal.json_object"
local text_width = require "sluice.internal.sink.text_width"

describe("foreign text", function()
  it("is unchanged if it is plain text", function()
    for _, text in ipairs { "", "plain", "a\tb", "größer – 日本 👍 e\u{301} \u{200d} \u{a0} \u{202f} \u{10ffff}", "\\x1b %s" } do
      assert.equal(text, core.visible(text))
    end
  end)

  it("has C0 and C1 controls, direction changes and line separators escaped", function()
    for code = 0, 31 do
      if code ~= 9 and code ~= 10 then assert.equal(("a\\x%02xb"):format(code), core.visible("a" .. string.char(code) .. "b")) end
    end
    assert.equal("\\x7f", core.visible "\127")
    for _, range in ipairs { { 0x80, 0x9f }, { 0x2028, 0x202e }, { 0x2066, 0x2069 } } do
      for code = range[1], range[2] do assert.equal(("a\\u%04xb"):format(code), core.visible("a" .. utf8.char(code) .. "b")) end
    end
  end)

  it("has bytes that are not UTF-8 escaped one by one", function()
    assert.equal("\\x9b31m", core.visible "\x9b31m")
    assert.equal("\\xc3", core.visible "\xc3")
    assert.equal("\\xe2\\x82x", core.visible "\xe2\x82x")
    assert.equal("\\xc0\\x9b\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80", core.visible "\xc0\x9b\xed\xa0\x80\xf4\x90\x80\x80")
    for byte = 0x80, 0xff do assert.equal(("\\x%02x"):format(byte), core.visible(string.char(byte))) end
  end)

  it("has its continuation lines indented", function()
    assert.equal("a\n  sluice: b\n  \n  c\\x0dd\n  ", core.visible "a\nsluice: b\n\nc\rd\n")
  end)

  it("fits on one line in a table", function()
    assert.equal("\\n\\r\\t\\x1B\\u009b\\xe9é", text_width.printable "\n\r\t\27\u{9b}\xe9é")
  end)
end)

describe("a report", function()
  it("is JSON without control characters that decodes to the same", function()
    local text = "\27\127\u{9b}\u{202e}é\n"
    local line = json_object.line("a", text, "b", json_object.raw(json.encode { text }))
    assert.is_nil(line:find "[%c\127]")
    assert.is_nil(line:find("\u{9b}", 1, true))
    assert.same({ a = text, b = { text } }, json.decode(line))
  end)

  it("replaces what JSON cannot represent", function()
    local circle = {}
    circle.circle = circle
    local said = json.decode(json_object.of("\xe9", { "\xe9", { ["\xff"] = "\xff" } }, "f", print, "n", 0 / 0, "circle", circle, "mixed", { 1, x = 2 }))
    assert.same({ "\\xe9", { ["\\xff"] = "\\xff" } }, said["\\xe9"])
    assert.matches("^function: ", said.f)
    assert.matches("nan$", said.n)
    assert.matches("^table: ", said.circle.circle)
    assert.matches("^table: ", said.mixed)
  end)
end)
