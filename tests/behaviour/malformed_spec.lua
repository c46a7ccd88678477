-- What is not a row is never delivered, and the failure names the fault and its
-- place.
local behaviour = require "support.behaviour"
local json = require "sluice".json

-- An envelope, and the words that name its fault.
local ENVELOPES = {
  ["without a stream"] = { { payload = 1 }, 'a row has no "stream"' },
  ["with an empty stream"] = { { stream = "", payload = 1 }, 'a row\'s "stream" is empty' },
  ["whose stream is a number"] = { { stream = 7, payload = 1 }, '"stream": expected a string, got' },
  ["without a payload"] = { { stream = "rows" }, 'a row has no "payload"', stream = "rows" },
  ["that is empty"] = { json.decode "{}", "an empty envelope" },
  ["that is a list"] = { { 1, 2 }, "an envelope: expected an object, got" },
  ["that is a text"] = { "row", "an envelope: expected an object, got" },
  ["that mixes a row and a diagnostic"] = {
    { stream = "rows", payload = 1, diagnostic = { code = "c", message = "m" } }, "a mixed envelope" },
  ["that mixes metadata and progress"] = {
    { metadata = 1, progress = { phase = "p", current = 1 } }, "a mixed envelope" },
  ["with a member that nobody knows"] = {
    { stream = "rows", payload = 1, sequence = 3 }, 'an envelope has an unknown member "sequence"' },
  ["whose diagnostic has no message"] = { { diagnostic = { code = "c" } }, 'a diagnostic has no "message"' },
  ["whose diagnostic is a text"] = { { diagnostic = "oops" }, "a diagnostic: expected an object, got" },
  ["whose progress has no count"] = { { progress = { phase = "p" } }, 'a progress message has no "current"' },
  ["whose progress counts backwards"] = {
    { progress = { phase = "p", current = -1 } }, '"current": expected a non-negative integer' },
  ["whose progress counts in halves"] = {
    { progress = { phase = "p", current = 1.5 } }, '"current": expected a non-negative integer' },
}

local FIRST = 'row rows 0 "good"'

local function check(seen, words, fields)
  local failure = behaviour.failed("row_malformed", seen)
  assert.same({ FIRST, "failure row_malformed" }, seen.events)
  behaviour.says(failure.message, words)
  for name, value in pairs(fields or {}) do assert.equal(value, failure[name]) end
  return failure
end

describe("an envelope of a shared library", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  for name, case in pairs(ENVELOPES) do
    it(name .. " is row_malformed; rows before it are kept, and none after it is delivered", function()
      local worker = behaviour.spawn "bad_envelopes.so"
      check(behaviour.run(worker, "given", case[1]), case[2], { stream = case.stream })
      behaviour.serves_on(worker, 1, "given", { stream = "rows", payload = 1 })
    end)
  end

  it("with a duplicate member is row_malformed", function()
    local worker = behaviour.spawn "bad_envelopes.so"
    local request = '{"stream":"rows","stream":"other","payload":1}'
    local run = worker.handle:begin {
      type = "rows", export = "given", json = request, default = { on_row = function() end },
    }
    assert.is_not_nil(run)
    local summary, failure = worker.handle:wait()
    assert.is_nil(summary)
    assert.equal("row_malformed", failure.kind)
    behaviour.says(failure.message, '"stream" twice')
  end)

  it("with trailing bytes is row_malformed", function()
    local failure = check(behaviour.run(behaviour.spawn "bad_envelopes.so", "trailing_bytes"), "")
    assert.is_number(failure.offset)
  end)

  it("that is not UTF-8 is row_malformed", function()
    check(behaviour.run(behaviour.spawn "bad_envelopes.so", "invalid_utf8"), "UTF-8")
  end)

  it("without any bytes is row_malformed", function()
    check(behaviour.run(behaviour.spawn "bad_envelopes.so", "empty"), "")
  end)

  it("over the frame cap is frame_too_large, with stream and sequence", function()
    local worker = behaviour.spawn "bad_envelopes.so"
    local seen = behaviour.run(worker, "large", 2 * 1024 * 1024)
    local failure = behaviour.failed("frame_too_large", seen)
    assert.same({ FIRST, "failure frame_too_large" }, seen.events)
    assert.equal("rows", failure.stream)
    assert.equal(1, failure.sequence)
    assert.equal(1024 * 1024, failure.limit)
    behaviour.serves_on(worker, 1, "given", { stream = "rows", payload = 1 })
  end)
end)

local GOOD = [['"good"\n']]

