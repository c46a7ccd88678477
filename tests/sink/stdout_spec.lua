--- stdout.new: rows on standard output. Each case runs in a process of its own.
local core = require "sluice.core"
local paths = require "support.paths"
local shell = require "support.shell"
local support = require "sink.support"
local terminal = require "support.terminal"

after_each(shell.forget)

local PROGRAM = [[
  local script = require "script.support"
  local sink = require("sluice.sink.stdout").new(%s)
  local rows = assert(require("sluice.core").json.decode(%q))
  local function check(ok, err)
    if ok then return end
    io.stderr:write(tostring(err), " ", tostring(err.errno), "\n")
    sink:rollback()
    script.shutdown()
    os.exit(1)
  end
  check(sink:begin { streams = { "rows" }, name = "sink", schema = %s })
  local handlers = sink.taker and { taker = sink.taker } or { on_row = function(row) check(sink:write(row)) end }
  local summary, failure = script.run(rows, { default = handlers })
  check(summary, failure)
  if %s then
    check(sink:prepare {})
    check(sink:commit())
  else
    assert(sink:rollback() and sink:rollback())
  end
  script.shutdown()
]]

--- The command line of a process that writes these texts to the sink.
local function words(options, texts, more)
  more = more or {}
  local rows = {}
  for i, text in ipairs(texts) do rows[i] = { "rows", text } end
  return { paths.lua, "-e", PROGRAM:format(options, assert(core.json.encode(core.json.array(rows))),
    more.schema or "nil", tostring(not more.rollback)) }
end

local function output(options, texts, more)
  local result = shell.run(words(options, texts, more), more)
  assert.same({ 0, "" }, { result.status, result.err })
  return result.out
end

describe("stdout.new", function()
  it("writes JSON lines without a terminal", function()
    assert.equal('{"a": 1}\n2\n', output("", { '{"a":\n1}', "2" }))
  end)

  it("is live: what is rolled back has already been written", function()
    assert.equal("1\n", output("", { "1" }, { rollback = true }))
  end)

  it("holds everything back until commit when it is atomic", function()
    assert.equal("1\n2\n", output("{ atomic = true }", { "1", "2" }))
    assert.equal("", output("{ atomic = true }", { "1" }, { rollback = true }))
    assert.equal("a\n1\n", output('{ atomic = true, format = "table" }', { '{"a":1}' }))
    assert.equal("", output('{ atomic = true, format = "table", window = 1 }', { '{"a":1}' }, { rollback = true }))
  end)

  it("fails at prepare if the output is full, and at commit if it is atomic", function()
    for options, kind in pairs { [""] = "sink", ["{ atomic = true }"] = "commit", ['{ format = "table" }'] = "sink" } do
      local result = shell.run(words(options, { '{"a":1}' }), { redirect = ">/dev/full" })
      assert.equal(1, result.status)
      assert.equal(kind .. ": cannot write to standard output: No space left on device ENOSPC\n", result.err)
    end
  end)

  it("raises at the caller's line if a step is out of order or an option is invalid", function()
    local stdout = require "sluice.sink.stdout"
    local sink = stdout.new()
    support.refuses(sink, { "write", "prepare", "commit" })
    local ok, message = pcall(function() local made = stdout.new { format = "xml" } return made end)
    assert.is_false(ok)
    assert.matches('stdout_spec.lua:%d+: stdout.new: format: expected "auto", "jsonl" or "table", got "xml"', message)
  end)
end)

describe("the table of stdout.new", function()
  local function of(texts, more, options)
    return output('{ format = "table"' .. (options or "") .. " }", texts, more)
  end

  it("is aligned, numbers to the right, columns in the order of the fields", function()
    assert.equal(table.concat {
      "name   line   size\n",
      "f         1      2\n",
      "g.h.i  1000  -10.5\n",
    }, of { '{"name":"f","line":1,"size":2}', '{"line":1000,"name":"g.h.i","size":-10.5}' })
  end)

  it("uses the named columns, or the schema's", function()
    local rows = { '{"a":1,"b":2,"c":3}' }
    assert.equal("c  a\n3  1\n", of(rows, nil, ', columns = { "c", "a" }'))
    assert.equal("b\n2\n", of(rows, { schema = '{ fields = { { name = "b" } } }' }))
  end)

  it("shows null, absent and nested values, and rows that are not objects", function()
    assert.equal(table.concat {
      "a     b    payload\n",
      "null  [1]\n",
      "x\n",
      "           7\n",
    }, (of { '{"a":null,"b":[1]}', '{"a":"x"}', "7" }:gsub(" +7", "           7")))
  end)

  it("shows control characters as escapes, and counts wide characters", function()
    assert.equal("a           b\n\\x1B[31m\\n  x\n日本        y\n",
      (of { [[{"a":"\u001b[31m\n","b":"x"}]], '{"a":"日本","b":"y"}' }))
  end)

  it("is truncated to the width", function()
    for line in of({ ('{"a":"%s","b":"short","c":12}'):format(("x"):rep(200)) }, nil, ", width = 40"):gmatch "[^\n]+" do
      assert.is_true(utf8.len(line) <= 40, line)
    end
    local text = of({ '{"a":"short"}', '{"a":"much longer than that"}' }, nil, ", width = 40, window = 1")
    assert.equal("a\nshort\nmuch…\n", text)
  end)

  it("names the fields of later rows that have no column", function()
    assert.equal("a\n1\n2\n(not shown: b, c)\n", of({ '{"a":1}', '{"a":2,"c":0,"b":0}' }, nil, ", window = 1"))
  end)

  it("is empty without rows", function()
    assert.equal("", of {})
  end)

  it("is the default on a terminal", function()
    local screen = terminal.open(words("", { '{"name":"日本語","n":1}', '{"name":"x","n":22}' }), {
      columns = 40, env = { LUA_PATH = package.path, LUA_CPATH = package.cpath, LANG = "C.UTF-8" },
    })
    local ok, err = pcall(function()
      local status, text = screen:finish()
      assert.equal(0, status)
      assert.matches("name     n\n日本語   1\nx       22\n", text, 1, true)
    end)
    screen:close()
    assert(ok, err)
  end)
end)
