--- require "sluice": the interface for a Lua program.
local behaviour = require "support.behaviour"
local paths = require "support.paths"
local sluice = require "sluice"

local function payloads(worker, ...)
  local list = {}
  for row in worker:rows(...) do list[#list + 1] = row:get "i" or row.payload end
  return list
end

--- Misuse is raised at the line of this file that causes it.
local function misused(message, f)
  local line = debug.getinfo(f, "S").linedefined
  local err = behaviour.raised(f)
  assert.equal(("%s:%d: %s"):format(debug.getinfo(1, "S").short_src, line, message), err)
end

describe("a loop over rows", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("gives every row, and ends when the stream is known to be complete", function()
    local worker = behaviour.spawn "counts.lua"
    assert.same({ 1, 2, 3, 4 }, payloads(worker, "count", { n = 4 }))
    local summary, failure = worker:outcome()
    assert.is_nil(failure)
    assert.equal(4, summary.total_rows)
    assert.equal(4, summary.metadata.emitted)
  end)

  it("raises the failure, after the rows that came before it", function()
    local worker, seen = behaviour.spawn "raises.lua", {}
    local err = behaviour.raised(function()
      for row in worker:rows "after_rows" do seen[#seen + 1] = row.payload end
    end)
    assert.equal("export_failed", err.kind)
    assert.same({ 1, 2 }, seen)
    local summary, failure = worker:outcome()
    assert.is_nil(summary)
    assert.equal(err, failure)
  end)

  it("gives the failure to on_failure instead, and ends", function()
    local worker, failures = behaviour.spawn "raises.lua", {}
    local seen = payloads(worker, "after_rows", nil, { on_failure = function(f) failures[#failures + 1] = f.kind end })
    assert.same({ 1, 2 }, seen)
    assert.same({ "export_failed" }, failures)
  end)

  it("cancels the request when it is left, and the worker keeps serving", function()
    local worker = behaviour.spawn "emits_forever.lua"
    for row in worker:rows "stubbornly" do
      if row.payload == 3 then break end
    end
    local _, failure = worker:outcome()
    assert.equal("cancelled", failure.kind)
    for row in worker:rows "stubbornly" do
      assert.equal(0, row.sequence)
      break
    end
  end)

  it("cancels the request when its body fails, and the error is the body's", function()
    local worker = behaviour.spawn "emits_forever.lua"
    local err = behaviour.raised(function()
      for _ in worker:rows "stubbornly" do error("mine", 0) end
    end)
    assert.equal("mine", err)
    assert.equal("cancelled", select(2, worker:outcome()).kind)
  end)

  it("ends in good order after run:stop()", function()
    local worker = behaviour.spawn "emits_forever.lua"
    for row, run in worker:rows "politely" do
      if row.payload == 5 then run:stop() end
    end
    assert.is_true(worker:outcome().stopped)
  end)

  it("gives rows that may be kept", function()
    local worker, kept = behaviour.spawn "counts.lua", {}
    for row in worker:rows("count", {}) do kept[#kept + 1] = row end
    assert.same({ "rows 0 1", "rows 1 2", "rows 2 3" }, {
      ("%s %d %d"):format(kept[1].stream, kept[1].sequence, kept[1].payload.i),
      ("%s %d %d"):format(kept[2].stream, kept[2].sequence, kept[2]:get "i"),
      ("%s %d %d"):format(kept[3].stream, kept[3].sequence, kept[3]:get "/i"),
    })
  end)

  it("passes on diagnostics and progress", function()
    local worker, seen = behaviour.spawn "counts.lua", {}
    payloads(worker, "interleave", nil, {
      on_diagnostic = function(d) seen[#seen + 1] = d.code end,
      on_progress = function(p) seen[#seen + 1] = p.phase end,
    })
    assert.same({ "first", "half", "unknown end", "second" }, seen)
  end)

  it("allows no other request on its worker while it runs", function()
    local worker = behaviour.spawn "counts.lua"
    local err = behaviour.raised(function()
      for _ in worker:rows("count", {}) do worker:call "echo" end
    end)
    behaviour.says(err, "call: a loop over rows of this worker is still running")
    assert.same({ 1, 2, 3 }, payloads(worker, "count", {}))
  end)

  it("may run inside the loop of another worker", function()
    local outer, inner, sum = behaviour.spawn "counts.lua", behaviour.spawn "counts.lua", 0
    for row in outer:rows("count", { n = 2 }) do
      for _, i in ipairs(payloads(inner, "count", { n = row.payload.i })) do sum = sum + i end
    end
    assert.equal(1 + (1 + 2), sum)
  end)
end)

describe("a call", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("returns the value", function()
    local worker = behaviour.spawn "counts.lua"
    assert.same({ a = { 1, 2 } }, worker:call("echo", { a = { 1, 2 } }))
    assert.is_false(worker:call("echo", false))
  end)

  it("returns null as sluice.null, which is not a failure", function()
    local worker = behaviour.spawn "counts.lua"
    assert.equal(sluice.null, worker:call "no_value")
    assert.equal(sluice.null, worker:call("echo", sluice.null))
  end)

  it("keeps 64-bit integers and empty arrays", function()
    local worker = behaviour.spawn "counts.lua"
    assert.equal(9007199254740993, worker:call("echo", 9007199254740993))
    assert.is_true(sluice.json.is_array(worker:call("echo", sluice.array {})))
  end)

  it("fails with nil and a typed error, and the worker keeps serving", function()
    local worker = behaviour.spawn "raises.lua"
    local value, err = worker:call "fail"
    assert.is_nil(value)
    assert.equal("export_failed", err.kind)
    assert.equal("still here", worker:call "ok")
  end)
end)

describe("the final handler of a policy", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("fails the run if on_summary fails, and reports that the rows were accepted", function()
    local worker = behaviour.spawn "counts.lua"
    local summary, err = worker:run("count", {}, {
      on_row = function() end,
      on_summary = function() error "no room" end,
    })
    assert.is_nil(summary)
    assert.equal("sink", err.kind)
    assert.equal("on_summary", err.handler)
    assert.is_true(err.committed)
    assert.equal(3, err.summary.total_rows)
    behaviour.says(err.message, "all rows were accepted, but on_summary failed: ")
  end)

  it("becomes a note in the failure if on_failure fails", function()
    local worker = behaviour.spawn "raises.lua"
    local _, err = worker:run("text", nil, { on_failure = function() error "twice" end })
    assert.equal("export_failed", err.kind)
    behaviour.says(err.notes[1], "on_failure failed too: ")
  end)
end)

describe("run", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("takes the keys of a policy", function()
    local worker, seen = behaviour.spawn "counts.lua", {}
    local policy = {
      export = "count", request = { n = 2 }, timeout = "20s", idle_timeout = "20s", max_rejects = 5,
      streams = { numbers = { on_row = function(row) seen[#seen + 1] = row.payload.i end } },
      on_row = function(row) seen[#seen + 1] = row.payload.i end,
      on_summary = function(summary) seen[#seen + 1] = summary.total_rows end,
    }
    assert(worker:run(policy))
    assert.same({ 1, 2, 2 }, seen)
    assert(worker:run("count", { n = 1 }, policy))
    assert.same({ 1, 2, 2, 1, 1 }, seen)
  end)
end)

describe("misuse", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("of spawn is raised at the caller's line", function()
    misused("spawn: timeut: unknown key; did you mean timeout?", function() sluice.spawn { "x", timeut = 3 } end)
    misused('spawn: expected a list of words such as { "scan.lua", "--fast" }', function() sluice.spawn {} end)
    misused('spawn: expected a table such as { "scan.lua", timeout = "5m" }, got a string', function() sluice.spawn "x" end)
    misused("spawn: max_frame: expected a size such as 64KiB, 1MiB or 10MB, got true",
      function() sluice.spawn { "x", max_frame = true } end)
  end)

  it("of a worker is raised at the caller's line", function()
    local worker = behaviour.spawn "counts.lua"
    misused('rows: export: expected a name, got ""', function() worker:rows "" end)
    misused("run: on_rows: unknown key; did you mean on_row?", function() worker:run("count", {}, { on_rows = print }) end)
    misused("run: on_rows: unknown key; did you mean on_row?", function() worker:run { on_rows = print } end)
    misused("run: where: belongs to a stream: streams = { NAME = { where = … } }", function() worker:run { where = print } end)
    misused("run: policy: expected a table, got 5", function() worker:run("count", nil, 5) end)
    misused("call: idle_timeout: expected a duration such as 30s, 500ms or 10m, got a table",
      function() worker:call("echo", 1, { idle_timeout = {} }) end)
    misused("call: request: cannot be written as JSON: a function cannot be written as JSON",
      function() worker:call("echo", print) end)
  end)
end)

describe("a worker's scope", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("ends with the process gone, even in the middle of a loop", function()
    local pid
    do
      local worker <close> = assert(sluice.spawn { behaviour.file "emits_forever.lua", stop_grace = 0.3, kill_grace = 0.3 })
      pid = worker:info().pid
      worker:rows "deaf"
    end
    assert.is_false(behaviour.is_alive(pid))
  end)

  it("may be left and entered again: a request after shutdown starts a fresh process", function()
    local worker = behaviour.spawn "counts.lua"
    local first = worker:info()
    local report = assert(worker:shutdown())
    assert.equal(first.pid, report.pid)
    assert.equal("again", worker:call("echo", "again"))
    assert.equal(first.generation + 1, worker:info().generation)
    assert.equal(1, worker:stats().requests)
  end)
end)

describe("a Lua state that closes", function()
  it("runs finalizers that read JSON after ours have run", function()
    local program = behaviour.write(behaviour.path(), [[
      local json, core, schema = require "sluice.json", require "sluice.core", require "sluice.schema"
      local early, late = schema.record { a = schema.integer }:compile(), nil
      local function try(...)
        local ok, value, err = pcall(...)
        io.write(tostring(ok and value and value.a or err or value), "\n")
      end
      _G.kept = setmetatable({}, { __gc = function()
        for _ = 1, 2 do
          try(json.decode, '{"a":1}')
          try(json.decode, json.encode { a = 2 })
          try(early.decode, early, '{"a":3}')
          try(early.decode, early, '{"a":"x"}')
        end
        try(late.decode, late, '{"a":4}')
        try(function() return core.row("rows", 1, "{}").payload end)
      end })
      late = schema.record { a = schema.integer }:compile()
      late:decode(json.encode(json.decode "{}"))
      assert(core.row("rows", 1, "[1]").payload)
    ]])
    local pipe = assert(io.popen(("%s %s 2>&1"):format(paths.quote(paths.lua), program)))
    local lines = {}
    for line in pipe:lines() do lines[#lines + 1] = line end
    assert.is_true((pipe:close()), table.concat(lines, "\n"))
    assert.equal(10, #lines)
    for i = 0, 4, 4 do
      assert.same({ "1", "2", "3" }, { table.unpack(lines, i + 1, i + 3) })
      assert.matches("/a: expected an integer, got", lines[i + 4])
    end
    assert.matches("the schema has already been finalized", lines[9])
    assert.matches("sluice is closed: the Lua state is being closed", lines[10])
  end)
end)

describe("sluice.error", function()
  it("makes an error object with a kind and details, with which sinks and policies can fail", function()
    local err = sluice.error("row_invalid", "2 rows do not fit", { stream = "rows" })
    assert.same({ "row_invalid", "2 rows do not fit", "rows" }, { err.kind, err.message, err.stream })
    assert.equal("row_invalid: 2 rows do not fit", tostring(err))
  end)
end)
