--- A database that makes a run wait, or has changed: the run ends at its deadline, at a limit of the
--- sink, or at the user's request, and nothing is half committed.
local json = require "sluice.json"
local server = require "sql.server"
local shell = require "support.shell"
local support = require "sql.support"

setup(server.start)
teardown(server.stop)

before_each(function()
  server.query "drop database if exists faults"
  server.query "create database faults"
end)

after_each(shell.forget)

local function ask(text) return server.query(text, "faults") end
local function url() return server.url "faults" end

local SCHEMA = [[schema = require("sluice.schema").record { { "a", require("sluice.schema").integer } },]]

--- A policy that writes rows to t. handlers: more of its stream.
local function policy(options, handlers)
  return shell.file(([[return { streams = { rows = { %s sink = require("sluice.sink.sql").table { url = %q, name = "t", %s } } } }]])
    :format(handlers or SCHEMA, options.url or url(), options.more or ""), "p.lua")
end

--- Rows, then a wait for the gate, then many more rows. The sink has begun before the request is sent.
local function worker(gate, more)
  return { "--", "sh", "-c", ([[echo '{"a":1}'; touch %s.begun; while [ ! -e %s ]; do sleep 0.02; done; seq 2 %d | sed 's/.*/{"a":&}/']])
    :format(gate, gate, more) }
end

