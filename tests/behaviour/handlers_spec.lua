-- Errors in a user's handlers are typed and have a place; the worker and the
-- program remain usable.
local behaviour = require "support.behaviour"
local core = require "sluice.core"
local frames = require "support.frames"
local paths = require "support.paths"
local sluice = require "sluice"

local STREAM_HANDLERS = { "where", "map", "on_row" }

--- A policy in which the named handler is f, and every other required one
--- does nothing. "where" and "map" belong to the stream's entry.
local function policy_with(name, f)
  if name == "on_row" then return { on_row = f } end
  if name == "where" or name == "map" then return { streams = { a = { [name] = f, on_row = function() end } },
    on_row = function() end } end
  return { on_row = function() end, [name] = f }
end

--- The failure of a request whose handler is f; the worker keeps serving.
local function failure_of(name, f, export)
  local worker = behaviour.spawn "counts.lua"
  local summary, failure = worker:run(export or "interleave", nil, policy_with(name, f))
  assert.is_nil(summary)
  behaviour.succeeded(behaviour.run(worker, "count", { n = 2 }))
  return failure
end

local PLACES = {
  where = "streams.a.where", map = "streams.a.map", on_row = "on_row",
  on_diagnostic = "on_diagnostic", on_progress = "on_progress", on_summary = "on_summary",
}

local function broken() error "the handler broke" end

--- The output of a Lua program that has about 400 MB of address space.
local function in_little_memory(program)
  local pipe = assert(io.popen(("ulimit -v 400000; exec %s %s 2>&1"):format(paths.quote(paths.lua), program)))
  local said = pipe:read "a"
  pipe:close()
  return said
end

