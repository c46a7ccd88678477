--- PostgreSQL.
local connection = require "sluice.internal.sql.connection"
local lists = require "sluice.internal.lists"
local row_reader = require "sluice.internal.sql.row_reader"
local values = require "sluice.internal.sql.values"

local M = { schemes = { "postgres://", "postgresql://" }, form = "postgres://USER@HOST:PORT/DATABASE" }

M.types = {
  text = "text", integer = "bigint", number = "double precision", boolean = "boolean", json = "jsonb",
  time = "timestamp with time zone",
}

--- What every connection has unless the url says otherwise.
local PARAMETERS = { "connect_timeout=10", "application_name=sluice", "client_encoding=UTF8" }

local function with_parameters(rest)
  for _, parameter in ipairs(PARAMETERS) do
    if not rest:find("[?&]" .. parameter:match "^[^=]*=") then
      rest = rest .. (rest:find("?", 1, true) and "&" or "?") .. parameter
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

---@param rest string  what follows the scheme
---@return sluice.sql.Target? target, string? problem
function M.target(rest)
  if rest:find("[%c%s]") then return nil, "white space must be written as %20" end
  return { name = "postgresql://" .. with_parameters(rest), shown = "postgres://" .. without_password(rest) }
end

--- Locks are not waited for without end; and what the server merely remarks
--- would be printed to stderr by the driver.
local SETTINGS = { "SET lock_timeout = '5s'", "SET client_min_messages = error" }

--- Rows of one statement; each takes a round trip and a savepoint.
local MAX_ROWS, MAX_BYTES = 500, 1 << 20

--- LuaDBI takes every ? outside of '…' for a placeholder, so it is written as
--- an escape in identifiers.
function M.quote(name)
  local quoted = '"' .. name:gsub('"', '""') .. '"'
  if not quoted:find("?", 1, true) then return quoted end
  return "U&" .. quoted:gsub("\\", "\\\\"):gsub("%?", "\\003F")
end

function M.fold(name) return name end

--- Longer names would be cut without a word.
function M.check_name(name)
  if #name > 63 then return ("the name %s is longer than the 63 bytes that PostgreSQL allows"):format(name) end
end

--- Whoever writes a dot means a schema, and would get a table of a strange name.
function M.check_table(name)
  if name:find(".", 1, true) then
    return ("the name %s has a dot; a schema is chosen in the url, as in ?options=-csearch_path%%3D%s"):format(
      name, name:match "^[^.]*")
  end
end

--- LuaDBI loses the server's own words, and libpq's guess is a wrong one.
local function refusal(why)
  if why:find("server closed the connection", 1, true) then
    return "the server refuses the connection, and LuaDBI does not hand on why: are database, user and password right?"
  end
  return why .. ", and LuaDBI does not hand on why: are host, port and parameters right?"
end

---@param target sluice.sql.Target
function M.open(target)
  local opened, why = connection.open("PostgreSQL", target.name)
  if not opened then return nil, refusal(why) end
  for _, setting in ipairs(SETTINGS) do
    local ok
    ok, why = opened:run(setting)
    if not ok then
      opened:close()
      return nil, why
    end
  end
  return opened
end

function M.begin(opened)
  return opened:run "BEGIN"
end

--- Runs of the same key wait for each other here, so that the second finds
--- the first one's rows in the ledger.
function M.claim(opened, key)
  return opened:run("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", "sluice:" .. key)
end

function M.is_intact(opened)
  return opened:is_alive()
end

--- Whether a failed COMMIT certainly wrote nothing: the server itself said so.
M.is_certain = M.is_intact

---@return string? id, string? why
function M.transaction_id(opened)
  local rows, why = opened:query "SELECT txid_current()::text"
  if not rows then return nil, why end
  return rows[1][1]
end

--- Whether a transaction has ended, one way or the other. A server that was
--- restarted may not know it at all (an error), which is an end, too.
---@return boolean
function M.has_ended(opened, id)
  local rows = opened:query("SELECT txid_status($1::text::bigint)", id)
  if not rows then return opened:is_alive() end
  return not rows[1] or rows[1][1] ~= "in progress"
end

--- Whether somebody else has just made the same table.
function M.is_race(why)
  return why:find("pg_%a+_%a+name_nsp_index") ~= nil
end

function M.tidy() end

--- Constraints that wait for the end of the transaction speak now.
function M.settle(opened)
  return opened:run "SET CONSTRAINTS ALL IMMEDIATE"
end

-- ---- tables --------------------------------------------------------------

local COLUMNS = [[
SELECT attname::text, format_type(atttypid, atttypmod),
       attnotnull::text, (atthasdef OR attidentity <> '')::text
  FROM pg_attribute
 WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped
 ORDER BY attnum]]

