--- Policies: what to do with rows, diagnostics, summary and failure.
---
--- A policy is a table that a script returns. Here it is loaded, read closely
--- (an unknown key is an error, because a misspelt handler would never be
--- called) and converted to what the runtime takes.
local check = require "sluice.internal.check"
local command_line = require "sluice.internal.command_line"
local core = require "sluice.core"
local expectation = require "sluice.internal.expectation"
local globals = require "sluice.internal.globals"
local option_list = require "sluice.internal.option_list"
local policy_options = require "sluice.internal.policy_options"
local rejects = require "sluice.internal.rejects"
local lists = require "sluice.internal.lists"
local transaction = require "sluice.internal.transaction"
local types = require "sluice.internal.schema.type"

local M = {}

---@class sluice.StreamPolicy   the steps of a row, in this order
---@field schema sluice.Schema?                     of the worker's payload; row.payload is the decoded value
---@field on_invalid "fail"|"reject"|"drop"|nil     how a row that violates the schema is handled; nil: "fail"
---@field where (fun(row: sluice.Row, run: sluice.Run): any)?   false, nil or sluice.null drops the row
---@field map (fun(row: sluice.Row, run: sluice.Run): any)?     its result becomes the payload; nil is an error
---@field on_row fun(row: sluice.Row, run: sluice.Run)?
---@field sink sluice.Sink?                         several streams may share one
---@field rejects sluice.Sink?                      where its rejected rows go; nil: to the policy's
---@field max_rejects integer|string?               a limit for this stream's rows

---@class sluice.Policy
---@field export string?
---@field request any
---@field worker string[]?
---@field expect sluice.Expectation?    which worker this policy is for
---@field streams table<string, sluice.StreamPolicy|"drop">?  "*": all others
---@field on_row fun(row: sluice.Row, run: sluice.Run)?
---@field sink sluice.Sink?             of streams without an entry
---@field rejects sluice.Sink?          where rejected rows go (rejects.lua says how)
---@field max_rejects integer|string?   a limit for all rows: a number, or "1%"; nil: any number
---@field run_key string?               a run is not repeated once one with this key is committed
---@field request_schema sluice.Schema? checked before the worker is started
---@field summary_schema sluice.Schema? of the summary's metadata; checked before anything is committed
---@field on_diagnostic fun(d: {code: string, message: string}, run: sluice.Run)?
---@field on_progress fun(p: {phase: string, current: integer, total: integer?}, run: sluice.Run)?
---@field on_summary fun(summary: sluice.core.Summary, run: sluice.Run)?
---@field on_failure fun(failure: sluice.Error, run: sluice.Run?)?

---@class sluice.Plan: sluice.Policy   a policy, read
---@field json string?       the request as JSON text
---@field streams table<string, sluice.core.Handlers>
---@field default sluice.core.Handlers?
---@field participants sluice.Participant[]  the distinct sinks, those of rejected rows last
---@field rejects sluice.RejectPlan?
---@field schemas table<string, sluice.Schema>  by stream; those in streams are compiled
---@field directory string   of its file, with a trailing slash, or ""
---@field options table<string, any>  by the names in option_list.lua, read

local function read_schema(value)
  if types.is(value) then return value end
  return nil, "a schema, as in schema.record { name = schema.string }"
end

local function read_sink(value)
  local expected = transaction.problem(value)
  if expected then return nil, expected end
  return value
end

local disposition = check.one_of({ "fail", "reject", "drop" }, '"fail", "reject" or "drop"')

local step_readers = {
  schema = read_schema, on_invalid = disposition, where = check.func, map = check.func, on_row = check.func,
  sink = read_sink, rejects = read_sink, max_rejects = rejects.limit,
}

--- For a stream whose rows nobody wants: decided without Lua.
local DROP = { where = core.expression("false", "drop") }
M.DROP = DROP

--- The entry of one stream.
---@return table? handlers, sluice.Problem[]? problems
local function read_entry(entry, place)
  if entry == "drop" then return DROP end
  if type(entry) ~= "table" then
    return nil, { { place = place, text = ('%s: expected "drop" or a table such as { on_row = function(row) … end }, got %s')
      :format(place, check.show(entry)) } }
  end
  local handlers, _, problems = check.table(entry, step_readers, place .. ".")
  if handlers and handlers.on_invalid and not handlers.schema then
    place = place .. ".on_invalid"
    return nil, { { place = place, text = place .. ": needs a schema beside it" } }
  end
  return handlers, problems
end

