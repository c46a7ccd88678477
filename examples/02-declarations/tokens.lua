--- Splits source text into tokens, without white space and comments.
---
--- A language is given as rules { pattern, kind }: the first rule whose pattern
--- matches applies. Text of kind false is skipped. Instead of a pattern a rule
--- may have a function(text, at) that returns the end of its match, or nil.
local M = {}

---@class Tokens
---@field texts string[]
---@field kinds string[]
---@field lines integer[]

local function match_end(rule, text, at)
  if type(rule[1]) == "function" then return rule[1](text, at) end
  local _, stop = text:find(rule[1], at)
  return stop
end

local function next_token(rules, text, at)
  for _, rule in ipairs(rules) do
    local stop = match_end(rule, text, at)
    if stop and stop >= at then return stop, rule[2] end
  end
  return at, "symbol"
end

local function count_breaks(text)
  local _, breaks = text:gsub("\n", "")
  return breaks
end

---@param text string
---@param rules table[]
---@return Tokens
function M.read(text, rules)
  local tokens = { texts = {}, kinds = {}, lines = {} }
  local at, line, count = 1, 1, 0
  while at <= #text do
    local stop, kind = next_token(rules, text, at)
    local piece = text:sub(at, stop)
    if kind then
      count = count + 1
      tokens.texts[count], tokens.kinds[count], tokens.lines[count] = piece, kind, line
    end
    if kind ~= "name" and kind ~= "symbol" then line = line + count_breaks(piece) end
    at = stop + 1
  end
  return tokens
end

--- A string between two quotes on one line, with escapes.
---@param quote string
function M.quoted(quote)
  local stops = "[\n\\" .. quote .. "]"
  return function(text, at)
    if text:sub(at, at) ~= quote then return nil end
    local stop = at
    while true do
      stop = text:find(stops, stop + 1)
      if not stop then return #text end
      local char = text:sub(stop, stop)
      if char == quote then return stop end
      if char == "\n" then return stop - 1 end
      stop = stop + 1
    end
  end
end

return M
