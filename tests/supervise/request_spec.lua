--- The request machine, without a process: what the user sees, and what the
--- process is asked to do, for events and times that are given as numbers.
local frames = require "support.frames"
local paths = require "support.paths"
local probe = require "support.probe"
local hex = probe.hex

local MS = 1000000
local greeting = frames.magic .. frames.hello { exports = { { "index", "rows" }, { "size", "call" } } }

-- ---- commands ------------------------------------------------------------

--- A fresh handle; times in milliseconds.
local function worker(t)
  t = t or {}
  return ("worker %d %d %d %d %d"):format(t.startup or 0, t.grace or 0, t.max_requests or 0, t.max_rss or 0, t.max_idle or 0)
end
local function feed(bytes, ms) return ("feed %s %d"):format(hex(bytes), (ms or 1) * MS) end
local function begin(t)
  t = t or {}
  return ("begin %s %s %s %d %d %d"):format(t.type or "rows", hex(t.export or ""), hex(t.json or ""), t.timeout or 0, t.idle or 0,
    (t.at or 1) * MS)
end
local function line(text) return "line " .. hex(text) end
local function at(command, ms) return ("%s %d"):format(command, (ms or 1) * MS) end
local function due(ms, bytes) return at("due", ms) .. (bytes and " " .. hex(bytes) or "") end

--- States: the commands that lead there.
local into = {
  off = { worker() },
  starting = { worker(), at "start" },
  waiting = { worker(), begin() },
  idle = { worker(), at "start", feed(greeting) },
  busy = { worker(), begin(), feed(greeting) },
  called = { worker(), begin { type = "call" }, feed(greeting) },
}

-- ---- answers -------------------------------------------------------------

local say = {
  row = function(w) return "row " .. probe.unhex(w[4]) end,
  diagnostic = function(w) return probe.unhex(w[2]) .. ": " .. probe.unhex(w[3]) end,
  progress = function(w) return "progress " .. probe.unhex(w[2]) end,
  outcome = function(w)
    local result = probe.unhex(w[5]) .. probe.unhex(w[6])
    return ("%s of %s rows%s"):format(w[2], w[3], result ~= "" and ": " .. result or "")
  end,
  why = function(w) return ("%s: %s"):format(w[2], probe.unhex(w[4])) end,
}
say.error, say.start_error = say.why, say.why

