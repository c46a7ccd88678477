--- Existing tables: accepted, refused, replaced, altered; and PostgreSQL's other features.
local behaviour = require "support.behaviour"
local core = require "sluice.core"
local paths = require "support.paths"
local schema = require "sluice.schema"
local server = require "sql.server"
local sluice = require "sluice"
local sql = require "sluice.sink.sql"
local support = require "sql.support"

local dir, path

setup(function() server.start() end)
teardown(function() server.stop() end)

before_each(function()
  behaviour.before()
  dir = support.output "mktemp -d"
  path = dir .. "/t.db"
  server.query "drop database if exists tables"
  server.query "create database tables"
end)

after_each(function()
  os.execute("rm -rf " .. dir)
  behaviour.after()
end)

local DATABASES = {
  SQLite = { url = function() return "sqlite:" .. path end, ask = function(text) return support.sqlite(path, text) end },
  PostgreSQL = { url = function() return server.url "tables" end, ask = function(text) return server.query(text, "tables") end },
}

--- One run that writes rows of a schema to the table t.
---@return sluice.core.Summary? summary, sluice.Error? err
local function run(database, declared, texts, more, user_url)
  local rows, options = {}, { url = user_url or database.url(), name = "t" }
  for i, text in ipairs(texts) do rows[i] = { "rows", text } end
  for key, value in pairs(more or {}) do options[key] = value end
  local worker = assert(sluice.spawn { paths.file "script/texts.lua" })
  local summary, err = worker:run("texts", core.json.array(rows), {
    streams = { rows = { schema = declared, sink = sql.table(options) } },
  })
  worker:shutdown()
  return summary, err
end

local A = schema.record { { "a", schema.integer } }
local AB = schema.record { { "a", schema.integer }, { "b", schema.optional(schema.string) } }

