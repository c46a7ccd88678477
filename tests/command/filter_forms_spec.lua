--- sluice filter: which rows are written, and in which form.
local paths = require "support.paths"
local shell = require "support.shell"
local terminal = require "support.terminal"

local open

after_each(function()
  if open then open:close() end
  open = nil
  shell.forget()
end)

local ROWS = [[
{"a":1.10,"b":"x,y","c":{"d":[1, 2]}}
{"a":2,"b":null}
{"b":"é\n","c":{"d":3,"~/":12345678901234567890}}
]]

--- The output for rows from standard input.
local function written(input, ...)
  local result = shell.sluice({ "filter", "true", ... }, { input = input })
  assert.equal(0, result.status, result.err)
  return result.out
end

local function refused(status, expected, input, ...)
  local result = shell.sluice({ "filter", "true", ... }, { input = input })
  assert.equal(status, result.status, result.err)
  assert.truthy(result.err:find(expected, 1, true), result.err)
  return result
end

describe("--fields", function()
  it("writes names and pointers in the given order, with their original text", function()
    assert.equal('{"/c/d":[1, 2],"a":1.10}\n{"a":2}\n{"/c/d":3}\n', written(ROWS, "--fields", "/c/d,a"))
    assert.equal('{}\n{}\n{"/c/~0~1":12345678901234567890}\n', written(ROWS, "--fields", "/c/~0~1"))
    assert.equal('{"k\\"":1}\n', written('{"k\\"":1,"x":2}\n', "--fields", 'k"'))
  end)

  it("uses the last of duplicate names, and nothing of a row that is not an object", function()
    assert.equal('{"a":2}\n{}\n{"/0":5}\n', written('{"a":1,"a":2}\n7\n[5]\n', "--fields", "a,/0"))
  end)

  it("works for a row of many MiB", function()
    local long = ("x"):rep(3 * 1024 * 1024)
    assert.equal(('{"z":"%s","a":1}\n'):format(long), written(('{"a":1,"y":[1],"z":"%s"}\n'):format(long), "--max-frame", "8MiB", "--fields", "z,a"))
  end)

  it("refuses what is not a field, and refuses --map beside it", function()
    refused(2, '--fields: expected names or JSON Pointers separated by commas, as in "name,/pos/line", got "a,,b"', ROWS, "--fields", "a,,b")
    refused(2, "got \"/a~2\"", ROWS, "--fields", "/a~2")
    refused(2, "--fields and --map: expected only one of them, as each defines the whole output", ROWS, "--fields", "a", "--map", "b")
  end)
end)

describe("--csv", function()
  it("takes the columns of the first row, in its order", function()
    assert.equal('a,b,c\n1.10,"x,y","{""d"":[1,2]}"\n2,,\n,"é\n","{""d"":3,""~/"":12345678901234567890}"\n', written(ROWS, "--csv"))
  end)

  it("or takes the columns of --fields; without rows it writes only their header", function()
    assert.equal("b,/c/d\n\"x,y\",\"[1,2]\"\n,\n\"é\n\",3\n", written(ROWS, "--csv", "--fields", "b,/c/d"))
    assert.equal("b,/c/d\n", written("", "--csv", "--fields", "b,/c/d"))
    assert.equal("", written("", "--csv"))
  end)

  it("with one column writes no empty lines", function()
    assert.equal('a\n1\nnull\n"null"\nnull\n', written('{"a":1}\n{"a":null}\n{"a":"null"}\n{}\n', "--csv", "--fields", "a"))
  end)

  it("refuses rows that would lose something", function()
    refused(4, "no column for the field 'z'; --fields NAME,NAME names the columns (in on_row, stream rows, sequence 1", '{"a":1}\n{"z":1}\n', "--csv")
    refused(4, "CSV needs rows that are objects with fields; --fields NAME,NAME names the columns", "5\n", "--csv")
    refused(4, "CSV needs rows that are objects", "{}\n", "--csv")
  end)
end)

describe("--table", function()
  it("shows numbers with all digits that the rows have", function()
    local row = '{"n":1.50,"/a~":123456789.123456789123,"z":-0,"e":1E2,"list":[0.10, 2],"big":12345678901234567890}\n'
    local line = written(row, "--table"):match "\n *(.*)\n$":gsub("  +", "|")
    assert.equal("1.50|123456789.123456789123|-0|1E2|[0.10, 2]|12345678901234567890", line)
    for _, name in ipairs { "", "/", "/a~b", "~", "a/b", "é", '\\"', "\\n", "\\u00e9", "\\u2028", "\\ud800" } do
      assert.equal("1.50", written(('{"%s":1.50}\n'):format(name), "--table"):match "\n *(.-)\n$", name)
    end
    assert.equal("payload\n1.50\n[2.0]\n", written("1.50\n[2.0]\n", "--table"))
  end)

  it("is aligned", function()
    assert.equal("b     /c/d\nx,y   [1, 2]\nnull\né\\n   3\n", written(ROWS, "--table", "--fields", "b,/c/d"))
  end)

  for _, columns in ipairs { 80, 120 } do
    it(("fits a terminal of %d columns"):format(columns), function()
      local file = shell.file(('{"name":"%s","n":1}\n{"name":"short","n":22222}\n'):format(("wide "):rep(40)), "a.jsonl")
      open = terminal.open({ paths.sluice, "filter", "--table", "true", file }, { columns = columns })
      local status, screen = open:finish()
      assert.equal(0, status)
      assert.truthy(screen:find("^name +n\nwide [^\n]*…      1\nshort +22222\n"), screen)
      for line in screen:gmatch "[^\n]+" do
        if line:find "^wide" then assert.equal(columns, utf8.len(line)) end
      end
    end)
  end
end)

