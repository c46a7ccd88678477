--- Rows into a table of a database, all of a run or none.
---
---     local sql = require "sluice.sink.sql"
---     sink = sql.table { url = "sqlite:decls.db", name = "decl" }
---     sink = sql.table { url = "postgres://user@host/db", name = "decl", key = "name", upsert = true }
---
--- `sql.tables(schemas, options)` makes one for each stream.
---
--- `columns` come from the stream's schema, or are given: a map from names to
--- types (`{ name = "text", line = "integer?" }`; sorted by name) or a list in
--- order (`{ { "name", "text" }, … }`). Types: text, integer (64 bits, exact),
--- number, boolean, decimal (a number, as its text), json (any value, as its text); `?` marks
--- a column that may be null. An absent field is NULL, even if the column has a DEFAULT.
--- The table is created unless `create = false`; an existing one must be able
--- to hold the rows exactly, and may have more columns if they can stay empty.
--- `key` (a name, or a list) is the primary key: a second row with the same key
--- is an error, or with `upsert` replaces the first. With `replace = true` the table
--- holds only this run's rows once it commits; a table with other columns is created anew,
--- without its indexes and grants. With `alter = "add"` columns that the table lacks are
--- added.
---
--- The transaction also writes to the table `sluice_ledger`: a run whose
--- key (`--run-key`) is in it is recognised, and writes nothing. Sinks of a
--- run with the same url share one transaction.
---
--- SQLite: the run holds the write lock from beginning to end; the journal
--- mode is not changed. PostgreSQL: `?host=/socket/dir` and other parameters of
--- libpq are allowed in the url; `timeout` (5m) limits the wait for one answer of
--- the server.
local columns = require "sluice.internal.sql.columns"
local core = require "sluice.core"
local description = require "sluice.internal.sink.description"
local dialects = require "sluice.internal.sql.dialects"
local ledger = require "sluice.internal.sql.ledger"
local lists = require "sluice.internal.lists"
local tables = require "sluice.internal.sql.table"
local transaction = require "sluice.internal.sql.transaction"
local units = require "sluice.internal.units"
local suggest = require "sluice.internal.suggest"

local M = {}

---@class sluice.sql.Sink: sluice.Sink
---@field private target sluice.sql.Target
---@field private options table
---@field private transaction sluice.sql.Transaction?
---@field private insert sluice.sql.Insert?
---@field taker sluice.core.Taker?    takes rows directly; it remembers failures
---@field private failure sluice.Error?  the first one sticks
local Sink = { __name = "sluice.sql.Sink", remembers = true }
Sink.__index = Sink

-- ---- errors --------------------------------------------------------------

--- Fail permanently: everything that this run has written is undone.
---@return nil, sluice.Error
local function fail(self, kind, why, fields)
  fields = fields or {}
  fields.url, fields.table, fields.sink = self.target.shown, self.options.name, self.name
  fields.run_key = self.transaction and self.transaction.key
  fields.code = why:match "%(SQLSTATE (%w+)%)"
  self.failure = kind == "sink" and core.cancelled(fields.url)
    or core.error(kind, ("%s, table %s: %s"):format(fields.url, fields.table, why), fields)
  if self.transaction then self.transaction:rollback() end
  self.taker = nil
  return nil, self.failure
end

--- An error from the taker already has its place.
local function fail_taker(self, err)
  if type(err) ~= "table" then return fail(self, "sink", err) end
  err.sink, err.run_key = self.name, self.transaction and self.transaction.key
  err = core.cancelled(self.target.shown) or err
  self.failure = err
  if self.transaction then self.transaction:rollback() end
  self.taker = nil
  return nil, err
end

--- The transaction that this sink is in, or why it is in none.
---@return sluice.sql.Transaction? transaction, sluice.Error? err
local function current(self, what)
  if self.failure then return nil, self.failure end
  if not self.transaction then return fail(self, "sink", what .. " without begin") end
  if self.transaction:is_over() then
    return fail(self, "sink", "rolled back, because another sink of this database failed")
  end
  return self.transaction
