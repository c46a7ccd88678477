-- Rows into SQLite, read back with sqlite3.
local behaviour = require "support.behaviour"
local paths = require "support.paths"
local sql = require "sluice.sink.sql"
local support = require "sql.support"

local dir, path, url

local function query(text) return support.sqlite(path, text) end

before_each(function()
  behaviour.before()
  dir = support.output "mktemp -d"
  path, url = dir .. "/decls.db", "sqlite:" .. dir .. "/decls.db"
end)

after_each(function()
  os.execute("chmod 700 " .. dir .. "; rm -rf " .. dir)
  behaviour.after()
end)

describe("sql.table with SQLite", function()
  it("commits the rows of a request", function()
    support.commits(support.sink(url), { '{"name":"f","line":1,"doc":"d"}', '{"name":"g","line":2}' })
    assert.equal("f|1|d\ng|2|", query "select * from decl")
    assert.equal("CREATE TABLE \"decl\" (\"name\" TEXT NOT NULL, \"line\" INTEGER NOT NULL, \"doc\" TEXT)",
      query "select sql from sqlite_schema where name = 'decl'")
  end)

  it("commits more rows than fit into one statement, in their order", function()
    support.commits(support.sink(url), support.rows(1234))
    assert.equal("1234|1|1234|761995", query "select count(*), min(line), max(line), sum(line) from decl")
    assert.equal("0", query "select count(*) from decl where rowid <> line")
  end)

  it("keeps every 64-bit integer, every double and every text", function()
    local sink = sql.table { url = url, name = "t", columns = { i = "integer", n = "number", s = "text", b = "boolean" } }
    support.commits(sink, {
      [[{"i":9223372036854775807,"n":0.1,"s":"a\u0000b","b":true}]],
      [[{"i":-9223372036854775808,"n":1.7976931348623157e308,"s":"ü'\"?","b":false}]],
      [[{"i":9007199254740993,"n":5,"s":"","b":true}]],
      [[{"i":-9007199254740993,"n":0.30000000000000004,"s":"𝄞","b":true}]],
    })
    assert.equal("9223372036854775807\n-9223372036854775808\n9007199254740993\n-9007199254740993", query "select i from t")
    assert.equal("integer", query "select distinct typeof(i) from t")
    assert.equal("1|1|1|1", query([[select (select n = 0.1 from t where rowid = 1), (select n = 1.7976931348623157e308 from t where rowid = 2),
      (select n = 5.0 and typeof(n) = 'real' from t where rowid = 3), (select n = 0.30000000000000004 from t where rowid = 4)]]))
    assert.equal("610062\nC3BC27223F\n\nF09D849E", query "select hex(s) from t")
    assert.equal("1\n0\n1\n1", query "select b from t")
  end)

  it("keeps nested values as JSON text", function()
    local sink = sql.table { url = url, name = "t", columns = { v = "json?" } }
    support.commits(sink, { '{"v":{"a":[1,9007199254740993,null],"e":[]}}', '{"v":"x"}', '{"v":[]}', '{"v":null}', "{}" })
    assert.equal('9007199254740993|[]', query [[select v->>'a[1]', v->'e' from t where rowid = 1]])
    assert.equal('"x"\n[]\nNULL\nNULL', query [[select coalesce(v, 'NULL') from t where rowid > 1]])
  end)

  it("accepts any name, including quotes and reserved words", function()
    local name, column = [[sel"ect 'ü]], [[order "by" ?]]
    local sink = sql.table { url = url, name = name, columns = { { column, "text" }, { "%s", "integer" } } }
    support.commits(sink, { [[{"order \"by\" ?":"x","%s":1}]] })
    assert.equal("x|1", query [[select "order ""by"" ?", "%s" from "sel""ect 'ü"]])
  end)

  it("can be used again after a commit and after a rollback", function()
    local sink = support.sink(url)
    support.commits(sink, support.rows(3))
    support.fails("sink", sink, { '{"name":5,"line":1}' })
    support.commits(sink, support.rows(2))
    assert.equal("5", query "select count(*) from decl")
  end)

  it("keeps the journal mode of the database", function()
    query "pragma journal_mode = wal"
    support.commits(support.sink(url), support.rows(2))
    assert.equal("wal", query "pragma journal_mode")
    assert.equal("2", query "select count(*) from decl")
  end)

  it("keeps a database in memory as long as the process", function()
    local sink = support.sink("sqlite::memory:", { key = "name" })
    local before = behaviour.descriptors()
    support.commits(sink, support.rows(2))
    support.fails("sink", sink, support.rows(1))
    assert.same(before, behaviour.descriptors())
  end)
end)

describe("a row that does not fit", function()
  local function refused(texts, more)
    local err = support.fails("sink", support.sink(url, more), texts)
    assert.equal("", query "select name from sqlite_schema")
    return err
  end

  it("is reported with its column, and nothing is written", function()
    local texts = support.rows(250)
    texts[201] = '{"name":"x","line":1.5}'
    local err = refused(texts)
    assert.same({ "rows", 200, "line", url, "decl" }, { err.stream, err.sequence, err.column, err.url, err.table })
    behaviour.says(err, "expected an integer, got 1.5")
  end)

  it("must have all required values", function()
    local err = refused { '{"name":"x","line":null}' }
    behaviour.says(err, "column line: a value is missing")
  end)

  it("must be an object", function()
    behaviour.says(refused { "[1]" }, "expected an object, got array")
    behaviour.says(refused { "[]" }, "expected an object, got array")
    behaviour.says(refused { "5" }, "expected an object, got integer")
  end)

  it("is found in a batch by its key", function()
    local texts = support.rows(180)
    texts[151] = '{"name":"n7","line":1}'
    local err = refused(texts, { key = "name" })
    assert.same({ 150, 'name = "n7"' }, { err.sequence, err.key })
    behaviour.says(err, "UNIQUE constraint failed: decl.name")
  end)

  it("is found among the rows of earlier runs", function()
    support.commits(support.sink(url, { key = { "name", "line" } }), support.rows(3))
    local err = support.fails("sink", support.sink(url, { key = { "name", "line" } }), support.rows(5, 3))
    assert.same({ 0, 'name = "n3", line = 3' }, { err.sequence, err.key })
    assert.equal("3", query "select count(*) from decl")
  end)
end)

describe("upsert", function()
  it("replaces the earlier row with the same key", function()
    local sink = support.sink(url, { key = "name", upsert = true })
    support.commits(sink, { '{"name":"f","line":1,"doc":"d"}', '{"name":"g","line":1}', '{"name":"f","line":2}' })
    support.commits(sink, { '{"name":"g","line":7}', '{"name":"h","line":1}' })
    assert.equal("f|2|\ng|7|\nh|1|", query "select * from decl order by name")
  end)

  it("leaves a row alone that consists of its key", function()
    local sink = sql.table { url = url, name = "t", columns = { { "k", "text" } }, key = "k", upsert = true }
    support.commits(sink, { '{"k":"a"}', '{"k":"a"}' })
    assert.equal("a", query "select * from t")
  end)

  it("needs a key that the table has", function()
    query "create table decl (name text not null, line integer, doc text)"
    local err = support.fails("sink", support.sink(url, { key = "name", upsert = true }), support.rows(1))
    behaviour.says(err, "the table has no such key (name)")
  end)
end)

describe("an existing table", function()
  it("may declare its columns differently, and have additional ones", function()
    query [[create table decl (id integer primary key, doc varchar(9), LINE bigint not null, name char not null,
      at text not null default 'now')]]
    support.commits(support.sink(url), support.rows(2))
    assert.equal("1|n1|1|now\n2|n2|2|now", query "select id, name, line, at from decl")
  end)

  it("is refused with all differences", function()
    query "create table decl (name integer, doc text not null, extra text not null)"
    local err = support.fails("sink", support.sink(url), support.rows(1))
    assert.same({
      "column name is INTEGER, which cannot hold text exactly",
      "column line is missing",
      "column doc is NOT NULL, but rows may have null there",
      "column extra is NOT NULL without a default, but rows do not have it",
    }, err.differences)
    assert.equal("decl", query "select name from sqlite_schema")
  end)

  it("must exist if the sink may not create it", function()
    local err = support.fails("sink", support.sink(url, { create = false }), support.rows(1))
    behaviour.says(err, "the table does not exist")
  end)
end)

describe("a database error", function()
  it("is reported if the database is locked", function()
    query "create table x (y)"
    local holder = io.popen(("sqlite3 %s >%s/locked"):format(path, dir), "w")
    holder:write "begin immediate;\nselect 'locked';\n"
    holder:flush()
    behaviour.await("the lock", function() return (behaviour.read(dir .. "/locked") or ""):find "locked" end)
    local err
    local seconds = behaviour.timed(function() err = support.fails("sink", support.sink(url), support.rows(1)) end)
    holder:close()
    behaviour.says(err, "database is locked")
    assert.is_true(seconds < 8)
  end)

  it("is reported if a reader locks the database at commit", function()
    query "create table x (y); insert into x values (1)"
    local holder
    local err = support.fails("commit", support.sink(url), support.rows(5), { before_commit = function()
      holder = io.popen(("sqlite3 %s >%s/locked"):format(path, dir), "w")
      holder:write "begin;\nselect 'locked' from x;\n"
      holder:flush()
      behaviour.await("the lock", function() return (behaviour.read(dir .. "/locked") or ""):find "locked" end)
    end })
    holder:close()
    behaviour.says(err, "nothing was written: database is locked")
    assert.equal("x", query "select name from sqlite_schema")
  end)

  it("is reported if the directory does not exist", function()
    local err = support.fails("sink", support.sink("sqlite:" .. dir .. "/none/x.db"), support.rows(1))
    behaviour.says(err, "unable to open database file")
  end)

  it("is reported if the directory is not writable", function()
    local err = support.fails("sink", support.sink("sqlite:/proc/decls.db"), support.rows(1))
    behaviour.says(err, "unable to open database file")
  end)

  it("is reported if the file is not a database", function()
    behaviour.write(path, ("no database "):rep(100))
    behaviour.says(support.fails("sink", support.sink(url), support.rows(1)), "file is not a database")
  end)

  it("prevents the commit even if a handler swallowed it", function()
    local sink = support.sink(url)
    local err = support.fails("sink", sink, { '{"name":"a","line":1}', '{"name":1}', '{"name":"b","line":2}' }, {
      on_row = function(row) pcall(function() assert(sink:write(row)) end) end,
    })
    assert.equal(1, err.sequence)
    assert.equal("", query "select name from sqlite_schema")
  end)
end)

describe("the ledger", function()
  it("has a row for the stream, with its seal", function()
    support.commits(support.sink(url), support.rows(3), { context = { run_key = "k1" } })
    assert.equal("k1|decl|rows|3|66|0123456789abcdef|3",
      query "select run_key, table_name, stream, rows, bytes, checksum, kept from sluice_ledger")
    assert.equal("1", query "select time like '____-__-__T__:__:__Z' from sluice_ledger")
  end)

  it("has a generated key for a run without one", function()
    support.commits(support.sink(url), {})
    assert.equal("1|rows|0", query "select run_key like 'run-%Z-________________', stream, rows from sluice_ledger")
  end)

  it("recognises a run that is already committed, and nothing is written", function()
    local again = { context = { run_key = "k1" } }
    assert.is_nil(support.commits(support.sink(url), support.rows(3), again))
    assert.equal("committed", support.commits(support.sink(url), support.rows(3), again))
    assert.equal("3|1", query "select (select count(*) from decl), (select count(*) from sluice_ledger)")
  end)

  it("does not contain a run that failed", function()
    support.fails("sink", support.sink(url), { "5" }, { context = { run_key = "k1" } })
    assert.is_nil(support.commits(support.sink(url), support.rows(3), { context = { run_key = "k1" } }))
    assert.equal("3", query "select count(*) from decl")
  end)
end)

describe("two sinks of one database", function()
  it("share a transaction", function()
    local one, two = support.sink(url), support.sink(url, { name = "other" })
    support.commits({ one, two }, support.rows(150), { context = { run_key = "k" } })
    assert.equal("150|150|2", query "select (select count(*) from decl), (select count(*) from other), (select count(*) from sluice_ledger)")
    assert.equal("committed", support.commits({ one, two }, support.rows(150), { context = { run_key = "k" } }))
  end)

  it("are rolled back together", function()
    local one = support.sink(url)
    local two = sql.table { url = url, name = "other", columns = { line = "integer" }, key = "line" }
    local texts = support.rows(150)
    texts[140] = '{"name":"x","line":1}'
    local err = support.fails("sink", { one, two }, texts)
    assert.same({ "other", 139 }, { err.table, err.sequence })
    assert.equal("", query "select name from sqlite_schema")
    local ok, why = one:prepare {}
    assert.is_nil(ok)
    behaviour.says(why, "prepare without begin")
  end)
end)

describe("the lifetime of a sink", function()
  it("can be rolled back repeatedly", function()
    local sink = support.sink(url)
    assert(sink:begin { streams = { "rows" }, name = "s" })
    assert.is_true(sink:rollback())
    assert.is_true(sink:rollback())
    support.commits(sink, support.rows(1))
    assert.is_true(sink:rollback())
    assert.equal("1", query "select count(*) from decl")
  end)

  it("writes nothing before begin", function()
    local ok, err = support.sink(url):prepare {}
    assert.is_nil(ok)
    assert.equal("sink", err.kind)
  end)

  it("reports misuse at the caller's line", function()
    local function wrong(options) return tostring(behaviour.raised(sql.table, options)) end
    behaviour.says(wrong { url = "mysql:x", name = "t" }, "url: expected sqlite:FILE")
    behaviour.says(wrong { url = "sqlite:x" }, "name: expected the name of a table")
    behaviour.says(wrong { url = "sqlite:x", name = "t", upsert = true }, "upsert needs a key")
    behaviour.says(wrong { url = "sqlite:x", name = "t", columns = { a = "int" } }, "column a: expected a type")
    behaviour.says(wrong { url = "sqlite:x", name = "t", colums = {} }, "unknown option colums; did you mean columns?")
    behaviour.says(wrong { url = "sqlite:x", name = "t", key = 5 }, "key: expected a name")
  end)
end)

describe("a full disk", function()
  it("fails the run, and leaves the database as it was", function()
    query "create table decl (name text not null, line integer not null, doc text); insert into decl values ('old', 0, null)"
    local out = support.output(("trap '' XFSZ; ulimit -f 64; exec %s %s %s"):format(paths.lua, paths.file "sql/fills.lua", paths.quote(url)))
    behaviour.says(out, "disk")
    behaviour.says(out, "kind sink")
    assert.equal("old\nok", query "select name from decl; pragma integrity_check")
  end)
end)
