--- PostgreSQL.
local core = require "sluice.core"
local lists = require "sluice.internal.lists"

local M = { schemes = { "postgres://", "postgresql://" }, form = "postgres://USER@HOST:PORT/DATABASE" }

M.types = {
  text = "text", integer = "bigint", number = "double precision", boolean = "boolean", json = "jsonb",
  decimal = "numeric", time = "timestamp with time zone",
}

--- Set for every connection unless the url says otherwise. A dead link is detected
--- within a minute.
local PARAMETERS = {
  "application_name=sluice", "client_encoding=UTF8",
  "keepalives_idle=20", "keepalives_interval=10", "keepalives_count=4", "tcp_user_timeout=60000",
}

local function with_parameters(rest)
  for _, parameter in ipairs(PARAMETERS) do
    if not rest:find("[?&]" .. parameter:match "^[^=]*=") then
      rest = rest .. (rest:find("?", 1, true) and "&" or "?") .. parameter
    end
  end
  return rest
end

--- The user part ends at the last @ before the first slash.
local function without_password(rest)
  local authority, path = rest:match("^([^/?]*)(.*)$")
  authority = authority:gsub("^(.*)@", function(user) return user:gsub(":.*$", "") .. "@" end)
  path = path:gsub("([?&])password=[^&]*", "%1"):gsub("([?&])&+", "%1"):gsub("[?&]$", "")
  return authority .. path
end

