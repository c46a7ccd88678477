--- Command lines as lists of words.
local lists = require "sluice.internal.lists"

local M = {}

local EXPECTED = 'a list of words such as { "scan.lua", "--fast" }'

--- A list of strings that can be a command line: a copy, or nil and what was
--- expected.
---@param value any
---@return string[]? words, string? expected
function M.list(value)
  if type(value) ~= "table" or type(value[1]) ~= "string" or value[1] == "" then return nil, EXPECTED end
  local list = {}
  for i, word in ipairs(value) do
    if type(word) ~= "string" or word:find("\0", 1, true) then return nil, EXPECTED end
    list[i] = word
  end
  for key in pairs(value) do
    if math.type(key) ~= "integer" or not list[key] then return nil, EXPECTED end
  end
  return list
end

local readers = {}

readers["'"] = function(text, at)
  local stop = text:find("'", at + 1, true)
  if not stop then return nil, "a ' is not closed" end
  return text:sub(at + 1, stop - 1), stop + 1
end

readers['"'] = function(text, at)
  local stop = at
  repeat
    stop = text:find('["\\]', stop + 1)
    if not stop then return nil, 'a " is not closed' end
    local escape = text:sub(stop, stop) == "\\"
    if escape then stop = stop + 1 end
  until not escape
  return (text:sub(at + 1, stop - 1):gsub('\\(["\\$`])', "%1")), stop + 1
end

readers["\\"] = function(text, at)
  if at == #text then return nil, "nothing follows the last \\" end
  return text:sub(at + 1, at + 1), at + 2
end

--- Split as a shell would, with '…', "…" and \, but expand nothing.
---@param text string
---@return string[]? words, string? err
function M.split(text)
  local list, word, at = {}, nil, 1
  while at <= #text do
    local char = text:sub(at, at)
    if char:find("%s") then
      list[#list + 1], word, at = word, nil, at + 1
    elseif readers[char] then
      local piece, next_at = readers[char](text, at)
      if not piece then return nil, next_at --[[@as string]] end
      word, at = (word or "") .. piece, next_at
    else
      local plain = text:match("^[^%s'\"\\]+", at)
      word, at = (word or "") .. plain, at + #plain
    end
  end
  list[#list + 1] = word
  return list
end

--- NAME=VALUE.
---@param word string
---@return { name: string, value: string }? variable, string? expected
function M.variable(word)
  local name, value = word:match("^([^=]+)=(.*)$")
  if not name then return nil, "NAME=VALUE" end
  return { name = name, value = value }
end

--- The word quoted for a POSIX shell.
---@param word string
---@return string
function M.quote(word)
  if word:find("^[%w_@%%+=:,./-]+$") then return word end
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

--- A command line for people, quoted where it needs to be.
---@param list string[]
---@return string
function M.show(list)
  return table.concat(lists.map(list, M.quote), " ")
end

return M
