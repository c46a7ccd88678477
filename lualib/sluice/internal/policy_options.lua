--- The options that a policy file declares for itself.
---
---     local set = require "sluice".options {
---       url   = { default = "sqlite:rows.db", description = "where the rows go" },
---       limit = { type = "integer", required = true },
---       mode  = { type = { "append", "replace" }, default = "append" },
---     }
---
--- They are given with --set NAME=VALUE and listed by `sluice run POLICY --help`;
--- a program that loads the file gets the defaults. Types:
--- string (the default), integer, number, boolean, duration (milliseconds),
--- size (bytes), names ("a,b" is { "a", "b" }), columns ("a:text,b:integer?" is
--- { { "a", "text" }, { "b", "integer?" } }), schema (a file, as sluice.schema.load
--- reads it), or a list of choices. An option with `instead`, as in columns = { type =
--- "columns", instead = "schema" }, must not be given together with that option, and satisfies it if it is required.
local check = require "sluice.internal.check"
local core = require "sluice.core"
local lists = require "sluice.internal.lists"
local suggest = require "sluice.internal.suggest"
local units = require "sluice.internal.units"

local M = {}

---@class sluice.Setting
---@field type "string"|"integer"|"number"|"boolean"|"duration"|"size"|"names"|"columns"|"schema"|string[]|nil
---@field default any
---@field description string?
---@field required boolean?
---@field instead string?   the name of the option that this one replaces

local BOOLEANS = { ["true"] = true, yes = true, ["1"] = true, ["false"] = false, no = false, ["0"] = false }

