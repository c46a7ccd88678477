-- The table of cells.lua, cell by cell: rows of a real worker go by a policy into
-- every place; SQLite, psql and Python read them back (cells.py). Of the values that
-- are refused some are tried, all of them with FAULTS=all.
local behaviour = require "support.behaviour"
local cells = require "sink.cells"
local cjson = require "cjson"
local core = require "sluice.core"
local csv = require "sluice.sink.csv"
local jsonl = require "sluice.sink.jsonl"
local paths = require "support.paths"
local schema = require "sluice.schema"
local server = require "sql.server"
local shell = require "support.shell"
local sluice = require "sluice"
local sql = require "sluice.sink.sql"
local support = require "sql.support"

-- Under sanitizers each kind of code is run once.
local PATHS = paths.sanitized and { "schema", "map" } or { "schema", "columns", "on_row", "map", "upsert", "insert" }
local EVERY = os.getenv "FAULTS" == "all" and 1 or paths.sanitized and 12 or 3
local PYTHON = "/usr/bin/python3"

-- ---- lots: the values of one group for one place, on one path ------------------

local TYPES = { text = "string", integer = "integer", number = "number", boolean = "boolean", json = "any" }

local function type_of(group)
  if group.items then return schema.array(schema.nullable(schema[TYPES[group.items]])) end
  local named = schema[TYPES[group.type] or group.type]
  return group.options and named(group.options) or named
end

local function record_of(group)
  local v = type_of(group)
  if not group.required then v = schema.optional(schema.nullable(v)) end
  return schema.record { { "id", schema.optional(schema.integer) }, { "v", v } }
end

local function columns_of(group, path)
  local null = group.required and "" or "?"
  return { { "id", path == "upsert" and "integer" or "integer?" }, { "v", group.type .. null } }
end

--- Outcomes that need a run of their own.
local OUTCOMES = { refused = true, either = true }

--- Paths on which a schema reads the rows, and on which the sink needs columns.
local DECLARED = { schema = true, on_row = true, insert = true, decoded = true }
local UNTYPED = { columns = true, map = true, made = true, upsert = true, decoded = true }

--- The outcome of a cell in a place.
local function outcome_of(cell, place, path)
  return DECLARED[path] and cell.declared or cell[place] or cell[place:match "^%w+"] or cell.all
end

local function is_file(kind) return kind == "csv" or kind == "jsonl" end

--- Without a type no value has the wrong one; and the result of map is an object.
local function can_be(cell, kind, path)
  if (cell.whole or cell.tiny) and path == "map" then return false end
  local untyped = is_file(kind) and not DECLARED[path]
  return not untyped or not (cell.kind or cell.whole and kind == "jsonl")
end

