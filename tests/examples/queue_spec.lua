--- examples/07-many-machines/queue: consumers of a queue in a real PostgreSQL, some of them killed.
local logs = require "examples.logs"
local paths = require "support.paths"
local server = require "sql.server"
local shell = require "support.shell"

if paths.sanitized then return end -- this tests the programs around sluice

describe("a queue in PostgreSQL", function()
  local dir, env
  local queue = logs.example .. "/queue/"

  setup(function()
    server.start()
    env = { DATABASE = server.url(), PATH = logs.env.PATH }
    logs.make_tables(server.url())
  end)

  teardown(function() server.stop() end)

  before_each(function() dir = logs.directory(6) end)

  after_each(function()
    server.query "SET lock_timeout = '5s'; DROP TABLE jobs; TRUNCATE requests, sluice_ledger"
    shell.forget()
  end)

  local function fill()
    server.query(shell.read(queue .. "jobs.sql"))
    for i = 1, 6 do server.query(("INSERT INTO jobs (file) VALUES ('%s/%d.log')"):format(dir, i)) end
  end

  local function consume() return shell.start({ queue .. "consume.sh" }, { env = env }) end

  local function ends_well(consumer)
    local result = consumer:finish()
    assert.equal(0, result.status, result.err)
    return result
  end

  --- Checks that each log is in the table, and in the ledger, exactly once.
  local function assert_all_loaded()
    assert.equal("6", server.query "SELECT count(*) FROM jobs WHERE done IS NOT NULL AND status = 0")
    assert.equal("1.log:5 2.log:5 3.log:5 4.log:5 5.log:5 6.log:5", server.query [[
      SELECT string_agg(file || ':' || n, ' ' ORDER BY file) FROM (SELECT file, count(*) AS n FROM requests GROUP BY file) f]])
    assert.equal("6", server.query "SELECT count(*) FROM sluice_ledger")
  end

  --- A consumer that is in the middle of the first job.
  local function hold_one()
    local holder = logs.hold(dir .. "/1.log")
    local consumer = consume()
    consumer:await(logs.held, "stderr")
    return consumer, holder
  end

  it("is emptied by several consumers, with each job done once", function()
    fill()
    local consumers = { consume(), consume(), consume() }
    local out = ""
    for _, consumer in ipairs(consumers) do out = out .. ends_well(consumer).out end
    assert.equal(6, select(2, out:gsub("job %d+ [^\n]*%.log status 0\n", "")))
    assert_all_loaded()
  end)

  it("gives the job of a consumer that was killed, together with its processes, to another one", function()
    fill()
    local consumer, holder = hold_one()
    ends_well(consume()) -- the others
    assert.equal("5", server.query "SELECT count(*) FROM jobs WHERE done IS NOT NULL")
    assert.equal("0", server.query "SELECT count(*) FROM requests WHERE file = '1.log'")
    shell.run("kill -KILL " .. consumer.pid .. " " .. table.concat(consumer:descendants ".", " "))
    consumer:finish()
    logs.replace(holder, dir .. "/1.log")
    shell.wait("the job to be free", function()
      return server.query "SELECT count(*) FROM jobs WHERE done IS NULL AND id IN (SELECT id FROM jobs FOR UPDATE SKIP LOCKED)" == "1"
    end)
    ends_well(consume())
    assert_all_loaded()
    assert.equal("6", server.query "SELECT sum(attempts) FROM jobs")
  end)

  it("writes nothing twice if a consumer was killed and its processes continue", function()
    fill()
    local consumer, holder = hold_one()
    shell.run("kill -KILL " .. consumer:descendants("bin/psql")[1] .. " " .. consumer.pid)
    local heir = consume()
    shell.wait("the heir to wait for the first run's end", function()
      return server.query "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted" == "1"
    end)
    logs.go_on(holder, dir .. "/1.log")
    assert.matches("job 1 [^\n]* status 0\n", ends_well(heir).out)
    assert_all_loaded()
  end)

  it("tries a failing job a limited number of times, and the others first", function()
    fill()
    shell.run { "rm", dir .. "/2.log" }
    local result = ends_well(consume())
    assert.matches("2%.log status 1\n.*2%.log status 1\n.*2%.log status 1\n$", result.out)
    assert.equal("5", server.query "SELECT count(*) FROM jobs WHERE done IS NOT NULL")
    assert.equal("2|3|1", server.query "SELECT id, attempts, status FROM jobs WHERE done IS NULL")
  end)
end)
