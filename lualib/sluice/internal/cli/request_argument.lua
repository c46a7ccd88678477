--- Requests on the command line: JSON, @FILE, or @- for standard input.
local core = require "sluice.core"

local M = {}

---@param path string
---@return string? text, string? why
local function read_file(path)
  local file, why = io.stdin, nil
  if path ~= "-" then
    file, why = io.open(path, "r")
    if not file then return nil, why end
  end
  local text
  text, why = file:read("a")
  if path ~= "-" then file:close() end
  if not text then return nil, ("%s: %s"):format(path, why) end
  return (text:gsub("^\xEF\xBB\xBF", "")) -- a byte order mark
end

---@param given string?
---@param name string  as the user wrote it: "--request"
---@return string? json, string? problem  both nil if nothing was given
function M.read(given, name)
  if not given then return nil end
  local json = given
  local path = given:match("^@(.*)$")
  if path then
    local text, why = read_file(path)
    if not text then return nil, ("%s: cannot read %s"):format(name, why) end
    json = text
  end
  local _, err = core.json.decode(json)
  if err then
    return nil, ("%s: not valid JSON%s: %s"):format(name, path and " in " .. path or "", err.message)
  end
  return json
end

return M
