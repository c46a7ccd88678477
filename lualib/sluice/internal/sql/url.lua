--- Where a database is: `sqlite:FILE`, `sqlite::memory:`, `postgres://…`.
local M = {}

---@class sluice.sql.Target
---@field dialect "sqlite"|"postgres"
---@field name string      what the driver connects to
---@field shown string     the url without its password, for messages
---@field memory boolean?  a database that lives in this process only

local FORMS = "sqlite:FILE, sqlite::memory: or postgres://USER@HOST:PORT/DATABASE"

--- SQLite takes names that begin with file: for URIs of its own.
local function sqlite(path)
  if path == "" then return nil, "the file is missing: sqlite:FILE" end
  if path == ":memory:" then
    return { dialect = "sqlite", name = path, shown = "sqlite::memory:", memory = true }
  end
  local name = path:find("^file:") and "./" .. path or path
  return { dialect = "sqlite", name = name, shown = "sqlite:" .. path }
end

--- What every connection has unless the url says otherwise.
local SETTINGS = { "connect_timeout=10", "application_name=sluice", "client_encoding=UTF8" }

local function with_settings(rest)
  for _, setting in ipairs(SETTINGS) do
    local name = setting:match("^[^=]*")
    if not rest:find("[?&]" .. name .. "=") then
      rest = rest .. (rest:find("?", 1, true) and "&" or "?") .. setting
    end
  end
  return rest
end

--- The user's part ends at the last @ before the first slash.
local function without_password(rest)
  local authority, path = rest:match("^([^/?]*)(.*)$")
  authority = authority:gsub("^(.*)@", function(user) return user:gsub(":.*$", "") .. "@" end)
  path = path:gsub("([?&])password=[^&]*", "%1"):gsub("([?&])&+", "%1"):gsub("[?&]$", "")
  return authority .. path
end

local function postgres(rest)
  if rest:find("[%c%s]") then return nil, "white space must be written as %20" end
  return {
    dialect = "postgres",
    name = "postgresql://" .. with_settings(rest),
    shown = "postgres://" .. without_password(rest),
  }
end

---@param url string
---@return sluice.sql.Target? target, string? problem
function M.parse(url)
  if url:find("\0", 1, true) then return nil, "expected " .. FORMS end
  local path = url:match("^sqlite:(.*)$")
  if path then return sqlite(path) end
  local rest = url:match("^postgres://(.*)$") or url:match("^postgresql://(.*)$")
  if rest then return postgres(rest) end
  return nil, "expected " .. FORMS
end

return M
