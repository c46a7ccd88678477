--- Turn the user's words for a worker into the command line that starts it, and
--- into a handle of the binding.
---
--- `*.lua` and `*.so` are started through `sluice worker`, which hosts them, as is
--- any command with `lines`, and `*.rows`, a recording, which `sluice worker` replays.
--- Everything else is a native worker and is executed directly. With `via`, a launcher
--- carries the two byte streams (`ssh -T host --`), and `sluice worker` is started at its far end.
local check = require "sluice.internal.check"
local command_line = require "sluice.internal.command_line"
local core = require "sluice.core"
local modules = require "sluice.internal.modules"
local option_list = require "sluice.internal.option_list"
local lists = require "sluice.internal.lists"

local M = {}

---@class sluice.Spec        a worker, with its options read (see option_list.lua)
---@field words string[]     the worker itself; empty with lines or json: standard input
---@field files boolean?     words are files to read
---@field lines boolean?     and the other options of a host
---@field json boolean?
---@field transport ("pipe"|"stdio")?
---@field via string[]?
---@field remote string?     sluice at the far end of via
---@field env table<string, string|false>?
---@field cwd string?

--- Whether the word names a file that `sluice worker` loads.
local function is_loaded(word)
  return word:find "%.lua$" or word:find "%.so$" or word:find "%.rows$" or word:find "%.rows%.part$"
end

M.is_loaded = is_loaded

---@param spec sluice.Spec
local function is_recording(spec)
  local word = not spec.files and spec.words[1] or ""
  return word:find "%.rows$" or word:find "%.rows%.part$"
end

M.is_recording = is_recording

--- Remove the host options from a recording's spec: they may be a policy's, for the worker that
--- was recorded. The recording already has its rows and their streams.
---@param spec sluice.Spec
---@return sluice.Spec
local function of_recording(spec)
  if not is_recording(spec) then return spec end
  local plain = {}
  for name, value in pairs(spec) do
    local option = option_list.by_name[name]
    if not option or option.of ~= "host" or name == "replay" or name == "bad_lines" then plain[name] = value end
  end
  return plain
end

--- Why an option needs its host.
local NEEDS = {
  at = "it looks into JSON documents",
  stream = "any other worker names its streams itself",
  stream_by = "any other worker names its streams itself",
  envelopes = "only a program that prints JSON lines has them",
  bad_lines = "any other worker sends only valid rows",
  ok_status = "any other worker reports itself how it ended",
  replay = "only a recording has times of its own",
}

--- A contradiction among the options, as a sentence, or nil.
---@param spec sluice.Spec
---@return string?
local function contradiction(spec)
  if spec.lines and spec.json then return "lines and json: expected only one of them" end
  if spec.replay and not is_recording(spec) then return "replay needs a recording, a FILE.rows: " .. NEEDS.replay end
  if not (spec.lines or spec.json or is_recording(spec)) then
    for _, option in ipairs(option_list.of.host) do
      if spec[option.name] then return ("%s needs lines or json: %s"):format(option.name, NEEDS[option.name]) end
    end
  end
  if spec.at and not spec.json then return "at needs json: with lines, each line is a row" end
  if spec.envelopes and spec.stream_by then return "stream_by and envelopes: expected only one of them, as an envelope names its stream" end
  if spec.ok_status and #spec.words == 0 then return "ok_status needs a program: the end of input has no exit status" end
  if spec.stdin == "inherit" and (spec.via or spec.transport == "stdio") then
    return "stdin needs transport pipe: with stdio, the frames use standard input"
  end
  if spec.via and spec.transport == "pipe" then return "via needs transport stdio: a launcher forwards only stdin and stdout" end
  if spec.remote and not spec.via then return "remote needs via: it names sluice at the far end" end
end

local append = lists.append

