-- However long a worker resists, it ends within its grace periods, and nothing of
-- it is left: no child and no descriptor after each test (behaviour.after).
local behaviour = require "support.behaviour"
local frames = require "support.frames"
local paths = require "support.paths"

--- Closing the worker takes hardly longer than both grace periods.
local function closes_within(seconds, worker)
  local elapsed = behaviour.timed(function() behaviour.close(worker) end)
  assert.is_true(elapsed < seconds, ("it took %.2f s"):format(elapsed))
  assert.same({}, behaviour.children())
end

local function first_row_cancels(_, run) run:cancel() end

describe("a worker that", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  for _, export in ipairs { "deaf", "stopped" } do
    it(("ignores SIGTERM (%s) is killed after its grace periods when it is cancelled"):format(export), function()
      local worker = behaviour.spawn("ignores_sigterm", { stop_grace = 0.2, kill_grace = 0.2 })
      local pid = worker:info().pid
      local seen = behaviour.run(worker, export, nil, { on_row = first_row_cancels })
      behaviour.failed("cancelled", seen)
      assert.same({ "1" }, seen.rows)
      closes_within(1.4, worker)
      assert.is_nil(behaviour.state(pid))
    end)

    it(("ignores SIGTERM (%s) is killed after its grace period when it timed out"):format(export), function()
      local worker = behaviour.spawn("ignores_sigterm", { kill_grace = 0.2 })
      local pid = worker:info().pid
      behaviour.failed("request_timeout", behaviour.run(worker, export, nil, { timeout = 0.1 }))
      closes_within(1.2, worker)
      assert.is_nil(behaviour.state(pid))
    end)
  end

  it("is stopped from outside while it is idle ends when it is shut down", function()
    local worker = behaviour.spawn("counts.lua", { stop_grace = 0.2, kill_grace = 0.2 })
    os.execute("kill -STOP " .. worker:info().pid)
    local report, err = worker:shutdown()
    assert.is_nil(report)
    assert.equal("shutdown_timeout", err.kind)
    assert.same({}, behaviour.children())
  end)

  it("closes its pipe and does not exit is ended, and the request is worker_exited", function()
    local worker = behaviour.spawn("holds_the_pipe", { stop_grace = 0.2, kill_grace = 0.2 })
    local pid = worker:info().pid
    local seen
    local elapsed = behaviour.timed(function() seen = behaviour.run(worker, "closes_pipe") end)
    behaviour.says(behaviour.failed("worker_exited", seen).message, "closed its pipe")
    assert.same({ "1" }, seen.rows)
    assert.is_true(elapsed < 1.4, elapsed .. " s")
    assert.is_nil(behaviour.state(pid))
  end)

  for export, where in pairs { leaves_grandchild = "its group", leaves_daemon = "a session of its own" } do
    it(("leaves a grandchild in %s that holds the pipe ends within the drain grace period"):format(where), function()
      local mark = ("SLUICE_TEST=%d %s"):format(behaviour.pid, export)
      local worker = behaviour.spawn("holds_the_pipe", { kill_grace = 0.2, env = { SLUICE_TEST = mark:match "=(.*)" } })
      local seen
      local elapsed = behaviour.timed(function() seen = behaviour.run(worker, export) end)
      local failure = behaviour.failed("worker_exited", seen)
      assert.equal(0, failure.exit_status)
      assert.same({ "1" }, seen.rows)
      assert.is_true(elapsed < 1.2, elapsed .. " s")
      if export == "leaves_grandchild" then
        behaviour.await("the end of the grandchild", function() return #behaviour.having(mark) == 0 end)
      end
      for _, pid in ipairs(behaviour.having(mark)) do os.execute("kill -9 " .. pid) end
    end)
  end

  it("leaves a grandchild that holds stdout and stderr does not delay the end", function()
    local mark = ("SLUICE_TEST=%d printing"):format(behaviour.pid)
    local worker = behaviour.spawn("starts_a_daemon.lua", { env = { SLUICE_TEST = mark:match "=(.*)" } })
    behaviour.succeeded(behaviour.run(worker, "start", { path = behaviour.path() }))
    closes_within(1, worker)
    assert.equal(1, #behaviour.having(mark))
    for _, pid in ipairs(behaviour.having(mark)) do os.execute("kill -9 " .. pid) end
  end)

  it("takes no more orders is ended by a shutdown, which is a shutdown_timeout", function()
    local worker = behaviour.spawn(behaviour.speaking(frames.magic .. frames.hello(), { sleep = 60 }),
      { stop_grace = 0.2, kill_grace = 0.2 })
    local pid = worker:info().pid
    local report, err
    local elapsed = behaviour.timed(function() report, err = worker:shutdown() end)
    assert.is_nil(report)
    assert.equal("shutdown_timeout", err.kind)
    behaviour.says(err.message, tostring(pid))
    assert.is_true(elapsed >= 0.2 and elapsed < 1.4, elapsed .. " s")
  end)

  it("wraps a command ends together with the command, whichever signals that ignores", function()
    local mark = ("SLUICE_TEST=%d wrapped"):format(behaviour.pid)
    local worker = behaviour.shell("trap '' TERM INT HUP; echo 1; while :; do sleep 60; done",
      { stop_grace = 0.2, kill_grace = 0.2, env = { SLUICE_TEST = mark:match "=(.*)" } })
    behaviour.failed("cancelled", behaviour.run(worker, nil, nil, { on_row = first_row_cancels }))
    closes_within(1.4, worker)
    behaviour.await("the end of the command", function() return #behaviour.having(mark) == 0 end)
  end)
end)

describe("a program that ends", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  --- Runs this program in a Lua of its own; what it left alive is found by the mark.
  local function left_by(program, how)
    local mark = ("SLUICE_TEST=%d program"):format(behaviour.pid)
    local path = behaviour.write(behaviour.path(), program)
    local command = ("%s %s %s %s"):format("env " .. paths.quote(mark), paths.quote(paths.lua), path, how or "")
    os.execute(command .. " >/dev/null 2>&1")
    behaviour.await("the end of its workers", function() return #behaviour.having(mark) == 0 end)
  end

  local SLEEPS = ("%q"):format(behaviour.file "sleeps")

  it("without closing its worker leaves no worker", function()
    left_by(([[
      local sluice = require "sluice"
      kept = assert(sluice.spawn { %s })
      assert(kept:run("burst", 0, { on_row = function() end }))
    ]]):format(SLEEPS))
  end)

  it("in the middle of a request, by os.exit in a handler, leaves no worker", function()
    left_by(([[
      local sluice = require "sluice"
      local worker = assert(sluice.spawn { %s })
      worker:run("deaf", 60000, { on_row = function() os.exit(3) end })
    ]]):format(SLEEPS))
  end)

  it("in the middle of a request, by SIGKILL, leaves no worker", function()
    left_by(([[
      local sluice = require "sluice"
      local worker = assert(sluice.spawn { %s })
      worker:run("deaf", 60000, { on_row = function() os.execute("kill -9 $PPID") end })
    ]]):format(SLEEPS))
  end)

  it("by an error in the middle of a loop over rows leaves no worker", function()
    left_by(([[
      local sluice = require "sluice"
      local worker <close> = assert(sluice.spawn { %s })
      for row in worker:rows("deaf", 60000) do error("enough") end
    ]]):format(SLEEPS))
  end)
end)

describe("dozens of workers", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("leave nothing behind, whichever way they end", function()
    local ways = {
      function(w) behaviour.run(w, "deaf", 0) end,
      function(w) behaviour.run(w, "deaf", 60000, { on_row = first_row_cancels }) end,
      function(w) behaviour.run(w, "deaf", 60000, { timeout = 0.02 }) end,
      function(w) for _ in w:rows("slowly", 1) do break end end,
      function(w) w:run("slowly", 1, { on_row = function() error "no" end }) end,
      function(w) w:shutdown() end,
    }
    for i = 1, 36 do ways[i % #ways + 1](behaviour.spawn "sleeps") end
  end)

  it("are gone after a garbage collection if nothing refers to them", function()
    local pid
    do
      local sluice = require "sluice"
      local worker = assert(sluice.spawn { behaviour.file "counts.lua" })
      pid = worker:info().pid
    end
    collectgarbage()
    collectgarbage()
    local other = behaviour.spawn "counts.lua"
    behaviour.await("the end of the worker", function()
      assert(other:call("echo", 1))
      return behaviour.state(pid) == nil
    end)
  end)
end)
