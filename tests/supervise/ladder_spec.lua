--- How a process is brought to its end, without a process.
local pure = require "supervise.pure"

local LEAVE, KILL = 100, 10

--- The rungs and actions after each of these events, a nanosecond apart.
local function walked(...)
  local answers = pure.run { ("ladder %d %d"):format(LEAVE, KILL), "walk " .. table.concat({ ... }, " ") }
  local steps = {}
  for i, words in ipairs(answers[2]) do steps[i] = words[1] .. " " .. words[2] end
  return steps
end

describe("a process that is being ended", function()
  it("needs no signal if it leaves when asked", function()
    assert.same({ "leaving nothing", "draining nothing", "gone nothing" }, walked("leave", "exit", "end"))
  end)

  it("is gone only when both exit and end of pipe have been seen, in either order", function()
    assert.same({ "draining nothing", "gone nothing" }, walked("exit", "end"))
    assert.same({ "leaving nothing", "gone nothing" }, walked("end", "exit"))
  end)

  it("gets SIGTERM when the grace period has passed, then SIGKILL", function()
    assert.same({ "leaving nothing", "terminated term", "killed kill", "draining nothing", "gone nothing" },
      walked("leave", "deadline", "deadline", "exit", "end"))
  end)

  it("gets SIGKILL repeatedly while it is blocked in the kernel", function()
    assert.same({ "killed kill", "killed kill", "killed kill" }, walked("kill", "deadline", "deadline"))
  end)

  it("may be terminated or killed at once from any earlier rung", function()
    assert.same({ "terminated term", "killed kill" }, walked("terminate", "kill"))
    assert.same({ "leaving nothing", "terminated term" }, walked("leave", "terminate"))
    assert.same({ "leaving nothing", "killed kill" }, walked("leave", "kill"))
  end)

  it("that closes its pipe and does not exit has the leave grace period, then is terminated", function()
    assert.same({ "leaving nothing", "terminated term", "gone nothing" }, walked("end", "deadline", "exit"))
  end)

  it("whose pipe is held open by another process is abandoned at the drain deadline", function()
    assert.same({ "draining nothing", "draining close", "gone nothing" }, walked("exit", "deadline"))
  end)

  it("is asked to leave only once", function()
    assert.same({ "leaving nothing", "leaving nothing" }, walked("leave", "leave"))
    assert.same({ "terminated term", "terminated nothing", "terminated nothing" }, walked("terminate", "terminate", "leave"))
    assert.same({ "killed kill", "killed nothing", "killed nothing", "killed nothing" }, walked("kill", "kill", "terminate", "leave"))
  end)

  it("that is still wanted has no deadline", function()
    assert.same({ "alive nothing" }, walked("deadline"))
  end)
end)

