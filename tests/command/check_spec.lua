--- sluice check: what a policy would do, and every mistake in it.
local paths = require "support.paths"
local shell = require "support.shell"

after_each(shell.forget)

local WORKER = [[
return { name = "w", version = "1.0", exports = { index = function(_, emit)
  for i = 1, 10 do emit:row("rows", { i = i, name = "n" .. i }) end
  emit:diagnostic("odd", "one is odd")
  return { done = true }
end } }]]

--- A directory with these files.
local function directory(files)
  local dir = shell.directory()
  for name, content in pairs(files) do shell.write(dir .. "/" .. name, content) end
  return dir
end

local function check(dir, ...) return shell.sluice({ "check", ... }, { cwd = dir }) end

--- The mistakes in a policy.
local function mistakes(source)
  local result = check(directory { ["p.lua"] = source }, "p.lua")
  assert.equal(4, result.status, result.err)
  assert.equal("", result.out)
  return result.err
end

describe("sluice check reports every mistake, with its line:", function()
  it("keys and values at any depth", function()
    assert.equal([[
p.lua:2: timeuot: unknown key; did you mean timeout?
p.lua:5: streams.rows.on_row: expected a function, got 5
p.lua:6: streams.rows.wher: unknown key; did you mean where?
p.lua:8: streams.other.on_invalid: expected "fail", "reject" or "drop", got "rejct"
sluice: policy: 4 mistakes in p.lua
]], mistakes [[
return {
  timeuot = 5,
  streams = {
    rows = {
      on_row = 5,
      wher = function(row) local a, sink = 1, 2; return { wher = a, on_row = sink } end,
    },
    ["other"] = { on_invalid = "rejct" },
  },
}
]])
  end)

  it("in a policy that is assembled from parts", function()
    assert.equal([[
p.lua:3: streams.rows.mapp: unknown key; did you mean map?
p.lua:6: max_rejects: expected a number of rows, or a percentage such as "1%", got "many"
p.lua:7: streams.more.sink: expected a sink, got 1
sluice: policy: 3 mistakes in p.lua
]], mistakes [==[
--[[ mapp = 1 ]] local text = "mapp = 2"
local rows = {
  mapp = function(row) return text end,
}
local policy = { streams = { rows = rows } }
policy.max_rejects = "many"
policy.streams.more = { sink = 1 }
return policy
]==])
  end)

  it("in the parts of schemas and sinks", function()
    assert.equal([[
p.lua:6: schema.integer: mni: unknown key; did you mean min?
p.lua:6: sluice.schema has no 'strin'; did you mean string?
p.lua:7: csv.file: delimeter: unknown key; did you mean delimiter?
p.lua:8: on_rows: unknown key; did you mean on_row?
p.lua:9: sql.table: name: expected the name of a table
sluice: policy: 5 mistakes in p.lua
]], mistakes [[
local schema = require "sluice.schema"
local csv = require "sluice.sink.csv"
local sql = require "sluice.sink.sql"
return {
  streams = { rows = {
    schema = schema.record { name = schema.strin, size = schema.integer { mni = 1 } },
    sink = csv.file("x.csv", { delimeter = ";" }), } },
  on_rows = 1,
  sink = sql.table { url = "sqlite:x.db" },
}
]])
  end)

  it("an on_invalid without a schema, and a sink for rejects that is already used", function()
    assert.truthy(mistakes [[return { streams = { rows = {
      on_invalid = "drop" } } }]]:find("p.lua:2: streams.rows.on_invalid: needs a schema beside it", 1, true))
    assert.truthy(mistakes [[
local memory = require "sluice.sink.memory"
local one = memory.new()
return { streams = { rows = { sink = one,
  rejects = one } } }]]:find("p.lua:4: streams.rows.rejects: expected a sink of its own", 1, true))
  end)

  it("whatever ends the file: its syntax, an error, an undefined global, no table", function()
    assert.truthy(mistakes "return {\n  on_row = function(row\n}":find("^p.lua:3: '%)' expected"))
    assert.truthy(mistakes "\nerror 'no luck'":find("^p.lua:2: no luck\n"))
    assert.truthy(mistakes "\n\nreturn { on_row = prnt }":find("^p.lua:3: the global prnt is not defined; did you mean print%?\n"))
    assert.truthy(mistakes "return 5":find("^p.lua:1: expected the file to return a table, got 5\n"))
  end)

  it("undefined globals, even in functions that are not called yet", function()
    assert.equal([[
p.lua:4: the global strng is not defined; did you mean string?
p.lua:5: the global tostrin is not defined; did you mean tostring?
sluice: policy: 2 mistakes in p.lua
]], mistakes [[
count = 0
return { on_row = function(row)
  count = count + 1
  local text = strng.format("%d", count)
  return function() return tostrin(text), tostrin(row), _G.nowhere end
end }
]])
  end)

  it("a broken module", function()
    local result = check(directory { ["p.lua"] = "local m = require 'm'\nreturn m", ["m.lua"] = "local x = = 1" }, "p.lua")
    assert.equal(4, result.status)
    assert.truthy(result.err:find("m.lua:1: unexpected symbol near '='", 1, true), result.err)
  end)

  it("a missing worker, and a request that its schema refuses", function()
    assert.equal([[
p.lua:3: worker: scan.lua: No such file or directory
p.lua:5: request: /root: expected a string, got 5
sluice: policy: 2 mistakes in p.lua
]], mistakes [[
local schema = require "sluice.schema"
return {
  worker = { "scan.lua" },
  on_row = function() end,
  request = { root = 5 },
  request_schema = schema.record { root = schema.string },
}
]])
    local result = check(directory { ["p.lua"] = "return { on_row = print }" }, "p.lua", "--", "no-such-program-anywhere")
    assert.equal(4, result.status)
    assert.truthy(result.err:find("^worker: no%-such%-program%-anywhere: it is not in PATH\n"), result.err)
  end)

  it("but a mistake in the command line is wrong usage", function()
    local dir = directory { ["p.lua"] = "return {}" }
    assert.equal(2, check(dir, "missing.lua").status)
    assert.equal(2, check(dir, "p.lua", "--set", "a=b").status)
    assert.equal(2, check(dir, "p.lua", "--request", "{").status)
    assert.equal(2, check(dir).status)
    local result = check(dir, "p.lua", "--record", "a.rows")
    assert.equal(2, result.status)
  end)
end)