local function start(options, more_words, tail)
  local words = { "run", "--lines" }
  for _, word in ipairs(more_words or {}) do words[#words + 1] = word end
  words[#words + 1] = policy(options, options.handlers)
  for _, word in ipairs(tail) do words[#words + 1] = word end
  return shell.start_sluice(words)
end

local function backend(gate)
  shell.wait("the worker", function() return shell.read(gate .. ".begun") end)
  return tonumber((ask "select pid from pg_stat_activity where application_name = 'sluice' and datname = 'faults'"))
end

local function kill(signal, pid) assert(os.execute(("kill -%s %d"):format(signal, pid))) end

--- Stops the session of a run that has begun, and lets the worker send more rows than fit in the buffers.
local function with_stopped(options, words, act)
  local gate = shell.directory() .. "/gate"
  local process = start(options, words, worker(gate, 400000))
  local pid = backend(gate)
  kill("STOP", pid)
  shell.write(gate, "")
  local ok, err = pcall(act, process)
  kill("CONT", pid)
  if not ok then error(err, 0) end
end

describe("a server that has stopped", function()
  for name, handlers in pairs { ["rows of a schema"] = SCHEMA, ["rows of columns"] = "", ["rows with a handler"] = "on_row = function() end," } do
    local more = handlers ~= SCHEMA and 'columns = { a = "integer" },' or ""

    it("ends a run at its deadline: " .. name, function()
      ask "create table t (a bigint)"
      with_stopped({ more = more, handlers = handlers }, { "--timeout", "2s" }, function(process)
        local result = process:finish()
        assert.equal(124, result.status, result.err)
        assert.matches("request_timeout", result.err)
      end)
      assert.equal("0", ask "select count(*) from t")
    end)
  end

  it("ends a run at the user's request", function()
    with_stopped({}, {}, function(process)
      shell.wait("rows on their way", function()
        return process:stderr() and server.query "select 1" == "1" and #process:descendants "sh" >= 0
      end)
      process:signal "INT"
      local result = process:finish()
      assert.equal(130, result.status, result.err)
    end)
    assert.equal("", ask "select tablename from pg_tables where schemaname = 'public'")
  end)

  it("ends a run at the sink's own limit", function()
    with_stopped({ more = 'timeout = "1s",' }, {}, function(process)
      local result = process:finish()
      assert.equal(4, result.status, result.err)
      assert.matches("table t: no answer from the server for 1 s", result.err)
    end)
  end)
end)

describe("a commit without an answer", function()
  it("is unknown, and the ledger tells its result once the server continues", function()
    local sink = support.sink(url(), { timeout = "1s" })
    local pid
    local err = support.fails("commit", sink, support.rows(3), { context = { run_key = "the key" }, before_commit = function()
      pid = ask "select pid from pg_stat_activity where application_name = 'sluice' and datname = 'faults'"
      kill("STOP", pid)
    end })
    assert.is_true(err.unknown)
    assert.matches("outcome unknown: .*if run key the key is in sluice_ledger, it is committed", err.message)
    kill("CONT", pid)
    shell.wait("the session to end", function()
      return ask "select count(*) from pg_stat_activity where application_name = 'sluice' and datname = 'faults'" == "0"
    end)
    -- The server has the COMMIT: rows and ledger agree, whatever the result is.
    local there = ask "select to_regclass('sluice_ledger') is not null" == "t"
    assert.equal(there and ask "select count(*) from sluice_ledger where run_key = 'the key'" or "0",
      there and ask "select (count(*) / 3)::text from decl" or "0")
  end)
end)

describe("the libraries of databases", function()
  --- The database libraries in memory when a row arrives.
  local function loaded(sink)
    local own = shell.file(([[return { %s on_row = function() for line in io.lines "/proc/self/maps" do
      local name = line:match "/(lib[^/]*)$"
      if name and (name:find "^libpq" or name:find "^libsqlite") then print((name:match "^%%a+")) end end end }]]):format(sink), "p.lua")
    local result = shell.sluice({ "run", own }, { input = "{}\n" })
    assert.equal(0, result.status, result.err)
    local found = {}
    for name in result.out:gmatch "[^\n]+" do found[name] = true end
    return found
  end

  it("are loaded only by the runs that need them", function()
    assert.same({}, loaded "")
    local path = shell.directory() .. "/t.db"
    assert.same({ libsqlite = true }, loaded(([[sink = require("sluice.sink.sql").table { url = "sqlite:%s", name = "t", columns = { a = "integer?" } },]]):format(path)))
    assert.is_true(loaded(([[sink = require("sluice.sink.sql").table { url = %q, name = "t", columns = { a = "integer?" } },]]):format(url())).libpq)
  end)

  it("are named, with their package, if they are missing or too old", function()
    local dir = shell.directory()
    local own = policy {}
    for content, why in pairs {
      ["no library"] = "libpq.so.5 cannot be loaded (Debian: libpq5): ", [""] = "libpq.so.5 is too old: it has no PQ",
    } do
      shell.write(dir .. "/libpq.so.5", content)
      if content == "" then
        assert.equal(0, shell.run({ "sh", "-c", "echo 'int nothing;' | gcc -shared -x c -o " .. dir .. "/libpq.so.5 -" }).status)
      end
      local result = shell.sluice({ "run", own }, { input = '{"a":1}\n', env = { LD_LIBRARY_PATH = dir } })
      assert.equal(4, result.status)
      assert.is_truthy(result.err:find(why, 1, true), result.err)
    end
  end)
end)

describe("a lock held by another session", function()
  local function with_lock(act)
    ask "create table t (a bigint)"
    local dir = shell.directory()
    local holder = io.popen(("psql -X -q -h %s -U tester faults >%s 2>&1"):format(url():match "host=(.*)", dir .. "/locked"), "w")
    holder:write "begin; lock table t; select 'locked';\n"
    holder:flush()
    shell.wait("the lock", function() return (shell.read(dir .. "/locked") or ""):find "locked" end)
    local ok, err = pcall(act)
    holder:close()
    if not ok then error(err, 0) end
  end

  it("ends a run after some seconds, with the server's message", function()
    with_lock(function()
      local result = start({}, {}, { "--", "echo", '{"a":1}' }):finish()
      assert.equal(4, result.status)
      assert.matches("canceling statement due to lock timeout %(SQLSTATE 55P03%)", result.err)
    end)
    assert.equal("0", ask "select count(*) from t")
  end)

  it("lets the user end the run earlier", function()
    with_lock(function()
      local process = start({}, {}, { "--", "echo", '{"a":1}' })
      shell.wait("the run to wait", function()
        return ask "select count(*) from pg_locks where not granted" == "1"
      end)
      process:signal "INT"
      assert.equal(130, process:finish().status)
    end)
  end)

  it("of SQLite lets the user end the run as well", function()
    local path = shell.directory() .. "/t.db"
    support.sqlite(path, "create table t (a integer not null)")
    local holder = io.popen(("sqlite3 %s >%s.out"):format(path, path), "w")
    holder:write "begin exclusive; select 'locked';\n"
    holder:flush()
    shell.wait("the lock", function() return (shell.read(path .. ".out") or ""):find "locked" end)
    local process = start({ url = "sqlite:" .. path }, { "--progress", "plain" }, { "--", "echo", '{"a":1}' })
    shell.wait("the run to open it", function() return support.output(("ls -l /proc/%d/fd 2>&1"):format(process.pid)):find("t.db", 1, true) end)
    process:signal "TERM"
    local result = process:finish()
    holder:close()
    assert.equal(143, result.status, result.err)
  end)
end)

describe("a session of PostgreSQL", function()
  it("may be idle while the worker computes, whatever the server's limit", function()
    ask "alter database faults set idle_in_transaction_session_timeout = '1s'"
    ask "alter database faults set statement_timeout = '1s'"
    ask "alter database faults set datestyle = 'German'"
    local result = start({}, {}, { "--", "sh", "-c", [[echo '{"a":1}'; sleep 2; echo '{"a":2}']] }):finish()
    assert.equal(0, result.status, result.err)
    assert.equal("2", ask "select count(*) from t")
  end)

  it("that is read-only ends a run at begin", function()
    ask "alter database faults set default_transaction_read_only = on"
    local result = start({}, {}, { "--", "echo", '{"a":1}' }):finish()
    assert.equal(4, result.status)
    assert.matches("cannot execute CREATE TABLE in a read%-only transaction %(SQLSTATE 25006%)", result.err)
  end)

  it("that is out of space ends the run, with the server's message", function()
    local dir = url():match "host=(.*)" .. "/small"
    local owner = support.output "id -u" == "0" and "nobody" or support.output "id -un"
    local mounted = os.execute(("mkdir %s && mount -t tmpfs -o size=4m tmpfs %s 2>/dev/null"):format(dir, dir)) == true
    if mounted then
      assert(os.execute(("chown %s %s"):format(owner, dir)))
      ask("create tablespace small location '" .. dir .. "'")
      ask "create table t (a bigint) tablespace small"
    else -- without permission to mount, the server is made to report it
      ask "create table t (a bigint)"
      ask [[create function full() returns trigger language plpgsql as 'begin if new.a > 5000 then
        raise exception ''no room'' using errcode = ''disk_full''; end if; return new; end']]
      ask "create trigger full before insert on t for each row execute function full()"
    end
    local result = start({}, {}, { "--", "sh", "-c", [[seq 1 300000 | sed 's/.*/{"a":&}/']] }):finish()
    local count = ask "select count(*) from t"
    ask "drop table t"
    if mounted then
      ask "drop tablespace small"
      os.execute("umount " .. dir)
    end
    assert.equal(4, result.status, result.err)
    assert.matches("SQLSTATE 53100", result.err)
    assert.equal("0", count)
  end)

  it("that is terminated ends the run, with the server's message", function()
    local gate = shell.directory() .. "/gate"
    local process = start({}, {}, worker(gate, 50000))
    kill("TERM", backend(gate))
    shell.write(gate, "")
    local result = process:finish()
    assert.equal(4, result.status)
    assert.matches("SQLSTATE 57P01", result.err)
    assert.equal("", ask "select tablename from pg_tables where schemaname = 'public'")
  end)
end)

describe("a password in a url", function()
  it("is never revealed", function()
    local summary = shell.file()
    for _, address in ipairs {
      "postgres://tester:geheim%20wort@127.0.0.1:1/x", "postgres://tester@127.0.0.1:1/x?password=geheim%20wort",
      (url():gsub("secret", "geheim%%20wort")) .. "&options=-cgeheim",
    } do
      local result = shell.sluice({ "run", "--summary", summary, policy { url = address } }, { input = '{"a":1}\n' })
      local said = json.decode(shell.read(summary))
      assert.equal(4, result.status)
      assert.is_table(said.error)
      local all = result.out .. result.err .. shell.read(summary)
      assert.is_nil(all:find("geheim wort", 1, true) or all:find("geheim%20wort", 1, true), all)
    end
    local result = shell.sluice({ "run", "--summary", summary, policy {} }, { input = '{"a":1}\n' })
    assert.equal(0, result.status, result.err)
    assert.equal("0", ask "select count(*) from sluice_ledger l where l::text like '%secret%'")
    assert.is_nil((shell.read(summary) .. result.err):find("secret", 1, true))
  end)

  it("is not needed to describe the error, which has the other parts of the url", function()
    local summary = shell.file()
    ask "create table t (a bigint primary key)"
    local result = shell.sluice({ "run", "--summary", summary, policy { more = 'key = "a",' } }, { input = '{"a":1}\n{"a":1}\n' })
    assert.equal(4, result.status)
    local err = json.decode(shell.read(summary)).error
    assert.same({ "t", "23505", "a = 1", "rows", 1, 2 }, { err.table, err.code, err.key, err.stream, err.sequence, err.line })
  end)
end)
