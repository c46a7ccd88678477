-- Tests functions.lua and duplicates.lua without a scan and without a database:
--
--   busted --lua=lua5.4 policy_spec.lua
--
-- scan.rows is a recording of scan.lua, made by
--   sluice record scan.rows --request '{"root":"../03-c-worker","min_lines":5}' -- scan.lua
local test = require "sluice.test"

describe("functions.lua", function()
  it("keeps every function of a scan", function()
    local file = "../03-c-worker/primes.c"
    local result = test.run("functions.lua", "scan.rows", { request = { root = "../03-c-worker", min_lines = 5 } })
    assert(result.success, tostring(result))
    test.same({
      { name = "is_prime", file = file, line = 8, size = 7, hash = "3e857e5a5ec3d356" },
      { name = "below", file = file, line = 16, size = 23, hash = "974e57c6123b1e6b" },
      { name = "main", file = file, line = 40, size = 6, hash = "2ceaa9ca9ea980d0" },
    }, result.sinks["streams.functions.sink"])
  end)

  it("keeps nothing when one of them has no line", function()
    local good = { name = "f", file = "a.c", line = 1, size = 2, hash = "0" }
    local bad = { name = "g", file = "a.c", line = 0, size = 2, hash = "1" }
    local result = test.run("functions.lua", test.rows { functions = { good, bad } })
    assert.equal("row_invalid", result.failure.kind)
    assert.equal("/line", result.failure.pointer)
    test.same({}, result.sinks["streams.functions.sink"])
  end)
end)

describe("duplicates.lua", function()
  local scanned = { metadata = { functions = 3, files = 2 } }
  local function f(name, file, hash) return { name = name, file = file, line = 1, size = 4, hash = hash } end

  it("prints a function that stands in two files", function()
    local rows = { functions = { f("one", "a.c", "x"), f("two", "b.c", "x"), f("three", "b.c", "y") } }
    assert.equal([[
LINES  COPIES  FUNCTION  WHERE
    4       2  one       a.c:1
               two       b.c:1
1 of 3 functions in 2 files stand in more than one file; 4 lines could go
]], test.run("duplicates.lua", test.rows(rows, scanned)).printed)
  end)

  it("prints no function that stands twice in one file", function()
    local rows = { functions = { f("one", "a.c", "x"), f("two", "a.c", "x") } }
    assert.equal("0 of 3 functions in 2 files stand in more than one file; 0 lines could go\n",
      test.run("duplicates.lua", test.rows(rows, scanned)).printed)
  end)

  it("concludes nothing from a scan that broke off", function()
    local rows = { functions = { f("one", "a.c", "x"), f("two", "b.c", "x") } }
    local result = test.run("duplicates.lua", test.rows(rows, { failure = "disk on fire" }))
    assert.equal("disk on fire", result.failure.message)
    assert.equal("", result.printed)
  end)
end)
