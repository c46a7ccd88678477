--- The supported databases, and the parsing of urls. To add one, write a file
--- with the functions of sqlite.lua and postgres.lua, and list it here.
local lists = require "sluice.internal.lists"
local postgres = require "sluice.internal.sql.postgres"
local sqlite = require "sluice.internal.sql.sqlite"

local M = {}

local DIALECTS = { sqlite, postgres }

---@class sluice.sql.Target
---@field dialect table    its module
---@field name string      what the driver connects to
---@field shown string     the url without its password, for messages
---@field memory boolean?  a database that exists in this process only

local FORMS = table.concat(lists.map(DIALECTS, function(dialect) return dialect.form end), " or ")

---@param url string
---@return sluice.sql.Target? target, string? problem
function M.parse(url)
  for _, dialect in ipairs(DIALECTS) do
    for _, scheme in ipairs(dialect.schemes) do
      if url:sub(1, #scheme) == scheme and not url:find("\0", 1, true) then
        local target, problem = dialect.target(url:sub(#scheme + 1))
        if target then target.dialect = dialect end
        return target, problem
      end
    end
  end
  return nil, "expected " .. FORMS
end

return M
