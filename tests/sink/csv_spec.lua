--- csv.file: rows as lines of CSV.
local core = require "sluice.core"
local csv = require "sluice.sink.csv"
local schema = require "sluice.schema"
local shell = require "support.shell"
local support = require "sink.support"

after_each(shell.forget)
teardown(support.shutdown)

describe("csv.file", function()
  local dir, read, list

  before_each(function() dir, read, list = support.directory() end)

  local function sink(columns, more)
    local options = { columns = columns }
    for name, value in pairs(more or {}) do options[name] = value end
    return csv.file(dir .. "/a.csv", options)
  end

  --- The lines below the header for one row.
  local function of(text, columns, more)
    support.fill(sink(columns or { "a" }, more), { text })
    return (read("a.csv"):gsub("^[^\n]*\n", "", 1))
  end

  local function refused(text, columns, more)
    local before = list()
    local err = support.fails(sink(columns or { "a" }, more), { "{\"a\":1}", text })
    assert.same({ "sink", "rows", 1 }, { err.kind, err.stream, err.sequence })
    assert.same(before, list())
    return err
  end

  it("writes a header and a line for each row, in the order of the columns", function()
    support.fill(sink { "b", "a" }, { '{"a":1,"b":2}', '{"b":4,"a":3}' })
    assert.equal("b,a\n2,1\n4,3\n", read "a.csv")
  end)

  it("writes only a header without rows", function()
    support.fill(sink { "a", 'with "quotes", and comma' }, {})
    assert.equal('a,"with ""quotes"", and comma"\n', read "a.csv")
  end)

  it("quotes as RFC 4180 requires, and white space at the ends", function()
    assert.equal('plain text,"a,b","say ""yes""","two\nlines","\r"," x"," ",é\n',
      of([[{"a":"plain text","b":"a,b","c":"say \"yes\"","d":"two\nlines","e":"\r","f":" x","g":" ","h":"é"}]],
        { "a", "b", "c", "d", "e", "f", "g", "h" }))
  end)

  it("writes the same line for a row and for its payload", function()
    local columns = { "a", "b", "c" }
    local values = {
      "null", "true", "false", "0", "-9223372036854775808", "9223372036854775807", "0.1", "-0.0", "1e300", "5e-324", '""', '" x"',
      '"say \\"yes\\""', '"a,b"', '"\\n"', '"한"', '"\\u0000"', '"\\ud800"', "[]", "[1,{\"x\":[]},null]", '{"k":"a,b"}', "{}",
    }
    for i, value in ipairs(values) do
      local other = values[i % #values + 1]
      local text = ('{"a":%s,"c":%s}'):format(value, other)
      local lines = {}
      for n, touch in ipairs { function() end, function(row) return row.payload end } do
        local out = sink({ columns[1], { name = "b", optional = true }, columns[3] })
        assert(out:begin(support.context()))
        local row = core.row("rows", 0, text)
        touch(row)
        local ok, err = out.csv:row(row)
        if ok then assert(out:prepare {}) assert(out:commit()) else assert(out:rollback()) end
        lines[n] = ok and read "a.csv" or err.message
      end
      assert.equal(lines[1], lines[2], text)
    end
  end)

  it("writes numbers exactly, and floats in their shortest form", function()
    assert.equal("9007199254740993,-9223372036854775808,0.1,1.0,1e+300,5e-324\n",
      (of('{"a":9007199254740993,"b":-9223372036854775808,"c":0.1,"d":1.0,"e":1e300,"f":5e-324}',
        { "a", "b", "c", "d", "e", "f" }):gsub("1e300", "1e+300")))
  end)

  it("writes booleans, null, and nested values as JSON text", function()
    assert.equal('true,false,,"[1,{""x"":[]},null]","{""k"":""a,b""}"\n',
      of('{"a":true,"b":false,"c":null,"d":[1,{"x":[]},null],"e":{"k":"a,b"}}', { "a", "b", "c", "d", "e" }))
  end)

  it("distinguishes null from the empty string", function()
    assert.equal('"",,x\n', of('{"a":"","b":null,"c":"x"}', { "a", "b", "c" }))
    assert.equal(',NULL,"NULL"\n', of('{"a":"","b":null,"c":"NULL"}', { "a", "b", "c" }, { null = "NULL" }))
  end)

  it("never writes an empty line", function()
    assert.equal('""\n', of '{"a":""}')
    assert.matches("null would be an empty line", refused('{"a":null}').message)
  end)

  it("omits only optional fields", function()
    local columns = { "a", { name = "b", optional = true }, "c" }
    assert.equal("1,,3\n", of('{"a":1,"c":3}', columns))
    local err = refused('{"b":2}', { "a", { name = "b", optional = true } })
    assert.equal("a", err.column)
    assert.matches("column a: the row has no such field", err.message)
  end)

  it("uses the last of duplicate fields, as look-ups do", function()
    assert.equal("2,3\n", of('{"a":1,"b":3,"a":2}', { "a", "b" }))
  end)

  it("refuses a field without a column", function()
    local err = refused '{"a":1,"z":2}'
    assert.equal("z", err.column)
    assert.matches("no column for the field 'z'", err.message)
  end)

  it("refuses a payload that is not an object", function()
    assert.matches("expected an object, got array", refused("[1]").message)
  end)

  it("refuses what CSV cannot represent", function()
    assert.matches("column a: the character U%+0000 cannot be stored there", refused('{"a":"\\u0000"}').message)
    assert.matches("column a: not valid Unicode: lone surrogate", refused('{"a":"\\ud800"}').message)
    assert.equal("a", refused('{"a":"\\ud800"}').column)
    assert.equal("한\n", of '{"a":"한"}') -- begins with the same byte as a surrogate
  end)

  it("has other delimiters and line ends, or no header", function()
    support.fill(sink({ "a", "b" }, { delimiter = ";", eol = "crlf" }), { '{"a":"x;y","b":"x,y"}' })
    assert.equal('a;b\r\n"x;y";x,y\r\n', read "a.csv")
    support.fill(sink({ "a", "b" }, { delimiter = "\t", header = false }), { '{"a":1,"b":"x y"}' })
    assert.equal("1\tx y\n", read "a.csv")
  end)

  it("appends rows of the same columns without a second header", function()
    support.fill(sink({ "a" }, { append = true }), { '{"a":1}' })
    support.fill(sink({ "a" }, { append = true }), { '{"a":2}' })
    assert.equal("a\n1\n2\n", read "a.csv")
    shell.write(dir .. "/a.csv", "a\n1")
    support.fill(sink({ "a" }, { append = true }), { '{"a":2}' })
    assert.equal("a\n1\n2\n", read "a.csv")
  end)

  it("does not append under another header", function()
    shell.write(dir .. "/a.csv", "a,b\n1,2\n")
    local err = support.fails(sink({ "a" }, { append = true }), { '{"a":1}' })
    assert.equal("sink", err.kind)
    assert.matches("its first line is not a$", err.message)
    assert.equal("a,b\n1,2\n", read "a.csv")
    assert.same({ "a.csv" }, list())
  end)

  it("is compressed if the name ends in .gz", function()
    local file = csv.file(dir .. "/a.csv.gz", { columns = { "a" }, append = true })
    support.fill(file, { '{"a":1}' })
    support.fill(file, { '{"a":2}' })
    assert.equal("a\n1\n2\n", support.gunzip(dir .. "/a.csv.gz"))
  end)

  it("takes its columns and values from the schema", function()
    local row = schema.record {
      { "name", schema.string }, { "line", schema.integer }, { "doc", schema.optional(schema.string) },
      { "tags", schema.array(schema.string) },
    }
    local file = csv.file(dir .. "/a.csv")
    support.fill(file, { '{"tags":["x"],"name":"f,g","line":7}', '{"line":2,"doc":"d","name":"h","tags":[]}' }, row)
    assert.equal('name,line,doc,tags\n"f,g",7,,"[""x""]"\nh,2,d,[]\n', read "a.csv")
  end)

  it("receives payloads as the schema produces them, in a policy", function()
    local policy = shell.file(([[
      local schema = require "sluice.schema"
      return {
        worker = { "printf", '{"name":"f,g","extra":1}\\n{"line":2,"name":"h"}\\n' },
        lines = true,
        streams = { rows = {
          schema = schema.record { { "name", schema.string }, { "line", schema.integer { default = 7 } } },
          sink = require("sluice.sink.csv").file(%q),
        } },
      }]]):format(dir .. "/a.csv"))
    local result = shell.sluice { "run", policy }
    assert.equal(0, result.status, result.err)
    assert.equal('name,line\n"f,g",7\nh,2\n', read "a.csv")
  end)

  it("refuses a payload that does not fit the columns of its schema", function()
    local row = schema.record { { "a", schema.integer } }
    for text, why in pairs {
      ['{"a":1,"z":2}'] = "no column for the field 'z'",
      ["{}"] = "column a: the row has no such field",
      ["5"] = "expected an object, got integer",
    } do
      local err = support.fails(csv.file(dir .. "/a.csv"), { text }, row)
      assert.same({ "sink", "rows", 0 }, { err.kind, err.stream, err.sequence })
      assert.matches(why, err.message, 1, true)
    end
  end)

  it("needs columns or a schema with fields", function()
    local file = csv.file(dir .. "/a.csv")
    assert.matches("columns = { … } are needed", support.fails(file, {}).message, 1, true)
    assert.matches("cannot take the columns from the schema", support.fails(file, {}, schema.integer).message)
    assert.same({}, list())
  end)

  it("refuses options at the caller's line", function()
    for _, case in ipairs {
      { { columns = {} }, 'columns: expected a list of columns such as { "name", "line" }' },
      { { columns = { "a", 5 } }, "columns[2]: expected a name, or { name = …, optional = true }, got 5" },
      { { columns = { "a", "a" } }, 'columns[2]: "a" is declared twice' },
      { { delimiter = ",," }, "delimiter: expected one ASCII character" },
      { { delimiter = '"' }, "delimiter: expected one ASCII character" },
      { { null = "a,b" }, "null: the text contains the delimiter" },
      { { eol = "\n" }, 'eol: expected "lf" or "crlf"' },
    } do
      local ok, message = pcall(function() local made = csv.file("a", case[1]) return made end)
      assert.is_false(ok)
      assert.matches("csv_spec.lua:%d+: csv.file: ", message)
      assert.matches(case[2], message, 1, true)
    end
  end)

  it("accepts rows with fields in any order, and many columns", function()
    local columns, expected = {}, {}
    for i = 1, 40 do columns[i] = "c" .. i end
    local texts = {}
    for n = 1, 30 do
      local members, cells = {}, {}
      for i = 1, 40 do
        local k = (i * 7 + n) % 40 + 1
        members[i] = ('"c%d":%d'):format(k, k * n)
        cells[i] = i * n
      end
      texts[n], expected[n] = "{" .. table.concat(members, ",") .. "}", table.concat(cells, ",") .. "\n"
    end
    support.fill(sink(columns, { header = false }), texts)
    assert.equal(table.concat(expected), read "a.csv")
  end)
end)
