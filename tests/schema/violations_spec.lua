--- sluice.schema: every violation, with its place.
local json = require "sluice.json"
local schema = require "sluice.schema"

local function violations(declared, text)
  local value, err = declared:decode(text)
  assert.is_nil(value)
  assert.equal("row_invalid", err.kind)
  return err.violations, err
end

local function show(list)
  local lines = {}
  for i, v in ipairs(list) do
    lines[i] = ("%s|%s|%s"):format(v.pointer, v.expected, v.value or "missing")
  end
  table.sort(lines)
  return lines
end

describe("violations", function()
  it("are all reported, with pointer, what was expected and the value", function()
    local declared = schema.closed {
      name = schema.string { min_length = 1 }, line = schema.integer { min = 1 }, doc = schema.string,
      tags = schema.array(schema.enum { "a", "b" }), pos = schema.record { x = schema.number, y = schema.number },
    }
    assert.same({
      '/doc|a string|missing',
      '/line|an integer of at least 1|0',
      '/more|no field of this name|[1,{"a":null}]',
      '/name|a string of at least 1 characters|""',
      '/pos/x|a number|"1"',
      '/pos/y|a number|missing',
      '/tags/1|"a" or "b"|"c"',
      '/tags/2|"a" or "b"|false',
    }, show(violations(declared, '{"name":"","line":0,"tags":["a","c",false],"pos":{"x":"1"},"more":[1,{"a":null}]}')))
  end)

  it("form a message of the first and the number of the others", function()
    local _, err = violations(schema.record { line = schema.integer { min = 1 }, name = schema.string }, '{"line":0}')
    assert.equal("/line: expected an integer of at least 1, got 0 (and 1 more)", err.message)
    assert.equal("row_invalid: " .. err.message, tostring(err))
    assert.equal("/line", err.pointer)
    assert.equal(2, err.violation_count)
    _, err = violations(schema.record { name = schema.string }, "{}")
    assert.equal("/name: expected a string, but it is missing", err.message)
    _, err = violations(schema.integer, '"x"')
    assert.equal('expected an integer, got "x"', err.message)
    assert.equal("", err.pointer)
  end)

  it("have pointers escaped according to RFC 6901", function()
    local declared = schema.record { ["a/b"] = schema.record { ["~"] = schema.integer }, [""] = schema.integer }
    assert.same({ "/a~1b/~0|an integer|null", "/|an integer|true" }, show(violations(declared, '{"a/b":{"~":null},"":true}')))
  end)

  it("are listed up to twenty, and only counted beyond that", function()
    local list, err = violations(schema.array(schema.integer), "[" .. ('"x",'):rep(49) .. '"x"]')
    assert.equal(20, #list)
    assert.equal(50, err.violation_count)
    assert.equal("/19", list[20].pointer)
    assert.matches("%(and 49 more%)$", err.message)
  end)

  it("truncate a long value at a character boundary", function()
    local list = violations(schema.integer, json.encode(("é"):rep(1000)))
    assert.is_true(#list[1].value <= 104)
    assert.is_truthy(utf8.len(list[1].value))
    assert.matches("…$", list[1].value)
    list = violations(schema.integer, "[" .. ("[1,2],"):rep(10000) .. "0]")
    assert.is_true(#list[1].value <= 104)
    list = violations(schema.integer, ("["):rep(500) .. ("]"):rep(500))
    assert.matches("^%[%[%[", list[1].value)
  end)

  it("show numbers beyond the range of a double", function()
    for _, text in ipairs { "1e400", '{"a":1e400,"b":null}', '[1e400,null]', '[{"a":1e400},null]', "18446744073709551616" } do
      assert.equal(text, violations(schema.string, text)[1].value)
    end
  end)

  it("truncate long numbers visibly", function()
    local value = violations(schema.string, ("9"):rep(1000))[1].value
    assert.equal(("9"):rep(100) .. "…", value)
    assert.equal(("9"):rep(100), violations(schema.string, ("9"):rep(100))[1].value)
  end)

  it("of a size report the expected one, at the container", function()
    assert.same({ "/a|an array of 2 to 3 elements|[1]" },
      show(violations(schema.record { a = schema.array(schema.any, { min = 2, max = 3 }) }, '{"a":[1]}')))
    assert.same({ "|an object of at most 1 fields|{\"a\":1,\"b\":2}" },
      show(violations(schema.map(schema.any, { max = 1 }), '{"a":1,"b":2}')))
  end)

  it("name the duplicate element", function()
    assert.same({ "/2|an element that differs from all before it|1.0" },
      show(violations(schema.array { unique = true }, "[1,2,1.0]")))
  end)

  it("show the name of a field that a map refuses", function()
    assert.same({ '/Ab|a string that matches the pattern ^%l+$|"Ab"' },
      show(violations(schema.map { keys = schema.string { pattern = "^%l+$" } }, '{"Ab":1,"ok":2}')))
  end)

  it("of a union are those of the alternative that was intended", function()
    local shape = schema.union(
      schema.record { kind = schema.const "circle", radius = schema.number },
      schema.record { kind = schema.const "box", width = schema.number, height = schema.number })
    assert.same({ '/height|a number|"x"' }, show(violations(shape, '{"kind":"box","width":1,"height":"x"}')))
  end)

  it("of a union that fits nowhere are a single one, which lists all alternatives", function()
    assert.same({ "|an integer or a string in the format date|true" },
      show(violations(schema.union(schema.integer, schema.string { format = "date" }), "true")))
    assert.same({ '|an integer or a string in the format date|"x"' },
      show(violations(schema.union(schema.integer, schema.string { format = "date" }), '"x"')))
  end)

  it("are not reported for a duplicate that is overridden", function()
    local declared = schema.map(schema.array(schema.integer))
    assert.same({ '/b/0|an integer|"z"' }, show(violations(declared, '{"a":["x","y"],"a":[1],"b":["z"]}')))
  end)

  it("of a plain value equal those of its text", function()
    local declared = schema.closed { a = schema.array(schema.integer), b = schema.string }
    local value = { a = { 1, "x" }, c = 1 }
    local ok, list = declared:check(value)
    assert.is_nil(ok)
    assert.same(show(violations(declared, json.encode(value))), show(list))
  end)
end)

describe("a plain value", function()
  it("is true if it is of the type", function()
    assert.is_true(schema.record { a = schema.optional(schema.integer) }:check {})
    assert.is_true(schema.nullable(schema.integer):check(json.null))
    assert.is_true(schema.const(false):check(false))
  end)

  it("is an object if it is an empty table, unless it is marked", function()
    assert.is_nil((schema.array:check {}))
    assert.is_true(schema.array:check(json.array()))
    assert.is_true(schema.map:check {})
    assert.is_nil((schema.map:check(json.array())))
  end)

  it("that cannot be JSON is a violation at its place", function()
    local ok, list = schema.any:check { a = { b = { 1, print } } }
    assert.is_nil(ok)
    assert.equal("/a/b/1", list[1].pointer)
    assert.matches("function", list[1].value)
    ok, list = schema.integer:check(nil)
    assert.is_nil(ok)
    assert.same({ pointer = "", expected = "an integer" }, { pointer = list[1].pointer, expected = list[1].expected })
    assert.is_nil((schema.number:check(0 / 0)))
    local circle = {}
    circle.circle = circle
    assert.is_nil((schema.any:check(circle)))
  end)
end)

describe("a finalizer that decodes at the same time", function()
  it("disturbs nothing", function()
    local declared = schema.record { rows = schema.array(schema.record { name = schema.string, tags = schema.array(schema.string) }) }
    local rows = {}
    for i = 1, 300 do rows[i] = { name = "name " .. i, tags = { "a" .. i, "b" } } end
    local text = json.encode { rows = rows }
    local ran = 0
    local function litter()
      setmetatable({}, { __gc = function()
        ran = ran + 1
        assert(declared:decode('{"rows":[{"name":"other","tags":["x"]}]}').rows[1].name == "other")
        json.decode "[1,2,3]"
        if ran < 2000 then litter() end
      end })
    end
    collectgarbage("generational")
    litter()
    for _ = 1, 60 do
      litter()
      local value = declared:decode(text)
      assert.same(rows[300], value.rows[300])
      assert.equal("name 150", value.rows[150].name)
    end
    collectgarbage("incremental")
    assert.is_true(ran > 0)
  end)
end)
