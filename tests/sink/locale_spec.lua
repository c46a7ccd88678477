--- The output does not depend on the locale that a script has set.
-- leaks: glibc's, of LOCPATH
local locale = require "support.locale"
local server = require "sql.server"
local shell = require "support.shell"
local support = require "sql.support"

local german

setup(function()
  server.start()
  german = locale.german()
end)

teardown(function()
  server.stop()
  shell.forget()
end)

--- Two streams into every place: unchanged rows, and rows made by Lua.
local POLICY = [[
local csv, jsonl, sql = require "sluice.sink.csv", require "sluice.sink.jsonl", require "sluice.sink.sql"
assert(os.setlocale("de_DE.UTF-8"))
assert(tostring(0.5) == "0,5")

local COLUMNS = { { "s", "text" }, { "n", "number" }, { "d", "decimal" }, { "j", "json" } }

local function made(row)
  local n = row.payload.n
  return { s = "made", n = n / 1, d = n * 1e-3, j = { n / 3, n * 1e20 } }
end

local function large(row) return row.payload.n > 1.25 end

local function to(name)
  local url = os.getenv "URL"
  local places = {
    csv = function() return csv.file(name .. ".csv", { columns = { "s", "n", "d", "j" } }) end,
    jsonl = function() return jsonl.file(name .. ".jsonl") end,
    sqlite = function() return sql.table { url = "sqlite:t.db", name = name, columns = COLUMNS } end,
    postgres = function() return sql.table { url = url, name = name, columns = COLUMNS } end,
  }
  return places[os.getenv "PLACE"]()
end

return {
  streams = {
    came = { where = large, sink = to "came" },
    made = { where = large, map = made, sink = to "made" },
  },
}
]]

local INPUT = [[
{"s":"came","n":1.25,"d":1,"j":null}
{"s":"came","n":19.99,"d":0.12345678901234567890123,"j":[0.50,{"x":1e400}]}
{"s":"made","n":1.25}
{"s":"made","n":1.5}
]]

local function run(place)
  local dir = shell.directory()
  shell.write(dir .. "/p.lua", POLICY)
  shell.write(dir .. "/in.jsonl", INPUT)
  local result = shell.sluice({ "run", "p.lua", "--stream-by", "/s", "in.jsonl" },
    { cwd = dir, env = { LOCPATH = german, PLACE = place, URL = server.url() } })
  assert.equal(0, result.status, result.err)
  assert.matches("4 rows .*%(2 kept, 2 dropped; came 2, made 2%)", result.err)
  return dir
end

local CAME, MADE = '[0.50,{"x":1e400}]', "[0.5,1.5e+20]"

describe("in a locale with a decimal comma", function()
  it("CSV has decimal points", function()
    local dir = run "csv"
    assert.equal('s,n,d,j\ncame,19.99,0.12345678901234567890123,"[0.50,{""x"":1e400}]"\n', shell.read(dir .. "/came.csv"))
    assert.equal('s,n,d,j\nmade,1.5,0.0015,"[0.5,1.5e+20]"\n', shell.read(dir .. "/made.csv"))
  end)

  it("JSON has decimal points", function()
    local dir = run "jsonl"
    assert.equal('{"s":"came","n":19.99,"d":0.12345678901234567890123,"j":[0.50,{"x":1e400}]}\n', shell.read(dir .. "/came.jsonl"))
    local text = shell.read(dir .. "/made.jsonl")
    assert.matches('"n":1%.5[,}]', text)
    assert.matches('"d":0%.0015[,}]', text)
    assert.matches('"j":%[0%.5,1%.5e%+20%]', text)
  end)

  it("SQLite has numbers", function()
    local path = run "sqlite" .. "/t.db"
    local select = "select s, n, d, j from "
    assert.equal("came|19.99|0.12345678901234567890123|" .. CAME, support.sqlite(path, select .. "came"))
    assert.equal("made|1.5|0.0015|" .. MADE, support.sqlite(path, select .. "made"))
  end)

  it("PostgreSQL has numbers", function()
    run "postgres"
    local select = "select s, n, d, j from "
    assert.matches("^came|19%.99|0%.12345678901234567890123|%[0%.50, ", server.query(select .. "came"))
    assert.equal("made|1.5|0.0015|[0.5, 150000000000000000000]", server.query(select .. "made"))
  end)
end)
