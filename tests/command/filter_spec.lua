--- sluice filter: what passes, what is written, and when.
local paths = require "support.paths"
local shell = require "support.shell"

local workers = paths.tests .. "/workers/"

after_each(shell.forget)

--- Filters lines from standard input.
local function filter(expression, input, ...)
  return shell.sluice({ "filter", expression, ... }, { input = input })
end

--- The output of a filter that succeeds.
local function passed(expression, input, ...)
  local result = filter(expression, input, ...)
  assert.equal(0, result.status, result.err)
  return result.out
end

local function refused(expression, ...)
  local result = filter(expression, "1\n", ...)
  assert.equal(2, result.status)
  assert.equal("", result.out)
  return result.err
end

describe("an expression", function()
  local ROWS = '{"kind":"def","line":1}\n{"kind":"use","line":2}\n{"kind":"def","line":30}\n'

  it("sees a bare name as a field", function()
    assert.equal('{"kind":"def","line":1}\n', passed('kind == "def" and line < 10', ROWS))
  end)

  it("prefers a field to a global of that name", function()
    assert.equal('{"type":"a","string":2}\n', passed('type == "a" and string == 2', '{"type":"a","string":2}\n{"type":"b"}\n'))
  end)

  it("reaches globals if no field has the name, and always by _G", function()
    assert.equal('{"type":"a"}\n', passed('_G.type(type) == "string" and math.pi > 3', '{"type":"a"}\n{"type":1}\n'))
  end)

  it("reads a field called row or _G by row:get", function()
    assert.equal('{"row":1,"_G":2}\n', passed('row:get("row") == 1 and row:get("_G") == 2', '{"row":1,"_G":2}\n{"row":2}\n'))
  end)

  it("reads a field called like a keyword by row:get", function()
    assert.equal('{"end":7,"and":8}\n', passed('row:get("end") == 7 and row:get("and") == 8', '{"end":7,"and":8}\n{"end":8}\n'))
  end)

  it("has the row's stream, sequence and text", function()
    assert.equal("20\n", passed('row.stream == "rows" and row.sequence == 1 and row.raw == "20"', "10\n20\n30\n"))
  end)

  it("distinguishes null from absent", function()
    local rows = '{"a":null}\n{"b":1}\n{"a":1}\n'
    assert.equal('{"a":null}\n', passed("a == null", rows))
    assert.equal('{"b":1}\n', passed("a == nil", rows))
  end)

  it("goes into nested fields", function()
    local rows = '{"a":{"b":[5,{"c":true}]}}\n{"a":{"b":[6,{"c":false}]}}\n'
    assert.equal('{"a":{"b":[5,{"c":true}]}}\n', passed("a.b[2].c", rows))
    assert.equal('{"a":{"b":[5,{"c":true}]}}\n', passed('row:get("/a/b/0") == 5', rows))
  end)

  it("drops a row for false, nil and null only", function()
    assert.equal("", passed("false", ROWS))
    assert.equal("", passed("nosuch", ROWS))
    assert.equal("", passed("null", ROWS))
    assert.equal('0\n""\n', passed("row.payload", '0\n""\nfalse\nnull\n'))
  end)

  it("may begin like an option", function()
    assert.equal('{"x":1}\n', passed("-x < 0", '{"x":1}\n{"x":-1}\n'))
  end)

  it("compares 64-bit integers exactly", function()
    assert.equal('{"id":9007199254740993}\n', passed("id == 9007199254740993", '{"id":9007199254740992}\n{"id":9007199254740993}\n'))
  end)

  it("that does not compile is wrong usage, with a caret under the place", function()
    assert.equal([[
sluice: usage: EXPR: expected a value, but the expression ends here
  line <
        ^
try: sluice filter --help
]], refused("line <"))
    assert.matches('write row:get "größe"\n  s == "é" and größe\n               ^\n', (refused('s == "é" and größe')))
  end)

  it("that does not compile is identified by its option", function()
    assert.matches("^sluice: usage: %-%-map: ", refused("true", "--map", "{ a = }"))
  end)

  it("that fails names stream and sequence, and points to the place", function()
    local result = filter("n.x > 1", '{"n":{"x":2}}\n{"n":{"x":3}}\n{"n":{"x":"7"}}\n')
    assert.equal(4, result.status)
    assert.equal('{"n":{"x":2}}\n{"n":{"x":3}}\n', result.out)
    assert.matches("^sluice: expression: EXPR: a number cannot be compared with a string; [^\n]*stream rows, sequence 2, line 3%)\n" ..
      "  n%.x > 1\n      ^\n", result.err)
    assert.is_nil(result.err:find("hint:", 1, true))
  end)

  it("continues if a field is absent, null or of another shape", function()
    local rows = '{"n":5}\n{"n":null}\n{"m":1}\n5\n{"n":{"x":1}}\n'
    assert.equal('{"n":5}\n', passed("n == 5 and n > 1", rows))
    assert.equal('{"n":{"x":1}}\n', passed("n.x > 0", rows))
  end)

  it("causes a warning about a name that no row had", function()
    local result = filter("nmae == 1", '{"name":1,"file":2}\n{"name":2}\n')
    assert.equal(0, result.status)
    assert.matches('^sluice: warning: no row had a field "nmae"; did you mean "name"%? seen: name, file\n', result.err)
  end)

  it("causes no warning about a library whose member it names, but one about a bare library name", function()
    assert.is_nil(filter("os.time() > math.pi", "{}\n").err:find("warning", 1, true))
    for _, expression in ipairs { "string == nil", "math.hueg == 1", "arg.x == 1" } do
      assert.matches('no row had a field "' .. expression:match "^%a+" .. '"', filter(expression, '{"a":1}\n').err)
    end
    assert.equal('{"os":{"exit":5}}\n', passed("os.exit == 5", '{"os":{"exit":5}}\n{"os":1}\n'))
  end)

  it("causes a warning about likely mistakes", function()
    assert.matches('"k%-d" == 1 compares two constants; the field is row:get "k%-d"', filter('"k-d" == 1', "{}\n").err)
    assert.matches("a%[0%] is nil: arrays begin at 1", filter("a[0] == 1", '{"a":[1]}\n').err)
    assert.is_nil(filter("nosuch == 1", "").err:find("warning", 1, true))
  end)
end)

