--- jsonl.file: rows as JSON lines.
local jsonl = require "sluice.sink.jsonl"
local paths = require "support.paths"
local shell = require "support.shell"
local support = require "sink.support"

after_each(shell.forget)
teardown(support.shutdown)

describe("jsonl.file", function()
  local dir, read, list

  before_each(function() dir, read, list = support.directory() end)

  it("writes the exact text of each row on a line", function()
    support.fill(jsonl.file(dir .. "/a"), { '{"a":\n1}', " 1e400", '"\\u0000"' })
    assert.equal('{"a": 1}\n 1e400\n"\\u0000"\n', read "a")
    assert.same({ "a" }, list())
  end)

  it("takes rows one by one as well as through its writer", function()
    local sink = jsonl.file(dir .. "/a")
    assert(sink:begin(support.context()))
    local writer = sink.taker
    sink.taker = nil
    sink.write = function(_, row) return writer:row(row) end
    assert(support.write(sink, { "1", "2" }))
    assert(sink:prepare({}))
    assert(sink:commit())
    assert.equal("1\n2\n", read "a")
  end)

  it("creates an empty file without rows", function()
    support.fill(jsonl.file(dir .. "/a"), {})
    assert.equal("", read "a")
  end)

  it("can be used again after a commit and after a rollback", function()
    local sink = jsonl.file(dir .. "/a")
    support.fill(sink, { "1" })
    assert(sink:begin(support.context()))
    assert(support.write(sink, { "2" }))
    for _ = 1, 2 do assert.is_true(sink:rollback()) end
    assert.equal("1\n", read "a")
    support.fill(sink, { "3" })
    assert.equal("3\n", read "a")
    assert.same({ "a" }, list())
  end)

  it("has a writer only while it is written to", function()
    local sink = jsonl.file(dir .. "/a")
    assert.is_nil(sink.taker)
    assert(sink:begin(support.context()))
    assert.is_userdata(sink.taker)
    assert(sink:prepare({}))
    assert.is_nil(sink.taker)
    sink:rollback()
  end)

  it("appends whole lines, even to a file whose last line is incomplete", function()
    shell.write(dir .. "/a", '{"torn":')
    local sink = jsonl.file(dir .. "/a", { append = true })
    support.fill(sink, { "1" })
    support.fill(sink, { "2" })
    assert.equal('{"torn":\n1\n2\n', read "a")
  end)

  it("compresses if the name ends in .gz, or on request", function()
    support.fill(jsonl.file(dir .. "/a.gz"), { "1", "2" })
    support.fill(jsonl.file(dir .. "/b", { gzip = 9 }), { "1", "2" })
    support.fill(jsonl.file(dir .. "/c.gz", { gzip = false }), { "1", "2" })
    assert.equal("1\n2\n", support.gunzip(dir .. "/a.gz"))
    assert.equal("1\n2\n", support.gunzip(dir .. "/b"))
    assert.equal("1\n2\n", read "c.gz")
  end)

  it("writes the same compressed file for the same rows", function()
    support.fill(jsonl.file(dir .. "/a.gz"), { "1", "2" })
    local first = read "a.gz"
    support.fill(jsonl.file(dir .. "/a.gz"), { "1", "2" })
    assert.equal(first, read "a.gz")
  end)

  it("appends to a compressed file, even without a line break at its end", function()
    local sink = jsonl.file(dir .. "/a.gz", { append = true })
    support.fill(sink, { "1" })
    support.fill(sink, { "2" })
    os.execute(("printf torn | gzip >>%s/a.gz"):format(dir))
    support.fill(sink, { "3" })
    assert.equal("1\n2\ntorn\n3\n", support.gunzip(dir .. "/a.gz"))
  end)

  it("does not append to a file that is not gzip, or is damaged or truncated", function()
    local sink = jsonl.file(dir .. "/a.gz", { append = true })
    shell.write(dir .. "/a.gz", "plain\n")
    assert.matches("not compressed by gzip", support.fails(sink, { "1" }).message)
    assert.equal("plain\n", read "a.gz")
    os.execute(("seq 100000 | gzip >%s/whole; head -c 1000 %s/whole >%s/a.gz"):format(dir, dir, dir))
    assert.matches("cut off", support.fails(sink, { "1" }).message)
    os.execute(("{ head -c 2000 %s/whole; echo damage; tail -c 2000 %s/whole; } >%s/a.gz"):format(dir, dir, dir))
    assert.matches("damaged", support.fails(sink, { "1" }).message)
    assert.same({ "a.gz", "whole" }, list())
  end)

  it("reports that it cannot write before any row is requested", function()
    local ok, err = jsonl.file(dir .. "/none/a"):begin(support.context())
    assert.same({ nil, "sink", "ENOENT" }, { ok, err.kind, err.errno })
  end)

  it("refuses options at the caller's line", function()
    for _, case in ipairs {
      { { 5 }, "jsonl.file: expected the name of a file, got 5" },
      { { "" }, "expected the name of a file" },
      { { "a", 5 }, "expected a table of options, got 5" },
      { { "a", { apend = true } }, "apend: unknown key; did you mean append" },
      { { "a", { append = 1 } }, "append: expected true or false, got 1" },
      { { "a", { gzip = 10 } }, "gzip: expected true, false, or a level from 1 to 9, got 10" },
    } do
      local ok, message = pcall(function() local sink = jsonl.file(table.unpack(case[1])) return sink end)
      assert.is_false(ok)
      assert.matches("^[^\n]*jsonl_spec.lua:%d+: ", message)
      assert.matches(case[2], message, 1, true)
    end
  end)

  it("raises if a step is out of order, at the caller's line", function()
    local sink = jsonl.file(dir .. "/a")
    support.refuses(sink, { "write", "prepare", "commit" })
    assert(sink:begin(support.context()))
    support.refuses(sink, { "commit" })
    assert(sink:prepare({}))
    support.refuses(sink, { "write", "prepare" })
    assert.is_true(sink:rollback())
  end)

  it("is rolled back at the end of its scope", function()
    do
      local sink <close> = jsonl.file(dir .. "/a")
      assert(sink:begin(support.context()))
    end
    assert.same({}, list())
  end)

  it("leaves no descriptor behind", function()
    local behaviour = require "support.behaviour"
    local before = behaviour.descriptors()
    support.fill(jsonl.file(dir .. "/a.gz", { append = true }), {})
    support.fill(jsonl.file(dir .. "/a.gz", { append = true }), {})
    jsonl.file(dir .. "/none/a"):begin(support.context())
    local sink = jsonl.file(dir .. "/a")
    assert(sink:begin(support.context()))
    assert(sink:rollback())
    support.shutdown()
    assert.same({}, { #behaviour.descriptors() > #before or nil })
  end)

  it("works in the command", function()
    local result = shell.sluice { "run", paths.file "sink/fills.lua", "--arg", "gzip", "--arg", dir .. "/a", "--arg", "1000", "--arg", "7" }
    assert.equal(0, result.status, result.err)
    local _, lines = support.gunzip(dir .. "/a"):gsub("\n", "")
    assert.equal(1000, lines)
  end)
end)
