--- Compares the results of two runs of a policy on the same rows.
local lists = require "sluice.internal.lists"

local M = {}

---@class sluice.examine.Made   the results of a run
---@field fates table<string, string>         of Run:fates()
---@field violations table<string, sluice.examine.Violations>

---@class sluice.examine.Violations   of one kind
---@field text string     "functions /name: expected a string of at most 20 characters"
---@field rows integer
---@field first integer   the sequence number of the first row
---@field value string?   the first row's value

---@class sluice.examine.Change
---@field stream string
---@field sequence integer
---@field was string      a letter of Run:fates()
---@field now string

local CHUNK = 4096

--- Where two texts differ: the number of places, and the first ones, from 0.
---@param most integer
---@return integer count, integer[] places
local function differences(a, b, most)
  local count, places, length = 0, {}, math.min(#a, #b)
  for from = 1, length, CHUNK do
    local to = math.min(from + CHUNK - 1, length)
    if a:sub(from, to) ~= b:sub(from, to) then
      for i = from, to do
        if a:byte(i) ~= b:byte(i) then
          count = count + 1
          if #places < most then places[count] = i - 1 end
        end
      end
    end
  end
  return count, places
end

--- The rows whose fate changed; rows that only one of the runs has reached do not count.
---@param was sluice.examine.Made
---@param now sluice.examine.Made
---@param most integer  per stream
---@return integer count, sluice.examine.Change[] first
function M.changes(was, now, most)
  local total, first = 0, {}
  for _, stream in ipairs(lists.sorted_keys(now.fates)) do
    local before, after = was.fates[stream] or "", now.fates[stream]
    local count, places = differences(before, after, most)
    total = total + count
    for _, at in ipairs(places) do
      first[#first + 1] = { stream = stream, sequence = at, was = before:sub(at + 1, at + 1), now = after:sub(at + 1, at + 1) }
    end
  end
  return total, first
end

--- The kinds of violations that only the first has.
---@param some table<string, sluice.examine.Violations>
---@param others table<string, sluice.examine.Violations>
---@return sluice.examine.Violations[]
function M.only_in(some, others)
  local only = {}
  for _, key in ipairs(lists.sorted_keys(some)) do
    if not others[key] then only[#only + 1] = some[key] end
  end
  table.sort(only, function(a, b)
    if a.rows ~= b.rows then return a.rows > b.rows end
    return a.text < b.text
  end)
  return only
end

-- ---- collecting ---------------------------------------------------------------

local MOST_KINDS = 500
local MOST_REASONS = 1000

---@class sluice.examine.Collector
---@field violations table<string, sluice.examine.Violations>
---@field reasons table<string, table<string, string>>  by stream and sequence: why a row was refused
local Collector = {}
Collector.__index = Collector

---@return sluice.examine.Collector
function M.collector()
  return setmetatable({ violations = {}, kinds = 0, reasons = {}, known = 0 }, Collector)
end

local function remember(self, stream, sequence, text)
  if self.known >= MOST_REASONS then return end
  self.known = self.known + 1
  self.reasons[stream] = self.reasons[stream] or {}
  self.reasons[stream][tostring(sequence)] = text
end

--- All elements of an array have one place: /items/3/name becomes /items/*/name.
local function place_of(pointer) return (pointer:gsub("/%d+", "/*")) end

--- Count a row for a kind of violation.
local function count(self, text, sequence, value)
  local kind = self.violations[text]
  if not kind and self.kinds < MOST_KINDS then
    kind = { text = text, rows = 0, first = sequence, value = value }
    self.violations[text], self.kinds = kind, self.kinds + 1
  end
  if kind and kind.last ~= sequence then kind.rows, kind.last = kind.rows + 1, sequence end
end

--- Add a row that has violated its schema.
---@param err sluice.Error
function Collector:add_violation(err)
  remember(self, err.stream, err.sequence, err.message)
  for _, violation in ipairs(err.violations or {}) do
    local place = place_of(violation.pointer)
    local text = ("%s %s: expected %s"):format(err.stream, place == "" and "(the row)" or place, violation.expected)
    count(self, text, err.sequence, violation.value)
  end
end

--- Add a rejected row; violations of its schema have been added already.
---@param row sluice.Row
---@param why string|sluice.Error
function Collector:add_rejected(row, why)
  if type(why) ~= "string" then return end
  remember(self, row.stream, row.sequence, why)
  count(self, ("%s rejected: %s"):format(row.stream, why), row.sequence)
end

return M
