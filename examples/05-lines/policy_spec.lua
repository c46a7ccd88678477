-- Tests how matches.lua handles the messages of rg, without rg:
--
--   busted --lua=lua5.4 policy_spec.lua
local test = require "sluice.test"

local function match(file) return { type = "match", data = { path = { text = file }, line_number = 1 } } end

describe("matches.lua", function()
  it("counts the matches of each file, in the order of the files", function()
    local result = test.run("matches.lua", test.rows { match = { match "b.c", match "b.c", match "a.c" } })
    assert(result.success, tostring(result))
    assert.equal("     2  b.c\n     1  a.c\n", result.printed)
  end)

  it("drops all other messages", function()
    local result = test.run("matches.lua", test.rows { begin = { { type = "begin" } }, summary = { { type = "summary" } } })
    assert.equal(2, result.dropped)
    assert.equal("", result.printed)
  end)
end)
