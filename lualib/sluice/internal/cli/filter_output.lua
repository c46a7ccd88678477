--- The output of `sluice filter`: JSON lines, a table, CSV or a count; all passing rows, the first or
--- the last ones; written at once, or held back until success.
local aligned_table = require "sluice.internal.sink.aligned_table"
local colour = require "sluice.internal.cli.colour"
local core = require "sluice.core"
local lists = require "sluice.internal.lists"
local spool = require "sluice.internal.spool"

local M = {}

---@class sluice.cli.Form   how rows are written
---@field taker sluice.core.Taker?   takes rows without Lua
---@field row fun(row: sluice.Row): true?, sluice.Error?
---@field finish fun(): true?, sluice.Error?

local WINDOW = 100 -- rows that wait until the columns of a table are known

---@return sluice.cli.Form
local function as_table(options, writer, is_terminal, columns)
  local aligned = aligned_table.new(options.fields, is_terminal and columns or nil, WINDOW, function(text)
    return writer:write(text)
  end)
  return {
    row = function(row) return aligned:row(row) end,
    finish = function() return aligned:finish() end,
  }
end

--- The names of an object's fields, in the order of its text.
local function names_of(row)
  local payload = row.payload
  if type(payload) ~= "table" or core.json.is_array(payload) then return nil end
  local names = {}
  aligned_table.add_names(names, {}, payload, row.raw)
  return names
end

local HINT = "; --fields NAME,NAME names the columns"

--- With a single column, null would be an empty line, which readers skip.
local function new_csv(writer, names)
  return core.csv(writer, {
    columns = lists.map(names, function(name) return { name = name, optional = true } end),
    delimiter = ",", null = #names == 1 and "null" or "", eol = "\n",
  })
end

---@return sluice.cli.Form
local function as_csv(options, writer)
  local csv
  local function begin(names)
    csv = new_csv(writer, names)
    local header, err = csv:header()
    if not header then return nil, err end
    return writer:write(header)
  end
  local function row(r)
    local ok, err = true, nil
    if not csv then
      local names = options.fields or names_of(r)
      if not names or #names == 0 then return nil, core.error("sink", "CSV needs rows that are objects with fields" .. HINT) end
      ok, err = begin(names)
    end
    if ok then ok, err = csv:row(r) end
    if not ok and not options.fields and err.message:find "column" then err.message = err.message .. HINT end
    return ok, err
  end
  return {
    row = row,
    finish = function() return csv ~= nil or not options.fields or begin(options.fields) end,
  }
end

---@return sluice.cli.Form
local function as_lines(writer, is_coloured)
  local function row(r)
    if is_coloured then return writer:write(colour.json(tostring(r)) .. "\n") end
    return writer:row(r)
  end
  return { row = row, taker = not is_coloured and writer or nil, finish = function() return true end }
end

local function form_of(options, writer)
  local is_terminal, columns = core.terminal(1)
  if options.table then return as_table(options, writer, is_terminal, columns) end
  if options.csv then return as_csv(options, writer) end
  return as_lines(writer, colour.is_wanted(1))
end

--- Only the last rows, kept in a ring.
---@param form sluice.cli.Form
---@return sluice.cli.Form
local function last_of(form, n)
  local ring, count = {}, 0
  return {
    row = function(row)
      ring[count % n] = row
      count = count + 1
      return true
    end,
    finish = function()
      for i = math.max(0, count - n), count - 1 do
        local ok, err = form.row(ring[i % n])
        if not ok then return nil, err end
      end
      return form.finish()
    end,
  }
end

--- After so many rows the worker is asked to stop; rows that it still sends are dropped.
local function limited(where, most)
  local count = 0
  return function(row, run)
    if count == most then return false end
    local passes = where(row)
    if not passes or passes == core.null then return false end
    count = count + 1
    if count == most then run:stop() end
    return true
  end
end

local function raising(f)
  return function(row)
    local ok, err = f(row)
    if not ok then error(err, 0) end
  end
end

local function nothing() return nil end

--- Only the number of rows.
local function counted()
  return {
    held = true, finish = function() return true end,
    after = function(counts)
      local writer = core.writer(1)
      local ok, err = writer:write(("%d\n"):format(counts.kept))
      if ok then ok, err = writer:flush() end
      return not ok and err or nil
    end,
  }
end

---@class sluice.cli.FilterOutput
---@field held boolean            nothing is written before success
---@field writer sluice.Writer?   nil if held; rows are written here at once
---@field finish fun(): boolean?, sluice.Error?   before success
---@field after fun(counts: table): sluice.Error?  after it

--- Add the output to the handlers.
---@param handlers sluice.core.Handlers  with where, and map
---@return sluice.cli.FilterOutput? output, sluice.Error? err
function M.open(options, handlers)
  if options.limit then handlers.where = limited(handlers.where, options.limit) end
  if options.fields then handlers.map = core.fields(options.fields) end
  if options.count then return counted() end
  local held, err
  if options.atomic then
    held, err = spool.open()
    if not held then return nil, err end
  end
  local writer = held and held:writer() or core.writer(1)
  local form = form_of(options, writer)
  if options.tail then form = last_of(form, options.tail) end
  handlers.taker = form.taker
  if not form.taker then handlers.on_row = raising(form.row) end
  local function finish()
    local ok, why = form.finish()
    if ok then ok, why = writer:flush() end
    if ok and held then ok, why = held:copy(core.writer(1)) end
    return ok, why
  end
  return { held = held ~= nil or options.tail ~= nil, writer = not held and writer or nil, finish = finish, after = nothing }
end

return M
