--- `make messages`: what the program can say to its users, in one list, to be read aloud.
---
---     lua5.4 tests/support/messages.lua [FILE…]
---
--- Every string literal of two words or more in the C and Lua sources of the command, with its place. Literals that C
--- joins are joined. That is a little more than the messages: help texts and SQL are in it, too.
local lfs = require "lfs"

local M = {}

M.directories = { "runtime", "lualib", "scripts" }

--- Each file below a directory whose name has one of these endings, sorted.
---@return string[] paths
function M.files(directory, endings)
  local found = {}
  local function walk(dir)
    for name in lfs.dir(dir) do
      local path = dir .. "/" .. name
      local is_hidden = name:find "^%."
      if not is_hidden and lfs.symlinkattributes(path, "mode") == "directory" then
        walk(path)
      elseif not is_hidden and endings[name:match "%.([%w]+)$" or ""] then
        found[#found + 1] = path
      end
    end
  end
  walk(directory)
  table.sort(found)
  return found
end

local C_ENDINGS = { c = true, h = true, cpp = true }

--- What a text begins with at a place: the end of a comment, or a literal and its end.
local function lua_token(text, at)
  local level = text:match("^%-%-%[(=*)%[", at)
  if level then return "comment", select(2, text:find("]" .. level .. "]", at, true)) end
  if text:find("^%-%-", at) then return "comment", (text:find("\n", at, true) or #text) end
  level = text:match("^%[(=*)%[", at)
  if level then
    local from, to = text:find("]" .. level .. "]", at, true)
    return "string", to, text:sub(at + #level + 2, from - 1)
  end
end

local function c_token(text, at)
  if text:find("^/%*", at) then return "comment", select(2, text:find("*/", at + 2, true)) end
  if text:find("^//", at) then return "comment", (text:find("\n", at, true) or #text) end
  if text:find("^'\\?.'", at) then return "character", select(2, text:find("^'\\?.'", at)) end
  if text:find('^#include[^\n]*', at) then return "comment", select(2, text:find('^#include[^\n]*', at)) end
end

local function quoted(text, at)
  local quote = text:match("^[\"']", at)
  if not quote then return nil end
  local to = at + 1
  while text:sub(to, to) ~= quote do
    assert(to <= #text, "a string does not end")
    to = to + (text:sub(to, to) == "\\" and 2 or 1)
  end
  return "string", to, text:sub(at + 1, to - 1)
end

--- The strings and comments of a source.
---@return { kind: "string"|"comment", text: string, line: integer }[]
function M.tokens(text, is_c)
  local list, at, line, joined_at = {}, 1, 1, nil
  while at <= #text do
    local kind, to, value = (is_c and c_token or lua_token)(text, at)
    if not kind then kind, to, value = quoted(text, at) end
    if kind == "string" and joined_at == at and is_c then
      list[#list].text = list[#list].text .. value
    elseif kind == "string" or kind == "comment" then
      list[#list + 1] = { kind = kind, text = value or text:sub(at, to), line = line }
    end
    to = to or at
    line = line + select(2, text:sub(at, to):gsub("\n", ""))
    at = to + 1
    if kind == "string" then joined_at = text:match("^[%s\\]*()", at) end
    if is_c and kind == "string" and text:find('^%s*PRI[%w]+%s*"', at) then -- "%" PRIu64 " rows"
      local name, next_at = text:match("^%s*(PRI[%w]+)%s*()", at)
      list[#list].text = list[#list].text .. name:match "PRI(.)"
      at, joined_at = next_at, next_at
    end
  end
  return list
end

--- All of a file.
function M.tokens_of(path)
  local file <close> = assert(io.open(path))
  return M.tokens(file:read "a", C_ENDINGS[path:match "%.(%w+)$"])
end

--- The messages of a file.
---@return { text: string, line: integer }[]
function M.of(path)
  local list = {}
  for _, token in ipairs(M.tokens_of(path)) do
    if token.kind == "string" and token.text:find "%a[%w,:;.%%'\"()-]* [%w%%\"'(]" then list[#list + 1] = token end
  end
  return list
end

--- All of them, by file.
function M.each()
  return coroutine.wrap(function()
    for _, directory in ipairs(M.directories) do
      for _, path in ipairs(M.files(directory, { c = true, h = true, cpp = true, lua = true })) do
        for _, message in ipairs(M.of(path)) do coroutine.yield(path, message) end
      end
    end
  end)
end

if arg and arg[0] and arg[0]:find "messages%.lua$" and not ... or arg and arg[1] then
  local before
  for path, message in M.each() do
    if #arg == 0 or path:find(arg[1], 1, true) then
      if path ~= before then print("\n" .. path) end
      before = path
      print(("%5d  %s"):format(message.line, (message.text:gsub("\n", "\n       "))))
    end
  end
end

return M
