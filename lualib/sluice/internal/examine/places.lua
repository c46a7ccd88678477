--- The line of a key in a policy's source: "streams.rows.where" -> 12.
---
--- Lua does not keep this, so the source is parsed: the keys of table constructors, each with the keys
--- around it. A policy may be assembled from locals; the line is then that of the key whose path
--- has the most names in common, counted from its end.
local M = {}

---@class sluice.examine.Key
---@field path string[]  the names of the keys around it, and its own
---@field line integer

-- ---- tokens -------------------------------------------------------------------

--- The end of the long bracket that begins at `at`; nil if there is none.
local function long_bracket(text, at)
  local level, start = text:match("^%[(=*)%[()", at)
  if not level then return nil end
  local _, stop = text:find("]" .. level .. "]", start, true)
  return stop or #text
end

local function comment(text, at)
  return long_bracket(text, at + 2) or (text:find("\n", at, true) or #text + 1) - 1
end

local function quoted(text, at)
  local quote, stop = text:sub(at, at), at
  repeat
    stop = text:find("[\\\n" .. quote .. "]", stop + 1)
    if not stop then return #text end
    local is_escape = text:sub(stop, stop) == "\\"
    if is_escape then stop = stop + 1 end
  until not is_escape
  return stop
end

--- The token at `at`: its kind, its text, and its end.
local function token(text, at)
  if text:find("^%-%-", at) then return nil, nil, comment(text, at) end
  local stop = long_bracket(text, at)
  if stop then return "string", text:sub(at, stop):match "^%[=*%[(.*)%]=*%]$", stop end
  if text:find("^['\"]", at) then
    stop = quoted(text, at)
    return "string", text:sub(at + 1, stop - 1), stop
  end
  local word = text:match("^[%a_][%w_]*", at)
  if word then return "name", word, at + #word - 1 end
  local number = text:match("^%.?%d[%w.]*", at)
  if number then return "number", number, at + #number - 1 end
  local pair = text:match("^[=~<>]=", at) or text:match("^::", at) or text:match("^%.%.+", at)
  return "symbol", pair or text:sub(at, at), at + #(pair or " ") - 1
end

---@param text string
---@return { kind: string, text: string, line: integer }[]
local function tokens_of(text)
  local tokens, line, at = {}, 1, 1
  while true do
    local start = text:find("%S", at)
    if not start then return tokens end
    line = line + select(2, text:sub(at, start - 1):gsub("\n", ""))
    local kind, content, stop = token(text, start)
    if kind then tokens[#tokens + 1] = { kind = kind, text = content, line = line } end
    line = line + select(2, text:sub(start, stop):gsub("\n", ""))
    at = stop + 1
  end
end

-- ---- keys ---------------------------------------------------------------------

local OPENS = { ["function"] = true, ["do"] = true, ["if"] = true, ["repeat"] = true, ["("] = true, ["["] = true }
local CLOSES = { ["end"] = true, ["until"] = true, [")"] = true, ["]"] = true, ["}"] = true }

--- The key that token i begins, in a constructor: its name, and the token after its `=`.
local function key_at(tokens, i)
  local function is(n, text) return tokens[n] and tokens[n].kind ~= "string" and tokens[n].text == text end
  if not (is(i - 1, "{") or is(i - 1, ",") or is(i - 1, ";")) then return nil end
  if tokens[i].kind == "name" and is(i + 1, "=") then return tokens[i].text, i + 2 end
  local is_bracketed = is(i, "[") and tokens[i + 1] and tokens[i + 1].kind == "string" and is(i + 2, "]") and is(i + 3, "=")
  if is_bracketed then return tokens[i + 1].text, i + 4 end
end

--- The names before token i, an `=` of an assignment: policy.streams.rows.
local function assigned(tokens, i)
  local names = {}
  while tokens[i - 1] and tokens[i - 1].kind == "name" do
    table.insert(names, 1, tokens[i - 1].text)
    if not (tokens[i - 2] and tokens[i - 2].text == ".") then break end
    i = i - 2
  end
  return names
end

local function extended(path, name)
  local longer = table.move(path, 1, #path, 1, {})
  longer[#longer + 1] = name
  return longer
end

---@param text string
---@return sluice.examine.Key[] keys, integer last  the line of the last `return`
local function keys_of(text)
  local tokens, keys, open, last = tokens_of(text), {}, {}, 1
  local pending, pending_at -- the path of the constructor that token pending_at opens
  for i, t in ipairs(tokens) do
    local around = open[#open]
    local is_text = t.kind == "string"
    local name, value = nil, nil
    if around and around.path and not is_text then name, value = key_at(tokens, i) end
    if name then
      pending, pending_at = extended(around.path, name), value
      keys[#keys + 1] = { path = pending, line = t.line }
    elseif not is_text and t.text == "=" and not (around and around.path) then
      pending, pending_at = assigned(tokens, i), i + 1
      keys[#keys + 1] = #pending > 1 and { path = pending, line = t.line } or nil
    end
    local sign = not is_text and t.text
    if sign == "{" then
      open[#open + 1] = { path = pending_at == i and pending or {} }
    elseif OPENS[sign] then
      open[#open + 1] = {}
    elseif CLOSES[sign] then
      open[#open] = nil
    elseif sign == "return" and #open == 0 then
      last = t.line
    end
  end
  return keys, last
end

--- The number of names that two paths have in common, counted from the end.
local function common(path, names)
  local n = 0
  while n < #path and n < #names and path[#path - n] == names[#names - n] do n = n + 1 end
  return n
end

--- A function that finds the line of a key in this source.
---@param text string
---@return fun(place: string): integer line
function M.finder(text)
  local keys, last = keys_of(text)
  return function(place)
    local names = {}
    for name in place:gmatch "[^.]+" do names[#names + 1] = (name:gsub("%[%d+%]$", "")) end
    while #names > 0 do
      local line, best = nil, 0
      for _, key in ipairs(keys) do
        local n = common(key.path, names)
        if n > best then line, best = key.line, n end
      end
      if line then return line end
      names[#names] = nil -- try the key around it
    end
    return last
  end
end

return M
