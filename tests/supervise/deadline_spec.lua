--- Time, given as numbers: deadlines of start-up, request, idleness and stop.
local frames = require "support.frames"
local pure = require "supervise.pure"
local hex, error_of = pure.hex, pure.error_of

local MS = 1000000
local hello = "feed " .. hex(pure.greeting)

--- Runs commands in a fresh session; returns the answers to the last `n` of them (1).
local function last(commands)
  local answers = pure.run(commands)
  return answers[#answers][1]
end

local function check(commands, now)
  commands = table.move(commands, 1, #commands, 1, {})
  commands[#commands + 1] = "check " .. now
  return error_of(last(commands))
end

local function deadline(commands)
  commands = table.move(commands, 1, #commands, 1, {})
  commands[#commands + 1] = "deadline"
  return tonumber(last(commands)[2])
end

describe("the startup deadline", function()
  local start = { "session 1048576 strict 500" }

  it("is the nearest one until the hello", function()
    assert.equal(500, deadline(start))
  end)

  it("passes at its time, not before", function()
    assert.is_nil(check(start, 499))
    assert.equal("startup_timeout", check(start, 500).kind)
  end)

  it("ends when the hello has arrived", function()
    assert.equal(0, deadline { start[1], hello })
    assert.is_nil(check({ start[1], hello }, 10000))
  end)

  it("is not moved by bytes that are not a hello", function()
    assert.equal(500, deadline { start[1], "feed " .. hex(pure.greeting:sub(1, 30)), "touch 400" })
  end)

  it("is none if it is 0", function()
    assert.is_nil(check({ "session 1048576 strict 0" }, math.maxinteger))
  end)
end)

describe("the request deadline", function()
  local running = { pure.open[1], hello, "request 1 rows 61 30 900 0 0" }

  it("passes at its time, not before", function()
    assert.equal(900, deadline(running))
    assert.is_nil(check(running, 899))
    assert.equal("request_timeout", check(running, 900).kind)
  end)

  it("is not moved by rows", function()
    local commands = table.move(running, 1, #running, 1, {})
    commands[#commands + 1] = "feed " .. hex(frames.rows { "1", "2" })
    commands[#commands + 1] = "touch 800"
    assert.equal("request_timeout", check(commands, 900).kind)
  end)

  it("also holds between the terminal and ready", function()
    local commands = { pure.open[1], hello, "request 1 rows 61 30 900 0 0", "feed " .. hex(frames.summary {}) }
    assert.equal(900, deadline(commands))
    assert.equal("request_timeout", check(commands, 900).kind)
  end)

  it("ends with the request", function()
    local commands = { pure.open[1], hello, "request 1 rows 61 30 900 0 0", "feed " .. hex(frames.summary {} .. frames.ready(1)) }
    assert.equal(0, deadline(commands))
    assert.is_nil(check(commands, 10000))
  end)
end)

describe("the idle deadline", function()
  local idle = 300 * MS
  local running = { pure.open[1], hello, ("request 1 rows 61 30 0 %d 1000"):format(idle) }

  it("passes if nothing arrived for that time", function()
    assert.equal(1000 + idle, deadline(running))
    assert.is_nil(check(running, 1000 + idle - 1))
    local err = check(running, 1000 + idle)
    assert.same({ "idle_timeout", 300, "the worker sent nothing for 300 ms" }, { err.kind, err.timeout_ms, err.message })
  end)

  it("starts again when something arrives", function()
    local commands = { running[1], running[2], running[3], "touch 5000" }
    assert.equal(5000 + idle, deadline(commands))
  end)

  it("gives way to a nearer deadline of the request", function()
    assert.equal(2000, deadline { pure.open[1], hello, ("request 1 rows 61 30 2000 %d 1000"):format(idle) })
  end)

  it("is none for a request without one, whatever the previous request had", function()
    local commands = { running[1], running[2], running[3], "feed " .. hex(frames.summary {} .. frames.ready(1)), "touch 6000",
      "request 2 rows 61 30 0 0 7000" }
    assert.equal(0, deadline(commands))
    assert.is_nil(check(commands, math.maxinteger))
  end)
end)

describe("the stop deadline", function()
  local grace = 100 * MS
  local stopped = { pure.open[1], hello, "request 1 rows 61 30 0 0 0", ("stop %d 50"):format(grace) }

  it("passes if the worker does not end within the grace period", function()
    assert.equal(50 + grace, deadline(stopped))
    local err = check(stopped, 50 + grace)
    assert.same({ "cancelled", "the worker did not end within 100 ms of being asked to stop" }, { err.kind, err.message })
  end)

  it("starts again for a worker that is still sending, but not forever", function()
    local commands = table.move(stopped, 1, #stopped, 1, {})
    commands[#commands + 1] = ("touch %d"):format(80 * MS)
    assert.equal(180 * MS, deadline(commands))
    commands[#commands + 1] = ("touch %d"):format(499 * MS)
    assert.equal(50 + 5 * grace, deadline(commands))
  end)

  it("holds between the terminal and ready", function()
    local commands = table.move(stopped, 1, #stopped, 1, {})
    commands[#commands + 1] = "feed " .. hex(frames.summary { stopped = true })
    assert.equal("cancelled", check(commands, 50 + grace).kind)
  end)

  it("ends with the request", function()
    local commands = table.move(stopped, 1, #stopped, 1, {})
    commands[#commands + 1] = "feed " .. hex(frames.summary { stopped = true } .. frames.ready(1))
    assert.equal(0, deadline(commands))
    commands[#commands + 1] = "request 2 rows 61 30 0 0 0"
    commands[#commands + 1] = "touch 5"
    assert.equal(0, deadline(commands))
  end)
end)

describe("an idle process", function()
  it("rests until the time that its owner has set", function()
    assert.equal(77, deadline { pure.open[1], hello, "rest 77" })
  end)

  it("has no deadline once the session is over", function()
    assert.equal(0, deadline { "session 1048576 strict 500", "feed 3f" })
    assert.is_nil(check({ "session 1048576 strict 500", "feed 3f" }, 1000))
  end)
end)

describe("the time to settle", function()
  local settling = { pure.open[1], hello, "request 1 rows 61 30 0 0 0", "feed " .. hex(frames.summary {}), "touch 5" }
  local limit = 10000 * MS

  it("begins with the terminal, even without any other limit", function()
    assert.equal(5 + limit, deadline(settling))
    assert.is_nil(check(settling, 5 + limit - 1))
    local err = check(settling, 5 + limit)
    assert.same({ "protocol", "the worker sent its summary, but not ready within 10000 ms" }, { err.kind, err.message })
  end)

  it("does not start again with more input", function()
    local commands = table.move(settling, 1, #settling, 1, {})
    commands[#commands + 1] = ("touch %d"):format(limit // 2)
    assert.equal(5 + limit, deadline(commands))
  end)

  it("ends with ready", function()
    local commands = table.move(settling, 1, #settling, 1, {})
    commands[#commands + 1] = "feed " .. hex(frames.ready(1))
    assert.equal(0, deadline(commands))
  end)
end)