for name, database in pairs(DATABASES) do
  local ask = function(text) return database.ask(text) end

  describe("a table of " .. name, function()
    it("is replaced by the rows of a run that succeeds", function()
      assert(run(database, A, { '{"a":1}', '{"a":2}' }, { replace = true }))
      assert.equal("1\n2", ask "select a from t order by a")
      assert(run(database, A, { '{"a":3}' }, { replace = true }))
      assert.equal("3", ask "select a from t")
      local _, err = run(database, A, { '{"a":4}', '{"a":"x"}' }, { replace = true })
      assert.equal("row_invalid", err.kind)
      assert.equal("3", ask "select a from t")
      assert(run(database, A, {}, { replace = true }))
      assert.equal("0", ask "select count(*) from t")
    end)

    it("is replaced by one with other columns, if the run succeeds", function()
      assert(run(database, A, { '{"a":1}' }, { key = "a" }))
      local _, err = run(database, AB, { '{"a":4,"b":"x"}', "[]" }, { replace = true, key = "a" })
      assert.equal("row_invalid", err.kind)
      assert.equal("1", ask "select * from t")
      assert(run(database, AB, { '{"a":4,"b":"x"}' }, { replace = true, key = "a" }))
      assert.equal("4|x", ask "select * from t")
      assert(run(database, AB, { '{"a":4,"b":"y"}' }, { key = "a", upsert = true })) -- the key was created with it
      assert.equal("4|y", ask "select * from t")
      assert(run(database, A, { '{"a":5}', '{"a":5}' }, { replace = true, key = "a", upsert = true }))
      assert.equal("5", ask "select a from t")
    end)

    it("gets missing columns on request, and nothing else changes", function()
      assert(run(database, A, { '{"a":1}' }))
      local _, err = run(database, AB, { '{"a":2,"b":"x"}' })
      assert.same({ "column b is missing" }, err.differences)
      assert.matches('^ALTER TABLE "t" ADD "b" %w+$', err.statements[1])
      behaviour.says(err, 'This would fix it: ALTER TABLE "t" ADD "b"')
      assert(run(database, AB, { '{"a":2,"b":"x"}' }, { alter = "add" }))
      assert.equal("1|\n2|x", ask "select * from t order by a")
      assert(run(database, AB, { '{"a":3}' }, { alter = "add" }))
      local declared = schema.record { { "a", schema.string }, { "c", schema.integer } }
      _, err = run(database, declared, { '{"a":"x","c":1}' }, { alter = "add" })
      assert.equal(2, #err.differences)
      assert.equal("a\nb", name == "SQLite" and ask "select name from pragma_table_info('t')"
        or ask "select attname from pg_attribute where attrelid = 't'::regclass and attnum > 0 order by attnum")
    end)

    it("with triggers is written to, with a note", function()
      assert(run(database, A, {}))
      if name == "SQLite" then
        ask "create trigger grows after insert on t begin update t set a = a + 10 where a = new.a; end"
      else
        ask "create function grow() returns trigger language plpgsql as 'begin new.a = new.a + 10; return new; end'"
        ask "create trigger grows before insert on t for each row execute function grow()"
      end
      local summary = assert(run(database, A, { '{"a":1}' }))
      assert.matches("table t has row triggers %(grows%)", summary.notes[1])
      assert.equal("11", ask "select a from t")
    end)

    it("with generated columns gets no values for them", function()
      ask "create table t (a integer, b integer generated always as (a + 1) stored)"
      assert(run(database, A, { '{"a":1}' }))
      assert.equal("1|2", ask "select * from t")
      local declared = schema.record { { "a", schema.integer }, { "b", schema.integer } }
      local _, err = run(database, declared, {})
      assert.same({ "column b is generated" }, err.differences)
    end)

    it("keeps decimals exactly", function()
      local sink = sql.table { url = database.url(), name = "t", columns = { d = "decimal?", n = "number" } }
      support.commits(sink, { '{"d":0.12345678901234567890123,"n":19.990}', '{"d":18446744073709551616,"n":1}', '{"d":null,"n":0.1}' })
      assert.equal("0.12345678901234567890123|19.99\n18446744073709551616|1\n|0.1",
        (ask "select d, n from t order by n desc":gsub("1%.0", "1")))
    end)

    it("refuses a row with a number that it cannot hold", function()
      local sink = sql.table { url = database.url(), name = "t", columns = { n = "number", i = "integer" } }
      for text, why in pairs {
        ['{"n":9007199254740993,"i":1}'] = "column n: expected a number that a double can represent, got 9007199254740993",
        ['{"n":1e400,"i":1}'] = "column n: expected a number that a double can represent",
        ['{"n":1,"i":9223372036854775808}'] = "column i: expected a 64-bit integer, got 9223372036854775808",
        ['{"n":1,"i":1.0000000000000000000001}'] = "column i: expected an integer, got 1.0000000000000000000001",
      } do
        behaviour.says(support.fails("sink", sink, { text }), why)
      end
      support.commits(sink, { '{"n":9007199254740992,"i":1e2}', '{"n":1e308,"i":-9223372036854775808}' })
      assert.equal("-9223372036854775808\n100", ask "select i from t order by i")
    end)
  end)
end

describe("an existing column of SQLite", function()
  local lite = DATABASES.SQLite

  it("may have no type, be a BLOB, or ANY in a STRICT table", function()
    for _, definition in ipairs { "t (a, b)", "t (a BLOB, b BLOB)", "t (a ANY, b ANY) STRICT" } do
      os.remove(path)
      lite.ask("create table " .. definition)
      assert(run(lite, AB, { '{"a":1,"b":"12"}' }))
      assert.equal("1|integer|12|text", lite.ask "select a, typeof(a), b, typeof(b) from t")
    end
  end)

  it("is refused if it would change a value", function()
    lite.ask "create table t (a REAL, b INTEGER)"
    local _, err = run(lite, AB, {})
    assert.same({ "column a is REAL, which cannot hold integer exactly", "column b is INTEGER, which cannot hold text exactly" },
      err.differences)
  end)
end)

describe("an existing column of PostgreSQL", function()
  local pg = DATABASES.PostgreSQL

  local function try(definition, declared, texts)
    pg.ask "drop table if exists t"
    pg.ask(("create table t (v %s)"):format(definition))
    return run(pg, schema.record { { "v", declared } }, texts)
  end

  local ACCEPTED = {
    { "text", schema.string, '" a "', " a " }, { "varchar(3)", schema.string, '"äöü"', "äöü" },
    { "numeric", schema.number, "0.12345678901234567890123", "0.12345678901234567890123" },
    { "numeric", schema.number, "19.990", "19.990" }, { "numeric(21,2)", schema.integer, "9223372036854775807", "9223372036854775807.00" },
    { "date", schema.string { format = "date" }, '"2024-02-29"', "2024-02-29" },
    { "timestamptz", schema.string { format = "date-time" }, '"2024-02-29T12:00:00.123456+02:00"', "2024-02-29 10:00:00.123456+00" },
    { "uuid", schema.string { format = "uuid" }, '"123e4567-e89b-12d3-a456-426614174000"', "123e4567-e89b-12d3-a456-426614174000" },
    { "json", schema.any, '{"b":1.50,"a":[]}', '{"b":1.50,"a":[]}' }, { "jsonb", schema.any, "19.990", "19.990" },
    { "text[]", schema.array(schema.nullable(schema.string)), '["a",null]', "{a,NULL}" },
    { "text[]", schema.array(schema.string), '["a","b,c"]', '{a,"b,c"}' }, { "bigint[]", schema.array(schema.integer), "[1,2]", "{1,2}" },
    { "float8[]", schema.array(schema.number), "[0.1,-5]", "{0.1,-5}" }, { "bool[]", schema.array(schema.boolean), "[true]", "{t}" },
    { "text[]", schema.array(schema.string), [==[["\"q\\","NULL",""]]==], [[{"\"q\\","NULL",""}]] },
  }

  it("holds the values for which it is accepted", function()
    for _, case in ipairs(ACCEPTED) do
      local definition, declared, text, want = table.unpack(case, 1, 4)
      local summary, err = try(definition, declared, { ('{"v":%s}'):format(text) })
      assert(summary, definition .. ": " .. tostring(err))
      assert.equal(want, pg.ask "set timezone to 'UTC'; select v from t", definition)
    end
  end)

  it("refuses a row that it cannot hold", function()
    for _, case in ipairs {
      { "varchar(3)", schema.string, '"abc "', "a string of 4 characters, over the column's limit of 3" },
      { "integer", schema.integer, "2147483648", "out of range for type integer" },
      { "text", schema.string, '"a\\u0000b"', "the character U+0000 cannot be stored there" },
      { "text", schema.string, '"\\ud83d"', "not valid Unicode: lone surrogate" },
      { "timestamptz", schema.string { format = "date-time" }, '"2024-02-29T12:00:00.1234567Z"', "expected at most 6 digits in the fraction of a second" },
      { "float8[]", schema.array(schema.number), "[9007199254740993]", "expected a number that a double can represent" },
      { "bigint", schema.number, "1.5", "expected a 64-bit integer, got 1.5" },
      { "jsonb", schema.any, '"\\u0000"', "\\u0000 cannot be converted to text" },
      { "numeric(5,2)", schema.integer, "12345", "numeric field overflow" },
    } do
      local definition, declared, text, why = table.unpack(case)
      local summary, err = try(definition, declared, { '{"v":' .. text .. "}" })
      assert.is_nil(summary, definition)
      behaviour.says(err, why)
      assert.same({ "sink", "rows", 0 }, { err.kind, err.stream, err.sequence }, definition .. ": " .. tostring(err))
      assert.equal("0", pg.ask "select count(*) from t")
    end
  end)

  it("is refused if it would round, truncate or pad", function()
    for definition, declared in pairs {
      ["char(3)"] = schema.string, real = schema.number, ["numeric(5,2)"] = schema.number, timestamp = schema.string { format = "date-time" },
      uuid = schema.string, date = schema.string, name = schema.string, jsonb = schema.string, ["text[]"] = schema.string,
      ["varchar(2)[]"] = schema.array(schema.string), bigint = schema.string, ["numeric(3,-1)"] = schema.integer,
    } do
      local _, err = try(definition, declared, {})
      assert.equal(1, #err.differences, definition)
    end
  end)

  it("may be an enum or a domain", function()
    pg.ask "create type mood as enum ('sad', 'happy')"
    pg.ask "create domain word as varchar(5) check (value <> 'no')"
    pg.ask "create domain word2 as word not null"
    pg.ask "create domain cents as numeric(5,2)"
    assert(try("mood", schema.string, { '{"v":"sad"}' }))
    assert(try("word2", schema.string, { '{"v":"sad"}' }))
    local _, err = try("mood", schema.string, { '{"v":"glad"}' })
    behaviour.says(err, 'invalid input value for enum mood: "glad"')
    _, err = try("word2", schema.string, { '{"v":"yes"}', '{"v":"no"}' })
    assert.same({ 1, "23514" }, { err.sequence, err.code })
    _, err = try("word2", schema.string, { '{"v":"longer"}' })
    behaviour.says(err, "a string of 6 characters, over the column's limit of 5")
    _, err = try("word2", schema.nullable(schema.string), {})
    assert.matches("is NOT NULL", err.differences[1])
    _, err = try("cents", schema.number, {})
    assert.equal(1, #err.differences)
  end)
end)

describe("PostgreSQL", function()
  local pg = DATABASES.PostgreSQL

  it("names the row, the key, the column and the SQLSTATE of an error", function()
    local declared = schema.record { { "a", schema.integer }, { "b", schema.string } }
    pg.ask "create table t (a bigint primary key, b text check (b <> 'no'))"
    local texts = {}
    for i = 1, 3000 do texts[i] = ('{"a":%d,"b":"yes"}'):format(i) end
    texts[1700] = '{"a":1700,"b":"no"}'
    local _, err = run(pg, declared, texts, { key = "a" })
    assert.same({ "sink", "rows", 1699, "a = 1700", "23514", "t" },
      { err.kind, err.stream, err.sequence, err.key, err.code, err.table })
    behaviour.says(err, "violates check constraint")
    behaviour.says(err, "(SQLSTATE 23514)")
    texts[1700] = '{"a":17,"b":"yes"}'
    _, err = run(pg, declared, texts, { key = "a" })
    assert.same({ 1699, "a = 17", "23505" }, { err.sequence, err.key, err.code })
    behaviour.says(err, "Key (a)=(17) already exists.")
  end)

  it("keeps the last row of each key of an upsert", function()
    local declared = schema.record { { "a", schema.integer }, { "b", schema.string } }
    local texts = {}
    for i = 1, 20000 do texts[i] = ('{"a":%d,"b":"n%d"}'):format(i % 100, i) end
    assert(run(pg, declared, texts, { key = "a", upsert = true }))
    assert.equal("100|19901|20000", pg.ask "select count(*), min(substr(b, 2)::int), max(substr(b, 2)::int) from t")
    assert(run(pg, declared, { '{"a":5,"b":"new"}' }, { key = "a", upsert = true }))
    assert.equal("100|new", pg.ask "select count(*), max(b) from t")
    pg.ask "alter table t add constraint short check (length(b) < 10)"
    local _, err = run(pg, declared, { '{"a":5,"b":"much too long"}' }, { key = "a", upsert = true })
    assert.equal("23514", err.code)
    behaviour.says(err, "much too long") -- no line: the server's detail
    assert(run(pg, A, { '{"a":1}', '{"a":1}', '{"a":700}' }, { name = "keys", key = "a", upsert = true }))
    assert(run(pg, A, { '{"a":1}', '{"a":3}' }, { name = "keys", key = "a", upsert = true }))
    assert.equal("1\n3\n700", pg.ask "select a from keys order by a")
  end)

  it("inserts rows one by one if row-level security forbids COPY", function()
    pg.ask "create table t (a bigint)"
    pg.ask "drop role if exists guest"
    pg.ask "create role guest login"
    pg.ask "alter table t enable row level security"
    pg.ask "create policy small on t with check (a < 10)"
    pg.ask "create policy seen on t for select using (true)"
    assert(run(pg, A, {}))
    pg.ask "grant insert, select on t, sluice_ledger to guest"
    local url = pg.url():gsub("tester:secret", "guest")
    assert(run(pg, A, { '{"a":1}', '{"a":2}' }, nil, url))
    assert.equal("1\n2", pg.ask "select a from t order by a")
    local _, err = run(pg, A, { '{"a":1}', '{"a":20}' }, nil, url)
    assert.same({ 1, "42501" }, { err.sequence, err.code })
    behaviour.says(err, "violates row-level security policy")
    assert.equal("2", pg.ask "select count(*) from t")
    pg.ask "drop owned by guest"
    pg.ask "drop role guest"
  end)

  it("works with a role that may only write, if table and ledger exist", function()
    assert(run(pg, A, {}))
    pg.ask "drop role if exists writer"
    pg.ask "create role writer login"
    pg.ask "revoke create on schema public from public"
    pg.ask "grant insert on t to writer"
    pg.ask "grant insert, select on sluice_ledger to writer"
    assert(run(pg, A, { '{"a":1}' }, nil, (pg.url():gsub("tester:secret", "writer"))))
    assert.equal("1", pg.ask "select a from t")
    local _, err = run(pg, A, {}, { name = "other" }, (pg.url():gsub("tester:secret", "writer")))
    behaviour.says(err, "permission denied for schema public (SQLSTATE 42501)")
    pg.ask "drop owned by writer"
    pg.ask "drop role writer"
  end)

  it("writes rows to several tables in parallel", function()
    local worker = assert(sluice.spawn { paths.file "script/texts.lua" })
    local rows = {}
    for i = 1, 9000 do rows[i] = { "s" .. i % 3, ('{"a":%d}'):format(i) } end
    local streams = {}
    for i = 0, 2 do streams["s" .. i] = { schema = A, sink = sql.table { url = pg.url(), name = "t" .. i } } end
    assert(worker:run("texts", core.json.array(rows), { streams = streams }))
    worker:shutdown()
    for i = 0, 2 do assert.equal("3000", pg.ask("select count(*) from t" .. i)) end
    assert.equal("1", pg.ask "select count(distinct run_key) from sluice_ledger")
  end)
end)
