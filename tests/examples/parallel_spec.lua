--- examples/07-many-machines/parallel: GNU parallel, killed and resumed, and one file in blocks.
local logs = require "examples.logs"
local paths = require "support.paths"
local server = require "sql.server"
local shell = require "support.shell"

if paths.sanitized then return end -- this tests the programs around sluice

describe("GNU parallel", function()
  local dir, env
  local parallel = logs.example .. "/parallel/"

  setup(function()
    server.start()
    logs.make_tables(server.url())
    env = { DATABASE = server.url(), PATH = logs.env.PATH }
  end)

  teardown(function() server.stop() end)

  before_each(function() dir = logs.directory(4) end)

  after_each(function()
    server.query "SET lock_timeout = '5s'; TRUNCATE requests, sluice_ledger; DROP TABLE IF EXISTS numbers"
    shell.forget()
  end)

  local function words()
    local list = { parallel .. "load.sh" }
    for i = 1, 4 do list[i + 1] = ("%s/%d.log"):format(dir, i) end
    return list
  end

  local function load()
    local result = shell.run(words(), { env = env, cwd = dir })
    assert.equal(0, result.status, result.err)
  end

  local function assert_all_loaded()
    assert.equal("1.log:5 2.log:5 3.log:5 4.log:5", server.query [[
      SELECT string_agg(file || ':' || n, ' ' ORDER BY file) FROM (SELECT file, count(*) AS n FROM requests GROUP BY file) f]])
    assert.equal("4", server.query "SELECT count(*) FROM sluice_ledger")
  end

  it("continues after a SIGKILL, and commits no log twice", function()
    local holder = logs.hold(dir .. "/2.log")
    local first = shell.start(words(), { env = env, cwd = dir })
    shell.wait("the other logs", function() return server.query "SELECT count(*) FROM sluice_ledger" == "3" end)
    shell.run("kill -KILL " .. first.pid .. " " .. table.concat(first:descendants ".", " "))
    first:finish()
    logs.replace(holder, dir .. "/2.log")
    load()
    assert_all_loaded()
    os.remove(dir .. "/load.joblog")
    load()
    assert_all_loaded()
    assert.equal(4, select(2, shell.read(dir .. "/load.joblog"):gsub("\t0\t0\tsluice run", "")))
  end)

  it("retries a log that has failed", function()
    os.rename(dir .. "/3.log", dir .. "/late.log")
    local result = shell.run(words(), { env = env, cwd = dir })
    assert.equal(1, result.status)
    assert.matches("3%.log: No such file or directory", result.err)
    os.rename(dir .. "/late.log", dir .. "/3.log")
    load()
    assert_all_loaded()
  end)

  --- A file of JSON lines, n and whether it is divisible by ten.
  local function numbers(count)
    local texts = {}
    for n = 1, count do texts[n] = ('{"n":%d,"status":%d}\n'):format(n, n % 10 == 0 and 500 or 200) end
    local path = dir .. "/numbers.jsonl"
    shell.write(path, table.concat(texts))
    return path
  end

  it("filters the blocks of one file, in order", function()
    local path = numbers(800)
    local result = shell.run({ parallel .. "errors.sh", path }, { env = { PATH = env.PATH, BLOCK = "10k" } })
    assert.equal(0, result.status, result.err)
    assert.equal(shell.run({ "grep", '"status":500', path }).out, result.out)
  end)

  it("fails when a block fails", function()
    local path = numbers(800)
    shell.write(path, shell.read(path) .. "{\n")
    local result = shell.run({ parallel .. "errors.sh", path }, { env = { PATH = env.PATH, BLOCK = "10k" } })
    assert.equal(3, result.status)
    assert.matches("row_malformed", result.err)
  end)

  it("loads the blocks of one file, each of them once", function()
    local path = numbers(600)
    local line = { parallel .. "blocks.sh", path, "numbers", "n:integer,status:integer" }
    local options = { env = { PATH = env.PATH, DATABASE = env.DATABASE, BLOCK = "10k" } }
    for _ = 1, 2 do
      local result = shell.run(line, options)
      assert.equal(0, result.status, result.err)
      assert.equal("600|180300", server.query "SELECT count(*), sum(n) FROM numbers")
    end
  end)

  it("reports that a block was truncated", function()
    local path = numbers(600)
    local line = { parallel .. "blocks.sh", path, "numbers", "n:integer,status:integer" }
    local options = { env = { PATH = env.PATH, DATABASE = env.DATABASE, BLOCK = "10k" } }
    shell.run({ "sluice", "run", "postgres", "--set", "url=" .. env.DATABASE, "--set", "table=numbers", "--set",
      "columns=n:integer,status:integer", "--run-key", "numbers.jsonl by 10k, 1" },
      { env = options.env, input = '{"n":1,"status":200}\n' })
    local result = shell.run(line, options)
    assert.equal(1, result.status)
    assert.matches("numbers.jsonl has 600 lines, and %d+ rows were loaded\n$", result.err)
  end)
end)