describe("--map", function()
  it("writes its value instead of the row", function()
    assert.equal('{"n":2}\n', passed("a > 1", '{"a":1}\n{"a":2}\n', "--map", "{ n = a }"))
  end)

  it("keeps arrays, integers and null as they are", function()
    local row = '{"a":[],"i":9007199254740993,"n":null}\n'
    for _, field in ipairs { "a", "i", "n" } do
      assert.equal(row:match('"' .. field .. '":([^,}]+)') .. "\n", passed("true", row, "--map", field))
    end
  end)

  it("may write null", function()
    assert.equal("null\n", passed("true", '{"a":1}\n', "--map", "null"))
  end)

  it("writes the fields of a table in the order of its source", function()
    local row = '{"a":1,"b":2,"c":3,"d":4}\n'
    for _ = 1, 5 do
      assert.equal('{"d":4,"b":{"z":1,"y":2},"a":1}\n', passed("true", row, "--map", "{ d = d, b = { z = 1, y = 2 }, a = a }"))
    end
  end)

  it("that gives nil writes null, and does not drop the row", function()
    assert.equal("null\n2\n", passed("true", '{"a":1}\n{"b":2}\n', "--map", "b"))
  end)

  it("that gives a value that is not JSON is an error at its row", function()
    local result = filter("true", '{"a":1}\n', "--map", "{ f = _G.print }")
    assert.equal(4, result.status)
    assert.matches("function", result.err)
    assert.matches("sequence 0", result.err)
  end)
end)

describe("a row that is not changed", function()
  it("keeps every significant byte", function()
    local rows = '{"a":1234567890123456789012345678901234567890}\n{"a":1,"a":2}\n"\\ud800"\n1e400\n-0\n1.0\n"\\/\\u0041"\n{ "a" : [ ] }\n'
    assert.equal(rows, passed("true", rows))
  end)

  it("is written on one line", function()
    local result = shell.sluice { "filter", "--export", "given", "--request", '" [ 1 ,\\n\\r\\n 2 ] "', "true", "--", workers .. "payloads.lua" }
    assert.equal(0, result.status, result.err)
    assert.matches("^ %[ 1 ,%s+2 %] \n$", result.out)
    assert.equal(1, select(2, result.out:gsub("[\r\n]", "")))
  end)

  it("is written unchanged even if a field of it was read", function()
    assert.equal('{"a":1234567890123456789012345678901234567890}\n',
      passed("a > 0", '{"a":1234567890123456789012345678901234567890}\n'))
  end)
end)

