--- schema.infer: which type results from which values.
local core = require "sluice.core"
local decide = require "sluice.internal.infer.decide"
local json = require "sluice.json"
local result = require "sluice.internal.infer.result"
local rows = require "infer.rows"
local schema = require "sluice.schema"
local sluice = require "sluice"

local function described(texts)
  local shapes = core.shapes()
  for _, text in ipairs(texts) do assert(shapes:add(text, "s")) end
  return shapes:describe "s"
end

local function node_of(texts, options) return decide.node(described(texts), options) end

--- The type of texts, each of which it accepts.
local function type_of(texts, options)
  local of = node_of(texts, options).type
  for _, text in ipairs(texts) do
    local _, err = of:decode(text)
    assert.is_nil(err, tostring(of) .. " refuses " .. text)
  end
  return of
end

local function infers(expected, texts, options) assert.equal(expected, tostring(type_of(texts, options))) end

local function notes_of(texts, options) return table.concat(node_of(texts, options).notes, "; ") end

--- So many copies of the same text, followed by others.
local function times(n, text, ...)
  local list = { ... }
  for _ = 1, n do table.insert(list, 1, text) end
  return list
end

local function repeated(n, texts)
  local list = {}
  for i = 1, n do list[i] = texts[(i - 1) % #texts + 1] end
  return list
end

describe("numbers", function()
  it("are integers if none was written as a fraction", function()
    infers("integer", { "1", "-2", "9223372036854775807", "-9223372036854775808" })
    infers("number", { "1", "2.5" })
    infers("number", { "1.0" })
    infers("number", { "1e3" })
  end)

  it("are decimals if a double or 64 bits are not enough", function()
    infers("decimal", { "9223372036854775808" })
    infers("decimal", { "1", "1e400" })
    infers("decimal", { "0.5", "0.1234567890123456789" })
    infers("decimal", { "0.5", "9007199254740993" })
    infers("number", { "0.5", "9007199254740992" })
    infers("number", { "0.12345678901234567" }) -- 17 digits
    infers("number", { "1.00000000000000000000000" }) -- trailing zeros are not significant
  end)

  it("have limits only on request", function()
    infers("integer { min = -3, max = 7 }", { "7", "-3", "0" }, { tight = true })
    infers("integer { min = -9223372036854775808, max = 9223372036854775807 }",
      { "9223372036854775807", "-9223372036854775808" }, { tight = true })
    infers("number { min = -2, max = 0.5 }", { "0.5", "-2" }, { tight = true })
    infers("number { min = 0.30000000000000004, max = 1e+300 }", { "0.30000000000000004", "1e300" }, { tight = true })
    infers("number { min = -0.0, max = -0.0 }", { "-0.0" }, { tight = true })
    infers("decimal { precision = 19, scale = 0 }", { "9223372036854775808" }, { tight = true })
    infers("decimal { precision = 401, scale = 0 }", { "1e400", "2" }, { tight = true })
    infers("decimal { precision = 24, scale = 22 }", { "0.0000000000000000000001", "20.1234567890123456789" }, { tight = true })
  end)

  it("report their range without rounding", function()
    assert.equal("-3 to 7", notes_of { "7", "-3" })
    assert.equal("0.1 to 0.30000000000000004", notes_of { "0.1", "0.30000000000000004" })
    assert.equal("always 5", notes_of { "5" })
    assert.equal("at most 20 digits before the decimal point and 3 after it; row 1 has more digits than a double can represent",
      notes_of { "12345678901234567890.125" })
    assert.equal("at most 401 digits before the decimal point and 0 after it; row 2: was integer until 1e400", notes_of { "1", "1e400" })
    assert.equal("1 to 1.5; row 4: was integer until 1.5", notes_of { "1", "1", "1", "1.5" })
  end)
end)

describe("null", function()
  it("alone is null", function() infers("null", { "null", "null" }) end)

  it("together with other values makes them nullable", function()
    infers("nullable(integer)", { "1", "null" })
    infers("nullable(union({ integer, string }))", { "1", "null", '"x"' })
    infers("nullable(array(nullable(string)))", { "null", '["a",null,"b"]' })
  end)

  it("is distinguished from absence", function()
    infers("record({ a = nullable(integer), b = optional(integer), c = optional(nullable(integer)) })",
      { '{"a":1,"b":1,"c":1}', '{"a":null,"c":null}', '{"a":1,"b":2}' })
    infers("record({ a = optional(null) })", { '{"a":null}', "{}" })
  end)
end)

describe("strings", function()
  it("are an enum if few values occur often", function()
    infers('enum({ "a", "b" })', repeated(10, { '"a"', '"b"' }))
    infers("string", repeated(9, { '"a"', '"b"' }))
    infers('enum({ "a", "b", "c" })', repeated(12, { '"a"', '"b"', '"c"' }))
    infers("string", repeated(11, { '"a"', '"b"', '"c"' }))
  end)

  it("are a constant if there is only one", function()
    infers('enum({ "a" })', times(10, '"a"'))
    infers("string", times(9, '"a"'))
    infers('nullable(enum({ "a" }))', times(10, '"a"', "null"))
    infers('union({ integer, enum({ "a" }) })', times(10, '"a"', "1"))
  end)

  it("are an enum of at most --enum values", function()
    local eight, nine = {}, {}
    for i = 1, 9 do nine[i] = ('"v%d"'):format(i) end
    table.move(nine, 1, 8, 1, eight)
    assert.equal(8, #type_of(repeated(80, eight)).values)
    infers("string", repeated(90, nine))
    assert.equal(9, #type_of(repeated(90, nine), { enum = 9 }).values)
    infers("string", times(20, '"a"'), { enum = 0 })
    infers("string", repeated(20, { '"a"', '"b"' }), { enum = 1 })
  end)

  it("are an enum of up to 64 values, whose texts are short", function()
    local many = {}
    for i = 1, 65 do many[i] = ('"v%d"'):format(i) end
    infers("string", repeated(650, many), { enum = 64 })
    many[65] = nil
    assert.equal(64, #type_of(repeated(640, many), { enum = 64 }).values)
    assert.equal(1, #type_of(times(20, '"' .. ("x"):rep(64) .. '"')).values)
    infers("string", times(20, '"' .. ("x"):rep(65) .. '"'))
  end)

  it("may contain any characters in an enum", function()
    for _, text in ipairs { '"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"]]"', '"\\n--"', '"\\""', '"\\\\"', '""', '"é"' } do
      assert.same({ (json.decode(text)) }, type_of(times(10, text)).values)
    end
  end)

  it("have the format that all of them share", function()
    for format, texts in pairs {
      date = { "2024-02-29", "1999-12-31" }, time = { "12:00:00Z", "23:59:60Z" }, duration = { "P1D", "PT1H30M" },
      ["date-time"] = { "2024-02-29T12:00:00Z", "2024-02-29T12:00:00.5+01:00" },
      uuid = { "123e4567-e89b-12d3-a456-426614174000" }, ipv4 = { "10.0.0.1", "255.255.255.255" }, ipv6 = { "::1", "fe80::1" },
      email = { "a@example.org" }, uri = { "https://example.org/a?b", "mailto:a@b.c", "urn:isbn:1" },
    } do
      for i, text in ipairs(texts) do texts[i] = json.encode(text) end
      infers(('string { format = "%s" }'):format(format), texts)
      infers(('nullable(string { format = "%s" })'):format(format), { "null", table.unpack(texts) })
      infers("string", { texts[1], '"x"' })
      infers("string", { texts[1], '""' })
    end
  end)

  it("have a weak format only if the name suggests it", function()
    for format, field in pairs {
      hostname = { "host", "www.example.org" }, ["uri-reference"] = { "href", "a/b" }, ["json-pointer"] = { "pointer", "/a/b" },
    } do
      local row = ('{"%s":"%s"}'):format(table.unpack(field))
      infers(('record({ %s = string { format = "%s" } })'):format(field[1], format), { row })
      infers("record({ other = string })", { (row:gsub(field[1], "other", 1)) })
    end
  end)

  it("have lengths in characters on request", function()
    infers("string { min_length = 1, max_length = 3 }", { '"é"', '"😀a\\u0000"' }, { tight = true })
    infers("string { min_length = 0, max_length = 1 }", { '""', '"\\ud800"' }, { tight = true })
    infers('string { min_length = 10, max_length = 10, format = "date" }', { '"2024-02-29"' }, { tight = true })
    assert.equal("1 to 3 characters; 2 values", notes_of { '"é"', '"abc"' })
    assert.equal("1 character", notes_of { '"é"' })
  end)

  it("that are numerous are counted only as far as they are kept", function()
    local texts = {}
    for i = 1, 65 do texts[i] = ('"v%02d"'):format(i) end
    assert.equal("3 characters; more than 64 values", notes_of(texts))
    texts[65] = nil
    assert.equal("3 characters; 64 values", notes_of(texts))
    assert.equal("65 characters", notes_of { '"' .. ("x"):rep(65) .. '"' })
  end)

  it("that are few are listed, in JSON notation", function()
    assert.equal([["a\n" (2), "\"" (1), "\ud800" (3)]], notes_of(
      { '"a\\n"', '"\\""', '"\\ud800"', '"a\\n"', '"\\ud800"', '"\\ud800"' }))
    assert.equal([[always "\u0000"]], notes_of(times(9, '"\\u0000"')))
    assert.equal([[only "x"; null in 1 of 3, first in row 3]], notes_of { '"x"', '"x"', "null" })
  end)
end)

describe("booleans", function()
  it("report how often they were true", function()
    infers("boolean", { "true", "false" })
    assert.equal("true in 2 of 3", notes_of { "true", "false", "true" })
    assert.equal("always true", notes_of { "true", "true" })
    assert.equal("only false; null in 1 of 2, first in row 2", notes_of { "false", "null" })
  end)
end)

describe("arrays", function()
  it("have the type of all their elements", function()
    infers("array(integer)", { "[1,2]", "[]" })
    infers("array(union({ integer, string }))", { '[1,"a"]' })
    infers("array(record({ a = optional(integer) }))", { '[{"a":1},{}]' })
    infers("array(array(nullable(boolean)))", { "[[true],[]]", "[[null]]" })
  end)

  it("that were always empty accept any elements", function()
    infers("array(any)", { "[]", "[]" })
    assert.equal("always empty", notes_of { "[]" })
    infers("array(any, { min = 0, max = 0 })", { "[]" }, { tight = true })
  end)

  it("have limits on request", function()
    infers("array(integer { min = 1, max = 3 }, { min = 1, max = 2 })", { "[1,2]", "[3]" }, { tight = true })
    assert.equal("1 to 2 elements", notes_of { "[1,2]", "[3]" })
  end)
end)

describe("records", function()
  it("have their fields in the order of first appearance", function()
    local fields = type_of { '{"z":1,"a":2}', '{"m":3,"a":4,"z":5}' }.fields
    assert.same({ "z", "a", "m" }, { fields[1].name, fields[2].name, fields[3].name })
  end)

  it("may be empty", function()
    infers("record({})", { "{}" })
    infers('record({}, { unknown = "refuse" })', { "{}" }, { tight = true })
  end)

  it("may have any names", function()
    for _, name in ipairs { "", "end", "a b", '"', "\n", "\0", "]]", "\\", "é", "\xED\xA0\x80" } do
      local of = type_of { ("{%s:1}"):format(json.encode(name)) }
      assert.equal(name, of.fields[1].name)
    end
  end)

  it("use the last of duplicate keys", function()
    infers("record({ a = string })", { '{"a":1,"a":"x"}', '{"a":null,"a":"y"}' })
    infers("record({ a = integer, b = integer })", { '{"a":1,"b":"x","a":2,"b":3}' })
  end)

  it("report how many have a field, and which row is the first without it", function()
    local node = node_of { '{"a":1}', '{"a":1,"b":1}', "{}" }
    assert.equal("2 of 3 have it, row 3 is the first without", node.fields[1].node.notes[1])
    assert.equal("1 of 3 have it, row 1 is the first without", node.fields[2].node.notes[1])
  end)

  it("may be nested to any depth, and are inferred to a useful depth", function()
    for _, depth in ipairs { 10, 31, 32, 33, 100, 500 } do
      local text = ('{"a":'):rep(depth) .. "1" .. ("}"):rep(depth)
      type_of { text }
      type_of({ text }, { tight = true })
      local array = ("["):rep(depth) .. "1" .. ("]"):rep(depth)
      type_of { array, "null" }
      type_of { text, array }
    end
  end)
end)

-- ---- maps -----------------------------------------------------------------------------

local function object_of(names, value)
  local parts = {}
  for i, name in ipairs(names) do parts[i] = ("%s:%s"):format(json.encode(name), value or "1") end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function numbered(from, to, pattern)
  local names = {}
  for i = from, to do names[#names + 1] = (pattern or "n%d"):format(i) end
  return names
end

describe("maps", function()
  it("are objects with many names of which each has few", function()
    local texts = {}
    for i = 1, 20 do texts[i] = object_of(numbered(i, i + 2)) end
    infers("map(integer)", texts)
    assert.equal("a map: 22 names in 20 objects, 3 in each on average, with values of one type", node_of(texts).notes[1])
  end)

  it("are not records with optional fields of several types", function()
    local texts = {}
    for i = 1, 20 do texts[i] = ('{"n%d":1,"s%d":"x"}'):format(i, i) end
    assert.equal("record", type_of(texts).kind)
  end)

  it("are not records that have all names", function()
    assert.equal("record", type_of { object_of(numbered(1, 30)), object_of(numbered(1, 30)) }.kind)
    assert.equal("record", type_of { object_of(numbered(1, 19)) }.kind)
  end)

  it("are one object with very many names", function()
    infers("map(integer)", { object_of(numbered(1, 20)) })
    assert.equal("a map: 20 names in one object, with values of one type", node_of { object_of(numbered(1, 20)) }.notes[1])
  end)

  it("are objects whose names are not words", function()
    infers("map(integer)", { object_of(numbered(1, 5, "%d")) })
    infers("map(string)", { object_of({ "/a", "/b" , "/c"}, '"x"'), object_of({ "/d", "/e" }, '"x"'), object_of({ "/f" }, '"x"') })
  end)

  it("have values of one type, which may be null or similar records", function()
    infers("map(nullable(integer))", { object_of(numbered(1, 20)), object_of(numbered(21, 40), "null"), "{}" })
    infers("map(record({ a = integer, b = optional(string) }))",
      { object_of(numbered(1, 9), '{"a":1}'), object_of(numbered(10, 18), '{"a":1,"b":"x"}'), "{}" })
    assert.equal("record", type_of { object_of(numbered(1, 20), '{"a":1}'), object_of(numbered(21, 40), '{"b":1}') }.kind)
  end)

  it("are all objects of more than 1,000 names, with any values", function()
    infers("map(integer)", { object_of(numbered(1, 1001)) })
    local texts = {}
    for i = 1, 1001 do texts[i] = ('{"n%d":%s}'):format(i, i % 2 == 0 and "1" or '"x"') end
    infers('map(union({ integer, enum({ "x" }) }))', texts)
    assert.equal("a map: more than 1,000 names, or one of more than 1,024 bytes", node_of(texts).notes[1])
    infers("array(map(integer))", { "[" .. object_of(numbered(1, 600)) .. "," .. object_of(numbered(601, 1200)) .. "]" })
  end)

  it("are all objects of a very long name", function()
    infers("map(integer)", { '{"a":1}', object_of { ("n"):rep(1025) }, '{"b":2,"c":3}' })
    assert.equal("record", type_of({ object_of { ("n"):rep(1024) } }).kind)
  end)

  it("may hold maps", function()
    local parts = {}
    for i = 1, 30 do parts[i] = ('"n%d":%s'):format(i, object_of(numbered(i, i + 2))) end
    infers("map(map(integer))", { "{" .. table.concat(parts, ",") .. "}" })
  end)
end)

-- ---- mixed types ----------------------------------------------------------------------

describe("values of several types", function()
  it("are a union", function()
    infers("union({ boolean, integer, string, array(integer), record({ a = integer }) })", { "true", "1", '"x"', "[1]", '{"a":1}' })
    infers("nullable(union({ boolean, decimal }))", { "true", "1", "0.5", "1e400", "null" })
    infers('union({ integer, string { format = "date" } })', { "1", '"2024-02-29"' })
    infers("record({ a = union({ string, record({ b = integer }) }) })", { '{"a":"x"}', '{"a":{"b":1}}' })
  end)

  it("report which row widened them, and from what", function()
    assert.equal('only 1; 3 characters; row 2: was integer until "12a"', notes_of { "1", '"12a"' })
    local notes = node_of({ "1", "null", "1.5", '"x"', "2", "[]", "1e400", '"y"' }).notes
    assert.same({
      "row 3: was integer until 1.5", 'row 4: was number until "x"', "row 6: was number or string until []",
      "row 7: was number or string or array until 1e400",
    }, { table.unpack(notes, #notes - 3) })
  end)

  it("are not widened by what they accepted before", function()
    assert.equal("1 to 2.5", notes_of { "2.5", "1", "2" })
    assert.not_matches("until", notes_of { "1e400", "1.5", "1" })
  end)

  it("keep the first value in its notation, truncated", function()
    assert.matches([[row 2: was integer until "\u00e9\n"$]], notes_of { "1", '"\\u00e9\\n"' })
    local long = notes_of { "1", '"' .. ("é"):rep(40) .. '"' }
    assert.matches("é…$", long)
    assert.is_truthy(utf8.len(long))
  end)
end)

-- ---- bounds ---------------------------------------------------------------------------

describe("more places than the limit", function()
  local function wide(fields, inner)
    local parts = {}
    for i = 1, fields do parts[i] = ('"f%d":%s'):format(i, inner) end
    return "{" .. table.concat(parts, ",") .. "}"
  end

  it("are dropped from the deepest level up, and all rows are still accepted", function()
    local inner = wide(205, "1")
    local texts = { wide(100, inner), wide(100, (inner:gsub("1", "null"))), '{"f1":{"f1":{"x":{"y":1}}}}' }
    local of = type_of(texts)
    assert.is_true(#tostring(of) < 200000)
  end)

  it("are the same ones when parts are merged", function()
    local texts = {}
    for i = 1, 3 do
      local parts = {}
      for k = 1, 80 do parts[k] = ('"g%d_%d":%s'):format(i, k, wide(85, i % 2 == 0 and '{"x":1}' or "1")) end
      texts[i] = "{" .. table.concat(parts, ",") .. "}"
    end
    local whole, merged = core.shapes(), core.shapes()
    for _, text in ipairs(texts) do
      assert(whole:add(text, "s"))
      local part = core.shapes()
      assert(part:add(text, "s"))
      assert(merged:merge(part))
    end
    assert.is_nil(rows.difference(whole:describe "s", merged:describe "s"))
    type_of(texts)
  end)

  it("become a map if there are too many names, even if these come from several parts", function()
    local first, second, whole = core.shapes(), core.shapes(), core.shapes()
    for i = 1, 1400 do
      local text = ('{"kind":"%s","m":{"n%d":%d}}'):format(i % 2 == 0 and "a" or "b", i, i)
      assert((i <= 700 and first or second):add(text, "s"))
      assert(whole:add(text, "s"))
    end
    assert(first:merge(second))
    assert.is_nil(rows.difference(whole:describe "s", first:describe "s"))
  end)
end)

describe("a large row", function()
  --- The CPU time that it takes, in seconds.
  local function takes(text)
    local begin = os.clock()
    described { text }
    return os.clock() - begin
  end

  it("is read only a few times, even with duplicate keys", function()
    assert.is_true(takes("[" .. ('{"a":1,"b":1.5,"a":1.5},'):rep(40000) .. "0]") < 5)
  end)

  it("is read only a few times, even if everything in it is new", function()
    local parts = {}
    for i = 1, 900 do parts[i] = ('"f%d":%s'):format(i, object_of(numbered(1, 20), "[{}]")) end
    assert.is_true(takes("{" .. table.concat(parts, ",") .. ',"s":"' .. ("x"):rep(900000) .. '"}') < 5)
  end)
end)

-- ---- the written form -----------------------------------------------------------------------

local function written(texts, as, options)
  local shapes = core.shapes()
  for _, text in ipairs(texts) do assert(shapes:add(text, "s")) end
  return require("sluice.internal.infer.as_" .. as)(result.of(shapes, options or {}), options or {})
end

--- So many levels of so many fields each, the last of which contains the next level.
local function nested(levels, fields)
  local text = "null"
  for _ = 1, levels do
    local parts = {}
    for i = 1, fields - 1 do parts[i] = ('"f%d":1'):format(i) end
    parts[fields] = '"z":' .. text
    text = "{" .. table.concat(parts, ",") .. "}"
  end
  return text
end

describe("a written schema", function()
  it("stays within Lua's limits for one expression", function()
    for _, of in ipairs { { 64, 1 }, { 40, 60 }, { 20, 100 }, { 6, 50 } } do
      local texts = { nested(table.unpack(of)) }
      for i = 1, 10 do texts[i + 1] = texts[1]:gsub("null", i % 2 == 0 and "[]" or "1"):gsub("{", i % 3 == 0 and '{"o":[],' or "{") end
      texts[#texts + 1] = "null"
      local declared = assert(load(written(texts, "lua")))()
      for _, text in ipairs(texts) do assert(declared:decode(text)) end
      assert(load(written(texts, "policy")))
      assert(schema.from_json_schema(written(texts, "json_schema")))
    end
  end)

  it("takes no longer for maps nested in maps", function()
    local text = "[1]"
    for _ = 1, 40 do text = ('{"/a":[],"/b":[],"/c":[],"/d":[],"/e":[%s]}'):format(text) end
    local declared = assert(load(written({ text }, "lua")))()
    assert(declared:decode(text))
  end)

  it("has comments that stay on one line, and are UTF-8", function()
    local names = { "a\nb", "]]", "--[[", "*/", "\r", "\0", "\xED\xA0\x80", '"' }
    local texts = {}
    for _, name in ipairs(names) do
      local key = json.encode(name)
      texts[#texts + 1] = ("{%s:%s}"):format(key, key)
      texts[#texts + 1] = ("{%s:[%s]}"):format(key, key)
    end
    for _, as in ipairs { "lua", "policy", "luals", "sql", "json_schema" } do
      local text = written(texts, as)
      assert.is_truthy(utf8.len(text), as)
      assert.is_nil(text:find "[%z\1-\9\11-\31]", as)
      if as == "lua" or as == "policy" then assert(load(text)) end
    end
  end)

  it("has the limits of numbers in their notation", function()
    for _, text in ipairs { "-0.0", "1e400", "9223372036854775808", "-9223372036854775808", "9223372036854775807",
      "9007199254740993", "0.30000000000000004", "5e-324", "1.7976931348623157e308", "0.1234567890123456789", "1e-400" } do
      local declared = assert(load(written({ text }, "lua", { tight = true })))()
      local back = assert(schema.from_json_schema(written({ text }, "json_schema", { tight = true })))
      for _, of in ipairs { declared, back } do
        local _, err = of:decode(text)
        assert.is_nil(err, text)
      end
      if declared.kind ~= "decimal" then
        for _, other in ipairs { "1", "-9223372036854775807", "9223372036854775806", "9007199254740992", "0.3", "1e-323" } do
          assert.is_nil((declared:decode(other)), text)
          assert.is_nil((back:decode(other)), text)
        end
      end
    end
  end)
end)

-- ---- in Lua ---------------------------------------------------------------------------

describe("schema.infer", function()
  it("accepts Lua values, and parts of other inferences", function()
    local one, other = schema.infer(), schema.infer()
    assert.equal(one, one:add { a = 1 })
    one:add { a = sluice.decimal "1e400", b = sluice.null }
    other:add { a = 2, c = json.array() }
    assert.equal(one, one:merge(other))
    assert.equal(3, one:count())
    assert.equal("record({ a = decimal, b = optional(null), c = optional(array(any)) })", tostring(one:schema()))
  end)

  it("is any before the first value", function()
    assert.equal(schema.any, schema.infer():schema())
    assert.equal(0, schema.infer():count())
  end)

  it("reports which value cannot be JSON, and continues", function()
    local inference = schema.infer():add(1)
    for _, value in ipairs { 0 / 0, "\xff", print, { [1.5] = 1 }, { a = { b = print } } } do
      local added, err = inference:add(value)
      assert.is_nil(added)
      assert.equal("row_malformed", err.kind)
    end
    assert.equal("integer", tostring(inference:schema()))
    assert.equal(1, inference:count())
  end)

  it("accepts options", function()
    local inference = schema.infer { tight = true, enum = 0 }
    for _ = 1, 20 do inference:add "x" end
    assert.equal("string { min_length = 1, max_length = 1 }", tostring(inference:schema()))
    for _, options in ipairs { { enum = -1 }, { enum = 65 }, { enum = 1.5 }, { tight = 1 }, { other = true } } do
      assert.has_error(function() schema.infer(options) end)
    end
  end)

  it("merges only another inference", function()
    local inference = schema.infer()
    for _, other in ipairs { inference, {}, 1, schema.string } do
      assert.has_error(function() inference:merge(other) end, "merge: expected another inference")
    end
  end)
end)

describe("rows of several shapes", function()
  local function split_of(texts) return described(texts).split end

  it("are distinguished by the field that names the shape", function()
    local split = split_of(repeated(20, { '{"id":1,"type":"a","x":1}', '{"id":2,"type":"b","y":"s"}', '{"id":3,"type":"b","y":"t"}' }))
    assert.equal("type", split.name)
    assert.equal(2, split.values)
    assert.equal(split.varying, split.explained)
  end)

  it("are not distinguished if no field does so", function()
    assert.is_nil(split_of(repeated(20, { '{"type":"a","x":1}', '{"type":"b","x":2}' })))
    assert.is_nil(split_of { '{"type":"a","x":1}', '{"type":"b","y":2}' })
  end)
end)
