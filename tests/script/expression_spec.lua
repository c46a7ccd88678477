--- Expressions of `sluice filter`, as functions and as handlers.
local core = require "sluice.core"
local support = require "script.support"

teardown(support.shutdown)

--- The value for a kept row, and for the row at hand.
local function both(source, text)
  local f = assert(core.expression(source, "EXPR"))
  local kept, mapped
  support.succeeds({ text }, function(row) kept = row end)
  support.run({ { "rows", text } }, { streams = { rows = {
    map = assert(core.expression(("{ value = %s\n}"):format(source), "EXPR")),
    on_row = function(row) mapped = row.payload.value end,
  } } })
  return f(kept), mapped
end

local function check(expected, source, text)
  assert.same({ expected, expected }, { both(source, text) })
end

describe("an expression", function()
  it("sees fields by their names", function()
    check(true, 'kind == "def" and line % 2 == 0', '{"kind":"def","line":4}')
  end)

  it("sees nested values as tables", function()
    check(2, "a.b[2].c", '{"a":{"b":[1,{"c":2}]}}')
  end)

  it("prefers fields to globals, and finds globals otherwise", function()
    check("field", "type", '{"type":"field"}')
    check("number", "type(n)", '{"n":1}')
  end)

  it("has row, _G and null whatever the fields are called", function()
    check("rows", "row.stream", '{"row":1}')
    check("string", "_G.type(_G._VERSION)", '{"_G":1,"type":2}')
    check(true, "a == null and null ~= 1", '{"a":null,"null":1}')
  end)

  it("makes the row only once", function()
    check(true, "rawequal(row, row)", "{}")
  end)

  it("takes the last of duplicate keys", function()
    check(2, "a", '{"a":1,"a":2}')
  end)

  it("sees nothing of a payload that is no object", function()
    check(true, "a == nil", "[1]")
  end)

  it("may end in a comment and span lines", function()
    check(3, "a +\n b -- the sum", '{"a":1,"b":2}')
  end)

  it("gives one value", function()
    local f, row = assert(core.expression "table.unpack({1, 2})"), nil
    support.succeeds({ "1" }, function(r) row = r end)
    assert.equal(1, select("#", f(row)))
  end)

  it("cannot assign to a name", function()
    local _, failure = support.run({ { "rows", "1" } }, { streams = { rows = {
      where = core.expression "(function() x = 1 end)()",
    } } })
    assert.same({ "sink", "streams.rows.where" }, { failure.kind, failure.handler })
    assert.matches("cannot assign to 'x'", failure.message)
  end)

  it("names itself and the field in a runtime error", function()
    local _, failure = support.run({ { "rows", "{}" } }, { default = { where = core.expression("line + 1 > 3", "EXPR") } })
    assert.equal("EXPR:1: attempt to perform arithmetic on a nil value (global 'line')", failure.message)
    assert.equal("where", failure.handler)
  end)

  it("that outlives its row in a closure sees no field any more", function()
    local stolen
    _G.steal = function(f) stolen = f return true end
    assert(support.run({ { "rows", '{"a":1}' } }, { default = { where = core.expression "steal(function() return a, row end)" } }))
    _G.steal = nil
    assert.has_error(stolen)
  end)

  it("takes nothing but a row", function()
    assert.error_matches(function() core.expression "1" {} end, "sluice.Row expected")
  end)
end)

describe("a bad expression", function()
  local function refused(source)
    local f, err = core.expression(source, "EXPR")
    assert.is_nil(f)
    assert.equal("usage", err.kind)
    return err.message
  end

  it("is refused with what is wrong, where, and itself", function()
    assert.equal("EXPR: unexpected symbol near '==', at character 9 of: kind == == 3", refused "kind == == 3")
    assert.equal("EXPR: unexpected symbol near <eof>, at character 8 of: kind ==", refused "kind ==")
    assert.equal("EXPR: <eof> expected near '=', at character 3 of: x = 1", refused "x = 1")
  end)

  it("is more than one value, a statement, or nothing", function()
    assert.matches("near ','", refused "1, 2")
    assert.matches("<eof> expected near 'y'", refused "x; y")
    assert.matches("an expression is expected", refused " \n")
  end)

  it("cannot break out of its parentheses", function()
    assert.matches("expected near '%)'", refused "1) or (2")
  end)
end)
