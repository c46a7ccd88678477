--- Describes what a policy would do, in lines for people.
local command_line = require "sluice.internal.command_line"
local lists = require "sluice.internal.lists"
local option_list = require "sluice.internal.option_list"
local policy = require "sluice.internal.policy"
local transaction = require "sluice.internal.transaction"
local types = require "sluice.internal.schema.type"
local units = require "sluice.internal.units"

local M = {}

---@class sluice.examine.Subject
---@field policy string
---@field plan sluice.Plan
---@field options sluice.examine.Origin[]
---@field facts string[][]       name, value, and possibly where it comes from

---@class sluice.examine.Origin
---@field name string
---@field value string
---@field from string            "command line", "policy" or "default"

-- ---- columns ------------------------------------------------------------------

--- Align rows of cells; the last cell of a row is not padded.
---@param rows string[][]
---@param indent string
---@param lines string[]  the rows are appended
local function align(rows, indent, lines)
  local widths = {}
  for _, row in ipairs(rows) do
    for i = 1, #row - 1 do widths[i] = math.max(widths[i] or 0, utf8.len(row[i]) or #row[i]) end
  end
  for _, row in ipairs(rows) do
    local cells = lists.map(row, function(cell, i)
      return i < #row and cell .. (" "):rep(widths[i] - (utf8.len(cell) or #cell)) or cell
    end)
    lines[#lines + 1] = indent .. table.concat(cells, "  ")
  end
end

-- ---- options ------------------------------------------------------------------

local IN_MS = { [units.duration] = true, [units.positive_duration] = true }

--- 90000 -> "90s", as a user would write it.
local function show_ms(ms)
  for _, unit in ipairs { { "h", 3600000 }, { "m", 60000 }, { "s", 1000 } } do
    if ms % unit[2] == 0 then return ("%d%s"):format(ms // unit[2], unit[1]) end
  end
  return ms .. "ms"
end

---@param option sluice.Option
local function show_value(option, value)
  if IN_MS[option.read] then return value == 0 and option.zero or show_ms(value) end
  if option.name == "max_frame" or option.name == "max_rss" then return units.show_size(value) end
  if option.name == "env" then
    local list = value[1] and lists.map(value, function(pair) return pair.name .. "=" .. pair.value end)
      or lists.map(lists.sorted_keys(value), function(name) return value[name] and name .. "=" .. value[name] or "no " .. name end)
    return table.concat(list, " ")
  end
  if type(value) == "table" then return command_line.show(value) end
  return tostring(value)
end

--- The options in force, and where each comes from.
---@param given table           of the command line
---@param of_policy table
---@return sluice.examine.Origin[]
function M.origins(given, of_policy)
  local origins = {}
  local function add(option, value, from)
    origins[#origins + 1] = { name = option.name, value = show_value(option, value), from = from }
  end
  for _, option in ipairs(option_list.list) do
    local name = option.name
    local is_given = given[name] ~= nil and not (option.each and #given[name] == 0)
    if is_given then
      add(option, given[name], "command line")
    elseif of_policy[name] ~= nil then
      add(option, of_policy[name], "policy")
    elseif option.default and option.of ~= "launcher" then
      add(option, option.read(option.default), "default")
    end
  end
  return origins
end

-- ---- streams ------------------------------------------------------------------

local ON_INVALID = { fail = "fails the run", reject = "is rejected", drop = "is dropped" }

--- A sink in words.
---@param sink sluice.Sink
---@return string
function M.sink(sink)
  local meta = getmetatable(sink)
  if type(meta) == "table" and meta.__tostring then return tostring(sink) end
  return type(meta) == "table" and type(meta.__name) == "string" and meta.__name or "a custom sink"
end

local function schema_line(schema, on_invalid)
  local what = types.is(schema) and schema.fields and ("a record of %d field%s"):format(#schema.fields, #schema.fields == 1 and "" or "s")
    or types.is(schema) and schema.kind or "yes"
  return ("%s; a row that does not conform %s"):format(what, ON_INVALID[on_invalid or "fail"])
end

local function participant(plan, sink)
  return lists.find(plan.participants, function(p) return p.sink == sink end)
end

--- The steps of a stream, in order.
---@param handlers sluice.core.Handlers
---@param rule sluice.RejectRule?
local function steps(plan, handlers, schema, rule)
  local rows = {}
  if handlers.schema then rows[#rows + 1] = { "schema", schema_line(schema, handlers.on_invalid) } end
  if handlers.where then rows[#rows + 1] = { "where", "false, nil or null drops the row" } end
  if handlers.map then rows[#rows + 1] = { "map", "its value becomes the payload" } end
  if handlers.on_row then rows[#rows + 1] = { "on_row", "a handler" } end
  if handlers.sink then rows[#rows + 1] = { "sink", M.sink(participant(plan, handlers.sink).sink) } end
  if rule and rule.sink then rows[#rows + 1] = { "rejects", M.sink(rule.sink.sink) } end
  if rule and rule.limit then rows[#rows + 1] = { "max_rejects", rule.limit.text } end
  return rows
end

local function stream_lines(subject, lines)
  local plan = subject.plan
  local function add(title, handlers, schema, rule)
    local rows = handlers == policy.DROP and { { "dropped" } } or steps(plan, handlers, schema, rule)
    if #rows == 0 then rows = { { "kept: only counted" } } end
    lines[#lines + 1] = "  " .. title
    align(rows, "    ", lines)
  end
  for _, name in ipairs(lists.sorted_keys(plan.streams)) do
    if name ~= "*" then add(name, plan.streams[name], plan.schemas[name], plan.rejects.streams[name]) end
  end
  if plan.default then
    local own = plan.streams["*"] == plan.default and "*" or nil
    add(next(plan.streams) and "all others" or "all", plan.default, plan.schemas["*"], own and plan.rejects.streams["*"])
  else
    lines[#lines + 1] = "  " .. (next(plan.streams) and "all others" or "all")
    lines[#lines + 1] = "    not handled; a row fails the run"
  end
end

-- ---- the end ------------------------------------------------------------------

local function end_lines(plan, lines)
  local all, rows = plan.rejects.all, {}
  if all.sink then lines[#lines + 1] = "rejected rows: " .. M.sink(all.sink.sink) end
  if all.limit then lines[#lines + 1] = "rejected rows, at most: " .. all.limit.text end
  for i, p in ipairs(transaction.order(plan.participants)) do rows[i] = { tostring(i), p.name, M.sink(p.sink) } end
  lines[#lines + 1] = #rows > 0 and "commit, after all sinks have prepared" or "commit: no sink, nothing to commit"
  align(rows, "  ", lines)
  local handlers = lists.select({ "on_diagnostic", "on_progress", "on_summary", "on_failure" }, function(name) return plan[name] end)
  if #handlers > 0 then lines[#lines + 1] = "handlers: " .. table.concat(handlers, ", ") end
end

---@param subject sluice.examine.Subject
---@return string[] lines
function M.lines(subject)
  local lines = {}
  align(lists.map(subject.facts, function(fact)
    return { fact[1], fact[3] and ("%s (%s)"):format(fact[2], fact[3]) or fact[2] }
  end), "", lines)
  lines[#lines + 1] = "options"
  align(lists.map(subject.options, function(o) return { o.name, o.value, o.from } end), "  ", lines)
  lines[#lines + 1] = "streams"
  stream_lines(subject, lines)
  end_lines(subject.plan, lines)
  return lines
end

return M
