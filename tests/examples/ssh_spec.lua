--- examples/07-many-machines: a worker over ssh, with a real sshd.
local lfs = require "lfs"
local logs = require "examples.logs"
local paths = require "support.paths"
local shell = require "support.shell"
local sshd = require "examples.sshd"
local support = require "sql.support"

if paths.sanitized then return end -- reports of sanitizers cannot be collected at the far end

describe("a worker over ssh", function()
  local far, dir, db

  setup(function() far = sshd.start() end)

  teardown(function()
    sshd.stop(far)
    shell.forget()
  end)

  before_each(function()
    dir = logs.directory(1)
    db = dir .. "/web.db"
  end)

  local function words(remote)
    return { "run", logs.example .. "/load.lua", "--set", "file=" .. dir .. "/1.log", "--set", "url=sqlite:" .. db,
      "--run-key", "1.log", "--via", far.via, "--remote", remote or "sluice", "--", logs.example .. "/access.lua" }
  end

  local function count() return support.sqlite(db, "SELECT count(*) FROM requests") end

  --- Processes whose command line has a text.
  local function processes(text)
    local found = {}
    for name in lfs.dir "/proc" do
      local command = name:find "^%d+$" and shell.read("/proc/" .. name .. "/cmdline")
      if command and command:gsub("%z", " "):find(text, 1, true) then found[#found + 1] = name end
    end
    return found
  end

  --- Kills the process of sshd that serves the connection, as if the link were cut.
  local function cut()
    local sessions = shell.read(("/proc/%d/task/%d/children"):format(far.server.pid, far.server.pid))
    shell.run("kill -KILL " .. sessions)
  end

  it("sends rows that are committed once per run key", function()
    local result = shell.sluice(words())
    assert.equal(0, result.status, result.err)
    assert.matches("^sluice: 5 rows in [^\n]*, committed\n$", result.err)
    result = shell.sluice(words())
    assert.matches("already committed with run key 1.log", result.err)
    assert.equal("5", count())
  end)

  it("commits nothing if the connection is lost, ends at the far side, and can be run again", function()
    local holder = logs.hold(dir .. "/1.log")
    local process = shell.start_sluice(words())
    process:await(logs.held, "stderr")
    assert.truthy(processes("worker --transport stdio")[1])
    cut()
    local result = process:finish()
    assert.equal(6, result.status, result.err)
    assert.matches("sluice: worker_exited: ", result.err)
    shell.wait("the far worker to end", function() return #processes("worker --transport stdio") == 0 end)
    logs.replace(holder, dir .. "/1.log")
    assert.equal(0, shell.sluice(words()).status)
    assert.equal("5", count())
  end)

  it("reports a failed login", function()
    local known = shell.read(far.directory .. "/known_hosts")
    shell.write(far.directory .. "/known_hosts", "")
    local result = shell.sluice(words())
    shell.write(far.directory .. "/known_hosts", known)
    assert.not_equal(0, result.status)
    assert.matches("Host key verification failed", result.err)
  end)

  it("reports that sluice is not installed there", function()
    local result = shell.sluice(words "/nonexistent/sluice")
    assert.not_equal(0, result.status)
    assert.matches("/nonexistent/sluice: No such file or directory", result.err)
  end)
end)
