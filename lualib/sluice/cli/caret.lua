--- Where an expression stops making sense.
local M = {}

--- Whether a token goes on behind this place.
local function is_inside(source, at)
  return source:find("^[%w_][%w_]", at) or source:find("^==", at) or source:find("^%[[%[=]", at)
    or source:find("^=+%[", at)
end

--- Whether what follows may still turn what stands up to here into sense.
local function is_open(err)
  return err:find("near <eof>$") or err:find("malformed number", 1, true)
end

--- Where the word begins that ends here.
local function word_start(source, at)
  while at > 1 and source:find("^[%w_][%w_]", at - 1) do at = at - 1 end
  return at
end

--- The first token at which no continuation could save the expression.
---@param source string
---@return integer? at  nil when it only ends too early
function M.find(source)
  for at = 1, #source do
    local ok, err = load("return " .. source:sub(1, at), "=", "t")
    if not ok and not is_inside(source, at) and not is_open(err) then return word_start(source, at) end
  end
end

--- The source and a mark below it, for sources of one line.
---@param source string
---@return string[]? lines
function M.show(source)
  if source:find("[%c]") then return nil end
  local at = M.find(source) or #source + 1
  local before = source:sub(1, at - 1)
  return { source, (" "):rep(utf8.len(before) or #before) .. "^" }
end

return M
