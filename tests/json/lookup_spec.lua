--- Walking a document, and looking things up in it.
local support = require "json.support"
local probe, canonical = support.probe, support.canonical

local function parsed(text, slowly)
  local p = probe.parser()
  assert.is_true((p[slowly and "parse_slowly" or "parse"](p, text)))
  return p
end

for name, slowly in pairs { ["simdjson first"] = false, ["our own reader alone"] = true } do
  describe("a document read by " .. name, function()
    it("finds a field by name", function()
      local p = parsed('{"kind":"def","line":7}', slowly)
      assert.same({ true, "def" }, { p:field "kind" })
      assert.same({ true, 7 }, { p:field "line" })
      assert.is_false((p:field "doc"))
      assert.is_false((p:field "kin"))
      assert.is_false((p:field "kinds"))
    end)

    it("finds no field in what is not an object", function()
      for _, text in ipairs { "[1]", "1", "null", '"kind"' } do
        assert.is_false((parsed(text, slowly):field "kind"))
      end
    end)

    it("finds the last of duplicate fields, as decoding does", function()
      local p = parsed('{"a":1,"b":2,"a":{"x":[3]},"b":null}', slowly)
      local _, whole = p:value()
      for _, key in ipairs { "a", "b" } do
        local _, field = p:field(key)
        local _, pointed = p:value("/" .. key)
        assert.equal(canonical(whole[key]), canonical(field))
        assert.equal(canonical(whole[key]), canonical(pointed))
      end
    end)

    it("finds fields with a NUL or an escape in their names", function()
      local p = parsed('{"a\\u0000b":1,"\\u00e9":2,"":3}', slowly)
      assert.same({ true, 1 }, { p:field "a\0b" })
      assert.same({ true, 2 }, { p:field "é" })
      assert.same({ true, 3 }, { p:field "" })
      assert.is_false((p:field "a"))
    end)

    it("follows JSON Pointers according to RFC 6901", function()
      local p = parsed('{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\\\j":5,"k\\"l":6," ":7,"m~n":8}', slowly)
      local expected = {
        [""] = "object", ["/foo"] = "array", ["/foo/0"] = "string", ["/"] = 0, ["/a~1b"] = 1, ["/c%d"] = 2,
        ["/e^f"] = 3, ["/g|h"] = 4, ["/i\\j"] = 5, ['/k"l'] = 6, ["/ "] = 7, ["/m~0n"] = 8,
      }
      for pointer, want in pairs(expected) do
        local found, value = p:value(pointer)
        assert.equal(1, found)
        if type(want) == "number" then assert.equal(want, value) else assert.equal(want, p:type(pointer)) end
      end
    end)

    it("finds nothing if a pointer leads nowhere", function()
      local p = parsed('{"a":[1,[2]],"b":null,"~":{"/":1}}', slowly)
      for _, pointer in ipairs { "/x", "/a/2", "/a/-", "/a/01", "/a/1/0/0", "/b/0", "/a/", "/a/+1", "/a/1e0",
                                 "/a/99999999999999999999999", "/a/b", "/~0/~1/x", "/~1" } do
        assert.equal(0, (p:value(pointer)))
      end
      assert.same({ 1, 2 }, { p:value "/a/1/0" })
      assert.same({ 1, 1 }, { p:value "/~0/~1" })
    end)

    it("reads ~01 as ~1 and uses the last of duplicate escaped names", function()
      local p = parsed('{"~1":1,"/":2,"a~":3,"a~":4}', slowly)
      assert.same({ 1, 1 }, { p:value "/~01" })
      assert.same({ 1, 2 }, { p:value "/~1" })
      assert.same({ 1, 4 }, { p:value "/a~0" })
    end)

    it("reports an invalid pointer, even if nothing would be found", function()
      local p = parsed('{"a":1}', slowly)
      for _, pointer in ipairs { "a", "a/b", "/~", "/~2", "/x/~", "/a~", " /a" } do
        assert.equal(-1, (p:value(pointer)))
      end
    end)

    it("walks children in order, duplicates included", function()
      local p = parsed('{"b":1,"a":[],"b":2.0,"c":{"d":1},"e":"x","f":true,"g":null}', slowly)
      assert.same({ { "b", "integer" }, { "a", "array" }, { "b", "float" }, { "c", "object" }, { "e", "string" },
                    { "f", "boolean" }, { "g", "null" } }, p:children "")
      assert.equal(7, p:count "")
      assert.same({}, p:children "/a")
      assert.equal(0, p:count "/a")
    end)

    it("counts more children than the tape can", function()
      local n = 0x1000000
      local p = parsed("[" .. ("1,"):rep(n) .. "1]", slowly)
      assert.equal(n + 1, p:count "")
    end)

    it("needs neither the text nor what follows it", function()
      local p = parsed("12", slowly)
      assert.same({ 1, 12 }, { p:value() })
      p = parsed('"abc"', slowly)
      assert.same({ 1, "abc" }, { p:value() })
    end)
  end)
end

describe("a parser", function()
  it("releases the memory of a large text", function()
    local p = probe.parser()
    for _, text in ipairs { '["' .. ("x"):rep(2000000) .. '"]', "[1e400" .. (",1"):rep(1000000) .. "]" } do
      assert.is_true((p:parse_copy(text)))
      assert.is_true(p:memory() > 10 * #text)
      p:trim(1024 * 1024)
      assert.is_true(p:memory() <= 1024 * 1024)
      assert.equal("null", p:type(""))
    end
    assert.is_true((p:parse("[1]")))
    assert.same({ 1, 1 }, { p:value "/0" })
  end)

  it("keeps memory, and the document, that trimming allows", function()
    local p = probe.parser()
    p:parse('["' .. ("x"):rep(20000) .. '"]')
    local before = p:memory()
    p:trim(1024 * 1024)
    assert.equal(before, p:memory())
    assert.equal("array", p:type "")
  end)

  it("can be trimmed to nothing and used again", function()
    local p = probe.parser()
    for _ = 1, 3 do
      p:parse_copy('["' .. ("x"):rep(100000) .. '"]')
      p:trim(0)
      assert.is_true(p:memory() <= 64 * 1024)
    end
    assert.is_true((p:parse_slowly("[1,2]")))
    assert.equal(2, p:count(""))
  end)

  it("does not reallocate for each slightly longer text", function()
    local p, sizes = probe.parser(), {}
    for n = 1000, 60000, 100 do
      p:parse('"' .. ("x"):rep(n) .. '"')
      sizes[p:memory()] = true
    end
    local count = 0
    for _ in pairs(sizes) do count = count + 1 end
    assert.is_true(count < 10)
  end)

  it("reads a text of a mebibyte and finds its last field", function()
    local p = probe.parser()
    p:parse('{"a":[' .. ('"0123456789",'):rep(80000) .. '0],"z":42}')
    assert.same({ true, 42 }, { p:field "z" })
  end)
end)

describe("a line", function()
  it("has its line breaks turned into spaces, and nothing else", function()
    assert.equal('[1, 2,  "a\\n"\t]', probe.line('[1,\n2,\r\n"a\\n"\t]'))
    assert.equal("", probe.line(""))
    assert.equal("  ", probe.line("\n\r"))
  end)
end)
