--- The ready script postgres, with a real server, read back with psql; and sql.tables, on which
--- it is based.
local schema = require "sluice.schema"
local server = require "sql.server"
local shell = require "support.shell"
local sql = require "sluice.sink.sql"

setup(function() server.start() end)
teardown(function() server.stop() end)
after_each(shell.forget)

local SCHEMA = [[local s = require "sluice.schema" return {
  functions = s.record { { "n", s.integer }, { "cost", s.decimal { precision = 5, scale = 2 } } }, calls = s.record { { "from", s.string } },
}]]
local ROWS = '{"stream":"functions","payload":{"n":1,"cost":1.50}}\n{"stream":"calls","payload":{"from":"f"}}\n'

local function run(input, ...)
  return shell.sluice({ "run", "--envelopes", "postgres", "--set", "url=" .. server.url(), ... }, { input = input })
end

describe("the ready script postgres", function()
  it("has a table for each stream of a schema, in one transaction", function()
    local path = shell.file(SCHEMA, "schema.lua")
    local result = run(ROWS, "--set", "schema=" .. path)
    assert.equal(0, result.status, result.err)
    assert.equal("1|1.50", server.query "select * from functions")
    assert.equal("f", server.query "select * from calls")
    result = run(ROWS .. '{"stream":"calls","payload":{}}\n', "--set", "schema=" .. path)
    assert.equal(3, result.status, result.err)
    assert.equal("1", server.query "select count(*) from functions")
  end)

  it("accepts columns, and a table name", function()
    local result = run('{"stream":"rows","payload":{"n":1,"doc":null}}\n', "--set", "columns=n:integer,doc:text?", "--set", "table=decl")
    assert.equal(0, result.status, result.err)
    assert.equal("n|bigint|NO\ndoc|text|YES", server.query [[select column_name, data_type, is_nullable
      from information_schema.columns where table_name = 'decl' order by ordinal_position]])
  end)

  it("needs a schema or columns, and no table name for several streams", function()
    local path = shell.file(SCHEMA, "schema.lua")
    for pattern, words in pairs {
      ["%-%-set schema=… or %-%-set columns=… is missing"] = {},
      ["%-%-set columns: expected one of schema and columns, got both"] = { "--set", "schema=" .. path, "--set", "columns=n:integer" },
      ["%-%-set table: several streams cannot share it; [^\n]* calls, functions"] = { "--set", "schema=" .. path, "--set", "table=t" },
    } do
      local result = run(ROWS, table.unpack(words))
      assert.matches("^sluice: usage: " .. pattern, result.err)
      assert.equal(2, result.status)
    end
  end)
end)

describe("sql.tables", function()
  local declared = { a = schema.record { n = schema.integer } }

  it("returns a sink and a schema for each stream", function()
    local streams = sql.tables(declared, { url = "sqlite:x.db" })
    assert.equal(declared.a, streams.a.schema)
    assert.is_table(streams.a.sink)
  end)

  it("raises what sql.table refuses, at the caller's line", function()
    local ok, err = pcall(function() sql.tables(declared, { url = "sqlite:x.db", key = 5 }) end)
    assert.is_false(ok)
    assert.matches("^[^\n]*scripts_spec.lua:%d+: sql.table: key: expected a name, or a list of names$", err)
  end)
end)