end

-- ---- one run -------------------------------------------------------------

---@return sluice.sql.Column[]? columns, string? problem
local function choose_columns(options, schema)
  if options.columns then return columns.read(options.columns) end
  if schema then return columns.of_schema(schema) end
  return nil, "the columns are unknown: the sink does not belong to exactly one stream with a schema; give it columns"
end

local function open_table(self, context)
  local options, dialect = self.options, self.transaction.dialect
  local wanted, problem = choose_columns(options, context.schema)
  if not wanted then return fail(self, "sink", problem) end
  local opened = self.transaction.connection
  local insert, why, details = tables.open(opened, dialect, {
    name = options.name, columns = wanted, key = options.key, upsert = options.upsert, create = options.create,
    replace = options.replace, alter = options.alter, url = self.target.shown,
  }, context.note or function() end)
  if not insert then return fail(self, "sink", why, details) end
  self.insert = insert
  self.taker, why = dialect.rows(opened, insert)
  if not self.taker then return fail(self, "sink", why) end
  return true
end

---@param context sluice.SinkContext
function Sink:begin(context)
  self.description:begun(self)
  self.name, self.streams, self.named = context.name, context.streams, context.named or {}
  local joined, why = transaction.join(self.target, context.run or M, context.run_key)
  if not joined then return fail(self, "sink", why) end
  self.transaction = joined
  if context.run_key then
    local found
    found, why = ledger.has(joined.connection, context.run_key, self.options.name)
    if found == nil then return fail(self, "sink", why) end
    if found then
      joined:leave()
      self.transaction = nil
      self.description:ended(self)
      return true, "committed"
    end
  end
  local opened, err = open_table(self, context)
  if not opened then return nil, err end
  return true, context.run_key and "new" or nil
end

---@param row sluice.Row
function Sink:write(row)
  local taker = self.taker
  if not taker then
    local _, err = current(self, "write")
    return nil, err
  end
  local ok, err = taker:row(row)
  if not ok then return fail_taker(self, err) end
  return true
end

--- The seal of a stream that sent no row.
local function empty_seal(stream)
  return { stream = stream, rows = 0, bytes = 0, checksum = "", kept = 0 }
end

