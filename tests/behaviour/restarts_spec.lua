-- Generations: when a worker's process is replaced, and when it is not.
local behaviour = require "support.behaviour"
local frames = require "support.frames"
local paths = require "support.paths"

local function count(worker) return behaviour.succeeded(behaviour.run(worker, "count", { n = 1 })) end

describe("a worker's process", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("serves one request after the other", function()
    local worker = behaviour.spawn "counts.lua"
    local pid = worker:info().pid
    for _ = 1, 50 do count(worker) end
    assert.equal(pid, worker:info().pid)
    assert.equal(1, worker:info().generation)
  end)

  it("is replaced after max_requests", function()
    local worker = behaviour.spawn("counts.lua", { max_requests = 3 })
    local pids = {}
    for i = 1, 7 do
      assert(worker:run("count", { n = 1 }, {
        on_row = function() pids[i] = worker:info().pid end,
      }))
    end
    assert.equal(pids[1], pids[3])
    assert.not_equal(pids[3], pids[4])
    assert.equal(pids[4], pids[6])
    assert.not_equal(pids[6], pids[7])
    assert.equal(3, worker:stats().generations)
    assert.equal(7, worker:stats().requests)
  end)

  it("is replaced after max_requests, counting calls and failures", function()
    local worker = behaviour.spawn("raises.lua", { max_requests = 2 })
    worker:call "ok"
    worker:call "fail"
    worker:call "ok"
    assert.equal(2, worker:info().generation)
  end)

  it("is replaced when it holds more than max_rss", function()
    local worker = behaviour.spawn("remembers.lua", { max_rss = "64MiB" })
    assert.equal(1, worker:call("remember", 1))
    assert.equal(2, worker:call("remember", 1))
    assert.equal(1, worker:info().generation)
    assert.equal(3, worker:call("remember", 100))
    assert.equal(1, worker:call("remember", 1))
    assert.equal(2, worker:info().generation)
  end)

  it("is ended when it has been idle for max_idle", function()
    local worker, other = behaviour.spawn("counts.lua", { max_idle = 0.1 }), behaviour.spawn "counts.lua"
    local pid = worker:info().pid
    count(worker)
    behaviour.await("the end of the idle process", function()
      count(other)
      return not behaviour.is_alive(pid)
    end)
    count(worker)
    assert.equal(2, worker:info().generation)
    assert.equal(1, other:info().generation)
  end)

  it("loses its memory when it is cycled", function()
    local worker = behaviour.spawn "remembers.lua"
    assert.equal(1, worker:call("remember", 1))
    assert.equal(2, worker:call("remember", 1))
    assert.is_true(worker:cycle())
    assert.equal("off", worker:health().state)
    assert.equal(1, worker:call("remember", 1))
    assert.equal(2, worker:info().generation)
  end)

  it("is replaced after a failure that the runner detects, not after one that the worker reports", function()
    local worker = behaviour.spawn "counts.lua"
    worker:run("count", {}, { on_row = function() error "a handler" end })
    behaviour.succeeded(behaviour.run(worker, "count", {}))
    assert.equal(2, worker:info().generation)
    behaviour.failed("export_failed", behaviour.run(worker, "count"))
    behaviour.succeeded(behaviour.run(worker, "count", {}))
    assert.equal(2, worker:info().generation)
  end)

  it("gets request ids that no earlier generation had", function()
    local path = behaviour.path()
    local script = behaviour.write(behaviour.path(), ([[
      local frames = require "support.frames"
      local orders, out = io.open("/dev/fd/3", "rb"), io.open("/dev/fd/4", "wb")
      out:setvbuf "no"
      out:write(frames.magic .. frames.hello())
      orders:read((string.unpack("<I4", orders:read(frames.header_size)))) -- configure
      local id = string.unpack("<i8", orders:read(frames.header_size), 9)
      local log = io.open(%q, "a")
      log:write(id, "\n")
      log:close()
      out:write(frames.answer({ tostring(id) }, { request = id }))
      os.exit(0)
    ]]):format(path))
    local worker = behaviour.spawn { paths.lua, script }
    for _ = 1, 4 do
      worker:run("index", nil, { on_row = function() end })
      worker:cycle()
    end
    assert.same({ "1", "2", "3", "4" }, behaviour.lines(path))
  end)
end)

