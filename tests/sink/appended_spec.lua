--- Appending to existing files without changing their form, and null in a file of one column. Read back by other programs.
local core = require "sluice.core"
local csv = require "sluice.sink.csv"
local jsonl = require "sluice.sink.jsonl"
local schema = require "sluice.schema"
local support = require "sink.support"
local shell = require "support.shell"

local dir

before_each(function() dir = shell.directory() end)
after_each(shell.forget)
teardown(support.shutdown)

local function path(name) return dir .. "/" .. (name or "a.csv") end

local function read(name) return shell.read(path(name)) end

--- The rows that Python's csv module reads, as Lua strings.
local function rows_of(name)
  local result = shell.run { "/usr/bin/python3", "-c",
    "import csv, sys\nfor row in csv.reader(open(sys.argv[1], newline='', encoding='utf-8-sig')): print('|'.join(row))", path(name) }
  assert.equal(0, result.status, result.err)
  return result.out
end

local function append(content, texts, options)
  shell.write(path(), content)
  local all = { append = true, columns = { "a", "b" } }
  for key, value in pairs(options or {}) do all[key] = value end
  support.fill(csv.file(path(), all), texts or { '{"a":1,"b":"x"}' })
  return read()
end

local function refused(content, options, texts, declared)
  shell.write(path(), content)
  local all = { append = true, columns = not declared and { "a", "b" } or nil }
  for key, value in pairs(options or {}) do all[key] = value end
  local err = support.fails(csv.file(path(), all), texts or { '{"a":1,"b":"x"}' }, declared)
  assert.equal(content, read())
  return err.message
end

--- Reports, byte by byte, if the content ends within a quoted cell.
local function ends_within(content)
  local place = "cell"
  for c in content:gmatch "." do
    if c == '"' then
      local opens = place == "cell" or place == "quote"
      place = opens and "quoted" or place == "quoted" and "quote" or "bare"
    elseif place ~= "quoted" then
      place = c:find "[,\r\n]" and "cell" or "bare"
    end
  end
  return place == "quoted"
end

describe("two runs that append to a file", function()
  it("that neither has found run one after the other, or one is refused at once", function()
    shell.write(dir .. "/p.lua", 'return { sink = require("sluice.sink.jsonl").file("a.jsonl", { append = true }) }')
    shell.write(dir .. "/in.jsonl", "{}\n")
    for _ = 1, 6 do
      os.remove(path "a.jsonl")
      local kept, processes = 0, {}
      for i = 1, 2 do processes[i] = shell.start_sluice({ "run", "p.lua", "in.jsonl" }, { cwd = dir }) end
      for i = 1, 2 do
        local result = processes[i]:finish()
        if result.status == 0 then kept = kept + 1 else assert.matches("another process is writing it", result.err) end
      end
      assert.equal(("{}\n"):rep(kept), read "a.jsonl")
      assert.is_true(kept > 0)
    end
  end)
end)