---@return sluice.sql.Existing[]? columns  empty when there is no such table
function M.columns(opened, name)
  local rows, why = opened:query(COLUMNS, '"' .. name:gsub('"', '""') .. '"')
  if not rows then return nil, why end
  return lists.map(rows, function(row)
    return { name = row[1], type = row[2], required = row[3] == "true", has_default = row[4] == "true" }
  end)
end

local ACCEPTED = {
  text = { text = true, ["character varying"] = true, citext = true },
  integer = { bigint = true, integer = true, smallint = true, numeric = true },
  number = { ["double precision"] = true, numeric = true },
  boolean = { boolean = true },
  json = { jsonb = true, json = true, text = true },
}

--- Whether a column declared so holds these values unchanged, or refuses them.
function M.accepts(kind, declared)
  if declared:find "^numeric%(" then return false end -- it rounds
  return ACCEPTED[kind][declared:match "^[%a ]+" or declared] or false
end

-- ---- rows ----------------------------------------------------------------

--- What an array of such values is, and what its elements are made into. The
--- rest is left to the assignment, which refuses what does not fit.
local ARRAYS = { text = "text", integer = "bigint", number = "double precision", boolean = "boolean", json = "text" }

local function array_type(column)
  return column.declared == "numeric" and "numeric" or ARRAYS[column.type]
end

local function element(i, column)
  return column.type == "json" and ("u.c%d::%s"):format(i, column.declared) or "u.c" .. i
end

--- One array for each column: a statement of its own size for any number of
--- rows, planned quickly.
local function insert_text(spec)
  local arrays, names, elements = {}, {}, {}
  for i, column in ipairs(spec.columns) do
    arrays[i] = ("$%d::%s[]"):format(i, array_type(column))
    names[i], elements[i] = "c" .. i, element(i, column)
  end
  return ("INSERT INTO %s (%s) SELECT %s FROM unnest(%s) AS u(%s)%s"):format(
    spec.table, spec.names, table.concat(elements, ", "), table.concat(arrays, ", "),
    table.concat(names, ", "), spec.conflict)
end

---@class sluice.sql.postgres.Store: sluice.sql.Store
local Store = { __name = "sluice.sql.Store" }
Store.__index = Store

--- An element of an array in PostgreSQL's own notation.
local function array_element(text)
  if text:find("\0", 1, true) then return nil, "PostgreSQL cannot hold the character U+0000 in a text" end
  if text:find('["\\]') then text = text:gsub('["\\]', "\\%0") end
  return '"' .. text .. '"'
end

--- A converter and, after it, one of what it takes to text for an array.
local function as(convert, form)
  return function(value)
    local plain, problem = convert(value)
    if problem then return nil, problem end
    return form(plain)
  end
end

local CONVERT = {
  text = as(values.plain.text, array_element),
  integer = values.plain.integer,
  number = as(values.plain.number, function(n) return math.type(n) == "float" and ("%.17g"):format(n) or n end),
  boolean = as(values.plain.boolean, function(b) return b and "t" or "f" end),
  json = as(values.plain.json, array_element),
}

--- Values lie in one list for each column, as elements of its array.
local FORM = {
  convert = CONVERT,
  usual = {
    text = [[type(v) == "string" and not find(v, '["\\\0]')]],
    integer = 'math_type(v) == "integer"',
  },
  take = { text = row_reader.COUNT .. [[ v = '"' .. v .. '"']] },
  null = "NULL",
  place = "out[%d][n]",
}

---@param opened sluice.sql.Connection
---@param spec sluice.sql.Insert
---@return sluice.sql.Store
function M.store(opened, spec)
  local columns = lists.map(spec.columns, function() return {} end)
  return setmetatable({
    rows = MAX_ROWS, bytes = MAX_BYTES, lists = columns,
    read = row_reader.new(FORM, spec.columns, columns),
    -- A statement may not meet the same row twice.
    replaces = spec.upsert and spec.key,
    statement = opened:statement(insert_text(spec)),
    save = opened:statement "SAVEPOINT sluice",
    release = opened:statement "RELEASE SAVEPOINT sluice",
    back = opened:statement "ROLLBACK TO SAVEPOINT sluice",
  }, Store)
end

--- The values of some columns of a row, as a text.
---@param columns integer[]
function Store:key(n, columns)
  return table.concat(lists.map(columns, function(column) return self.lists[column][n] end), ",")
end

function Store:move(from, to)
  for _, list in ipairs(self.lists) do list[to] = list[from] end
end

--- Insert rows first to last of the batch, in a savepoint.
---@return true? ok, string? why
function Store:insert(first, last)
  local ok, why = self.save:run()
  if not ok then return nil, why end
  local arrays = lists.map(self.lists, function(list) return "{" .. table.concat(list, ",", first, last) .. "}" end)
  ok, why = self.statement:run(table.unpack(arrays))
  if ok then return self.release:run() end
  self.back:run()
  return nil, why
end

return M
