--- The options of a worker and of its requests: the single list that is used to
--- read a policy, a spec for sluice.spawn and the command line, and to write help.
---
--- An option of the process ("worker") goes to core.worker under its name, one
--- of a request to Worker:begin, one of a host to `sluice worker` as its flag;
--- those of a launcher are for launch.lua. Picking from the list applies the
--- defaults.
local check = require "sluice.internal.check"
local command_line = require "sluice.internal.command_line"
local lists = require "sluice.internal.lists"
local units = require "sluice.internal.units"

local M = {}

---@class sluice.Option
---@field name string
---@field of "request"|"worker"|"launcher"|"host"  what it belongs to
---@field read fun(value: any): any, string?  the value for the runtime, or nil and what was expected
---@field default any      as a user would write it
---@field help string?     without its full stop; nil: not on the command line
---@field value string?    placeholder for the value in help; nil: a flag without a value
---@field zero string?     what 0 means, for help
---@field each (fun(word: string): any, string?)?  repeatable on the command line: reads one
---@field hint string?     advice for an error that names the flag
---@field flag string      "--max-frame"

local function text(value)
  if type(value) == "string" and value ~= "" and not value:find("\0", 1, true) then return value end
  return nil, "a non-empty string"
end

local function positive_size(value)
  local bytes, expected = units.size(value)
  if bytes == 0 then return nil, "a positive size" end
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

local RECORDING = "the name of a file that ends in .rows, so that it can be used as a worker"

local function recording(value)
  if type(value) == "string" and value:find "[^/]%.rows$" and not value:find("\0", 1, true) then return value end
  return nil, RECORDING
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

local POINTER = 'a JSON Pointer such as "/data/items"'

local function pointer(value)
  if type(value) ~= "string" or value:find("\0", 1, true) then return nil, POINTER end
  if value ~= "" and value:sub(1, 1) ~= "/" or value:find "~[^01]" or value:find "~$" then return nil, POINTER end
  return value
end

local STATUSES = "exit statuses from 0 to 255, as in 0,1"

--- "0,1", { 0, 1 } or 1, converted for the host.
local function statuses(value)
  local list = type(value) == "table" and value or { value }
  local words = table.concat(lists.map(list, tostring), ",")
  for part in (words .. ","):gmatch "([^,]*)," do
    local status = part:find "^%d+$" and tonumber(part)
    if not status or status > 255 then return nil, STATUSES end
  end
  return words
end

--- In the order of help.
---@type sluice.Option[]
M.list = {
  { name = "timeout", of = "request", read = units.duration, default = "10m", zero = "none",
    value = "DURATION", help = "Limit for the whole request",
    hint = "--timeout DURATION allows more time, --timeout 0 sets no limit" },
  { name = "idle_timeout", of = "request", read = units.duration,
    value = "DURATION", help = "Longest silence of the worker (none)",
    hint = "--idle-timeout DURATION allows longer silences" },

  { name = "startup_timeout", of = "worker", read = units.positive_duration, default = "10s",
    value = "DURATION", help = "Limit for the worker to introduce itself",
    hint = "--startup-timeout DURATION allows more time" },
  { name = "max_frame", of = "worker", read = frame_cap, default = "1MiB",
    value = "SIZE", help = "Largest row that is accepted",
    hint = "--max-frame SIZE allows larger rows, up to 256MiB" },
  { name = "stop_grace", of = "worker", read = units.positive_duration, default = "2s" },
  { name = "kill_grace", of = "worker", read = units.positive_duration, default = "2s" },
  { name = "max_requests", of = "worker", read = check.count },
  { name = "max_rss", of = "worker", read = positive_size },
  { name = "max_idle", of = "worker", read = units.positive_duration },
  { name = "env", of = "worker", read = environment, each = command_line.variable,
    value = "NAME=VALUE", help = "Set a variable for the worker; may be repeated" },
  { name = "stdin", of = "worker", read = check.one_of({ "inherit", "none" }, '"inherit" or "none"') },
  { name = "cwd", of = "worker", read = text, value = "DIR", help = "Start the worker in this directory" },
  { name = "transport", of = "worker", read = check.one_of({ "pipe", "stdio" }, "pipe or stdio"), default = "pipe",
    value = "HOW", help = "pipe: descriptors 3 and 4; stdio: 0 and 1",
    hint = "--transport stdio is for workers that speak on 0 and 1" },

  { name = "record", of = "worker", read = recording,
    value = "FILE.rows", help = "Record all that the worker does; the file can then\nbe used as a worker" },

  { name = "via", of = "launcher", read = launcher,
    value = "COMMAND", help = "Launcher that forwards standard input and output,\nas in --via 'ssh -T host --'" },
  { name = "remote", of = "launcher", read = text, default = "sluice",
    value = "PATH", help = "Path of sluice at the far end of --via" },

  { name = "lines", of = "host", read = check.boolean, help = "The worker is any program that prints JSON lines",
    hint = "if this program prints JSON lines, start it with --lines" },
  { name = "json", of = "host", read = check.boolean,
    help = "JSON documents instead of lines, on one line or many;\neach element of an array is a row" },
  { name = "at", of = "host", read = pointer, value = "POINTER",
    help = "With --json: the rows are the elements of the array\nat this place in each document" },
  { name = "stream", of = "host", read = text, value = "NAME", help = "The stream of lines or documents (rows)" },
  { name = "stream_by", of = "host", read = pointer, value = "POINTER",
    help = "The field that names the stream of each row" },
  { name = "envelopes", of = "host", read = check.boolean,
    help = 'Each line is an envelope, such as\n{"stream":"rows","payload":…}' },
  { name = "bad_lines", of = "host", read = check.one_of({ "fail", "drop", "reject" }, "fail, drop or reject"),
    value = "HOW", help = "What to do with lines that are not JSON: fail, drop\nor reject (fail)" },
  { name = "ok_status", of = "host", read = statuses, value = "LIST",
    help = "Exit statuses of the program that are success (0)" },
  { name = "replay", of = "host", read = check.one_of({ "full", "realtime" }, "full or realtime"),
    value = "HOW", help = "For a recording: full speed, or realtime, with its\nown pauses (full)" },
}

---@type table<string, sluice.Option>
M.by_name = {}
---@type table<string, sluice.Option[]>  by what they belong to
M.of = {}

for _, option in ipairs(M.list) do
  option.flag = "--" .. option.name:gsub("_", "-")
  M.by_name[option.name] = option
  M.of[option.of] = M.of[option.of] or {}
  table.insert(M.of[option.of], option)
end

--- Readers for check.table.
---@param options sluice.Option[]
---@return table<string, sluice.Reader>
function M.readers(options)
  local readers = {}
  for _, option in ipairs(options) do readers[option.name] = option.read end
  return readers
end

--- The values in force: each option from the first table that has it, or its
--- default.
---@param options sluice.Option[]
---@param ... table<string, any>  with options read
---@return table<string, any>
function M.pick(options, ...)
  local picked = {}
  for _, option in ipairs(options) do
    local name, value = option.name, nil
    for _, given in ipairs { ... } do
      if value == nil then value = given[name] end
    end
    if value == nil and option.default then value = option.read(option.default) end
    picked[name] = value
  end
  return picked
end

return M
