-- Tests policy.lua without its worker:
--
--   busted --lua=lua5.4 policy_spec.lua
local test = require "sluice.test"

describe("policy.lua", function()
  it("prints the greetings, and how many there were", function()
    local rows = { greetings = { { to = "Ada", text = "Hello, Ada!" }, { to = "Alan", text = "Hello, Alan!" } } }
    local result = test.run("policy.lua", test.rows(rows, { metadata = { greeted = 2 } }))
    assert(result.success, tostring(result))
    assert.equal("0\tHello, Ada!\n1\tHello, Alan!\n2 greeted\n", result.printed)
  end)

  it("does not claim a number when the worker dies", function()
    local result = test.run("policy.lua", test.rows({ greetings = { { text = "Hello!" } } }, { signal = "KILL" }))
    assert.equal("worker_exited", result.failure.kind)
    assert.equal("0\tHello!\n", result.printed)
  end)
end)
