--- Rows as an aligned table, for people.
---
--- The first rows wait until there are enough of them to determine the column
--- widths (or a short time has passed); after that each row is written when it
--- arrives, and text that is too long for its column is cut. Numbers are
--- right-aligned, everything else left; a row whose payload is not an object has one column, "payload".
--- `right` marks a text as a number.
local core = require "sluice.core"
local json_pointer = require "sluice.internal.json_pointer"
local lists = require "sluice.internal.lists"
local text_width = require "sluice.internal.sink.text_width"

local M = {}

local GAP = "  "
local NARROWEST = 4
local WAIT_SECONDS = 0.2

---@class sluice.sink.Aligned
---@field private names string[]?     columns; nil: those of the first rows
---@field private most integer?       columns of the terminal; nil: no limit
---@field private window integer      how many rows wait
---@field private write fun(text: string): true?, sluice.Error?
---@field private waiting sluice.sink.AlignedRow[]?  nil once the widths are known
---@field private readers table<string, fun(row: sluice.Row): string>  by column: a field's text

---@class sluice.sink.AlignedRow
---@field fields table    by name: decoded values, or cells made with `right`
---@field raw string      the row's text
---@field row sluice.Row? if its text has more than the decoded values, such as all digits of a number

local Aligned = { __name = "sluice.sink.Aligned" }
Aligned.__index = Aligned

-- ---- cells -----------------------------------------------------------------

---@class sluice.sink.Right  a right-aligned cell
---@field text string
---@field is_whole boolean?  a column that consists of such cells is never narrowed
local Right = { __name = "sluice.sink.Right" }

---@param text string
---@param is_whole boolean?
---@return sluice.sink.Right
function M.right(text, is_whole)
  return setmetatable({ text = text, is_whole = is_whole }, Right)
end

local function is_right(value) return getmetatable(value) == Right end

--- A function that returns the text of a field as a row has it.
local function reader(name)
  local path = name:find "^/" and json_pointer.token(name) or name
  local reduce, before = core.fields { path }, #core.json.encode(path) + #"{:"
  return function(row) return reduce(row).raw:sub(before + 1, -2) end
end

--- A decoded float need not have all digits of the row's text, nor 0 its sign: so the text is shown.
local function own_text(self, entry, name)
  if entry.fields ~= entry.row.payload then return entry.raw end
  self.readers[name] = self.readers[name] or reader(name)
  return (self.readers[name](entry.row):gsub("%s*\n%s*", " "))
end

local function text_of(self, entry, name)
  local value = entry.fields[name]
  if value == nil then return "" end
  if is_right(value) then return value.text end
  if type(value) == "string" then return text_width.printable(value) end
  local may_differ = value == 0 or math.type(value) == "float" or type(value) == "table"
  if may_differ and entry.row then return text_width.printable(own_text(self, entry, name)) end
  return text_width.printable((core.json.encode(value)) or tostring(value))
end

local function fields_of(payload)
  local is_object = type(payload) == "table" and not core.json.is_array(payload)
  return is_object and payload or { payload = payload }
end

-- ---- columns ---------------------------------------------------------------

--- Where a field's name first occurs in the text: good enough for ordering.
local function place_in(raw, name)
  return raw:find(core.json.encode(name), 1, true) or math.huge
end

