--- The functions in a C source, without preprocessing: of #if … #else … #endif
--- only the first branch is read, so that braces match.
local fnv = require "fnv"
local tokens = require "tokens"

--- The end of a directive, including its continuation lines.
local function directive(text, at)
  if not text:find("^[ \t]*#", at) or not (at == 1 or text:sub(at - 1, at - 1) == "\n") then return nil end
  local stop = at
  repeat
    stop = text:find("\n", stop + 1, true)
    if not stop then return #text end
  until text:sub(stop - 1, stop - 1) ~= "\\"
  return stop - 1
end

local function block_comment(text, at)
  if text:sub(at, at + 1) ~= "/*" then return nil end
  local _, stop = text:find("*/", at + 2, true)
  return stop or #text
end

local RULES = {
  { directive, "directive" },
  { "^[ \t\r\f\v]*\n", false },
  { "^[ \t\r\f\v]+", false },
  { "^//[^\n]*", false },
  { block_comment, false },
  { "^[%a_][%w_]*", "name" },
  { tokens.quoted '"', "string" },
  { tokens.quoted "'", "string" },
  { "^%.?%d[%w_.]*", "number" },
  { "^%.%.%.", "symbol" }, { "^%->", "symbol" },
  { "^<<=?", "symbol" }, { "^>>=?", "symbol" },
  { "^[-+*/%%&|^=!<>]=", "symbol" },
  { "^%+%+", "symbol" }, { "^%-%-", "symbol" }, { "^&&", "symbol" }, { "^||", "symbol" },
}

--- The tokens in the second and later branches of conditionals: token -> true.
local function skipped_branches(t)
  local skipped, depth, skip_from = {}, 0, nil
  for i, kind in ipairs(t.kinds) do
    local word = kind == "directive" and t.texts[i]:match("#%s*(%a+)")
    if word and word:find("^if") then depth = depth + 1 end
    if word and word:find("^el") and not skip_from then skip_from = depth end
    if skip_from then skipped[i] = true end
    if word == "endif" then
      if skip_from == depth then skip_from = nil end
      depth = depth - 1
    end
  end
  return skipped
end

--- The relevant tokens, without directives.
local function code(text)
  local all = tokens.read(text, RULES)
  local skipped, kept, count = skipped_branches(all), { texts = {}, kinds = {}, lines = {} }, 0
  for i, kind in ipairs(all.kinds) do
    if not skipped[i] and kind ~= "directive" then
      count = count + 1
      kept.texts[count], kept.kinds[count], kept.lines[count] = all.texts[i], kind, all.lines[i]
    end
  end
  return kept
end

local NO_NAMES = { __attribute__ = true, __declspec = true, _Alignas = true, alignas = true, ["if"] = true }

--- The declarator in tokens first..last, which precede a `{`: the position of
--- the function's name, or nil if this is not a function.
local function declarator(t, first, last)
  local depth, name = 0, nil
  for i = first, last do
    local text = t.texts[i]
    if text == "(" then
      if depth == 0 and t.kinds[i - 1] == "name" and i > first and not NO_NAMES[t.texts[i - 1]] then name = i - 1 end
      depth = depth + 1
    elseif text == ")" then
      depth = depth - 1
    elseif depth == 0 and (text == "=" or text == "typedef") then
      return nil
    end
  end
  return name
end

local function matching_brace(t, at)
  local depth = 0
  for i = at, #t.texts do
    if t.texts[i] == "{" then depth = depth + 1 end
    if t.texts[i] == "}" then depth = depth - 1 end
    if depth == 0 then return i end
  end
end

--- All functions as { name, line, lines, hash }, and how many are not closed.
---@param text string
---@return table[] functions, integer unclosed
return function(text)
  local t = code(text)
  local found, start, at = {}, 1, 1
  while at <= #t.texts do
    local word = t.texts[at]
    if word == "{" and not (t.texts[at - 2] == "extern" and t.kinds[at - 1] == "string") then
      local stop = matching_brace(t, at)
      if not stop then return found, 1 end
      local name = declarator(t, start, at - 1)
      if name then
        found[#found + 1] = {
          name = t.texts[name],
          line = t.lines[name],
          lines = t.lines[stop] - t.lines[start] + 1,
          hash = fnv(t.texts, name + 1, stop),
        }
        start = stop + 1
      end
      at = stop
    elseif word == ";" or word == "{" or word == "}" then
      start = at + 1
    end
    at = at + 1
  end
  return found, 0
end
