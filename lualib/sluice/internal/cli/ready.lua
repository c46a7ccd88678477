--- The ready scripts: policies embedded in the command as text, by name.
local core = require "sluice.core"
local lists = require "sluice.internal.lists"
local suggest = require "sluice.internal.suggest"

local M = {}

--- Their texts by name; set by main.c, and called when a run needs one.
---@type fun(): table<string, string>
function M.texts() return {} end

--- Whether `sluice run` takes the word for the name of a script; everything else is a file.
---@param word string
function M.is_name(word)
  return word ~= "" and word ~= "-" and not word:find "/" and not word:find "%.lua$"
end

--- Files in the current directory that may have been meant.
local function files_of(name)
  for _, path in ipairs { "./" .. name, name .. ".lua" } do
    local kind = core.kind(path)
    if kind and kind ~= "directory" then return "; for the file, write " .. path end
  end
  return ""
end

---@param name string
---@return string? text, string? problem
function M.find(name)
  local texts = M.texts()
  if texts[name] then return texts[name] end
  local names, file = lists.sorted_keys(texts), files_of(name)
  local hint = suggest.hint(name, names)
  if hint == "" and file == "" then hint = "; the ready scripts are " .. table.concat(names, ", ") end
  return nil, ("%s: no ready script has this name%s%s"):format(name, file, hint)
end

--- A line for each: its name, and the text of its first line.
---@return string
function M.list()
  local texts, width = M.texts(), 0
  local names = lists.sorted_keys(texts)
  for _, name in ipairs(names) do width = math.max(width, #name) end
  return table.concat(lists.map(names, function(name)
    return ("%s%s  %s"):format(name, (" "):rep(width - #name), texts[name]:match "^%-%- ([^\n]*)")
  end), "\n")
end

return M
