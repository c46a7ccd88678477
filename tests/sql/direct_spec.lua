-- The fast path: rows of a schema that reach SQLite without becoming Lua values, compared with
-- the same rows on the slow path, through a step.
local behaviour = require "support.behaviour"
local core = require "sluice.core"
local paths = require "support.paths"
local schema = require "sluice.schema"
local sluice = require "sluice"
local sql = require "sluice.sink.sql"
local support = require "sql.support"

local dir, path

local function query(text) return support.sqlite(path, text) end

before_each(function()
  behaviour.before()
  dir = support.output "mktemp -d"
  path = dir .. "/t.db"
end)

after_each(function()
  os.execute("rm -rf " .. dir)
  behaviour.after()
end)

---@param more table?  of the sink's options and the stream's entry
local function run(declared, texts, more)
  more = more or {}
  local rows = {}
  for i, text in ipairs(texts) do rows[i] = { more.streams and more.streams[i] or "rows", text } end
  local entry = {
    schema = declared, on_invalid = more.on_invalid, where = more.where,
    sink = sql.table { url = "sqlite:" .. path, name = more.name or "t", key = more.key, upsert = more.upsert, columns = more.columns },
  }
  local worker = assert(sluice.spawn { paths.file "script/texts.lua" })
  local summary, err = worker:run("texts", core.json.array(rows), { streams = { rows = entry, more = more.streams and entry } })
  worker:shutdown()
  return summary, err
end

local ALL = schema.record {
  { "s", schema.string }, { "p", schema.optional(schema.string { regex = "^[a-z]*$" }) },
  { "i", schema.integer }, { "n", schema.optional(schema.number) }, { "b", schema.nullable(schema.boolean) },
  { "e", schema.enum { "one", "two" } },
}

local TEXTS = {
  [[{"s":"a\u0000b","p":"abc","i":9223372036854775807,"n":0.1,"b":true,"e":"one"}]],
  [[{"e":"two","b":false,"n":9007199254740992,"i":-9223372036854775808,"s":"ü'\"?","other":[1,{"s":"no"}]}]],
  [[{"s":"first","s":"","i":1.0,"b":null,"e":"one","n":1e300}]],
  [[{"i":9007199254740993,"b":true,"s":"𝄞","e":"\u006fne","n":-0.0}]],
}

local function dump(name)
  return query(([[select hex(s), typeof(s), p, i, typeof(i), quote(n), typeof(n), b, typeof(b), e from %s order by rowid]]):format(name))
end

describe("a row on the fast path", function()
  it("has the same values as on the slow path", function()
    assert(run(ALL, TEXTS))
    assert(run(ALL, TEXTS, { name = "long", where = function() return true end }))
    assert.equal(dump "long", dump "t")
    assert.equal("610062|9223372036854775807\nC3BC27223F|-9223372036854775808\n|1\nF09D849E|9007199254740993",
      query "select hex(s), i from t")
  end)

  it("is counted, and recorded in the ledger", function()
    local summary = assert(run(ALL, TEXTS))
    assert.same({ 4, 0, 0 }, { summary.counts.kept, summary.counts.dropped, summary.counts.rejected })
    assert.equal("rows|4|4", query "select stream, rows, kept from sluice_ledger where stream = 'rows'")
  end)

  it("keeps its position among rows on the slow path", function()
    local declared = schema.record { { "n", schema.integer }, { "d", schema.string { default = "none" } } }
    local texts = {}
    for i = 1, 300 do texts[i] = i % 3 == 0 and ('{"n":%d}'):format(i) or ('{"n":%d,"d":"x"}'):format(i) end
    assert(run(declared, texts))
    assert.equal("300|100", query "select sum(n = rowid), sum(d = 'none') from t")
  end)

  it("is stored in columns of any order, by their names", function()
    local declared = schema.record { { "a", schema.integer }, { "b", schema.string } }
    assert(run(declared, { '{"a":1,"b":"x"}' }, { columns = { { "b", "text" }, { "a", "integer" } } }))
    assert.equal("x|1", query "select * from t")
  end)

  it("may come from two streams", function()
    local declared = schema.record { { "a", schema.integer } }
    assert(run(declared, { '{"a":1}', '{"a":2}', '{"a":3}' }, { streams = { "rows", "more", "rows" }, columns = { a = "integer" } }))
    assert.equal("1\n2\n3", query "select a from t")
  end)
end)

