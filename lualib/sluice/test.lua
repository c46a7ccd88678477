--- Tests of policies: a policy is run on a recording, and what its sinks would get is
--- compared with what is expected.
---
---     local test = require "sluice.test"
---
---     it("keeps functions that are long", function()
---       local result = test.run("functions.lua", "scan.rows", { set = { least = 10 } })
---       assert(result.success, tostring(result))
---       test.same({ { name = "main", size = 28 } }, result.sinks["streams.functions.sink"])
---     end)
---
--- Steps, schemas, dispositions, limits and handlers behave as in `sluice run`, but the sinks
--- are replaced by lists in memory: no file is written, no database connected, and errors
--- of a sink itself, such as a missing column, are not found here. What handlers open and write
--- themselves, outside these sinks, is real. Printed output does not appear, but is in the result. The
--- recording is replayed by a process, which is gone when run returns.
---
--- Each run loads the policy's file anew, with the modules beside it, so their state lasts for
--- one run. What was in package.loaded before stays there, so a spec may put a double of a module there.
local check = require "sluice.internal.check"
local core = require "sluice.core"
local difference = require "sluice.internal.test.difference"
local lists = require "sluice.internal.lists"
local option_list = require "sluice.internal.option_list"
local policy = require "sluice.internal.policy"
local recording = require "sluice.internal.test.recording"
local run = require "sluice.internal.test.run"
local text = require "sluice.internal.test.text"

local M = {}

---@class sluice.test.Tally   what happened to the rows of one stream
---@field delivered integer   by the worker
---@field kept integer
---@field dropped integer
---@field invalid integer     those of the dropped rows that the schema refused
---@field rejected integer

---@class sluice.test.Result  a table of plain values; tostring gives the outcome in the command's words, and the tally
---@field success boolean
---@field failure sluice.Error?           with kind, message and the rest
---@field summary sluice.core.Summary?    with metadata, stopped, notes
---@field tally table<string, sluice.test.Tally>   by stream, for streams that had rows
---@field rows integer                    delivered, in all streams; likewise the following
---@field kept integer
---@field dropped integer
---@field invalid integer
---@field rejected integer
---@field bad_lines integer
---@field sinks table<string, any[]>      what each sink has committed: the payloads as the sink gets them, in order. Named
---     as in the policy: "streams.functions.sink", "sink", "rejects", "streams.functions.rejects"; a sink that is used
---     by several streams has the name of the first. A sink that got nothing has an empty list
---@field tentative table<string, any[]>  the same for what was rolled back: after a failure, the rows received until then
---@field diagnostics { code: string, message: string }[]
---@field printed string                  by print, io.write and sluice.stdout()

---@class sluice.test.Options
---@field set table<string, any>?         as --set: options of a policy's file; values are converted by tostring
---@field args any[]?                     passed to a policy's file as `...`
---@field export string?                  as --export; this and the following replace the policy's own
---@field request any
---@field run_key string?
---@field timeout string|number|nil
---@field idle_timeout string|number|nil
---@field startup_timeout string|number|nil
---@field max_frame string|integer|nil
---@field bad_lines "fail"|"drop"|"reject"|nil

local function read_request(value, name)
  local json, problem = text.json(value, name)
  return json, nil, problem
end

local SET = 'a table { NAME = value }'

