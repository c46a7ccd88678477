--- Which texts are accepted, and the errors of the others.
local support = require "json.support"
local probe = support.probe

local both = { ["simdjson first"] = false, ["our own reader alone"] = true }

local function deep(n, inner) return ("["):rep(n) .. (inner or "") .. ("]"):rep(n) end

local accepted = {
  -- text, canonical form
  { "null", "null" }, { "true", "true" }, { "false", "false" },
  { " \t\r\n1 \t\r\n", "i1" },
  { "0", "i0" }, { "-0", "i0" }, { "-1", "i-1" }, { "10", "i10" },
  { "9223372036854775807", "i9223372036854775807" }, { "-9223372036854775808", "i-9223372036854775808" },
  { "9223372036854775808", "n9223372036854775808" }, { "18446744073709551615", "n18446744073709551615" },
  { "18446744073709551616", "n18446744073709551616" }, { "-9223372036854775809", "n-9223372036854775809" },
  { "1234567890123456789012345678901234567890", "n1234567890123456789012345678901234567890" },
  { "1.0", "d1" }, { "-0.0", "d-0" }, { "1e2", "d100" }, { "1E2", "d100" }, { "1e+2", "d100" }, { "1e-2", "d0.01" },
  { "0e5", "d0" }, { "0.5", "d0.5" }, { "1.5e3", "d1500" }, { "1e400", "n1e400" }, { "-1e400", "n-1e400" },
  { "1e-400", "d0" }, { "5e-324", "d4.9406564584124654e-324" }, { "1" .. ("0"):rep(400), "n1" .. ("0"):rep(400) },
  { '""', "s" }, { '"a"', "s61" }, { '"\127"', "s7f" }, { '"\\u0000"', "s00" },
  { '"\\"\\\\\\/\\b\\f\\n\\r\\t"', "s225c2f080c0a0d09" },
  { '"\\u00e9\\u00E9"', "sc3a9c3a9" }, { '"é"', "sc3a9" }, { '"\u{10ffff}"', "sf48fbfbf" },
  { '"\\ud83d\\ude00"', "sf09f9880" },
  { '"\\ud800"', "seda080" }, { '"\\udfff"', "sedbfbf" }, { '"\\ud800x"', "seda08078" },
  { '"\\ud800\\u0041"', "seda08041" }, { '"\\ud800\\ud83d\\ude00"', "seda080f09f9880" },
  { '"\\udc00\\ud800"', "sedb080eda080" },
  { '{"\\ud800":1}', "{eda080:i1}" },
  { "[]", "[]" }, { "{}", "{}" }, { "[ ]", "[]" }, { "{ }", "{}" }, { "[[],{}]", "[[],{}]" },
  { "[1,2]", "[i1,i2]" }, { ' [ 1 , "a" , null ] ', "[i1,s61,null]" },
  { '{"a":1,"b":{"c":[]}}', "{61:i1,62:{63:[]}}" }, { '{"":0}', "{:i0}" },
  { '{"a":1,"a":2}', "{61:i2}" }, { '{"a":1,"\\u0061":2}', "{61:i2}" },
  { "[" .. ('"",'):rep(100) .. "0." .. ("1"):rep(1000) .. "]", "[" .. ("s,"):rep(100) .. "d0.1111111111111111]" },
  { '[1e400,"a\\n",{"k":"v"},[],{},true,false,null,-7,1.5]',
    "[n1e400,s610a,{6b:s76},[],{},true,false,null,i-7,d1.5]" },
}