--- The passwords in the url, both as written and decoded.
local function passwords(rest)
  local found = { rest:match("^[^/?@:]*:([^/?]*)@"), rest:match("[?&]password=([^&]*)") }
  for _, word in ipairs { table.unpack(found) } do
    found[#found + 1] = (word:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
  end
  return found
end

---@param rest string  what follows the scheme
---@return sluice.sql.Target? target, string? problem
function M.target(rest)
  if rest:find("[%c%s]") then return nil, "white space must be written as %20" end
  return {
    name = "postgresql://" .. with_parameters(rest), shown = "postgres://" .. without_password(rest),
    secrets = passwords(rest),
  }
end

--- Settings for this transaction only: waits for locks are limited, a slow worker may keep the
--- transaction idle, and dates have the usual format.
local SETTINGS = [[
SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL DateStyle = 'ISO, MDY'; SET LOCAL IntervalStyle = 'postgres'; SET LOCAL bytea_output = 'hex';
SET LOCAL extra_float_digits = 3; SET LOCAL standard_conforming_strings = on]]

local LOCK_TIMEOUT = "SQLSTATE 55P03"

function M.quote(name) return '"' .. name:gsub('"', '""') .. '"' end

function M.fold(name) return name end

--- Longer names would be cut silently.
function M.check_name(name)
  if #name > 63 then return ("the name %s is longer than the 63 bytes that PostgreSQL allows"):format(name) end
end

--- A dot is meant to name a schema, but would become part of the table's name.
function M.check_table(name)
  if name:find(".", 1, true) then
    return ("the name %s has a dot; a schema is chosen in the url, as in ?options=-csearch_path%%3D%s"):format(
      name, name:match "^[^.]*")
  end
end

--- Messages of the server or libpq may repeat a password of the url.
local function hide(target, why)
  for _, word in ipairs(target.secrets or {}) do
    if word ~= "" then why = why:gsub((word:gsub("%W", "%%%0")), "***") end
  end
  return why
end

---@param target sluice.sql.Target
---@return sluice.core.Postgres? opened, string? why
function M.open(target)
  local opened, why = core.postgres(target.name, target.limit_ms)
  if not opened then return nil, hide(target, why) end
  return opened
end

--- Connecting will tell.
function M.is_there() return true end

--- A time in the ledger as text, in UTC.
function M.time_text(column)
  return ([[to_char(%s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')]]):format(column)
end

function M.begin(opened)
  local ok, why = opened:run "BEGIN"
  if ok then ok, why = opened:run(SETTINGS) end
  return ok, why
end

--- Runs with the same key wait for each other here, so that the second finds
--- the first one's entries in the ledger.
function M.claim(opened, key)
  local ok, why = opened:run("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", "sluice:" .. key)
  if not ok and why:find(LOCK_TIMEOUT, 1, true) then
    why = ('another run with the key "%s" has not ended yet: %s'):format(key, why)
  end
  return ok, why
end

--- Closing the connection, which follows, undoes everything; a server that hangs need not answer.
function M.rollback() return true end

--- Whether a failed COMMIT certainly wrote nothing: the server itself reported the failure.
function M.is_certain(opened) return opened:is_alive() end

---@return string? id, string? why
function M.transaction_id(opened)
  local rows, why = opened:query "SELECT txid_current()::text"
  if not rows then return nil, why end
  return rows[1][1]
end

--- Whether a transaction has ended, either way. A server that was restarted may
--- no longer know it (an error); it has then ended as well.
---@return boolean
function M.has_ended(opened, id)
  local rows = opened:query("SELECT txid_status($1::text::bigint)", id)
  if not rows then return opened:is_alive() end
  return not rows[1] or rows[1][1] ~= "in progress"
end

--- Whether another run has created the same table in the meantime.
function M.is_race(why)
  return why:find("pg_%a+_%a+name_nsp_index") ~= nil or why:find("SQLSTATE 42P07", 1, true) ~= nil
end

function M.tidy() end

--- Check deferred constraints now rather than at commit.
function M.settle(opened)
  return opened:run "SET CONSTRAINTS ALL IMMEDIATE"
end

-- ---- tables --------------------------------------------------------------

--- Resolves domains to their base type and modifier; required if any of them is NOT NULL.
local COLUMNS = [[
WITH RECURSIVE base AS (
  SELECT attnum, atttypid AS type, atttypmod AS mod, attnotnull AS required, 0 AS depth
    FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT b.attnum, t.typbasetype, CASE WHEN t.typtypmod >= 0 THEN t.typtypmod ELSE b.mod END, b.required OR t.typnotnull, b.depth + 1
    FROM base b JOIN pg_type t ON t.oid = b.type WHERE t.typtype = 'd')
SELECT DISTINCT ON (b.attnum) a.attname::text, format_type(a.atttypid, a.atttypmod), b.required::text,
       (a.atthasdef OR a.attidentity <> '')::text, t.typname::text, t.typtype::text, b.mod::text, e.typname::text,
       CASE WHEN a.attgenerated <> '' THEN 'generated' WHEN a.attidentity = 'a' THEN 'an identity column, always generated' END
  FROM base b JOIN pg_attribute a ON a.attrelid = to_regclass($1) AND a.attnum = b.attnum
  JOIN pg_type t ON t.oid = b.type
  LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
 ORDER BY b.attnum, b.depth DESC]]

local function regclass(name) return '"' .. name:gsub('"', '""') .. '"' end

---@return sluice.sql.Existing[]? columns  empty if the table does not exist
function M.columns(opened, name)
  local rows, why = opened:query(COLUMNS, regclass(name))
  if not rows then return nil, why end
  return lists.map(rows, function(row)
    return {
      name = row[1], type = row[2], required = row[3] == "true", has_default = row[4] == "true",
      base = row[5], class = row[6], modifier = math.tointeger(row[7]), element = row[8] or nil, generated = row[9] or nil,
    }
  end)
end

--- Row triggers that a COPY or an INSERT fires.
local TRIGGERS = [[
SELECT tgname::text FROM pg_trigger
 WHERE tgrelid = to_regclass($1) AND NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgtype & 5 = 5]]

---@return string[]? names  of the triggers that rows would fire
function M.triggers(opened, name)
  local rows, why = opened:query(TRIGGERS, regclass(name))
  if not rows then return nil, why end
  return lists.map(rows, function(row) return row[1] end)
end

-- The modifier of numeric(p,s): 16 bits each, offset by 4; the scale is signed (11 bits).
local function precision_of(modifier)
  local scale = (modifier - 4) & 0x7FF
  return (modifier - 4) >> 16 & 0xFFFF, scale >= 0x400 and scale - 0x800 or scale
end

local function numeric_for_integers(existing)
  if existing.modifier < 0 then return {} end
  local _, scale = precision_of(existing.modifier)
  return scale >= 0 and {} or nil -- it would round
end

local function numeric_for_decimals(column, existing)
  if existing.modifier < 0 then return { digits = true } end
  local precision, scale = precision_of(existing.modifier)
  if not column.precision then return nil end
  local fits = scale >= (column.scale or 0) and precision - scale >= column.precision - (column.scale or 0)
  return fits and { digits = true } or nil
end

local TEXT = { nul = true }
local DIGITS, INTEGERS, DOUBLES = { digits = true }, { int64 = true }, { double = true }

--- varchar(n) silently cuts trailing blanks, so longer values are refused.
local function varchar(_, existing)
  if existing.modifier < 0 then return TEXT end
  return { nul = true, characters = existing.modifier - 4 }
end

--- A text is accepted for these types only if its schema has the format: otherwise the server
--- accepts many notations and stores a different text.
local function of_format(format, limits)
  return function(column) return column.format == format and limits or nil end
end

--- A time, to the microsecond or to the precision of the column's modifier; without a zone only UTC.
local function instant(format, is_local)
  return function(column, existing)
    if column.format ~= format then return nil end
    return { nul = true, instant = true, utc = is_local, fraction = existing.modifier >= 0 and existing.modifier or 6 }
  end
end

local always = function(limits) return function() return limits end end

local ACCEPTED = {
  text = {
    text = always(TEXT), citext = always(TEXT), varchar = varchar, enum = always(TEXT),
    uuid = of_format("uuid", TEXT), date = of_format("date", TEXT), time = instant("time", true), timetz = instant("time"),
    timestamptz = instant "date-time",
  },
  integer = {
    int8 = always(INTEGERS), int4 = always(INTEGERS), int2 = always(INTEGERS),
    numeric = function(_, existing) return numeric_for_integers(existing) end,
  },
  number = {
    float8 = always(DOUBLES), int8 = always(INTEGERS), int4 = always(INTEGERS), int2 = always(INTEGERS),
    numeric = function(_, existing) return existing.modifier < 0 and DIGITS or nil end,
  },
  boolean = { bool = always {} },
  json = { jsonb = always {}, json = always {}, text = always {} },
  decimal = { numeric = numeric_for_decimals, text = always(DIGITS) },
}

--- An array is accepted if a column of its element type would accept the elements; the modifier is the array's.
local function accepts_elements(elements, existing)
  local accept = ACCEPTED[elements.type][existing.element]
  local limits = accept and accept(elements, existing)
  return limits and limits.characters == nil and not limits.fraction and lists.joined(limits, { array = true }) or nil
end

--- Whether the column stores these values unchanged or refuses them itself. The result says what we must refuse.
---@param column sluice.sql.Column
---@param existing sluice.sql.Existing
---@return table<string, boolean|integer>? limits
function M.accepts(column, existing)
  if existing.element then return column.elements and accepts_elements(column.elements, existing) end
  local accept = ACCEPTED[column.type][existing.class == "e" and "enum" or existing.base]
  return accept and accept(column, existing)
end

--- The most digits that a modifier can declare; a column without one takes more.
local MOST_DIGITS = 1000

---@param column sluice.sql.Column
function M.type_of(column)
  if column.type == "decimal" and (column.precision or math.huge) <= MOST_DIGITS then return ("numeric(%d,%d)"):format(column.precision, column.scale or 0) end
  return M.types[column.type]
end

--- The action that changes an existing column to our type.
function M.retype(column)
  return ("ALTER %s TYPE %s"):format(M.quote(column.name), M.type_of(column))
end

--- The index of a key is named after its table.
function M.renamed(opened, old, new)
  return opened:run(("ALTER INDEX IF EXISTS %s RENAME TO %s"):format(M.quote(old .. "_pkey"), M.quote(new .. "_pkey")))
end

--- The limits of a column that we create.
local OWN = { text = TEXT, integer = INTEGERS, number = DOUBLES, boolean = {}, json = {}, decimal = DIGITS }

function M.limits(column) return OWN[column.type] end

-- ---- rows ----------------------------------------------------------------

--- Views and tables with row security take no COPY.
local KIND = "SELECT relkind::text, row_security_active(oid)::text FROM pg_class WHERE oid = to_regclass($1)"

local function takes_copy(opened, name)
  local rows, why = opened:query(KIND, regclass(name))
  if not rows or not rows[1] then return nil, why or "the table does not exist" end
  return rows[1][1] ~= "v" and rows[1][2] ~= "true"
end

local function copy_text(table_name, names)
  return ("COPY %s (%s) FROM STDIN"):format(table_name, names)
end

local function insert_text(spec)
  local marks = {}
  for i = 1, #spec.columns do marks[i] = "$" .. i end
  return ("INSERT INTO %s (%s) VALUES (%s)"):format(spec.table, spec.names, table.concat(marks, ", "))
end

local serial = 0

--- Rows of an upsert go to a temporary table first, numbered, because a key may occur several times.
local function stage(opened, spec)
  serial = serial + 1
  local plain = ("sluice_rows_%d"):format(serial)
  local name = M.quote(plain)
  local text = ("CREATE TEMPORARY TABLE %s ON COMMIT DROP AS SELECT %s FROM %s WHERE false"):format(name, spec.names, spec.table)
  local ok, why = opened:run(text)
  if ok then ok, why = opened:run(("ALTER TABLE %s ADD %s bigint GENERATED ALWAYS AS IDENTITY"):format(name, M.quote(spec.number))) end
  if not ok then return nil, why end
  spec.stage, spec.cells.relation = name, plain
  return opened:copy(copy_text(name, spec.names), spec.cells)
end

---@param opened sluice.core.Postgres
---@param spec sluice.sql.Insert
---@return sluice.core.Copy? taker, string? why
function M.rows(opened, spec)
  if spec.upsert then return stage(opened, spec) end
  local can, why = takes_copy(opened, spec.name)
  if can == nil then return nil, why end
  spec.cells.relation = spec.name
  if can then return opened:copy(copy_text(spec.table, spec.names), spec.cells) end
  spec.cells.insert = true
  return opened:copy(insert_text(spec), spec.cells)
end

--- Move the last row of each key to the table.
local UNSTAGE = [[
WITH last AS (SELECT DISTINCT ON (%s) %s FROM %s ORDER BY %s, %s DESC)
INSERT INTO %s (%s) SELECT %s FROM last%s]]

local function unstage(opened, spec, rows)
  local counts, why = opened:query(("SELECT count(*)::text, count(DISTINCT (%s))::text FROM %s"):format(spec.key_names, spec.stage))
  if not counts then return nil, why end
  if math.tointeger(counts[1][1]) ~= rows then
    return nil, ("%s rows of %d are in the temporary table"):format(counts[1][1], rows)
  end
  local ok, count = opened:run(UNSTAGE:format(spec.key_names, spec.names, spec.stage, spec.key_names, M.quote(spec.number),
    spec.table, spec.names, spec.names, spec.conflict))
  if not ok then return nil, count end
  if spec.updates and count ~= math.tointeger(counts[1][2]) then
    return nil, ("%d rows for %s keys are in the table"):format(count, counts[1][2])
  end
  return true
end

--- Complete the table's rows.
---@param taker sluice.core.Copy
---@param spec sluice.sql.Insert
---@return true? ok, sluice.Error|string|nil why
function M.flush(opened, spec, taker)
  local ok, rows = taker:flush()
  if not ok then return nil, rows end
  if spec.stage then return unstage(opened, spec, rows) end
  return true
end

return M
