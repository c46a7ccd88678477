--- Requests through the binding: summaries, pulling, cancelling, handles.
local core = require "sluice.core"
local support = require "script.support"

teardown(support.shutdown)

local function texts(n)
  local rows = {}
  for i = 1, n do rows[i] = { "rows", tostring(i) } end
  return rows
end

local function ignore() end

describe("a summary", function()
  it("counts rows per stream and has the elapsed time", function()
    local summary = support.run({ { "a", "1" }, { "b", "22" }, { "a", "3" } }, { default = { on_row = ignore } })
    assert.equal(3, summary.total_rows)
    assert.same({ a = 2, b = 1 }, summary.per_stream)
    assert.is_false(summary.stopped)
    assert.is_true(summary.elapsed > 0)
    local counts = summary.counts.per_stream.a
    assert.matches("^" .. ("%x"):rep(16) .. "$", counts.checksum)
    counts.checksum = nil
    assert.same({ rows = 2, bytes = 2, kept = 2, dropped = 0, invalid = 0, rejected = 0 }, counts)
    assert.same({ 3, 4, 3, 0 }, { summary.counts.rows, summary.counts.bytes, summary.counts.kept, summary.counts.dropped })
  end)

  it("comes with the last progress", function()
    local phases, notes = {}, {}
    assert(support.worker():begin {
      export = "progress", default = { on_row = ignore },
      on_progress = function(p) phases[#phases + 1] = p end,
      on_diagnostic = function(d) notes[#notes + 1] = d end,
    })
    local summary = assert(support.worker():wait())
    assert.same({ { phase = "half", current = 1, total = 2 } }, phases)
    assert.same({ { code = "note", message = "something" } }, notes)
    assert.same(phases[1], summary.counts.progress)
  end)

  it("is returned again by another wait", function()
    local first = support.run(texts(1), { default = { on_row = ignore } })
    assert.equal(first, (support.worker():wait()))
  end)
end)

describe("pulled rows", function()
  it("come one by one, in order, and then none", function()
    assert(support.begin(texts(1000), { pull = true }))
    local n = 0
    for row in function() return support.worker():next() end do
      assert(row.sequence == n and row.raw == tostring(n + 1))
      n = n + 1
    end
    assert.equal(1000, n)
    assert.equal(1000, assert(support.worker():wait()).total_rows)
  end)

  it("go through where and map", function()
    assert(support.begin(texts(4), { pull = true, default = { where = function(row) return row.payload > 2 end } }))
    local seen = {}
    for row in function() return support.worker():next() end do seen[#seen + 1] = row.payload end
    assert.same({ 3, 4 }, seen)
  end)

  it("end with a cancel", function()
    local run = assert(support.begin(texts(10), { pull = true }))
    assert(support.worker():next())
    run:cancel "enough"
    assert.is_nil(support.worker():next())
    local summary, failure = support.worker():wait()
    assert.same({ nil, "cancelled", "enough" }, { summary, failure.kind, failure.message })
  end)

  it("cannot be waited for", function()
    local run = assert(support.begin(texts(10), { pull = true }))
    assert.error_matches(function() support.worker():wait() end, "pulled")
    run:cancel()
  end)
end)

describe("a run", function()
  it("knows its export and its worker", function()
    local run = assert(support.begin(texts(1), { default = { on_row = function(_, r)
      assert(r.export == "texts" and r.worker == support.worker())
    end } }))
    assert(support.worker():wait())
    assert.equal("texts", run.export)
  end)

  it("delivers no later row once a handler has cancelled it", function()
    local seen = 0
    local failure = support.fails("cancelled", { "1", "2", "3" }, function(_, run)
      seen = seen + 1
      run:cancel "that will do"
    end)
    assert.same({ 1, "that will do" }, { seen, failure.message })
  end)

  it("keeps its first failure", function()
    support.fails("cancelled", { "1" }, function(_, run)
      run:cancel()
      error "later"
    end)
  end)

  it("ends properly even if nothing refers to it or its worker", function()
    local weak = setmetatable({}, { __mode = "v" })
    local seen = 0
    do
      local worker = assert(core.worker { argv = support.worker() and { core.exe, "worker", "--transport", "pipe", "--", require "support.paths".file "script/texts.lua" } })
      weak.run = assert(worker:begin { export = "progress", default = { on_row = function() seen = seen + 1 end } })
    end
    local deadline = core.now() + 10
    while seen < 2 and core.now() < deadline do
      collectgarbage()
      support.succeeds({ "1" }, ignore)
    end
    assert.equal(2, seen)
    while weak.run and core.now() < deadline do
      support.succeeds({ "1" }, ignore)
      collectgarbage()
    end
    assert.is_nil(weak.run)
    core.finish()
  end)
end)

describe("a worker's handle", function()
  it("describes the process", function()
    local worker = support.worker()
    assert(worker:start())
    local info = worker:info()
    assert.same({ { name = "progress", type = "rows" }, { name = "texts", type = "rows" } },
      (function(e) table.sort(e, function(a, b) return a.name < b.name end) return e end)(info.exports))
    assert.equal(info.pid, worker:health().pid)
    assert.equal("idle", worker:health().state)
    assert.is_true(worker:health().rss > 0)
  end)

  it("starts a fresh process after it was cycled", function()
    local worker = support.worker()
    assert(worker:start())
    local before = worker:info()
    assert.is_true(worker:cycle())
    assert.is_nil(worker:info())
    assert(worker:start())
    assert.equal(before.generation + 1, worker:info().generation)
  end)

  it("reports how the process left", function()
    local worker = support.worker()
    assert(worker:start())
    local pid = worker:info().pid
    assert.same({ pid = pid, status = 0, timed_out = false }, worker:shutdown())
    assert.equal("off", worker:health().state)
  end)

  it("cancels its request when it is closed, and cannot be used any more", function()
    local worker = assert(core.worker { argv = { "/bin/cat" } })
    assert(worker:begin { default = { on_row = ignore } })
    worker:close()
    worker:close()
    assert.error_matches(function() worker:begin {} end, "the worker is closed")
    core.finish()
  end)

  it("ends the request when it is closed inside its own handler", function()
    local worker = assert(core.worker { argv = { core.exe, "worker", "--transport", "pipe", "--", require "support.paths".file "script/texts.lua" } })
    local seen = 0
    local run = assert(worker:begin { export = "progress", default = { on_row = function() seen = seen + 1; worker:close() end } })
    local other = support.worker()
    while run:counts().rows == 0 do support.succeeds({ "1" }, ignore) end
    assert.equal(1, seen)
    assert.equal("idle", other:health().state)
    core.finish()
  end)

  it("reports as an outcome that its process cannot be started", function()
    local worker = assert(core.worker { argv = { "/nonexistent" } })
    local ok, err = worker:start()
    assert.same({ nil, "spawn", "ENOENT", 127 }, { ok, err.kind, err.errno, core.exit_code(err) })
    assert(worker:begin { default = { on_row = ignore } })
    local _, failure = worker:wait()
    assert.equal("spawn", failure.kind)
    worker:close()
  end)

  it("refuses bad options where they are given", function()
    assert.error_matches(function() core.worker { argv = { 1 } } end, "argv: expected a string")
    assert.error_matches(function() core.worker { argv = { "x" }, transport = "carrier pigeon" } end, "transport: unknown value")
    assert.error_matches(function() core.worker { argv = { "x" }, max_idle = -1 } end, "max_idle")
    local worker, err = core.worker { argv = {} }
    assert.same({ nil, "usage" }, { worker, err.kind })
  end)

  it("refuses bad handlers when the request begins", function()
    assert.error_matches(function() support.worker():begin { streams = { rows = { where = 1 } } } end,
      "streams.rows.where: expected a function, got a number")
    assert.error_matches(function() support.worker():begin { default = { taker = io.stdout } } end, "default.taker")
    assert.error_matches(function() support.worker():begin { on_progress = {} } end, "on_progress: expected a function")
  end)

  it("serves one request at a time", function()
    local run = assert(support.begin(texts(1), { pull = true }))
    local second, err = support.begin(texts(1), {})
    assert.same({ nil, "usage" }, { second, err.kind })
    run:cancel()
  end)
end)

describe("the tick", function()
  it("is called while rows stream", function()
    local ticks = 0
    assert(support.begin(texts(2000), { default = { on_row = function()
      local t = os.clock()
      while os.clock() - t < 0.00005 do end
    end } }))
    assert(support.worker():wait(function() ticks = ticks + 1 end, 10))
    assert.is_true(ticks >= 2, ticks .. " ticks")
  end)
end)

describe("an error object", function()
  it("has kind, message and fields, and a text of one line", function()
    local err = core.error("sink", "disk full", { errno = "ENOSPC", os = "No space left on device" })
    assert.equal("sink: disk full: No space left on device", tostring(err))
    assert.equal(err, core.error("policy", err))
  end)

  it("has the exit code of its kind", function()
    for kind, code in pairs(core.kinds) do assert.equal(code, core.exit_code(core.error(kind, "x"))) end
    assert.equal(127, core.exit_code(core.error("spawn", "x", { errno = "ENOENT" })))
  end)

  it("refuses a kind that does not exist", function()
    assert.error_matches(function() core.error("nonsense", "x") end, "unknown kind")
  end)
end)

describe("the environment", function()
  it("is a table of all variables", function()
    assert.equal(os.getenv "PATH", core.environ().PATH)
  end)
end)
