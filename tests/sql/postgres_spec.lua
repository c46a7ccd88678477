-- Rows into a real PostgreSQL, read back with psql.
local behaviour = require "support.behaviour"
local server = require "sql.server"
local sql = require "sluice.sink.sql"
local support = require "sql.support"

local query = server.query
local url, count = nil, 0

setup(function() server.start() end)
teardown(function() server.stop() end)

-- Each test has its own database.
local database

before_each(function()
  count = count + 1
  database = "d" .. count
  query("create database " .. database)
  url = server.url(database)
  behaviour.before()
end)

after_each(function() behaviour.after() end)

local function ask(text) return query(text, database) end

local function backends()
  return tonumber(query(("select count(*) from pg_stat_activity where datname = '%s'"):format(database)))
end

describe("sql.table with PostgreSQL", function()
  it("commits the rows of a request, and leaves no connection", function()
    support.commits(support.sink(url), { '{"name":"f","line":1,"doc":"d"}', '{"name":"g","line":2}' })
    assert.equal("f|1|d\ng|2|", ask "select * from decl")
    assert.equal("name|text|NO\nline|bigint|NO\ndoc|text|YES", ask [[select column_name, data_type, is_nullable
      from information_schema.columns where table_name = 'decl' order by ordinal_position]])
    behaviour.await("the connection to end", function() return backends() == 0 end)
  end)

  it("commits more rows than fit into one statement", function()
    support.commits(support.sink(url), support.rows(4321))
    assert.equal("4321|1|4321|9337681", ask "select count(*), min(line), max(line), sum(line) from decl")
  end)

  it("keeps every 64-bit integer, every double and every text", function()
    local sink = sql.table { url = url, name = "t", columns = { i = "integer", n = "number", s = "text?", b = "boolean" } }
    support.commits(sink, {
      [[{"i":9223372036854775807,"n":0.1,"s":"{\"a\",\\,NULL}","b":true}]],
      [[{"i":-9223372036854775808,"n":1.7976931348623157e308,"s":"NULL","b":false}]],
      [[{"i":9007199254740993,"n":0.30000000000000004,"s":"\n\t\"","b":true}]],
      [[{"i":0,"n":-5,"s":"","b":true}]],
      [[{"i":0,"n":5e-324,"s":null,"b":true}]],
    })
    assert.equal([[9223372036854775807|0.1|"{\"a\",\\,NULL}"|t
-9223372036854775808|1.7976931348623157e+308|"NULL"|f
9007199254740993|0.30000000000000004|"\n\t\""|t
0|-5|""|t
0|5e-324||t]], ask "select i, n, to_json(s), b from t")
  end)

  it("keeps nested values as jsonb", function()
    local sink = sql.table { url = url, name = "t", columns = { v = "json?" } }
    support.commits(sink, { '{"v":{"a":[1,9007199254740993,null],"e":[]}}', '{"v":"x"}', '{"v":null}' })
    assert.equal('{"a": [1, 9007199254740993, null], "e": []}|jsonb\n"x"|jsonb\n|jsonb', ask "select v, pg_typeof(v) from t")
  end)

  it("accepts any name, including quotes, question marks and reserved words", function()
    local name, column = [[sel"ect 'ü?\]], [[order "by" ?\]]
    local sink = sql.table { url = url, name = name, columns = { { column, "text" }, { "%s", "integer" } }, key = column, upsert = true }
    local text = [[{"order \"by\" ?\\":"x","%s":1}]]
    support.commits(sink, { text })
    support.commits(sink, { text })
    assert.equal("x|1", ask [[select "order ""by"" ?\", "%s" from "sel""ect 'ü?\"]])
  end)

  it("takes a schema from the url, and refuses a dot", function()
    ask "create schema side"
    support.commits(support.sink(url .. "&options=-csearch_path%3Dside"), support.rows(2))
    assert.equal("2", ask "select count(*) from side.decl")
    local err = support.fails("sink", support.sink(url, { name = "side.decl" }), support.rows(2))
    behaviour.says(err, "the name side.decl has a dot; a schema is chosen in the url, as in ?options=-csearch_path%3Dside")
    ask "drop schema side cascade"
  end)

  it("refuses a name that would be truncated", function()
    local err = support.fails("sink", support.sink(url, { name = ("x"):rep(64) }), {})
    behaviour.says(err, "longer than the 63 bytes")
  end)
end)

describe("a row that PostgreSQL refuses", function()
  it("is found in a batch, and reported with its key", function()
    local texts = support.rows(3000)
    texts[2501] = '{"name":"n7","line":1}'
    local err = support.fails("sink", support.sink(url, { key = "name" }), texts)
    assert.same({ "rows", 2500, 'name = "n7"' }, { err.stream, err.sequence, err.key })
    behaviour.says(err, "duplicate key value violates unique constraint")
    behaviour.says(err, "Key (name)=(n7) already exists.")
    assert.equal("", ask "select tablename from pg_tables where schemaname = 'public'")
  end)

  it("is found within one statement", function()
    local texts = support.rows(300)
    texts[123] = '{"name":"n122","line":1}'
    assert.equal(122, support.fails("sink", support.sink(url, { key = "name" }), texts).sequence)
  end)

  it("may have a text with U+0000", function()
    local err = support.fails("sink", support.sink(url), { '{"name":"a","line":1}', [[{"name":"a\u0000b","line":1}]] })
    assert.same({ 1, "name" }, { err.sequence, err.column })
  end)

  it("is reported without the password", function()
    local err = support.fails("sink", support.sink(url), { '{"name":1,"line":1}' })
    assert.is_nil(tostring(err):find("secret", 1, true))
    behaviour.says(err.url, "postgres://tester@/" .. database)
  end)

  it("may violate a deferred constraint, before anything is committed", function()
    ask "create table decl (name text not null unique deferrable initially deferred, line bigint, doc text)"
    local err = support.fails("sink", support.sink(url), { '{"name":"a","line":1}', '{"name":"a","line":2}' })
    behaviour.says(err, "duplicate key")
    assert.equal("0", ask "select count(*) from decl")
  end)

  it("may not fit a narrower column, and is not truncated", function()
    ask "create table decl (name varchar(3) not null, line smallint not null, doc text)"
    support.commits(support.sink(url), { '{"name":"abc","line":32767}' })
    assert.equal(0, support.fails("sink", support.sink(url), { '{"name":"abcd","line":1}' }).sequence)
    assert.equal(1, support.fails("sink", support.sink(url), { '{"name":"a","line":1}', '{"name":"a","line":32768}' }).sequence)
    assert.equal("1", ask "select count(*) from decl")
  end)
end)

describe("upsert into PostgreSQL", function()
  it("replaces the earlier row, even within a batch", function()
    local sink = support.sink(url, { key = "name", upsert = true })
    support.commits(sink, { '{"name":"f","line":1,"doc":"d"}', '{"name":"g","line":1}', '{"name":"f","line":2}' })
    support.commits(sink, { '{"name":"g","line":7}', '{"name":"h","line":1}' })
    assert.equal("f|2|\ng|7|\nh|1|", ask "select * from decl order by name")
  end)

  it("needs a key that the table has", function()
    ask "create table decl (name text not null, line bigint, doc text)"
    local err = support.fails("sink", support.sink(url, { key = "name", upsert = true }), support.rows(1))
    behaviour.says(err, "the table has no such key (name)")
  end)
end)

describe("an existing table in PostgreSQL", function()
  it("is refused with all differences", function()
    ask "create table decl (name bigint, line numeric(3,-1) not null, doc text, extra text not null, at text default 'x')"
    local err = support.fails("sink", support.sink(url), support.rows(1))
    assert.same({
      "column name is bigint, which cannot hold text exactly",
      "column line is numeric(3,-1), which cannot hold integer exactly",
      "column extra is NOT NULL without a default, but rows do not have it",
    }, err.differences)
  end)

  it("may have more columns", function()
    ask "create table decl (id bigint generated always as identity, doc text, line numeric, name varchar not null, at text not null default 'x')"
    support.commits(support.sink(url), support.rows(2))
    assert.equal("1|n1|1|x\n2|n2|2|x", ask "select id, name, line, at from decl")
  end)
end)

describe("the ledger in PostgreSQL", function()
  it("recognises a run that is already committed", function()
    local again = { context = { run_key = "k1" } }
    assert.is_nil(support.commits(support.sink(url), support.rows(3), again))
    assert.equal("committed", support.commits(support.sink(url), support.rows(3), again))
    assert.equal("k1|decl|rows|3|66|0123456789abcdef|3|t",
      ask "select run_key, table_name, stream, rows, bytes, checksum, kept, time <= now() from sluice_ledger")
    assert.equal("3", ask "select count(*) from decl")
  end)

  it("lets only one of two runs with the same key commit", function()
    local one, two = support.sink(url), support.sink(url .. "&application_name=two")
    local context = { streams = { "rows" }, name = "s", run_key = "k" }
    support.commits(one, support.rows(1), { context = { run_key = "k" }, before_commit = function()
      local ok, err = two:begin(context)
      assert.is_nil(ok)
      behaviour.says(err, 'another run with the key "k" has not ended yet')
      behaviour.says(err, "lock timeout")
    end })
    local ok, word = two:begin(context)
    assert.same({ true, "committed" }, { ok, word })
  end)

  it("distinguishes two sinks of one database, and commits them together", function()
    local one, two = support.sink(url), support.sink(url, { name = "other" })
    support.commits({ one, two }, support.rows(5), { context = { run_key = "k" } })
    assert.equal("decl|other|1", ask "select min(table_name), max(table_name), count(distinct xmin::text) from sluice_ledger")
  end)
end)

--- Cuts the connections of sluice.
local function cut()
  query(("select pg_terminate_backend(pid) from pg_stat_activity where datname = '%s'"):format(database))
  behaviour.await("the connection to end", function() return backends() == 0 end)
end

describe("a PostgreSQL that becomes unavailable", function()
  it("may refuse the connection at begin", function()
    local err = support.fails("sink", support.sink(server.url "none"), {})
    behaviour.says(err, 'FATAL:  database "none" does not exist')
  end)

  it("may be missing at begin", function()
    local err = support.fails("sink", support.sink "postgres://me@/x?host=/nowhere", {})
    behaviour.says(err, "failed: No such file or directory")
  end)

  it("may disappear at a write", function()
    local sink = support.sink(url)
    local err = support.fails("sink", sink, support.rows(2500), { on_row = function(row)
      if row.sequence == 1999 then cut() end
      assert(sink:write(row))
    end })
    behaviour.says(err, "terminating connection due to administrator command (SQLSTATE 57P01)")
  end)

  it("may disappear at prepare", function()
    local err = support.fails("sink", support.sink(url), support.rows(3), { before_prepare = cut })
    behaviour.says(err, "terminating connection due to administrator command (SQLSTATE 57P01)")
    assert.is_nil(err.sequence)
    assert.equal("", ask "select tablename from pg_tables where schemaname = 'public'")
  end)

  it("may disappear at commit: the ledger shows that nothing was committed", function()
    local err = support.fails("commit", support.sink(url), support.rows(3), { before_commit = cut })
    behaviour.says(err, "nothing was written")
    assert.is_nil(err.unknown)
    assert.equal("", ask "select tablename from pg_tables where schemaname = 'public'")
  end)

  it("may restart at commit: the ledger shows that nothing was committed", function()
    local err = support.fails("commit", support.sink(url), support.rows(3), { before_commit = function()
      server.down()
      server.up()
    end })
    behaviour.says(err, "nothing was written")
  end)

  it("may commit without an answer: the ledger shows the commit", function()
    local sink = support.sink(url)
    support.commits(sink, support.rows(3), { before_commit = function()
      -- The answer is lost: the server commits, and the driver fails.
      local opened, lost = sink.transaction.connection, {}
      function lost:run_patiently(text)
        local ok, why = opened:run_patiently(text)
        if text ~= "COMMIT" then return ok, why end
        cut()
        assert.is_nil((opened:run "SELECT 1"))
        return nil, "server closed the connection unexpectedly"
      end
      function lost:is_alive() return opened:is_alive() end
      function lost:close() return opened:close() end
      sink.transaction.connection = lost
    end })
    assert.equal("3", ask "select count(*) from decl")
  end)

  it("may stay away after the commit: the run key is reported", function()
    local sink = support.sink(url)
    local err
    local seconds = behaviour.timed(function()
      err = support.fails("commit", sink, support.rows(3), { before_commit = server.down, context = { run_key = "the key" } })
    end)
    server.up()
    assert.is_true(err.unknown)
    behaviour.says(err, "outcome unknown")
    behaviour.says(err, "if run key the key is in sluice_ledger, it is committed")
    assert.equal("the key", err.run_key)
    assert.is_true(seconds < 25)
  end)
end)

