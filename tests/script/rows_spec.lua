--- Rows: their values, and their lifetime.
local core = require "sluice.core"
local paths = require "support.paths"
local support = require "script.support"

teardown(support.shutdown)

--- A value from the handler of one row.
local function of(text, f)
  local values
  support.succeeds({ text }, function(row) values = table.pack(f(row)) end)
  return table.unpack(values, 1, values.n)
end

describe("a row in its handler", function()
  it("has its stream, its sequence and its bytes", function()
    local seen = {}
    support.succeeds({ ' {"a" : 1}', "2" }, function(row)
      seen[#seen + 1] = { row.stream, row.sequence, row.raw }
    end)
    assert.same({ { "rows", 0, ' {"a" : 1}' }, { "rows", 1, "2" } }, seen)
  end)

  it("gives fields by name and by JSON Pointer, several at a time", function()
    assert.same({ 1, "x", nil, 3 }, { of('{"a":1,"b":{"c":["w","x"]},"d":3}', function(row)
      return row:get("a", "/b/c/1", "nothing", "d")
    end) })
  end)

  it("gives nil for a field of a payload that is not an object", function()
    assert.is_nil(of("[1]", function(row) return row:get "a" end))
  end)

  it("uses the last of duplicate keys, in look-up and in payload", function()
    assert.same({ 2, 2 }, { of('{"a":1,"a":2}', function(row) return row:get "a", row.payload.a end) })
  end)

  it("keeps integers exact and distinguishes null from absence", function()
    local payload = of('{"i":9007199254740993,"n":null,"f":1.0}', function(row) return row.payload end)
    assert.equal(9007199254740993, payload.i)
    assert.equal(core.null, payload.n)
    assert.equal("float", math.type(payload.f))
  end)

  it("decodes its payload once", function()
    assert.is_true(of("[]", function(row) return rawequal(row.payload, row.payload) end))
  end)

  it("has its text on one line as its string", function()
    assert.equal("[ 1,  2]", of("[ 1,\n 2]", tostring))
  end)

  it("refuses an unknown field, and tells where the payload's fields are", function()
    local failure = support.fails("sink", { "{}" }, function(row) return row.name end)
    assert.matches("rows_spec.lua:%d+: a row has no 'name'", failure.message)
  end)

  it("refuses an invalid JSON Pointer", function()
    local failure = support.fails("sink", { "{}" }, function(row) return row:get "/~2" end)
    assert.matches("not a JSON Pointer", failure.message)
  end)
end)

describe("a row that was kept", function()
  local kept = {}

  setup(function()
    support.succeeds({ '{"n":1}', '{"n":2}', '{"n":{"deep":[3]}}' }, function(row) kept[#kept + 1] = row end)
    collectgarbage()
  end)

  it("still has everything after its request has ended", function()
    assert.same({ 1, 2, 1 }, { kept[1]:get "n", kept[2]:get "n", kept[1].payload.n })
    assert.same({ deep = { 3 } }, kept[3]:get "n")
    assert.same({ 3, "rows", 2 }, { kept[3]:get "/n/deep/0", kept[3].stream, kept[3].sequence })
  end)

  it("is not confused with the current row", function()
    support.succeeds({ '{"n":9}' }, function(row)
      assert(kept[1]:get "n" == 1 and row:get "n" == 9 and kept[2]:get "n" == 2 and row.payload.n == 9)
    end)
  end)

  it("survives a finalizer that looks into another row at the same time", function()
    local big = "[" .. ("[1,{}],"):rep(5000) .. "0]"
    local rows = {}
    support.succeeds({ "1", '{"n":7}', '{"all":' .. big .. "}" }, function(row) rows[#rows + 1] = row end)
    local looked = 0
    local function again()
      setmetatable({}, { __gc = function()
        looked = looked + 1
        assert(rows[2]:get "n" == 7)
        if looked < 100 then again() end
      end })
    end
    again()
    collectgarbage("setpause", 100)
    for _ = 1, paths.sanitized and 5 or 20 do assert.equal(5001, #rows[3]:get "/all") end
    collectgarbage("setpause", 200)
    assert.is_true(looked > 0)
  end)
end)

describe("the steps of a row", function()
  local function steps(handlers, texts)
    local seen = {}
    handlers.on_row = function(row) seen[#seen + 1] = row.raw end
    local rows = {}
    for i, text in ipairs(texts) do rows[i] = { "rows", text } end
    local summary, failure = support.run(rows, { streams = { rows = handlers } })
    return seen, summary, failure
  end

  it("drop a row if the predicate is false, nil or null", function()
    for _, no in ipairs { "false", "nil", "null" } do
      local seen, summary = steps({ where = core.expression("x or " .. no) }, { '{"x":1}', "{}" })
      assert.same({ '{"x":1}' }, seen)
      assert.same({ 2, 1, 1 }, { summary.counts.rows, summary.counts.kept, summary.counts.dropped })
    end
  end)

  it("pass on what map returns, with the same stream and sequence", function()
    local seen = {}
    assert(support.run({ { "rows", '{"a":1}' }, { "rows", '{"a":2}' } }, { streams = { rows = {
      map = function(row) return { b = row:get "a" } end,
      on_row = function(row) seen[#seen + 1] = { row.sequence, row.raw, row:get "b", row.payload.b } end,
    } } }))
    assert.same({ { 0, '{"b":1}', 1, 1 }, { 1, '{"b":2}', 2, 2 } }, seen)
  end)

  it("accept a row from map as its payload", function()
    assert.same({ "[1]" }, (steps({ map = function(row) return row end }, { "[1]" })))
  end)

  it("fail if map returns nothing, naming it", function()
    local _, summary, failure = steps({ map = function() end }, { "1" })
    assert.is_nil(summary)
    assert.same({ "sink", "streams.rows.map", 0 }, { failure.kind, failure.handler, failure.sequence })
  end)

  it("fail if map's value cannot be JSON, naming the path", function()
    local _, _, failure = steps({ map = function() return { a = { print } } end }, { "1" })
    assert.matches("/a/0", failure.message)
  end)

  it("are those of the stream's entry, otherwise of the default", function()
    local seen = {}
    assert(support.run({ { "a", "1" }, { "b", "2" } }, {
      streams = { a = { on_row = function(row) seen[#seen + 1] = "a" .. row.raw end } },
      default = { on_row = function(row) seen[#seen + 1] = row.stream .. row.raw .. "!" end },
    }))
    assert.same({ "a1", "b2!" }, seen)
  end)

  it("fail closed for an unhandled stream", function()
    local seen = 0
    local _, failure = support.run({ { "a", "1" }, { "b", "2" }, { "a", "3" } }, {
      streams = { a = { on_row = function() seen = seen + 1 end } },
    })
    assert.same({ "unhandled_stream", "b", 0, 1 }, { failure.kind, failure.stream, failure.sequence, seen })
  end)
end)

describe("a large row", function()
  local COUNT = 12000
  local parts = {}
  for i = 1, COUNT do parts[i] = ('{"id":%d,"t":"é]"}'):format(i) end
  local text = '{"kind":"a","kind":"def","rows":[' .. table.concat(parts, ", ") .. '],"size":7}'

  it("gives the same as a small one, even for repeated look-ups", function()
    for _, asked in ipairs { 1, 3, 12 } do
      of(text, function(row)
        for _ = 1, asked do
          local kind, size, last, nothing, rows = row:get("kind", "/size", "/rows/" .. COUNT - 1 .. "/id", "/rows/" .. COUNT, "rows")
          assert.same({ "def", 7, COUNT }, { kind, size, last })
          assert.is_nil(nothing)
          assert.equal(COUNT, #rows)
        end
        assert.equal(COUNT, row.payload.rows[COUNT].id)
        assert.equal("é]", row:get "/rows/7/t")
      end)
    end
  end)

  it("refuses an invalid JSON Pointer", function()
    local failure = support.fails("sink", { text }, function(row) return row:get "/~2" end)
    assert.matches("not a JSON Pointer", failure.message)
  end)

  it("is unchanged when it is kept, even if finalizers look into it", function()
    local kept, finalized = {}, 0
    support.succeeds({ text, text:gsub("def", "axiom"), text }, function(row)
      kept[#kept + 1] = row
      setmetatable({}, { __gc = function()
        finalized = finalized + (row:get "size" == 7 and #row:get "rows" == COUNT and 1 or -1000)
      end })
      assert.equal(COUNT, #row:get "rows")
      collectgarbage()
      assert.equal(COUNT, #row:get "rows")
    end)
    collectgarbage()
    assert.equal(3, finalized)
    for i, kind in ipairs { "def", "axiom", "def" } do assert.equal(kind, kept[i]:get "kind") end
  end)

  --- Every way to keep the row after its handler, and to get it back later.
  local keepers = {
    ["in a table"] = function()
      local rows = {}
      return function(row) rows[#rows + 1] = row end, function() return rows end
    end,
    ["in a coroutine"] = function()
      local threads = {}
      return function(row)
        local thread = coroutine.create(function(r) coroutine.yield() return r end)
        coroutine.resume(thread, row)
        threads[#threads + 1] = thread
      end, function()
        for i, thread in ipairs(threads) do threads[i] = select(2, coroutine.resume(thread)) end
        return threads
      end
    end,
    ["where only finalizers see it"] = function()
      local rows = {}
      return function(row)
        setmetatable({}, { __gc = function() rows[#rows + 1] = { row.raw, row } end })
      end, function()
        collectgarbage()
        collectgarbage()
        for i, seen in ipairs(rows) do
          assert.equal(seen[1], seen[2].raw)
          rows[i] = seen[2]
        end
        table.sort(rows, function(a, b) return a.sequence < b.sequence end)
        return rows
      end
    end,
  }

  local function stays(how, handler)
    local keep, kept = keepers[how]()
    local texts = { text, (text:gsub("def", "axiom")), "[]", (text:gsub("def", "theorem")) }
    support.succeeds(texts, function(row)
      handler(row)
      keep(row)
    end)
    local rows = kept()
    assert.equal(4, #rows)
    for i, row in ipairs(rows) do
      assert.equal(i - 1, row.sequence)
      assert.equal("rows", row.stream)
      assert.is_true(texts[i] == row.raw)
      assert.is_true(texts[i] == tostring(row))
    end
    assert.equal("axiom", rows[2]:get "kind")
    assert.equal(COUNT, rows[4].payload.rows[COUNT].id)
  end

  for how in pairs(keepers) do
    for _, mode in ipairs { "generational", not paths.sanitized and "incremental" or nil } do
      it("is unchanged, kept " .. how .. ", collecting in " .. mode .. " mode", function()
        local before = collectgarbage(mode)
        finally(function() collectgarbage(before) end)
        stays(how, function() end)
        stays(how, function() collectgarbage() end)
        stays(how, function(row) return #row.payload end)
      end)
    end
  end

  it("is stored once for everyone who keeps it", function()
    local kept = {}
    support.run({ { "rows", text } }, { streams = { rows = {
      where = function(row) kept[1] = row return true end,
      map = function() return { a = 1 } end,
      on_row = function(row)
        kept[2] = row
        row:reject "no"
      end,
    } }, on_reject = function(row) kept[3] = row end })
    assert.is_true(text == kept[1].raw)
    assert.equal('{"a":1}', kept[2].raw)
    assert.is_true(text == kept[3].raw)
  end)

  it("is kept if its handler fails", function()
    local kept
    support.fails("sink", { text }, function(row)
      kept = row
      error "no more"
    end)
    assert.is_true(text == kept.raw)
  end)

  it("is collected before the next one arrives", function()
    local rows, most = setmetatable({}, { __mode = "k" }), 0
    support.succeeds({ text, text }, function(row)
      local living = 0
      rows[row] = true
      for _ in pairs(rows) do living = living + 1 end
      most = math.max(most, living)
      assert.equal(7, row:get "size")
    end)
    assert.equal(1, most)
  end)

  it("can pass through expressions, schemas and map", function()
    local schema = require "sluice.schema"
    local sum, passed = 0, 0
    support.run({ { "rows", text }, { "rows", (text:gsub('"size":7', '"size":8')) } }, { streams = { rows = {
      schema = schema.open({ kind = schema.string, size = schema.integer }):compile(),
      where = assert(core.expression("size > 7 and kind == 'def' and #rows == " .. COUNT, "EXPR")),
      map = assert(core.expression("{ twice = size * 2 }", "EXPR")),
      on_row = function(row) sum, passed = sum + row:get "twice", passed + 1 end,
    } } })
    assert.same({ 16, 1 }, { sum, passed })
  end)
end)
