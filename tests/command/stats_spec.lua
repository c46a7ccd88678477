--- sluice stats: what it reads, what it writes, and when.
local cjson = require "cjson"
local json = require "sluice.json"
local paths = require "support.paths"
local shell = require "support.shell"
local terminal = require "support.terminal"
local text_width = require "sluice.internal.sink.text_width"

local open

after_each(function()
  if open then open:close() end
  open = nil
  shell.forget()
end)

local function stats(words, options) return shell.sluice({ "stats", table.unpack(words) }, options) end

local function succeeded(words, options)
  local result = stats(words, options)
  assert.equal(0, result.status, result.err)
  return result.out, result.err
end

local function fails(status, words, options)
  local result = stats(words, options)
  assert.equal(status, result.status, result.err)
  assert.equal("", result.out)
  return result.err
end

--- The objects of --as json, by stream.
local function objects(words, options)
  local found = {}
  for line in succeeded({ "--as", "json", table.unpack(words) }, options):gmatch "[^\n]+" do
    local object = assert(json.decode(line))
    found[object.stream] = object
  end
  return found
end

local function fields_of(object)
  local fields = {}
  for _, field in ipairs(object.fields) do fields[field.field] = field end
  return fields
end

local ROWS = '{"n":1,"s":"a"}\n{"n":2.5}\n{"n":null,"s":"a","o":{"t":[1,2]}}\n'

describe("rows", function()
  local function reads(words, options)
    local object = objects(words, options).rows
    assert.equal(3, object.rows)
    assert.same({ integer = 1, number = 1 }, fields_of(object)["/n"].types)
  end

  it("come from standard input", function()
    reads({}, { input = ROWS })
    reads({ "-" }, { input = ROWS })
  end)

  it("come from files, gzip or not", function()
    local dir = shell.directory()
    shell.write(dir .. "/a.jsonl", ROWS:match "^.-\n")
    shell.write(dir .. "/b.jsonl", ROWS:match "\n(.*)")
    assert(os.execute(("gzip %s/b.jsonl"):format(dir)))
    reads({ "a.jsonl", "b.jsonl.gz" }, { cwd = dir })
  end)

  it("come from workers, programs and recordings", function()
    local worker = shell.file([[return { exports = { index = function(_, emit)
      emit:row("rows", { n = 1 }) emit:row("rows", { n = 2.5 }) emit:row("rows", { n = require "sluice.json".null })
    end } }]], "w.lua")
    local recording = shell.directory() .. "/a.rows"
    reads { "--", worker }
    reads { "--lines", "--", "printf", (ROWS:gsub("\n", "\\n")) }
    reads { "--record", recording, "--", worker }
    reads { "--", recording }
  end)

  it("come from documents", function() reads({ "--json" }, { input = "[" .. ROWS:gsub("\n(.)", ",%1") .. "]" }) end)

  it("that are bad lines end the run, or are dropped and counted", function()
    assert.matches("^sluice: row_malformed: line 2: ", fails(3, {}, { input = '{"n":1}\nxx\n' }))
    local out, err = succeeded({ "--bad-lines", "drop" }, { input = '{"n":1}\nxx\n' })
    assert.matches("^rows: 1 row, 7 B", out)
    assert.matches("1 bad line dropped", err)
  end)

  it("are not required", function()
    local out, err = succeeded({ "-" }, { input = "" })
    assert.equal("", out)
    assert.matches("^sluice: 0 rows in ", err)
    assert.equal("", (succeeded({ "--as", "json", "-" }, { input = "" })))
  end)
end)

describe("sluice stats", function()
  it("writes nothing when the worker fails", function()
    assert.matches("^sluice: export_failed: ", fails(1, { "--lines", "--", "sh", "-c", [[echo '{"n":1}'; exit 3]] }))
  end)

  it("reports the number of rows, or nothing with --quiet", function()
    local _, err = succeeded({}, { input = ROWS })
    assert.matches("^sluice: 3 rows in [%d.]+ m?s, complete", err)
    _, err = succeeded({ "--quiet" }, { input = ROWS })
    assert.equal("", err)
  end)

  it("fails if its output cannot be written", function()
    local result = stats({}, { input = ROWS, redirect = ">/dev/full" })
    assert.equal(4, result.status, result.err)
    assert.matches("cannot write to standard output", result.err)
  end)

  it("refuses invalid values of its options", function()
    assert.matches('--as: expected table or json, got "x"', fails(2, { "--as", "x", "-" }), 1, true)
    for _, n in ipairs { "-1", "101", "1.5", "x" } do
      assert.matches("--top: expected an integer from 0 to 100", fails(2, { "--top", n, "-" }), 1, true)
    end
  end)
end)