describe("an invalid row on the fast path", function()
  local declared = schema.closed { { "k", schema.string }, { "line", schema.integer { min = 1 } } }

  it("is a violation as usual", function()
    local _, err = run(declared, { '{"k":"a","line":1}', '{"k":"b","line":0,"x":1}' })
    assert.same({ "row_invalid", "rows", 1, 2 }, { err.kind, err.stream, err.sequence, #err.violations })
    assert.equal("", query "select name from sqlite_schema")
  end)

  it("is dropped if violations are dropped", function()
    assert(run(declared, { '{"k":"a","line":1}', '{"k":"b","line":0}', '[]', '{"k":"c"}', '{"k":"d","line":4}' }, { on_invalid = "drop" }))
    assert.equal("a|1\nd|4", query "select * from t")
  end)

  it("is reported if its key exists already", function()
    local texts = {}
    for i = 1, 180 do texts[i] = ('{"k":"n%d","line":1}'):format(i == 151 and 7 or i) end
    local _, err = run(declared, texts, { key = "k" })
    assert.same({ "sink", "rows", 150, 'k = "n7"' }, { err.kind, err.stream, err.sequence, err.key })
    behaviour.says(err, "UNIQUE constraint failed: t.k")
    assert.equal("", query "select name from sqlite_schema")
  end)

  it("replaces the earlier row with its key, with upsert", function()
    assert(run(declared, { '{"k":"a","line":1}', '{"k":"b","line":2}', '{"k":"a","line":3}' }, { key = "k", upsert = true }))
    assert.equal("a|3\nb|2", query "select * from t order by k")
  end)
end)

describe("core.sqlite", function()
  local CELLS = { columns = { { name = "a", type = "integer", null = false } } }

  it("has statements that run only in a transaction, and end with their connection", function()
    local opened = assert(core.sqlite(path))
    assert(opened:run "CREATE TABLE t (a INTEGER)")
    local insert = assert(opened:insert("INSERT INTO t VALUES (?)", CELLS))
    local ok, err = insert:row(core.row("rows", 0, '{"a":1}'))
    assert.is_nil(ok)
    behaviour.says(err, "the transaction is over")
    assert.is_nil((insert:row(core.row("rows", 0, '{"a":1}')))) -- the error persists
    assert(opened:run "BEGIN")
    assert.is_true(opened:in_transaction())
    insert = assert(opened:insert("INSERT INTO t VALUES (?)", CELLS))
    assert.is_true(insert:row(core.row("rows", 0, '{"a":1}')))
    assert(opened:run "COMMIT")
    assert.is_false(opened:in_transaction())
    opened:close()
    assert.is_nil((insert:row(core.row("rows", 0, '{"a":1}'))))
    assert.same({ nil, "the connection is closed", "0" }, { opened:insert("x", CELLS) })
    assert.equal("1", query "select count(*) from t")
  end)

  it("passes values on unchanged", function()
    local opened <close> = assert(core.sqlite ":memory:")
    local rows = assert(opened:query("SELECT ?, ?, ?, ?, NULL", math.maxinteger, 0.1, "a\0b", nil))
    assert.same({ { math.maxinteger, 0.1, "a\0b", false, false } }, rows)
    local ok, why, code = opened:run "SELEC"
    assert.is_nil(ok)
    assert.matches("syntax error", why)
    assert.equal("1", code)
  end)
end)
