--- Errors and endless loops of handlers end in typed failures, and nowhere else.
local core = require "sluice.core"
local paths = require "support.paths"
local support = require "script.support"

local forever = support.forever

--- Sanitized builds are slow and need a longer limit.
local LIMIT_MS = paths.sanitized and 400 or 100

--- For handlers that do not end by themselves; others may be slow on a busy machine.
local function limit() core.limits { handler_ms = LIMIT_MS } end
local function set_free() core.limits { handler_ms = 10000 } end

teardown(support.shutdown)

--- Whatever happened, the worker and the program are still usable.
after_each(function()
  set_free()
  assert.is_nil(debug.gethook())
  assert.equal(1, support.succeeds({ "1" }, function() end).total_rows)
end)

describe("an error in a handler", function()
  local function raised(value)
    return support.fails("sink", { "1", "2", "3" }, function(row)
      if row.sequence == 1 then error(value) end
    end)
  end

  it("becomes a failure with message, place and row", function()
    local failure = raised "boom"
    assert.matches("containment_spec.lua:%d+: boom$", failure.message)
    assert.same({ "streams.rows.on_row", "rows", 1 }, { failure.handler, failure.stream, failure.sequence })
    assert.matches("stack traceback:.*containment_spec.lua", failure.traceback)
  end)

  it("ends the delivery of rows", function()
    local seen = 0
    support.fails("sink", { "1", "2", "3" }, function() seen = seen + 1; error "no more" end)
    assert.equal(1, seen)
  end)

  it("may be any value", function()
    assert.equal("nil", raised(nil).message)
    assert.equal("null", raised(core.null).message)
    assert.equal("{}", raised({}).message)
    assert.equal('{ 7, "x", code = 5, list = { 1, { 2, a table } }, ["not found"] = true, of = null, where = a function }',
      raised({ 7, "x", code = 5, list = { 1, { 2, { 3 } } }, where = print, of = core.null, ["not found"] = true }).message)
    assert.equal("I", raised(setmetatable({}, { __tostring = function() return "I" end })).message)
    assert.matches("cannot describe itself", raised(setmetatable({}, { __tostring = error })).message)
  end)

  it("keeps kind and fields of an error object, without changing the object", function()
    local err = core.error("row_invalid", "too short", { pointer = "/name" })
    local failure = support.fails("row_invalid", { "1" }, function() error(err) end)
    assert.same({ "too short", "/name", "rows", 0 }, { failure.message, failure.pointer, failure.stream, failure.sequence })
    assert.is_nil(failure.traceback)
    assert.is_nil(err.stream)
  end)

  it("is reported with its place for other handlers as well", function()
    local request = { export = "progress", default = { on_row = function() end } }
    for _, name in ipairs { "on_diagnostic", "on_progress" } do
      request[name] = function() error "no" end
      assert(support.worker():begin(request))
      local _, failure = support.worker():wait()
      request[name] = nil
      assert.same({ "sink", name }, { failure.kind, failure.handler })
    end
  end)

  it("may be a yield", function()
    assert.equal("a handler cannot yield", support.fails("sink", { "1" }, coroutine.yield).message)
    local failure
    coroutine.wrap(function() failure = support.fails("sink", { "1" }, function() coroutine.yield() end) end)()
    assert.equal("a handler cannot yield", failure.message)
  end)

  it("may be a stack overflow", function()
    local function f() return 1 + f() end
    assert.matches("stack overflow", support.fails("sink", { "1" }, f).message)
  end)

  it("may be a request that it starts, waits for or pulls", function()
    for what, f in pairs {
      ["a request cannot be started"] = function() support.worker():begin {} end,
      ["a worker cannot be waited for"] = function() support.worker():wait() end,
      ["rows cannot be pulled"] = function() support.worker():next() end,
      ["a worker cannot be shut down"] = function() support.worker():shutdown() end,
      ["the end cannot be waited for"] = function() core.finish() end,
    } do
      assert.matches(what .. " inside a handler", support.fails("sink", { "1" }, f).message)
    end
  end)
end)