--- The seals of this sink's streams: those that name it, and, for the default
--- handler, those that kept rows and have no entry of their own.
local function own_seals(self, seals)
  local own, by_name = {}, {}
  for _, seal in ipairs(seals) do by_name[seal.stream] = seal end
  for _, stream in ipairs(self.streams) do
    if stream ~= "*" then own[#own + 1] = by_name[stream] or empty_seal(stream) end
    by_name[stream] = nil
  end
  if lists.contains(self.streams, "*") then
    for _, seal in ipairs(seals) do
      if by_name[seal.stream] and not self.named[seal.stream] and seal.kept > 0 then own[#own + 1] = seal end
    end
  end
  return own[1] and own or { empty_seal "*" }
end

---@param seals sluice.Seal[]
function Sink:prepare(seals)
  local joined, err = current(self, "prepare")
  if not joined then return nil, err end
  local opened, dialect = joined.connection, joined.dialect
  local ok, why = dialect.flush(opened, self.insert, self.taker)
  if not ok then return fail_taker(self, why) end
  ok, why = tables.swap(opened, dialect, self.insert)
  if not ok then return fail(self, "sink", why) end
  self.taker = nil
  for _, seal in ipairs(own_seals(self, seals)) do
    ok, why = ledger.write(joined.connection, joined.key, self.options.name, seal)
    if not ok then return fail(self, "sink", "the ledger refuses the run: " .. why) end
  end
  ok, why = joined:prepare()
  if not ok then return fail(self, "sink", why) end
  self.is_prepared = true
  return true
end

function Sink:commit()
  local joined, err = current(self, "commit")
  if not joined then return nil, err end
  if not self.is_prepared then return fail(self, "commit", "commit without prepare") end
  local ok, why, unknown = joined:commit()
  if not ok then return fail(self, "commit", why, { unknown = unknown }) end
  self.description:ended(self)
  return true
end

--- Sinks of one database commit together with the last of them.
function Sink:is_committed()
  if not self.transaction then return false end
  return self.transaction:is_committed()
end

function Sink:rollback()
  if self.transaction then self.transaction:rollback() end
  self.transaction, self.insert, self.taker = nil, nil, nil
  self.description:ended(self)
  return true
end

function Sink:__tostring() return ("sql.table(%s, table %s)"):format(self.target.shown, self.options.name) end

-- ---- making one ----------------------------------------------------------

local function expect(condition, problem)
  if not condition then error("sql.table: " .. problem, 3) end
end

local KNOWN = {
  url = true, name = true, columns = true, key = true, upsert = true, create = true, replace = true, alter = true, timeout = true,
}

--- How long to wait for one answer of the server.
local TIMEOUT = "5m"

local function is_flag(value) return value == nil or type(value) == "boolean" end

---@return string[]? names
local function read_key(key)
  if key == nil then return nil end
  local names = type(key) == "string" and { key } or key
  expect(type(names) == "table" and type(names[1]) == "string", "key: expected a name, or a list of names")
  return { table.unpack(names) }
end

--- A sink that writes rows to a table.
---@param options { url: string, name: string, columns: table?, key: string|string[]|nil, upsert: boolean?, create: boolean?,
---  replace: boolean?, alter: "add"|nil, timeout: string|number|nil }
---@return sluice.sql.Sink
function M.table(options)
  expect(type(options) == "table", 'expected a table such as { url = "sqlite:decls.db", name = "decl" }')
  for _, name in ipairs(lists.sorted_keys(options)) do
    expect(KNOWN[name], ("unknown option %s%s"):format(tostring(name), suggest.hint(name, lists.sorted_keys(KNOWN))))
  end
  expect(type(options.url) == "string", "url: expected a string")
  local target, problem = dialects.parse(options.url)
  expect(target, "url: " .. tostring(problem))
  local name = options.name
  expect(type(name) == "string" and name ~= "" and not name:find("\0", 1, true), "name: expected the name of a table")
  expect(name ~= ledger.TABLE, "name: " .. ledger.TABLE .. " is the name of the ledger")
  if options.columns ~= nil then
    local _, wrong = columns.read(options.columns)
    expect(not wrong, "columns: " .. tostring(wrong))
  end
  expect(is_flag(options.upsert), "upsert: expected true or false")
  expect(is_flag(options.create), "create: expected true or false")
  expect(not options.upsert or options.key, "upsert needs a key")
  expect(is_flag(options.replace), "replace: expected true or false")
  expect(options.alter == nil or options.alter == "add", 'alter: expected "add"')
  expect(not (options.replace and options.alter), "replace creates a table with the rows' columns, and needs no alter")
  local limit_ms, expected = units.positive_duration(options.timeout or TIMEOUT)
  expect(limit_ms, "timeout: expected " .. tostring(expected))
  target.limit_ms = limit_ms
  return description.of(Sink, {
    target = target,
    options = {
      name = name, columns = options.columns, key = read_key(options.key),
      upsert = options.upsert or false, create = options.create ~= false,
      replace = options.replace or false, alter = options.alter,
    },
  })
end

--- Streams for a policy, each with its schema and a table: { NAME = { schema =, sink = } }.
---
---     return { streams = sql.tables({ functions = …, calls = … }, { url = "sqlite:decls.db" }) }
---
---@param schemas table<string, sluice.Schema>  by stream
---@param options table  of M.table; name: nil means that of the stream
---@return table<string, sluice.StreamPolicy>
function M.tables(schemas, options)
  local streams = {}
  for stream, declared in pairs(schemas) do
    local ok, sink = pcall(M.table, lists.joined(options, { name = options.name or stream }))
    if not ok then error(sink:match "sql%.table: .*" or sink, 2) end
    streams[stream] = { schema = declared, sink = sink }
  end
  return streams
end

return core.members(M, "sluice.sink.sql")