--- The parts of a list, without the white space around them. A part must not be empty.
---@param read fun(part: string): any
---@return any[]? parts
local function list(text, read)
  local parts = {}
  for part in (text .. ","):gmatch "%s*([^,]-)%s*," do
    local value = part ~= "" and read(part)
    if not value then return nil end
    parts[#parts + 1] = value
  end
  return parts
end

local function columns(text)
  local is_type = require "sluice.internal.sql.columns".is_type -- few policies have columns
  local read = list(text, function(part)
    local name, kind = part:match "^(.-)%s*:%s*([^:%s]+)$"
    return name and name ~= "" and is_type(kind) and { name, kind }
  end)
  return read, "NAME:TYPE for each column, separated by commas; TYPE is text, integer, number, boolean or json, with ? if it may be null"
end

--- An error in the file is an error of usage, not of the policy.
local function schema(path)
  local declared, err = require "sluice.internal.schema.file".load(path)
  if declared then return declared end
  return nil, nil, err.message
end

--- Read the text of --set, by type: a value, or nil and what was expected, or the whole problem.
local types = {
  string = function(text) return text end,
  integer = function(text) return math.tointeger(tonumber(text)), "an integer" end,
  number = function(text) return tonumber(text), "a number" end,
  boolean = function(text) return BOOLEANS[text], "true or false" end,
  duration = units.duration,
  size = units.size,
  names = function(text) return list(text, function(name) return name end), "names separated by commas" end,
  columns = columns, schema = schema,
}

local function reader_of(setting)
  local kind = setting.type or "string"
  return type(kind) == "table" and check.one_of(kind) or types[kind]
end

local given = {}        -- by --set: name -> text
local is_collecting     -- only the declaration is wanted
local declared          -- by the file that was loaded last

local function usage(message)
  error(core.error("usage", message), 0)
end

local function refuse_unknown(declaration)
  local names = lists.sorted_keys(declaration)
  for _, name in ipairs(lists.sorted_keys(given)) do
    if not declaration[name] then
      local hint = suggest.hint(name, names)
      if hint == "" then hint = #names > 0 and "; known options are " .. table.concat(names, ", ") or "; it has none" end
      usage(("--set %s: the policy has no such option%s"):format(name, hint))
    end
  end
end

--- The options that can be given instead of this one, sorted.
local function instead_of(name, declaration)
  local others = {}
  for _, other in ipairs(lists.sorted_keys(declaration)) do
    if declaration[other].instead == name then others[#others + 1] = other end
  end
  return others
end

local function is_given(name) return given[name] ~= nil end

local function check_missing(name, declaration)
  local setting, others = declaration[name], instead_of(name, declaration)
  for _, other in ipairs(others) do
    if is_given(other) then return end
  end
  local more = #others > 0 and (" or --set %s=…"):format(table.concat(others, "=… or --set ")) or ""
  usage(("--set %s=…%s is missing%s"):format(name, more, setting.description and ": " .. setting.description or ""))
end

local function value_of(name, declaration)
  local setting, text = declaration[name], given[name]
  if text == nil then
    if setting.required then check_missing(name, declaration) end
    if type(setting.default) == "string" then return (reader_of(setting)(setting.default)) end
    return setting.default
  end
  if setting.instead and is_given(setting.instead) then
    usage(("--set %s: expected one of %s and %s, got both"):format(name, setting.instead, name))
  end
  local value, expected, problem = reader_of(setting)(text)
  if value == nil then usage(("--set %s: %s"):format(name, problem or ("expected %s, got %s"):format(expected, check.show(text)))) end
  return value
end

local SETTING_KEYS = { type = true, default = true, description = true, required = true, instead = true }

--- A mistake in the declaration itself.
local function problem_of(declaration)
  if type(declaration) ~= "table" then return "expected a table of options" end
  for name, setting in pairs(declaration) do
    if type(name) ~= "string" or not name:find "^[%a_][%w_-]*$" then return "expected names as keys, got " .. check.show(name) end
    if type(setting) ~= "table" then return ("%s: expected a table such as { default = … }"):format(name) end
    for _, key in ipairs(lists.sorted_keys(setting)) do
      if not SETTING_KEYS[key] then
        return ("%s.%s: unknown key%s"):format(name, tostring(key), suggest.hint(key, lists.sorted_keys(SETTING_KEYS)))
      end
    end
    if not reader_of(setting) then return ("%s.type: unknown type %s"):format(name, check.show(setting.type)) end
    if type(setting.default) == "string" and reader_of(setting)(setting.default) == nil then
      return ("%s.default: expected %s"):format(name, (select(2, reader_of(setting)(setting.default))))
    end
    if setting.instead ~= nil and not declaration[setting.instead] then
      return ("%s.instead: expected the name of another option, got %s"):format(name, check.show(setting.instead))
    end
  end
end

--- Declare the options of this file and return their values.
---@param declaration table<string, sluice.Setting>
---@return table<string, any> values
function M.declare(declaration)
  local problem = problem_of(declaration)
  if problem then error("options: " .. problem, 2) end
  declared = declaration
  if is_collecting then error(is_collecting, 0) end
  refuse_unknown(declaration)
  local values = {}
  for _, name in ipairs(lists.sorted_keys(declaration)) do values[name] = value_of(name, declaration) end
  return core.members(values, "sluice.options()", declaration)
end

--- Set the values from --set, before the policy is loaded.
---@param values { name: string, value: string }[]
function M.give(values)
  given, declared = {}, nil
  for _, entry in ipairs(values) do given[entry.name] = entry.value end
end

--- To be called after loading: it is an error to give options to a policy that declares none.
---@return sluice.Error? err
function M.unused()
  if declared or not next(given) then return nil end
  return core.error("usage", ("--set %s: the policy declares no options"):format(lists.sorted_keys(given)[1]))
end

--- Whether the policy that was loaded last has such an option, or any.
---@param name string?
function M.has(name)
  return declared ~= nil and (name == nil or declared[name] ~= nil)
end

--- The options of the policy that was loaded last, with their values and where these come from.
---@return { name: string, value: string, from: string }[]
function M.origins()
  return lists.map(lists.sorted_keys(declared or {}), function(name)
    local default = declared[name].default
    local value = given[name] or (default ~= nil and tostring(default)) or "none"
    return { name = "--set " .. name, value = value, from = given[name] and "command line" or "default" }
  end)
end

--- Run a file as far as its declaration.
---@param chunk function
---@return table<string, sluice.Setting>? declaration  nil: it has none
function M.collect(chunk)
  declared, is_collecting = nil, core.error("usage", "only the options were wanted")
  core.protect("options", "policy", chunk)
  is_collecting = nil
  return declared
end

local function describe(name, declaration)
  local setting, others = declaration[name], instead_of(name, declaration)
  local kind = setting.type or "string"
  local words = { type(kind) == "table" and table.concat(kind, "|") or kind }
  if setting.required then words[#words + 1] = "required" end
  if #others > 0 then words[#words + 1] = "or " .. table.concat(others, " or ") end
  if setting.instead then words[#words + 1] = "instead of " .. setting.instead end
  if setting.default ~= nil then words[#words + 1] = "default " .. tostring(setting.default) end
  return table.concat(words, ", ")
end

--- For --help.
---@param declaration table<string, sluice.Setting>
---@return string text
function M.help(declaration)
  local lines = { "Options of this policy (--set NAME=VALUE):" }
  for _, name in ipairs(lists.sorted_keys(declaration)) do
    local setting = declaration[name]
    local about = setting.description and setting.description .. " " or ""
    lines[#lines + 1] = core.visible(("   %-25s  %s(%s)"):format(name, about, describe(name, declaration)))
  end
  return table.concat(lines, "\n")
end

return M