describe("--count", function()
  it("writes the number of rows that pass", function()
    assert.equal("3\n", written(ROWS, "--count"))
    assert.equal("0\n", written("", "--count"))
    local result = shell.sluice({ "filter", "--count", "a", }, { input = ROWS })
    assert.equal("2\n", result.out)
  end)

  it("writes nothing if the worker fails", function()
    local worker = shell.file([[return { name = "w", exports = { x = function(_, emit) emit:row("r", 1) error "no luck" end } }]], "w.lua")
    local result = shell.sluice { "filter", "--count", "true", "--", worker }
    assert.equal(1, result.status)
    assert.equal("", result.out)
  end)

  it("is refused together with options for rows that are written", function()
    refused(2, "--count and --tail: expected only one of them, as --count writes no rows", ROWS, "--count", "--tail", "1")
    refused(2, "--count and --csv: expected only one of them", ROWS, "--count", "--csv")
    refused(2, "--table and --csv: expected only one of them", ROWS, "--csv", "--table")
  end)
end)

describe("--limit", function()
  it("stops in good order", function()
    local worker = shell.file([[return { name = "w", exports = { x = function(_, emit)
      local i = 0
      repeat i = i + 1 emit:row("r", i) until emit:stopped()
      return { sent = i }
    end } }]], "w.lua")
    local result = shell.sluice { "filter", "--limit", "3", "row.payload % 2 == 0", "--", worker }
    assert.equal(0, result.status, result.err)
    assert.equal("2\n4\n6\n", result.out)
    assert.truthy(result.err:find("stopped early, complete\n", 1, true), result.err)
  end)

  it("has no effect on fewer rows", function()
    assert.equal(ROWS, written(ROWS, "--limit", "10"))
    assert.equal("2\n", written(ROWS, "--limit", "2", "--count"))
    assert.equal("b\n\"x,y\"\n", written(ROWS, "--limit", "1", "--csv", "--fields", "b"))
  end)

  it("must be a number above 0", function()
    refused(2, '--limit: expected a positive integer, got "0"', ROWS, "--limit", "0")
    refused(2, '--limit: expected a positive integer, got "x"', ROWS, "--limit", "x")
    refused(2, "--limit and --tail: expected only one of them, for the first rows or the last", ROWS, "--limit", "1", "--tail", "1")
  end)
end)

describe("--tail", function()
  it("writes the last rows", function()
    local lines = {}
    for i = 1, 1000 do lines[i] = tostring(i) end
    local input = table.concat(lines, "\n") .. "\n"
    assert.equal("999\n1000\n", written(input, "--tail", "2"))
    assert.equal(input, written(input, "--tail", "5000"))
    assert.equal("1000\n", written(input, "--tail", "1", "--atomic"))
    assert.equal("", written("", "--tail", "1"))
  end)

  it("writes nothing unless all rows arrive", function()
    local worker = shell.file([[return { name = "w", exports = { x = function(_, emit) emit:row("r", 1) error "no luck" end } }]], "w.lua")
    local result = shell.sluice { "filter", "--tail", "1", "true", "--", worker }
    assert.equal("", result.out)
    assert.truthy(result.err:find("1 row had arrived; nothing was committed", 1, true), result.err)
  end)
end)

describe("--atomic", function()
  it("holds back every form of output", function()
    assert.equal(ROWS, written(ROWS, "--atomic"))
    assert.equal("a\n1.10\n2\nnull\n", written(ROWS, "--atomic", "--csv", "--fields", "a"))
    local result = shell.sluice({ "filter", "--atomic", "--csv", "true" }, { input = '{"a":1}\n{"z":1}\n' })
    assert.equal("", result.out)
    assert.equal(4, result.status)
  end)
end)

describe("colours", function()
  local COLOURED = '{\27[34;1m"a\\"b"\27[0m:\27[36m-1.5e3\27[0m,\27[34;1m"s"\27[0m:\27[32m"x:{"\27[0m,'
    .. '\27[34;1m"l"\27[0m:[\27[35mtrue\27[0m,\27[2mnull\27[0m]}\n'
  local PLAIN = '{"a\\"b":-1.5e3,"s":"x:{","l":[true,null]}\n'

  local function run(env) return shell.sluice({ "filter", "-q", "true" }, { input = PLAIN, env = env }).out end

  it("are for terminals, or if CLICOLOR_FORCE is set", function()
    assert.equal(PLAIN, run {})
    assert.equal(COLOURED, run { CLICOLOR_FORCE = "1" })
    assert.equal(PLAIN, run { CLICOLOR_FORCE = "0" })
    assert.equal(PLAIN, run { CLICOLOR_FORCE = "1", NO_COLOR = "1" })
  end)

  it("are used on a terminal, unless NO_COLOR is set", function()
    local file = shell.file(PLAIN, "a.jsonl")
    open = terminal.open({ paths.sluice, "filter", "-q", "true", file })
    open:finish()
    assert.truthy(open:screen("-e"):find("\27[36m-1.5e3", 1, true), open:screen("-e"))
    open:close()
    open = terminal.open({ paths.sluice, "filter", "-q", "true", file }, { env = { NO_COLOR = "1" } })
    open:finish()
    assert.truthy(open:screen("-e"):find(PLAIN, 1, true))
  end)
end)