describe("the deadline of a rung", function()
  local function after(steps)
    local answers = pure.run(table.move(steps, 1, #steps, 2, { ("ladder %d %d"):format(LEAVE, KILL) }))
    local words = answers[#answers][1]
    return tonumber(words[1] == "deadline" and words[2] or words[3])
  end

  it("is its grace period, from the moment when the rung was reached", function()
    assert.equal(0, after { "step deadline 5" })
    assert.equal(1000 + LEAVE, after { "step leave 1000" })
    assert.equal(1000 + KILL, after { "step terminate 1000" })
    assert.equal(1000 + KILL, after { "step kill 1000" })
    assert.equal(1000 + KILL, after { "step exit 1000" })
    assert.equal(1000 + LEAVE, after { "step end 1000" })
  end)

  it("does not start again with events that change nothing", function()
    assert.equal(LEAVE, after { "step leave 0", "step leave 50" })
    assert.equal(LEAVE, after { "step leave 0", "step end 50" })
    assert.equal(KILL, after { "step terminate 0", "step terminate 5" })
  end)

  it("is none once the process is gone", function()
    assert.equal(0, after { "step exit 1", "step end 2" })
    assert.equal(0, after { "step exit 1", "step deadline 20" })
  end)

  it("can be moved", function()
    assert.equal(70, after { "step exit 1", "extend 50 20" })
  end)
end)

describe("a walk of random events", function()
  local events = { "leave", "terminate", "kill", "exit", "end", "deadline" }
  local order = { alive = 0, leaving = 1, terminated = 2, killed = 3, draining = 4, gone = 5 }

  local walks, answers = {}, nil
  setup(function()
    local state = 20
    local function random(n)
      state = state * 6364136223846793005 + 1442695040888963407
      return (state >> 33) % n + 1
    end
    local commands = {}
    for i = 1, 3000 do
      local walk = {}
      for k = 1, 14 do walk[k] = events[random(#events)] end
      walks[i] = walk
      commands[2 * i - 1] = "ladder 100 10"
      commands[2 * i] = "walk " .. table.concat(walk, " ")
    end
    answers = pure.run(commands)
  end)

  --- Calls check(step, event, the step before) for all steps of all walks;
  --- `event` is "closed" for the END that follows CLOSE automatically.
  local function each(check)
    for i, walk in ipairs(walks) do
      local before, k, closed = { "alive", "nothing", "0" }, 1, false
      for _, words in ipairs(answers[2 * i]) do
        local event = closed and "closed" or walk[k]
        if not closed then k = k + 1 end
        check(words, event, before, walk)
        before, closed = words, words[2] == "close"
      end
      assert.equal(#walk + 1, k)
    end
  end
  local function has(words, what) return words.line and words.line:find(what, 1, true) ~= nil end

  it("never climbs down", function()
    each(function(now, _, before) assert.is_true(order[now[1]] >= order[before[1]]) end)
  end)

  it("sends no signal once the exit was seen", function()
    each(function(now, _, before)
      if has(before, " exited") then assert.is_true(now[2] ~= "term" and now[2] ~= "kill") end
    end)
  end)

  it("sends SIGTERM at most once, and never after SIGKILL", function()
    for i in ipairs(walks) do
      local signals = {}
      for _, words in ipairs(answers[2 * i]) do
        if words[2] == "term" or words[2] == "kill" then signals[#signals + 1] = words[2] end
      end
      for k = 2, #signals do assert.equal("kill", signals[k]) end
    end
  end)

  it("drains only after the exit, and is gone only after both", function()
    each(function(now)
      if now[1] == "draining" then assert.is_true(has(now, " exited") and not has(now, " ended")) end
      assert.equal(now[1] == "gone", has(now, " exited") and has(now, " ended"))
    end)
  end)

  it("is gone once: nothing happens afterwards", function()
    each(function(now, _, before)
      if before[1] == "gone" then assert.same({ "gone", "nothing", "0" }, { now[1], now[2], now[3] }) end
    end)
  end)

  it("abandons the pipe at most once, and only while draining", function()
    each(function(now, _, before)
      if now[2] == "close" then assert.is_true(before[1] == "draining" and not has(before, " ended")) end
    end)
  end)

  it("always has a deadline on its way", function()
    each(function(now)
      local waiting = now[1] ~= "alive" and now[1] ~= "gone" and now[2] ~= "close"
      assert.equal(waiting, now[3] ~= "0")
    end)
  end)

  it("is called forced exactly if a signal was sent", function()
    for i in ipairs(walks) do
      local signalled = false
      for _, words in ipairs(answers[2 * i]) do
        signalled = signalled or words[2] == "term" or words[2] == "kill"
        assert.equal(signalled, has(words, " forced"))
      end
    end
  end)

  it("ends from every rung, once its process exits and time passes", function()
    local commands, ends = {}, { "leave", "deadline", "deadline", "exit", "deadline" }
    for i, walk in ipairs(walks) do
      commands[2 * i - 1] = "ladder 100 10"
      commands[2 * i] = "walk " .. table.concat(walk, " ", 1, i % 14 + 1) .. " " .. table.concat(ends, " ")
    end
    local all = pure.run(commands)
    for i in ipairs(walks) do assert.equal("gone", all[2 * i][#all[2 * i]][1]) end
  end)
end)