describe("the restart limit", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("ends a worker that keeps dying, after 16 deaths", function()
    local worker = behaviour.spawn "dies_after_rows"
    for _ = 1, 16 do behaviour.failed("worker_exited", behaviour.run(worker, "exit3", 1)) end
    local seen = behaviour.run(worker, "exit3", 1)
    local failure = behaviour.failed("restart_limit", seen)
    assert.same({ "failure restart_limit" }, seen.events)
    behaviour.says(failure.message, "16 times in 60 s")
    assert.equal(16, worker:stats().generations)
  end)

  it("ends a worker that keeps timing out", function()
    local worker = behaviour.spawn "sleeps"
    for _ = 1, 16 do behaviour.failed("request_timeout", behaviour.run(worker, "deaf", 60000, { timeout = 0.01 })) end
    behaviour.failed("restart_limit", behaviour.run(worker, "deaf", 0))
  end)

  it("does not count cancellations, cycles and failures of the script", function()
    local worker = behaviour.spawn "wellbehaved"
    for i = 1, 24 do
      if i % 3 == 0 then
        worker:run("forever", nil, { on_row = function(_, run) run:cancel() end })
      elseif i % 3 == 1 then
        worker:run("forever", nil, { on_row = function() error "no" end })
      else
        worker:cycle()
      end
    end
    behaviour.succeeded(behaviour.run(worker, "count", 1))
  end)

  it("applies to each worker separately", function()
    local bad, good = behaviour.spawn "dies_after_rows", behaviour.spawn "counts.lua"
    for _ = 1, 17 do bad:run("exit3", 1, { on_row = function() end }) end
    assert.equal("restart_limit", select(2, bad:outcome()).kind)
    behaviour.serves_on(good, 1, "count", {})
  end)
end)

describe("a shutdown", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("reports a worker that exited in good order", function()
    local worker = behaviour.spawn("counts.lua", { stop_grace = 5 })
    local pid = worker:info().pid
    assert.same({ pid = pid, status = 0, timed_out = false }, worker:shutdown())
    assert.equal("off", worker:health().state)
    assert.is_nil(worker:info())
  end)

  it("reports the exit status of the worker", function()
    local worker = behaviour.spawn(behaviour.speaking(frames.magic .. frames.hello(), { exit = 7 }), { stop_grace = 5 })
    assert.equal(7, worker:shutdown().status)
  end)

  it("has the same result the second time", function()
    local worker = behaviour.spawn("counts.lua", { stop_grace = 5 })
    local report = worker:shutdown()
    assert.same(report, worker:shutdown())
  end)

  it("does not end the handle: the next request starts a process", function()
    local worker = behaviour.spawn "counts.lua"
    worker:shutdown()
    count(worker)
    assert.equal(2, worker:info().generation)
  end)

  it("allows the worker's last output to be read", function()
    local worker = behaviour.spawn "prints.lua"
    behaviour.run(worker, "talk", { n = 1 })
    worker:shutdown()
    behaviour.says(worker:health().tail, "no newline")
  end)
end)

describe("the information about a worker", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("contains its name, version and exports", function()
    local info = behaviour.spawn("counts.lua"):info()
    assert.equal("counts", info.name)
    assert.equal("1.2", info.version)
    assert.equal(1024 * 1024, info.max_frame)
    local names = {}
    for i, export in ipairs(info.exports) do names[i] = export.name .. " " .. export.type end
    table.sort(names)
    assert.same({ "arguments call", "count rows", "echo call", "interleave rows", "no_value call", "nothing rows" }, names)
  end)

  it("contains its state, process and memory", function()
    local worker = behaviour.spawn "counts.lua"
    local health = worker:health()
    assert.equal("idle", health.state)
    assert.is_true(behaviour.is_alive(health.pid))
    assert.is_true(health.rss > 100000)
  end)

  it("is summed over its generations", function()
    local worker = behaviour.spawn "counts.lua"
    count(worker)
    worker:cycle()
    count(worker)
    behaviour.failed("usage", behaviour.run(worker, "nope"))
    local stats = worker:stats()
    assert.same({ requests = 3, succeeded = 2, failed = 1, generations = 2, rows = 2, bytes = 14, diagnostics = 0 }, stats)
  end)
end)
