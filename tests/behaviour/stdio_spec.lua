-- Workers that use their standard input and output for the protocol, with and
-- without a launcher.
local behaviour = require "support.behaviour"
local frames = require "support.frames"
local paths = require "support.paths"
local json = require "sluice".json

--- A launcher that runs this first and then becomes the worker.
local function launcher(before)
  return { "sh", "-c", before .. '; exec "$@"', "launcher" }
end

local function via(before, name, options)
  local all = { via = launcher(before), remote = paths.sluice }
  for key, value in pairs(options or {}) do all[key] = value end
  return behaviour.spawn(name, all)
end

describe("a worker on stdin and stdout", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("sends the same as on descriptors of its own", function()
    local seen = behaviour.run(behaviour.spawn("counts.lua", { transport = "stdio" }), "interleave")
    behaviour.succeeded(seen)
    assert.same({
      "row a 0 1", "diagnostic first: after a row", "row b 0 2", "progress half 1/2", "row a 1 3",
      "progress unknown end 7", "diagnostic second: before the last row", "row b 1 4", "summary",
    }, seen.events)
  end)

  for name, case in pairs {
    wellbehaved = { "count", 3 }, ["bad_envelopes.so"] = { "given", { stream = "rows", payload = 1 } },
    ["payloads.lua"] = { "texts" },
  } do
    it(("may be %s"):format(name), function()
      local worker = behaviour.spawn(name, { transport = "stdio" })
      behaviour.succeeded(behaviour.run(worker, case[1], case[2]))
      behaviour.succeeded(behaviour.run(worker, case[1], case[2]))
      assert.equal(1, worker:info().generation)
    end)
  end

  it("may be a wrapped command", function()
    local seen = behaviour.run(behaviour.shell("echo 1; echo 2", { transport = "stdio" }))
    behaviour.succeeded(seen)
    assert.same({ "1", "2" }, seen.rows)
  end)

  it("may be hand-made", function()
    local worker = behaviour.spawn(behaviour.speaking(frames.magic .. frames.hello(), { await = "request" },
      frames.answer { "1" }), { transport = "stdio" })
    behaviour.succeeded(behaviour.run(worker, "index"))
  end)

  it("may print anything: it becomes a diagnostic, and corrupts no frame", function()
    local seen = behaviour.run(behaviour.spawn("prints.lua", { transport = "stdio" }), "talk", { n = 50 })
    behaviour.succeeded(seen)
    assert.equal(50, #seen.rows)
    seen = behaviour.run(behaviour.spawn("prints.lua", { transport = "stdio" }), "protocol_on_stdout")
    behaviour.succeeded(seen)
    assert.same({ "1" }, seen.rows)
  end)

  it("may flood stdout and stderr without delaying a row", function()
    for _, export in ipairs { "stdout", "stderr" } do
      local summary = assert(behaviour.spawn("floods_stderr", { transport = "stdio" }):run(export, 16, {
        on_row = function() end,
      }))
      assert.equal(16 * 16, summary.total_rows)
    end
  end)

  it("is cancelled, stopped and timed out like any other", function()
    local worker = behaviour.spawn("wellbehaved", { transport = "stdio" })
    local seen = behaviour.run(worker, "forever", nil, { on_row = function(_, run) run:stop() end })
    assert.is_true(behaviour.succeeded(seen).stopped)
    seen = behaviour.run(worker, "forever", nil, { on_row = function(_, run) run:cancel() end })
    behaviour.failed("cancelled", seen)
    assert.equal(1, #seen.rows)
    local slow = behaviour.spawn("sleeps", { transport = "stdio" })
    behaviour.failed("request_timeout", behaviour.run(slow, "deaf", 60000, { timeout = 0.1 }))
  end)

  it("that dies has its rows delivered", function()
    for export, signal in pairs { segv = 11, kill = 9, term = 15 } do
      local seen = behaviour.run(behaviour.spawn("dies_after_rows", { transport = "stdio" }), export, 5)
      assert.equal(signal, behaviour.failed("worker_exited", seen).signal)
      assert.same({ "0", "1", "2", "3", "4" }, seen.rows)
    end
  end)
end)

describe("a worker behind a launcher", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("is started through it", function()
    local seen = behaviour.run(via(":", "counts.lua"), "count", { n = 2 })
    behaviour.succeeded(seen)
    assert.same({ '{"i":1}', '{"i":2}' }, seen.rows)
  end)

  it("accepts the launcher as one string", function()
    local worker = behaviour.spawn("counts.lua", { via = "env --", remote = paths.sluice })
    behaviour.succeeded(behaviour.run(worker, "count", {}))
  end)

  it("gets its arguments word by word", function()
    local worker = behaviour.spawn({ behaviour.file "counts.lua", "a b", "*", "'" }, { via = "env", remote = paths.sluice })
    assert.same({ "a b", "*", "'" }, worker:call "arguments")
  end)

  it("gets its environment and directory at the far end", function()
    local worker = behaviour.spawn({ "sh", "-c", [[printf '"%s %s"\n' "$PWD" "$FAR"]] },
      { lines = true, via = "env", remote = paths.sluice, cwd = "/", env = { FAR = "away" } })
    assert.same({ '"/ away"' }, behaviour.run(worker).rows)
  end)

  it("that prints lines first is tolerated, whatever they are", function()
    for _, before in ipairs {
      "echo Welcome", [[printf '\223slu']], [[printf '\223sluice\r\n']], "head -c 3000 /dev/zero", [[printf 'no newline']],
    } do
      local seen = behaviour.run(via(before, "counts.lua"), "count", { n = 1 })
      behaviour.succeeded(seen)
      assert.same({ '{"i":1}' }, seen.rows)
    end
  end)

  it("that prints and then fails is quoted, with its exit status", function()
    local failure = behaviour.refused("handshake", "counts.lua",
      { via = launcher "echo 'Host key verification failed.'; exit 255", remote = paths.sluice })
    behaviour.says(failure.message, "Host key verification failed.")
    assert.equal(255, failure.exit_status)
  end)

  it("that complains on stderr and fails has its complaint in the failure", function()
    local failure = behaviour.refused("handshake", "counts.lua",
      { via = launcher "echo 'Permission denied (publickey).' >&2; exit 255", remote = paths.sluice })
    assert.equal("Permission denied (publickey).\n", failure.tail)
  end)

  it("that prints forever is a handshake failure, and its output is not kept", function()
    local failure = behaviour.refused("handshake", "counts.lua", { via = launcher "exec yes", remote = paths.sluice })
    behaviour.says(failure.message, "no sign of a worker")
  end)

  it("that finds no sluice at the far end is refused", function()
    local failure = behaviour.refused("handshake", "counts.lua",
      { via = launcher ":", remote = "sluice-is-not-here" })
    assert.equal(127, failure.exit_status)
    behaviour.says(failure.tail, "sluice-is-not-here")
  end)

  it("that is itself not found is spawn", function()
    behaviour.refused("spawn", "counts.lua", { via = "sluice-has-no-such-launcher", remote = paths.sluice })
  end)

  it("ends with the launcher, and leaves nothing, when it is cancelled", function()
    local mark = ("SLUICE_TEST=%d launched"):format(behaviour.pid)
    local worker = behaviour.spawn("emits_forever.lua", {
      via = { "env", mark, "sh", "-c", '"$@"; exit $?', "launcher" }, remote = paths.sluice,
    })
    behaviour.failed("cancelled", behaviour.run(worker, "stubbornly", nil, { on_row = function(_, run) run:cancel() end }))
    behaviour.close(worker)
    behaviour.await("the end of launcher and worker", function() return #behaviour.having(mark) == 0 end)
  end)

  it("receives the same bytes as any other", function()
    local texts = assert(behaviour.spawn("payloads.lua"):call "list")
    local seen = behaviour.run(via("echo Welcome", "payloads.lua"), "texts")
    assert.same(texts, seen.rows)
    assert.equal("null", json.encode(json.null))
  end)
end)