describe("an error in", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  for name, place in pairs(PLACES) do
    it(name .. " is sink, with handler, message and traceback", function()
      local failure = failure_of(name, function() broken() end)
      assert.equal("sink", failure.kind)
      assert.equal(place, failure.handler)
      behaviour.says(failure.message, "handlers_spec.lua:")
      behaviour.says(failure.message, "the handler broke")
      behaviour.says(failure.traceback, "in upvalue 'broken'")
    end)
  end

  for _, name in ipairs(STREAM_HANDLERS) do
    it(name .. " has stream and sequence, and no row follows it", function()
      local calls = 0
      local failure = failure_of(name, function(row)
        calls = calls + 1
        if row.sequence == 1 and row.stream == "a" then broken() end
        return row.payload
      end)
      assert.equal("a", failure.stream)
      assert.equal(1, failure.sequence)
      assert.equal(name == "on_row" and 3 or 2, calls)
    end)
  end

  it("a stream's own on_row is named with the stream", function()
    local worker = behaviour.spawn "counts.lua"
    local _, failure = worker:run("count", {}, { streams = { rows = { on_row = broken } } })
    assert.equal("streams.rows.on_row", failure.handler)
  end)

  it("on_summary says that the rows were accepted", function()
    local failure = failure_of("on_summary", broken)
    assert.is_true(failure.committed)
    behaviour.says(failure.message, "all rows were accepted")
    assert.equal(4, failure.summary.total_rows)
  end)

  it("on_failure is noted in the failure that came first", function()
    local worker = behaviour.spawn "raises.lua"
    local summary, failure = worker:run("text", nil, { on_failure = broken })
    assert.is_nil(summary)
    assert.equal("export_failed", failure.kind)
    assert.equal(1, #failure.notes)
    behaviour.says(failure.notes[1], "on_failure failed too: ")
    behaviour.says(failure.notes[1], "the handler broke")
    assert.equal("still here", worker:call "ok")
  end)

  it("the handlers of a call is the call's failure", function()
    local worker = behaviour.spawn "prints.lua"
    local other = behaviour.spawn(behaviour.speaking(
      frames.magic .. frames.hello { exports = { { "ask", "call" } } },
      { await = "request" }, frames.progress { phase = "p" }))
    local failure = behaviour.call_failed("sink", other, "ask", nil, { on_progress = broken })
    assert.equal("on_progress", failure.handler)
    behaviour.succeeded(behaviour.run(worker, "talk", { n = 1 }))
  end)

  it("on_row after run:cancel() does not hide the cancellation, which came first", function()
    local worker = behaviour.spawn "counts.lua"
    local _, failure = worker:run("count", {}, {
      on_row = function(_, run)
        run:cancel "enough"
        error "and this as well"
      end,
    })
    assert.equal("cancelled", failure.kind)
  end)

  it("on_row reaches on_failure, once, and not on_summary", function()
    local worker = behaviour.spawn "counts.lua"
    local seen = behaviour.run(worker, "count", { n = 5 }, { on_row = broken })
    behaviour.failed("sink", seen)
    assert.same({ 'row rows 0 {"i":1}', "failure sink" }, seen.events)
  end)
end)

describe("an error value", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  local stubborn = setmetatable({}, { __tostring = function() error "no words for it" end })
  local wordless = setmetatable({}, { __tostring = function() return {} end })

  local VALUES = {
    ["of nil"] = { nil, "nil" }, ["that is a table"] = { {}, "{}" }, ["that is a number"] = { 42, "42" },
    ["that is a function"] = { print, "function" }, ["that is false"] = { false, "false" },
    ["whose __tostring fails"] = { stubborn, "cannot describe itself" },
    ["whose __tostring gives no string"] = { wordless, "cannot describe itself" },
    ["with __tostring"] = { setmetatable({}, { __tostring = function() return "well put" end }), "well put" },
    ["that is a long text"] = { ("long "):rep(100000), "long long" },
    ["that is not UTF-8"] = { "bad \xff byte", "bad " },
  }

  for name, case in pairs(VALUES) do
    it(name .. " becomes text", function()
      for _, handler in ipairs { "on_row", "on_summary" } do
        local failure = failure_of(handler, function() error(case[1], 0) end)
        assert.equal("sink", failure.kind)
        behaviour.says(failure.message, case[2])
        assert.is_true(#failure.message < 2000)
        assert.is_string(tostring(failure))
      end
    end)
  end

  it("that is one of our errors keeps its kind", function()
    local failure = failure_of("on_row", function() error(core.error("row_invalid", "too old", { field = "age" })) end)
    assert.equal("row_invalid", failure.kind)
    assert.equal("too old", failure.message)
    assert.equal("age", failure.field)
    assert.equal("on_row", failure.handler)
  end)
end)

describe("a handler", function()
  before_each(behaviour.before)
  after_each(behaviour.after)
  after_each(function() core.limits { handler_ms = 10000 } end)

  it("that loops forever is sink_timeout", function()
    core.limits { handler_ms = 100 }
    for name, place in pairs(PLACES) do
      local failure
      local elapsed = behaviour.timed(function()
        failure = failure_of(name, function() while true do end end)
      end)
      assert.equal(name == "on_summary" and "sink" or "sink_timeout", failure.kind)
      behaviour.says(failure.message, "100 ms of CPU time")
      assert.equal(place, failure.handler)
      assert.is_true(elapsed < 2, elapsed .. " s")
    end
  end)

  it("that swallows errors and keeps looping is sink_timeout all the same", function()
    core.limits { handler_ms = 100 }
    local failure = failure_of("on_row", function()
      while true do
        pcall(function() while true do end end)
      end
    end)
    assert.equal("sink_timeout", failure.kind)
  end)

  it("that loops in a coroutine is sink_timeout", function()
    core.limits { handler_ms = 100 }
    for _, run in ipairs {
      function(f) coroutine.wrap(f)() end,
      function(f) while true do coroutine.resume(coroutine.create(f)) end end,
    } do
      assert.equal("sink_timeout", failure_of("on_row", function() run(function() while true do end end) end).kind)
    end
  end)

  it("that waits without computing does not time out", function()
    core.limits { handler_ms = 100 }
    local seen = behaviour.run(behaviour.spawn "counts.lua", "count", { n = 2 }, {
      on_row = function() behaviour.sleep(0.25) end,
    })
    behaviour.succeeded(seen)
  end)

  it("that computes a little on each of many rows does not time out", function()
    core.limits { handler_ms = 100 }
    local worker, rows = behaviour.spawn "wellbehaved", 0
    assert(worker:run("count", 2000, {
      on_row = function()
        rows = rows + 1
        for _ = 1, 20000 do end
      end,
    }))
    assert.equal(2000, rows)
  end)

  it("that recurses forever is sink", function()
    local function deep(n) return 1 + deep(n + 1) end
    local failure = failure_of("on_row", function() deep(1) end)
    assert.equal("sink", failure.kind)
    behaviour.says(failure.message, "stack overflow")
  end)

  it("that asks for more memory than is available is sink_memory, and the program goes on", function()
    if paths.sanitized then return end -- it needs more address space than the limit
    local program = behaviour.write(behaviour.path(), ([[
      local sluice = require "sluice"
      local worker <close> = assert(sluice.spawn { %q })
      local handlers = {
        function() return ("x"):rep(1 << 30) end,
        function()
          local s = "x"
          while true do s = s .. s end
        end,
        function()
          local t = {}
          while true do t[#t + 1] = { #t } end
        end,
      }
      for i, handler in ipairs(handlers) do
        local _, failure = worker:run("count", {}, { on_row = handler })
        print(i, failure.kind, failure.handler)
        collectgarbage()
      end
      print(assert(worker:run("count", {}, { on_row = function() end })).total_rows)
    ]]):format(behaviour.file "counts.lua"))
    local said = in_little_memory(program)
    assert.equal("1\tsink_memory\ton_row\n2\tsink_memory\ton_row\n3\tsink_memory\ton_row\n3\n", said)
  end)

  it("that keeps more large rows than fit in memory is sink_memory, and no kept row is wrong", function()
    if paths.sanitized then return end
    local program = behaviour.write(behaviour.path(), ([[
      local sluice = require "sluice"
      local worker <close> = assert(sluice.spawn { %q })
      local kept, whole, lost = {}, 0, 0
      local _, failure = worker:run("large", { n = 1000, kib = 1000 }, { on_row = function(row) kept[#kept + 1] = row end })
      local count = #kept
      for i = 1, 50 do kept[i] = false end -- room to look into the others
      collectgarbage()
      for i = 51, count do
        local ok, value = pcall(kept[i].get, kept[i], "i")
        if ok and value == i then whole = whole + 1
        elseif tostring(value):find "lost its text" then lost = lost + 1 end
      end
      print(failure.kind, failure.stream, failure.sequence == count - 1, count > 100, 50 + whole + lost == count, lost < 2)
    ]]):format(behaviour.file "large.lua"))
    local said = in_little_memory(program)
    assert.equal("sink_memory\trows\ttrue\ttrue\ttrue\ttrue\n", said)
  end)

  it("cannot yield", function()
    local failure = failure_of("on_row", function() coroutine.yield() end)
    assert.equal("sink", failure.kind)
    behaviour.says(failure.message, "yield")
  end)

  it("that catches its own error goes on", function()
    local worker = behaviour.spawn "counts.lua"
    local seen = behaviour.run(worker, "count", { n = 3 }, { on_row = function() pcall(broken) end })
    behaviour.succeeded(seen)
    assert.equal(3, #seen.rows)
  end)

  it("cannot begin a request, on its own worker or another, but may go on", function()
    local worker, other = behaviour.spawn "counts.lua", behaviour.spawn "counts.lua"
    local problems = {}
    local seen = behaviour.run(worker, "count", { n = 1 }, {
      on_row = function()
        problems[1] = behaviour.raised(other.run, other, "count", {})
        problems[2] = behaviour.raised(worker.run, worker, "count", {})
        problems[3] = behaviour.raised(other.call, other, "echo", 1)
        problems[4] = behaviour.raised(other.rows, other, "count", {})
        problems[5] = behaviour.raised(other.shutdown, other)
        problems[6] = behaviour.raised(sluice.spawn, { behaviour.file "counts.lua" })
      end,
    })
    behaviour.succeeded(seen)
    for i = 1, 6 do behaviour.says(problems[i], "inside a handler") end
    behaviour.serves_on(other, 1, "count", {})
    behaviour.serves_on(worker, 1, "count", {})
  end)

  it("that begins a request, and does not catch the error, is sink", function()
    local other = behaviour.spawn "counts.lua"
    local failure = failure_of("on_row", function() other:run("count", {}) end)
    assert.equal("sink", failure.kind)
    behaviour.says(failure.message, "inside a handler")
  end)

  it("may query its worker and its counts", function()
    local worker = behaviour.spawn "counts.lua"
    local counts, state
    assert(worker:run("count", { n = 3 }, {
      on_row = function(row, run)
        if row.sequence == 1 then counts, state = run:counts(), worker:health().state end
        assert(run.export == "count")
      end,
    }))
    assert.equal(2, counts.rows)
    assert.equal("busy", state)
  end)

  it("of a summary may begin the next request", function()
    local worker = behaviour.spawn "counts.lua"
    local second
    assert(worker:run("count", { n = 1 }, {
      on_row = function() end,
      on_summary = function() second = worker:run("count", { n = 2 }, { on_row = function() end }) end,
    }))
    assert.equal(2, second.total_rows)
  end)
end)

describe("a row without a handler", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("is unhandled_stream, with its name, and is not dropped silently", function()
    local worker = behaviour.spawn "counts.lua"
    local rows = 0
    local summary, failure = worker:run("interleave", nil, {
      streams = { a = { on_row = function() rows = rows + 1 end } },
    })
    assert.is_nil(summary)
    assert.equal("unhandled_stream", failure.kind)
    assert.equal("b", failure.stream)
    assert.equal(1, rows)
    behaviour.succeeded(behaviour.run(worker, "count", {}))
  end)

  it("is passed to the policy's on_row, if there is one", function()
    local top = {}
    assert(behaviour.spawn("counts.lua"):run("interleave", nil, {
      streams = { a = { on_row = function() end } },
      on_row = function(row) top[#top + 1] = row.stream end,
    }))
    assert.same({ "b", "b" }, top)
  end)

  it("is not a failure when where has dropped it", function()
    local summary = assert(behaviour.spawn("counts.lua"):run("interleave", nil, {
      streams = { a = { on_row = function() end }, b = { where = function() return false end, on_row = broken } },
    }))
    assert.equal(2, summary.counts.per_stream.b.dropped)
  end)
end)

describe("after failures of every kind", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("the program's Lua stack and its workers are unchanged", function()
    local worker = behaviour.spawn "counts.lua"
    local times = paths.sanitized and 30 or 200
    for i = 1, times do
      local name = ({ "where", "map", "on_row", "on_diagnostic", "on_progress", "on_summary" })[i % 6 + 1]
      assert(not worker:run("interleave", nil, policy_with(name, broken)))
    end
    behaviour.succeeded(behaviour.run(worker, "count", {}))
    assert.equal(times + 1, worker:stats().requests)
  end)
end)
