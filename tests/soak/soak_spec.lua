--- tests/soak/soak.lua, for half a minute: `make soak` is the thorough one.
local paths = require "support.paths"
local shell = require "support.shell"

after_each(shell.forget)

describe("a long run", function()
  it("has flat memory, flat descriptors and no zombies", function()
    if paths.sanitized then return end -- a sanitizer's own memory grows
    local result = shell.run({ paths.lua, paths.file "soak/soak.lua", "25" }, { seconds = 120 })
    assert.equal(0, result.status, result.out .. result.err)
    assert.matches("cycling workers +%d+ KiB", result.out)
  end)
end)
