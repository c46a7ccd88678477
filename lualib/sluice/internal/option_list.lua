--- The options of a worker and of a request, under the names that a policy, a
--- spec for sluice.spawn and the command line share.
---
--- An entry reads what the user gave: read(value) returns what the runtime
--- takes, or nil and what was expected. `of` says whom it belongs to: the
--- process ("worker") or one request of it ("request").
local check = require "sluice.internal.check"
local command_line = require "sluice.internal.command_line"
local units = require "sluice.internal.units"

local M = {}

---@class sluice.Option
---@field of "worker"|"request"
---@field read fun(value: any): any, string?

local function text(value)
  if type(value) == "string" and value ~= "" and not value:find("\0", 1, true) then return value end
  return nil, "a string that is not empty"
end

local function count(value)
  local n = math.type(value) == "float" and math.tointeger(value) or value
  if math.type(n) == "integer" and n > 0 then return n end
  return nil, "a whole number above 0"
end

local function transport(value)
  if value == "pipe" or value == "stdio" then return value end
  return nil, "pipe or stdio"
end

local function positive_size(value)
  local bytes, expected = units.size(value)
  if bytes == 0 then return nil, "a size above 0" end
  return bytes, expected
end

local function frame_cap(value)
  local bytes, expected = units.size(value)
  if bytes and (bytes < units.size "64KiB" or bytes > units.size "256MiB") then return nil, "64KiB to 256MiB" end
  return bytes, expected
end

local ENVIRONMENT = 'a table { NAME = "value", NAME = false to remove it }'

local function environment(value)
  if type(value) ~= "table" then return nil, ENVIRONMENT end
  local changes = {}
  for name, content in pairs(value) do
    local named = type(name) == "string" and name:match("^[^=%z]+$")
    local usable = content == false or type(content) == "string" and not content:find("\0", 1, true)
    if not named or not usable then return nil, ENVIRONMENT end
    changes[name] = content
  end
  return changes
end

local LAUNCHER = "a command line such as 'ssh -T host --'"

local function launcher(value)
  if type(value) == "string" then
    local list, err = command_line.split(value)
    if not list then return nil, ("%s; %s"):format(LAUNCHER, err) end
    value = list
  end
  local list = command_line.list(value)
  return list, not list and LAUNCHER or nil
end

---@type table<string, sluice.Option>
M.all = {
  timeout = { of = "request", read = units.duration },
  idle_timeout = { of = "request", read = units.duration },

  startup_timeout = { of = "worker", read = units.positive_duration },
  stop_grace = { of = "worker", read = units.positive_duration },
  kill_grace = { of = "worker", read = units.positive_duration },
  max_frame = { of = "worker", read = frame_cap },
  max_requests = { of = "worker", read = count },
  max_rss = { of = "worker", read = positive_size },
  max_idle = { of = "worker", read = units.positive_duration },
  env = { of = "worker", read = environment },
  cwd = { of = "worker", read = text },
  transport = { of = "worker", read = transport },
  via = { of = "worker", read = launcher },
  remote = { of = "worker", read = text },
  lines = { of = "worker", read = check.boolean },
  stream = { of = "worker", read = text },
  envelopes = { of = "worker", read = check.boolean },
}

--- The names of the options that belong to the given owner, or of all.
---@param of ("worker"|"request")?
---@return string[]
function M.names(of)
  local names = {}
  for name, option in pairs(M.all) do
    if not of or option.of == of then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

return M
