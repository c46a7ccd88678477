-- Backpressure: a slow handler makes the worker wait; no row is lost, and none pile up.
local behaviour = require "support.behaviour"
local paths = require "support.paths"

--- Checks that the runner's memory grows by at most so many KiB while f runs.
local function flat(most, f)
  collectgarbage()
  collectgarbage()
  local before = behaviour.memory "VmRSS"
  f()
  local grown = behaviour.memory "VmRSS" - before
  if not paths.sanitized then assert.is_true(grown < most, ("the runner grew by %d KiB"):format(grown)) end
end

--- Waits until the number in the file stops growing; returns it.
local function standstill(path)
  local last, since = -1, behaviour.now()
  return behaviour.await("the worker to be held up", function()
    local count = tonumber(behaviour.read(path) or "") or 0
    if count ~= last then last, since = count, behaviour.now() end
    return behaviour.now() - since > 0.2 and last
  end)
end

describe("a slow handler", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("blocks a fast worker, and then gets all of its rows", function()
    local worker, path, total = behaviour.spawn "counts_in_a_file.lua", behaviour.path(), 20000
    local held, rows = nil, 0
    local summary = assert(worker:run("emit", { path = path, n = total }, {
      on_row = function(row)
        if row.sequence == 0 then held = standstill(path) end
        assert(row.sequence == rows)
        rows = rows + 1
      end,
    }))
    assert.is_true(held > 0 and held < 4096, held .. " rows of 1 KiB had left the worker")
    assert.equal(total, rows)
    assert.equal(total, summary.total_rows)
  end)

  it("blocks the worker in a loop over rows as well", function()
    local worker, path, total = behaviour.spawn "counts_in_a_file.lua", behaviour.path(), 20000
    local held, rows = nil, 0
    for row in worker:rows("emit", { path = path, n = total }) do
      if row.sequence == 0 then held = standstill(path) end
      rows = rows + 1
    end
    assert.is_true(held > 0 and held < 4096, held .. " rows of 1 KiB had left the worker")
    assert.equal(total, rows)
  end)

  it("blocks a worker whose loop over rows waits while another worker is served", function()
    local worker, path, total = behaviour.spawn "counts_in_a_file.lua", behaviour.path(), 20000
    local other = behaviour.spawn "counts.lua"
    local held, rows = nil, 0
    flat(6 * 1024, function()
      for row in worker:rows("emit", { path = path, n = total }) do
        if row.sequence == 0 then
          for _ = 1, 200 do assert(other:call("echo", 1)) end
          held = standstill(path)
        end
        rows = rows + 1
      end
    end)
    assert.is_true(held > 0 and held < 4096, held .. " rows of 1 KiB had left the worker")
    assert.equal(total, rows)
  end)
end)

describe("the runner's memory", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("stays flat over 100 MiB of rows", function()
    local worker, path = behaviour.spawn "counts_in_a_file.lua", behaviour.path()
    assert(worker:run("emit", { path = path, n = 2000 }, { on_row = function() end }))
    flat(4 * 1024, function()
      local summary = assert(worker:run("emit", { path = path, n = 100 * 1024 }, { on_row = function() end }))
      assert.equal(100 * 1024, summary.total_rows)
    end)
  end)

  it("stays flat over a million rows that a handler reads", function()
    local worker = behaviour.spawn "wellbehaved"
    local sum = 0
    local policy = { on_row = function(row) sum = sum + row:get "i" end }
    assert(worker:run("count", 1000, policy))
    sum = 0
    flat(4 * 1024, function() assert(worker:run("count", 1000000, policy)) end)
    assert.equal(1000000 * 1000001 // 2, sum)
  end)

  it("stays flat while a handler waits with rows queued behind it", function()
    local worker = behaviour.spawn "wellbehaved"
    flat(6 * 1024, function()
      worker:run("forever", nil, {
        on_row = function(row, run)
          if row.sequence == 0 then behaviour.sleep(0.3) end
          if row.sequence == 1000 then run:cancel() end
        end,
      })
    end)
  end)
end)

describe("a worker that prints forever", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  local MIB = paths.sanitized and 64 or 1024

  for _, export in ipairs { "stderr", "stdout" } do
    it(("(1 GiB to %s) delays no row and costs no memory"):format(export), function()
      local worker = behaviour.spawn "floods_stderr"
      local rows, early = 0, 0
      flat(4 * 1024, function()
        local summary = assert(worker:run(export, MIB, {
          timeout = "60s",
          on_row = function()
            rows = rows + 1
            -- 16 rows and about 13,000 lines for each MiB.
            if worker:stats().diagnostics < MIB * 6500 then early = early + 1 end
          end,
        }))
        assert.equal(MIB * 16, summary.total_rows)
      end)
      assert.equal(MIB * 16, rows)
      assert.is_true(early > MIB, early .. " rows came in the first half of the flood")
    end)
  end

  it("keeps at most 64 KiB of its output for a failure", function()
    local worker = behaviour.shell "head -c 1000000 /dev/zero | tr '\\0' e >&2; echo last words >&2; echo oops"
    local failure = behaviour.failed("row_malformed", behaviour.run(worker))
    assert.is_true(#failure.tail <= 64 * 1024)
    assert.equal("last words\n", failure.tail:sub(-11))
  end)
end)
