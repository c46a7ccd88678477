--- tests/crash/files.lua, with few kills: `make crash` is the thorough one.
local paths = require "support.paths"
local shell = require "support.shell"

after_each(shell.forget)

describe("a file that a sink writes", function()
  it("is old or complete wherever SIGKILL hits the runner", function()
    local kills = paths.sanitized and "4" or "20"
    local result = shell.run({ paths.lua, paths.file "crash/files.lua", kills }, { seconds = 240 })
    assert.equal("", result.err)
    assert.equal(0, result.status)
    assert.matches("append%-gzip +%d+ kills", result.out)
  end)
end)