describe("a CSV file that is appended to", function()
  it("is correctly found to end within a quoted cell or not, for any content", function()
    local PARTS = { '"', '"', '""', ",", "\n", "\r\n", "\r", "x", "yy", ("z"):rep(65530), " " }
    math.randomseed(7)
    for i = 1, 400 do
      local parts = { i % 4 > 0 and "a,b\n" or nil }
      for _ = 1, math.random(1, 12) do parts[#parts + 1] = PARTS[math.random(#PARTS)] end
      local content = table.concat(parts)
      shell.write(path(), content)
      local file <close> = assert(core.file { path = path(), append = true })
      local old = assert(file:old(0, ","))
      assert.equal(ends_within(content), old.open, ("%q"):format(content:gsub("z+", "z…")))
    end
  end)

  it("may have a header without a line break", function()
    assert.equal("a,b\n1,x\n", append "a,b")
    assert.equal("a,b\n1,2\n1,x\n", append "a,b\n1,2")
    assert.equal("a|b\n1|2\n1|x\n", rows_of())
  end)

  it("keeps its line endings", function()
    assert.equal("a,b\r\n1,2\r\n1,x\r\n", append "a,b\r\n1,2\r\n")
    assert.equal("a,b\r\n1,2\r\n1,x\r\n", append "a,b\r\n1,2")
    assert.equal("a|b\n1|2\n1|x\n", rows_of())
    assert.equal("a,b\r\n1,x\r\n", append("a,b\r\n", nil, { eol = "crlf" }))
    assert.matches('its lines end differently; use eol = "crlf"', refused("a,b\r\n", { eol = "lf" }))
    assert.matches('its lines end differently; use eol = "lf"', refused("a,b\n1,2\n", { eol = "crlf" }))
  end)

  it("may have a quoted header, and a byte order mark", function()
    assert.equal('"a","b"\n1,x\n', append '"a","b"\n')
    assert.equal('\xEF\xBB\xBFa,b\n1,x\n', append "\xEF\xBB\xBFa,b\n")
    assert.equal('"a ""x""",b\n1,x\n', append('"a ""x""",b\n', { '{"a \\"x\\"":1,"b":"x"}' }, { columns = { 'a "x"', "b" } }))
    assert.equal("axb\n1xy\n", append("axb\n", { '{"a":1,"b":"y"}' }, { delimiter = "x" }))
    assert.equal("a\tb\n1\tx\n", append("a\tb\n", nil, { delimiter = "\t" }))
  end)

  it("is left alone if its header differs", function()
    for _, content in ipairs { "b,a\n", "a\n", "a,b,c\n", "a,b,\n", '"a,b"\n', '"a","b', "A,b\n", "a, b\n", "a;b\n", "\na,b\n", "1,2\n" } do
      assert.matches("its first line is not a,b", refused(content), 1, true)
    end
  end)

  it("may have no header", function()
    assert.equal("7,8\n1,x\n", append("7,8", nil, { header = false }))
    assert.equal("1,x\n", append("", nil, { header = false }))
    assert.equal("7,8\r\n1,x\r\n", append("7,8\r\n", nil, { header = false }))
    assert.equal("7,8\r\n9,9\r\n1,x\r\n", append("7,8\r\n9,9", nil, { header = false }))
    assert.equal('"7\r\n",8\n1,x\n', append('"7\r\n",8\n', nil, { header = false }))
    assert.matches('its lines end differently; use eol = "crlf"', refused("7,8\r\n", { header = false, eol = "lf" }))
  end)

  it("is refused if it ends within a quoted cell", function()
    for _, content in ipairs { '1,"open', '1,"open\n', '"', '1,""""",x\n', '1,"a""\n', '\xEF\xBB\xBF"open\n', "1,2\n3,4\n\"" } do
      for _, name in ipairs { "a.csv", "a.csv.gz" } do
        shell.write(path(), content)
        if name == "a.csv.gz" then assert.equal(0, shell.run({ "gzip", "-kf", path() }).status) end
        local before = read(name)
        local err = support.fails(csv.file(path(name), { append = true, header = false, columns = { "a", "b" } }), { '{"a":1,"b":"x"}' })
        assert.matches("it ends within a quoted cell, which would include the next row", err.message)
        assert.equal(before, read(name))
      end
    end
    assert.matches("within a quoted cell", refused 'a,b\n1,"open\n')
  end)

  it("may have quotes that do not open a cell", function()
    for _, content in ipairs { '5" pipe,x\n', '1, "x\n', '"a""",""\n', '"a"b,c"\n', '1,"x\ny"\n', '\xEF\xBB\xBF"a",b\n', '\xEF\xBB"a,b\n' } do
      assert.equal(content .. "1,x\n", append(content, nil, { header = false }))
    end
    assert.equal('1;"x;y"\n1;x\n', append('1;"x;y"\n', nil, { header = false, delimiter = ";" }))
    assert.equal('1;2,"x\n1;x\n', append('1;2,"x\n', nil, { header = false, delimiter = ";" }))
    assert.equal('1|x,y\n1|x\n', (append('1,"x,y"\n', nil, { header = false }) and rows_of()))
  end)

  it("is refused if its lines end in a carriage return alone", function()
    for content, options in pairs { ["a,b\r1,2\r"] = {}, ["a,b\r\n1,2\r"] = {}, ["7,8\r"] = { header = false }, ["7,8\n9,9\r"] = { header = false } } do
      assert.matches("its lines end in \\r alone, which csv.file cannot continue", refused(content, options), 1, true)
    end
  end)

  it("is read in blocks", function()
    local long = ("x"):rep(65533)
    assert.equal(long .. ',"\n"\n1,x\n', append(long .. ',"\n"\n', nil, { header = false }))
    assert.matches("within a quoted cell", refused(long .. ',""" \n', { header = false }))
    assert.equal(long .. ',8\r\n1,x\r\n', append(long .. ",8\r\n", nil, { header = false }))
  end)
end)

describe("null in a CSV file", function()
  it("differs from the empty string", function()
    support.fill(csv.file(path(), { columns = { "a", "b" } }), { '{"a":null,"b":""}', '{"a":"","b":null}' })
    assert.equal('a,b\n,""\n"",\n', read())
    support.fill(csv.file(path(), { columns = { "a", "b" }, null = "NULL" }), { '{"a":null,"b":"NULL"}', '{"a":"","b":"x"}' })
    assert.equal('a,b\nNULL,"NULL"\n,x\n', read())
  end)

  it("in a single column needs a text, which is reported at begin", function()
    for null, declared in pairs { [""] = schema.optional(schema.string), [" \t"] = schema.nullable(schema.string) } do
      local message = refused("", nil, { null = null }, schema.record { { "a", declared } })
      assert.matches("the only column may be null, which would be an empty line: give null = TEXT", message)
    end
    local row = schema.record { { "a", schema.nullable(schema.string) } }
    support.fill(csv.file(path(), { null = "NULL" }), { '{"a":null}', '{"a":""}', '{"a":"NULL"}' }, row)
    assert.equal('a\nNULL\n""\n"NULL"\n', read())
    assert.equal("a\nNULL\n\nNULL\n", rows_of())
    assert.matches("the only column may be null", support.fails(csv.file(path(), { columns = { { name = "a", optional = true } } }), { '{"a":"x"}' }).message)
    local two = schema.record { { "a", schema.nullable(schema.string) }, { "b", schema.string } }
    assert.matches("no column for the field 'a'", support.fails(csv.file(path(), { columns = { "b" } }), { '{"a":null,"b":"x"}' }, two).message)
    for _, null in ipairs { "", " " } do
      local err = support.fails(csv.file(path(), { columns = { "a" }, null = null }), { '{"a":"x"}', '{"a":null}' })
      assert.matches("column a: null would be an empty line", err.message)
      assert.equal("a", err.column)
    end
  end)
end)

describe("a cell of CSV", function()
  local function written(texts, options)
    os.remove(path())
    support.fill(csv.file(path(), options), texts)
    return read()
  end

  it("is quoted if it contains the delimiter, whichever that is", function()
    local row = '{"a":11,"b":-2.5e-3,"c":true,"d":[1]}'
    for delimiter, line in pairs {
      ["1"] = '"11"1-2.5e-31true1"[1]"\n', ["-"] = '11-"-2.5e-3"-true-[1]\n', ["."] = '11."-2.5e-3".true.[1]\n',
      ["e"] = '11e"-2.5e-3"e"true"e[1]\n', ["["] = '11[-2.5e-3[true["[1]"\n',
    } do
      local options = { columns = { "a", "b", "c", "d" }, header = false, delimiter = delimiter }
      assert.equal(line, written({ row }, options))
      local found = shell.run { "/usr/bin/python3", "-c",
        "import csv, sys\nfor row in csv.reader(open(sys.argv[1], newline=''), delimiter=sys.argv[2]): print('|'.join(row))", path(), delimiter }
      assert.equal("11|-2.5e-3|true|[1]\n", found.out)
    end
  end)

  it("differs from null, whatever null is", function()
    for null, line in pairs { ["0"] = '0,"0",false,"0"\n', ["false"] = 'false,0,"false",0\n' } do
      assert.equal(line, written({ '{"a":null,"b":0,"c":false,"d":"0"}' },
        { columns = { "a", "b", "c", "d" }, header = false, null = null }))
    end
  end)

  it("is never taken for a byte order mark", function()
    assert.equal('"\xEF\xBB\xBFa",x\n', written({ '{"a":"\xEF\xBB\xBFa","b":"x"}' }, { columns = { "a", "b" }, header = false }))
    assert.equal('"\xEF\xBB\xBFa",b\n1,2\n', written({ '{"\xEF\xBB\xBFa":1,"b":2}' }, { columns = { "\xEF\xBB\xBFa", "b" } }))
    assert.equal("\xEF\xBB\xBFa|b\n1|2\n", rows_of())
  end)
end)

describe("a compressed file that is appended to", function()
  local function member(text)
    shell.write(path "x", text)
    os.execute(("gzip -nc %s >%s"):format(path "x", path "x.gz"))
    return read "x.gz"
  end

  local function unpacked(name) return shell.run({ "gzip", "-dc", path(name) }).out end

  it("must be intact, or is left alone", function()
    local one = member '{"a":1}\n'
    for content, why in pairs {
      [one .. "garbage"] = "followed by bytes that are not gzip data", [one .. ("\0"):rep(512)] = "followed by zeros",
      [one .. "\n"] = "followed by bytes", [one:sub(1, -2)] = "cut off", [one .. one:sub(1, 20)] = "cut off", [one:sub(1, 1)] = "cut off",
      ["plain\n"] = "not compressed by gzip", [one:sub(1, -9) .. ("x"):rep(8)] = "damaged", [one .. "\0" .. one] = "followed by bytes",
    } do
      shell.write(path "a.jsonl.gz", content)
      local err = support.fails(jsonl.file(path "a.jsonl.gz", { append = true }), { "2" })
      assert.matches(why, err.message, 1, true)
      assert.equal(content, read "a.jsonl.gz")
    end
    for _, content in ipairs { "", one, one .. one, member(("x\n"):rep(1 << 20)) } do
      shell.write(path "a.jsonl.gz", content)
      local before = content == "" and "" or unpacked "a.jsonl.gz"
      support.fill(jsonl.file(path "a.jsonl.gz", { append = true }), { "2" })
      assert.equal(before .. "2\n", unpacked "a.jsonl.gz")
    end
  end)

  it("is not mistaken for a plain one", function()
    shell.write(path "a.jsonl", member '{"a":1}\n')
    assert.matches("it is compressed by gzip; gzip = true appends to such a file",
      support.fails(jsonl.file(path "a.jsonl", { append = true }), { "2" }).message)
    support.fill(jsonl.file(path "a.jsonl", { append = true, gzip = true }), { "2" })
    shell.write(path "b.jsonl.gz", read "a.jsonl")
    assert.equal('{"a":1}\n2\n', unpacked "b.jsonl.gz")
  end)
end)
