--- Text of others: workers, rows, files, names. It may hold anything, and where it
--- is shown it must neither steer a terminal nor pass for a line of ours.
local M = {}

local function hex(c) return ("\\x%02x"):format(c:byte()) end

--- The same with bytes that are not UTF-8 written as \\xe9: what JSON can carry.
---@param text string
---@return string
function M.utf8(text)
  local from, parts = 1, {}
  while true do
    local _, bad = utf8.len(text, from)
    if not bad then break end
    parts[#parts + 1] = text:sub(from, bad - 1)
    parts[#parts + 1] = hex(text:sub(bad, bad))
    from = bad + 1
    if from > #text then break end
  end
  parts[#parts + 1] = text:sub(from)
  return table.concat(parts)
end

-- U+0080 to U+009F; the separators of lines, U+2028 and U+2029; what reorders text,
-- U+061C, U+200E, U+200F, U+202A to U+202E and U+2066 to U+2069; a byte order mark.
local HIDDEN = {
  "\xC2[\x80-\x9F]", "\xD8\x9C", "\xE2\x80[\x8E\x8F\xA8-\xAE]", "\xE2\x81[\xA6-\xA9]", "\xEF\xBB\xBF",
}

local function escape_point(c) return ("\\u{%x}"):format(utf8.codepoint(c)) end

--- As it can be shown in a message: control characters and what is not UTF-8 are
--- escaped; lines and tabs stay.
---@param text string
---@return string
function M.lines(text)
  text = M.utf8(text):gsub("[%c\127]", function(c)
    if c == "\n" or c == "\t" then return nil end
    return hex(c)
  end)
  if text:find "[\xC2\xD8\xE2\xEF]" then
    for _, pattern in ipairs(HIDDEN) do text = text:gsub(pattern, escape_point) end
  end
  return text
end

--- The same on one line.
---@param text string
---@return string
function M.printable(text)
  return (M.lines(text):gsub("[\n\t]", { ["\n"] = "\\n", ["\t"] = "\\t" }))
end

return M
