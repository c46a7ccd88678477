--- Shared by the specs of the pure half of the supervisor.
local frames = require "support.frames"
local probe = require "support.probe"

local M = { hex = probe.hex, unhex = probe.unhex, error_of = probe.error_of }

---@param commands string[]
function M.run(commands) return probe.run("sessionprobe", commands) end

M.greeting = frames.magic .. frames.hello { exports = { { "index", "rows" }, { "size", "call" } } }
M.open = { "session 1048576 strict 0", "feed " .. probe.hex(M.greeting), "sent" }

--- The commands that bring a fresh session into a state.
M.into = {
  hello = { "session 1048576 strict 0", "feed " .. probe.hex(frames.magic) },
  idle = M.open,
  rows = { M.open[1], M.open[2], "request 1 rows 61 30 0 0 0", "sent" },
  call = { M.open[1], M.open[2], "request 1 call 61 30 0 0 0", "sent" },
  settling = { M.open[1], M.open[2], "request 1 rows 61 30 0 0 0", "feed " .. probe.hex(frames.summary {}), "sent" },
  over = { "session 1048576 strict 0", "feed " .. probe.hex "?" },
}

--- Runs these commands in this state (a frame's bytes stand for feeding them);
--- returns the answers.
---@param state string
---@param commands string[]
---@return string[][][]
function M.from(state, commands)
  local all = table.move(M.into[state], 1, #M.into[state], 1, {})
  for _, command in ipairs(commands) do
    all[#all + 1] = command:find "[^%w_ -]" and "feed " .. probe.hex(command) or command
  end
  local answers = M.run(all)
  return table.move(answers, #M.into[state] + 1, #answers, 1, {})
end

--- Feeds these frames in this state; returns the lines of the events.
function M.feed(state, bytes)
  local lines = {}
  for i, words in ipairs(M.from(state, { "feed " .. probe.hex(bytes) })[1]) do lines[i] = words.line end
  return lines
end

--- Feeds these frames in this state; returns the error at their end, or nil.
function M.fault(state, bytes)
  local answer = M.from(state, { "feed " .. probe.hex(bytes) })[1]
  local last = answer[#answer]
  return last and last[1] == "error" and probe.error_of(last) or nil
end

--- The number of bytes that have arrived when this state is reached.
M.offset = {
  hello = 10, idle = #M.greeting, rows = #M.greeting, call = #M.greeting, settling = #M.greeting + #frames.summary {},
}

return M
