--- Lua patterns: checks that they are well formed, and translates them to regular expressions.
---
--- string.find notices a malformed pattern only when it reaches the fault, which may
--- be in the millionth row; here the whole pattern is checked at once.
local M = {}

--- The end of a single-character item, or nil and the problem.
local function class_end(p, at)
  local c = p:sub(at, at)
  if c == "%" then
    if at == #p then return nil, "ends with %" end
    return at + 2
  end
  if c ~= "[" then return at + 1 end
  at = at + 1
  if p:sub(at, at) == "^" then at = at + 1 end
  repeat -- the first character is a member, even ]
    if at > #p then return nil, "a [ without a ]" end
    at = at + (p:sub(at, at) == "%" and 2 or 1)
  until p:sub(at, at) == "]"
  return at + 1
end

local function special_end(p, at, captures)
  local letter = p:sub(at + 1, at + 1)
  if letter == "b" then
    if at + 3 > #p then return nil, "%b needs two characters" end
    return at + 4
  elseif letter == "f" then
    if p:sub(at + 2, at + 2) ~= "[" then return nil, "%f needs a [set]" end
    return class_end(p, at + 2)
  elseif letter:match "%d" then
    local n = tonumber(letter)
    if n == 0 or n > captures.closed then return nil, "%" .. letter .. " before its capture is closed" end
    return at + 2
  end
  return class_end(p, at)
end

--- The end of the item at this position.
local function item_end(p, at, captures)
  local c = p:sub(at, at)
  if c == "%" then return special_end(p, at, captures) end
  if c == "(" then
    captures.count = captures.count + 1
    if captures.count > 32 then return nil, "more than 32 captures" end
    if p:sub(at + 1, at + 1) == ")" then
      captures.closed = captures.closed + 1
      return at + 2
    end
    captures.open = captures.open + 1
    return at + 1
  elseif c == ")" then
    if captures.open == 0 then return nil, "a ) without a (" end
    captures.open, captures.closed = captures.open - 1, captures.closed + 1
    return at + 1
  end
  return class_end(p, at)
end

--- What is wrong with a pattern, or nil.
---@param p string
---@return string?
function M.check(p)
  local captures = { count = 0, open = 0, closed = 0 }
  local at, problem = p:sub(1, 1) == "^" and 2 or 1, nil
  while at <= #p do
    at, problem = item_end(p, at, captures)
    if not at then return problem end
  end
  if captures.open > 0 then return "a ( without a )" end
  return nil
end

-- ---- as a regular expression ------------------------------------------------

--- Classes by their letter, as members of a bracket. Lua matches bytes, regular
--- expressions match characters: a class of ASCII only is the same for both.
local classes = {
  a = "A-Za-z", c = "\\x00-\\x1F\\x7F", d = "0-9", g = "!-~", l = "a-z", p = "!-\\/:-@\\[-`{-~",
  s = "\\t-\\r ", u = "A-Z", w = "A-Za-z0-9", x = "A-Fa-f0-9",
}

local function literal(c)
  if c:byte() >= 0x80 then return nil end
  if c:byte() < 0x20 or c:byte() == 0x7F then return ("\\x%02X"):format(c:byte()) end
  return c:match "[%^%$\\%.%*%+%?%(%)%[%]{}|/%-]" and "\\" .. c or c
end

--- The same outside brackets, where ECMA-262 has no escape \-.
local function alone(c)
  return c == "-" and c or literal(c)
end

--- The members of a set, without brackets; nil if they are not plain ASCII.
local function members(body)
  local out, at = {}, 1
  while at <= #body do
    local c, low, high = body:sub(at, at), body:match("^([^%%])%-(.)", at)
    if c == "%" then
      local letter = body:sub(at + 1, at + 1)
      out[#out + 1] = classes[letter] or (not letter:match "%a" and literal(letter)) or false
      at = at + 2
    elseif low then
      out[#out + 1] = literal(low) and literal(high) and literal(low) .. "-" .. literal(high) or false
      at = at + 3
    else
      out[#out + 1] = literal(c) or false
      at = at + 1
    end
    if not out[#out] then return nil end
  end
  return table.concat(out)
end

--- One item as a class or character. whole: it also matches every byte beyond
--- ASCII, so it can only be translated if it is repeated.
local function item(text)
  local c = text:sub(1, 1)
  if text == "." then return "[^]", true end
  if c == "%" then
    local letter = text:sub(2)
    if classes[letter] then return "[" .. classes[letter] .. "]" end
    if letter:match "%a" and classes[letter:lower()] then return "[^" .. classes[letter:lower()] .. "]", true end
    if letter:match "%w" then return nil end
    return alone(letter)
  elseif c == "[" then
    local negated = text:sub(2, 2) == "^"
    local body = members(text:sub(negated and 3 or 2, -2))
    return body and ("[%s%s]"):format(negated and "^" or "", body), negated
  end
  return alone(c) or c -- a byte of a character beyond ASCII; its bytes stay together
end

local quantifiers = { ["*"] = "*", ["+"] = "+", ["-"] = "*", ["?"] = "?" }

local function translate(p, at, out)
  local last = at == #p and p:sub(at) == "$"
  if last then
    out[#out + 1] = "$"
    return at + 1
  end
  local c = p:sub(at, at)
  if c == "(" or c == ")" then
    if p:sub(at, at + 1) == "()" then return at + 2 end
    return at + 1 -- a capture does not change what matches
  end
  local behind = class_end(p, at)
  if p:match("^%%[bf%d]", at) then return nil end
  local text, whole = item(p:sub(at, behind - 1))
  local sign = quantifiers[p:sub(behind, behind)]
  if not text or (whole and (not sign or sign == "?")) or (sign and text:byte() >= 0x80) then return nil end
  out[#out + 1] = (text == "[^]" and "[\\x00-\\u{10FFFF}]" or text) .. (sign or "")
  return sign and behind + 1 or behind
end

--- A regular expression that matches the same texts; nil if there is none, or
--- none that certainly does.
---@param p string
---@return string?
function M.to_regex(p)
  local out, at = {}, 1
  if p:sub(1, 1) == "^" then out[1], at = "^", 2 end
  while at and at <= #p do at = translate(p, at, out) end
  return at and table.concat(out) or nil
end

return M