local refused = {
  -- text, message, offset
  { "", "the text is empty", 0 }, { "  \n", "the text is empty", 3 },
  { "\u{feff}[]", "the text begins with a byte order mark", 0 },
  { "1 2", "trailing bytes after the value", 2 }, { "[]]", "trailing bytes after the value", 2 },
  { "nullx", "unknown word: only true, false and null are values", 0 }, { "[1]\0", "trailing bytes after the value", 3 },
  { "1\0", "trailing bytes after the value", 1 }, { "{}{}", "trailing bytes after the value", 2 },
  { "\0", "control character outside a string", 0 }, { "[\0]", "control character outside a string", 1 },
  { "[1,\v2]", "control character outside a string", 3 }, { "\f1", "control character outside a string", 0 },
  { "1\f", "trailing bytes after the value", 1 }, { "[1\f]", "control character outside a string", 2 },
  { "\u{a0}1", "no value can begin with this", 0 },
  { "[", "the text ends inside an array", 1 }, { "[1", "the text ends inside an array", 2 },
  { "[1,", "the text ends inside an array", 3 }, { '{"a":', "the text ends inside an object", 5 },
  { "{", "the text ends inside an object", 1 }, { '{"a"', "the text ends inside an object", 4 },
  { '{"a":1', "the text ends inside an object", 6 }, { '{"a":1,', "the text ends inside an object", 7 },
  { "]", "a value is missing before the bracket", 0 }, { "}", "a value is missing before the bracket", 0 },
  { "[1,]", "a comma must not be the last thing in an array", 3 },
  { '{"a":1,}', "a comma must not be the last thing in an object", 7 },
  { "[,1]", "a value is missing", 1 }, { "[1,,2]", "a value is missing", 3 }, { '{"a":,}', "a value is missing", 5 },
  { ":", "a value is missing", 0 }, { '{"a":}', "a value is missing before the bracket", 5 },
  { "[1 2]", "expected a comma or ]", 3 }, { "[1}", "expected a comma or ]", 2 },
  { '["a":1]', "expected a comma or ]", 4 },
  { '{"a":1]', "expected a comma or }", 6 }, { '{"a":1 "b":2}', "expected a comma or }", 7 },
  { '{"a" 1}', "expected a colon after the field name", 5 }, { '{"a",1}', "expected a colon after the field name", 4 },
  { "{a:1}", "expected a field name in double quotes", 1 }, { "{1:1}", "expected a field name in double quotes", 1 },
  { "{[]:1}", "expected a field name in double quotes", 1 },
  { "{'a':1}", "strings and field names need double quotes", 1 }, { "'a'", "strings and field names need double quotes", 0 },
  { "[1/*x*/]", "comments are not JSON", 2 }, { "// x\n1", "comments are not JSON", 0 },
  { "[1] // x", "trailing bytes after the value", 4 }, { "/", "comments are not JSON", 0 },
  { "tru", "unknown word: only true, false and null are values", 0 },
  { "True", "unknown word: only true, false and null are values", 0 },
  { "NaN", "unknown word: only true, false and null are values", 0 },
  { "[nul]", "unknown word: only true, false and null are values", 1 },
  { "Infinity", "unknown word: only true, false and null are values", 0 },
  { "undefined", "unknown word: only true, false and null are values", 0 },
  { "[truefalse]", "unknown word: only true, false and null are values", 1 },
  { "-Infinity", "a minus sign needs a digit after it", 1 }, { "-", "a minus sign needs a digit after it", 1 },
  { "[-]", "a minus sign needs a digit after it", 2 }, { "--1", "a minus sign needs a digit after it", 1 },
  { "+1", "a number begins with a digit or a minus sign", 0 }, { ".5", "a number begins with a digit or a minus sign", 0 },
  { "01", "number has a leading zero", 0 }, { "[1,-012]", "number has a leading zero", 3 }, { "00", "number has a leading zero", 0 },
  { "0x10", "numbers are decimal", 0 }, { "1.", "a decimal point needs a digit after it", 2 },
  { "[1.e5]", "a decimal point needs a digit after it", 3 }, { "1e", "the exponent of a number needs a digit", 2 },
  { "1e+", "the exponent of a number needs a digit", 3 }, { "[1e]", "the exponent of a number needs a digit", 3 },
  { "1.5.2", "trailing bytes after the value", 3 }, { "1e5.2", "trailing bytes after the value", 3 },
  { "1_000", "trailing bytes after the value", 1 }, { "\u{ff11}", "no value can begin with this", 0 },
  { '"a', "unfinished string", 0 }, { '["a', "unfinished string", 1 }, { '"\\"', "unfinished string", 0 },
  { '"\\', "unfinished string", 0 }, { '"\\u00', "unfinished string", 0 }, { '[1,"abc]', "unfinished string", 3 },
  { '"a\nb"', "control character in a string, not written as an escape", 2 },
  { '"\t"', "control character in a string, not written as an escape", 1 },
  { '"\0"', "control character in a string, not written as an escape", 1 },
  { '"\31"', "control character in a string, not written as an escape", 1 },
  { '"\\x41"', "unknown escape in a string", 1 }, { '"\\a"', "unknown escape in a string", 1 },
  { '"\\\0"', "unknown escape in a string", 1 }, { '"\\U0041"', "unknown escape in a string", 1 },
  { '"\\u12"', "\\u needs four hexadecimal digits", 1 }, { '"a\\uD83G"', "\\u needs four hexadecimal digits", 2 },
  { '"\\u-123"', "\\u needs four hexadecimal digits", 1 }, { '"\\ud800\\u"', "\\u needs four hexadecimal digits", 7 },
  { '"\x80"', "invalid UTF-8", 1 }, { '"a\xff"', "invalid UTF-8", 2 }, { '"\xc0\xaf"', "invalid UTF-8", 1 },
  { '"\xe0\x80\x80"', "invalid UTF-8", 1 }, { '"\xf0\x80\x80\x80"', "invalid UTF-8", 1 },
  { '"\xed\xa0\x80"', "invalid UTF-8", 1 }, { '"\xf4\x90\x80\x80"', "invalid UTF-8", 1 },
  { '"\xf5\x80\x80\x80"', "invalid UTF-8", 1 }, { '"\xc3"', "invalid UTF-8", 1 }, { '"\xe2\x82"', "invalid UTF-8", 1 },
  { '{"\xff":1}', "invalid UTF-8", 2 }, { '[\xff]', "invalid UTF-8", 1 }, { "\xff", "invalid UTF-8", 0 },
}

