--- memory.new: rows that are visible only after commit.
local memory = require "sluice.sink.memory"
local support = require "sink.support"

teardown(support.shutdown)

describe("memory.new", function()
  it("has rows after commit, and not before", function()
    local sink = memory.new()
    assert.is_nil(sink.rows)
    assert(sink:begin(support.context()))
    assert(support.write(sink, { '{"a":1}', "2" }))
    assert(sink:prepare({}))
    assert.is_nil(sink.rows)
    assert(sink:commit())
    assert.same({ 1, "2", 1 }, { sink.rows[1].payload.a, sink.rows[2].raw, sink.rows[2].sequence })
  end)

  it("discards what is rolled back, and keeps what was committed before", function()
    local sink = memory.new()
    support.fill(sink, { "1" })
    assert(sink:begin(support.context()))
    assert(support.write(sink, { "2" }))
    for _ = 1, 2 do assert.is_true(sink:rollback()) end
    assert.same({ 1, "1" }, { #sink.rows, sink.rows[1].raw })
    support.fill(sink, { "3", "4" })
    assert.same({ 2, "3" }, { #sink.rows, sink.rows[1].raw })
  end)

  it("raises if a step is out of order, at the caller's line", function()
    local sink = memory.new()
    support.refuses(sink, { "write", "prepare", "commit" })
    assert(sink:begin(support.context()))
    support.refuses(sink, { "commit" })
    assert(sink:prepare({}))
    support.refuses(sink, { "write" })
  end)
end)
