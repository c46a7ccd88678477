--- sluice.json: values from and to JSON.
local support = require "json.support"
local cjson = require "cjson"
local locale = require "support.locale"
local shell = require "support.shell"
local probe, json, canonical = support.probe, support.json, support.canonical

local function refused(value, message)
  local text, err = json.encode(value)
  assert.is_nil(text)
  assert.equal("row_malformed", err.kind)
  assert.equal(message, err.message)
end

--- The output of a piece of Lua, in a process that can have the German locale.
local function in_german(code)
  local result = shell.run('"${LUA:-lua5.4}" /dev/stdin', { input = code, env = { LOCPATH = locale.german() } })
  assert.equal(0, result.status, result.err)
  return result.out
end

--- Reports if the process ends by an assertion.
local function asserts(code)
  local _, how, status = os.execute(('exec 2>/dev/null; "${LUA:-lua5.4}" -e \'%s\''):format(code))
  return how == "signal" and status == 6 or how == "exit" and status == 134
end

teardown(shell.forget)

describe("decoding", function()
  it("uses cjson's null", function()
    assert.equal(cjson.null, json.null)
    assert.equal(json.null, json.decode("null"))
    assert.equal(json.null, json.decode('{"a":null}').a)
  end)

  it("keeps 64-bit integers exactly", function()
    assert.equal(9007199254740993, json.decode("9007199254740993"))
    assert.equal("integer", math.type(json.decode("9223372036854775807")))
    assert.equal("9223372036854775808", tostring(json.decode("9223372036854775808")))
    assert.equal("float", math.type(json.decode("1.0")))
  end)

  it("marks arrays, so that an empty one stays an array", function()
    assert.is_true(json.is_array(json.decode("[]")))
    assert.is_false(json.is_array(json.decode("{}")))
    assert.equal('{"a":[]}', json.encode(json.decode('{"a":[]}')))
    assert.equal("[{},[]]", json.encode(json.decode("[{},[]]")))
  end)

  it("keeps nulls inside arrays", function()
    local t = json.decode("[null,1,null]")
    assert.equal(3, #t)
    assert.equal(json.null, t[3])
  end)

  it("returns nil and an error object for what is not JSON", function()
    local value, err = json.decode("[1,]")
    assert.is_nil(value)
    assert.equal("row_malformed", err.kind)
    assert.equal(3, err.offset)
    assert.equal("row_malformed: a comma must not be the last thing in an array (offset 3)", tostring(err))
  end)

  it("raises for what is not a string", function()
    assert.has_error(function() json.decode(5) end)
    assert.has_error(function() json.decode() end)
  end)

  it("decodes 1024 levels", function()
    local t = json.decode(("["):rep(1024) .. ("]"):rep(1024))
    for _ = 1, 1023 do t = t[1] end
    assert.same({}, t)
  end)

  it("survives finalizers that decode while it decodes", function()
    local inner = 0
    local function litter()
      setmetatable({}, { __gc = function()
        inner = inner + 1
        assert(json.decode('["other",{"text":[1,2,3]}]')[1] == "other")
        assert(json.encode({ 1, 2, { "x" } }) == '[1,2,["x"]]')
      end })
    end
    local text = "[" .. ('{"name":"value number one","list":[1,2,3]},'):rep(2000) .. "0]"
    collectgarbage("generational")
    for _ = 1, 20 do
      for _ = 1, 50 do litter() end
      local t = json.decode(text)
      assert(#t == 2001 and t[2000].list[3] == 3 and t[1].name == "value number one")
    end
    collectgarbage("incremental")
    collectgarbage()
    assert.is_true(inner > 0)
  end)
end)

describe("encoding", function()
  it("writes scalars", function()
    assert.equal("true", json.encode(true))
    assert.equal("false", json.encode(false))
    assert.equal("null", json.encode(json.null))
    assert.equal("null", json.encode(cjson.null))
    assert.equal('"a"', json.encode("a"))
  end)

  it("writes integers exactly", function()
    for _, i in ipairs { 0, 1, -1, 9007199254740993, math.maxinteger, math.mininteger } do
      assert.equal(("%d"):format(i), json.encode(i))
    end
  end)

  it("writes floats as the shortest text that reads back, always as floats", function()
    local cases = {
      { 1.0, "1.0" }, { -0.0, "-0.0" }, { 100000.0, "100000.0" }, { 123456789012345.0, "123456789012345.0" },
      { 1e15, "1e+15" }, { 1e23, "1e+23" }, { 9007199254740992.0, "9.007199254740992e+15" },
      { 0.1, "0.1" }, { 2.5, "2.5" }, { 1 / 3, "0.3333333333333333" }, { 0.0001, "0.0001" }, { 1e-7, "1e-07" },
      { 5e-324, "5e-324" }, { 1.7976931348623157e308, "1.7976931348623157e+308" },
    }
    for _, case in ipairs(cases) do
      assert.equal(case[2], json.encode(case[1]))
      assert.equal("float", math.type(json.decode(case[2])))
    end
  end)

  it("writes floats that read back the same, for many of them", function()
    local random = support.random(7)
    for _ = 1, 20000 do
      local bits = (random(1 << 31) - 1) << 33 ~ (random(1 << 31) - 1) << 16 ~ (random(1 << 16) - 1)
      local value = string.unpack("d", string.pack("j", bits))
      if value == value and value - value == 0 then
        local text = json.encode(value)
        assert(tonumber(text) == value, text)
        assert(json.decode(text) == value and math.type(json.decode(text)) == "float", text)
        local digits = #text:gsub("e.*", ""):gsub("%D", ""):gsub("^0+", ""):gsub("0+$", "")
        assert(digits < 2 or tonumber(("%%.%de"):format(digits - 2):format(value)) ~= value, text)
      end
    end
  end)

  it("reads and writes decimal points in a locale with commas", function()
    assert.equal("0,5\t[0.5,1e+300]\t0.5\t1e400\n", in_german [[
      local json = require "jsonprobe".json
      assert(os.setlocale("de_DE.UTF-8", "all"))
      -- simdjson declines the 1e400, so that our own reader reads the 0.5.
      local read = json.decode "[0.5,1e400]"
      local digits = read[1] == 1 / 2 and "0.5" or "wrong"
      print(1 / 2, json.encode { 1 / 2, 1e300 }, digits, read[2])
    ]])
  end)

  it("refuses NaN and infinities with the place", function()
    refused(0 / 0, "NaN is not JSON")
    refused({ x = { 1, 1 / 0 } }, "an infinity is not JSON, at /x/1")
    refused({ -1 / 0 }, "an infinity is not JSON, at /0")
  end)

  it("escapes what must be escaped, and nothing else", function()
    assert.equal([["\u0000\u001F\b\f\n\r\t\"\\/]] .. "\127é\u{2028}😀\"",
                 json.encode("\0\31\b\f\n\r\t\"\\/\127é\u{2028}😀"))
  end)

  it("escapes each ASCII character correctly, at any place, in strings and in keys", function()
    local named = { ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }
    for byte = 0, 127 do
      local c = string.char(byte)
      local written = named[c] or byte < 32 and ("\\u%04X"):format(byte) or c
      for before = 0, 17 do
        local text, rest = ("~"):rep(before) .. c, (" "):rep(17 - before)
        local expected = ('"%s%s%s"'):format(("~"):rep(before), written, rest)
        assert.equal(expected, json.encode(text .. rest))
        assert.equal("{" .. expected .. ":1}", json.encode({ [text .. rest] = 1 }))
      end
    end
  end)

  it("refuses a byte that is not UTF-8 at any place", function()
    for before = 0, 17 do
      for _, c in ipairs { "\x80", "\xbf", "\xc3", "\xed\xa0", "\xff" } do
        for _, rest in ipairs { "", "x", ("~"):rep(9), '"' } do
          refused(("~"):rep(before) .. c .. rest, "the string is not UTF-8")
        end
      end
    end
  end)

  it("writes WTF-8 surrogates as escapes, in strings and in keys", function()
    assert.equal([["\ud800"]], json.encode("\xed\xa0\x80"))
    assert.equal([["a\n\udfffé"]], json.encode("a\n\xed\xbf\xbfé"))
    assert.equal([[{"\udbff":1}]], json.encode({ ["\xed\xaf\xbf"] = 1 }))
    for c = 0xD800, 0xDFFF, 37 do
      local text = ([["\u%04x"]]):format(c)
      assert.equal(text, json.encode(json.decode(text)))
    end
  end)

  it("refuses strings that are not UTF-8", function()
    refused("\xff", "the string is not UTF-8")
    refused({ a = { "x", "\xc3" } }, "the string is not UTF-8, at /a/1")
    refused({ ["\xff"] = 1 }, "the field name is not UTF-8, at /\\xff")
    refused("a long enough string \xed\xa0", "the string is not UTF-8")
    refused("\xf4\x90\x80\x80", "the string is not UTF-8")
  end)

  it("writes 1..n as an array and string keys as an object", function()
    assert.equal("[1,2,3]", json.encode({ 1, 2, 3 }))
    assert.equal('{"a":1}', json.encode({ a = 1 }))
    assert.equal("{}", json.encode({}))
    assert.equal("[]", json.encode(json.array {}))
    assert.equal("[]", json.encode(json.array()))
    assert.equal("[1]", json.encode(json.array { 1 }))
  end)

  it("writes an array in the hash part as an array", function()
    local t = {}
    for i = 20, 1, -1 do t[i] = i end
    assert.equal("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]", json.encode(t))
  end)

  it("refuses arrays with holes", function()
    refused({ 1, 2, nil, 4 }, "an array must not have holes")
    refused({ [2] = 1 }, "an array must not have holes")
    refused({ [1000000] = 1 }, "an array must not have holes")
    refused({ a = json.array { 1, nil, 3 } }, "an array must not have holes, at /a")
  end)

  it("refuses tables with keys of several kinds", function()
    local mixed = "a table with string keys and others is neither an array nor an object"
    refused({ 1, a = 1 }, mixed)
    refused({ x = { "one", y = 2 } }, mixed .. ", at /x")
    refused({ a = 1, b = 2, c = 3, [true] = 1 }, mixed)
    refused(setmetatable({ a = 1 }, getmetatable(json.array())), mixed)
  end)

  it("refuses keys that are neither strings nor 1..n", function()
    for _, key in ipairs { 0, -1, 1.5, true, math.mininteger } do
      refused({ [key] = 1 }, "an array has only the keys 1, 2, 3, …")
    end
    refused({ x = { [print] = 1 } }, "an array has only the keys 1, 2, 3, …, at /x")
  end)

  it("refuses what cannot be JSON and names the place as a JSON Pointer", function()
    refused(nil, "a nil cannot be written as JSON")
    refused(print, "a function cannot be written as JSON")
    refused({ a = { b = { 1, print } } }, "a function cannot be written as JSON, at /a/b/1")
    refused({ ["a/b"] = { ["m~n"] = { [""] = io.stdout } } }, "a userdata cannot be written as JSON, at /a~1b/m~0n/")
    refused({ coroutine.create(print) }, "a thread cannot be written as JSON, at /0")
  end)

  it("truncates the place of a very deep one", function()
    local t = { print }
    for _ = 1, 300 do t = { a_rather_long_name = t } end
    local _, err = json.encode(t)
    assert.truthy(err.message:find("at /a_rather_long_name/", 1, true))
    assert.is_true(#err.message < 400)
  end)

  it("refuses cycles and reports where they close", function()
    local t = { a = { {} } }
    t.a[1].self = t
    refused(t, "a table that contains itself cannot be written as JSON, at /a/0/self")
    local u = {}
    u[1] = u
    refused(u, "a table that contains itself cannot be written as JSON, at /0")
  end)

  it("writes a table twice if it occurs twice", function()
    local shared = { 1 }
    assert.equal("[[1],[1]]", json.encode({ shared, shared }))
  end)

  it("writes 1024 levels, and refuses one more", function()
    local arrays, objects = json.array(), {}
    for _ = 1, 1023 do arrays, objects = { arrays, 1 }, { a = objects } end
    assert.equal(("["):rep(1024) .. "]" .. (",1]"):rep(1023), json.encode(arrays))
    assert.equal(('{"a":'):rep(1023) .. "{}" .. ("}"):rep(1023), json.encode(objects))
    local _, err = json.encode({ arrays })
    assert.truthy(err.message:find("^nested deeper than 1024, at /0/0/0"))
    assert.equal("[1]", json.encode({ 1 }))
  end)

  it("ignores metatables", function()
    local trap = function() error("called") end
    local t = setmetatable({ a = 1 }, { __index = trap, __pairs = trap, __len = trap, __tostring = trap })
    assert.equal('{"a":1}', json.encode(t))
  end)

  it("is not confused by the array marks of other libraries", function()
    assert.equal("[1]", json.encode(setmetatable({ 1 }, cjson.array_mt or {})))
    assert.equal("{}", json.encode(setmetatable({}, cjson.array_mt or {})))
    assert.equal("[1,[2]]", cjson.encode(json.decode("[1,[2]]")))
  end)

  it("leaves the buffer's content unchanged when it fails", function()
    local _, _, rest = probe.encode({ 1, 2, print }, "before")
    assert.equal("before", rest)
    assert.equal("before[1]", probe.encode({ 1 }, "before"))
  end)

  it("can be used again after a failure in the middle of deep nesting", function()
    local t = { print }
    for _ = 1, 500 do t = { t } end
    for _ = 1, 3 do
      assert.is_nil((json.encode(t)))
      assert.equal('{"a":[1,2]}', json.encode({ a = { 1, 2 } }))
    end
  end)
end)

describe("the writer", function()
  local write = probe.write

  it("puts commas and colons where they belong", function()
    assert.equal('[1,"a",[],{},[2.5,{"k":3,"l":[4]}],5]',
                 (write("[", 1, "string a", "[", "]", "{", "}", "[", 2.5, "{", "key k", 3, "key l", "[", 4, "]", "}", "]", 5, "]")))
    assert.equal('{"":""}', (write("{", "key ", "string ", "}")))
  end)

  it("appends nothing that it refuses, and continues in its place", function()
    assert.same({ '[1,"b"]', 3 }, { write("[", "string a\xff", 1, 0 / 0, "string a\n\xed\xa0", "string b", "]") })
    assert.same({ '{"k":"v","l":2}', 4 },
                { write("{", "key \xff", "key k", "string \xff", "string v", "key l\0\x80", "key l", 1 / 0, 2, "}") })
    local deep = {}
    for i = 1, 1025 do deep[i] = "[" end
    for i = 1026, 2050 do deep[i] = i == 1026 and 7 or "]" end
    assert.same({ ("["):rep(1024) .. "7" .. ("]"):rep(1024), 1 }, { write(table.unpack(deep)) })
  end)

  it("asserts that calls are well nested", function()
    for _, calls in ipairs {
      '"]"', '"}"', '"[", "}"', '"{", "]"', '"[", "key a"', '"key a"', '"{", 1', '"{", "["', '"{", "string a"',
      '"{", "key a", "key b"', '"{", "key a", "}"', '1, 2', '"[", "]", "["',
    } do
      assert.is_true(asserts(('require "jsonprobe".write(%s)'):format(calls)), calls)
    end
    assert.is_false(asserts 'require "jsonprobe".write("[", "]")')
  end)
end)

describe("arrays", function()
  it("are marked in place", function()
    local t = {}
    assert.equal(t, json.array(t))
    assert.is_true(json.is_array(t))
    assert.equal(t, json.array(t))
  end)

  it("do not replace another metatable", function()
    assert.has_error(function() json.array(setmetatable({}, {})) end)
    assert.has_error(function() json.array("x") end)
  end)

  it("are distinguished from everything else", function()
    for _, v in ipairs { 1, "x", true, {}, setmetatable({}, {}), json.null } do
      assert.is_false(json.is_array(v))
    end
  end)
end)

describe("a round trip", function()
  it("changes no value", function()
    local random = support.random(11)
    for _ = 1, 2000 do
      local text = support.document(random, false)
      local value = json.decode(text)
      local again = json.decode(json.encode(value))
      assert(canonical(value) == canonical(again), text)
    end
  end)
end)

describe("the order of fields", function()
  it("is that of their names, as bytes, regardless of next()", function()
    for _ = 1, 20 do
      assert.equal('{"":0,"B":1,"a":2,"a b":3,"ab":4,"b":{"x":1,"y":2},"é":5}',
        json.encode { ["é"] = 5, b = { y = 2, x = 1 }, ab = 4, ["a b"] = 3, a = 2, B = 1, [""] = 0 })
    end
  end)

  it("is the same in tables of many fields", function()
    local t, parts = {}, {}
    for i = 1, 500 do t[("k%03d"):format(501 - i)] = i end
    for i = 1, 500 do parts[i] = ('"k%03d":%d'):format(i, 501 - i) end
    assert.equal("{" .. table.concat(parts, ",") .. "}", json.encode(t))
  end)

  it("does not hide which field cannot be written", function()
    local t = {}
    for i = 1, 60 do t[("k%02d"):format(i)] = i end
    t.k30 = { x = print }
    local text, err = json.encode(t)
    assert.is_nil(text)
    assert.matches("a function cannot be written as JSON, at /k30/x", err.message)
    t.k30, t[1] = nil, 1
    assert.matches("string keys and others", (select(2, json.encode(t))).message)
  end)
end)

describe("out of memory", function()
  it("is an error at every single allocation, and loses nothing", function()
    local code = [[
      local json = ...
      for _ = 1, 2 do
        local t = json.decode '{"a":[1,2.5,"three",{"b":[]}],"c":null,"d":"a string of more than forty bytes, kept apart"}'
        json.encode(t)
        json.decode "[1,"
        json.encode { x = { print } }
      end
    ]]
    local n, worked = 0, false
    while not worked do
      n = n + 1
      local left
      worked, left = probe.starve(code, n)
      assert.equal(0, left)
      assert.is_true(n < 5000)
    end
    assert.is_true(n > 300)
  end)
end)
