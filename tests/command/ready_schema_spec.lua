--- The ready scripts sqlite, csv and validate, with a schema or columns; tests/sql has postgres.
local json = require "sluice.json"
local shell = require "support.shell"
local sql = require "sql.support"

local ROW = '{"type":"object","properties":{"n":{"type":"integer","maximum":2},"s":{"type":"string"},"more":{"type":"array"}},"required":["n"]}'
local BY_STREAM = [[local s = require "sluice.schema" return {
  functions = s.record { { "n", s.integer { max = 2 } }, { "s", s.optional(s.string) } },
  calls = s.record { { "from", s.string } },
}]]

local dir
before_each(function()
  dir = shell.directory()
  shell.write(dir .. "/row.json", ROW)
  shell.write(dir .. "/both.lua", BY_STREAM)
end)
after_each(shell.forget)

--- Runs a script on rows, each { stream, JSON text }.
local function run(rows, ...)
  local lines = {}
  for i, row in ipairs(rows) do lines[i] = ('{"stream":"%s","payload":%s}\n'):format(row[1], row[2]) end
  return shell.sluice({ "run", "--envelopes", ... }, { input = table.concat(lines), cwd = dir })
end

local function succeeded(...)
  local result = run(...)
  assert.equal(0, result.status, result.err)
  return result
end

local function fails(status, pattern, ...)
  local result = run(...)
  assert.matches(pattern, result.err)
  assert.equal(status, result.status)
  return result
end

local function query(text) return sql.sqlite(dir .. "/rows.db", text) end

local GOOD = { { "rows", '{"n":1,"s":"x","more":[1.50]}' }, { "rows", '{"n":2}' } }
local BOTH = { { "functions", '{"n":1,"s":"f"}' }, { "calls", '{"from":"f"}' }, { "functions", '{"n":2}' } }

describe("sqlite", function()
  it("takes columns from a schema, and stores fields without a column type as JSON", function()
    succeeded(GOOD, "sqlite", "--set", "schema=row.json")
    assert.equal("[1.50]|1|x\n|2|", query "SELECT more, n, s FROM rows")
  end)

  it("checks rows by the schema", function()
    fails(3, "^sluice: row_invalid: /n: expected an integer of at most 2, got 3 %(stream rows, sequence 1", { GOOD[1], { "rows", '{"n":3}' } },
      "sqlite", "--set", "schema=row.json")
    assert.equal("", query "SELECT name FROM sqlite_master WHERE name = 'rows'")
  end)

  it("uses a table named after the stream for each stream of a schema", function()
    succeeded(BOTH, "sqlite", "--set", "schema=both.lua", "--run-key", "k")
    assert.equal("1|f\n2|", query "SELECT * FROM functions")
    assert.equal("f", query 'SELECT "from" FROM calls')
    assert.equal("calls|1\nfunctions|2", query "SELECT stream, kept FROM sluice_ledger ORDER BY 1")
  end)

  it("can take one of the streams, and use a table of another name", function()
    succeeded({ BOTH[2] }, "sqlite", "--set", "schema=both.lua", "--set", "stream=calls", "--set", "table=c")
    assert.equal("f", query "SELECT * FROM c")
    succeeded({ { "calls", '{"from":"g"}' } }, "sqlite", "--set", "columns=from:text", "--set", "stream=calls")
    assert.equal("g", query "SELECT * FROM calls")
  end)

  it("refuses one table for several streams", function()
    fails(2, "^sluice: usage: %-%-set table: several streams cannot share it; %-%-set stream=… chooses one: calls, functions %(in sqlite%)\n"
      .. "try: sluice run sqlite %-%-help\n", BOTH, "sqlite", "--set", "schema=both.lua", "--set", "table=c")
  end)

  it("refuses a stream that the schema does not have, before and during the run", function()
    fails(2, "^sluice: usage: the stream cals has no schema; the streams with one are calls, functions",
      BOTH, "sqlite", "--set", "schema=both.lua", "--set", "stream=cals")
    fails(4, "^sluice: unhandled_stream: no handler for rows of the stream 'files'.*\n  hint: this policy takes the streams calls, functions\n",
      { BOTH[1], { "files", "{}" } }, "sqlite", "--set", "schema=both.lua")
    fails(4, "^sluice: unhandled_stream: .*\n  hint: %-%-set stream=NAME chooses the stream that this policy takes\n",
      BOTH, "sqlite", "--set", "columns=n:integer", "--set", "stream=functions")
  end)

  it("puts all streams into one table if columns are given", function()
    local both = { { "a", '{"n":1}' }, { "b", '{"n":2}' } }
    succeeded(both, "sqlite", "--set", "columns=n:integer")
    assert.equal("1\n2", query "SELECT n FROM rows")
  end)

  it("keeps the digits of values in a JSON column", function()
    local values = { "1.0", "1e2", "9007199254740993", "123456789012345678901234567890", "0.10", '{"b":1.50,"a":2}', '[1,"x"]', "true" }
    local rows = {}
    for i, value in ipairs(values) do rows[i] = { "rows", ('{"v":%s}'):format(value) } end
    succeeded(rows, "sqlite", "--set", "columns=v:json")
    assert.equal(table.concat(values, "\n"), query "SELECT v FROM rows")
  end)

  it("requires either a schema or columns", function()
    fails(2, "^sluice: usage: %-%-set schema=… or %-%-set columns=… is missing: file with a JSON Schema", GOOD, "sqlite")
    fails(2, "^sluice: usage: %-%-set columns: expected one of schema and columns, got both %(in sqlite%)\n",
      GOOD, "sqlite", "--set", "schema=row.json", "--set", "columns=n:integer")
  end)

  it("reports errors in the schema's file", function()
    shell.write(dir .. "/bad.json", '{"type":"objec"}')
    fails(2, "^sluice: usage: %-%-set schema: bad.json: this JSON Schema: unknown type; did you mean object%?, at /type %(in sqlite%)\n"
      .. "try: sluice run sqlite %-%-help\n", GOOD, "sqlite", "--set", "schema=bad.json")
    fails(2, "^sluice: usage: %-%-set schema: cannot read the schema %.: Is a directory", GOOD, "sqlite", "--set", "schema=.")
  end)
end)

