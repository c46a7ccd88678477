--- Rows as lines of CSV in a file.
---
---     local csv = require "sluice.sink.csv"
---     sink = csv.file("decls.csv", { columns = { "name", "line", { name = "doc", optional = true } } })
---
--- Columns are those of the stream's schema, in its order, unless given. RFC
--- 4180, lines ending in "\n" unless eol = "crlf". Numbers keep their original text (numbers
--- made by Lua: the fewest digits that read back the same), booleans are true and
--- false, arrays and objects JSON text. null, and an optional field that is
--- absent, are written as the null text, by default empty; a value that reads the same
--- is quoted, so the empty string is "". A row that does not fit is an error that
--- names its stream, sequence and column: a field without a column, a field that
--- is absent but not optional, a payload that is not an object.
---
--- The file appears as a whole or not at all (internal/sink/durable_file.lua).
--- A file that is appended to must begin with the same header (or header = false), quoted
--- or not, and must not end inside a quoted cell; its line end is kept. Readers skip empty lines, so
--- if the only column may be null, `null` must be a text.
local check = require "sluice.internal.check"
local core = require "sluice.core"
local durable_file = require "sluice.internal.sink.durable_file"
local lists = require "sluice.internal.lists"

local M = {}

local Csv = durable_file.class "csv.file"
Csv.remembers = true

local EOL = { lf = "\n", crlf = "\r\n" }

---@class sluice.sink.Columns
---@field names string[]
---@field optional boolean[]

--- One column: a name, or { name =, optional = }.
local function read_column(value)
  if type(value) == "string" then return value, false end
  if type(value) == "table" and type(value.name) == "string" then return value.name, value.optional == true end
end

--- Read columns from a list such as schema.fields; other sinks use this as well.
---@return sluice.sink.Columns? columns, string? expected, string? problem
function M.columns(list, what)
  local columns, seen = { names = {}, optional = {} }, {}
  if type(list) ~= "table" or #list == 0 then return nil, 'a list of columns such as { "name", "line" }' end
  for i, value in ipairs(list) do
    local name, optional = read_column(value)
    if not name then
      return nil, nil, ("%s[%d]: expected a name, or { name = …, optional = true }, got %s"):format(what, i, check.show(value))
    end
    if seen[name] then return nil, nil, ("%s[%d]: %q is declared twice"):format(what, i, name) end
    seen[name], columns.names[i], columns.optional[i] = true, name, optional
  end
  return columns
end

local function read_delimiter(value)
  if type(value) == "string" and #value == 1 and not value:find '[%z"\r\n\x80-\xff]' then return value end
  return nil, "one ASCII character other than a quote or a line break"
end

local function read_null(value)
  if type(value) == "string" and not value:find '[%z"\r\n]' then return value end
  return nil, "a string without quotes and line breaks"
end

local READERS = {
  columns = M.columns, header = check.boolean, delimiter = read_delimiter, null = read_null,
  eol = check.one_of({ "lf", "crlf" }, '"lf" or "crlf"'),
}

---@return sluice.sink.Columns? columns, sluice.Error? err
local function columns_for(self, schema)
  if self.options.columns then return self.options.columns end
  if not schema then
    return nil, core.error("sink", ("%s: the stream has no schema, so columns = { … } are needed"):format(self.path))
  end
  local columns, expected, problem = M.columns(schema.fields, "schema.fields")
  if columns then return columns end
  return nil, core.error("sink", ("%s: cannot take the columns from the schema: %s"):format(self.path, problem or "expected " .. expected))
end

local BYTE_ORDER_MARK = "\xEF\xBB\xBF"

