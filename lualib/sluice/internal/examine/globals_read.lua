--- Which globals a chunk reads and sets, and where. Reads the chunk's bytecode, so it agrees exactly with Lua.
---
--- The format is that of Lua 5.4 (ldump.c, lopcodes.h): a header, then nested functions. A name beyond the
--- 256th constant of its function is not seen.
local M = {}

---@class sluice.examine.Global
---@field name string
---@field line integer
---@field is_set boolean

-- ---- reading ------------------------------------------------------------------

---@class sluice.examine.Dump  a position in the bytes
local Dump = {}
Dump.__index = Dump

function Dump:byte()
  self.at = self.at + 1
  return self.bytes:byte(self.at - 1)
end

--- Seven bits per byte; the last byte has its top bit set.
function Dump:number()
  local n = 0
  repeat
    local byte = self:byte()
    n = n << 7 | byte & 0x7f
  until byte & 0x80 ~= 0
  return n
end

function Dump:skip(n) self.at = self.at + n end

function Dump:text()
  local size = self:number()
  if size == 0 then return nil end
  self:skip(size - 1)
  return self.bytes:sub(self.at - size + 1, self.at - 1)
end

--- A list; each() reads an element.
function Dump:list(each)
  local list = {}
  for i = 1, self:number() do list[i] = each(self) or false end
  return list
end

local HEADER = 4 + 1 + 1 + 6 + 3 + 8 + 8
local FLOAT, INTEGER, SHORT, LONG = 0x13, 0x03, 0x04, 0x14

local function constant(dump)
  local kind = dump:byte()
  if kind == SHORT or kind == LONG then return dump:text() end
  if kind == FLOAT or kind == INTEGER then dump:skip(8) end
end

local ABSOLUTE = 0x80

--- The lines of a function's instructions.
local function lines_of(first, deltas, absolute)
  local lines, line, known = {}, first, {}
  for _, entry in ipairs(absolute) do known[entry.pc] = entry.line end
  for i, delta in ipairs(deltas) do
    line = delta == ABSOLUTE and known[i - 1] or line + (delta < 128 and delta or delta - 256)
    lines[i] = line
  end
  return lines
end

-- ---- instructions ---------------------------------------------------------------

local GETTABUP, SETTABUP = 11, 15

local function collect(f, found)
  for i, code in ipairs(f.code) do
    local op, a, b, c = code & 0x7f, code >> 7 & 0xff, code >> 16 & 0xff, code >> 24
    local upvalue, key
    if op == GETTABUP then upvalue, key = b, c elseif op == SETTABUP then upvalue, key = a, b end
    local name = upvalue and f.upvalues[upvalue + 1] == "_ENV" and f.constants[key + 1]
    if name then found[#found + 1] = { name = name, line = f.lines[i], is_set = op == SETTABUP } end
  end
end

local function read_function(dump, found)
  dump:text() -- the source
  local f = { first = dump:number() }
  dump:number() -- its last line
  dump:skip(3)
  f.code = dump:list(function(d) d:skip(4) return (("<I4"):unpack(d.bytes, d.at - 4)) end)
  f.constants = dump:list(constant)
  dump:list(function(d) d:skip(3) end) -- upvalue descriptions
  dump:list(function(d) read_function(d, found) end)
  local deltas = dump:list(Dump.byte)
  local absolute = dump:list(function(d) return { pc = d:number(), line = d:number() } end)
  f.lines = lines_of(f.first, deltas, absolute)
  dump:list(function(d) d:text() d:number() d:number() end) -- locals
  f.upvalues = dump:list(Dump.text)
  collect(f, found)
end

--- The globals, sorted by line.
---@param chunk function  loaded from text
---@return sluice.examine.Global[]
function M.of(chunk)
  local dump = setmetatable({ bytes = string.dump(chunk), at = HEADER + 2 }, Dump) -- after the count of upvalues
  local found = {}
  if dump.bytes:sub(1, 6) ~= "\27Lua\x54\0" then return found end
  read_function(dump, found)
  table.sort(found, function(x, y) return x.line < y.line end)
  return found
end

return M
