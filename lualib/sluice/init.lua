--- sluice: start a worker process, stream its rows into Lua, keep them only
--- when the stream is known to be complete.
---
---     local sluice = require "sluice"
---     local worker <close> = assert(sluice.spawn { "scan.lua", timeout = "5m" })
---     for row in worker:rows("index", { root = "src" }) do
---       print(row:get("name"), row:get("line"))
---     end
---
--- Operational failures are `nil, err` (in a loop over rows they are raised);
--- err.kind is one of sluice.kinds. Misuse raises at the caller's line.
--- User Lua runs in this process: errors, loops and memory bombs in handlers
--- become typed failures; what no hook can stop, such as a C function that does
--- not return, is not contained.
local core = require "sluice.core"
local launch = require "sluice.internal.launch"
local option_list = require "sluice.internal.option_list"
local policy_options = require "sluice.internal.policy_options"
local standard_output = require "sluice.internal.standard_output"
local worker = require "sluice.internal.worker"

local M = {}

M.version = core.version
M.null = core.null
M.json = core.json
M.array = core.json.array
M.kinds = core.kinds

--- A number that keeps its digits, made from a text such as "18446744073709551616" or "19.990", or from a number.
--- Rows have decimals where an integer exceeds 64 bits or a number exceeds a double's range. tostring(d) gives the
--- digits; < and <= are exact, and so is d:eq(other); Lua's == between a decimal and a number is always false;
--- arithmetic gives a Lua number: d + 0 is the nearest. type(d) is "userdata", and tonumber(d) and
--- math.type(d) are nil, because d is not a Lua number. Raises if the value is not a number.
---@type fun(value: string|number|sluice.Decimal): sluice.Decimal
M.decimal = core.decimal

--- From now on, a handler that nothing can stop (a C function that does not return, a finalizer, a message
--- handler of xpcall) ends this program a second after its CPU limit or its request's deadline has passed (a
--- minute if it commits), with the outcome on standard error and the matching exit status. Files that sinks were
--- writing are left as they were. The command always does this; a program has to ask for it, because its own
--- work ends as well.
---@type fun()
M.last_resort = core.last_resort

---@type fun(value: any): boolean
M.is_decimal = core.is_decimal

--- An error object for a sink or a policy to raise or return: its kind
--- decides the command's exit status. fields: details by name.
---@type fun(kind: string, message: string, fields: table?): sluice.Error
M.error = core.error

--- Start a worker. spec holds its words as on a command line, and options with
--- the command's names (`timeout = "30s"`, `env = { NAME = "value" }`, `cwd`,
--- `lines = true`, `via = "ssh -T host --"`, …). Durations are seconds or
--- strings such as "500ms"; sizes are bytes or strings such as "64KiB".
---@param spec table
---@return sluice.Worker? worker, sluice.Error? err
function M.spawn(spec)
  if type(spec) ~= "table" then
    error(('spawn: expected a table such as { "scan.lua", timeout = "5m" }, got a %s'):format(type(spec)), 2)
  end
  local read, problem = launch.read(spec)
  if not read then error("spawn: " .. problem, 2) end
  local handle, err = launch.worker(read)
  if not handle then return nil, err end
  local ok
  ok, err = handle:start()
  if not ok then
    local printed = handle:health().tail
    if printed ~= "" then err.tail = printed end
    handle:close()
    core.finish() -- the caller gets no handle to wait with
    return nil, err
  end
  local defaults = option_list.pick(option_list.of.request, read)
  defaults.bad_lines = read.bad_lines
  return worker.wrap(handle, defaults)
end

--- Options of a policy file; see internal/policy_options.lua.
M.options = policy_options.declare

--- Standard output for handlers: `:row(row)` writes its JSON text on a line,
--- `:write(text)` any text; both raise if the output fails, so that a
--- failed write fails the run. Use either this or print, not both.
---@return sluice.Stdout
function M.stdout()
  standard_output.expect()
  return standard_output.stdout
end

return core.members(M, "sluice")
