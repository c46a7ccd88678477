--- Rejected rows: written down, and no more of them than allowed.
---
--- A rejected row goes to the policy's `rejects` sink as an object
---
---     {"stream":…,"sequence":…,"reason":…,"pointer":…,"violations":[…],"row":…}
---
--- with the row's text as it came; pointer and violations only where a schema
--- refused it. Without such a sink the first few reasons become notes.
---
--- `max_rejects` is a number of rows, or a percentage of the delivered ones. A
--- percentage is judged at the end, and with each rejected row once so many rows
--- were delivered that one of them cannot decide it.
---
--- A stream may have a sink and a limit of its own: its rejected rows go there and
--- not to the policy's sink; they count for both limits.
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
---@field name string                 what stands before it in the policy: "", "streams.rows."
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

--- Without a policy: no sink, no limit.
M.none = { all = { name = "" }, streams = {}, order = {}, participants = {} }

---@class sluice.RejectTally  what one rule has seen
---@field count integer
---@field last { stream: string, sequence: integer, reason: string, pointer: string? }

---@class sluice.Rejects
---@field private plan sluice.RejectPlan
---@field private tallies table<sluice.RejectRule, sluice.RejectTally>
---@field private write fun(p: sluice.Participant, row: sluice.Row): true?, sluice.Error?
---@field private written table<sluice.Participant, integer>
---@field private unwritten integer   rows that no sink has
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
  return setmetatable({ plan = plan, write = write, tallies = tallies, written = written, unwritten = 0, notes = {} }, Rejects)
end

---@param row sluice.Row
---@param why sluice.Error
---@return string json
local function describe(row, why)
  return json_object.of(
    "stream", row.stream, "sequence", row.sequence, "reason", why.message, "pointer", why.pointer,
    "violations", why.violations and core.json.array(why.violations), "row", json_object.raw(row.raw))
end

local function place(row)
  return ("stream %s, row %d"):format(row.stream, row.sequence)
end

---@param rule sluice.RejectRule
---@param delivered integer
---@return sluice.Error? err  when there are more than allowed
local function judge(self, rule, delivered)
  local limit, tally = rule.limit, self.tallies[rule]
  if not limit then return nil end
  local count, last = tally.count, tally.last
  local within = limit.rows and count <= limit.rows or limit.percent and count * 100 <= limit.percent * delivered
  if within then return nil end
  return core.error("row_invalid", ("%s of %s rows were rejected, %smax_rejects is %s; the last is %s: %s"):format(
    units.show_count(count), units.show_count(delivered), rule.name, limit.text, place(last), last.reason), {
    stream = last.stream, sequence = last.sequence, pointer = last.pointer,
    max_rejects = limit.text, rejected = count,
  })
end

--- Judge again, unless the rows to come may yet decide it.
---@param delivered integer
local function judge_early(self, rule, delivered)
  local limit = rule.limit
  if not limit or limit.percent and delivered < ENOUGH_ROWS then return nil end
  return judge(self, rule, delivered)
end

--- Every limit, at the end.
---@param counts { rows: integer, per_stream: table<string, { rows: integer }> }
---@return sluice.Error? err
function Rejects:judge(counts)
  for _, stream in ipairs(self.plan.order) do
    local delivered = counts.per_stream[stream]
    local err = judge(self, self.plan.streams[stream], delivered and delivered.rows or 0)
    if err then return err end
  end
  return judge(self, self.plan.all, counts.rows)
end

local function remember(tally, row, why)
  tally.count = tally.count + 1
  tally.last = { stream = row.stream, sequence = row.sequence, reason = why.message, pointer = why.pointer }
end

--- Where no sink is, some reasons become notes.
local function remark(self, last)
  self.unwritten = self.unwritten + 1
  if self.unwritten <= MOST_NOTES then
    table.insert(self.notes, ("rejected %s: %s"):format(place(last), last.reason))
  end
end

---@return true? ok, sluice.Error? err
local function write(self, sink, row, why)
  local n = self.written[sink]
  self.written[sink] = n + 1
  return self.write(sink, core.row("rejects", n, describe(row, why)))
end

--- The runtime's on_reject.
---@param row sluice.Row  as it came
---@param run sluice.Run
---@param why string|sluice.Error
function Rejects:add(row, run, why)
  local all, own = self.plan.all, self.plan.streams[row.stream]
  local sink, ok, err = own and own.sink or all.sink, true, nil
  if type(why) == "string" then why = { message = why } end
  remember(self.tallies[all], row, why)
  if own then remember(self.tallies[own], row, why) end
  if sink then ok, err = write(self, sink, row, why) else remark(self, self.tallies[all].last) end
  if ok and own then err = judge_early(self, own, row.sequence + 1) end
  if not err and all.limit then err = judge_early(self, all, run:counts().rows) end
  if err then error(err, 0) end
end

--- The first few reasons, where no sink has them.
---@return string[] notes
function Rejects:summary()
  local notes = lists.append({}, self.notes)
  if self.unwritten > #notes then
    table.insert(notes, ("%s more rows were rejected; a `rejects` sink keeps them all"):format(units.show_count(self.unwritten - #notes)))
  end
  return notes
end

return M
