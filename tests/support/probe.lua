--- Drives a probe: a program that answers commands, one per line.
local paths = require "support.paths"

local M = {}

function M.hex(s)
  if s == "" then return "-" end
  return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

function M.unhex(digits)
  if digits == "-" then return "" end
  return (digits:gsub("%x%x", function(byte) return string.char(tonumber(byte, 16)) end))
end

--- Runs a probe on these commands; returns for each one the lines of its answer, split
--- into words. A probe that dies is an error.
---@param name string
---@param commands string[]
---@return string[][][]
function M.run(name, commands)
  local path = os.tmpname()
  local f = assert(io.open(path, "wb"))
  f:write(table.concat(commands, "\n"), "\n")
  f:close()
  local pipe = assert(io.popen(paths.quote(paths.program(name)) .. " < " .. path, "r"))
  local answers, answer = {}, {}
  for line in pipe:lines() do
    if line == "done" then
      answers[#answers + 1], answer = answer, {}
    else
      local words = { line = line }
      for word in line:gmatch "%S+" do words[#words + 1] = word end
      answer[#answer + 1] = words
    end
  end
  local ok, how, status = pipe:close()
  os.remove(path)
  if not ok or #answers ~= #commands then
    error(("%s: %s %s after %d of %d commands%s"):format(name, how, status, #answers, #commands,
      answer[1] and ": " .. answer[#answer].line or ""), 2)
  end
  return answers
end

--- Parses `error KIND OS MESSAGE [NAME= HEX | NAME=NUMBER]...` (or `message ...`, the
--- same sent by the worker) into a table.
function M.error_of(words)
  if not words or words[1] ~= "error" and words[1] ~= "message" then return nil end
  local e = { kind = words[2], os = tonumber(words[3]), message = M.unhex(words[4]) }
  local i = 5
  while words[i] do
    local name, value = words[i]:match "^([%w_]+)=(.*)$"
    if value == "" then
      i = i + 1
      e[name] = M.unhex(words[i])
    else
      e[name] = math.tointeger(value)
    end
    i = i + 1
  end
  return e
end

return M