describe("without a worker", function()
  it("the end of input counts as success, and the outcome line says so", function()
    local result = filter("true", "1\n2")
    assert.equal(0, result.status)
    assert.equal("1\n2\n", result.out)
    assert.matches("^sluice: 2 rows in [^\n]+, complete %(the end of input counted as success%)\n$", result.err)
  end)

  it("an empty input has no rows", function()
    local result = filter("true", "")
    assert.equal(0, result.status)
    assert.equal("", result.out)
    assert.matches("^sluice: 0 rows in ", result.err)
  end)

  it("a line that is not JSON is refused with its number and text", function()
    local result = filter("true", '{"a":1}\n{"a":2\n')
    assert.equal(3, result.status)
    assert.equal('{"a":1}\n', result.out)
    assert.matches("^sluice: row_malformed: line 2: ", result.err)
    assert.matches('{"a":2', result.err, 1, true)
  end)

  it("envelopes choose streams", function()
    local result = filter('row.stream == "b"', '{"stream":"a","payload":1}\n{"stream":"b","payload":2}\n', "--envelopes")
    assert.equal(0, result.status, result.err)
    assert.equal("2\n", result.out)
  end)

  it("--stream names the rows", function()
    assert.equal("1\n", passed('row.stream == "numbers"', "1\n", "--stream", "numbers"))
  end)

  it("--via is wrong usage", function()
    assert.matches("^sluice: usage: %-%-via needs a worker after %-%-\n", refused("true", "--via", "env"))
  end)

  it("rows are written while input still arrives", function()
    local input = shell.file()
    os.remove(input)
    assert(os.execute("mkfifo " .. input))
    local process = shell.start(shell.line { paths.sluice, "filter", "true" }, { redirect = "<>" .. input })
    local pipe = assert(io.open(input, "w"))
    pipe:write('{"first":true}\n')
    pipe:flush()
    process:await('{"first":true}\n')
    process:signal "TERM"
    assert.equal(143, process:finish().status)
    pipe:close()
  end)
end)

--- The output of sluice filter that goes to reader; its exit status is on stderr.
local function into(reader, words)
  local line = shell.line { paths.sluice, "filter", table.unpack(words) }
  return shell.run { "sh", "-c", ("{ %s; echo $? >&2; } | %s"):format(line, reader) }
end

describe("output", function()
  it("is live: a row is written before the worker ends", function()
    local process = shell.start_sluice { "filter", "--export", "deaf", "--request", "60000", "true", "--", paths.program "workers/sleeps" }
    process:await("^1\n$")
    process:signal "TERM"
    assert.equal(143, process:finish().status)
  end)

  it("is complete up to the failure of the worker, and is reported as incomplete", function()
    local result = shell.sluice { "filter", "--export", "after_rows", "true", "--", workers .. "raises.lua" }
    assert.equal(1, result.status)
    assert.equal("1\n2\n", result.out)
    assert.matches("\n  2 rows had arrived; 2 were already written: the output is not complete %(%-%-atomic holds it back%)\n", result.err)
  end)

  it("with --atomic is empty if the worker fails", function()
    local result = shell.sluice { "filter", "--atomic", "--export", "after_rows", "true", "--", workers .. "raises.lua" }
    assert.equal(1, result.status)
    assert.equal("", result.out)
    assert.matches("\n  2 rows had arrived; nothing was committed\n", result.err)
  end)

  it("with --atomic is empty before success, and complete then", function()
    local gate = shell.file()
    os.remove(gate)
    local process = shell.start_sluice({ "filter", "--atomic", "--lines", "true", "--", "sh", "-c",
      'echo 1; echo seen >&2; while ! [ -e "$GATE" ]; do sleep 0.01; done; echo 2' }, { env = { GATE = gate } })
    process:await("seen", "stderr")
    assert.equal("", process:stdout())
    shell.write(gate, "")
    local result = process:finish()
    assert.equal(0, result.status, result.err)
    assert.equal("1\n2\n", result.out)
  end)

  it("ends quietly, but not with success, when its reader exits, and nothing is left running", function()
    local result = into("head -n 1", { "--export", "stubbornly", "true", "--", workers .. "emits_forever.lua" })
    assert.equal("1\n", result.out)
    assert.equal("141\n", result.err)
  end)

  it("ends the same way if its reader never read", function()
    local result = into("true", { "--lines", "true", "--", "sh", "-c", "while :; do echo 1; done" })
    assert.equal("141\n", result.err)
  end)

  for _, how in ipairs { "live", "atomic" } do
    it("to a full device is a sink error, " .. how, function()
      local result = shell.sluice({ "filter", "true", how == "atomic" and "--atomic" or "--quiet" }, { input = "1\n", redirect = ">/dev/full" })
      assert.equal(4, result.status)
      assert.matches("^sluice: sink: cannot write to standard output: No space left on device", result.err)
    end)
  end
end)

describe("the outcome line", function()
  it("counts what was kept and dropped", function()
    local result = filter("row.payload > 1", "1\n2\n3\n")
    assert.matches("^sluice: 3 rows in [^\n]+ %(2 kept, 1 dropped%), complete", result.err)
  end)

  it("is omitted with --quiet", function()
    assert.equal("", filter("true", "1\n", "--quiet").err)
  end)

  it("is printed even with --quiet if something failed", function()
    assert.matches("^sluice: row_malformed: ", filter("true", "{\n", "--quiet").err)
  end)
end)
