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

  it("has the system's message for an errno", function()
    local err = probe.error("sink", "cannot write out.jsonl", 28)
    assert.equal("No space left on device", err.os)
    assert.equal("ENOSPC", err.errno)
    assert.equal("sink: cannot write out.jsonl: No space left on device", tostring(err))
  end)

  it("is one line with the place as a string", function()
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
    assert.equal("{}", probe.to_error({}, "policy").message)
    assert.equal('{ a = 1, b = "two\\x0a" }', probe.to_error({ b = "two\n", a = 1 }, "policy").message)
    assert.equal("{ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, … }",
      probe.to_error({ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17 }, "policy").message)
  end)

  it("with null for what Lua calls a userdata", function()
    local null = probe.json.null
    local function said(f) return (probe.to_error(select(2, pcall(f)), "policy").message:gsub("^.-:%d+: ", "")) end
    assert.equal("attempt to index a null value (local 'null')", said(function() local null = null; return null.x end))
    assert.equal("attempt to call a null value (upvalue 'null')", said(function() return null() end))
    assert.equal("attempt to perform arithmetic on a null value (upvalue 'null')", said(function() return null + 1 end))
    assert.equal("attempt to add a 'string' with a 'null'", said(function() return "1" + null end))
    assert.equal("attempt to concatenate a null value (upvalue 'null')", said(function() return "a" .. null end))
    assert.equal("attempt to get length of a null value (upvalue 'null')", said(function() return #null end))
    assert.equal("attempt to compare null with number", said(function() return null < 1 end))
    assert.equal("attempt to compare number with null", said(function() return 1 <= null end))
    assert.equal("attempt to compare two null values", said(function() return null < null end))
    assert.equal("bad argument #1 to 'upper' (string expected, got null)", said(function() return string.upper(null) end))
    assert.equal("bad 'for' limit (number expected, got null)", said(function() for _ = 1, null do end end))
    assert.equal("userdata is a word", said(function() error "userdata is a word" end))
    assert.equal("policy", probe.to_error({ kind = "unknown kind" }, "policy").kind)
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

  it("on one line, truncated and printable", function()
    local err = probe.to_error("one\ntwo\t\0\xff" .. ("é"):rep(1000), "sink")
    assert.equal("one two \\x00\\xff", err.message:sub(1, 16))
    assert.is_true(#err.message < 512)
    assert.truthy(utf8.len(err.message))
    assert.equal("…", err.message:sub(-3))
  end)
end)
