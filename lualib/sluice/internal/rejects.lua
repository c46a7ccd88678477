--- Rejected rows: written to a sink, and limited in number.
---
--- A rejected row goes to the policy's `rejects` sink as an object
---
---     {"stream":…,"sequence":…,"file":…,"line":…,"reason":…,"pointer":…,"violations":[…],"row":…}
---
--- with the row's original text; pointer and violations only if a schema
--- refused it, file and line if rows come from lines. A line that is not a row
--- (`bad_lines = "reject"`) is
---
---     {"file":…,"line":…,"reason":…,"text":…,"size":…}
---
--- with its bytes as a string, in which those that are not UTF-8 are written \\xe9, and
--- size only if the text is cut. Without such a sink the first few reasons become notes.
---
--- `max_rejects` is a number of rows and lines, or a percentage of those delivered. A
--- percentage is checked at the end, and also at each rejected row once enough rows
--- have been delivered that a single one cannot decide it.
---
--- A stream may have a sink and a limit of its own: its rejected rows then go there
--- instead of to the policy's sink; they count towards both limits.
local core = require "sluice.core"
local json_object = require "sluice.internal.json_object"
local lists = require "sluice.internal.lists"
local units = require "sluice.internal.units"

local M = {}

local ENOUGH_ROWS = 1000
local MOST_NOTES = 5

---@class sluice.RejectLimit
---@field rows integer?
---@field percent number?
---@field text string    as the user wrote it

---@class sluice.RejectRule           of the policy, or of one stream
---@field name string                 its prefix in the policy: "", "streams.rows."
---@field sink sluice.Participant?
---@field limit sluice.RejectLimit?

---@class sluice.RejectPlan
---@field all sluice.RejectRule
---@field streams table<string, sluice.RejectRule>
---@field order string[]                    names of these streams, sorted
---@field participants sluice.Participant[] the distinct sinks

local EXPECTED = 'a number of rows, or a percentage such as "1%"'

--- Read `max_rejects`.
---@return sluice.RejectLimit? limit, string? expected
function M.limit(value)
  local rows = math.type(value) == "float" and math.tointeger(value) or value
  if math.type(rows) == "integer" and rows >= 0 then return { rows = rows, text = units.show_count(rows) } end
  local percent = type(value) == "string" and tonumber(value:match "^(%d+%.?%d*)%%$")
  if percent and percent <= 100 then return { percent = percent, text = value } end
  return nil, EXPECTED
end

--- For use without a policy: no sink, no limit.
M.none = { all = { name = "" }, streams = {}, order = {}, participants = {} }

---@class sluice.RejectTally  what one rule has seen
---@field count integer
---@field last sluice.Reject

---@class sluice.Rejects
---@field private plan sluice.RejectPlan
---@field private tallies table<sluice.RejectRule, sluice.RejectTally>
---@field private write fun(p: sluice.Participant, row: sluice.Row): true?, sluice.Error?
---@field private written table<sluice.Participant, integer>
---@field private lines integer       rejected lines that are not rows
---@field private unwritten integer   rejects that went to no sink
---@field private notes string[]      about the first of these
local Rejects = {}
Rejects.__index = Rejects

---@param plan sluice.RejectPlan
---@param write fun(p: sluice.Participant, row: sluice.Row): true?, sluice.Error?  to a sink
---@return sluice.Rejects
function M.new(plan, write)
  local tallies, written = { [plan.all] = { count = 0 } }, {}
  for _, rule in pairs(plan.streams) do tallies[rule] = { count = 0 } end
  for _, p in ipairs(plan.participants) do written[p] = 0 end
  return setmetatable({ plan = plan, write = write, tallies = tallies, written = written, unwritten = 0, lines = 0, notes = {} }, Rejects)
end

---@class sluice.Reject   what is kept about a rejected row or line
---@field reason string
---@field stream string?
---@field sequence integer?
---@field file string?
---@field line integer?
---@field pointer string?

---@param row sluice.Row
---@param why sluice.Error
---@param last sluice.Reject
---@return string json
local function describe(row, why, last)
  return json_object.of(
    "stream", row.stream, "sequence", row.sequence, "file", last.file, "line", last.line,
    "reason", last.reason, "pointer", why.pointer,
    "violations", why.violations and core.json.array(why.violations), "row", json_object.raw(row.raw))
end

---@param bad sluice.core.BadLine
local function describe_line(bad)
  local size = bad.size > #bad.text and bad.size or nil
  return json_object.of("file", bad.file and bad.file, "line", bad.line, "reason", bad.reason,
    "text", bad.text, "size", size)
end