--- Runs these commands; returns the answers to all but the first `skip`.
local function answers(commands, skip)
  local list = {}
  for i, answer in ipairs(probe.run("requestprobe", commands)) do
    if i > skip then table.move(answer, 1, #answer, #list + 1, list) end
  end
  return list
end

local function join(a, b) return table.move(b, 1, #b, #a + 1, table.move(a, 1, #a, 1, {})) end

--- Runs these commands in this state (a name, or commands); returns the events, as text.
local function from(state, commands)
  state = into[state] or state
  local lines = answers(join(state, commands), #state)
  for i, words in ipairs(lines) do lines[i] = say[words[1]] and say[words[1]](words) or words.line end
  return lines
end

--- The same, but returns the error of the only failure, with its details.
local function why(state, commands)
  state = into[state] or state
  local found
  for _, words in ipairs(answers(join(state, commands), #state)) do
    if words[1] == "why" then
      assert(not found, "two failures")
      found = probe.error_of { "error", table.unpack(words, 2) }
    end
  end
  return found
end

local good = frames.answer { "1", "2" }
local whole = { "row 1", "row 2", "hear", "success of 2 rows" }

-- ---- tests ---------------------------------------------------------------

describe("a request that succeeds", function()
  it("starts a process, is sent after the hello, and leaves the process idle", function()
    assert.same({ "sent configure 0", "sent request 1" }, from("waiting", { feed(greeting) }))
    assert.same(join(whole, { "state free idle", "deadline 0", "stats 1 1 0 1" }), from("busy", { feed(good), "state" }))
  end)

  it("uses the existing process", function()
    assert.same(join({ "sent request 1" }, whole), from("idle", { begin(), feed(good) }))
  end)

  it("is the same however its bytes are split", function()
    local commands = {}
    for i = 1, #good do commands[i] = feed(good:sub(i, i)) end
    assert.same(whole, from("busy", commands))
  end)

  it("has metadata, or a reply, and its elapsed time", function()
    assert.same({ "hear", "success of 0 rows: [5]" }, from("busy", { feed(frames.summary { metadata = "[5]" } .. frames.ready(1)) }))
    assert.same({ "hear", "success of 0 rows: 7" }, from("called", { feed(frames.reply { json = "7" } .. frames.ready(1)) }))
    local outcome = answers(join(into.busy, { feed(good, 31) }), #into.busy)[4]
    assert.equal(tostring(30 * MS), outcome[4])
  end)

  it("is not over before ready, nor without the right seal", function()
    assert.same({ "row 1", "row 2" }, from("busy", { feed(good:sub(1, -25)) }))
    local false_seal = frames.rows { "1" } .. frames.summary { seals = { frames.seal(1, { "2" }) } } .. frames.ready(1)
    local heard = from("busy", { feed(false_seal) })
    assert.same({ "row 1", "hear", "let_go terminate", "failure of 1 rows" }, { heard[1], heard[2], heard[3], heard[4] })
    assert.matches("^protocol", heard[5])
  end)

  it("can be followed at once by another, from its outcome", function()
    assert.same(join(whole, { "sent request 2" }), from("busy", { "on outcome begin", feed(good) }))
  end)

  it("excludes another at the same time", function()
    assert.same({ "usage: the worker is busy with a request" }, from("busy", { begin() }))
  end)
end)

describe("a request that cannot be made", function()
  it("is refused if it is not JSON, and the next one is accepted", function()
    local heard = from("idle", { begin { json = "{" }, begin() })
    assert.matches("^usage: the request is not valid JSON", heard[1])
    assert.same({ "sent request 1" }, { heard[2], heard[3] })
  end)

  it("fails if there is no such export, and keeps the process", function()
    assert.same({ "failure of 0 rows", 'usage: the worker has no export "x"; it has: index', "state free idle", "deadline 0", "stats 1 0 1 1" },
      from("idle", { begin { export = "x" }, "state" }))
  end)

  it("fails if the process does not start, and another may begin from the outcome", function()
    assert.same({ "failure of 0 rows", "spawn: cannot start" }, from("off", { "spawn fails", begin() }))
    assert.same({ "failure of 0 rows", "spawn: cannot start", "failure of 0 rows", "spawn: cannot start" },
      from("off", { "spawn fails", "on outcome begin", begin() }))
  end)
end)

describe("a failure that the worker reports", function()
  it("is the outcome, and the process is kept", function()
    local bytes = frames.rows { "1" } .. frames.failure { message = "no" } .. frames.ready(1)
    assert.same({ "row 1", "hear", "failure of 1 rows", "export_failed: no", "sent request 2" }, from("busy", { feed(bytes), begin() }))
  end)

  it("instead of the hello ends the start, and is kept without a request", function()
    local refusal = frames.magic .. frames.failure { request = 0, kind = "spawn", message = "no file" }
    assert.same({ "let_go leave", "failure of 0 rows", "spawn: no file" }, from("waiting", { feed(refusal) }))
    assert.same({ "let_go leave", "state free none", "deadline 0", "stats 0 0 0 1", "spawn: no file" }, from("starting", { feed(refusal), "state" }))
  end)
end)

describe("a protocol fault", function()
  it("ends the request after the rows before it", function()
    local heard = from("busy", { feed(frames.rows { "1" } .. frames.row { payload = "2", sequence = 7 }) })
    assert.same({ "row 1", "hear", "let_go terminate", "failure of 1 rows" }, { heard[1], heard[2], heard[3], heard[4] })
    assert.matches("^protocol: ", heard[5])
  end)

  it("in the handshake ends the start", function()
    for _, state in ipairs { "starting", "waiting" } do
      assert.equal("let_go terminate", from(state, { feed "not a worker" })[1])
    end
    assert.equal("handshake", why("waiting", { feed "not a worker" }).kind)
  end)

  it("of an idle process is recorded, and the next request gets a fresh process", function()
    local heard = from("idle", { feed(frames.ready(1)), "state", begin(), feed(greeting) })
    assert.equal("let_go terminate", heard[1])
    assert.matches("^protocol: ", heard[5])
    assert.same({ "sent configure 0", "sent request 1" }, { heard[6], heard[7] })
  end)

  it("after an outcome does not change the outcome", function()
    assert.same(join(whole, { "let_go terminate" }), from("busy", { feed(good .. frames.ready(1)) }))
  end)
end)

describe("a process that is gone", function()
  it("before its hello ends the start, with its output", function()
    assert.same({ "let_go leave", "failure of 0 rows", "handshake: the worker exited with status 3 before it introduced itself" },
      from("waiting", { at("gone 3 0 alone") }))
    local err = why("waiting", { "print " .. hex "usage: me\nmore", at("gone 2 0 alone") })
    assert.same({ "handshake", 'the worker does not speak the protocol: it printed "usage: me" and exited with status 2', "--lines", 2 },
      { err.kind, err.message, err.option, err.exit_status })
    assert.same({ "let_go leave", "state free none", "deadline 0", "stats 0 0 0 1", "worker_exited: the worker was killed by signal 9 (Killed) before it introduced itself" },
      from("starting", { at("gone 0 9 alone"), "state" }))
  end)

  it("in a request ends it", function()
    assert.same({ "row 1", "let_go leave", "failure of 1 rows", "worker_exited: the worker exited with status 0 before the request was over" },
      from("busy", { feed(frames.rows { "1" }), at("gone 0 0 alone") }))
    assert.equal("protocol", why("busy", { feed(good:sub(1, 30)), at("gone 0 0 alone") }).kind)
    assert.equal("the worker closed its pipe before the request was over, and had to be killed",
      why("busy", { at("gone 0 15 forced") }).message)
  end)

  it("after its terminal and before ready is reported as such", function()
    assert.equal("the worker exited with status 0 after its summary, before the request was over",
      why("busy", { feed(good:sub(1, -25)), at("gone 0 0 alone") }).message)
  end)

  it("after the outcome, or without a request, is let go silently", function()
    assert.same(join(whole, { "let_go leave" }), from("busy", { feed(good), at("gone 0 0 alone") }))
    assert.same({ "let_go leave" }, from("idle", { at("gone 1 0 alone") }))
  end)

  it("adds its last output to the failure", function()
    local heard = answers(join(into.busy, { "print " .. hex "oh no\n", at("gone 1 0 alone") }), #into.busy)
    assert.same({ "outcome", hex "oh no\n" }, { heard[3][1], heard[3][7] })
  end)
end)

describe("the deadline of a start", function()
  local starting = { worker { startup = 100 }, at "start" }

  it("passes at its time, not before", function()
    assert.same({}, from(starting, { due(100) }))
    assert.same({ "let_go terminate", "state free none", "deadline 0", "stats 0 0 0 1",
      "startup_timeout: the worker did not introduce itself within 100 ms" }, from(starting, { due(101), "state" }))
  end)

  it("is the request's deadline if that is earlier", function()
    local err = why({ worker { startup = 100 } }, { begin { timeout = 20 }, due(20), due(21) })
    assert.same({ "request_timeout", 20 }, { err.kind, err.timeout_ms })
    err = why({ worker { startup = 20 } }, { begin { timeout = 100 }, due(20), due(21) })
    assert.same({ "startup_timeout", 20 }, { err.kind, err.timeout_ms })
  end)

  it("is not missed if a hello has arrived by then", function()
    assert.same({ "sent configure 0" }, from(starting, { due(101, greeting) }))
  end)

  it("quotes what was printed instead of a hello", function()
    local err = why({ worker { startup = 20 } }, { begin(), "print " .. hex "hello\n", due(21) })
    assert.same({ "handshake", 'the worker does not speak the protocol: it printed "hello", and no hello came within 20 ms', "--lines" },
      { err.kind, err.message, err.option })
  end)
end)

describe("the deadline of a request", function()
  local busy = { worker(), begin { timeout = 50 }, feed(greeting) }

  it("passes at its time, whatever is sent", function()
    assert.same({ "row 1", "hear", "let_go terminate", "failure of 1 rows", "request_timeout: the request did not end within 50 ms" },
      from(busy, { feed(frames.rows { "1" }, 49), due(50), due(51) }))
  end)

  it("is checked after every frame", function()
    assert.same({ "row 1", "hear", "let_go terminate", "failure of 1 rows", "request_timeout: the request did not end within 50 ms" },
      from(busy, { feed(good, 51) }))
  end)

  it("holds between the terminal and ready, and ends with the request", function()
    assert.equal("request_timeout", why(busy, { feed(good:sub(1, -25)), due(51) }).kind)
    assert.same(whole, from(busy, { feed(good), due(1000) }))
  end)

  it("is the same if a handler has detected it first", function()
    assert.same({ "row 1", "let_go terminate", "failure of 1 rows", "request_timeout: enough" },
      from(busy, { "on row late", feed(good) }))
  end)
end)

describe("the idle deadline", function()
  local busy = { worker(), begin { idle = 50 }, feed(greeting) }

  it("passes if nothing arrives", function()
    assert.same({ "hear", "let_go terminate", "failure of 0 rows", "idle_timeout: the worker sent nothing for 50 ms" }, from(busy, { due(50), due(51) }))
  end)

  it("starts again with what has arrived", function()
    assert.same({ "row 1" }, from(busy, { due(51, frames.rows { "1" }), due(100) }))
  end)

  it("does not count the time while the runner was paused or asleep", function()
    assert.same({}, from(busy, { "pause", due(51) }))
    assert.same({}, from(busy, { due(152), due(201) }))
    assert.equal("idle_timeout", why(busy, { due(152), due(202) }).kind)
    assert.same({}, from(busy, { "pause", at("resume", 300), due(349) }))
  end)
end)

describe("the time to settle", function()
  it("ends a worker that never sends ready", function()
    local err = why("busy", { feed(good:sub(1, -25)), due(10000), due(10001) })
    assert.same({ "protocol", "the worker sent its summary, but not ready within 10000 ms" }, { err.kind, err.message })
  end)
end)

describe("a stop", function()
  local busy = { worker { grace = 30 }, begin(), feed(greeting) }
  local stopped = frames.rows { "1" } .. frames.summary { stopped = true, seals = { frames.seal(1, { "1" }) } } .. frames.ready(1)

  it("is sent, and ends in success", function()
    assert.same({ "sent stop 1", "row 1", "hear", "stopped of 1 rows" }, from(busy, { at("stop", 1), feed(stopped) }))
  end)

  it("is the same from a callback", function()
    assert.same({ "row 1", "sent stop 1", "hear", "stopped of 1 rows" }, from(busy, { "on row stop", feed(stopped) }))
  end)

  it("is sent with the request if it comes before the hello", function()
    assert.same({ "sent configure 0", "sent request 1", "sent stop 1" }, from({ worker { grace = 30 }, begin() }, { at("stop", 1), feed(greeting) }))
  end)

  it("ends the request after its grace period if it is ignored", function()
    assert.same({ "sent stop 1", "hear", "let_go terminate", "failure of 0 rows", "cancelled: the worker did not end within 30 ms of being asked to stop" },
      from(busy, { at("stop", 1), due(30), due(31) }))
  end)

  it("has no effect without a request", function()
    assert.same({}, from("idle", { at("stop", 1) }))
  end)
end)

describe("a cancel", function()
  local cancelled = { "let_go leave", "failure of 0 rows", "cancelled: enough" }

  it("reports before it returns", function()
    assert.same(cancelled, from("busy", { at "cancel cancelled" }))
    assert.same(cancelled, from("waiting", { at "cancel cancelled" }))
  end)

  it("from a callback takes effect right after it: nothing more is delivered", function()
    local notes = { row = "row 1", diagnostic = "c: m", progress = "progress p" }
    for what, first in pairs(notes) do
      local bytes = { row = "", diagnostic = frames.diagnostic { code = "c", message = "m" }, progress = frames.progress { phase = "p" } }
      local heard = from("busy", { "on " .. what .. " cancel", feed(bytes[what] .. good) })
      assert.same({ first, "let_go leave" }, { heard[1], heard[2] })
      assert.same({ "cancelled: enough" }, { table.unpack(heard, 4) })
    end
  end)

  it("is the same from the callback of a printed line", function()
    assert.same({ "worker.stderr: x", "let_go leave", "failure of 0 rows", "cancelled: enough" },
      from("busy", { "on diagnostic cancel", line "x" }))
  end)

  it("overrides a success that has already arrived, if a last line asks for it", function()
    assert.same({ "row 1", "row 2", "hear", "worker.stderr: x", "let_go leave", "failure of 2 rows", "cancelled: enough" },
      from("busy", { "on diagnostic cancel", "hear " .. hex "x", feed(good) }))
  end)

  it("has no effect after the outcome, or without a request", function()
    assert.same(whole, from("busy", { feed(good), at "cancel cancelled" }))
    assert.same(whole, from("busy", { "on outcome cancel", feed(good) }))
  end)
end)

describe("a pause", function()
  it("from a callback stops after this row, until a resume", function()
    assert.same({ "row 1" }, from("busy", { "on row pause", feed(good) }))
    assert.same(join({ "row 1" }, { table.unpack(whole, 2) }), from("busy", { "on row pause", feed(good), at("resume", 2) }))
  end)

  it("applies to what arrives later", function()
    assert.equal("state busy active paused", from("busy", { "pause", feed(good), "state" })[1])
    assert.same(whole, from("busy", { "pause", feed(good), at("resume", 2) }))
  end)

  it("can be cancelled, and does not apply to the next process", function()
    assert.same({ "let_go leave", "failure of 0 rows", "cancelled: enough", "state free none" },
      { table.unpack(from("busy", { "pause", feed(good), at "cancel cancelled", "state" }), 1, 4) })
    local heard = from("busy", { "pause", at "cancel cancelled", begin(), feed(greeting) })
    assert.equal("sent request 2", heard[5])
  end)
end)

describe("a printed line", function()
  it("is a diagnostic of the request, also between terminal and ready", function()
    assert.same({ "row 1", "row 2", "worker.stderr: a", "hear", "worker.stderr: b", "success of 2 rows" },
      from("busy", { feed(good:sub(1, -25)), line "a", "hear " .. hex "b", feed(frames.ready(1)) }))
  end)

  it("belongs to nobody if no request is running", function()
    assert.same({}, from("idle", { line "a" }))
    assert.same(whole, from("busy", { feed(good), line "a" }))
  end)

  it("of stdout waits for the hello", function()
    assert.same({ "sent configure 0", "sent request 1", "worker.stdout: a", "worker.stdout: b" },
      from("waiting", { "print " .. hex "a\n", "print " .. hex "b\nc", feed(greeting) }))
  end)

  it("needs no line break, even if stdout ended before the hello", function()
    assert.same({ "sent configure 0", "sent request 1", "worker.stdout: a" }, from("waiting", { "print " .. hex "a" .. " end", feed(greeting) }))
  end)
end)

describe("a process that has reached a limit", function()
  it("of requests is let go after the outcome", function()
    assert.same(join(whole, { "let_go leave" }), from({ worker { max_requests = 1 }, begin(), feed(greeting) }, { feed(good) }))
    assert.same(whole, from({ worker { max_requests = 2 }, begin(), feed(greeting) }, { feed(good) }))
  end)

  it("of memory is let go after the outcome", function()
    local busy = { worker { max_rss = 1000 }, begin(), feed(greeting) }
    assert.same(whole, from(busy, { "rss 1000", feed(good) }))
    assert.same(join(whole, { "let_go leave" }), from(busy, { "rss 1001", feed(good) }))
  end)

  it("of idle time is let go, unless a request comes first", function()
    local busy = { worker { max_idle = 50 }, begin(), feed(greeting) }
    assert.same(join(whole, { "let_go leave" }), from(busy, { feed(good), due(50), due(51) }))
    assert.same(join(whole, { "sent request 2" }), from(busy, { feed(good), begin { at = 50 }, due(100) }))
  end)
end)

describe("a worker that keeps failing", function()
  local function mishaps(n, ms)
    local commands = {}
    for _ = 1, n do
      commands[#commands + 1] = begin { at = ms }
      commands[#commands + 1] = at("gone 1 0 alone", ms)
    end
    return commands
  end

  it("is not restarted after 16 failures within 60 s", function()
    local heard = from(join(into.off, mishaps(16, 1)), { begin { at = 60001 } })
    assert.equal("restart_limit: worker failed 16 times in 60 s; giving up", heard[2])
    assert.same({}, from(join(into.off, mishaps(15, 1)), { begin { at = 1 } }))
    assert.same({}, from(join(into.off, mishaps(16, 1)), { begin { at = 60002 } }))
  end)

  it("does not include one whose requests are cancelled", function()
    local commands = {}
    for _ = 1, 20 do commands = join(commands, { begin(), at "cancel cancelled" }) end
    assert.same({ "sent configure 0" }, { from(join(into.off, commands), { begin(), feed(greeting) })[1] })
  end)
end)

describe("in 20,000 random schedules", function()
  it("a request has one outcome, success only with its seal, and leaves nothing behind", function()
    local pipe = assert(io.popen(paths.quote(paths.program "requestschedules") .. " 20000 1 2>&1"))
    local said = pipe:read "a"
    local requests, successes = said:match "^(%d+) requests, (%d+) succeeded\n$"
    assert.is_true(pipe:close() and requests and tonumber(requests) > 40000 and tonumber(successes) > 4000, said)
  end)
end)
