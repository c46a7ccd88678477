--- sluice ledger: the runs recorded in a database.
local json = require "sluice.json"
local server = require "sql.server"
local shell = require "support.shell"

setup(server.start)
teardown(server.stop)
after_each(shell.forget)

local function policy(url, name)
  return shell.file(([[return { sink = require("sluice.sink.sql").table { url = %q, name = %q, columns = { a = "integer" } } }]])
    :format(url, name or "t"), "p.lua")
end

local function run(words, input) return shell.sluice(words, { input = input }) end

local function commit(url, key, rows, name)
  local result = run({ "run", "--run-key", key, policy(url, name) }, ('{"a":1}\n'):rep(rows))
  assert.equal(0, result.status, result.err)
end

--- Its output as JSON, a table for each line.
local function listed(url, ...)
  local result = run { "ledger", "--as", "json", url, ... }
  assert.equal(0, result.status, result.err)
  local list = {}
  for line in result.out:gmatch "[^\n]+" do list[#list + 1] = json.decode(line) end
  return list
end

local function keys(url)
  local found = {}
  for _, entry in ipairs(listed(url)) do found[#found + 1] = entry.run_key end
  table.sort(found)
  return found
end

local URLS = {
  SQLite = function() return "sqlite:" .. shell.file(nil, "t.db") end,
  PostgreSQL = function()
    server.query "drop database if exists ledger"
    server.query "create database ledger"
    return server.url "ledger"
  end,
}

for name, url_of in pairs(URLS) do
  describe("sluice ledger of " .. name, function()
    it("lists each stream of a run in each table", function()
      local url = url_of()
      commit(url, "one", 3)
      commit(url, "two", 2, "other")
      local list = listed(url)
      table.sort(list, function(a, b) return a.run_key < b.run_key end)
      assert.same({ "one", "t", "rows", 3, 3, 21, 16 }, {
        list[1].run_key, list[1].table, list[1].stream, list[1].rows, list[1].kept, list[1].bytes, #list[1].checksum })
      assert.same({ "two", "other", 2 }, { list[2].run_key, list[2].table, list[2].rows })
      assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$", list[1].time)
      local text = run { "ledger", url }
      assert.equal(0, text.status)
      assert.matches("^run_key  time +table  stream  rows  kept  checksum\n", text.out)
      assert.matches("\none +%S+ +t +rows +3 +3 +%x+\n", text.out)
    end)

    it("forgets runs by their keys, either all of them or none", function()
      local url = url_of()
      for _, key in ipairs { "a", "b", "c" } do commit(url, key, 1) end
      local result = run { "ledger", "--forget", "a", "--forget", "nosuch", url }
      assert.equal(4, result.status)
      assert.matches("the run nosuch is not in sluice_ledger; nothing was forgotten", result.err)
      assert.same({ "a", "b", "c" }, keys(url))
      result = run { "ledger", "--forget", "a", "--forget", "b", url }
      assert.equal(0, result.status)
      assert.matches("^sluice: 2 runs of .* forgotten; the rows stay\n$", result.err)
      assert.same({ "c" }, keys(url))
      commit(url, "a", 1) -- may run again
      assert.same({ "a", "c" }, keys(url))
    end)

    it("forgets runs older than an age", function()
      local url = url_of()
      commit(url, "now", 1)
      assert.equal(0, run({ "ledger", "--older", "1d", url }).status)
      assert.same({ "now" }, keys(url))
      local update = "update sluice_ledger set time = '2020-01-01T00:00:00Z'"
      if name == "SQLite" then shell.run { "sqlite3", url:sub(8), update } else server.query(update, "ledger") end
      commit(url, "later", 1)
      assert.matches("1 run of", run({ "ledger", "--older", "90d", url }).err)
      assert.same({ "later" }, keys(url))
    end)
  end)
end

describe("sluice ledger", function()
  it("creates nothing", function()
    local path = shell.file(nil, "none.db")
    local result = run { "ledger", "sqlite:" .. path }
    assert.equal(4, result.status)
    assert.matches("the database does not exist", result.err)
    assert.is_nil(io.open(path))
    shell.run { "sqlite3", path, "create table t (a)" }
    result = run { "ledger", "sqlite:" .. path }
    assert.equal(4, result.status)
    assert.matches("the table sluice_ledger does not exist: no run of sluice has committed here", result.err)
    assert.equal("t\n", shell.run({ "sqlite3", path, "select name from sqlite_schema" }).out)
  end)

  it("reports wrong arguments", function()
    for words, problem in pairs {
      [{ "ledger" }] = "URL is missing", [{ "ledger", "mysql:x" }] = "URL: expected sqlite:FILE",
      [{ "ledger", "sqlite:x", "--older", "soon" }] = "%-%-older: expected a duration",
      [{ "ledger", "sqlite:x", "--", "w.lua" }] = "expected nothing after %-%-",
    } do
      local result = run(words)
      assert.equal(2, result.status)
      assert.matches(problem, result.err)
    end
  end)

  it("has a help page, and does not reveal the password", function()
    assert.matches("^Usage: sluice ledger %[options%] URL", run({ "ledger", "--help" }).out)
    local result = run { "ledger", "postgres://me:geheim@127.0.0.1:1/d?password=geheimer" }
    assert.equal(4, result.status)
    assert.is_nil(result.err:find("geheim", 1, true))
  end)
end)
