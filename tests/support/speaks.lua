-- A worker that sends what its arguments say, byte for byte, right or wrong:
-- see `speaking` in behaviour.lua. For a plain Lua, over pipe transport or
-- standard input and output.
local stdio = os.getenv "SLUICE_TRANSPORT" == "stdio"
local orders = stdio and io.stdin or assert(io.open("/dev/fd/3", "rb"))
local out = stdio and io.stdout or assert(io.open("/dev/fd/4", "wb"))
out:setvbuf "no"

local NAMES = { [2] = "configure", [3] = "request", [4] = "stop", [5] = "cancel", [6] = "shutdown" }
local log

--- The name of the next order, or nil at the end of the pipe.
local function next_order()
  local header = orders:read(24)
  if not header or #header < 24 then return nil end
  local length, _, kind = string.unpack("<I4I1I1", header)
  if length > 0 then orders:read(length) end
  if log then log:write(NAMES[kind] or kind, "\n") end
  return NAMES[kind]
end

local steps = {}

function steps.send(digits)
  out:write((digits:gsub("%x%x", function(byte) return string.char(tonumber(byte, 16)) end)))
end

function steps.await(name)
  repeat
    local order = next_order()
    if order == "shutdown" or not order then os.exit(0) end
  until order == name
end

function steps.log(path)
  log = assert(io.open(path, "a"))
  log:setvbuf "no"
end

function steps.touch(path) assert(io.open(path, "w")):close() end
function steps.print(text) io.stderr:write(text, "\n") end
function steps.sleep(seconds) os.execute("exec sleep " .. seconds) end
function steps.exit(status) os.exit(math.tointeger(tonumber(status))) end

for _, step in ipairs(arg) do
  local name, value = step:match "^(%l+)=(.*)$"
  steps[name](value)
end
repeat local order = next_order() until not order or order == "shutdown"
