--- Reference tokens of JSON Pointers (RFC 6901).
local M = {}

--- A name as a reference token, with its slash.
function M.token(name)
  return "/" .. tostring(name):gsub("~", "~0"):gsub("/", "~1")
end

--- The name in a reference token, which is given without its slash.
function M.name(token)
  return (token:gsub("~1", "/"):gsub("~0", "~"))
end

return M
