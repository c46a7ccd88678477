--- sluice.schema: the values that each type accepts, and the results.
local json = require "sluice.json"
local schema = require "sluice.schema"
local sluice = require "sluice"

local null = json.null

--- Texts that a type accepts, each with its value, and texts that it refuses.
local function takes(declared, good, bad)
  for text, value in pairs(good) do
    local got, err = declared:decode(text)
    assert.is_nil(err, text .. ": " .. tostring(err))
    assert.same(value, got, text)
    assert.equal(math.type(value), math.type(got), text)
  end
  for _, text in ipairs(bad) do
    local _, err = declared:decode(text)
    assert.is_table(err, tostring(declared) .. " took " .. text)
    assert.equal("row_invalid", err.kind)
  end
end

describe("a scalar type", function()
  it("can be used bare", function()
    takes(schema.string, { ['"x"'] = "x", ['""'] = "", ['"\\u0000"'] = "\0" }, { "1", "null", "[]", "{}", "true" })
    takes(schema.boolean, { ["true"] = true, ["false"] = false }, { "0", "null", '"true"' })
    takes(schema.null, { ["null"] = null }, { "0", "false", '""' })
    takes(schema.any, { ["1"] = 1, ["null"] = null, ['"x"'] = "x", ["[1,{}]"] = { 1, {} } }, {})
  end)

  it("integer is exact for 64 bits, accepts integers written as floats, and is a decimal beyond", function()
    takes(schema.integer, {
      ["9223372036854775807"] = math.maxinteger, ["-9223372036854775808"] = math.mininteger,
      ["9007199254740993"] = 9007199254740993, ["1.0"] = 1, ["1e2"] = 100, ["-0.0"] = 0,
      ["9007199254740992.0"] = 9007199254740992,
      ["1e16"] = 10000000000000000, ["9007199254740993.0"] = 9007199254740993,
    }, { "1.5", "9007199254740992.5", "1e-400", "true", '"1"', "null" })
    for _, text in ipairs { "9223372036854775808", "-9223372036854775809", "1e19", "1e400", "123456789012345678901234567890.0" } do
      assert.equal(text, tostring(assert(schema.integer:decode(text))))
      assert.is_true(sluice.is_decimal(schema.integer:decode(text)))
      assert.is_nil((schema.integer { max = 1e18 // 1 | 0 }:decode(text)) and text:sub(1, 1) ~= "-" or nil)
    end
  end)

  it("number distinguishes integers and floats, and keeps the digits beyond their range", function()
    takes(schema.number, { ["1"] = 1, ["1.0"] = 1.0, ["-2.5e3"] = -2500.0 }, { '"1"', "null" })
    for _, text in ipairs { "18446744073709551616", "1e400", "-1e309", "9223372036854775808" } do
      local value = assert(schema.number:compile():decode(text))
      assert.is_true(sluice.is_decimal(value))
      assert.equal(text, tostring(value))
    end
    local bounded = schema.number { min = 0, max = 1e300, multiple_of = 2 }
    assert(bounded:compile():decode "18446744073709551616")
    for _, text in ipairs { "18446744073709551617", "-18446744073709551616", "1e301", "1e400" } do
      assert.is_nil((bounded:compile():decode(text)), text)
    end
  end)

  it("accepts multiples of any size", function()
    for step, texts in pairs {
      [2] = { "1e400", "1e200000", "2e1000000000", "0e5" }, [7] = { "7e99999", "49" .. ("0"):rep(300), "-7e400" },
      [math.maxinteger] = { "9223372036854775807e1000", "85070591730234615847396907784232501249" }, [1] = { "1e400" },
    } do
      local integers = schema.integer { multiple_of = step }:compile()
      for _, text in ipairs(texts) do assert.is_not_nil(integers:decode(text), text) end
    end
    local sevens = schema.integer { multiple_of = 7 }:compile()
    for _, text in ipairs { "1e400", "8e99999", "7e-1", "18446744073709551615" } do assert.is_nil((sevens:decode(text)), text) end
  end)

  it("may have bounds beyond 64 bits, as JSON Schemas have", function()
    for text, cases in pairs {
      ['{"type":"integer","minimum":0,"maximum":18446744073709551615}'] = {
        ["18446744073709551615"] = true, ["18446744073709551616"] = false, ["-1"] = false, ["5"] = true, ["1e400"] = false },
      ['{"type":"number","exclusiveMinimum":18446744073709551615}'] = {
        ["18446744073709551615"] = false, ["18446744073709551616"] = true, ["1.8446744073709552e19"] = true, ["1e400"] = true, ["7"] = false },
      ['{"type":"number","minimum":-1e400,"exclusiveMaximum":-1e309}'] = {
        ["-1e309"] = false, ["-1.1e309"] = true, ["-10e399"] = true, ["-1.01e400"] = false, ["-1.5"] = false, ["-3"] = false },
    } do
      local read = assert(schema.from_json_schema(json.decode(text)))
      assert(schema.from_json_schema(read:to_json_schema()))
      for value, fits in pairs(cases) do
        assert.equal(fits, (read:compile():decode(value)) ~= nil, text .. ": " .. value)
      end
    end
    local _, err = schema.integer { max = sluice.decimal "18446744073709551615" }:compile():decode "18446744073709551616"
    assert.equal("an integer of at most 18446744073709551615", err.violations[1].expected)
    assert.is_false((pcall(schema.integer, { min = sluice.decimal "18446744073709551615", max = 5 })))
    for _, type in ipairs { schema.decimal { precision = 5, scale = 2 }, schema.decimal { precision = 9 }, schema.decimal { min = "1e400" } } do
      assert(schema.from_json_schema(type:to_json_schema()))
    end
  end)

  it("decimal keeps the digits of any number", function()
    for _, text in ipairs { "0", "-0.0", "19.990", "1e2", "0.12345678901234567890123", "18446744073709551616", "1e400", "7" } do
      local value = assert(schema.decimal:compile():decode(text))
      assert.is_true(sluice.is_decimal(value))
      assert.equal(text, tostring(value))
    end
    local money = schema.decimal { precision = 5, scale = 2, min = "0.01", max = 500 }
    for text, fits in pairs {
      ["0.01"] = true, ["19.99"] = true, ["19.990"] = true, ["5e2"] = true, ["500.00"] = true, ["1.5e1"] = true,
      ["0"] = false, ["0.009"] = false, ["0.001"] = false, ["500.01"] = false, ["19.999"] = false, ["1e400"] = false, ["1e-3"] = false,
    } do
      assert.equal(fits, (money:compile():decode(text)) ~= nil, text)
    end
    for _, text in ipairs { '"1"', "true", "null", "[]" } do assert.is_nil((schema.decimal:compile():decode(text))) end
    local row = schema.record { { "price", money } }:compile()
    local _, err = row:decode '{"price":19.999}'
    assert.equal("a number of at most 5 digits, 2 of them after the decimal point of 0.01 to 500", err.violations[1].expected)
    for _, options in ipairs { { scale = 2 }, { precision = 2, scale = 3 }, { min = "x" }, { precision = 0 }, { min = 2, max = 1 } } do
      assert.is_false((pcall(schema.decimal, options)))
    end
    assert.same({ type = "number", minimum = "0.01", maximum = "500", multipleOf = "0.01" }, (function(out)
      for key, value in pairs(out) do out[key] = tostring(value) end
      out["$schema"] = nil
      return out
    end)(money:to_json_schema()))
  end)

  it("has bounds", function()
    takes(schema.integer { min = 1, max = 3 }, { ["1"] = 1, ["3"] = 3, ["2.0"] = 2 }, { "0", "4", "1.5" })
    takes(schema.number { exclusive_min = 0, exclusive_max = 1 }, { ["0.5"] = 0.5 }, { "0", "1", "0.0", "1.0" })
    takes(schema.integer { multiple_of = 5 }, { ["-10"] = -10, ["0"] = 0, ["15"] = 15 }, { "1", "-1" })
    takes(schema.number { multiple_of = 0.1 }, { ["0.3"] = 0.3, ["7"] = 7 }, { "0.35" })
    takes(schema.integer { max = 9223372036854775806 }, { ["9223372036854775806"] = math.maxinteger - 1 }, { "9223372036854775807" })
    takes(schema.integer { max = 2.0 ^ 63 }, { ["9223372036854775807"] = math.maxinteger }, {})
  end)

  it("string counts characters", function()
    takes(schema.string { length = 2 }, { ['"ab"'] = "ab", ['"éé"'] = "éé" }, { '"é"', '"abc"', '""' })
    takes(schema.string { length = { 1, 2 } }, { ['"a"'] = "a", ['"😀😀"'] = "😀😀" }, { '""', '"abc"' })
    takes(schema.string { min_length = 1 }, { ['"é"'] = "é" }, { '""' })
    takes(schema.string { max_length = 3 }, { ['"ééé"'] = "ééé", ['""'] = "" }, { '"éééé"', '"abcd"' })
  end)

  it("string counts characters of any width, in strings of any length", function()
    for n = 0, 40 do
      for _, character in ipairs { "a", "é", "€", "😀", "aé€😀" } do
        local text = character:rep(n)
        local length = utf8.len(text)
        takes(schema.string { min_length = length, max_length = length }, { ['"' .. text .. '"'] = text }, {
          ('"%sx"'):format(text), length > 0 and ('"%s"'):format(text:sub(1, utf8.offset(text, -1) - 1)) or "1",
        })
      end
    end
  end)

  it("string matches a Lua pattern, or a regular expression", function()
    takes(schema.string { pattern = "^%l+%d?$" }, { ['"ab1"'] = "ab1" }, { '"1"', '""', '"ab12"' })
    takes(schema.string { regex = [[^(a|bc){2}$]] }, { ['"abc"'] = "abc", ['"bca"'] = "bca" }, { '"a"', '"abca"' })
    takes(schema.string { pattern = "%z" }, { ['"a\\u0000"'] = "a\0" }, { '"a"' })
  end)
end)

describe("a container", function()
  it("array has items, bounds and unique elements", function()
    takes(schema.array, { ["[]"] = {}, ['[1,"a",null]'] = { 1, "a", null } }, { "{}", '"x"' })
    takes(schema.array(schema.integer), { ["[1,2.0]"] = { 1, 2 } }, { "[1,null]", "[[1]]" })
    takes(schema.array(schema.integer, { min = 1, max = 2 }), { ["[1]"] = { 1 } }, { "[]", "[1,2,3]" })
    takes(schema.array { items = schema.string, unique = true }, { ['["a","b"]'] = { "a", "b" } }, { '["a","b","a"]' })
    takes(schema.array { unique = true }, { ['[1,"1",true,[1]]'] = { 1, "1", true, { 1 } } }, { "[1,1.0]", '[{"a":1,"b":2},{"b":2,"a":1}]' })
  end)

  it("unique elements are told apart by all fields that count", function()
    local many, backwards, other = {}, {}, {}
    for i = 1, 100 do
      many[i], backwards[101 - i] = ('"k%d":%d'):format(i, i), ('"k%d":%d.0'):format(i, i)
      other[i] = ('"k%d":%d'):format(i, i == 57 and 0 or i)
    end
    local function array(a, b) return ("[{%s},{%s}]"):format(a, b) end
    local function object(fields) return table.concat(fields, ",") end
    local unique = schema.array { unique = true }
    for _, doubled in ipairs { array(object(many), object(backwards)), array(('"a":0,'):rep(70) .. '"a":1', '"a":1'),
      array(('"a":0,'):rep(40) .. object(many), ('"a":0,'):rep(90) .. object(backwards)) } do
      local value, problem = unique:decode(doubled)
      assert.is_nil(value)
      assert.matches("/1", tostring(problem), 1, true)
    end
    assert.equal(2, #unique:decode(array(object(many), object(other))))
  end)

  it("array produces an array, even if it is empty", function()
    assert.is_true(json.is_array((schema.array:decode "[]")))
    assert.equal("[]", json.encode((schema.array(schema.integer):decode "[]")))
  end)

  it("map accepts any names", function()
    takes(schema.map, { ["{}"] = {}, ['{"a":[]}'] = { a = json.array() } }, { "[]", "null" })
    takes(schema.map(schema.integer), { ['{"a":1,"b":2.0}'] = { a = 1, b = 2 } }, { '{"a":1,"b":"2"}' })
    takes(schema.map(schema.any, { min = 1, max = 2 }), { ['{"a":1}'] = { a = 1 } }, { "{}", '{"a":1,"b":1,"c":1}' })
    takes(schema.map { keys = schema.string { pattern = "^%l$" } }, { ['{"a":1}'] = { a = 1 } }, { '{"ab":1}', '{"a":1,"B":1}' })
  end)

  it("record drops undeclared fields", function()
    takes(schema.record { a = schema.integer }, { ['{"a":1}'] = { a = 1 }, ['{"b":[1],"a":1,"c":{"a":2}}'] = { a = 1 } }, { "{}", "[]", '{"a":"x"}' })
  end)

  it("record keeps, checks or refuses undeclared fields on request", function()
    takes(schema.open { a = schema.integer }, { ['{"a":1,"b":[2]}'] = { a = 1, b = { 2 } } }, { '{"b":2}' })
    takes(schema.record({ a = schema.integer }, { unknown = schema.string }), { ['{"a":1,"b":"x"}'] = { a = 1, b = "x" } }, { '{"a":1,"b":2}' })
    takes(schema.closed { a = schema.integer }, { ['{"a":1}'] = { a = 1 } }, { '{"a":1,"b":2}', '{"A":1}' })
    takes(schema.record({}, { unknown = "refuse" }), { ["{}"] = {} }, { '{"":1}' })
  end)

  it("record finds fields among many with similar names", function()
    local fields, members, expected = {}, {}, {}
    for i = 1, 300 do
      local name = ("a-long-common-beginning-%d-and-a-common-end"):format(i)
      fields[name], expected[name] = schema.integer, i
      members[i] = ('"%s":%d'):format(name, i)
    end
    for i, name in ipairs { "", "a", "aa", "ab", "ba", "abc", "acb", "abcd", "abcdefgh", "abcdefg", "abcdefghabcdefgh", "abcdefghXabcdefgh" } do
      fields[name], expected[name] = schema.integer, 1000 + i
      members[#members + 1] = ('"%s":%d'):format(name, 1000 + i)
    end
    local declared = schema.closed(fields)
    assert.same(expected, declared:decode("{" .. table.concat(members, ",") .. "}"))
    local _, err = declared:decode '{"a-long-common-beginning-301-and-a-common-end":1}'
    assert.equal(313, err.violation_count)
  end)

  it("record uses the last of duplicate keys", function()
    takes(schema.record { a = schema.integer }, { ['{"a":"x","a":1}'] = { a = 1 } }, { '{"a":1,"a":"x"}' })
    takes(schema.map(schema.integer), { ['{"a":"x","a":1}'] = { a = 1 } }, { '{"a":1,"a":"x"}' })
    takes(schema.map(schema.any, { max = 1 }), { ['{"a":1,"a":2}'] = { a = 2 } }, { '{"a":1,"b":2}' })
    takes(schema.record({}, { unknown = schema.integer }), { ['{"a":"x","a":1}'] = { a = 1 } }, { '{"a":1,"a":"x"}' })
    takes(schema.array { unique = true }, {}, { '[{"a":1,"a":2},{"a":2}]' })
  end)
end)

describe("a record's fields", function()
  -- Similar in their first bytes, their last bytes, or their lengths.
  local names = { "", "a", "b", "ab", "abcdefg", "abcdefgh", "bbcdefgh", "abcdefghi", "abcdefghj", "abcdefghabcdefgh",
    "abcdefghabcdefghi", "abcdefghXbcdefghi", "abcdefghabcdefghabcdefgh", "abcdefghabcdXfghabcdefgh", "é", "\0", "\0\0" }

  it("are found by their names, with any names and in any order", function()
    local random = math.random
    math.randomseed(20261124)
    for round = 1, 400 do
      local fields, members, expected = {}, {}, {}
      for i, name in ipairs(names) do
        if random(2) == 1 then fields[name] = schema.optional(schema.integer) end
        if random(3) > 1 then
          members[#members + 1] = ("%s:%d"):format(json.encode(name), i)
          if fields[name] then expected[name] = i end
        end
      end
      for i = #members, 2, -1 do
        local j = random(i)
        members[i], members[j] = members[j], members[i]
      end
      -- Every other one is declined by simdjson and read by the other reader, with the same result.
      members[#members + 1] = round % 2 == 0 and '"other":1e999' or '"other":1'
      local text = "{" .. table.concat(members, ",") .. "}"
      assert.same(expected, assert(schema.record(fields):decode(text)), text)
    end
  end)
end)

describe("a field of strings", function()
  it("has its exact text, repeated or new, short or long", function()
    local record = schema.record { a = schema.string, b = schema.string, c = schema.string }
    local long = ("abcdefgh"):rep(3)
    math.randomseed(20261124)
    local function some(i) return ({ "theorem", "lemma", "", "é", "theoreM", long:sub(1, i % 20), ("\0"):rep(i % 9), tostring(i) })[math.random(8)] end
    for i = 1, 3000 do
      local value = { a = some(i), b = i % 300 < 150 and tostring(i) or "same", c = long:sub(1, 15) .. string.char(97 + i % 26) }
      local text = json.encode(value)
      if i % 2 == 0 then text = text:sub(1, -2) .. ',"d":1e999}' end
      assert.same(value, assert(record:decode(text)), text)
      if i % 500 == 0 then collectgarbage() end
    end
  end)
end)

describe("an absent field", function()
  it("is nil when it is optional", function()
    takes(schema.record { a = schema.optional(schema.integer) }, { ["{}"] = {}, ['{"a":1}'] = { a = 1 } }, { '{"a":null}' })
  end)

  it("is not null, and null is not absent", function()
    takes(schema.record { a = schema.nullable(schema.integer) }, { ['{"a":null}'] = { a = null } }, { "{}" })
    takes(schema.record { a = schema.optional(schema.nullable(schema.integer)) }, { ["{}"] = {}, ['{"a":null}'] = { a = null } }, { '{"a":""}' })
  end)

  it("has its default", function()
    local declared = schema.record { a = schema.integer { default = 3 }, b = schema.boolean { default = false }, c = schema.nullable(schema.string) }
    takes(declared, { ['{"c":null}'] = { a = 3, b = false, c = null }, ['{"a":1,"b":true,"c":"x"}'] = { a = 1, b = true, c = "x" } }, { "{}" })
  end)

  it("gets its own copy of a default that is a table", function()
    local declared = schema.record { tags = schema.array(schema.string, { default = { "x" } }), m = schema.map { default = {} } }
    local first = declared:decode "{}"
    first.tags[1], first.m.a = "changed", 1
    assert.same({ tags = { "x" }, m = {} }, declared:decode "{}")
    assert.is_true(json.is_array(first.tags))
  end)

  it("gets a default with its own defaults filled in", function()
    local inner = schema.record({ n = schema.integer { default = 7 } }, { default = {} })
    assert.same({ inner = { n = 7 } }, schema.record { inner = inner }:decode "{}")
  end)
end)

describe("a choice", function()
  it("enum and const accept these values, and return them as declared", function()
    takes(schema.enum { "a", 1, 2.5, true, null }, { ['"a"'] = "a", ["1.0"] = 1, ["2.5"] = 2.5, ["true"] = true, ["null"] = null }, { '"b"', "2", "false", "[]" })
    takes(schema.const { a = { 1 } }, { ['{"a":[1.0]}'] = { a = { 1 } } }, { '{"a":[2]}', '{"a":[1],"b":1}', "{}" })
    takes(schema.const(false), { ["false"] = false }, { "null", "0" })
  end)

  it("union uses the first alternative that fits", function()
    takes(schema.union(schema.integer, schema.string { format = "date" }, schema.array(schema.integer)),
      { ["1.0"] = 1, ['"2024-01-31"'] = "2024-01-31", ["[1]"] = { 1 } }, { "1.5", '"2024-01-32"', '["x"]', "null" })
    takes(schema.union { schema.record { a = schema.integer }, schema.record { b = schema.string } },
      { ['{"a":1,"b":"x"}'] = { a = 1 }, ['{"a":"?","b":"x"}'] = { b = "x" } }, { "{}" })
    takes(schema.union(schema.integer, schema.null), { ["null"] = null, ["1"] = 1 }, { '""' })
  end)
end)

describe("a type", function()
  it("can be inspected", function()
    local declared = schema.record({ { "b", schema.optional(schema.nullable(schema.integer { min = 1 })) }, { "a", schema.string { default = "x" } } }, { title = "T" })
    assert.equal("record", declared.kind)
    assert.equal("T", declared.title)
    assert.equal("drop", declared.unknown)
    local b, a = declared.fields[1], declared.fields[2]
    assert.same({ "b", true, true }, { b.name, b.optional, b.nullable })
    assert.same({ "integer", 1, "an integer of at least 1 or null" }, { b.schema.kind, b.schema.min, b.schema.expected })
    assert.same({ "a", true, false }, { a.name, a.optional, a.nullable or false })
    assert.equal("x", a.schema.default)
    assert.equal("integer", schema.array(schema.integer).items.kind)
    assert.same({ "x" }, schema.enum { "x" }.values)
  end)

  it("has its fields in alphabetical order unless they are a list", function()
    local function names(declared)
      local result = {}
      for i, field in ipairs(declared.fields) do result[i] = field.name end
      return result
    end
    assert.same({ "a", "b", "c" }, names(schema.record { c = schema.any, a = schema.any, b = schema.any }))
    assert.same({ "c", "a", "b" }, names(schema.record { { "c", schema.any }, { "a", schema.any }, { "b", schema.any } }))
  end)

  it("keeps the order of its fields when a value is written, at any depth", function()
    local fields = { { "z", schema.integer }, { "a", schema.integer } }
    local inner = schema.record(fields)
    local function written(declared, text)
      local value, err = declared:decode(text)
      assert.is_nil(err)
      return (json.encode(value))
    end
    local declared = schema.record({
      { "name", schema.string }, { "sub", inner }, { "list", schema.array(inner) }, { "map", schema.map(inner) },
      { "either", schema.union(schema.string, inner) }, { "id", schema.integer }, { "absent", schema.integer { default = 1 } },
      { "made", schema.nullable(schema.record(fields, { default = { a = 1, z = 2 } })) },
    })
    local text = '{"id":1,"map":{"k":{"a":1,"z":2}},"sub":{"a":1,"z":2},"either":{"a":1,"z":2},"name":"n","list":[{"a":1,"z":2}]}'
    local pair = '{"z":2,"a":1}'
    assert.equal(('{"name":"n","sub":%s,"list":[%s],"map":{"k":%s},"either":%s,"id":1,"absent":1,"made":%s}')
      :format(pair, pair, pair, pair, pair), written(declared, text))
    local open = schema.open { { "b", schema.integer }, { "c", schema.integer } }
    assert.equal('{"b":2,"c":3,"a":1,"d":4}', written(open, '{"d":4,"c":3,"a":1,"b":2}'))
    assert.equal('{"a":1,"z":2}', written(schema.record { z = schema.integer, a = schema.integer }, pair))
    local many, backwards, forwards = {}, {}, {}
    for i = 1, 60 do
      local name = ("k%02d"):format(61 - i)
      many[i], backwards[i], forwards[61 - i] = { name, schema.integer }, ('"%s":0'):format(name), ('"%s":0'):format(name)
    end
    assert.equal("{" .. table.concat(backwards, ",") .. "}", written(schema.record(many), "{" .. table.concat(forwards, ",") .. "}"))
  end)

  it("has a readable text form", function()
    assert.equal('record({ doc = optional(string), line = integer { min = 1 } }, { unknown = "keep" })',
      tostring(schema.open { line = schema.integer { min = 1 }, doc = schema.optional(schema.string) }))
  end)

  it("cannot be changed", function()
    assert.has_error(function() schema.string.colour = 1 end)
  end)

  it("is distinguished from other tables", function()
    assert.is_true(schema.is(schema.string))
    assert.is_false(schema.is {})
    assert.is_false(schema.is(nil))
  end)

  it("refuses a text that is not JSON as row_malformed", function()
    local value, err = schema.any:decode "[1,"
    assert.is_nil(value)
    assert.equal("row_malformed", err.kind)
  end)
end)

describe("misuse", function()
  --- The error names this file, at the line of the mistake.
  local function refused(pattern, f)
    local ok, err = pcall(f)
    assert.is_false(ok)
    assert.matches("types_spec%.lua:%d+: " .. pattern, err)
    assert.equal(debug.getinfo(f, "S").linedefined, tonumber(err:match ":(%d+):"))
  end

  it("raises at the caller's line, with what was expected", function()
    refused("schema.integer: min: expected a number, got \"1\"", function() schema.integer { min = "1" } end)
    refused("schema.integer: mins: unknown key; did you mean min%?", function() schema.integer { mins = 1 } end)
    refused("schema.integer: min is 3, above max, which is 1", function() schema.integer { min = 3, max = 1 } end)
    refused("schema.integer: expected only one of min and exclusive_min", function() schema.integer { min = 3, exclusive_min = 1 } end)
    refused("schema.number: multiple_of: expected a positive number", function() schema.number { multiple_of = 0 } end)
    refused("schema.string: min_length: expected a non%-negative integer", function() schema.string { min_length = -1 } end)
    refused("schema.string: pattern: a %[ without a %]", function() schema.string { pattern = "[a" } end)
    refused("schema.string: regex: a %( without a %), at character 3", function() schema.string { regex = "a(" } end)
    refused("schema.string: format: unknown format \"dat\"", function() schema.string { format = "dat" } end)
    refused("schema.array: items: expected a type", function() schema.array({}, {}) end)
    refused("schema.array: items: only a field of a record can be optional", function() schema.array(schema.optional(schema.any)) end)
    refused("schema.record: expected a table of fields", function() schema.record(schema.string) end)
    refused("schema.record: a: expected a type such as schema.string, got \"string\"", function() schema.record { a = "string" } end)
    refused("schema.record: a: expected a type such as schema.string, got a function", function() schema.record { a = schema.record } end)
    refused("schema.record: a is declared twice", function() schema.record { { "a", schema.any }, { "a", schema.any } } end)
    refused("schema.record: unknown: expected", function() schema.record({}, { unknown = "ignore" }) end)
    refused("schema.closed: unknown: is \"refuse\" here", function() schema.closed({}, { unknown = "keep" }) end)
    refused("schema.enum: expected a list of values", function() schema.enum {} end)
    refused("schema.enum: ", function() schema.enum { print } end)
    refused("schema.const: expected a value", function() schema.const(nil) end)
    refused("schema.union: expected types, got none", function() schema.union {} end)
    refused("schema.union: alternative 2: expected a type, got nil", function() schema.union(schema.any, nil) end)
    refused("schema.optional: expected a type", function() schema.optional "string" end)
    refused("schema.nullable: expected a type", function() schema.nullable(nil) end)
    refused("schema.integer: default: expected an integer, got \"x\"", function() schema.integer { default = "x" } end)
    refused("schema.integer: this integer already has its options", function() schema.integer { min = 1 } { max = 2 } end)
    refused("decode: expected a JSON text, got a table", function() schema.any:decode {} end)
  end)
end)