--- sluice worker …
---@param spec sluice.Spec
---@param sweeps boolean?  no process of the worker may outlive it
---@return string[]
local function host_command(spec, exe, transport, sweeps)
  local list = { exe, "worker", "--transport", transport }
  append(list, { sweeps and "--sweep" or nil, spec.files and "--files" or nil })
  for _, option in ipairs(option_list.of.host) do
    local value = spec[option.name]
    if value and not (option.name == "bad_lines" and is_recording(spec)) then append(list, { option.flag, option.value and value }) end
  end
  if #spec.words > 0 then list[#list + 1] = "--" end
  return append(list, spec.words)
end

--- Directory and environment for the far end, which our own options do not reach.
---@param spec sluice.Spec
---@return string[]
local function far_environment(spec)
  local list = {}
  if spec.cwd then append(list, { "-C", spec.cwd }) end
  local names = lists.sorted_keys(spec.env or {})
  for _, name in ipairs(names) do
    if not spec.env[name] then append(list, { "-u", name }) end
  end
  for _, name in ipairs(names) do
    if spec.env[name] then list[#list + 1] = name .. "=" .. spec.env[name] end
  end
  if #list > 0 then table.insert(list, 1, "env") end
  return list
end

---@param spec sluice.Spec
---@return string[]
local function launched(spec)
  local far = far_environment(spec)
  append(far, host_command(spec, spec.remote or option_list.by_name.remote.default, "stdio"))
  -- ssh joins its words with blanks and a shell splits them again.
  if spec.via[1]:match("[^/]*$") == "ssh" then far = lists.map(far, command_line.quote) end
  return append(append({}, spec.via), far)
end

---@class sluice.Command
---@field argv string[]
---@field transport "pipe"|"stdio"
---@field cwd string?
---@field env table<string, string|false>?  changes to the environment

---@param spec sluice.Spec
---@param exe string  path of this executable
---@return sluice.Command? command, string? problem
function M.build(spec, exe)
  spec = of_recording(spec)
  local problem = contradiction(spec)
  if problem then return nil, problem end
  if spec.via then return { argv = launched(spec), transport = "stdio" } end
  local transport = spec.transport or option_list.by_name.transport.default
  local is_hosted = spec.lines or spec.json or is_loaded(spec.words[1] or "")
  local argv = is_hosted and host_command(spec, exe, transport, modules.is_command()) or append({}, spec.words)
  return { argv = argv, transport = transport, cwd = spec.cwd, env = spec.env }
end

--- Make the worker's first word relative to dir if it is a relative file name.
--- Names that are looked up in PATH stay unchanged.
---@param list string[]
---@param dir string
---@return string[]
function M.relative_to(list, dir)
  local first = list[1]
  local is_file = first:find("/", 1, true) or is_loaded(first)
  if not is_file or first:sub(1, 1) == "/" or dir == "" then return list end
  local moved = append({}, list)
  moved[1] = dir .. first
  return moved
end

local READERS = option_list.readers(option_list.list)

--- Read words and options from one table { "scan.lua", "--fast", timeout = 5 }.
---@param spec table
---@return sluice.Spec? read, string? problem
function M.read(spec)
  local list, named = {}, {}
  for key, value in pairs(spec) do
    if math.type(key) == "integer" then list[key] = value else named[key] = value end
  end
  local words, expected = command_line.list(list)
  if not words then return nil, "expected " .. expected end
  local read, problem = check.table(named, READERS, "")
  if not read then return nil, problem end
  read.words = words
  read = of_recording(read)
  problem = contradiction(read)
  if problem then return nil, problem end
  return read
end

--- The current environment with changes.
---@param changes table<string, string|false>?
---@return table<string, string>? env  nil: unchanged
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
  local built, problem = M.build(spec, core.exe)
  if not built then return nil, core.error("usage", problem) end
  local given = option_list.pick(option_list.of.worker, spec)
  given.argv, given.transport = built.argv, built.transport
  given.cwd, given.env = built.cwd, environment(built.env)
  given.pass_stdin = spec.stdin == "inherit"
  given.takes_bad_lines = (spec.bad_lines or "fail") ~= "fail"
  return core.worker(given)
end

return M
