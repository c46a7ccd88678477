--- Rows to standard output: JSON lines, or an aligned table on a terminal.
---
---     local stdout = require "sluice.sink.stdout"
---     sink = stdout.new()
---     sink = stdout.new { format = "table", columns = { "name", "line" } }
---     sink = stdout.new { atomic = true }
---
--- Output is live: readers see rows that are tentative until the run has
--- succeeded, and output cannot be rolled back. With atomic = true rows wait
--- in an unnamed file and are written at commit; a reader that goes away, or a
--- full disk, is then a failed commit, possibly after some rows have been written.
local aligned_table = require "sluice.internal.sink.aligned_table"
local check = require "sluice.internal.check"
local core = require "sluice.core"
local csv = require "sluice.sink.csv"
local description = require "sluice.internal.sink.description"
local spool = require "sluice.internal.spool"
local standard_output = require "sluice.internal.standard_output"

local M = {}

local WINDOW = 100

---@class sluice.sink.Stdout: sluice.Sink
---@field private options sluice.sink.StdoutOptions
---@field private state "open"|"prepared"|nil
---@field private held sluice.Spool?            if atomic
---@field private aligned sluice.sink.Aligned?  for the table format
local Stdout = { __name = "stdout" }
Stdout.__index = Stdout

local out = standard_output.output

local function names_of(self, schema)
  if self.options.columns then return self.options.columns.names end
  local columns = schema and schema.fields and csv.columns(schema.fields, "schema.fields")
  return columns and columns.names
end

--- The terminal's width, or nil if standard output is not a terminal.
local function terminal_columns()
  local is_terminal, columns = core.terminal(1)
  return is_terminal and columns or nil
end

function Stdout:begin(context)
  if self.state then error("begin: the sink is already writing", 2) end
  standard_output.expect()
  local options, terminal, err = self.options, terminal_columns(), nil
  if options.atomic then
    self.held, err = spool.open()
    if not self.held then return nil, err end
  end
  if options.format == "table" or options.format ~= "jsonl" and terminal then
    self.aligned = aligned_table.new(names_of(self, (context or {}).schema), options.width or terminal,
      options.window or WINDOW, function(text) return (self.held or out):write(text) end)
  elseif not self.held then
    self.taker = standard_output.writer()
  end
  self.state = "open"
  self.description:begun(self)
  return true
end

---@param row sluice.Row
function Stdout:write(row)
  if self.state ~= "open" then error("write: the sink has not begun", 2) end
  if self.aligned then return self.aligned:row(row) end
  if self.held then return self.held:write(tostring(row), "\n") end
  return standard_output.row(row)
end

function Stdout:prepare()
  if self.state ~= "open" then error("prepare: the sink has not begun", 2) end
  self.state, self.taker = "prepared", nil
  local ok, err = true, nil
  if self.aligned then ok, err = self.aligned:finish() end
  if not ok then return nil, err end
  return (self.held or out):flush()
end

local function close(self)
  if self.held then self.held:close() end
  self.held, self.aligned, self.taker, self.state = nil, nil, nil, nil
  self.description:ended(self)
end

function Stdout:commit()
  if self.state ~= "prepared" then error("commit: the sink is not prepared", 2) end
  local ok, err = true, nil
  if self.held then ok, err = self.held:copy(out) end
  close(self)
  if ok then return true end
  return nil, core.error("commit", err.message, { os = err.os, errno = err.errno })
end

function Stdout:rollback()
  close(self)
  return true
end

function Stdout:__tostring() return ("stdout(%s%s)"):format(self.options.format or "auto", self.options.atomic and ", atomic" or "") end

local READERS = {
  format = check.one_of({ "auto", "jsonl", "table" }, '"auto", "jsonl" or "table"'),
  atomic = check.boolean, columns = csv.columns, window = check.count, width = check.count,
}

---@class sluice.sink.StdoutOptions
---@field format "auto"|"jsonl"|"table"|nil  auto: a table on a terminal, otherwise JSON lines
---@field atomic boolean?    write nothing before commit
---@field columns string[]?  of a table; nil: the schema's, otherwise those of the first rows
---@field window integer?    rows that wait until the widths are known (100)
---@field width integer?     of the table; nil: the terminal's, otherwise no limit

---@param options sluice.sink.StdoutOptions?
---@return sluice.Sink
function M.new(options)
  return description.of(Stdout, { options = check.options("stdout.new", options, READERS, 2) })
end

return core.members(M, "sluice.sink.stdout")
