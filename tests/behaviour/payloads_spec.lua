-- Payloads of any JSON arrive byte for byte, up to the frame cap.
local behaviour = require "support.behaviour"
local json = require "sluice".json
local sluice = require "sluice"

local MIB = 1024 * 1024

local function texts_of(worker) return assert(worker:call "list") end

describe("a payload", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("of a Lua worker is delivered byte for byte", function()
    local worker = behaviour.spawn "payloads.lua"
    local seen = behaviour.run(worker, "texts")
    behaviour.succeeded(seen)
    assert.same(texts_of(worker), seen.rows)
  end)

  it("of a shared library is delivered byte for byte out of its envelope", function()
    local texts = texts_of(behaviour.spawn "payloads.lua")
    local worker = behaviour.spawn "bad_envelopes.so"
    for _, text in ipairs(texts) do
      local rows = {}
      assert(worker.handle:begin {
        type = "rows", export = "given", json = ('{"stream":"rows","payload":%s}'):format(text),
        default = { on_row = function(row) rows[#rows + 1] = row.raw end },
      })
      assert(worker.handle:wait())
      -- White space around a value is not part of it.
      assert.same({ '"good"', text:match "^%s*(.-)%s*$", '"good"' }, rows)
    end
  end)

  it("on a line of a command is delivered byte for byte", function()
    local texts = {}
    for i, text in ipairs(texts_of(behaviour.spawn "payloads.lua")) do texts[i] = text:gsub("\n", "") end
    local path = behaviour.write(behaviour.path(), table.concat(texts, "\n") .. "\n")
    local seen = behaviour.run(behaviour.spawn({ "cat", path }, { lines = true }))
    behaviour.succeeded(seen)
    assert.same(texts, seen.rows)
  end)

  it("may be null, which is a row", function()
    local payloads = {}
    assert(behaviour.shell("echo null"):run(nil, nil, {
      on_row = function(row) payloads[#payloads + 1] = row.payload end,
    }))
    assert.same({ sluice.null }, payloads)
  end)

  it("keeps 64-bit integers exact, and the digits of larger ones", function()
    local rows = {}
    local worker = behaviour.shell [[
      echo 9007199254740993; echo 9223372036854775807; echo 1234567890123456789012345678901234567890; echo 1e400
    ]]
    assert(worker:run(nil, nil, { on_row = function(row) rows[#rows + 1] = row end }))
    assert.equal(9007199254740993, rows[1].payload)
    assert.equal(math.maxinteger, rows[2].payload)
    assert.equal("1234567890123456789012345678901234567890", tostring(rows[3].payload))
    assert.equal("1e400", tostring(rows[4].payload))
    assert.equal("1234567890123456789012345678901234567890", rows[3].raw)
    assert.equal("1e400", rows[4].raw)
  end)

  it("keeps an empty array an array, and an empty object an object", function()
    local again = {}
    assert(behaviour.shell([[echo '[]'; echo '{}'; echo '{"a":[],"b":{}}']]):run(nil, nil, {
      on_row = function(row) again[#again + 1] = json.encode(row.payload) end,
    }))
    assert.same({ "[]", "{}" }, { again[1], again[2] })
    behaviour.says(again[3], '"a":[]')
    behaviour.says(again[3], '"b":{}')
  end)

  it("gives the same for a field whether it is looked up or decoded, even if the field is a duplicate", function()
    local rows = {}
    assert(behaviour.shell([[echo '{"a":1,"a":2,"b":{"c":[10,20]}}']]):run(nil, nil, {
      on_row = function(row)
        rows[1] = row
        assert(row:get "a" == row.payload.a)
        assert(row:get "/b/c/1" == 20)
        assert(row:get "missing" == nil)
      end,
    }))
    assert.equal(rows[1].payload.a, rows[1]:get "a")
  end)

  it("may be kept, and read long after its request has ended", function()
    local worker, kept = behaviour.spawn "wellbehaved", {}
    assert(worker:run("count", 50000, { on_row = function(row) kept[#kept + 1] = row end }))
    assert(worker:run("count", 1000, { on_row = function() end }))
    worker:shutdown()
    collectgarbage()
    assert.equal(50000, #kept)
    for i = 1, #kept, 97 do
      assert.equal(i - 1, kept[i].sequence)
      assert.equal(("{\"i\":%d}"):format(i), kept[i].raw)
      assert.equal(i, kept[i]:get "i")
      assert.equal(i, kept[i].payload.i)
    end
    assert.equal("rows", kept[50000].stream)
  end)

  it("is the value of map from there on, which must be JSON", function()
    local worker = behaviour.shell "echo 1; echo 2"
    local seen = {}
    assert(worker:run(nil, nil, { streams = { rows = {
      map = function(row) return { doubled = row.payload * 2 } end,
      on_row = function(row) seen[#seen + 1] = row.raw end,
    } } }))
    assert.same({ '{"doubled":2}', '{"doubled":4}' }, seen)
    for _, bad in ipairs { print, 0 / 0, { 1, a = 2 } } do
      local summary, failure = worker:run(nil, nil, { streams = { rows = {
        map = function() return bad end,
        on_row = function() end,
      } } })
      assert.is_nil(summary)
      assert.equal("sink", failure.kind)
      assert.equal("streams.rows.map", failure.handler)
    end
  end)
end)

describe("the frame cap", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("refuses a row that is larger, with stream, sequence and size, and keeps the worker", function()
    local worker = behaviour.spawn "too_large.lua"
    local seen = behaviour.run(worker, "row", { size = MIB })
    local failure = behaviour.failed("frame_too_large", seen)
    assert.same({ '"small"' }, seen.rows)
    assert.equal("rows", failure.stream)
    assert.equal(1, failure.sequence)
    assert.equal(MIB + 2, failure.size)
    assert.equal(MIB, failure.limit)
    assert.is_truthy(failure.message:find "too_large%.lua:%d+", failure.message)
    behaviour.serves_on(worker, 1, "row", { size = 10 })
  end)

  it("lets a row of exactly its size pass", function()
    local worker = behaviour.spawn "too_large.lua"
    local seen = behaviour.run(worker, "row", { size = MIB - 2 })
    behaviour.succeeded(seen)
    assert.equal(MIB, #seen.rows[2])
  end)

  it("is an error that the worker's code can handle before it goes on", function()
    local seen = behaviour.run(behaviour.spawn "too_large.lua", "handled", { size = MIB })
    behaviour.succeeded(seen)
    assert.same({ ok = false, kind = "frame_too_large", size = MIB + 2, limit = MIB }, json.decode(seen.rows[2]))
  end)

  it("holds for a native worker that does not check its status", function()
    local worker = behaviour.spawn "wellbehaved"
    local seen = behaviour.run(worker, "large", 2 * MIB)
    local failure = behaviour.failed("frame_too_large", seen)
    assert.equal(2 * MIB, failure.size)
    assert.equal(0, failure.sequence)
    behaviour.serves_on(worker, 1, "count", 1)
  end)

  it("holds for metadata and replies", function()
    local worker = behaviour.spawn "too_large.lua"
    behaviour.failed("frame_too_large", behaviour.run(worker, "metadata", { size = MIB }))
    behaviour.call_failed("frame_too_large", worker, "reply", { size = MIB })
    behaviour.serves_on(worker, 1, "row", { size = 10 })
  end)

  it("truncates a diagnostic instead of failing", function()
    local seen = behaviour.run(behaviour.spawn "too_large.lua", "diagnostic", { size = 2 * MIB })
    behaviour.succeeded(seen)
    assert.equal(1, #seen.diagnostics)
    assert.is_true(#seen.diagnostics[1] <= MIB)
  end)

  it("holds for requests: a larger one is not sent", function()
    local worker = behaviour.spawn "counts.lua"
    local failure = behaviour.call_failed("frame_too_large", worker, "echo", ("x"):rep(MIB))
    assert.equal(MIB, failure.limit)
    assert.equal("still here", worker:call("echo", "still here"))
    assert.equal(1, worker:info().generation)
  end)

  it("is set by max_frame", function()
    local worker = behaviour.spawn("too_large.lua", { max_frame = "8MiB" })
    assert.equal(8 * MIB, worker:info().max_frame)
    local seen = behaviour.run(worker, "row", { size = 7 * MIB })
    behaviour.succeeded(seen)
    assert.equal(7 * MIB + 2, #seen.rows[2])
  end)

  it("has a minimum and a maximum", function()
    for _, size in ipairs { "63KiB", "257MiB" } do
      behaviour.says(behaviour.raised(behaviour.spawn, "counts.lua", { max_frame = size }), "expected 64KiB to 256MiB")
    end
  end)
end)

describe("a request that is null or was not given", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("is nil in a Lua worker", function()
    local worker = behaviour.spawn "no_request.lua"
    for _, request in ipairs { json.null, false } do
      assert.same({ '"nil"' }, behaviour.run(worker, "of_type", request or nil).rows)
      assert.same({ true }, assert(worker:call("back", request or nil)))
    end
    assert.same({ '"boolean"' }, behaviour.run(worker, "of_type", false).rows)
    assert.same({ '"table"' }, behaviour.run(worker, "of_type", { json.null }).rows)
  end)

  it("is named where a worker indexes it", function()
    local worker = behaviour.spawn "no_request.lua"
    for export, variable in pairs { index = "local 'request'", index_deeper = "upvalue 'wanted'" } do
      local failure = behaviour.failed("export_failed", behaviour.run(worker, export))
      assert.matches(("attempt to index a nil value (%s); no request was given"):format(variable):gsub("%p", "%%%0") .. "$", failure.message)
    end
    assert.matches("%(local 'config'%)$", behaviour.failed("export_failed", behaviour.run(worker, "index_other")).message)
    local given = behaviour.failed("export_failed", behaviour.run(worker, "index", 5))
    assert.matches("attempt to index a number value %(local 'request'%)$", given.message)
  end)
end)
