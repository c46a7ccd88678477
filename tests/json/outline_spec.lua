--- Large texts, checked and looked up piece by piece, give the same results as whole documents.
local support = require "json.support"
local probe, canonical = support.probe, support.canonical

local function filler(n, salt)
  local parts = {}
  for i = 1, n do
    parts[i] = ('{"id":%d,"t":"%s, \\"[%d]\\" \\\\","u":[1,{"x":null}]}'):format(i, salt or "é", i)
  end
  return table.concat(parts, ",")
end

local function members(n, prefix)
  local parts = {}
  for i = 1, n do
    parts[i] = ('"%s%d":{"v":%d,"s":"}],{"}'):format(prefix, i, i)
  end
  return table.concat(parts, ", ")
end

local texts = {
  array = '{"kind":"module","rows":[' .. filler(9000) .. '],"size":7}',
  root = " [" .. filler(9000) .. "] \n",
  members = '{"a":1,' .. members(12000, "m") .. ',"a":2,"m5":"again","z":{"deep":[' .. filler(4000) .. "]}}",
  nested = '{"x":{"y":[[' .. filler(5000) .. "],[" .. filler(5000, "\\u00e9") .. ']],"w":3},"x":{"y":['
    .. filler(6000) .. '],"w":4},"~/":{"":' .. "[" .. filler(3000) .. "]}}",
  -- Commas between the same bytes, but in strings and in other containers.
  alike = '{"n":[' .. ("1,"):rep(60000) .. '"' .. ("1,"):rep(20000) .. '",' .. ("1,"):rep(50000) .. '2],"x":[["'
    .. ("1,"):rep(25000) .. '"],[' .. ("1,"):rep(70000) .. "3],[" .. ("[1,1,1],"):rep(20000) .. ("1,"):rep(9) .. "4]]}",
  numbers = '{"n":[' .. ("1,-2.5e3 ,12345678901234567890,\n"):rep(12000) .. '0],"last":1e999}',
}

local paths = {
  "", "/kind", "kind", "size", "/size", "rows", "/rows", "/rows/0/id", "/rows/8999/t", "/rows/9000", "/rows/01",
  "/rows/-", "/0/id", "/8999/u/1/x", "/5000", "a", "/a", "m5", "/m5", "/m11999/v", "/m12001", "/z/deep/3999/id",
  "x", "/x/w", "/x/y/5999/id", "/x/y/0/0/id", "/x/y/1", "/~0~1//7/id", "/~0~1/", "~/", "/n/3", "/n/35999", "/n/36000",
  "/n/2", "/n/60000", "/n/60001", "/n/110000", "/n/110001", "/n/110002", "/x/0/0", "/x/1/70000",
  "/x/2/20008", "last", "/last/x", "/a/b", "", "/bad~", "nothing", "/rows/99999999999999999999", "/m5/v",
}

describe("an outline", function()
  for name, text in pairs(texts) do
    it("finds in a large text of " .. name .. " what the whole document has", function()
      local pieces, whole = probe.parser(), probe.parser()
      assert.is_true(pieces:outline(text))
      assert.is_true((whole:parse(text)))
      for _, path in ipairs(paths) do
        local field = path ~= "" and path:sub(1, 1) ~= "/"
        local found, value = pieces:seek(path)
        local there, expected = whole[field and "field" or "value"](whole, path)
        if field then there = there and 1 or 0 end
        assert.equal(there, found, path)
        if there == 1 then assert.equal(canonical(expected), canonical(value), path) end
      end
    end)

    it("accepts of " .. name .. " with a byte changed nothing that is not JSON", function()
      local pieces, whole = probe.parser(), probe.parser()
      local random = 4711
      local bytes = { '"', "\\", "[", "]", "{", "}", ",", ":", " ", "x", "\0", "\n", "\xff", "" }
      for round = 1, 150, os.getenv "SLUICE_SANITIZED" and 5 or 1 do
        random = (random * 1103515245 + 12345) % 2147483648
        local at = round <= 30 and round or round <= 60 and #text - round + 30 or random % #text + 1
        local byte = bytes[random // 65536 % #bytes + 1]
        local changed = text:sub(1, at - 1) .. byte .. text:sub(at + 1)
        if pieces:outline(changed) then
          assert.is_true((whole:parse(changed)), ("%q at %d"):format(byte, at))
        end
      end
    end)
  end

  it("leaves to the whole parser what cannot be divided into pieces", function()
    local p = probe.parser()
    for _, text in ipairs {
      "", "null", '"' .. ("x"):rep(300000) .. '"', '{"s":"' .. ("x"):rep(300000) .. '"}',
      ("["):rep(100000) .. ("]"):rep(100000), "[" .. filler(9000) .. ",]", "[" .. filler(9000) .. "}",
      "[" .. filler(9000) .. "] 1", "[" .. filler(9000), "[" .. (" "):rep(300000) .. "]",
      '{"a":[' .. filler(3000) .. '] "b":1}', '{"a" [' .. filler(3000) .. "]}", "{[" .. filler(3000) .. "]}",
      '{"a\\q":[' .. filler(3000) .. "]}", "[" .. filler(9000) .. ",," .. filler(9000) .. "]",
      "[" .. ("1 ,  "):rep(60000) .. ",  " .. ("1 ,  "):rep(60000) .. "1]",
      "[" .. ("1 ,  "):rep(60000) .. (",  "):rep(60000) .. "1]",
      "[" .. filler(3000) .. "," .. ("["):rep(1010) .. ("]"):rep(1010) .. "," .. filler(3000) .. "]",
      "[" .. filler(3000) .. "," .. ("["):rep(1024) .. ("]"):rep(1024) .. "]",
    } do
      assert.is_false(p:outline(text), text:sub(1, 40))
    end
  end)

  it("does not end a string at escapes across the edges of blocks", function()
    local pieces, whole = probe.parser(), probe.parser()
    for shift = 0, 70 do
      local text = '{"' .. ("k"):rep(shift) .. '":["' .. ('\\\\\\",]'):rep(50) .. '",' .. filler(2500) .. '],"e":1}'
      assert.is_true((whole:parse(text)))
      assert.is_true(pieces:outline(text), tostring(shift))
      assert.same({ 1, 1 }, { pieces:seek "/e" })
    end
  end)
end)

describe("a scan", function()
  it("finds the same with SSE2 and without", function()
    local random, bytes = support.random(8), '[]{},"\\ a\0\xdb\xfb[]{},'
    for _ = 1, 5000 do
      local parts = {}
      for i = 1, random(200) do
        local at = random(#bytes)
        parts[i] = bytes:sub(at, at)
      end
      local text = table.concat(parts)
      local comma, close, deepest, plain_comma, plain_close, plain_deepest = probe.scan(text, random(#text) - 1)
      assert(comma == plain_comma and close == plain_close and deepest == plain_deepest, text)
    end
  end)

  it("finds the end of a container, or its last comma, and how deep it goes", function()
    local comma, close, deepest = probe.scan('[1,"],[",[2,{}],3', 1)
    assert.same({ 15, -1, 2 }, { comma, close, deepest })
    comma, close, deepest = probe.scan('[1,"],[",[2,{}],3],[[[]]]', 1)
    assert.same({ 17, 2 }, { close, deepest })
  end)
end)