local function read_set(value)
  if type(value) ~= "table" then return nil, SET end
  local list = {}
  for _, name in ipairs(lists.sorted_keys(value)) do
    if type(name) ~= "string" then return nil, SET end
    list[#list + 1] = { name = name, value = tostring(value[name]) }
  end
  return list
end

local function read_args(value)
  if type(value) ~= "table" then return nil, "a list" end
  return lists.map(value, tostring)
end

local READERS = lists.joined(
  option_list.readers(lists.map(run.options, function(name) return option_list.by_name[name] end)),
  { set = read_set, args = read_args, export = check.name, request = read_request, run_key = check.name })

local OF_FILES = { "set", "args" }

--- Read a policy that is given as a table.
---@return sluice.Plan? plan, string? problem
local function read_table(value, options)
  for _, name in ipairs(OF_FILES) do
    if options[name] then return nil, ("%s: belongs to the file of a policy, and this one is a table"):format(name) end
  end
  return policy.read_file(value)
end

local RECORDING = "the recording: expected the path of a FILE.rows, or what test.rows returns, got "

local function read_recording(value)
  local is_path = type(value) == "string" and (value:find "%.rows$" or value:find "%.rows%.part$")
  if is_path or recording.is(value) then return value end
  return nil, RECORDING .. check.show(value)
end

---@return sluice.test.Order? order, string? problem
local function order_of(from, rows, options)
  if type(from) ~= "string" and type(from) ~= "table" then
    return nil, "the policy: expected the path of a file, or a table, got " .. check.show(from)
  end
  if options ~= nil and type(options) ~= "table" then return nil, "expected a table of options, got " .. check.show(options) end
  local order, problem = { policy = from }, nil
  order.recording, problem = read_recording(rows)
  if problem then return nil, problem end
  order.options, problem = check.table(options or {}, READERS, "")
  if problem then return nil, problem end
  order.set, order.args = order.options.set or {}, order.options.args or {}
  if type(from) == "table" then order.plan, problem = read_table(from, order.options) end
  if problem then return nil, problem end
  return order
end

--- Run a policy on a recording. Every failure of the run is in the result, including a policy file
--- that cannot be loaded and a recording that cannot be read; misuse raises.
---@param from string|sluice.Policy   the path of a policy's file, or what such a file returns; its `worker` is not started
---@param rows string|sluice.test.Recording   the path of a FILE.rows, or what test.rows returns
---@param options sluice.test.Options?
---@return sluice.test.Result
function M.run(from, rows, options)
  local order, problem = order_of(from, rows, options)
  if not order then error("test.run: " .. problem, 2) end
  return run.run(order)
end

---@class sluice.test.More    what a worker does besides its rows
---@field metadata any        of its summary
---@field stopped boolean?
---@field diagnostics { code: string, message: string }[]?   before its rows
---@field progress { phase: string, current: integer, total: integer? }[]?
---@field failure string|table|nil  after its rows it reports this: a message, or { kind = "callback_failed", message = … }
---@field status integer?     after its rows it exits with this status, in mid-stream
---@field signal string|integer|nil  the same with this signal: "KILL"
---@field export string?      the requested export; nil: the one that the policy requests
---@field request any

--- A recording of a worker with these rows, which are Lua values (sluice.null, sluice.array and decimals
--- mean the same as in rows):
---
---     test.rows { { name = "a" }, { name = "b" } }                       the stream "rows"
---     test.rows({ functions = { … }, errors = { … } }, { metadata = { files = 2 } })
---
--- Streams come one after the other, in the order of their names. `made:save "x.rows"` writes it to a file.
---@param rows any[]|table<string, any[]>
---@param more sluice.test.More?
---@return sluice.test.Recording
function M.rows(rows, more)
  local made, problem = recording.of(rows, more)
  if not made then error("test.rows: " .. problem, 2) end
  return made
end

--- Raise; where luassert is loaded, as a failed assertion, which busted tells from an error.
local function fail(message, level)
  local luassert = package.loaded.luassert
  if luassert then luassert(false, message, luassert:level(level + 1)) end
  error(message, level + 1)
end

--- Raise unless the two are the same, with the places where they differ, such as
---
---     row 3: /size: expected 12, got 13
---     row 5: unexpected: {"name":"x"}
---     row 7: missing: {"name":"y"}
---
--- The first ten are shown. Rows are counted from 1; a missing one by its position among those expected. Numbers are
--- compared by value (1 equals 1.0), decimals exactly.
---@param expected any   a list of rows, a table of sinks by name, or any other value
---@param actual any
function M.same(expected, actual)
  local found = difference.of(expected, actual)
  if found then fail("the result is not what was expected:\n" .. found, 2) end
end

return core.members(M, "sluice.test")
