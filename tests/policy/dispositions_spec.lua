--- What happens to rows, and to the sinks that they go to.
local behaviour = require "support.behaviour"
local cjson = require "cjson"
local memory = require "sluice.sink.memory"
local schema = require "sluice.schema"

local log

--- A sink that logs its calls, and whose method `fails` fails.
local function recorder(fails, manner)
  local sink = { name = "s" }
  for _, method in ipairs { "begin", "write", "prepare", "commit", "rollback" } do
    sink[method] = function(_, argument)
      if method == "write" then argument = argument.raw else argument = nil end
      log[#log + 1] = argument and ("write " .. argument) or method
      if method ~= fails then return true end
      if manner == "raise" then error("no good", 0) end
      if manner == "nothing" then return end
      if manner then return true, manner end
      return nil, "disk full"
    end
  end
  return sink
end

local function counting(n, policy)
  local worker = behaviour.spawn "counts.lua"
  policy.on_summary = policy.on_summary or function() log[#log + 1] = "on_summary" end
  policy.on_failure = policy.on_failure or function() log[#log + 1] = "on_failure" end
  return worker:run("count", { n = n }, policy)
end

local function succeeds(n, policy)
  local summary, failure = counting(n, policy)
  assert(summary, tostring(failure))
  for _, c in pairs(summary.counts.per_stream) do assert.equal(c.rows, c.kept + c.dropped + c.rejected) end
  return summary
end

local function fails(kind, n, policy)
  local summary, failure = counting(n, policy)
  assert.is_nil(summary)
  assert.equal(kind, failure.kind, tostring(failure))
  return failure
end

local function line() return table.concat(log, ", ") end

local small = schema.record { i = schema.integer { max = 2 } }

describe("a row", function()
  before_each(function()
    log = {}
    behaviour.before()
  end)
  after_each(behaviour.after)

  it("is kept, dropped or rejected, and each is counted", function()
    local kept, rejected = memory.new(), memory.new()
    local summary = succeeds(6, {
      rejects = rejected,
      streams = { rows = {
        where = function(row)
          if row:get "i" == 3 then row:reject "three is odd" end
          return row:get "i" ~= 2
        end,
        sink = kept,
      } },
    })
    local c = summary.counts.per_stream.rows
    assert.same({ 6, 4, 1, 1 }, { c.rows, c.kept, c.dropped, c.rejected })
    assert.equal(4, #kept.rows)
    local told = cjson.decode(rejected.rows[1].raw)
    assert.equal("rows", told.stream)
    assert.equal(2, told.sequence)
    assert.equal("three is odd", told.reason)
    assert.equal(3, told.row.i)
  end)

  it("goes no further once a handler has rejected it, whatever the handler does next", function()
    local seen = {}
    local summary = succeeds(3, { streams = { rows = {
      map = function(row) if row:get "i" == 2 then row:reject "two" else return row end end,
      on_row = function(row)
        seen[#seen + 1] = row:get "i"
        if row:get "i" == 3 then row:reject "late"; row:reject "later" end
      end,
      sink = recorder(),
    } } })
    assert.same({ 1, 3 }, seen)
    assert.equal(2, summary.counts.rejected)
    assert.same({ "rejected stream rows, sequence 1: two", "rejected stream rows, sequence 2: late" }, summary.notes)
    assert.equal(1, select(2, line():gsub("write", "")))
  end)

  it("is rejected with its original text even if map has changed it", function()
    local rejected = memory.new()
    succeeds(1, { rejects = rejected, streams = { rows = {
      map = function() return { other = true } end,
      on_row = function(row) assert.is_true(row.payload.other); row:reject "no" end,
    } } })
    assert.equal(1, cjson.decode(rejected.rows[1].raw).row.i)
  end)

  it("cannot be rejected after its handlers have returned", function()
    local kept
    succeeds(2, { on_row = function(row)
      if not kept then kept = row return end
      local ok, why = pcall(kept.reject, kept, "late")
      assert.is_false(ok)
      assert.matches("handlers of this row have ended", why)
    end })
  end)

  it("has the payload that its schema produces", function()
    succeeds(2, { streams = { rows = {
      schema = schema.record { i = schema.integer, extra = schema.string { default = "d" } },
      on_row = function(row) assert.same({ i = row:get "i", extra = "d" }, row.payload) end,
    } } })
  end)

  it("fails the run when it violates its schema, with every detail", function()
    local failure = fails("row_invalid", 4, { streams = { rows = { schema = small, sink = recorder() } } })
    assert.equal("rows", failure.stream)
    assert.equal(2, failure.sequence)
    assert.equal("/i", failure.pointer)
    assert.equal("count", failure.export)
    assert.equal("3", failure.violations[1].value)
    assert.matches("rollback, on_failure$", line())
  end)

  it("is rejected or dropped for its violation, if on_invalid says so", function()
    local rejected = memory.new()
    local c = succeeds(4, { rejects = rejected, streams = { rows = { schema = small, on_invalid = "reject", sink = recorder() } } }).counts
    assert.same({ 2, 0, 2 }, { c.kept, c.dropped, c.rejected })
    local told = cjson.decode(rejected.rows[1].raw)
    assert.equal("/i", told.pointer)
    assert.equal("/i", told.violations[1].pointer)
    c = succeeds(4, { streams = { rows = { schema = small, on_invalid = "drop" } } }).counts
    assert.same({ 2, 2, 0 }, { c.kept, c.dropped, c.rejected })
  end)
end)

describe("a limit on rejected rows", function()
  before_each(function()
    log = {}
    behaviour.before()
  end)
  after_each(behaviour.after)

  local function reject(row) row:reject "bad" end

  it("fails the run, but the rejected rows are kept", function()
    local rejected = memory.new()
    local failure = fails("row_invalid", 9, { rejects = rejected, max_rejects = 2, streams = { rows = { on_row = reject, sink = recorder() } } })
    assert.matches("3 of 3 rows were rejected, max_rejects is 2; the last is stream rows, sequence 2: bad", failure.message)
    assert.equal(3, #rejected.rows)
    assert.equal("begin, rollback, on_failure", line())
  end)

  it("may be a percentage, judged at the end of a short run", function()
    fails("row_invalid", 9, { max_rejects = "50%", on_row = reject })
    local third = function(row) if row:get "i" % 3 == 0 then row:reject "third" end end
    assert.equal(3, succeeds(9, { max_rejects = "34%", on_row = third }).counts.rejected)
    assert.equal(9, succeeds(9, { max_rejects = "100%", on_row = reject }).counts.rejected)
  end)

  it("must be a number or a percentage", function()
    local policy = require "sluice.internal.policy"
    assert.equal('max_rejects: expected a number of rows, or a percentage such as "1%", got "many"',
      select(2, policy.read { max_rejects = "many" }))
  end)

  it("discards the rejected rows if something else fails", function()
    local rejected = memory.new()
    fails("sink", 3, { rejects = rejected, on_row = function(row)
      if row:get "i" == 3 then error "oops" end
      row:reject "bad"
    end })
    assert.is_nil(rejected.rows)
  end)
end)

describe("a stream", function()
  before_each(function()
    log = {}
    behaviour.before()
  end)
  after_each(behaviour.after)

  local function reject(row) row:reject(row.stream .. " is bad") end

  --- A run with n rows of each of these streams, one after the other.
  local function run(n, policy)
    local path = behaviour.write(behaviour.path() .. ".lua", [[
      return { exports = { fill = function(request, emit)
        for i = 1, request.n do
          for _, stream in ipairs { "a", "b", "c" } do emit:row(stream, { i = i }) end
        end
      end } }
    ]])
    local worker = behaviour.spawn { path }
    os.remove(path)
    for _, stream in ipairs { "a", "b", "c" } do
      policy.streams[stream] = policy.streams[stream] or { on_row = function() end }
    end
    return worker:run("fill", { n = n }, policy)
  end

  local function told(sink)
    local list = {}
    for _, row in ipairs(sink.rows or {}) do
      local rejected = cjson.decode(row.raw)
      list[#list + 1] = ("%d %s %d"):format(row.sequence, rejected.stream, rejected.sequence)
    end
    return table.concat(list, ", ")
  end

  it("may have a sink of its own for rejected rows", function()
    local own, others = memory.new(), memory.new()
    assert(run(2, { rejects = others, streams = {
      a = { on_row = reject, rejects = own }, b = { on_row = reject }, c = { on_row = reject },
    } }))
    assert.equal("0 a 0, 1 a 1", told(own))
    assert.equal("0 b 0, 1 c 0, 2 b 1, 3 c 1", told(others))
  end)

  it("may share its sink for rejected rows with other streams", function()
    local shared = memory.new()
    local summary = assert(run(1, { streams = {
      a = { on_row = reject, rejects = shared }, b = { on_row = reject, rejects = shared }, c = { on_row = reject },
    } }))
    assert.equal("0 a 0, 1 b 0", told(shared))
    assert.same({ "rejected stream c, sequence 0: c is bad" }, summary.notes)
  end)

  it("may have a limit of its own, in rows", function()
    local own, others = memory.new(), memory.new()
    local _, failure = run(9, { rejects = others, streams = {
      a = { on_row = reject }, b = { on_row = reject, max_rejects = 2, rejects = own },
    } })
    assert.equal("row_invalid", failure.kind)
    assert.equal("3 of 3 rows were rejected, streams.b.max_rejects is 2; the last is stream b, sequence 2: b is bad", failure.message)
    assert.same({ "b", 2, "2", 3 }, { failure.stream, failure.sequence, failure.max_rejects, failure.rejected })
    assert.equal("0 b 0, 1 b 1, 2 b 2", told(own))
    assert.equal("0 a 0, 1 a 1, 2 a 2", told(others))
  end)

  it("may have a limit that is a percentage of its own rows", function()
    local function third(row) if row:get "i" % 3 == 0 then row:reject "third" end end
    assert(run(9, { streams = { a = { on_row = third, max_rejects = "34%" } } }))
    local _, failure = run(9, { streams = { a = { on_row = third, max_rejects = "33%" } } })
    assert.equal("3 of 9 rows were rejected, streams.a.max_rejects is 33%; the last is stream a, sequence 8: third", failure.message)
  end)

  it("is ended early by a percentage that can no longer be met", function()
    local _, failure = run(3000, { streams = { a = { on_row = reject, max_rejects = "1%" } } })
    assert.equal("1,000 of 1,000 rows were rejected, streams.a.max_rejects is 1%; the last is stream a, sequence 999: a is bad",
      failure.message)
  end)

  it("counts towards the limit of the policy as well", function()
    local _, failure = run(9, { max_rejects = 3, streams = {
      a = { on_row = reject, max_rejects = 5 }, b = { on_row = reject, max_rejects = 5 },
    } })
    assert.matches("^4 of %d+ rows were rejected, max_rejects is 3; the last is stream b, sequence 1: b is bad$", failure.message)
  end)

  it("must keep its rejected rows apart from its rows", function()
    local policy, sink = require "sluice.internal.policy", recorder()
    local expected = "streams.a.rejects: expected a sink of its own, got that of streams.b.sink"
    assert.equal(expected, select(2, policy.read { streams = { a = { rejects = sink }, b = { sink = sink } } }))
    assert.equal('streams.a.max_rejects: expected a number of rows, or a percentage such as "1%", got -1',
      select(2, policy.read { streams = { a = { max_rejects = -1 } } }))
  end)
end)

describe("a policy's sinks", function()
  before_each(function()
    log = {}
    behaviour.before()
  end)
  after_each(behaviour.after)

  local function to(sink, more)
    local policy = { streams = { rows = { map = function(row) return row:get "i" end, sink = sink } } }
    for key, value in pairs(more or {}) do policy[key] = value end
    return policy
  end

  it("begin before the request is sent and commit before on_summary", function()
    succeeds(2, to(recorder()))
    assert.equal("begin, write 1, write 2, prepare, commit, on_summary", line())
  end)

  it("get the seals before they commit", function()
    local sink, given = recorder(), nil
    function sink.prepare(_, seals) given = seals return true end
    local summary = succeeds(3, to(sink))
    assert.equal(1, #given)
    assert.same({ "rows", 3, 3, 0, 0 }, { given[1].stream, given[1].rows, given[1].kept, given[1].dropped, given[1].rejected })
    assert.equal(summary.counts.per_stream.rows.checksum, given[1].checksum)
    assert.matches("^" .. ("%x"):rep(16) .. "$", given[1].checksum)
  end)

  it("take streams without an entry as well", function()
    succeeds(1, { sink = recorder() })
    assert.matches("^begin, write .*, prepare, commit, on_summary$", line())
  end)

  for _, method in ipairs { "begin", "write", "prepare" } do
    for _, manner in ipairs { "raise", "nothing", false } do
      it(("fail the run when %s %s"):format(method, manner == "raise" and "raises" or "fails"), function()
        local failure = fails("sink", 2, to(recorder(method, manner or nil)))
        assert.equal("streams.rows.sink." .. method, failure.handler)
        assert.matches(manner == "raise" and "no good" or manner and "it returned nothing" or "disk full", failure.message)
        assert.matches("rollback, on_failure$", line())
        assert.is_nil(line():find "commit")
      end)
    end
  end

  it("fail with kind commit if one cannot commit", function()
    local failure = fails("commit", 1, to(recorder "commit"))
    assert.equal("streams.rows.sink.commit", failure.handler)
    assert.same({}, failure.committed)
    assert.matches("commit, rollback, on_failure$", line())
  end)

  it("roll back when a handler, the worker or the clock fails", function()
    fails("sink", 3, to(recorder(), { streams = { rows = { on_row = function() error "oops" end, sink = recorder() } } }))
    local worker = behaviour.spawn "raises.lua"
    local policy = { sink = recorder(), on_failure = function() log[#log + 1] = "on_failure" end }
    assert.equal("export_failed", select(2, worker:run("after_rows", nil, policy)).kind)
    worker = behaviour.spawn "emits_forever.lua"
    policy.timeout = "200ms"
    assert.equal("request_timeout", select(2, worker:run("stubbornly", nil, policy)).kind)
    assert.equal(3, select(2, line():gsub("rollback", "")))
    assert.is_nil(line():find "commit")
  end)

  it("roll back when the script cancels, and commit when it stops", function()
    local worker = behaviour.spawn "emits_forever.lua"
    local function ending(how)
      return { streams = { rows = { on_row = function(_, run) run[how](run) end, sink = recorder() } } }
    end
    assert.equal("cancelled", select(2, worker:run("politely", nil, ending "cancel")).kind)
    assert.matches("rollback$", line())
    log = {}
    assert.is_true(worker:run("politely", nil, ending "stop").stopped)
    assert.matches("prepare, commit$", line())
  end)

  it("do not commit after a run whose metadata violate their schema", function()
    local failure = fails("row_invalid", 1, to(recorder(), { summary_schema = schema.record { nothing = schema.string } }))
    assert.matches("^metadata: ", failure.message)
    assert.matches("rollback, on_failure$", line())
  end)

  it("are not begun if the request violates its schema", function()
    local failure = fails("usage", 1, to(recorder(), { request_schema = schema.record { n = schema.string } }))
    assert.matches("^request: ", failure.message)
    assert.equal("on_failure", line())
  end)

  it("write nothing if the run key is already committed", function()
    local summary = succeeds(2, to(recorder("begin", "committed"), { run_key = "k" }))
    assert.is_true(summary.already_committed)
    assert.equal("begin, rollback", line())
  end)

  it("must be sinks, and rejected rows need one of their own", function()
    local policy = require "sluice.internal.policy"
    local sink = recorder()
    assert.equal("streams.rows.sink: expected a sink, got 5", select(2, policy.read { streams = { rows = { sink = 5 } } }))
    assert.equal("rejects: expected a sink of its own, got that of streams.rows.sink",
      select(2, policy.read { rejects = sink, streams = { rows = { sink = sink } } }))
    assert.equal("streams.rows.on_invalid: needs a schema beside it",
      select(2, policy.read { streams = { rows = { on_invalid = "drop" } } }))
  end)

  it("may be shared by streams, and begin once", function()
    local sink = recorder()
    succeeds(1, { streams = { rows = { sink = sink }, others = { sink = sink } } })
    assert.equal(1, select(2, line():gsub("begin", "")))
  end)
end)

describe("a sink that a handler calls itself", function()
  before_each(function()
    log = {}
    behaviour.before()
  end)
  after_each(behaviour.after)

  --- A run of three rows, where on_row calls the sink with the second one in this way.
  local function calls(sink, how, expected)
    local policy = { streams = { rows = {
      on_row = function(row) if row:get "i" == 2 then how(sink, row) end end,
      sink = sink,
    } } }
    if not expected then return succeeds(3, policy) end
    local failure = fails("sink", 3, policy)
    assert.equal(expected, failure.message:gsub("^.-%.lua:%d+: ", ""))
    assert.equal("streams.rows.sink.write", failure.handler)
    assert.matches("rollback, on_failure$", line())
    assert.is_nil(line():find "prepare")
    return failure
  end

  --- A user's own sink whose write from a handler fails.
  local function own(failing)
    local sink, write = recorder(), nil
    write = sink.write
    function sink.write(self, row, from_handler)
      if from_handler then return failing(row) end
      return write(self, row)
    end
    return sink
  end

  local function protected(sink, row) pcall(sink.write, sink, row, true) end

  it("does not commit after an error that a pcall swallowed", function()
    local failure = calls(own(function() error "disk full" end), protected, "disk full")
    assert.same({ "a handler continued after it; nothing is committed after a sink has failed" }, failure.notes)
  end)

  it("does not commit after an error value of any type", function()
    calls(own(function() error() end), protected, "it returned nothing")
    calls(own(function() error(setmetatable({}, { __tostring = function() error "no text" end })) end), protected, "no text")
  end)

  it("does not commit after an error that the handler ignored", function()
    calls(own(function() return nil, "disk full" end), function(sink, row) sink:write(row, true) end, "disk full")
  end)

  it("does not commit after an error in a coroutine", function()
    calls(own(function() error("gone", 0) end), function(sink, row)
      coroutine.wrap(function() protected(sink, row) end)()
    end, "gone")
  end)

  it("does not commit after the first of several errors", function()
    calls(own(function(row) error(row.raw, 0) end), function(sink, row)
      protected(sink, row)
      pcall(sink.write, sink, { raw = "another" }, true)
    end, '{"i":2}')
  end)

  it("commits if it is called and succeeds", function()
    calls(own(function() return true end), protected)
    assert.matches("prepare, commit, on_summary$", line())
  end)

  it("has its own methods and its class back after the run", function()
    local class = own(function() error "no" end)
    local sink = setmetatable({}, { __index = class })
    calls(sink, protected, "no")
    assert.is_nil(next(sink))
    calls(sink, function() end)
    assert.is_nil(next(sink))
  end)

  it("does not commit after a row that does not fit into its CSV file", function()
    local path = behaviour.path()
    local sink = require("sluice.sink.csv").file(path, { columns = { "other" } })
    local failure = fails("sink", 1, { streams = { rows = {
      on_row = function(row)
        sink:write(row)
        row:reject "not for the file"
      end,
      sink = sink,
    } } })
    assert.equal("no column for the field 'i'", failure.message)
    assert.is_nil(behaviour.read(path))
  end)
end)
