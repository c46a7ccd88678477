--- A connection of LuaDBI, with its habits in one place:
---
--- - It begins transactions by itself and keeps silent about why a commit
---   failed. So its autocommit is on, and BEGIN and COMMIT are statements.
--- - A SQLite statement that failed once reports that failure again when it
---   is next executed; so a statement that failed is prepared anew.
--- - Results come cut to 32-bit integers and 15 digits: queries ask for text.
--- - A lost connection is sometimes an error value, sometimes raised.
--- - Statements are closed before their connection, or it stays open.
local modules = require "sluice.internal.modules"

local M = {}

---@class sluice.sql.Connection
---@field private handle table   LuaDBI's
---@field private statements table<sluice.sql.Statement|sluice.core.Insert, true>
---@field is_new boolean?    there was no database before
local Connection = { __name = "sluice.sql.Connection" }
Connection.__index = Connection

---@class sluice.sql.Statement
local Statement = { __name = "sluice.sql.Statement" }
Statement.__index = Statement

local PREFIXES = {
  "^Execute failed ", "^Error executing statement parameters: ", "^Error preparing statement handle: ",
  "^Error allocating %a+ %a+: ", "^Failed to connect to database: ", "^Fetch failed ",
  "^ERROR:%s+", "^FATAL:%s+",
}

--- What the database said, on one line.
local function reason(why)
  why = tostring(why):gsub("\nLINE %d+:.*$", "")
  for _, prefix in ipairs(PREFIXES) do why = why:gsub(prefix, "") end
  why = why:gsub("%s+$", ""):gsub(" at character %d+", ""):gsub("\n%u+:%s+", "; "):gsub("%s*\n%s*", " ")
  return why ~= "" and why or "the driver gives no reason"
end

--- A method of LuaDBI: its value, or nil and why.
local function call(method, ...)
  local ok, value, why = pcall(method, ...)
  if not ok then return nil, reason(value) end
  if not value then return nil, reason(why) end
  return value
end

---@param driver "SQLite3"|"PostgreSQL"
---@return table? dbi, string? why
function M.load(driver)
  local ok, dbi = pcall(modules.require, "DBI")
  if ok and pcall(modules.require, "dbd." .. driver:lower()) then return dbi end
  return nil, ("LuaDBI's driver is not installed (Debian: lua-dbi-%s)"):format(driver:lower())
end

---@param driver "SQLite3"|"PostgreSQL"
---@param name string
---@return sluice.sql.Connection? connection, string? why
function M.open(driver, name)
  local dbi, why = M.load(driver)
  if not dbi then return nil, why end
  local handle
  handle, why = call(dbi.Connect, driver, name)
  if not handle then return nil, why end
  handle:autocommit(true)
  return setmetatable({ handle = handle, statements = {} }, Connection)
end

--- A statement that is executed often; prepared on first use.
---@param text string
---@return sluice.sql.Statement
function Connection:statement(text)
  local statement = setmetatable({ connection = self, text = text }, Statement)
  self.statements[statement] = true
  return statement
end

--- A statement of core.sqlite's that inserts a row.
---@param link sluice.core.SqliteLink
---@param columns sluice.sql.Column[]
---@return sluice.core.Insert? insert, string? why
function Connection:insert(link, text, columns)
  if not self.handle then return nil, "the connection is closed" end
  local insert, why = link:insert(text, columns)
  if not insert then return nil, why end
  self.statements[insert] = true
  return insert
end

---@private
function Statement:prepare()
  if self.handle then return true end
  local connection = self.connection.handle
  if not connection then return nil, "the connection is closed" end
  local handle, why = call(connection.prepare, connection, self.text)
  if not handle then return nil, why end
  self.handle, self.execute = handle, handle.execute
  return true
end

---@return true? ok, string? why
function Statement:run(...)
  if not self.handle then
    local ok, why = self:prepare()
    if not ok then return nil, why end
  end
  local ok, why = call(self.execute, self.handle, ...)
  if ok then return true end
  self:reset()
  return nil, why
end

---@private
function Statement:reset()
  if self.handle then pcall(self.handle.close, self.handle) end
  self.handle = nil
end

function Statement:close()
  self:reset()
  self.connection.statements[self] = nil
end

--- Run one statement once.
---@return true? ok, string? why
function Connection:run(text, ...)
  local statement = self:statement(text)
  local ok, why = statement:run(...)
  statement:close()
  return ok, why
end

--- The rows of a query whose columns are texts, as lists.
---@return string[][]? rows, string? why
function Connection:query(text, ...)
  local statement = self:statement(text)
  local ok, why = statement:run(...)
  local rows = {}
  while ok do
    local got, row = pcall(statement.handle.fetch, statement.handle)
    if not got then ok, why = nil, reason(row) end
    if not got or not row then break end
    rows[#rows + 1] = row
  end
  statement:close()
  if not ok then return nil, why end
  return rows
end

--- Whether the driver still takes the connection for one.
function Connection:is_alive()
  return self.handle ~= nil and self.handle:ping()
end

function Connection:close()
  if not self.handle then return end
  for statement in pairs(self.statements) do statement:close() end
  self.statements = {}
  pcall(self.handle.close, self.handle)
  self.handle = nil
end

return M