describe("a handler that loops", function()
  before_each(limit)

  local function stopped(handler, more)
    local started = core.now()
    local failure = support.fails(more and more.kind or "sink_timeout", { "1" }, handler, more)
    assert.equal("streams.rows.on_row", failure.handler)
    return failure, (core.now() - started) * 1000
  end

  it("is stopped by its limit of CPU time", function()
    local failure, took = stopped(forever)
    assert.equal(("streams.rows.on_row used more than %d ms of CPU time"):format(LIMIT_MS), failure.message)
    assert.is_true(took >= LIMIT_MS, took .. " ms")
    assert.equal(LIMIT_MS, failure.timeout_ms)
  end)

  it("cannot swallow the timeout", function()
    stopped(function() while true do pcall(forever) end end)
    stopped(function() while true do xpcall(forever, function() return "caught" end) end end)
  end)

  it("is detected in a coroutine", function()
    stopped(function() coroutine.wrap(forever)() end)
    stopped(function() while true do coroutine.resume(coroutine.create(forever)) end end)
    stopped(function()
      local co = coroutine.wrap(function() while true do coroutine.yield(pcall(forever)) end end)
      while true do co() end
    end)
  end)

  it("cannot remove the hook", function()
    stopped(function() while true do debug.sethook() end end)
  end)

  it("is stopped at the deadline of its request", function()
    set_free()
    local failure, took = stopped(forever, { timeout = 200, kind = "request_timeout" })
    assert.matches("did not end within 200 ms: streams.rows.on_row was still running", failure.message)
    assert.is_true(took >= 199, took .. " ms")
  end)

  it("does not include one that waits", function()
    support.succeeds({ "1" }, function() os.execute("sleep " .. 2 * LIMIT_MS / 1000) end)
  end)

  it("does not include one of many that are quick", function()
    local texts = {}
    for i = 1, 300 do texts[i] = tostring(i) end
    support.succeeds(texts, function()
      local t = os.clock()
      while os.clock() - t < LIMIT_MS / 100000 do end
    end)
  end)
end)

describe("protect", function()
  before_each(limit)

  it("returns what the function returns", function()
    assert.same({ true, 1, nil, 3, n = 4 }, table.pack(core.protect("f", nil, function(...) return ... end, 1, nil, 3)))
  end)

  it("returns an error object with the handler's name, of the given kind", function()
    local ok, err = core.protect("on_summary", "policy", error, "late", 0)
    assert.is_nil(ok)
    assert.same({ "policy", "late", "on_summary" }, { err.kind, err.message, err.handler })
    assert.equal("policy: late (handler on_summary)", tostring(err))
  end)

  it("limits the function and nested protected functions", function()
    local ok, err = core.protect("outer", nil, function() while true do core.protect("inner", nil, forever) end end)
    assert.is_nil(ok)
    assert.same({ "sink_timeout", "outer" }, { err.kind, err.handler })
  end)

  it("allows a request inside it", function()
    assert(core.protect("load", "policy", function() return support.succeeds({ "1" }, function() end) end))
  end)

  it("refuses a kind that does not exist", function()
    assert.error_matches(function() core.protect("f", "nonsense", print) end, "unknown kind")
  end)

  it("restores a hook of the user", function()
    local function hook() end
    debug.sethook(hook, "r")
    core.protect("f", nil, forever)
    local now = debug.gethook()
    debug.sethook()
    assert.equal(hook, now)
  end)
end)

describe("coroutines with the limit", function()
  before_each(limit)

  it("resume, yield and return as usual", function()
    local co = coroutine.create(function(a, b)
      local c = coroutine.yield(a + b)
      return c, "end"
    end)
    assert.same({ true, 3 }, { coroutine.resume(co, 1, 2) })
    assert.same({ true, 5, "end" }, { coroutine.resume(co, 5) })
    assert.same({ false, "cannot resume dead coroutine" }, { coroutine.resume(co) })
  end)

  it("pass on errors and close their variables", function()
    local closed
    local f = coroutine.wrap(function()
      local _ <close> = setmetatable({}, { __close = function() closed = true end })
      error({ "object" })
    end)
    local ok, err = pcall(f)
    assert.same({ false, { "object" }, true }, { ok, err, closed })
    assert.error_matches(f, "cannot resume dead coroutine")
    assert.error_matches(coroutine.wrap(function() error "text" end), "text")
  end)

  it("can be closed", function()
    local closed
    local co = coroutine.create(function()
      local _ <close> = setmetatable({}, { __close = function() closed = true end })
      coroutine.yield()
    end)
    coroutine.resume(co)
    assert.is_true(coroutine.close(co))
    assert.is_true(closed)
    assert.has_error(function() coroutine.close(coroutine.running()) end)
  end)
end)
