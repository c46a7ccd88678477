--- tests/crash/sql.lua, with few kills: `make crash` is the thorough one.
local paths = require "support.paths"
local shell = require "support.shell"

after_each(shell.forget)

describe("a database that a sink writes to", function()
  it("has either all rows of a run or none wherever SIGKILL hits the runner", function()
    local kills = paths.sanitized and "4" or "10"
    local result = shell.run({ paths.lua, paths.file "crash/sql.lua", kills }, { seconds = 280 })
    assert.equal("", result.err)
    assert.equal(0, result.status)
    assert.matches("sqlite, wal +%d+ kills", result.out)
    assert.matches("sqlite, delete +%d+ kills", result.out)
    assert.matches("postgres +%d+ kills", result.out)
  end)
end)
