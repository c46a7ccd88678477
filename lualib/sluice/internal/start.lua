--- From a spec to a worker handle of the binding.
local check = require "sluice.internal.check"
local command_line = require "sluice.internal.command_line"
local core = require "sluice.core"
local launch = require "sluice.internal.launch"
local options = require "sluice.internal.option_list"

local M = {}

local readers = {}
for name, option in pairs(options.all) do
  readers[name] = function(value) return option.read(value) end
end

--- Words and options out of one table { "scan.lua", "--fast", timeout = 5 }.
---@param spec table
---@return sluice.Spec? read, string? problem
function M.read(spec)
  local list, named = {}, {}
  for key, value in pairs(spec) do
    if math.type(key) == "integer" then list[key] = value else named[key] = value end
  end
  local argv, expected = command_line.list(list)
  if not argv then return nil, "expected " .. expected end
  local read, problem = check.table(named, readers, "")
  if not read then return nil, problem end
  read.words = argv
  local built
  built, problem = launch.build(read, core.exe)
  if not built then return nil, problem end
  return read
end

--- The current environment with changes.
---@param changes table<string, string|false>?
---@return table<string, string>? env  nil: as it is
local function environment(changes)
  if not changes then return nil end
  local env = core.environ()
  for name, value in pairs(changes) do env[name] = value or nil end
  return env
end

--- A handle for the worker; no process is started yet.
---@param spec sluice.Spec  with options read
---@return sluice.core.Worker? worker, sluice.Error? err
function M.worker(spec)
  local built, problem = launch.build(spec, core.exe)
  if not built then return nil, core.error("usage", problem) end
  local given = {}
  for _, name in ipairs(options.names "worker") do given[name] = spec[name] end
  given.argv, given.transport = built.argv, built.transport
  given.cwd, given.env = built.cwd, environment(built.env)
  given.pass_stdin = spec.pass_stdin
  given.via, given.remote, given.lines, given.stream, given.envelopes = nil, nil, nil, nil, nil
  return core.worker(given)
end

return M