--- A refusal needs a run of its own. A value of the wrong kind is refused by a schema
--- regardless of its place: that is tried in CSV, and elsewhere columns read it. In an
--- existing table a refusal is tried by a schema or by columns.
local function is_tried(cell, n, group, place, path)
  local kind = place:match "^%w+"
  if not can_be(cell, kind, path) then return false end
  if path == "made" or not OUTCOMES[outcome_of(cell, place, path)] then return true end
  if n % EVERY > 0 then return false end
  if cell.kind and kind == "csv" then return path == "schema" end
  if cell.kind or cell.whole then return path == "columns" end
  if place == kind then return path ~= "upsert" and path ~= "decoded" end
  return path == ((group.paths or n // EVERY % 2 == 0) and "schema" or "columns")
end

local function text_of(cell, id, path)
  if cell.whole then return cell[1] end
  if cell[1] == cells.absent or path == "made" then return ('{"id":%d}'):format(id) end
  return ('{"id":%d,"v":%s}'):format(id, cell[1])
end

local function cells_of(group, place, path)
  local list, n = {}, 0
  for _, values in ipairs(group.values) do
    for _, cell in ipairs(values) do
      n = n + 1
      if is_tried(cell, n, group, place, path) then
        local id = #list + 1
        local outcome = outcome_of(cell, place, path)
        list[id] = {
          id = id, value = cell[1], whole = cell.whole, there = cell.there, outcome = outcome, text = text_of(cell, id, path),
        }
      end
    end
  end
  return list
end

local function name_of(group)
  local name = group.items and "array of " .. group.items or group.type
  if group.required then name = "required " .. name end
  for _, option in ipairs { "format", "precision", "scale" } do
    local value = group.options and group.options[option]
    if value then name = ("%s, %s %s"):format(name, option, value) end
  end
  return name
end

--- Rows reach a table in other ways as well: by upsert, if the sink has
--- created the table, and one by one if PostgreSQL has row-level security.
local function is_way(group, place, path)
  if path == "upsert" then return not is_file(place) and not place:find " " and not group.required end
  return path ~= "insert" or place:find "^postgres " ~= nil
end

local lots, count = {}, 0

local function new_lot(group, place, path)
  local kind, column = place:match "^(%w+) ?(.*)$"
  count = count + 1
  return {
    group = group, place = place, path = path, kind = kind, column = column ~= "" and column or nil,
    table = "t" .. count, files = {},
    name = ("%s, %s, %s"):format(name_of(group), place, path),
  }
end

for _, group in ipairs(cells.groups) do
  for _, place in ipairs(group.places) do
    for _, path in ipairs(group.paths or PATHS) do
      if is_way(group, place, path) then
        local lot = new_lot(group, place, path)
        lot.cells = cells_of(group, place, path)
        lots[#lots + 1] = lot
      end
    end
  end
end

--- Tables that must be refused.
local refusals = {}

for _, group in ipairs(cells.refused) do
  for _, place in ipairs(group.places) do
    for _, path in ipairs(group.paths or { "schema", "columns" }) do
      refusals[#refusals + 1] = new_lot(group, place, path)
    end
  end
end

-- ---- places --------------------------------------------------------------------

local directory, database, worker

--- What is committed is read by the same server, and need not survive a crash.
local function url(user)
  return server.url():gsub("tester:secret", user) .. "&options=-csynchronous_commit%3Doff"
end

local function sqlite_table(lot)
  local column, strict = lot.column:gsub("^STRICT ", "")
  column = column == "NONE" and "" or column
  return ("create table %s (id INTEGER, v %s)%s;"):format(lot.table, column, strict > 0 and " STRICT" or "")
end

local ROW_LEVEL = "alter table %s enable row level security; create policy p on %s using (true);"

local function postgres_table(lot)
  local text = ("create table %s (id bigint, v %s);"):format(lot.table, lot.column)
  return lot.path == "insert" and text .. ROW_LEVEL:format(lot.table, lot.table) or text
end

local MAKE = { sqlite = sqlite_table, postgres = postgres_table }

--- Creates all tables that exist before a run.
local function make_tables()
  local texts = { sqlite = {}, postgres = { table.concat(cells.prepare, ";") .. ";" } }
  for _, list in ipairs { lots, refusals } do
    for _, lot in ipairs(list) do
      if lot.column then table.insert(texts[lot.kind], MAKE[lot.kind](lot)) end
    end
  end
  local said = support.sqlite(database, ("begin; %s commit"):format(table.concat(texts.sqlite)))
  assert.equal("", said)
  said = server.query("set client_min_messages = error;" .. table.concat(texts.postgres))
  assert.equal("", said)
end

--- A new file for each run.
local function new_file(lot)
  local path = ("%s/%s.%d"):format(directory, lot.table, #lot.files + 1)
  table.insert(lot.files, path)
  return path
end

local function sink_of(lot)
  local untyped, null = UNTYPED[lot.path], not lot.group.required
  if lot.kind == "jsonl" then return jsonl.file(new_file(lot)) end
  if lot.kind == "csv" then
    local columns = { { name = "id", optional = true }, { name = "v", optional = null } }
    return csv.file(new_file(lot), { columns = untyped and columns or nil })
  end
  local upsert = lot.path == "upsert"
  return sql.table {
    url = lot.kind == "sqlite" and "sqlite:" .. database or url(lot.path == "insert" and "writer" or "tester"),
    name = lot.table, columns = untyped and columns_of(lot.group, lot.path) or nil,
    key = upsert and "id" or nil, upsert = upsert,
  }
end

-- ---- runs ----------------------------------------------------------------------

--- The stream's entry in a policy, by the path that its rows take.
local STEPS = {
  schema = function(lot, sink) return { schema = record_of(lot.group), sink = sink } end,
  columns = function(_, sink) return { sink = sink } end,
  on_row = function(lot, sink)
    return { schema = record_of(lot.group), on_row = function(row) sink:write(row) end }
  end,
  map = function(_, sink)
    return { map = function(row) return { id = row.payload.id, v = row.payload.v } end, sink = sink }
  end,
  upsert = function(_, sink) return { sink = sink } end,
  insert = function(lot, sink) return { schema = record_of(lot.group), sink = sink } end,
  decoded = function(lot, sink)
    return { schema = record_of(lot.group), map = function(row) return row.payload end, sink = sink }
  end,
  made = function(lot, sink)
    local function make(row)
      local id = row.payload.id
      return { id = id, v = id > 0 and assert(load("return " .. lot.cells[id].value))() or nil }
    end
    return { map = make, sink = sink }
  end,
}

--- A sink that only a handler writes to begins with a stream that has no rows.
local function add_stream(streams, name, lot)
  local sink = sink_of(lot)
  streams[name] = STEPS[lot.path](lot, sink)
  if lot.path == "on_row" then streams["never " .. name] = { schema = record_of(lot.group), sink = sink } end
end

--- One run of a lot, with these rows.
---@return true? ok, sluice.Error? err
local function run(lot, texts)
  local rows, streams = {}, {}
  for i, text in ipairs(texts) do rows[i] = { "rows", text } end
  add_stream(streams, "rows", lot)
  local summary, err = worker:run("texts", core.json.array(rows), { streams = streams })
  return summary ~= nil or nil, err
end

--- Runs what must be kept of many lots together: as many streams, and one transaction.
local function run_together(list)
  local rows, streams = {}, {}
  for _, lot in ipairs(list) do
    add_stream(streams, lot.table, lot)
    for _, cell in ipairs(lot.kept) do rows[#rows + 1] = { lot.table, cell.text } end
  end
  return worker:run("texts", core.json.array(rows), { streams = streams }) ~= nil
end

--- Runs one lot by itself; a row that fails the run is recorded, and the others are run again.
local function run_kept(lot)
  local left = { table.unpack(lot.kept) }
  while left[1] do
    local texts = {}
    for i, cell in ipairs(left) do texts[i] = cell.text end
    local ok, err = run(lot, texts)
    if ok then return end
    lot.refused = not err.sequence and err.message or nil
    if lot.refused then return end
    table.remove(left, err.sequence + 1).err = err
  end
end

--- The refused row comes second, so that its sequence can be checked.
local function run_other(lot, cell)
  local good = text_of({ lot.group.required or cells.absent }, -cell.id, lot.path)
  local _, err = run(lot, { good, cell.text })
  cell.err = err
  lot.refused = err and err.differences and err.message or nil
end

--- Runs the lots of one kind of place and one path together.
local function run_all()
  local together = {}
  for _, lot in ipairs(lots) do
    lot.kept = {}
    for _, cell in ipairs(lot.cells) do
      if not OUTCOMES[cell.outcome] then table.insert(lot.kept, cell) end
    end
    local key = lot.kind .. lot.path
    together[key] = together[key] or {}
    if lot.kept[1] then table.insert(together[key], lot) end
  end
  for _, list in pairs(together) do
    if not run_together(list) then
      for _, lot in ipairs(list) do run_kept(lot) end
    end
  end
  for _, lot in ipairs(lots) do
    for _, cell in ipairs(lot.cells) do
      if OUTCOMES[cell.outcome] and not lot.refused then run_other(lot, cell) end
    end
  end
end

-- ---- errors and results ------------------------------------------------------

--- Reports if an error names the column, or its place in the payload.
local function names_column(err)
  if err.column == "v" or err.message:find("at /v", 1, true) then return true end
  for _, violation in ipairs(err.violations or {}) do
    if violation.pointer:find "^/v%f[/\0]" then return true end
  end
  return false
end

--- What the error of a refused row lacks.
local function problem_of(err, cell)
  local status = core.kinds[err.kind]
  if not status or status == 0 then return "no exit status for kind " .. tostring(err.kind) end
  if err.stream ~= "rows" or err.sequence ~= 1 then
    return ("stream %s, sequence %s: %s"):format(err.stream, err.sequence, err.message)
  end
  if not cell.whole and not names_column(err) then return "the column is not named: " .. err.message end
  if err.message == "" then return "no reason" end
end

--- What Python should find for a cell.
local function wanted(cell)
  if cell.outcome == "refused" or cell.outcome == "either" and cell.err then return "nothing" end
  return "kept"
end

local function question_of(lot)
  local list = {}
  for i, cell in ipairs(lot.cells) do
    list[i] = {
      id = cell.id, value = cell.value, whole = cell.whole, want = wanted(cell),
      expect = cell.there or not OUTCOMES[cell.outcome] and cell.outcome or nil,
    }
  end
  return {
    kind = lot.kind, type = lot.group.type, as = lot.group.as, path = lot.path, table = lot.table, file = database,
    files = core.json.array(lot.files), cells = core.json.array(list),
  }
end

--- Every table's rows, as lines of text.
local function read_postgres()
  local texts = { "set timezone = 'UTC'; set datestyle = 'ISO'" }
  for _, lot in ipairs(lots) do
    if lot.kind == "postgres" then
      local v = lot.group.items and "to_json(v)::text" or "v::text"
      texts[#texts + 1] = ("select '%s', id, coalesce(encode(convert_to(%s, 'UTF8'), 'hex'), 'null') from %s"):format(
        lot.table, v, lot.table)
    end
  end
  return server.query(table.concat(texts, ";"))
end

--- Creates the tables that sinks should have created, but have not.
local function make_missing()
  local sqlite, postgres = {}, { "set client_min_messages = error" }
  for _, lot in ipairs(lots) do
    local text = ("create table if not exists %s (id integer, v text)"):format(lot.table)
    if lot.kind == "sqlite" then table.insert(sqlite, text) end
    if lot.kind == "postgres" then table.insert(postgres, text) end
  end
  support.sqlite(database, table.concat(sqlite, ";"))
  server.query(table.concat(postgres, ";"))
end

--- Asks Python about all lots at once, and stores its answers in the cells.
local function read_back()
  make_missing()
  local questions = {}
  for i, lot in ipairs(lots) do questions[i] = question_of(lot) end
  local result = shell.run({ PYTHON, paths.file "sink/cells.py" }, {
    input = assert(core.json.encode { postgres = read_postgres(), lots = core.json.array(questions) }),
  })
  assert.equal("", result.err)
  for i, answers in ipairs(cjson.decode(result.out)) do
    for k, answer in ipairs(answers) do lots[i].cells[k].answer = answer end
  end
end

local function complaint(cell)
  local problem = cell.answer
  if cell.outcome == "refused" and not cell.err then problem = problem or "committed" end
  if OUTCOMES[cell.outcome] and cell.err then problem = problem or problem_of(cell.err, cell) end
  if not problem then return nil end
  local value = #cell.value > 60 and cell.value:sub(1, 57) .. "…" or cell.value
  local said = cell.outcome ~= "refused" and cell.err and "; refused: " .. cell.err.message or ""
  return ("%s: %s%s"):format(value, problem, said)
end

local function complaints(lot)
  if lot.refused then return lot.group.begin == "either" and "" or lot.refused end
  local list = {}
  for _, cell in ipairs(lot.cells) do list[#list + 1] = complaint(cell) end
  return table.concat(list, "\n")
end

-- ---- the specs -------------------------------------------------------------------

setup(function()
  directory = shell.directory()
  database = directory .. "/cells.db"
  server.start()
  make_tables()
  worker = assert(sluice.spawn { paths.file "script/texts.lua" })
  run_all()
  read_back()
end)

teardown(function()
  behaviour.close(worker)
  server.stop()
  shell.forget()
end)

describe("a cell", function()
  it("is one of at least 300", function()
    local seen, n = {}, 0
    for _, lot in ipairs(lots) do
      for _, cell in ipairs(lot.cells) do
        local key = lot.name:gsub(", [%a_]+$", "") .. "\0" .. cell.value
        if not seen[key] then seen[key], n = true, n + 1 end
      end
    end
    assert.is_true(n >= 300, n)
  end)

  for _, lot in ipairs(lots) do
    it(("is kept unchanged, or refused: %s"):format(lot.name), function()
      assert.equal("", complaints(lot))
    end)
  end
end)

describe("a table that cannot hold the type", function()
  for _, lot in ipairs(refusals) do
    it("is refused: " .. lot.name, function()
      local ok, err = run(lot, { '{"id":1}' })
      assert.is_nil(ok, "it was taken")
      assert.is_nil(err.sequence, tostring(err))
      behaviour.says(table.concat(err.differences or {}, "; "), "column v is ")
    end)
  end
end)