describe("a line of a command", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  local function run(rest, options)
    local worker = behaviour.shell("printf " .. GOOD .. "; " .. rest, options)
    return behaviour.run(worker), worker
  end

  it("that is not JSON is row_malformed with its number and its text", function()
    local seen, worker = run [[echo 'once upon a time'; echo '"never"']]
    local failure = check(seen, "line 2", { line = 2, stream = "rows" })
    behaviour.says(failure.text or failure.message, "once upon a time")
    assert.equal(1, worker:info().generation)
  end)

  it("is counted together with blank lines, which are not rows", function()
    check(run [[echo; echo '  '; echo oops]], "line 4", { line = 4 })
  end)

  it("with a second value is row_malformed", function()
    check(run [[echo '1 2']], "line 2", { line = 2 })
  end)

  it("that is not UTF-8 is row_malformed", function()
    check(run [[printf '"\377"\n']], "line 2", { line = 2 })
  end)

  it("truncated by the end of the output is row_malformed", function()
    check(run [[printf '{"half":']], "line 2", { line = 2 })
  end)

  it("without a newline at the end of the output is a row", function()
    local seen = run [[printf '"last"']]
    behaviour.succeeded(seen)
    assert.same({ FIRST, 'row rows 1 "last"', "summary" }, seen.events)
  end)

  it("that ends in CR LF is a row without them", function()
    local seen = run [[printf '2\r\n3\r\n']]
    behaviour.succeeded(seen)
    assert.same({ '"good"', "2", "3" }, seen.rows)
  end)

  it("over the frame cap is frame_too_large with its number", function()
    local seen, worker = run([[head -c 70000 /dev/zero | tr '\0' 1; echo]], { max_frame = "64KiB" })
    local failure = behaviour.failed("frame_too_large", seen)
    assert.same({ FIRST, "failure frame_too_large" }, seen.events)
    assert.equal(2, failure.line)
    assert.equal(64 * 1024, failure.limit)
    assert.equal(1, worker:info().generation)
  end)

  it("that never ends is frame_too_large, and is not kept", function()
    local seen = run([[exec cat /dev/zero | tr '\0' 1]], { max_frame = "64KiB" })
    local failure = behaviour.failed("frame_too_large", seen)
    assert.equal(2, failure.line)
  end)

  it("goes to the stream that the option names", function()
    local seen = run("echo 2", { stream = "numbers" })
    behaviour.succeeded(seen)
    assert.same({ 'row numbers 0 "good"', "row numbers 1 2", "summary" }, seen.events)
  end)
end)

describe("an envelope on a line", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  local function run(rest)
    local good = [[echo '{"stream":"rows","payload":"good"}'; ]]
    return behaviour.run(behaviour.shell(good .. rest, { envelopes = true }))
  end

  for name, case in pairs(ENVELOPES) do
    it(name .. " is row_malformed with the line's number", function()
      local line = json.encode(case[1]):gsub("'", [['\'']])
      local failure = check(run(("echo '%s'; echo '{\"stream\":\"rows\",\"payload\":1}'"):format(line)), case[2],
        { line = 2, stream = case.stream })
      behaviour.says(failure.message, "line 2")
    end)
  end

  it("that is truncated is row_malformed with the line's number", function()
    check(run [[echo '{"stream":"rows","payload":']], "line 2", { line = 2 })
  end)

  it("gives rows, diagnostics, progress and metadata when it is correct", function()
    local seen = run [[
      echo '{"diagnostic":{"code":"c","message":"m"}}'
      echo '{"progress":{"phase":"p","current":1,"total":2}}'
      echo '{"metadata":{"a":1}}'
      echo '{"payload":null,"stream":"other"}'
    ]]
    local summary = behaviour.succeeded(seen)
    assert.same({ FIRST, "diagnostic c: m", "progress p 1/2", "row other 0 null", "summary" }, seen.events)
    assert.same({ a = 1 }, summary.metadata)
  end)
end)

describe("a row that a Lua worker emits incorrectly", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  local KINDS = {
    no_json = "row_malformed", two_values = "row_malformed", not_utf8 = "row_malformed",
    nan = "row_malformed", mixed_keys = "row_malformed", cycle = "row_malformed",
    empty_stream = "row_malformed", no_stream = "export_failed", no_payload = "export_failed",
    no_colon = "export_failed", negative_progress = "export_failed",
  }

  for export, kind in pairs(KINDS) do
    it(("(%s) is %s at the line of the worker's file"):format(export, kind), function()
      local worker = behaviour.spawn "misuses_emit.lua"
      local seen = behaviour.run(worker, export)
      local failure = behaviour.failed(kind, seen)
      assert.same({ "failure " .. kind }, seen.events)
      assert.is_truthy(failure.message:find "misuses_emit%.lua:%d+: ", failure.message)
      behaviour.serves_on(worker, 1, "keep")
    end)
  end

  it("names stream and sequence", function()
    local seen = behaviour.run(behaviour.spawn "misuses_emit.lua", "handled")
    behaviour.succeeded(seen)
    local json_of_it = json.decode(seen.rows[2])
    assert.same({ ok = false, kind = "row_malformed", stream = "rows", sequence = 1 }, json_of_it)
  end)
end)

describe("a row of a native worker that is not JSON", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  for name, text in pairs { words = "oops", empty = "", half = "[1,", two = "1 2" } do
    it(("(%s) is row_malformed with stream and sequence"):format(name), function()
      local seen = behaviour.run(behaviour.spawn "wellbehaved", "raw", text)
      local failure = behaviour.failed("row_malformed", seen)
      assert.same({ "failure row_malformed" }, seen.events)
      assert.equal("rows", failure.stream)
      assert.equal(0, failure.sequence)
    end)
  end
end)
