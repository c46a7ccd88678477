--- Where an expression stops making sense.
local M = {}

--- Whether what follows may still turn this prefix into sense.
local function is_open(source, at, err)
  return err:find("<eof>", 1, true) or err:find("malformed number", 1, true)
    or source:find("^%[[%[=]", at) or source:find("^[%[=]=*%[", at)
end

--- The first place at which no continuation could save the expression.
---@param source string
---@return integer? at  nil when it only ends too early
function M.find(source)
  for at = 1, #source do
    local ok, err = load("return " .. source:sub(1, at), "=", "t")
    if not ok and not is_open(source, at, err) then return at end
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
