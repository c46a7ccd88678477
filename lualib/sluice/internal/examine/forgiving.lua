--- Collects misuse of the constructors in policies (schemas, sinks) instead of raising it.
---
--- A constructor that raises would end the file, but a check should report all mistakes. So the
--- call returns a stand-in, and the file goes on. This lasts for the rest of the
--- process.

local M = {}

---@class sluice.examine.Mistake
---@field text string
---@field file string?
---@field line integer?

--- The place in the user's code that led here.
---@return string? file, integer? line
local function user_place()
  for level = 3, math.huge do
    local info = debug.getinfo(level, "Sl")
    if not info then return nil end
    local is_ours = info.source:find "^@sluice/"
    if info.source:sub(1, 1) == "@" and not is_ours and info.currentline > 0 then return info.short_src, info.currentline end
  end
end

--- The message of an error, without a place at its beginning.
local function words_of(err)
  local text = type(err) == "table" and err.message or tostring(err)
  return (text:gsub("^%[?[^\n:]-%]?:%d+: ", "", 1))
end

local function always_true() return true end

--- A stand-in for a sink.
local function sink()
  local methods = {}
  for _, name in ipairs { "begin", "write", "prepare", "commit", "rollback" } do methods[name] = always_true end
  return methods
end

local function any() return (require "sluice.schema".any) end

--- By module, the stand-in for a result of its functions.
local STAND_INS = {
  ["sluice.schema"] = any,
  ["sluice.sink.csv"] = sink, ["sluice.sink.jsonl"] = sink, ["sluice.sink.memory"] = sink, ["sluice.sink.stdout"] = sink,
  ["sluice.sink.sql"] = sink,
}

---@param note fun(err: any)
local function forgiving(f, stand_in, note)
  return function(...)
    local results = table.pack(pcall(f, ...))
    if results[1] then return table.unpack(results, 2, results.n) end
    note(results[2])
    return stand_in()
  end
end

--- Access to an unknown name is noted as well.
local function forgive_names(t, stand_in, note)
  local meta = debug.getmetatable(t)
  local index = meta and rawget(meta, "__index")
  if type(index) ~= "function" then return end
  rawset(meta, "__index", function(object, key)
    local ok, value = pcall(index, object, key)
    if ok then return value end
    note(value)
    return stand_in()
  end)
end

--- Types can be called as well: schema.string { min = 1 }.
local function forgive_types(note)
  local meta = debug.getmetatable(any())
  local call = rawget(meta, "__call")
  if call then rawset(meta, "__call", forgiving(call, any, note)) end
end

--- From now on every misuse is added to the list.
---@param mistakes sluice.examine.Mistake[]
function M.start(mistakes)
  local function note(err)
    local file, line = user_place()
    mistakes[#mistakes + 1] = { text = words_of(err), file = file, line = line }
  end
  forgive_types(note)
  for name, stand_in in pairs(STAND_INS) do
    local module = require(name)
    for key, value in pairs(module) do
      if type(value) == "function" then rawset(module, key, forgiving(value, stand_in, note)) end
    end
    forgive_names(module, stand_in, note)
  end
  local tables = require "sluice.sink.sql"
  rawset(tables, "tables", forgiving(tables.tables, function() return {} end, note))
end

--- The mistake in an error that has ended the file.
---@param err sluice.Error
---@return sluice.examine.Mistake
function M.of_error(err)
  local file, line, text = err.message:match "^([^\n:]+):(%d+): (.*)$"
  return { text = text or err.message, file = file, line = math.tointeger(tonumber(line)) }
end

return M
