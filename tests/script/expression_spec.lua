--- Expressions of `sluice filter`, as functions and as handlers.
local core = require "sluice.core"
local support = require "script.support"

teardown(support.shutdown)

--- The value for a kept row, and for the current row.
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

  it("reaches functions that it calls", function()
    check("field", "type", '{"type":"field"}')
    check("number", "type(n)", '{"n":1,"type":2}')
  end)

  it("has row, _G and null even if fields have these names", function()
    check("rows", "row.stream", '{"row":1}')
    check("string", "_G.type(_G._VERSION)", '{"_G":1,"type":2}')
    check(true, "a == null and null ~= 1", '{"a":null,"null":1}')
  end)

  it("makes the row only once", function()
    check(true, "rawequal(row, row)", "{}")
  end)

  it("uses the last of duplicate keys", function()
    check(2, "a", '{"a":1,"a":2}')
  end)

  it("finds nothing in a payload that is not an object", function()
    check(true, "a == nil", "[1]")
  end)

  it("may end in a comment and span several lines", function()
    check(3, "a +\n b -- the sum", '{"a":1,"b":2}')
  end)

  it("has exactly one value", function()
    local f, row = assert(core.expression "table.unpack({1, 2})"), nil
    support.succeeds({ "1" }, function(r) row = r end)
    assert.equal(1, select("#", f(row)))
  end)

  it("has its failures explained when a script calls it as well", function()
    local f = assert(core.expression("line + t > 3", "EXPR"))
    local ok, err = pcall(f, core.row("rows", 0, '{"line":1,"t":[]}'))
    assert.is_false(ok)
    assert.same({ "expression", 5 }, { err.kind, err.offset })
    assert.equal("EXPR: attempt to perform arithmetic on a table value", err.message)
  end)

  it("accepts only a row", function()
    assert.error_matches(function() core.expression "1" {} end, "sluice.Row expected")
  end)
end)

-- ---- the table of cases ------------------------------------------------------

local cases, row = {}, nil
for i, case in ipairs(require "script.expression_cases") do
  row = case[2] or row
  cases[i] = { source = case[1], row = row, expected = case[3], name = ("case %d: %s on %s"):format(i, case[1], row) }
end

--- Reports how an error differs from the expected one.
local function check_error(case, err)
  local found = false
  for words in (case.expected[1] .. "|"):gmatch "(.-)|" do found = found or err.message:find(words:gsub("%%%%", "%%"), 1, true) end
  assert(found, ("%s: the message is %q"):format(case.name, err.message))
  if case.expected[2] then assert.equal(case.expected[2], err.offset + 1, case.name) end
  assert.equal(case.source:gsub("%z.*", ""), (err.text:gsub("%z.*", "")), case.name)
end

describe("the table of expressions", function()
  it("is long", function() assert(#cases >= 300, #cases) end)

  it("holds when a script calls them", function()
    for _, case in ipairs(cases) do
      local f, err = core.expression(case.source, "EXPR")
      if not f then
        assert.equal("usage", err.kind, case.name)
        check_error(case, err)
      else
        local ok, value = pcall(f, core.row("rows", 0, case.row))
        if ok then
          assert.equal(case.expected, value == nil and "nil" or core.json.encode(value), case.name)
        else
          assert.equal("expression", value.kind, case.name)
          check_error(case, value)
        end
      end
    end
  end)

  --- Each row twice in a stream of its own: the first is always evaluated by Lua, the second
  --- by the predicate, if the expression is a simple one.
  it("holds for rows of a stream, by Lua and by the predicate", function()
    local rows, streams = {}, {}
    for i, case in ipairs(cases) do
      if type(case.expected) == "string" then
        streams["s" .. i] = { where = assert(core.expression(case.source, "EXPR")) }
        rows[#rows + 1] = { "s" .. i, case.row }
        rows[#rows + 1] = { "s" .. i, case.row }
      end
    end
    local summary, failure = support.run(rows, { streams = streams })
    assert(summary, failure and tostring(failure) .. " " .. tostring(failure.stream))
    for i, case in ipairs(cases) do
      local counts = summary.counts.per_stream["s" .. i]
      local keeps = case.expected ~= "nil" and case.expected ~= "null" and case.expected ~= "false"
      if counts and not case.source:find "row%.s" then assert.equal(keeps and 2 or 0, counts.kept, case.name) end
    end
  end)

  it("holds for errors on a row of a stream", function()
    for _, case in ipairs(cases) do
      local f = core.expression(case.source, "EXPR")
      if f and type(case.expected) == "table" then
        local _, err = support.run({ { "rows", case.row } }, { streams = { rows = { where = f } } })
        assert.same({ "expression", "rows", 0, "streams.rows.where" }, { err.kind, err.stream, err.sequence, err.handler }, case.name)
        check_error(case, err)
      end
    end
  end)
end)

describe("the record of an expression's look-ups", function()
  local function report(source, ...)
    local f = assert(core.expression(source, "EXPR"))
    for i, text in ipairs { ... } do pcall(f, core.row("rows", i, text)) end
    return core.expression_report(f)
  end

  it("names the fields that no row had, and those that rows had instead", function()
    local r = report("nmae == 1 or line > 3", '{"name":1}', '{"name":2,"line":1}')
    assert.same({ { "nmae" }, { "name", "line" } }, { r.absent, r.seen })
  end)

  it("omits fields that some row had, or that were never looked up", function()
    assert.same({}, report("a == 1 or b == 1", "{}", '{"a":1}', '{"b":2}').absent)
    assert.same({ "a" }, report("a and b", "{}").absent)
    assert.same({}, report("math.max(a, 1)", '{"a":1}').absent)
  end)

  it("names comparisons of constants, and arrays counted from 0", function()
    local r = report('"k-d" == 1 and 1 == 1 or a[0] == 2 or b[0]', '{"a":[1],"b":{"0":1}}')
    assert.same({ { '"k-d" == 1' }, { "a[0]" } }, { r.constant, r.zero })
  end)
end)
