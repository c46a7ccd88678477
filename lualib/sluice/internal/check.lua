--- Check and read what users write: values, and tables key by key.
local lists = require "sluice.internal.lists"
local suggest = require "sluice.internal.suggest"

local M = {}

---@alias sluice.Reader fun(value: any, name: string): any, string?

--- A value for use in a message, shortened.
---@param value any
---@return string
function M.show(value)
  if type(value) == "string" then
    return #value <= 40 and ("%q"):format(value) or ("%q…"):format(value:sub(1, 37))
  end
  if type(value) == "number" or type(value) == "boolean" or value == nil then return tostring(value) end
  return "a " .. type(value)
end

--- A reader that takes values of this type.
---@return sluice.Reader
function M.of_type(name, expected)
  return function(value)
    if type(value) == name then return value end
    return nil, expected
  end
end

M.func = M.of_type("function", "a function")
M.boolean = M.of_type("boolean", "true or false")

---@param value any
---@return integer? value, string? expected
function M.count(value)
  local n = math.type(value) == "float" and math.tointeger(value) or value
  if math.type(n) == "integer" and n > 0 then return n end
  return nil, "a positive integer"
end

--- A reader that takes one of these words.
---@param words string[]
---@param expected string?
---@return sluice.Reader
function M.one_of(words, expected)
  expected = expected or "one of " .. table.concat(words, ", ")
  return function(value)
    for _, word in ipairs(words) do
      if word == value then return word end
    end
    return nil, expected
  end
end

---@param value any
---@return any value, string? expected
function M.name(value)
  if type(value) == "string" and value ~= "" then return value end
  return nil, "a name"
end

--- A hint at the keys that may have been meant instead of an unknown one.
local function alternatives(key, readers)
  local known = lists.sorted_keys(readers)
  local hint = suggest.hint(key, known)
  if hint ~= "" or #known > 8 then return hint end
  return "; known keys are " .. table.concat(known, ", ")
end

--- A mistake in what a user wrote.
---@class sluice.Problem
---@field place string  "streams.rows.where"
---@field text string   "streams.rows.where: expected a function, got 5"

--- Read a table with the given readers, one per key. A reader returns the value
--- that it read, or nil and either what was expected or, as a third result, the
--- whole problem; if there are several, a fourth result lists all of them. The
--- problems are in the order of the keys.
---@param value table
---@param readers table<string, sluice.Reader>
---@param prefix string  "" or "streams.rows."
---@return table? result, string? first, sluice.Problem[]? problems
function M.table(value, readers, prefix)
  local result, problems = {}, {}
  for _, key in ipairs(lists.sorted_keys(value)) do
    local reader, name = readers[key], prefix .. tostring(key)
    if not reader then
      problems[#problems + 1] = { place = name, text = ("%s: unknown key%s"):format(name, alternatives(key, readers)) }
    else
      local read, expected, problem, several = reader(value[key], name)
      if read == nil then
        problem = problem or ("%s: expected %s, got %s"):format(name, expected, M.show(value[key]))
        lists.append(problems, several or { { place = name, text = problem } })
      end
      result[key] = read
    end
  end
  if #problems > 0 then return nil, problems[1].text, problems end
  return result
end

--- Read a constructor's options, or raise at the caller's line.
---@param what string     "csv.file"
---@param options table?
---@param readers table<string, sluice.Reader>
---@param level integer   stack level of the caller, as seen by the function that calls this
---@return table result
function M.options(what, options, readers, level)
  if options ~= nil and type(options) ~= "table" then
    error(("%s: expected a table of options, got %s"):format(what, M.show(options)), level + 1)
  end
  local read, problem = M.table(options or {}, readers, "")
  return read or error(("%s: %s"):format(what, problem), level + 1)
end

return M
