--- tests/kill/kill.lua, with few kills: `make kill` is the thorough one.
local paths = require "support.paths"
local shell = require "support.shell"

after_each(shell.forget)

describe("SIGKILL of runner, host and worker", function()
  it("leaves nothing behind", function()
    if paths.sanitized then return end -- sanitizers would report nothing: the processes are killed
    local result = shell.run({ paths.lua, paths.file "kill/kill.lua", "3" }, { seconds = 240 })
    assert.equal("", result.err)
    assert.equal(0, result.status)
    assert.matches("module +worker +%d+ kills", result.out)
  end)
end)
