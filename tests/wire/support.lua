--- Shared by the specs of the wire room.
local probe = require "support.probe"

local M = { hex = probe.hex, unhex = probe.unhex, error_of = probe.error_of }

---@param commands string[]
function M.run(commands) return probe.run("wireprobe", commands) end

--- The lines of one answer, as text.
function M.lines(answer)
  local list = {}
  for i, words in ipairs(answer) do list[i] = words.line end
  return list
end

--- Feeds bytes to a fresh decoder; returns the answer, and that to `end`.
---@param bytes string
---@param t? { cap: integer?, mode: string?, chunk: integer? }
function M.decode(bytes, t)
  t = t or {}
  local answers = M.run {
    ("decoder %d %s"):format(t.cap or 1024 * 1024, t.mode or "plain"),
    ("feed %s %s"):format(M.hex(bytes), t.chunk or ""),
    "end",
  }
  return answers[2], answers[3]
end

--- The error that a fresh decoder finds in bytes, or nil.
function M.fault(bytes, t)
  local answer = M.decode(bytes, t)
  return M.error_of(answer[#answer]), answer
end

return M
