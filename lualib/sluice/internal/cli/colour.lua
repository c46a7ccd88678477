--- JSON text in colours, for a terminal.
---
--- NO_COLOR (no-color.org) turns colours off; CLICOLOR_FORCE, with a value other than 0, turns them on
--- for any output.
local core = require "sluice.core"

local M = {}

local CODES = { key = "34;1", string = "32", number = "36", word = "35", null = "2" }

---@param fd integer
---@return boolean
function M.is_wanted(fd)
  if (os.getenv "NO_COLOR" or "") ~= "" then return false end
  local forced = os.getenv "CLICOLOR_FORCE" or ""
  if forced ~= "" and forced ~= "0" then return true end
  return core.terminal(fd) and os.getenv "TERM" ~= "dumb"
end

local function paint(kind, text) return ("\27[%sm%s\27[0m"):format(CODES[kind], text) end

--- The end of the string that begins at `at`.
local function string_end(text, at)
  local stop = at
  repeat
    stop = text:find('["\\]', stop + 1)
    local is_escape = text:sub(stop, stop) == "\\"
    if is_escape then stop = stop + 1 end
  until not is_escape
  return stop
end

--- The kind and the end of the scalar that begins at `at`.
local function scalar(text, at)
  if text:sub(at, at) == '"' then
    local stop = string_end(text, at)
    return text:find("^%s*:", stop + 1) and "key" or "string", stop
  end
  local _, stop = text:find("^[^,%s%]}]+", at)
  local word = text:sub(at, stop)
  return word == "null" and "null" or word:find "^[tf]" and "word" or "number", stop
end

--- Colour a valid JSON text.
---@param text string
---@return string
function M.json(text)
  local parts, at = {}, 1
  while true do
    local start = text:find('[^%s{}%[%],:]', at)
    if not start then break end
    local kind, stop = scalar(text, start)
    parts[#parts + 1] = text:sub(at, start - 1)
    parts[#parts + 1] = paint(kind, text:sub(start, stop))
    at = stop + 1
  end
  parts[#parts + 1] = text:sub(at)
  return table.concat(parts)
end

return M