--- The cell that begins at `at`, and the position after it.
---@return string? cell, integer? after
local function cell_at(text, at, delimiter)
  if text:sub(at, at) ~= '"' then
    local cell, after = text:match("^([^" .. delimiter:gsub("%W", "%%%0") .. "\r\n]*)()", at)
    return cell, after
  end
  local parts = {}
  repeat
    local part, after = text:match('^"([^"]*)"()', at)
    if not part then return nil end
    parts[#parts + 1], at = part, after
  until text:sub(at, at) ~= '"'
  return table.concat(parts, '"'), at
end

--- The cells of the first line.
---@return string[]? cells
local function first_line(text, delimiter)
  local cells, at = {}, text:sub(1, 3) == BYTE_ORDER_MARK and 4 or 1
  while true do
    local cell, after = cell_at(text, at, delimiter)
    if not cell then return nil end
    cells[#cells + 1] = cell
    if text:sub(after, after) ~= delimiter then
      return (after > #text or text:find("^\r?\n", after)) and cells or nil
    end
    at = after + 1
  end
end

local NAMES = { ["\n"] = "lf", ["\r\n"] = "crlf" }

local function has_header(head, names, delimiter)
  local cells = first_line(head, delimiter)
  return cells and table.concat(cells, "\0") == table.concat(names, "\0")
end

--- Why rows appended to this content would not be read as rows.
local function problem_of(self, names, old)
  local options = self.options
  if old.eol == "\r" then return "its lines end in \\r alone, which csv.file cannot continue" end
  if options.header and not has_header(old.head, names, options.delimiter) then
    return ("its first line is not %s"):format(table.concat(names, options.delimiter))
  end
  if old.open then return "it ends within a quoted cell, which would include the next row" end
  if options.eol and old.eol and options.eol ~= old.eol then
    return ("its lines end differently; use eol = %q"):format(NAMES[old.eol])
  end
end

--- Size limit for the header of old content, in which every name may be quoted.
local function longest_header(names)
  local length = #BYTE_ORDER_MARK + 2
  for _, name in ipairs(names) do length = length + 2 * #name + 3 end
  return length
end

--- Inspect the old content: the line end for new rows, and whether a header must still be written.
local function look_at_old(self, file, names)
  local options = self.options
  local old, err = file:old(options.header and longest_header(names) or 0, options.delimiter)
  if err then return nil, err end
  if not old then return { eol = options.eol or "\n", is_new = true } end
  local problem = problem_of(self, names, old)
  if problem then return nil, core.error("sink", ("cannot append to %s: %s"):format(self.path, problem)) end
  return { eol = old.eol or options.eol or "\n", ends = old.ends }
end

local function may_be_null(columns, schema)
  if columns.optional[1] then return true end
  for _, field in ipairs(schema and schema.fields or {}) do
    if field.name == columns.names[1] then return field.optional or field.nullable end
  end
end

--- Readers skip empty lines, and some skip blank ones: for a single column null needs a text.
local function check_null(self, columns, schema)
  if #columns.names > 1 or self.options.null:find "[^ \t]" or not may_be_null(columns, schema) then return true end
  return nil, core.error("sink", ("%s: the only column may be null, which would be an empty line: give null = TEXT, such as null = \"NULL\"")
    :format(self.path))
end

function Csv:open(context, file)
  local options = self.options
  local columns, err = columns_for(self, context.schema)
  if not columns then return nil, err end
  local ok, old
  ok, err = check_null(self, columns, context.schema)
  if ok then old, err = look_at_old(self, file, columns.names) end
  if not old then return nil, err end
  self.csv = core.csv(file:writer(), {
    columns = lists.map(columns.names, function(name, i) return { name = name, optional = columns.optional[i] } end),
    delimiter = options.delimiter, null = options.null, eol = old.eol,
  })
  self.taker = self.csv
  if not old.is_new then return old.ends or file:write(old.eol) end
  if not options.header then return true end
  local header
  header, err = self.csv:header()
  if not header then return nil, err end
  return file:write(header)
end

---@param row sluice.Row
function Csv:write(row)
  if not self.writing then error("write: the sink has not begun", 2) end
  local ok, err = self.csv:row(row)
  if ok then return true end
  self.failure = self.failure or err
  return nil, err
end

---@class sluice.sink.CsvOptions: sluice.sink.FileOptions
---@field columns (string|{name: string, optional: boolean?})[]?  nil: the schema's
---@field header boolean?      true
---@field delimiter string?    ","
---@field null string?         ""
---@field eol "lf"|"crlf"|nil  nil: that of the file that is appended to, otherwise "lf"

---@param path string
---@param options sluice.sink.CsvOptions?
---@return sluice.Sink
function M.file(path, options)
  local read = durable_file.read("csv.file", path, options, READERS)
  read.delimiter, read.null, read.eol = read.delimiter or ",", read.null or "", EOL[read.eol]
  if read.header == nil then read.header = true end
  if read.null:find(read.delimiter, 1, true) then error("csv.file: null: the text contains the delimiter", 2) end
  return durable_file.make(Csv, path, read)
end

return core.members(M, "sluice.sink.csv")
