--- Rows from JSON documents, however their bytes are split.
local support = require "json.support"
local probe, json = support.probe, support.json

--- Rows as { text, line, offset }, or nil and the error; fed by `size` bytes.
local function read(text, pointer, size)
  return probe.documents(text, pointer, size or #text + 1)
end

--- The rows' texts; they must be the same for every piece size.
local function rows(text, pointer)
  local first
  for _, size in ipairs { #text + 1, 1, 2, 7, 63, 64, 65 } do
    local list, err = read(text, pointer, size)
    assert(list, err and tostring(err))
    local texts = {}
    for i, row in ipairs(list) do texts[i] = row[1] end
    first = first or texts
    assert.same(first, texts)
  end
  return first
end

--- { message, line, offset }, the same for every piece size.
local function refused(text, pointer)
  local first
  for _, size in ipairs { #text + 1, 1, 2, 7, 64 } do
    local list, err = read(text, pointer, size)
    assert.is_nil(list)
    first = first or { err.message, err.line, err.offset }
    assert.same(first, { err.message, err.line, err.offset })
  end
  return first
end

describe("documents", function()
  it("are rows, pretty-printed or run together", function()
    assert.same({ '{"a":1}', '{ "b":\n 2 }', '"c"', '"d\\"]"', "1", "-2.5e3", "true", "null", "{}" },
      rows '{"a":1}{ "b":\n 2 }"c""d\\"]" 1\n-2.5e3 true\tnull{}')
  end)

  it("that are arrays have their elements as rows", function()
    assert.same({ "1", '"]"', "[2,[3]]", '{"a":[4]}', "null", "5" }, rows ' [1 , "]",[2,[3]],\n{"a":[4]}, null]\n[] [5]')
  end)

  it("may be absent", function()
    assert.same({}, rows "")
    assert.same({}, rows " \n\t\r\n ")
    assert.same({}, rows "[]")
  end)

  it("may have strings with brackets, quotes and backslashes across any border of pieces", function()
    for n = 0, 130 do
      local element = '{"' .. ("x"):rep(n) .. '\\\\\\"}[{":["\\\\",{"]":"}"}]}'
      assert.same({ element, element }, rows("[" .. element .. "," .. element .. "]"))
    end
  end)

  it("give the same rows if a string looks like the end of one", function()
    local row, trap = '{"a":{"b":1},"c":"x"}', '{"s":"},{\\"","t":[{},{}]}'
    assert.same({ row, row, trap, row, trap }, rows("[" .. table.concat({ row, row, trap, row, trap }, ",") .. "]"))
    assert.same({ "[1]", "[2]", '["],["]', "[[4],[5]]" }, rows '[[1],[2],["],["],[[4],[5]]]')
    assert.same({ "{}", "{}", "{}", "1", "{}" }, rows "[{},{} ,{},1,{}]")
  end)

  it("report where a row begins, lines from 1 and bytes from 0", function()
    assert.same({ { "1", 1, 1 }, { "{\n}", 3, 5 }, { "2", 5, 10 } }, read "[1,\n\n{\n},\n2]")
  end)

  it("that are truncated are an error with the place", function()
    assert.same({ "the text ends inside an array", 2, 3 }, refused "[1\n")
    assert.same({ "the text ends inside an array", 1, 3 }, refused "[1,")
  end)

  it("must have commas between elements, and nothing else", function()
    assert.same({ "expected a comma or ]", 2, 3 }, refused "[1\n2]")
    assert.same({ "expected a comma or ]", 1, 2 }, refused "[1}")
  end)

  it("are the same rows as a parser finds, for any array", function()
    local random = support.random(12)
    for _ = 1, 300 do
      local text = support.document(random, true)
      if text:find "^%s*%[" then
        local list, parser = rows(text), probe.parser()
        assert(parser:parse(text))
        local whole = select(2, parser:value())
        assert.equal(#whole, #list)
        for i, row in ipairs(list) do assert.equal(support.canonical(whole[i]), support.read(row)) end
      end
    end
  end)
end)

describe("a pointer", function()
  it("names the array in each document", function()
    assert.same({ "1", "2", "3" }, rows('{"a":0,"x":{"items":[1,2],"b":[9]},"c":[8]}\n{"x":{"items":[3]}}', "/x/items"))
    assert.same({ "4" }, rows('[[1],{"k":[2,[3],[4]]}]', "/1/k/2"))
    assert.same({ "5" }, rows('[5]', ""))
    assert.same({ "6" }, rows('{"":{"a/b":{"m~n":[6]}}}', "//a~1b/m~0n"))
    assert.same({ "7" }, rows('{"\\u0061":[7]}', "/a"))
    assert.same({}, rows('{"a":[]}', "/a"))
  end)

  it("skips large values, however they are nested", function()
    local filler = {}
    for i = 1, 9000 do filler[i] = ('{"i":%d,"s":"]}\\"","x":[1,{"y":null}]}'):format(i) end
    local large = "[" .. table.concat(filler, ",") .. "]"
    local text = ('{"before":{"deep":[%s]},"x":[1,2],"after":%s}'):format(large, large)
    assert.same({ { "1", 1, #large + 27 }, { "2", 1, #large + 29 } }, read(text, "/x", 4096))
  end)

  it("checks what it skips", function()
    assert.same({ "unknown word: only true, false and null are values", 1, 5 }, refused('{"a":nul,"x":[1]}', "/x"))
    assert.same({ "expected a comma or }", 1, 12 }, refused('{"x":[1,{}] "y":2}', "/x"))
    assert.same({ "expected a field name in double quotes", 1, 9 }, refused('{"x":[1],}', "/x"))
    assert.same({ "expected a colon after the field name", 1, 4 }, refused('{"x"[1]}', "/x"))
    assert.same({ "the text ends inside an object", 1, 8 }, refused('{"x":[1]', "/x"))
    local large = "[" .. ("1,"):rep(70000) .. "tru]"
    assert.same({ "unknown word: only true, false and null are values", 1, 140006 }, refused('{"a":' .. large .. ',"x":[1]}', "/x"))
  end)

  it("that finds no array is an error", function()
    local absent = '--at "/x/y": the document that ends here has no such array'
    for _, text in ipairs { "{}", '{"x":{}}', '{"x":1}', '{"x":[]}', "[]", "1", '{"y":[1]}' } do
      assert.equal(absent, refused(text, "/x/y")[1])
    end
    for _, text in ipairs { '{"x":{"y":{}}}', '{"x":{"y":null}}', '{"x":{"y":"[1]"}}' } do
      assert.equal('--at "/x/y": expected an array there', refused(text, "/x/y")[1])
    end
    assert.equal('--at "": expected an array there', refused("{}", "")[1])
  end)

  it("that matches two members is an error, because it is ambiguous", function()
    assert.matches("occurs twice", refused('{"x":[1],"x":[2]}', "/x")[1])
    assert.matches("occurs twice", refused('{"x":{"y":[1]},"x":{"y":[2]}}', "/x/y")[1])
    assert.matches("occurs twice", refused('{"x":[1],"x":2}', "/x")[1])
    assert.same({ "1", "2" }, rows('{"x":[1]}{"x":[2]}', "/x"))
  end)

  it("must be a valid JSON Pointer", function()
    for _, pointer in ipairs { "x", "/~", "/~2", ("/a"):rep(65) } do
      local _, err = read("{}", pointer)
      assert.equal("usage", err.kind)
    end
  end)
end)

describe("a compact text", function()
  it("has no white space between its tokens, and is otherwise unchanged", function()
    local text = '{ "a b" :\n\t[ 1 , "\\" \\\\" , 1.50e+3 ],\r\n"":{ } }'
    assert.equal('{"a b":[1,"\\" \\\\",1.50e+3],"":{}}', probe.compact(text))
    assert.same(json.decode(text), json.decode(probe.compact(text)))
  end)
end)
