--- Output that is held back until success.
local core = require "sluice.core"
local spool = require "sluice.internal.spool"

describe("held-back output", function()
  --- Copies a spool into a file; returns its text, or the error.
  local function copied(held)
    local path = os.tmpname()
    local file = assert(core.file { path = path })
    local ok, err = held:copy(file:writer())
    if ok then
      assert(file:prepare())
      assert(file:commit())
    else
      assert(file:rollback())
    end
    local text = ok and assert(io.open(path)):read "a"
    os.remove(path)
    return text, err
  end

  it("is copied completely, even if it is long", function()
    local held, line = assert(spool.open()), ("x"):rep(999)
    for _ = 1, 300 do assert(held:write(line, "\n")) end
    assert(held:flush())
    assert.equal((line .. "\n"):rep(300), copied(held))
    held:close()
  end)

  it("does not count as copied if it cannot be read", function()
    local held = assert(spool.open())
    held.file:close()
    held.file = assert(io.open("/proc/self/mem", "rb")) -- its first page cannot be read
    local text, err = copied(held)
    assert.is_falsy(text)
    assert.same({ "sink", "Input/output error" }, { err.kind, err.os })
    assert.matches("cannot read the temporary file", err.message)
    held:close()
  end)
end)
