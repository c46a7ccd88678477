--- Standard output without silent loss: the first failure is remembered, and
--- `settle` reports it before success is claimed.
---
--- A handler that ignores the result of a write would turn a full disk into a
--- false success, so the functions for scripts raise; `output` returns its errors.
local core = require "sluice.core"

local M = {}

local writer, failure, before_write, is_expected
local captured -- a list of texts that replaces the output, or nil

local function noted(ok, err)
  if not ok then failure = failure or err end
  return ok, err
end

local function prepare()
  if before_write then before_write() end
  writer = writer or core.writer(1)
  return writer
end

--- On a terminal with a progress line, each write is flushed.
local function put(method, what)
  if captured then
    captured[#captured + 1] = method == "row" and tostring(what) .. "\n" or what
    return true
  end
  local ok, err = prepare()[method](writer, what)
  if ok and before_write then ok, err = writer:flush() end
  return noted(ok, err)
end

M.output = {
  write = function(_, text) return put("write", text) end,
  flush = function()
    if captured then return true end
    return noted(prepare():flush())
  end,
}

---@class sluice.Stdout
local Stdout = core.members({ __name = "sluice.Stdout" }, "sluice.stdout()")
Stdout.__index = Stdout

local function check(ok, err)
  if not ok then error(err, 0) end
end

--- The row's JSON text on a line of its own.
---@param row sluice.Row
function Stdout:row(row) check(M.row(row)) end

---@param text string
function Stdout:write(text) check(M.output:write(text)) end

function Stdout:flush() check(M.output:flush()) end

M.stdout = setmetatable({}, Stdout)

---@param row sluice.Row
---@return true? ok, sluice.Error? err
function M.row(row) return put("row", row) end

--- Write a text and a line break, and flush.
---@param text string
---@return true? ok, sluice.Error? err
function M.line(text)
  local ok, err = M.output:write(text .. "\n")
  if not ok then return nil, err end
  return M.output:flush()
end

--- The writer behind all this, for rows that do not enter Lua; nil while a
--- terminal shows progress, because something must then be done before each write.
---@return sluice.Writer?
function M.writer()
  if before_write or captured then return nil end
  return prepare()
end

---@param why string
---@param code integer?  the errno that Lua's io library gives
local function io_error(why, code)
  return core.error("sink", "cannot write to standard output", { os = why, errno = code == 32 and "EPIPE" or nil })
end

--- In the command: let print and io.write notice failed writes too, and call
--- before() before anything is written (to clear a progress line).
---@param before fun()?
function M.guard(before)
  before_write = before
  local function note(file, why, code)
    if not file then failure = failure or io_error(why, code) end
    return file, why, code
  end
  local function write(...)
    if captured then
      for _, text in ipairs { ... } do captured[#captured + 1] = tostring(text) end
      return io.output()
    end
    if before_write then before_write() end
    return note(io.output():write(...))
  end
  function print(...)
    local texts = table.pack(...)
    for i = 1, texts.n do texts[i] = tostring(texts[i]) end
    if not write(table.concat(texts, "\t"), "\n") then error(failure, 0) end
  end
  io.write = write
end

--- From now on output is not written but appended to the list; with nil it is written again.
---@param texts string[]?
---@return string[]? before  the previous list
function M.capture(texts)
  local before = captured
  captured = texts
  return before
end

--- Flush everything that was written to standard output.
---@return true? ok, sluice.Error? err  the first failure, also of earlier writes
function M.settle()
  if writer then noted(writer:flush()) end
  local ok, why, code = io.stdout:flush()
  if not ok then failure = failure or io_error(why, code) end
  if failure then return nil, failure end
  return true
end

--- Declare that rows, or a script's output for them, go to standard output: if its
--- reader is gone the run is pointless, even before anything is written.
function M.expect() is_expected = true end

--- Whether output is expected and its reader is gone.
---@return boolean
function M.is_pointless()
  return is_expected == true and core.hung_up(1)
end

--- Whether the reader of our standard output has gone.
---@return boolean
function M.is_broken()
  return failure ~= nil and failure.errno == "EPIPE"
end

return M
