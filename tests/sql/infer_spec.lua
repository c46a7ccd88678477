--- sluice infer --as sql: both databases accept its output, for all names and types.
local json = require "sluice.json"
local rows = require "infer.rows"
local server = require "sql.server"
local shell = require "support.shell"

setup(function() server.start() end)
teardown(function() server.stop() end)
after_each(shell.forget)

local function written(input, dialect, ...)
  local result = shell.sluice({ "infer", "--quiet", "--as", "sql", "--dialect", dialect, "-", ... }, { input = input })
  assert.equal(0, result.status, result.err)
  return result.out
end

--- The names of tables and columns after the text has run in an empty database, and the number of tables.
local accepts = {}

function accepts.sqlite(text)
  local path = shell.directory() .. "/a.db"
  local result = shell.run({ "sqlite3", "-bail", "-batch", path }, { input = text })
  assert.equal("", result.err)
  return shell.run({ "sqlite3", "-batch", path,
    "select m.name, p.name, p.type from sqlite_schema m, pragma_table_info(m.name) p order by m.rowid, p.cid" }).out,
    tonumber(shell.run({ "sqlite3", "-batch", path, "select count(*) from sqlite_schema" }).out)
end

function accepts.postgres(text)
  server.query("drop schema public cascade; create schema public")
  local said = server.query(text)
  assert.not_matches("ERROR", said)
  return server.query [[select relname, attname, format_type(atttypid, atttypmod) from pg_class join pg_attribute on attrelid = pg_class.oid
    where relkind = 'r' and relnamespace = 'public'::regnamespace and attnum > 0 order by pg_class.oid, attnum]] .. "\n",
    tonumber(server.query "select count(*) from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace")
end

local TYPES = '{"i":1,"f":1.5,"d":1e400,"s":"x","b":true,"a":[1],"o":{"x":1},"n":null,"u":1,"e":"2024-02-29"}\n' ..
  '{"i":2,"f":1,"d":12.50,"s":"]]\\n--","b":false,"a":[],"o":{},"n":null,"u":"1","e":"2024-02-29"}\n'

local EXPECTED = {
  sqlite = "rows|i|INTEGER\nrows|f|REAL\nrows|d|TEXT\nrows|s|TEXT\nrows|b|INTEGER\nrows|a|TEXT\nrows|o|TEXT\nrows|n|TEXT\nrows|u|TEXT\nrows|e|TEXT\n",
  postgres = "rows|i|bigint\nrows|f|double precision\nrows|d|numeric\nrows|s|text\nrows|b|boolean\nrows|a|jsonb\nrows|o|jsonb\n" ..
    "rows|n|jsonb\nrows|u|jsonb\nrows|e|text\n",
}

--- A stream for each name, which is also the name of a field in it.
local function hostile()
  local names = { "select", "sqlite_x", "sluice_ledger", "SLUICE_LEDGER", "xmin", "a.b", ("n"):rep(70), ("n"):rep(71), "É" }
  for _, name in ipairs(rows.names) do
    if name ~= "" and name ~= "\0" then names[#names + 1] = name end
  end
  local lines = {}
  for _, name in ipairs(names) do lines[#lines + 1] = json.encode { stream = name, [name] = name, ["x" .. name] = 1 } end
  return table.concat(lines, "\n") .. "\n", names
end

for dialect, run in pairs(accepts) do
  describe("--as sql for " .. dialect, function()
    it("has the types of sql.table", function() assert.equal(EXPECTED[dialect], (run(written(TYPES, dialect)))) end)

    it("accepts any names of streams and fields", function()
      local input, names = hostile()
      local columns, count = run(written(input, dialect, "--stream-by", "/stream"))
      assert.equal(#names, count, columns)
    end)

    it("accepts rows that are not records, and numbers of any size", function()
      local texts = {}
      for _, input in ipairs { "1\n", "null\n", "[]\n", "{}\n", '{"a":1}\nnull\n', '{"":1}\n', '{"n":1e5000}\n', '{"n":1e-400}\n{"n":9223372036854775808}\n' } do
        texts[#texts + 1] = written(input, dialect, "--tight"):gsub('"rows"', ('"rows%d"'):format(#texts))
      end
      run(table.concat(texts))
    end)

    it("accepts any rows, with remarks that end on their own line", function()
      math.randomseed(20240229)
      local lines = {}
      for i = 1, 60 do
        for _, text in ipairs(rows.list(6)) do lines[#lines + 1] = ('{"stream":"s%d","payload":%s}'):format(i, text) end
      end
      run(written(table.concat(lines, "\n") .. "\n", dialect, "--envelopes", "--tight"))
    end)
  end)
end
