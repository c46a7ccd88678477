--- Texts as Lua source, and types as a user would write them.
local core = require "sluice.core"
local json = require "sluice.json"
local lists = require "sluice.internal.lists"

local M = {}

M.STEP = "  "

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }

local function escape(byte) return ESCAPES[byte] or ("\\x%02X"):format(byte:byte()) end

--- A string literal on one line; UTF-8 is not escaped.
---@param text string
function M.quote(text)
  local class = utf8.len(text) and '[%c"\\]' or '[%c"\\\128-\255]'
  return '"' .. text:gsub(class, escape) .. '"'
end

--- A table key: a name, or ["a text"].
local WORDS = lists.keyed { "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local",
  "nil", "not", "or", "repeat", "return", "then", "true", "until", "while" }

function M.key(name)
  if name:find "^[%a_][%w_]*$" and not WORDS[name] then return name end
  return "[" .. M.quote(name) .. "]"
end

--- The content of a comment. It must stay on its line, and be UTF-8, because a database would refuse it otherwise.
---@param words string[]
---@return string?
function M.remark(words)
  if #words == 0 then return nil end
  local text = table.concat(words, "; ")
  return (text:gsub(utf8.len(text) and "%c" or "[%c\128-\255]", escape))
end

--- A JSON value as Lua code.
---@return string
function M.value(of)
  if of == json.null then return 'require("sluice").null' end
  if core.is_decimal(of) then return ('require("sluice").decimal "%s"'):format(of) end
  if type(of) == "string" then return M.quote(of) end
  if math.type(of) == "float" then return assert(json.encode(of)) end
  if type(of) ~= "table" then return tostring(of) end
  if json.is_array(of) or of[1] ~= nil then
    return #of == 0 and 'require("sluice").array {}' or ("{ %s }"):format(table.concat(lists.map(of, M.value), ", "))
  end
  local parts = lists.map(lists.sorted_keys(of), function(name) return ("%s = %s"):format(M.key(name), M.value(of[name])) end)
  return #parts == 0 and "{}" or ("{ %s }"):format(table.concat(parts, ", "))
end

local function enum(type)
  if #type.values == 1 then return ("schema.const(%s)"):format(M.value(type.values[1])) end
  return ("schema.enum { %s }"):format(table.concat(lists.map(type.values, M.value), ", "))
end

--- "{ min = 1, max = 2 }" for an array; nil: it has no limits.
local function limits(type)
  return rawget(type, "min") and ("{ min = %d, max = %d }"):format(type.min, type.max)
end

--- The comment for a field, including remarks about elements that have no line of their own.
---@return string?
local function remark_of(node)
  local words = { table.unpack(node.notes) }
  local inner, name = node.items or node.values, node.items and "elements" or "values"
  while inner and not inner.fields do
    for _, note in ipairs(inner.notes) do words[#words + 1] = ("%s: %s"):format(name, note) end
    inner = inner.items or inner.values
  end
  return M.remark(words)
end

-- ---- types ----------------------------------------------------------------------------

--- Lua has 255 registers for an expression, so a large nested expression is moved out,
--- before the rest, as inner[1], inner[2] and so on.
local ROOM, PENDING = 120, 50 -- PENDING: the most elements of a table that wait in registers

---@class sluice.infer.Place
---@field indent string     of the lines after the first
---@field used integer      registers, an upper bound
---@field inner string[]    the expressions that were moved out

local of

local function deeper(at, registers, step)
  return { indent = at.indent .. (step or ""), used = at.used + registers, inner = at.inner }
end

local function field(part, at)
  local code = of(part.node, at)
  if part.optional then code = ("schema.optional(%s)"):format(code) end
  local line = ("%s{ %s, %s },"):format(at.indent, M.quote(part.name), code)
  local remark = remark_of(part.node)
  if not remark then return line end
  if code:find "\n" or #line + #remark > 118 then return ("%s-- %s\n%s"):format(at.indent, remark, line) end
  return line .. " -- " .. remark
end

local function record(node, at)
  local name = node.type.unknown == "refuse" and "schema.closed" or "schema.record"
  if #node.fields == 0 then return name .. " {}" end
  local lines = lists.map(node.fields, function(part, i) return field(part, deeper(at, 6 + (i - 1) % PENDING, M.STEP)) end)
  return ("%s {\n%s\n%s}"):format(name, table.concat(lines, "\n"), at.indent)
end

local function union(node, at)
  local parts = lists.map(node.alternatives, function(part, i) return of(part, deeper(at, i)) end)
  return ("schema.union(%s)"):format(table.concat(parts, ", "))
end

local function array(node, at)
  local told = limits(node.type)
  if not node.items then return "schema.array" .. (told and " " .. told or "") end
  return ("schema.array(%s%s)"):format(of(node.items, deeper(at, 2)), told and ", " .. told or "")
end

local function map(node, at)
  return node.values and ("schema.map(%s)"):format(of(node.values, deeper(at, 2))) or "schema.map"
end

local function bare(node, at)
  local type = node.type
  if node.fields then return record(node, at) end
  if node.alternatives then return union(node, at) end
  if type.kind == "array" then return array(node, at) end
  if type.kind == "map" then return map(node, at) end
  if type.kind == "enum" then return enum(type) end
  return "schema." .. tostring(type):gsub("^nullable%((.*)%)$", "%1")
end

local function take_out(node, inner)
  local code = of(node, { indent = "", used = 0, inner = inner })
  inner[#inner + 1] = ("inner[%d] = %s\n"):format(#inner + 1, code)
  return ("inner[%d]"):format(#inner)
end

function of(node, at)
  if at.used > ROOM and (node.fields or node.alternatives) then return take_out(node, at.inner) end
  local code = bare(node, deeper(at, 2))
  return rawget(node.type, "nullable") and ("schema.nullable(%s)"):format(code) or code
end

--- The type as code; lines after the first begin at indent.
---@param node sluice.infer.Node
---@param indent string
---@param inner string[]  receives the code that must precede it; see M.inner
---@return string
function M.of(node, indent, inner) return of(node, { indent = indent, used = 10, inner = inner }) end

---@param inner string[]
---@return string
function M.inner(inner)
  return #inner > 0 and "local inner = {}\n" .. table.concat(inner) .. "\n" or ""
end

local CONSTRUCTORS = lists.keyed { "any", "null", "boolean", "integer", "number", "decimal", "string", "array", "map", "record",
  "enum", "union", "optional", "nullable" }

--- A declared type on one line, with "schema." before each constructor; a word before " =" is a name.
---@param type sluice.Schema
---@return string
function M.plain(type)
  local parts, text, at = {}, tostring(type), 1
  while at <= #text do
    local quoted = text:match('^"[^"\\]*"', at) or text:match('^"', at) and text:match('^".-[^\\]"', at)
    local word = not quoted and text:match("^[%a_][%w_]*", at)
    local piece = quoted or word or text:sub(at, at)
    at = at + #piece
    local is_constructor = word and CONSTRUCTORS[word] and not text:find("^ =", at)
    parts[#parts + 1] = (is_constructor and "schema." or "") .. piece
  end
  return table.concat(parts)
end

--- The stream's own remarks, to precede its type.
---@param node sluice.infer.Node
---@param indent string
---@return string
function M.remarks(node, indent)
  local remark = remark_of(node)
  return remark and ("%s-- %s\n"):format(indent, remark) or ""
end

return M