describe("sluice check prints what would run:", function()
  it("worker, request, options with their origin, streams, sinks and their order", function()
    local dir = directory { ["scan.lua"] = WORKER, ["p.lua"] = [[
local schema = require "sluice.schema"
local csv = require "sluice.sink.csv"
local sql = require "sluice.sink.sql"
local set = require "sluice".options { db = { default = "rows.db" } }
return {
  worker = { "scan.lua", "--deep" }, timeout = "1h", max_frame = "4MiB", env = { A = "b" },
  request = { root = "src" }, run_key = "monday",
  streams = {
    rows = { schema = schema.record { i = schema.integer, name = schema.string }, on_invalid = "reject",
      where = function() return true end, sink = csv.file "rows.csv", rejects = csv.file "bad.csv", max_rejects = "1%" },
    others = "drop",
  },
  sink = sql.table { url = "sqlite:" .. set.db, name = "t", columns = { a = "text" } },
  on_summary = function() end,
} ]] }
    local result = check(dir, "p.lua", "--timeout", "90s", "--export", "index")
    assert.equal("", result.err)
    assert.equal(0, result.status)
    assert.equal([[
policy   p.lua
worker   sluice worker --transport pipe --sweep -- scan.lua --deep (policy)
export   index (command line)
request  {"root":"src"} (policy)
run key  monday (policy)
options
  timeout          90s      command line
  startup_timeout  10s      default
  max_frame        4 MiB    policy
  stop_grace       2s       default
  kill_grace       2s       default
  env              A=b      policy
  transport        pipe     default
  --set db         rows.db  default
streams
  others
    dropped
  rows
    schema       a record of 2 fields; a row that does not conform is rejected
    where        false, nil or null drops the row
    sink         csv.file(rows.csv)
    rejects      csv.file(bad.csv)
    max_rejects  1%
  all others
    sink  sql.table(sqlite:rows.db, table t)
commit, after all sinks have prepared
  1  sink                  sql.table(sqlite:rows.db, table t)
  2  streams.rows.sink     csv.file(rows.csv)
  3  streams.rows.rejects  csv.file(bad.csv)
handlers: on_summary
]], result.out)
    assert.same({ "p.lua", "scan.lua" }, shell.list(dir))
  end)

  it("without starting anything", function()
    local dir = directory { ["p.lua"] = "return { on_row = print }" }
    local result = check(dir, "p.lua", "--lines", "--", "touch", "started")
    assert.equal(0, result.status)
    assert.truthy(result.out:find("worker   sluice worker --transport pipe --sweep --lines -- touch started (command line)", 1, true))
    assert.same({ "p.lua" }, shell.list(dir))
  end)

  it("for a ready script, and a policy that names no worker", function()
    local result = check(shell.directory(), "count")
    assert.equal(0, result.status)
    assert.truthy(result.out:find("worker   none named: one after --, files, or standard input\n", 1, true), result.out)
    assert.truthy(result.out:find("commit: no sink, nothing to commit\n", 1, true))
    assert.truthy(check(shell.directory(), "csv", "--help").out:find "Options of this policy")
  end)
end)