local function read_streams(value, name)
  if type(value) ~= "table" then return nil, "a table of streams" end
  local streams, problems = {}, {}
  for _, stream in ipairs(lists.sorted_keys(value)) do
    if type(stream) ~= "string" or stream == "" then
      local text = ("%s: expected names of streams as keys, got %s"):format(name, check.show(stream))
      problems[#problems + 1] = { place = name, text = text }
    else
      local handlers, several = read_entry(value[stream], ("%s.%s"):format(name, stream))
      streams[stream] = handlers
      lists.append(problems, several or {})
    end
  end
  if #problems > 0 then return nil, nil, problems[1].text, problems end
  return streams
end

--- A Lua value as JSON text.
---@return string? json, string? expected, string? problem
local function read_request(value, name)
  local ok, json, err = pcall(core.json.encode, value)
  if ok and json then return json end
  local why = ok and err or json
  return nil, nil, ("%s: cannot be written as JSON: %s"):format(name, type(why) == "table" and why.message or tostring(why))
end

local own_readers = {
  export = check.name, run_key = check.name, expect = expectation.read,
  request = read_request, request_schema = read_schema, summary_schema = read_schema,
  streams = read_streams, on_row = check.func, sink = read_sink,
  rejects = read_sink, max_rejects = rejects.limit,
  on_diagnostic = check.func, on_progress = check.func, on_summary = check.func, on_failure = check.func,
}

local function belongs_to_a_stream(_, name)
  return nil, nil, ("%s: belongs to a stream: streams = { NAME = { %s = … } }"):format(name, name)
end

for name in pairs(step_readers) do own_readers[name] = own_readers[name] or belongs_to_a_stream end

local function belongs_to_spawn(_, name)
  return nil, nil, ("%s: belongs to sluice.spawn, which has started this worker"):format(name)
end

--- Readers for a file, which may name its worker, and for a policy given to a running worker.
local file_readers = option_list.readers(option_list.list)
local readers = option_list.readers(option_list.of.request)
file_readers.worker = command_line.list
for name in pairs(file_readers) do readers[name] = readers[name] or belongs_to_spawn end
for name, reader in pairs(own_readers) do readers[name], file_readers[name] = reader, reader end

local OTHERS = "*" -- in `streams`: all that have no entry of their own

--- The distinct sinks of a policy.
---@return sluice.Participant[] participants, table<sluice.Sink, sluice.Participant> by_sink
local function participants_of(streams, default)
  local list, by_sink = {}, {}
  local function join(handlers, name, stream)
    local sink = handlers.sink
    if not sink then return end
    local known = by_sink[sink]
    if known then
      known.schema = nil
      table.insert(known.streams, stream)
      return
    end
    local schema = not handlers.map and handlers.schema or nil -- the results of map have none
    by_sink[sink] = { name = name, sink = sink, streams = { stream }, schema = schema, named = streams }
    list[#list + 1] = by_sink[sink]
  end
  if default and default ~= streams[OTHERS] then join(default, "sink", OTHERS) end
  for _, name in ipairs(lists.sorted_keys(streams)) do join(streams[name], ("streams.%s.sink"):format(name), name) end
  return list, by_sink
end

--- Rejected rows are not rows of their stream, so their sinks take nothing else.
---@return sluice.RejectPlan? plan, string? problem
local function plan_rejects(read, streams, by_sink)
  local plan = { streams = {}, order = lists.sorted_keys(streams), participants = {} }
  local known, problem = {}, nil
  local function rule_of(from, name)
    local sink = from.rejects
    if sink and by_sink[sink] then
      problem = problem or ("%srejects: expected a sink of its own, got that of %s"):format(name, by_sink[sink].name)
    elseif sink and not known[sink] then
      known[sink] = { name = name .. "rejects", sink = sink, streams = { "rejects" } }
      table.insert(plan.participants, known[sink])
    end
    return { name = name, sink = known[sink], limit = from.max_rejects }
  end
  for _, name in ipairs(plan.order) do
    plan.streams[name] = rule_of(streams[name], ("streams.%s."):format(name))
  end
  plan.all = rule_of(read, "")
  if problem then return nil, problem end
  return plan
end

---@return sluice.Plan? plan, string? problem, sluice.Problem[]? problems  all that were found
local function plan_of(policy, known)
  local read, problem, problems = check.table(policy, known, "")
  if not read then return nil, problem, problems end
  local plan = { options = {} }
  for key, value in pairs(read) do
    if option_list.by_name[key] then plan.options[key] = value else plan[key] = value end
  end
  plan.streams = plan.streams or {}
  local others = plan.streams[OTHERS]
  if others and (plan.on_row or plan.sink) then
    return nil, ('streams["*"]: takes all streams without an entry, but so does %s; leave one of them out'):format(
      plan.on_row and "on_row" or "sink")
  end
  plan.default = (plan.on_row or plan.sink) and { on_row = plan.on_row, sink = plan.sink } or others
  plan.json, plan.request, plan.on_row, plan.sink, plan.max_rejects = plan.request, nil, nil, nil, nil
  local by_sink
  plan.participants, by_sink = participants_of(plan.streams, plan.default)
  plan.schemas = {}
  for name, handlers in pairs(plan.streams) do
    plan.schemas[name] = handlers.schema
    handlers.schema = handlers.schema and handlers.schema:compile()
  end
  plan.rejects, problem = plan_rejects(read, plan.streams, by_sink)
  if not plan.rejects then return nil, problem end
  lists.append(plan.participants, plan.rejects.participants)
  return plan
end

--- Read a policy for a worker that is already running.
---@param policy sluice.Policy
---@return sluice.Plan? plan, string? problem
function M.read(policy)
  return plan_of(policy, readers)
end

--- Read what a policy file returns.
---@param policy sluice.Policy
---@return sluice.Plan? plan, string? problem, sluice.Problem[]? problems
function M.read_file(policy)
  return plan_of(policy, file_readers)
end

---@param path string
---@param text string?  of a ready script; path is then its name
---@return function? chunk, sluice.Error? err
local function compile(path, text)
  if text then return assert(load(text, ("@scripts/%s.lua"):format(path), "t", globals.strict())) end
  local file, why = io.open(path, "r")
  if not file then
    local what = tostring(why):sub(1, #path) == path and tostring(why):sub(#path + 3) or why
    return nil, core.error("usage", ("cannot read the policy %s: %s"):format(path, what))
  end
  file:close()
  local chunk, err = loadfile(path, "t", globals.strict())
  if not chunk then return nil, core.error("policy", tostring(err)) end
  return chunk
end

--- Find modules beside a policy first, as for a worker.
local function find_modules_beside(path)
  local dir = path:match "^.*/" or "./"
  package.path = ("%s?.lua;%s?/init.lua;%s"):format(dir, dir, package.path)
  package.cpath = ("%s?.so;%s"):format(dir, package.cpath)
end

--- Load a policy file and read it.
---@param path string
---@param arguments string[]?  what the file gets as `...`
---@param text string?  of a ready script; path is then its name, and it has no modules beside it
---@return sluice.Plan? plan, sluice.Error? err
function M.load(path, arguments, text)
  local chunk, err = compile(path, text)
  if not chunk then return nil, err end
  if not text then find_modules_beside(path) end
  local ok, policy = core.protect(path, "policy", chunk, table.unpack(arguments or {}))
  if not ok then return nil, policy end
  err = policy_options.unused()
  if err then return nil, err end
  if type(policy) ~= "table" then
    local problem = ("expected the file to return a table, got %s"):format(check.show(policy))
    return nil, core.error("policy", path .. ": " .. problem, { problems = { { place = "", text = problem } } })
  end
  local plan, problem, problems = M.read_file(policy)
  if not plan then
    problems = problems or { { place = problem:match "^[^%s:]+", text = problem } }
    return nil, core.error("policy", path .. ": " .. problem, { problems = problems })
  end
  plan.directory = path:match "^.*/" or ""
  return plan
end

--- The options that a policy file declares for --set, if it can be read.
---@param path string
---@param text string?  of a ready script
---@return table<string, sluice.Setting>? declaration
function M.settings(path, text)
  local chunk = compile(path, text)
  if not chunk then return nil end
  if not text then find_modules_beside(path) end
  return policy_options.collect(chunk)
end

--- The streams that a policy takes by name, for a worker that asks.
---@return string
local function names_of(streams)
  local names = {}
  for _, name in ipairs(lists.sorted_keys(streams)) do
    if name ~= OTHERS and not name:find("\0", 1, true) then names[#names + 1] = name .. "\0" end
  end
  return table.concat(names)
end

--- Convert to the binding's form of a request.
---@param plan sluice.Plan
---@param type "rows"|"call"
---@return sluice.core.Request
function M.request(plan, type)
  local request = option_list.pick(option_list.of.request, plan.options)
  request.type = type
  request.bad_lines = plan.options.bad_lines
  for _, name in ipairs { "export", "json", "streams", "default", "on_diagnostic", "on_progress" } do
    request[name] = plan[name]
  end
  request.named = plan.streams[OTHERS] and names_of(plan.streams) or nil
  return request
end

return M
