--- Errors as Lua objects.
local support = require "json.support"
local probe = support.probe

describe("an error object", function()
  it("has the kind, the message and the details by their names", function()
    local err = probe.error("frame_too_large", "row exceeds the frame cap", nil,
                            { stream = "rows", sequence = 0, size = 70000, limit = 65536 })
    assert.equal("frame_too_large", err.kind)
    assert.equal("row exceeds the frame cap", err.message)
    assert.equal("rows", err.stream)
    assert.equal(0, err.sequence)
    assert.equal(65536, err.limit)
    assert.is_nil(err.line)
    assert.is_nil(err.os)
  end)

  it("has the system's words for an errno", function()
    local err = probe.error("sink", "cannot write out.jsonl", 28)
    assert.equal("No space left on device", err.os)
    assert.equal("ENOSPC", err.errno)
    assert.equal("sink: cannot write out.jsonl: No space left on device", tostring(err))
  end)

  it("reads as one line that says where", function()
    local err = probe.error("row_invalid", "line must be an integer", nil, { stream = "rows", sequence = 4, size = 9 })
    assert.equal("row_invalid: line must be an integer (stream rows, sequence 4)", tostring(err))
  end)

  it("does not repeat what the message says", function()
    local err = probe.error("row_invalid", "stream rows, sequence 4: no", nil, { stream = "rows", sequence = 4, line = 4 })
    assert.equal("row_invalid: stream rows, sequence 4: no (line 4)", tostring(err))
  end)

  it("can be printed after a script emptied it", function()
    local err = probe.error("sink", "x")
    err.kind, err.message = nil, nil
    assert.equal("error", tostring(err))
    err.message, err.stream = {}, false
    assert.equal("error", tostring(err))
  end)
end)

describe("a raised value becomes an error", function()
  it("of its own kind, with its details, when it is an error object", function()
    local err = probe.error("frame_too_large", "too large", 28, { stream = "rows", sequence = 3, text = "abc", handler = "on_row" })
    local again = probe.to_error(err, "policy")
    for _, key in ipairs { "kind", "message", "os", "errno", "stream", "sequence", "text", "handler" } do
      assert.equal(err[key], again[key])
    end
  end)

  it("of the given kind otherwise, with its text", function()
    local err = probe.to_error("x.lua:3: bad row", "policy")
    assert.equal("policy", err.kind)
    assert.equal("x.lua:3: bad row", err.message)
  end)

  it("when it is nil, a number, a boolean or a table", function()
    assert.equal("nil", probe.to_error(nil, "policy").message)
    assert.equal("42", probe.to_error(42, "policy").message)
    assert.equal("false", probe.to_error(false, "policy").message)
    assert.truthy(probe.to_error({}, "policy").message:find("^table: "))
    assert.equal("policy", probe.to_error({ kind = "no such kind" }, "policy").kind)
    assert.equal("policy", probe.to_error({ kind = 7 }, "policy").kind)
  end)

  it("by its __tostring", function()
    local value = setmetatable({}, { __tostring = function() return "words" end })
    assert.equal("words", probe.to_error(value, "policy").message)
  end)

  it("even when its __tostring fails, or returns no string", function()
    local failing = setmetatable({}, { __tostring = function() error("no") end })
    local wrong = setmetatable({}, { __tostring = function() return {} end })
    for _, value in ipairs { failing, wrong } do
      assert.equal("an error that cannot describe itself (a table)", probe.to_error(value, "policy").message)
    end
  end)

  it("even when its fields would raise", function()
    local value = setmetatable({}, { __index = function() error("no") end })
    assert.equal("policy", probe.to_error(value, "policy").kind)
  end)

  it("on one line, cut, and printable", function()
    local err = probe.to_error("one\ntwo\t\0\xff" .. ("é"):rep(1000), "sink")
    assert.equal("one two \\x00\\xff", err.message:sub(1, 16))
    assert.is_true(#err.message < 512)
    assert.truthy(utf8.len(err.message))
    assert.equal("…", err.message:sub(-3))
  end)
end)