describe("the JSON", function()
  it("is one object per stream", function()
    local line = succeeded({ "--as", "json" }, { input = ROWS }):gsub('"rows_per_second":%d+', '"rows_per_second":9')
    assert.equal('{"stream":"rows","rows":3,"bytes":' .. #ROWS - 3 .. ',"rows_per_second":9,"fields":['
      .. '{"field":"/n","rows":3,"share":1,"values":3,"null":1,"types":{"integer":1,"number":1},"distinct":2,"exact":true,'
      .. '"frequent":[{"value":1,"count":1,"share":0.3333333333333333,"over":0},'
      .. '{"value":2.5,"count":1,"share":0.3333333333333333,"over":0}],"numbers":{"min":1,"max":2.5,"mean":1.75}},'
      .. '{"field":"/s","rows":2,"share":0.6666666666666666,"values":2,"null":0,"types":{"string":2},"distinct":1,"exact":true,'
      .. '"frequent":[{"value":"a","count":2,"share":1,"over":0}],"strings":{"min":"a","max":"a","min_length":1,"max_length":1}},'
      .. '{"field":"/o","rows":1,"share":0.3333333333333333,"values":1,"null":0,"types":{"object":1},"distinct":0,"exact":true,"frequent":[]},'
      .. '{"field":"/o/t","rows":1,"share":0.3333333333333333,"values":1,"null":0,"types":{"array":1},"distinct":0,"exact":true,"frequent":[],'
      .. '"arrays":{"min_items":2,"max_items":2}},'
      .. '{"field":"/o/t/*","rows":1,"share":0.3333333333333333,"values":2,"null":0,"types":{"integer":2},"distinct":2,"exact":true,'
      .. '"frequent":[{"value":1,"count":1,"share":0.5,"over":0},{"value":2,"count":1,"share":0.5,"over":0}],'
      .. '"numbers":{"min":1,"max":2,"mean":1.5}}]}\n', (line:gsub("(%d)%.0([,}])", "%1%2")))
  end)

  it("has numbers in their original notation", function()
    local out = succeeded({ "--as", "json" }, { input = "2.50\n12345678901234567890123\n-1e400\n" })
    assert.matches('"numbers":{"min":-1e400,"max":12345678901234567890123}', out, 1, true)
    assert.matches('"types":{"integer":1,"number":2}', out, 1, true)
  end)

  it("has as many frequent values as --top allows", function()
    local input = (("1\n"):rep(3) .. "2\n"):rep(4) .. "3\n"
    for _, n in ipairs { 0, 1, 3 } do
      local frequent = objects({ "--top", tostring(n) }, { input = input }).rows.fields[1].frequent
      assert.equal(n, #frequent)
      if n > 0 then assert.same({ value = 1, count = 12, share = 12 / 17, over = 0 }, frequent[1]) end
    end
    assert.equal(2, #objects({ "--top", "2" }, { input = input }).rows.fields[1].frequent)
  end)

  it("agrees with statistics computed with lua-cjson", function()
    local lines, sum, kinds, missing = {}, 0, {}, 0
    for i = 1, 500 do
      local row = { kind = "k" .. i * i % 7, n = i * 37 % 101, name = "név " .. i, tags = { "a", "b" } }
      if i % 5 == 0 then row.kind = nil end
      lines[i] = cjson.encode(row)
    end
    for _, line in ipairs(lines) do
      local row = cjson.decode(line)
      sum = sum + row.n
      if row.kind then kinds[row.kind] = (kinds[row.kind] or 0) + 1 else missing = missing + 1 end
    end
    local fields = fields_of(objects({}, { input = table.concat(lines, "\n") }).rows)
    assert.equal(sum / 500, fields["/n"].numbers.mean)
    assert.equal(500 - missing, fields["/kind"].rows)
    for _, v in ipairs(fields["/kind"].frequent) do assert.equal(kinds[v.value], v.count) end
    assert.equal(500, fields["/name"].distinct)
    assert.equal(1000, fields["/tags/*"].values)
    assert.equal(500, fields["/tags/*"].rows)
  end)
end)

describe("several streams", function()
  local input = ('{"type":"a","x":1}\n{"type":"b","y":"s"}\n'):rep(6)

  it("have an object each, or a table each under their names", function()
    local found = objects({ "--stream-by", "/type" }, { input = input })
    assert.equal(6, found.a.rows)
    assert.equal(6, found.b.rows)
    assert.is_nil(fields_of(found.a)["/y"])
    local out = succeeded({ "--stream-by", "/type" }, { input = input })
    assert.matches("^a: 6 rows, 108 B.-\nfield .-\n/type .-\n/x .-\n\nb: 6 rows, 120 B.-\nfield .-\n/type .-\n/y ", out)
  end)

  it("are separated by a field of a worker's rows", function()
    local worker = shell.file([[return { exports = { rows = function(_, emit)
      for _, kind in ipairs { "a", 7, true } do emit:row("rows", { kind = kind }) end
      emit:row("others", { n = 1 })
    end } }]], "kinds.lua")
    local found = objects { "--stream-by", "/kind", "--", worker }
    for _, name in ipairs { "a", "7", "true", "others" } do assert.equal(1, found[name].rows) end
  end)
end)

describe("the table", function()
  local function lines_of(input, ...)
    local lines = {}
    for line in (succeeded({ ... }, { input = input })):gmatch "[^\n]+" do lines[#lines + 1] = line end
    return lines
  end

  it("aligns numbers to the right, and omits columns without a value", function()
    local lines = lines_of('{"k":"x","n":1}\n{"k":"y","n":-20}\n{"k":"x","n":300.5,"a":[]}\n')
    assert.matches("^rows: 3 rows, 58 B, [%d,]+ rows/s$", lines[1])
    assert.same({
      "field  type                  present  distinct  min      max         mean  most frequent",
      "/k     string                   100%         2  x        y                 x 66.7%, y 33.3%",
      "/n     integer 2, number 1      100%         3      -20    300.5  93.8333  -20 33.3%, 1 33.3%, 300.5 33.3%",
      "/a     array                1  33.3%            0 items  0 items",
    }, table.move(lines, 2, #lines, 1, {}))
  end)

  it("shows nulls, rows that are not objects, and ambiguous strings in quotes", function()
    local lines = lines_of('null\n"1"\n"a, b"\n""\n"x"\n')
    assert.same({
      "field      type    present  null  distinct  min  max  most frequent",
      '(the row)  string     100%     1         4  ""   x    "" 20%, "1" 20%, "a, b" 20%, x 20%',
    }, table.move(lines, 2, #lines, 1, {}))
  end)

  it("marks estimates", function()
    local parts = {}
    for i = 1, 6000 do parts[i] = i % 2 == 0 and i or 7 end
    local lines = lines_of(table.concat(parts, "\n"))
    assert.matches("^%(the row%)  integer     100%%    ~[23],%d%d%d    2  6000  1504  7 ~?50%%$", lines[3])
  end)

  it("shows controls as escapes", function()
    local lines = lines_of('{"a\\u001b[31m":"\\u001b]0;x\\u0007"}\n')
    assert.is_nil(table.concat(lines):find "%c")
    assert.matches("/a\\x1B[31m", lines[3], 1, true)
  end)

  it("reports how many fields were left out", function()
    local parts = {}
    for i = 1, 1201 do parts[i] = ('"f%d":1'):format(i) end
    local lines = lines_of("{" .. table.concat(parts, ",") .. "}")
    assert.equal(1002, #lines)
    assert.equal("(202 more fields were not examined)", lines[1002])
  end)

  local function drawn(columns)
    local parts = {}
    for i = 1, 400 do
      parts[i] = ('{"kind":"%s","path":"src/a/long/path/to/module_%d.lua","line":%d,"名前":"表 %d","o":{"ratio":%s}}')
        :format(i % 3 == 0 and "theorem" or "def", i, i * 7 % 997, i % 4, i / 8)
    end
    local file = shell.file(table.concat(parts, "\n"), "rows.jsonl")
    open = terminal.open({ paths.sluice, "stats", "-q", file }, { columns = columns })
    local status, screen = open:finish()
    assert.equal(0, status)
    for line in screen:gmatch "[^\n]+" do assert(text_width.of(line) <= columns, line) end
    return (screen:gsub(", [%d,]+ rows/s", ""))
  end

  it("fits a terminal of 80 columns", function()
    assert.equal([[
rows: 400 rows, 41.4 KiB
field     type     present  distinct  min        max           mean  most fre…
/kind     string      100%         2  def        theorem             def 66.8…
/path     string      100%       400  src/a/lo…  src/a/lo…
/line     integer     100%       400          1        994  471.305
/名前     string      100%         4  表 0       表 3                表 0 25%…
/o        object      100%
/o/ratio  number      100%       400      0.125       50.0  25.0625
[status 0]
]], drawn(80))
  end)

  it("fits a terminal of 120 columns", function()
    assert.equal([[
rows: 400 rows, 41.4 KiB
field     type     present  distinct  min                      max                         mean  most frequent
/kind     string      100%         2  def                      theorem                           def 66.8%, theorem 33.…
/path     string      100%       400  src/a/long/path/to/mod…  src/a/long/path/to/mod…
/line     integer     100%       400                        1                      994  471.305
/名前     string      100%         4  表 0                     表 3                              表 0 25%, 表 1 25%, 表…
/o        object      100%
/o/ratio  number      100%       400                    0.125                     50.0  25.0625
[status 0]
]], drawn(120))
  end)
end)
