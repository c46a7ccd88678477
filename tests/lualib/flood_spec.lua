--- Limits on the display of a worker's output.
local flood = require "sluice.internal.cli.flood"
local paths = require "support.paths"
local shell = require "support.shell"
local system = require "system"

after_each(shell.forget)

describe("a flood", function()
  local line = ("x"):rep(1023)

  local function shown(f, count, now)
    local n = 0
    for _ = 1, count do
      if f:takes(line, now) then n = n + 1 end
    end
    return n
  end

  it("is shown up to a burst, then a second's worth at a time", function()
    local f = flood.new()
    assert.equal(1024 * 1024 // 1023, shown(f, 3000, 0))
    assert.equal(0, shown(f, 1000, 0.9))
    local words, last = f:gap()
    assert.matches("^2,975 lines of the worker's output %(2%.9 MiB%) omitted; at most 128 KiB a second are shown", words)
    assert.equal(10, #last)
    assert.is_nil(f:gap())
  end)

  it("continues when there is room for a second's worth", function()
    local f = flood.new()
    shown(f, 3000, 0)
    assert.equal(0, shown(f, 10, 0.5))
    assert.equal(10, shown(f, 10, 1.5))
  end)

  it("never holds back a trickle", function()
    local f = flood.new()
    for second = 0, 10000 do assert.is_true(f:takes(line, second / 100)) end
  end)
end)

describe("a worker that floods standard error", function()
  local FLOOD = [[echo '{}'; yes "a line that says little" | head -c 4000000 >&2; echo the last line >&2]]

  --- The most bytes that may be shown in so many seconds, and one line more.
  local function most(seconds) return (1024 + 128 * (seconds + 1)) * 1024 + #FLOOD end

  it("does not flood ours, which ends with its last line", function()
    local words = shell.line { paths.sluice, "filter", "--lines", "true", "--", "sh", "-c", FLOOD }
    local begun = system.monotime()
    local result = shell.run { "sh", "-c", words .. " 2>&1 >/dev/null | cat >&2" }
    local allowed, _, lines = most(system.monotime() - begun), result.err:gsub("a line that says little\n", "")
    assert.is_true(lines * #"a line that says little\n" <= allowed, lines)
    if allowed < 4000000 then -- on a machine that slow nothing is left out
      assert.matches("\nsluice: [%d,]+ lines of the worker's output %([%d.]+ MiB%) omitted", result.err)
    end
    assert.matches("the last line\n", result.err)
    assert.matches("\nsluice: 1 row in [^\n]+, complete\n$", result.err)
  end)

  it("is written to a file in full", function()
    local result = shell.sluice { "filter", "--lines", "true", "--", "sh", "-c", FLOOD }
    assert.is_true(#result.err > 4000000, "all of it")
    assert.is_nil(result.err:find "left out")
  end)

  it("is passed to a handler in full", function()
    local policy = shell.file([[
      local bytes = 0
      return { on_row = function() end, on_diagnostic = function(d) bytes = bytes + #d.message + 1 end,
        on_summary = function() print(bytes) end }]], "p.lua")
    local result = shell.sluice { "run", "--lines", policy, "--", "sh", "-c", FLOOD }
    assert.equal("", result.err:gsub("^sluice: 1 row[^\n]*\n$", ""))
    assert.equal(4000000 + #"the last line\n", math.tointeger(tonumber(result.out)))
  end)
end)
