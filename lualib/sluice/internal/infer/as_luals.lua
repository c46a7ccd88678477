--- Classes for the Lua language server (---@class).
local code = require "sluice.internal.infer.code"
local lists = require "sluice.internal.lists"
local result = require "sluice.internal.infer.result"

local SIMPLE = {
  any = "any", null = "lightuserdata", boolean = "boolean", integer = "integer", number = "number",
  decimal = "number|sluice.Decimal", string = "string",
}

--- Lua's own types, which cannot be names of classes.
local TAKEN = lists.keyed { "any", "nil", "boolean", "true", "false", "number", "integer", "string", "table", "function", "thread",
  "userdata", "lightuserdata", "unknown", "self", "fun" }

---@class sluice.infer.Classes
---@field done string[]            texts of classes
---@field names table<string, true>

local function free_name(classes, wanted)
  local base = wanted:gsub("[^%w_.]", "_"):gsub("^(%d)", "_%1"):gsub("%.%.+", "."):gsub("%.$", "_"):gsub("^%.", "_")
  local name, n = base ~= "" and base or "_", 1
  while classes.names[name] do
    n = n + 1
    name = base .. "_" .. n
  end
  classes.names[name] = true
  return name
end

local type_of

local function class(classes, node, name)
  local place = #classes.done + 1
  classes.done[place] = "" -- nested classes come after it
  local lines = { "---@class " .. name }
  for _, field in ipairs(node.fields) do
    local words = code.remark(field.node.notes)
    lines[#lines + 1] = ("---@field %s%s %s%s"):format(code.key(field.name), field.optional and "?" or "",
      type_of(classes, field.node, name .. "." .. field.name), words and " # " .. words or "")
  end
  classes.done[place] = table.concat(lines, "\n")
  return name
end

local function several(word) return word:find "|" and ("(%s)"):format(word) or word end

local function bare(classes, node, name)
  local kind = node.type.kind
  if node.fields then return class(classes, node, free_name(classes, name)) end
  if node.items then return several(type_of(classes, node.items, name)) .. "[]" end
  if node.values then return ("table<string, %s>"):format(type_of(classes, node.values, name)) end
  if node.alternatives then
    return table.concat(lists.map(node.alternatives, function(part) return type_of(classes, part, name) end), "|")
  end
  if kind == "enum" then return table.concat(lists.map(node.type.values, code.quote), "|") end
  if kind == "array" then return "any[]" end
  if kind == "map" then return "table<string, any>" end
  return SIMPLE[kind]
end

--- The type in an annotation; nested classes are added.
function type_of(classes, node, name)
  return bare(classes, node, name) .. (rawget(node.type, "nullable") and "|lightuserdata" or "")
end

---@param inferred sluice.infer.Result
---@return string
return function(inferred)
  local classes = { done = {}, names = lists.joined(TAKEN, {}) }
  for _, stream in ipairs(inferred.streams) do
    if stream.node.fields and not rawget(stream.node.type, "nullable") then
      class(classes, stream.node, free_name(classes, stream.name))
    else
      local name = free_name(classes, stream.name)
      local place = #classes.done + 1
      classes.done[place] = ""
      classes.done[place] = ("---@alias %s %s"):format(name, type_of(classes, stream.node, name .. ".row"))
    end
  end
  return ("---@meta\n-- %s\n-- JSON's null is sluice.null, a lightuserdata.\n\n%s\n"):format(
    code.remark { result.headline(inferred) }, table.concat(classes.done, "\n\n"))
end