--- Collect the columns of the first rows, in order of appearance.
---@param names string[]  new names of this row are appended
---@param seen table<string, true>
---@param fields table
---@param raw string  the row's text
function M.add_names(names, seen, fields, raw)
  local new = {}
  for name in pairs(fields) do
    if not seen[name] then new[#new + 1] = name end
  end
  table.sort(new, function(a, b)
    local at, bt = place_in(raw, a), place_in(raw, b)
    if at ~= bt then return at < bt end
    return a < b
  end)
  for _, name in ipairs(new) do
    seen[name] = true
    names[#names + 1] = name
  end
end

local function natural(self, name)
  local most, right, is_whole = text_width.of(text_width.printable(name)), nil, nil
  for _, row in ipairs(self.waiting) do
    local value = row.fields[name]
    most = math.max(most, text_width.of(text_of(self, row, name)))
    if value ~= nil and value ~= core.null then
      right = right ~= false and (type(value) == "number" or is_right(value))
      is_whole = is_whole ~= false and is_right(value) and value.is_whole
    end
  end
  return { name = name, width = most, right = right == true, is_whole = is_whole }
end

local function limited(column, limit)
  return column.is_whole and column.width or math.min(column.width, limit)
end

local function total(columns, limit)
  local sum = #GAP * (#columns - 1)
  for _, column in ipairs(columns) do sum = sum + limited(column, limit) end
  return sum
end

--- Narrow the widest columns until the line fits.
local function shrink(columns, most)
  local limit = NARROWEST
  for _, column in ipairs(columns) do limit = math.max(limit, column.width) end
  while limit > NARROWEST and total(columns, limit) > most do limit = limit - 1 end
  for _, column in ipairs(columns) do column.width = limited(column, limit) end
end

-- ---- lines -----------------------------------------------------------------

local function pad(self, column, text, is_last, stands_right)
  if self.most then text = text_width.cut(text, column.width) end
  local space = (" "):rep(column.width - text_width.of(text))
  if stands_right then return space .. text end
  return is_last and text or text .. space
end

local function line(self, cell_of)
  local cells = lists.map(self.columns, function(column, i)
    local text, stands_right = cell_of(column)
    return pad(self, column, text, i == #self.columns, column.right or stands_right)
  end)
  local text = table.concat(cells, GAP):gsub(" +$", "")
  return self.write((self.most and text_width.cut(text, self.most) or text) .. "\n")
end

local function note_hidden(self, fields)
  for name in pairs(fields) do
    if self.seen and not self.seen[name] then
      self.seen[name] = true
      self.hidden[#self.hidden + 1] = name
    end
  end
end

local function put(self, row)
  note_hidden(self, row.fields)
  return line(self, function(column)
    return text_of(self, row, column.name), is_right(row.fields[column.name])
  end)
end

--- Fix the widths, then write the header and the waiting rows.
local function settle(self)
  if not self.names then
    self.names, self.seen = {}, {}
    for _, row in ipairs(self.waiting) do M.add_names(self.names, self.seen, row.fields, row.raw) end
  end
  self.columns = lists.map(self.names, function(name) return natural(self, name) end)
  if self.most then shrink(self.columns, self.most) end
  local waiting = self.waiting
  self.waiting = nil
  local ok, err = line(self, function(column) return text_width.printable(column.name) end)
  for i = 1, #waiting do
    if ok then ok, err = put(self, waiting[i]) end
  end
  return ok, err
end

-- ---- public ----------------------------------------------------------------

---@param row sluice.Row
---@return true? ok, sluice.Error? err
function Aligned:row(row)
  local entry = { fields = fields_of(row.payload), raw = row.raw, row = type(row) == "userdata" and row or nil }
  if not self.waiting then return put(self, entry) end
  self.since = self.since or core.now()
  table.insert(self.waiting, entry)
  if #self.waiting >= self.window or core.now() - self.since >= WAIT_SECONDS then return settle(self) end
  return true
end

--- No more rows: write those that still wait, and name the fields without a column.
---@return true? ok, sluice.Error? err
function Aligned:finish()
  local ok, err = true, nil
  if self.waiting and (#self.waiting > 0 or self.names) then ok, err = settle(self) end
  if ok and #self.hidden > 0 then
    table.sort(self.hidden)
    return self.write(("(not shown: %s)\n"):format(text_width.printable(table.concat(self.hidden, ", "))))
  end
  return ok, err
end

---@param names string[]?
---@param most integer?
---@param window integer
---@param write fun(text: string): true?, sluice.Error?
---@return sluice.sink.Aligned
function M.new(names, most, window, write)
  return setmetatable({
    names = names, most = most, window = window, write = write, waiting = {}, hidden = {}, readers = {},
  }, Aligned)
end

return M