describe("sluice check on a recording", function()
  local POLICY = [[
local schema = require "sluice.schema"
local sql = require "sluice.sink.sql"
local csv = require "sluice.sink.csv"
return { run_key = %s,
  streams = { rows = {
    schema = schema.record { i = schema.integer { max = %d }, name = schema.string }, on_invalid = "%s",
    where = function(row) print(row.payload.name) return row.payload.i > 2 end,
    sink = sql.table { url = "sqlite:rows.db", name = "t" }, rejects = csv.file("bad.csv", { columns = { "stream" } }),
  } },
  on_summary = function() io.open("called", "w"):close() end,
  on_failure = function() io.open("called", "w"):close() end,
} ]]

  local function prepared(...)
    local dir = directory { ["w.lua"] = WORKER, ["p.lua"] = POLICY:format(...) }
    assert.equal(0, shell.sluice({ "record", "-q", "a.rows", "--", "w.lua" }, { cwd = dir }).status)
    return dir
  end

  it("runs the policy up to the commit, which is left out, and prints the tally", function()
    local dir = prepared("nil", 8, "drop")
    local result = check(dir, "p.lua", "--", "a.rows")
    assert.equal(0, result.status, result.err)
    assert.truthy(result.out:find("\nSTREAM  ROWS  KEPT  DROPPED  INVALID  REJECTED\nrows      10     6        4        2         0\n", 1, true), result.out)
    assert.truthy(result.out:find("standard output, held back:\n  n1\n  n2\n", 1, true), result.out)
    assert.truthy(result.err:find("odd: one is odd\n", 1, true))
    assert.truthy(result.err:find("10 rows in [^\n]*, nothing was committed\n"))
    assert.same({ "a.rows", "p.lua", "w.lua" }, shell.list(dir))
  end)

  it("ends as the run would, and still commits nothing", function()
    local dir = prepared("nil", 8, "fail")
    local result = check(dir, "p.lua", "--", "a.rows")
    assert.equal(3, result.status)
    assert.truthy(result.err:find("row_invalid: /i: expected an integer of at most 8, got 9 (stream rows, sequence 8)", 1, true), result.err)
    assert.truthy(result.out:find("rows       9     6        2        0         1\n", 1, true), result.out)
    assert.same({ "a.rows", "p.lua", "w.lua" }, shell.list(dir))
  end)

  it("continues although a run with its key has been committed, and adds a note", function()
    local dir = prepared('"k"', 100, "fail")
    assert.equal(0, shell.sluice({ "run", "p.lua", "--", "a.rows" }, { cwd = dir }).status)
    os.remove(dir .. "/called")
    local before = shell.read(dir .. "/rows.db")
    local result = check(dir, "p.lua", "--", "a.rows")
    assert.equal(0, result.status, result.err)
    assert.truthy(result.out:find("rows      10     8        2        0         0\n", 1, true), result.out)
    assert.truthy(result.err:find("note: a run with the key k is already committed: another run would write nothing", 1, true), result.err)
    assert.equal(before, shell.read(dir .. "/rows.db"))
    assert.is_nil(shell.read(dir .. "/called"))
  end)

  it("works on files as well", function()
    local dir = directory { ["p.lua"] = "return { on_row = function() end }", ["a.jsonl"] = '{"a":1}\n{"a":2}\n' }
    local result = check(dir, "p.lua", "a.jsonl")
    assert.equal(0, result.status, result.err)
    assert.truthy(result.out:find("worker   reads a.jsonl (command line)\n", 1, true), result.out)
    assert.truthy(result.out:find("rows       2     2        0        0         0\n", 1, true), result.out)
  end)

  it("reports a missing recording as a mistake", function()
    local result = check(directory { ["p.lua"] = "return { on_row = print }" }, "p.lua", "--", "b.rows")
    assert.equal(4, result.status)
    assert.truthy(result.err:find("^worker: b.rows: No such file or directory\n"), result.err)
  end)

  it("holds back everything written to standard output, including the sink for it", function()
    local dir = prepared("nil", 100, "fail")
    shell.write(dir .. "/q.lua", "return { sink = require 'sluice.sink.stdout'.new { format = 'jsonl' } }")
    local result = check(dir, "q.lua", "--", "a.rows")
    assert.equal(0, result.status, result.err)
    assert.equal(10, select(2, result.out:gsub('\n  {"i":', "")))
    assert.truthy(result.out:find "standard output, held back:\n")
  end)
end)

describe("examples and ready scripts", function()
  it("pass", function()
    for _, policy in ipairs { "01-hello/policy.lua", "02-declarations/duplicates.lua", "02-declarations/functions.lua" } do
      local result = shell.sluice { "check", paths.root .. "/examples/" .. policy }
      assert.equal(0, result.status, result.err)
    end
  end)
end)