local function shown(text)
  text = text:gsub("[^\32-\126]", function(c) return ("\\x%02x"):format(c:byte()) end)
  return #text > 60 and text:sub(1, 60) .. "…" or text
end

for name, slowly in pairs(both) do
  describe("the grammar of RFC 8259, " .. name, function()
    for _, case in ipairs(accepted) do
      it("accepts " .. shown(case[1]), function()
        assert.equal(case[2], support.read(case[1], slowly))
      end)
    end

    for _, case in ipairs(refused) do
    it("refuses " .. shown(case[1]) .. " with the place", function()
        local value, err = support.read(case[1], slowly)
        assert.is_nil(value)
        assert.equal("row_malformed", err.kind)
        assert.equal(case[2], err.message)
        assert.equal(case[3], err.offset)
      end)
    end

    it("accepts 1024 levels with any innermost value", function()
      for _, inner in ipairs { "", "1", "{}", '{"a":1}' } do
        local levels = inner:find("^{") and 1023 or 1024
        assert.is_string((support.read(deep(levels, inner), slowly)))
      end
      assert.is_string((support.read(('{"a":'):rep(1024) .. "1" .. ("}"):rep(1024), slowly)))
    end)

    it("refuses 1025 levels and names the limit and the bracket", function()
      for _, inner in ipairs { "[]", "[1]", "{}", '{"a":1}' } do
        local _, err = support.read(deep(1024, inner), slowly)
        assert.equal("nested deeper than 1024", err.message)
        assert.equal(1024, err.offset)
      end
    end)

    it("refuses a million open brackets as quickly as 1025", function()
      local _, err = support.read(("["):rep(1000000), slowly)
      assert.equal("nested deeper than 1024", err.message)
    end)
  end)
end

describe("a refusal", function()
  it("quotes the text around the place, truncated on both sides", function()
    local text = '["' .. ("é"):rep(200) .. '",x,"' .. ("é"):rep(200) .. '"]'
    local _, err = support.read(text)
    assert.truthy(err.text:find('é",x,"é', 1, true))
    assert.equal("…é", err.text:sub(1, 5))
    assert.equal("é…", err.text:sub(-5))
    assert.is_true(#err.text < 220)
    assert.truthy(utf8.len(err.text))
  end)

  it("quotes a short text in full, with unprintable characters escaped", function()
    local _, err = support.read('["a\nb"\xff]')
    assert.equal('["a\\x0ab"\\xff]', err.text)
  end)

  it("leaves null as the document", function()
    local p = probe.parser()
    p:parse("[1]")
    p:parse("[1")
    assert.equal("null", p:type(""))
  end)

  it("does not prevent the next text from being read", function()
    local p = probe.parser()
    assert.is_nil((p:parse("[1")))
    assert.is_true((p:parse("[1]")))
    assert.is_nil((p:parse("[\xff]")))
    assert.is_true((p:parse("[1e400]")))
  end)
end)
