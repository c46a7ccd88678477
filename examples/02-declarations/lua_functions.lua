--- The functions in a Lua source.
local fnv = require "fnv"
local tokens = require "tokens"

--- [[…]], [=[…]=], with or without a prefix such as --.
local function long_bracket(prefix)
  return function(text, at)
    local _, open_end, level = text:find("^" .. prefix .. "%[(=*)%[", at)
    if not open_end then return nil end
    local _, stop = text:find("]" .. level .. "]", open_end + 1, true)
    return stop or #text
  end
end

local RULES = {
  { "^%s+", false },
  { long_bracket "%-%-", false },
  { "^%-%-[^\n]*", false },
  { "^[%a_][%w_]*", "name" },
  { long_bracket "", "string" },
  { tokens.quoted '"', "string" },
  { tokens.quoted "'", "string" },
  { "^0[xX][%x.]+[pP]?[+-]?%d*", "number" },
  { "^%.?%d[%d.]*[eE]?[+-]?%d*", "number" },
  { "^%.%.%.?", "symbol" },
  { "^[=~<>]=", "symbol" },
  { "^//", "symbol" },
  { "^<<", "symbol" }, { "^>>", "symbol" }, { "^::", "symbol" },
}

local OPENS = { ["function"] = true, ["do"] = true, ["if"] = true, ["repeat"] = true }
local CLOSES = { ["end"] = true, ["until"] = true }

--- "M.new" or "Reader:next", read forwards from the word after `function`.
local function name_behind(texts, at)
  local name = {}
  while texts[at] and texts[at] ~= "(" do
    name[#name + 1] = texts[at]
    at = at + 1
  end
  return #name > 0 and table.concat(name) or nil
end

--- The same, read backwards from `= function`.
local function name_before(texts, kinds, at)
  if texts[at] ~= "=" or kinds[at - 1] ~= "name" then return nil end
  local first = at - 1
  while (texts[first - 1] == "." or texts[first - 1] == ":") and kinds[first - 2] == "name" do first = first - 2 end
  return table.concat(texts, "", first, at - 1)
end

local function parameters_at(texts, at)
  while texts[at] and texts[at] ~= "(" do at = at + 1 end
  return at
end

--- All functions as { name, line, lines, hash }, and how many are not closed.
---@param text string
---@return table[] functions, integer unclosed
return function(text)
  local t = tokens.read(text:gsub("^#[^\n]*", ""), RULES)
  local texts, kinds, lines = t.texts, t.kinds, t.lines
  local found, open, unclosed = {}, {}, 0
  for i, word in ipairs(texts) do
    if kinds[i] == "name" and OPENS[word] then
      open[#open + 1] = { word = word, at = i }
    elseif kinds[i] == "name" and CLOSES[word] and #open > 0 then
      local block = table.remove(open)
      if block.word == "function" then
        found[#found + 1] = {
          name = name_behind(texts, block.at + 1) or name_before(texts, kinds, block.at - 1) or "(anonymous)",
          line = lines[block.at],
          lines = lines[i] - lines[block.at] + 1,
          hash = fnv(texts, parameters_at(texts, block.at), i),
        }
      end
    end
  end
  for _, block in ipairs(open) do
    if block.word == "function" then unclosed = unclosed + 1 end
  end
  return found, unclosed
end