describe("csv", function()
  local function written() return shell.read(dir .. "/rows.csv") end

  it("has the columns of a schema, and checks rows by it", function()
    succeeded(GOOD, "csv", "--set", "schema=row.json", "--set", "null=-")
    assert.equal('more,n,s\n[1.50],1,x\n-,2,-\n', written())
    fails(3, "^sluice: row_invalid: /n: ", { { "rows", '{"n":3}' } }, "csv", "--set", "schema=row.json")
  end)

  it("accepts names as columns, with values of any kind", function()
    succeeded(GOOD, "csv", "--set", "columns=s,n")
    assert.equal("s,n\nx,1\n,2\n", written())
  end)

  it("takes one stream of a schema that has several", function()
    succeeded({ BOTH[2] }, "csv", "--set", "schema=both.lua", "--set", "stream=calls")
    assert.equal("from\nf\n", written())
    fails(2, "^sluice: usage: %-%-set file: a file holds only one stream; %-%-set stream=… chooses one: calls, functions",
      BOTH, "csv", "--set", "schema=both.lua")
  end)

  it("requires either a schema or columns", function()
    fails(2, "^sluice: usage: %-%-set schema=… or %-%-set columns=… is missing", GOOD, "csv")
    fails(2, "^sluice: usage: %-%-set columns: expected one of schema and columns, got both", GOOD, "csv", "--set", "schema=row.json", "--set", "columns=n")
  end)
end)

describe("validate", function()
  it("checks each stream by its own schema", function()
    local result = fails(3, "row_invalid: 2 rows do not fit the schema",
      { { "functions", '{"n":3}' }, { "calls", '{"from":"f"}' }, { "calls", "{}" } }, "validate", "--set", "schema=both.lua")
    assert.equal("functions 0 /n: expected an integer of at most 2, got 3\ncalls 1 /from: expected a string, got nothing\n", result.out)
  end)

  it("checks rows by columns", function()
    local set = { "validate", "--set", "columns=n:integer,s:text?" }
    succeeded({ { "rows", '{"n":1}' }, { "rows", '{"n":1,"s":null}' } }, table.unpack(set))
    local result = fails(3, "row_invalid: 2 rows do not fit the schema", { { "rows", '{"n":null}' }, { "rows", '{"n":1,"more":2}' } }, table.unpack(set))
    assert.equal("rows 0 /n: expected an integer, got null\nrows 1 /more: expected no field of this name, got 2\n", result.out)
  end)

  it("accepts a JSON Schema that contains one for each stream", function()
    shell.write(dir .. "/both.json", json.encode {
      ["$comment"] = "by stream: one schema for each, by its name", ["$defs"] = { calls = json.decode(ROW), functions = true },
      anyOf = json.array { { ["$ref"] = "#/$defs/calls" }, { ["$ref"] = "#/$defs/functions" } },
    })
    local result = fails(3, "row_invalid: 1 row does not fit", { { "functions", "5" }, { "calls", '{"n":5}' } }, "validate", "--set", "schema=both.json")
    assert.equal("calls 0 /n: expected an integer of at most 2, got 5\n", result.out)
  end)

  it("requires either a schema or columns", function()
    fails(2, "^sluice: usage: %-%-set schema=… or %-%-set columns=… is missing", GOOD, "validate")
    fails(2, "^sluice: usage: %-%-set columns: expected one of schema and columns, got both",
      GOOD, "validate", "--set", "schema=row.json", "--set", "columns=n:integer")
  end)
end)