---@param last sluice.Reject
local function place(last)
  local line = last.line and ("%s %s"):format(last.file and last.file .. ":" or "line", last.line):gsub(": ", ":")
  if not last.stream then return line end
  local row = ("stream %s, sequence %d"):format(last.stream, last.sequence)
  return line and row .. ", " .. line or row
end

---@param rule sluice.RejectRule
---@param delivered integer
---@return sluice.Error? err  if there are more than allowed
local function judge(self, rule, delivered)
  local limit, tally = rule.limit, self.tallies[rule]
  if not limit then return nil end
  local count, last = tally.count, tally.last
  local within = limit.rows and count <= limit.rows or limit.percent and count * 100 <= limit.percent * delivered
  if within then return nil end
  return core.error("row_invalid", ("%s of %s %s were rejected, %smax_rejects is %s; the last is %s: %s"):format(
    units.show_count(count), units.show_count(delivered), self.lines > 0 and "rows and lines" or "rows", rule.name,
    limit.text, place(last), last.reason), {
    stream = last.stream, sequence = last.sequence, pointer = last.pointer, file = last.file, line = last.line,
    max_rejects = limit.text, rejected = count,
  })
end

--- Judge already now, unless it is too early for a percentage.
---@param delivered integer
local function judge_early(self, rule, delivered)
  local limit = rule.limit
  if not limit or limit.percent and delivered < ENOUGH_ROWS then return nil end
  return judge(self, rule, delivered)
end

--- The number of rows delivered in the streams that an entry is for.
local function delivered_of(self, entry, per_stream)
  local rows = 0
  for name, counts in pairs(per_stream) do
    local is_its = name == entry or entry == "*" and not self.plan.streams[name]
    if is_its then rows = rows + counts.rows end
  end
  return rows
end

--- Check every limit, at the end.
---@param counts { rows: integer, per_stream: table<string, { rows: integer }> }
---@return sluice.Error? err
function Rejects:judge(counts)
  for _, stream in ipairs(self.plan.order) do
    local err = judge(self, self.plan.streams[stream], delivered_of(self, stream, counts.per_stream))
    if err then return err end
  end
  return judge(self, self.plan.all, counts.rows + counts.bad_lines)
end

---@param last sluice.Reject
local function remember(tally, last)
  tally.count = tally.count + 1
  tally.last = last
end

--- Check the policy's own limit now.
local function judge_all(self, run)
  local counts = run:counts()
  return judge_early(self, self.plan.all, counts.rows + counts.bad_lines)
end

--- Without a sink, the first few reasons become notes.
local function remark(self, last)
  self.unwritten = self.unwritten + 1
  if self.unwritten <= MOST_NOTES then
    table.insert(self.notes, ("rejected %s: %s"):format(place(last), last.reason))
  end
end

---@param json string
---@return true? ok, sluice.Error? err
local function write(self, sink, json)
  local n = self.written[sink]
  self.written[sink] = n + 1
  return self.write(sink, core.row("rejects", n, json))
end

--- The runtime's on_reject.
---@param row sluice.Row  unmodified
---@param run sluice.Run
---@param why string|sluice.Error
---@param line integer?  of the input
---@param file string?
function Rejects:add(row, run, why, line, file)
  local all, own = self.plan.all, self.plan.streams[row.stream] or self.plan.streams["*"]
  local sink, ok, err = own and own.sink or all.sink, true, nil
  if type(why) == "string" then why = { message = why } end
  local last = {
    stream = row.stream, sequence = row.sequence, line = line, file = file,
    reason = why.message, pointer = why.pointer,
  }
  remember(self.tallies[all], last)
  if own then remember(self.tallies[own], last) end
  if sink then ok, err = write(self, sink, describe(row, why, last)) else remark(self, last) end
  if ok and own then err = judge_early(self, own, row.sequence + 1) end
  if not err and all.limit then err = judge_all(self, run) end
  if err then error(err, 0) end
end

--- The runtime's on_bad_line.
---@param bad sluice.core.BadLine
---@param run sluice.Run
function Rejects:add_line(bad, run)
  local all, ok, err = self.plan.all, true, nil
  self.lines = self.lines + 1
  local last = { line = bad.line, file = bad.file, reason = bad.reason }
  remember(self.tallies[all], last)
  if all.sink then ok, err = write(self, all.sink, describe_line(bad)) else remark(self, last) end
  if ok and all.limit then err = judge_all(self, run) end
  if err then error(err, 0) end
end

--- The first few reasons of rejects that went to no sink.
---@return string[] notes
function Rejects:summary()
  local notes = lists.append({}, self.notes)
  if self.unwritten > #notes then
    table.insert(notes, ("%s more were rejected; a `rejects` sink keeps them all"):format(units.show_count(self.unwritten - #notes)))
  end
  return notes
end

return M
