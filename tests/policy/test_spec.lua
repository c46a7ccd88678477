--- sluice.test: policies run on recordings, without their sinks.
local lfs = require "lfs"
local paths = require "support.paths"
local schema = require "sluice.schema"
local shell = require "support.shell"
local sluice = require "sluice"
local test = require "sluice.test"

local jsonl = require "sluice.sink.jsonl"
local memory = require "sluice.sink.memory"
local sql = require "sluice.sink.sql"
local stdout = require "sluice.sink.stdout"

local function policy_file(text, name)
  return shell.file(text, name or "policy.lua")
end

--- The message of an error that f raises, including its position.
local function message_of(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return tostring(err) -- including busted's own failures
end

local function raises(expected, f)
  assert.equal(expected, (message_of(f):gsub("^[^:]*test_spec%.lua:%d+: ", "AT ")))
end

local function in_sink(sink, rows, more)
  return test.run({ sink = sink }, test.rows(rows, more))
end

describe("test.run", function()
  after_each(shell.forget)

  it("returns what a sink would receive, as Lua values and in order", function()
    local rows = { { name = "a", tags = { "x", "y" } }, 2, "three", sluice.null, { price = sluice.decimal "18446744073709551616" }, false }
    local result = in_sink(memory.new(), rows)
    assert.is_true(result.success, tostring(result))
    assert.same(rows, result.sinks.sink)
    test.same({ sink = rows }, result.sinks)
    assert.same({ sink = {} }, result.tentative)
    assert.is_nil(result.failure)
    assert.equal(6, result.summary.total_rows)
  end)

  it("counts what happened to the rows, by stream and in total", function()
    local result = test.run({
      streams = {
        a = { where = function(row) return row.payload.n > 1 end, sink = memory.new() },
        b = { schema = schema.record { n = schema.integer }, on_invalid = "reject", sink = memory.new(), rejects = memory.new() },
        c = "drop",
      },
    }, test.rows { a = { { n = 1 }, { n = 2 }, { n = 3 } }, b = { { n = 1 }, { n = "x" } }, c = { 1, 2 } })
    assert.is_true(result.success, tostring(result))
    assert.same({
      a = { delivered = 3, kept = 2, dropped = 1, invalid = 0, rejected = 0 },
      b = { delivered = 2, kept = 1, dropped = 0, invalid = 0, rejected = 1 },
      c = { delivered = 2, kept = 0, dropped = 2, invalid = 0, rejected = 0 },
    }, result.tally)
    assert.same({ 7, 3, 3, 0, 1, 0 },
      { result.rows, result.kept, result.dropped, result.invalid, result.rejected, result.bad_lines })
    assert.same({ { n = 2 }, { n = 3 } }, result.sinks["streams.a.sink"])
    assert.same({ { n = 1 } }, result.sinks["streams.b.sink"])
    assert.equal("/n", result.sinks["streams.b.rejects"][1].pointer)
    assert.same({ n = "x" }, result.sinks["streams.b.rejects"][1].row)
  end)

  it("passes the result of map and of the schema to the sink", function()
    local result = test.run({
      streams = {
        a = { map = function(row) return { twice = 2 * row.payload } end, sink = memory.new() },
        b = { schema = schema.record { n = schema.integer }, sink = memory.new() },
      },
    }, test.rows { a = { 1, 2 }, b = { { n = 1, other = true } } })
    assert.same({ { twice = 2 }, { twice = 4 } }, result.sinks["streams.a.sink"])
    assert.same({ { n = 1 } }, result.sinks["streams.b.sink"])
  end)

  it("touches no file, no database and no output", function()
    local dir = shell.directory()
    for _, sink in ipairs {
      jsonl.file(dir .. "/a.jsonl"), sql.table { url = "sqlite:" .. dir .. "/a.db", name = "t", columns = { n = "integer" } },
      sql.table { url = "postgres://nobody@192.0.2.1/none", name = "t", columns = { n = "integer" } }, stdout.new(),
    } do
      local result = in_sink(sink, { { n = 1 } })
      assert.is_true(result.success, tostring(result))
      assert.same({ { n = 1 } }, result.sinks.sink)
      assert.equal("", result.printed)
    end
    assert.same({}, shell.list(dir))
  end)

  it("replaces a user's own sink, even where handlers write to it", function()
    local real, own = { taken = {} }, nil
    function real:write(row) table.insert(self.taken, row) return true end
    own = real.write
    for _, name in ipairs { "begin", "prepare", "commit", "rollback" } do real[name] = function() error "not to be called" end end
    for _ = 1, 2 do
      local result = test.run({ streams = { a = { on_row = function(row) real:write(row) end, sink = real } } }, test.rows { a = { 1, 2 } })
      assert.is_true(result.success, tostring(result))
      assert.same({ 1, 1, 2, 2 }, result.sinks["streams.a.sink"])
    end
    assert.same({}, real.taken)
    assert.equal(own, real.write)
  end)

  it("replaces a ready-made sink where handlers write to it", function()
    local dir = shell.directory()
    local out = jsonl.file(dir .. "/out.jsonl")
    local result = test.run({
      streams = { a = { on_row = function(row) if row.payload > 1 then out:write(row) end end }, b = { sink = out } },
    }, test.rows { a = { 1, 2 }, b = { 3 } })
    assert.is_true(result.success, tostring(result))
    assert.same({ 2, 3 }, result.sinks["streams.b.sink"])
    assert.same({}, shell.list(dir))
  end)

  it("leaves the rows in a memory sink, where on_summary can read them", function()
    local kept, seen = memory.new(), nil
    in_sink(kept, { 1, 2 })
    test.run({ sink = kept, on_summary = function() seen = #kept.rows end }, test.rows { 1, 2, 3 })
    assert.equal(3, seen)
  end)

  it("names a sink that several streams share by the first", function()
    local both = memory.new()
    local result = test.run({ streams = { b = { sink = both }, a = { sink = both } } }, test.rows { a = { 1 }, b = { 2 } })
    assert.same({ ["streams.a.sink"] = { 1, 2 } }, result.sinks)
  end)

  it("commits nothing after a failure, and returns the rows so far", function()
    local result = test.run({
      streams = { a = { sink = memory.new() }, b = { sink = memory.new() } }, rejects = memory.new(),
    }, test.rows({ a = { 1, 2 } }, { failure = { kind = "callback_failed", message = "no more", stream = "a", sequence = 2 } }))
    assert.is_false(result.success)
    assert.equal("callback_failed", result.failure.kind)
    assert.equal("no more", result.failure.message)
    assert.equal(2, result.failure.sequence)
    assert.is_nil(result.summary)
    assert.same({ ["streams.a.sink"] = {}, ["streams.b.sink"] = {}, rejects = {} }, result.sinks)
    assert.same({ ["streams.a.sink"] = { 1, 2 }, ["streams.b.sink"] = {}, rejects = {} }, result.tentative)
  end)

  it("keeps the rejected rows if there are too many", function()
    local result = test.run({
      streams = { rows = { schema = schema.integer, on_invalid = "reject", sink = memory.new() } },
      rejects = memory.new(), max_rejects = 1,
    }, test.rows { 1, "x", "y", 2 })
    assert.is_false(result.success)
    assert.equal("row_invalid", result.failure.kind)
    assert.equal(2, result.failure.rejected)
    assert.same({ "x", "y" }, { result.sinks.rejects[1].row, result.sinks.rejects[2].row })
    assert.same({}, result.tentative.rejects)
    assert.same({ 1 }, result.tentative["streams.rows.sink"])
  end)

  it("checks what a run checks: the request, the summary, unhandled streams", function()
    local drop = { streams = { rows = "drop" } }
    drop.request_schema = schema.record { root = schema.string }
    assert.equal("usage", test.run(drop, test.rows {}).failure.kind)
    assert.is_true(test.run(drop, test.rows {}, { request = { root = "." } }).success)
    drop.request_schema, drop.summary_schema = nil, schema.record { files = schema.integer }
    assert.equal("row_invalid", test.run(drop, test.rows {}).failure.kind)
    assert.is_true(test.run(drop, test.rows({}, { metadata = { files = 2 } })).success)
    drop.summary_schema = nil
    assert.equal("unhandled_stream", test.run(drop, test.rows { other = { 1 } }).failure.kind)
  end)

  it("accepts a run key, which is never already committed", function()
    for _ = 1, 2 do
      local result = test.run({ sink = memory.new(), run_key = "k" }, test.rows { 1 })
      assert.is_true(result.success, tostring(result))
      assert.same({ 1 }, result.sinks.sink)
    end
    assert.is_true(test.run({ sink = memory.new() }, test.rows { 1 }, { run_key = "k" }).success)
  end)

  it("calls the handlers of outcomes, diagnostics and progress", function()
    local heard = {}
    local function hear(field) return function(x) heard[#heard + 1] = field .. " " .. tostring(x[field]) end end
    local policy = {
      on_row = function() end, on_diagnostic = hear "code", on_progress = hear "phase", on_summary = hear "total_rows",
      on_failure = hear "kind",
    }
    local more = { diagnostics = { { code = "c", message = "m" } }, progress = { { phase = "reading", current = 1, total = 2 } } }
    local result = test.run(policy, test.rows({ 1 }, more))
    assert.same({ "code c", "phase reading", "total_rows 1" }, heard)
    assert.same({ { code = "c", message = "m" } }, result.diagnostics)
    heard = {}
    test.run(policy, test.rows({ 1 }, { failure = "x" }))
    assert.same({ "kind export_failed" }, heard)
  end)

  it("reports errors of a policy as the command does", function()
    local result = test.run({ on_row = function() error "at a loss" end }, test.rows { 1 })
    assert.equal("sink", result.failure.kind)
    assert.matches("at a loss", result.failure.message)
    result = test.run({ on_row = function() end, on_summary = function() error "too late" end, sink = memory.new() }, test.rows { 1 })
    assert.is_true(result.failure.committed)
    assert.same({ 1 }, result.sinks.sink)
  end)

  it("reports how a worker died in mid-stream", function()
    local function die(more) return in_sink(memory.new(), { 1, 2 }, more) end
    local result = die { signal = "KILL" }
    assert.equal("worker_exited", result.failure.kind)
    assert.equal(9, result.failure.signal)
    assert.same({ 1, 2 }, result.tentative.sink)
    result = die { status = 3 }
    assert.equal("worker_exited", result.failure.kind)
    assert.equal(3, result.failure.exit_status)
  end)

  it("reports a summary that was stopped early", function()
    assert.is_true(in_sink(memory.new(), { 1 }, { stopped = true }).summary.stopped)
  end)

  it("prints a readable result", function()
    local result = test.run({ streams = {
      a = { where = function(row) return row.payload > 1 end, sink = memory.new() }, b = "drop",
    } }, test.rows { a = { 1, 2 }, b = { 1 } })
    assert.equal("3 rows in TIME (1 kept, 2 dropped; a 2, b 1), committed\n" ..
      "  a: 2 delivered, 1 kept, 1 dropped\n  b: 1 delivered, 1 dropped", (tostring(result):gsub("in [%d.]+ m?s", "in TIME")))
    result = test.run({ streams = { a = { schema = schema.record { n = schema.integer }, sink = memory.new() } } },
      test.rows { a = { { n = "x\27" } } })
    assert.equal('row_invalid: /n: expected an integer, got "x\\u001B" (stream a, sequence 0)\n' ..
      "  1 row had arrived; nothing was committed\n  a: 1 delivered, 1 rejected", tostring(result))
  end)
end)

describe("the output of a policy under test", function()
  it("is in the result, in order, for every way of printing", function()
    local out = sluice.stdout()
    local result = test.run({
      on_row = function(row)
        print("row", row.payload)
        io.write("a", 1, "\n")
        io.stdout:write "b\n"
        out:row(row)
        out:write "c\n"
        out:flush()
      end,
      on_summary = function() print() end,
    }, test.rows { { n = 1 } })
    assert.is_true(result.success, tostring(result))
    assert.matches('^row\ttable: [%w]+\na1\nb\n{"n":1}\nc\n\n$', result.printed)
  end)

  it("does not reach the terminal, and print is restored", function()
    local script = shell.file([[
      local test = require "sluice.test"
      local own, write = print, io.write
      local result = test.run({ on_row = function() print "in" io.write "in" io.stdout:write "in" end }, test.rows { 1 })
      assert(print == own and io.write == write)
      require "sluice".stdout():write "out\n"
      print(#result.printed)
    ]])
    local result = shell.run { paths.lua, script }
    assert.equal("", result.err)
    assert.equal("out\n7\n", result.out:gsub("^7\nout\n", "out\n7\n"))
  end)
end)

describe("the file of a policy", function()
  after_each(shell.forget)

  it("receives its options and its arguments", function()
    local path = policy_file [[
      local set = require "sluice".options { least = { type = "integer", default = 1 } }
      local name = ...
      return { on_row = function(row) if row.payload >= set.least then print(name, row.payload) end end }
    ]]
    local rows = test.rows { 1, 2 }
    assert.equal("x\t2\n", test.run(path, rows, { set = { least = 2 }, args = { "x" } }).printed)
    assert.equal("nil\t1\nnil\t2\n", test.run(path, rows).printed)
    local failure = test.run(path, rows, { set = { most = 2 } }).failure
    assert.equal("usage", failure.kind)
    assert.matches("%-%-set most: the policy has no such option", failure.message)
  end)

  it("is a failed result if it cannot be loaded", function()
    local function failure_of(text)
      local result = test.run(policy_file(text), test.rows { 1 })
      assert.is_false(result.success)
      assert.same({}, result.sinks)
      return result.failure.kind .. ": " .. result.failure.message:gsub("/%S*/", "")
    end
    assert.matches("^policy: policy.lua:1: .*near", failure_of "return {")
    assert.matches("^policy: policy.lua:1: at a loss$", failure_of "error 'at a loss'")
    assert.equal("policy: policy.lua: on_rows: unknown key; did you mean on_row?", failure_of "return { on_rows = print }")
    assert.equal("policy: policy.lua: expected the file to return a table, got 1", failure_of "return 1")
    assert.equal("usage", test.run("/nonexistent/policy.lua", test.rows {}).failure.kind)
  end)

  it("is reloaded by each run, with the modules beside it", function()
    local path = policy_file [[
      count = 1
      local counter = require "counter_of_spec"
      require "sluice.sink.memory"
      return { on_row = function() count = count + 1 counter.n = counter.n + 1 end, on_summary = function() print(count, counter.n) end }
    ]]
    local dir = path:match "^.*/"
    shell.write(dir .. "counter_of_spec.lua", "return { n = 0 }")
    local search, csearch = package.path, package.cpath
    for _ = 1, 2 do
      assert.equal("3\t2\n", test.run(path, test.rows { 1, 2 }).printed)
      assert.is_nil(rawget(_G, "count"))
      assert.is_nil(package.loaded["counter_of_spec"])
      assert.equal(search, package.path)
      assert.equal(csearch, package.cpath)
    end
    assert.equal(memory, package.loaded["sluice.sink.memory"])
    shell.write(dir .. "counter_of_spec.lua", "return { n = 10 }")
    assert.equal("3\t12\n", test.run(path, test.rows { 1, 2 }).printed)
  end)

  it("uses the double with which a spec has replaced a module", function()
    local path = policy_file "local clock = require 'clock_of_spec' return { on_row = function() print(clock()) end }"
    shell.write(path:match "^.*/" .. "clock_of_spec.lua", "return os.clock")
    package.loaded["clock_of_spec"] = function() return "noon" end
    assert.equal("noon\n", test.run(path, test.rows { 1 }).printed)
    assert.is_function(package.loaded["clock_of_spec"])
    package.loaded["clock_of_spec"] = nil
  end)

  it("may name a worker, which is not started", function()
    local path = policy_file [[
      return { worker = { "/nonexistent" }, lines = true, stream_by = "/x", env = { A = "b" }, cwd = "/nonexistent",
        record = "/nonexistent/x.rows", export = "index", request = { root = "." }, on_row = function(row) print(row.payload) end }
    ]]
    local result = test.run(path, test.rows { 1 })
    assert.is_true(result.success, tostring(result))
    assert.equal("1\n", result.printed)
    assert.same({}, result.diagnostics)
  end)
end)

describe("a recording under test", function()
  after_each(shell.forget)

  local function recorded(...)
    local path = shell.directory() .. "/a.rows"
    local words = { "record", path, ... }
    local result = shell.sluice(words)
    assert.equal(0, result.status, result.err)
    return path
  end

  it("of a real worker gives its rows, diagnostics and metadata", function()
    local path = recorded("--export", "count", "--request", '{"n":3}', "--", paths.file "workers/counts.lua")
    local policy = { export = "count", request = { n = 3 }, sink = memory.new() }
    local result = test.run(policy, path)
    assert.is_true(result.success, tostring(result))
    assert.equal(3, #result.sinks.sink)
    assert.same({}, result.diagnostics)
    result = test.run(policy, path, { request = { n = 4 } })
    assert.equal("recording.request", result.diagnostics[1].code)
    assert.equal(3, #result.sinks.sink)
    result = test.run(policy, path, { export = "interleave" })
    assert.equal("usage", result.failure.kind)
  end)

  it("is a failed result if it is missing or not a recording", function()
    assert.equal("spawn", test.run({ on_row = print }, "/nonexistent.rows").failure.kind)
    local result = test.run({ on_row = print }, shell.file("no recording", "a.rows"))
    assert.is_false(result.success)
  end)

  it("rejects lines that were no rows as the policy says", function()
    local path = recorded("--bad-lines", "drop", "--lines", "--", "printf", '1\\nx\\n')
    local result = test.run({ lines = true, bad_lines = "reject", sink = memory.new(), rejects = memory.new() }, path)
    assert.is_true(result.success, tostring(result))
    assert.equal(1, result.bad_lines)
    assert.same({ 1 }, result.sinks.sink)
    assert.equal(2, result.sinks.rejects[1].line)
  end)
end)

describe("test.rows", function()
  after_each(shell.forget)

  it("writes a file that the command replays", function()
    local path = shell.directory() .. "/made.rows"
    assert.is_true(test.rows({ b = { 1 }, a = { { x = sluice.null }, sluice.array {} } },
      { metadata = { n = 1 }, export = "index", request = { root = "." } }):save(path))
    local result = shell.sluice { "filter", "--export", "index", "--request", '{"root":"."}', "true", "--", path }
    assert.equal('{"x":null}\n[]\n1\n', result.out)
    assert.matches("^sluice: 3 rows in .* %(a 2, b 1%), complete\n$", result.err)
    result = shell.sluice { "info", "--", path }
    assert.matches("test%.rows.*index  rows", result.out)
    local ok, err = test.rows({}):save(path)
    assert.is_nil(ok)
    assert.equal("usage", err.kind)
  end)

  it("writes many rows, and large ones", function()
    local rows, large = {}, ("x"):rep(900 * 1024)
    for i = 1, 20000 do rows[i] = { i = i } end
    local sum = 0
    local result = test.run({ on_row = function(row) sum = sum + row.payload.i end }, test.rows(rows))
    assert.is_true(result.success, tostring(result))
    assert.equal(20000 * 20001 // 2, sum)
    assert.equal(large, in_sink(memory.new(), { large }).sinks.sink[1])
    assert.equal("frame_too_large", in_sink(memory.new(), { large .. large }).failure.kind)
    assert.is_true(test.run({ sink = memory.new() }, test.rows { large .. large }, { max_frame = "2MiB" }).success)
  end)

  it("is sent the policy's request, unless it names another", function()
    local policy = { export = "index", request = { root = "." }, on_row = function() end }
    assert.same({}, test.run(policy, test.rows { 1 }).diagnostics)
    assert.equal("recording.request", test.run(policy, test.rows({ 1 }, { request = { root = "src" } })).diagnostics[1].code)
    assert.equal("usage", test.run(policy, test.rows({ 1 }, { export = "other" })).failure.kind)
  end)

  it("knows the kinds that a worker may report", function()
    local kinds = {}
    for name in shell.read(paths.root .. "/runtime/base/error.h"):gmatch 'X%([%u_]+, "([%l_]+)", %d+, ANYONE%)' do kinds[#kinds + 1] = name end
    assert.same(kinds, require("sluice.internal.test.recording").kinds)
  end)

  it("reports the place of a mistake", function()
    raises("AT test.rows: functions[2]: cannot be written as JSON: a function cannot be written as JSON, at /f",
      function() test.rows { functions = { {}, { f = print } } } end)
    raises("AT test.rows: expected a list of rows or names of streams, got both: a and [1]", function() test.rows { 1, a = { 1 } } end)
    raises("AT test.rows: expected a list of rows without holes, got one with [3] in it", function() test.rows { [3] = 1 } end)
    raises('AT test.rows: name: expected a list of rows, got "a"', function() test.rows { name = "a" } end)
    raises('AT test.rows: functions: expected a list of rows, got {"n":1}', function() test.rows { functions = { n = 1 } } end)
    raises("AT test.rows: expected a list of rows, got nil", function() test.rows() end)
    raises("AT test.rows: metdata: unknown key; did you mean metadata?", function() test.rows({}, { metdata = 1 }) end)
    raises("AT test.rows: status and signal: expected only one of them", function() test.rows({}, { status = 1, signal = 9 }) end)
    raises("AT test.rows: metadata: belongs to a summary, and failure leaves none",
      function() test.rows({}, { failure = "x", metadata = 1 }) end)
    raises('AT test.rows: failure.kind: expected one of export_failed, callback_failed, usage, row_malformed, frame_too_large, spawn, got "sink"',
      function() test.rows({}, { failure = { kind = "sink", message = "x" } }) end)
    raises('AT test.rows: diagnostics[1]: expected { code = …, message = … }, got "x"', function() test.rows({}, { diagnostics = { "x" } }) end)
    raises('AT test.rows: signal: expected the name of a signal, such as "KILL", got "BIG"', function() test.rows({}, { signal = "BIG" }) end)
    raises('AT save: expected the name of a file that ends in .rows, got "x"', function() test.rows({}):save "x" end)
  end)
end)

describe("misuse of test.run", function()
  it("raises at the caller's line", function()
    local rows = test.rows {}
    raises("AT test.run: the policy: expected the path of a file, or a table, got nil", function() test.run() end)
    raises('AT test.run: the recording: expected the path of a FILE.rows, or what test.rows returns, got "x.lua"',
      function() test.run({}, "x.lua") end)
    raises("AT test.run: the recording: expected the path of a FILE.rows, or what test.rows returns, got a table",
      function() test.run({}, { { n = 1 } }) end)
    raises("AT test.run: sett: unknown key; did you mean set?", function() test.run({}, rows, { sett = {} }) end)
    raises("AT test.run: set: belongs to the file of a policy, and this one is a table", function() test.run({}, rows, { set = { a = 1 } }) end)
    raises("AT test.run: on_rows: unknown key; did you mean on_row?", function() test.run({ on_rows = print }, rows) end)
    raises('AT test.run: timeout: expected a duration such as 30s, 500ms or 10m, got "soon"', function() test.run({}, rows, { timeout = "soon" }) end)
    assert.matches("sluice.test has no 'rum'; did you mean run%?", message_of(function() return test.rum end))
  end)
end)

describe("test.same", function()
  local function difference(expected, actual)
    return (message_of(test.same, expected, actual):gsub("^[^\n]*the result is not what was expected:\n", ""))
  end

  it("compares numbers by value, and accepts empty lists in any form", function()
    test.same({ { n = 1, d = sluice.decimal "18446744073709551616" } }, { { n = 1.0, d = sluice.decimal "18446744073709551616" } })
    test.same({ sluice.decimal "1" }, { 1 })
    test.same({ a = {}, b = sluice.null }, { a = sluice.array {}, b = sluice.null })
    test.same(nil, nil)
  end)

  it("reports the row and the place in it", function()
    assert.equal("row 3: /size: expected 12, got 13", difference({ 1, 2, { size = 12 } }, { 1, 2, { size = 13 } }))
    assert.equal('row 1: /a~1b/1/c: expected null, got {"x":1}',
      difference({ { ["a/b"] = { 0, { c = sluice.null } } } }, { { ["a/b"] = { 0, { c = { x = 1 } } } } }))
    assert.equal("row 1: /a: missing: 1\nrow 1: /b: unexpected: 2", difference({ { a = 1 } }, { { b = 2 } }))
    assert.equal("row 2: expected 2, got \"2\"", difference({ 1, 2 }, { 1, "2" }))
    assert.equal("row 1: expected 18446744073709551616, got 18446744073709551617",
      difference({ sluice.decimal "18446744073709551616" }, { sluice.decimal "18446744073709551617" }))
  end)

  it("reports additional and missing rows, and not those after them", function()
    assert.equal('row 2: unexpected: {"name":"x"}', difference({ { n = 1 }, { n = 2 }, { n = 3 } }, { { n = 1 }, { name = "x" }, { n = 2 }, { n = 3 } }))
    assert.equal("row 1: missing: 1\nrow 5: unexpected: 6", difference({ 1, 2, 3, 4, 5 }, { 2, 3, 4, 5, 6 }))
    assert.equal("row 2, expected as row 3: expected 3, got 30\nrow 1: missing: 1",
      (difference({ 1, 2, 3, 4 }, { 2, 30, 4 }):gsub("^(row 1[^\n]*)\n(.*)$", "%2\n%1")))
  end)

  it("shows ten places, and the number of the others", function()
    local expected, actual = {}, {}
    for i = 1, 5000 do expected[i] = { i = i } end
    local text = difference(expected, actual)
    assert.matches('^row 1: missing: {"i":1}\n.*\nrow 10: missing: {"i":10}\nand 4990 more$', text)
    for i = 1, 4000 do actual[i] = { i = -i } end
    assert.matches("^row 1: /i: expected 1, got %-1\n.*\nand 4990 more$", difference(expected, actual))
  end)

  it("names sinks by their keys, and other places by pointers", function()
    assert.equal("sink: row 2: unexpected: 2\n/other/x: expected true, got false",
      (difference({ sink = { 1 }, other = { x = true } }, { sink = { 1, 2 }, other = { x = false } }):gsub("^(/[^\n]*)\n(.*)$", "%2\n%1")))
    assert.equal("expected 1, got 2", difference(1, 2))
    assert.equal("unexpected: 2", difference(nil, 2))
    assert.equal('expected [1], got {"a":1}', difference({ 1 }, { a = 1 }))
  end)

  it("truncates long values, and escapes terminal controls", function()
    local text = difference({ ("ä"):rep(200) }, { "\27[31m" })
    assert.is_true(#text < 200)
    assert.is_truthy(utf8.len(text))
    assert.is_nil(text:find "\27")
  end)

  it("terminates on tables that contain themselves", function()
    local a, b = { x = 1 }, { x = 1 }
    a.a, b.a = a, b
    test.same(a, b)
    b.x = 2
    assert.equal("/x: expected 1, got 2", difference(a, b))
  end)

  it("raises at the caller's line, as a failure and not as an error", function()
    local dir = shell.directory()
    shell.write(dir .. "/policy.lua", 'return { sink = require "sluice.sink.jsonl".file "out.jsonl" }')
    shell.write(dir .. "/a_spec.lua", [[
local test = require "sluice.test"
it("keeps all", function()
  local result = test.run("policy.lua", test.rows { { name = "a", size = 1 }, { name = "b", size = 3 } })
  test.same({ { name = "a", size = 1 }, { name = "b", size = 2 }, { name = "c" } }, result.sinks.sink)
end)
]])
    local words = "busted --lua=" .. paths.quote(paths.lua) .. " -o plainTerminal a_spec.lua"
    local result = shell.run(words, { cwd = dir })
    assert.equal(1, result.status)
    assert.equal("", result.err)
    assert.matches("0 successes / 1 failure / 0 errors / 0 pending", result.out)
    assert.matches([[
Failure %-> a_spec%.lua @ 2
keeps all
a_spec%.lua:4: the result is not what was expected:
row 2: /size: expected 2, got 3
row 3: missing: {"name":"c"}
]], result.out)
    assert.same({ "a_spec.lua", "policy.lua" }, shell.list(dir))
  end)

  it("raises at the caller's line without busted as well", function()
    local script = shell.file('local test = require "sluice.test"\ntest.same({ 1 }, { 2 })\n')
    local result = shell.run { paths.lua, script }
    assert.matches(":2: the result is not what was expected:\nrow 1: expected 1, got 2\n", result.err)
  end)
end)

describe("many runs", function()
  after_each(shell.forget)

  local function descriptors()
    collectgarbage() collectgarbage()
    return #shell.list "/proc/self/fd"
  end

  it("leave no descriptor, no process and no file", function()
    local tmp = shell.directory()
    local path = policy_file "return { sink = require 'sluice.sink.memory'.new() }"
    local rows = test.rows { 1, 2 }
    local dying = test.rows({ 1 }, { signal = "KILL" })
    local own = os.tmpname
    local n = 0
    os.tmpname = function() n = n + 1 return tmp .. "/" .. n end -- so that all are seen
    test.run(path, rows)
    local before = descriptors()
    for _ = 1, 100 do
      assert.is_true(test.run(path, rows).success)
      assert.is_false(test.run(path, dying).success)
    end
    os.tmpname = own
    assert.equal(before, descriptors())
    assert.same({}, shell.list(tmp))
    assert.equal(nil, (shell.read("/proc/self/task/" .. lfs.symlinkattributes("/proc/self", "target") .. "/children") or ""):match "%d")
  end)

  it("cannot begin in a handler, and leave the outer run unchanged", function()
    local own = print
    local result = test.run({
      on_row = function()
        print "before"
        local ok, err = pcall(test.run, { on_row = print }, test.rows { 1 })
        print(ok, err)
        sluice.stdout():write "after\n"
      end,
    }, test.rows { 1 })
    assert.is_true(result.success, tostring(result))
    assert.matches("^before\nfalse\t[^\n]*handler[^\n]*\nafter\n$", result.printed)
    assert.equal(own, print)
  end)
end)
