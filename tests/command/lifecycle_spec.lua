--- Signals, deaths, and what a command inherits: nothing is left running.
local paths = require "support.paths"
local shell = require "support.shell"
local system = require "system"

local workers = paths.tests .. "/workers/"
local native = paths.program "workers/"

after_each(shell.forget)

--- `sluice filter` on a worker that has emitted its first row.
local function filtering(words)
  local process = shell.start_sluice { "filter", table.unpack(words) }
  process:await("\n")
  return process
end

local function forever()
  return filtering { "true", "--export", "stubbornly", "--", workers .. "emits_forever.lua" }
end

describe("a signal to sluice", function()
  it("cancels on SIGTERM and ends with 143", function()
    local process = forever()
    process:signal "TERM"
    local result = process:finish()
    assert.equal(143, result.status)
    assert.matches("sluice: cancelled: ", result.err)
    assert.matches("SIGTERM", result.err)
  end)

  it("cancels on SIGINT and ends with 130", function()
    local process = forever()
    process:signal "INT"
    local result = process:finish()
    assert.equal(130, result.status)
    assert.matches("sluice: cancelled: ", result.err)
  end)

  it("ends the output at a line break", function()
    local process = forever()
    process:signal "INT"
    assert.matches("\n$", process:finish().out)
  end)

  it("kills a deaf worker at once when it is repeated", function()
    local process = filtering { "true", "--export", "deaf", "--", native .. "ignores_sigterm" }
    process:signal "INT"
    process:await("interrupt again to kill it", "stderr")
    local before = system.monotime()
    process:signal "INT"
    assert.equal(130, process:finish().status)
    assert.is_true(system.monotime() - before < 1.5 * (paths.sanitized and 4 or 1))
  end)

  it("ends a wait for a worker that does not introduce itself", function()
    local process = shell.start_sluice { "filter", "true", "--", native .. "sleeps", "60000" }
    shell.wait("the worker", function() return process:descendants("sleeps")[1] end)
    process:signal "TERM"
    assert.equal(143, process:finish().status)
  end)

  it("is reported in the summary file", function()
    local summary = shell.file()
    local process = filtering { "true", "--summary", summary, "--export", "stubbornly", "--", workers .. "emits_forever.lua" }
    process:signal "TERM"
    process:finish()
    local text = shell.read(summary)
    assert.matches('"success":false,"exit":143,', text)
    assert.matches('"kind":"cancelled"', text)
  end)
end)

describe("a shell that becomes sluice", function()
  it("keeps its children, even if there are many", function()
    local process = shell.start(("sh -c %s"):format(paths.quote(
      "for i in $(seq 80); do sleep 61 & done; exec " .. paths.quote(paths.sluice) .. " filter --lines true -- echo {}")), { leaves = true })
    assert.equal(0, shell.wait("its end", function() return process:status() end))
    local left = process:descendants "^sleep 61"
    for _, pid in ipairs(left) do os.execute("kill -KILL " .. pid) end
    assert.equal(80, #left)
    shell.assert_gone(process.mark)
  end)
end)

describe("SIGKILL to sluice leaves nothing running:", function()
  local function killed(process)
    process:signal "KILL"
    process:finish()
  end

  it("a Lua worker", function()
    killed(forever())
  end)

  it("a native worker that ignores SIGTERM and is silent", function()
    killed(filtering { "true", "--export", "deaf", "--", native .. "ignores_sigterm" })
  end)

  it("a command that never writes", function()
    local process = shell.start_sluice { "filter", "--lines", "true", "--", "sleep", "1000" }
    local pid = shell.wait("the command", function() return process:descendants("^sleep 1000")[1] end)
    killed(process)
    assert.is_false(shell.is_alive(pid))
  end)

  it("a worker behind a launcher", function()
    local process = shell.start_sluice { "filter", "--via", "env", "--remote", paths.sluice, "--export", "stubbornly",
      "true", "--", workers .. "emits_forever.lua" }
    process:await("\n")
    killed(process)
  end)
end)

describe("a command", function()
  local count = { "filter", "--export", "count", "--request", '{"n":3}', "true", "--", workers .. "counts.lua" }

  local function counts_under(launcher, redirect)
    local result = shell.run(launcher .. " " .. shell.line { paths.sluice } .. " " .. shell.line(count), { redirect = redirect })
    assert.equal(0, result.status, result.err)
    assert.equal('{"i":1}\n{"i":2}\n{"i":3}\n', result.out)
    return result
  end

  it("works with SIGCHLD blocked", function() counts_under "env --block-signal=CHLD" end)
  it("works with SIGCHLD ignored", function() counts_under "env --ignore-signal=CHLD" end)
  it("works with SIGPIPE ignored", function() counts_under "env --ignore-signal=PIPE" end)
  it("works with every signal blocked", function() counts_under "env --block-signal" end)
  it("works with stdin closed", function() counts_under("", "<&-") end)

  it("starts its worker with default signal dispositions", function()
    local result = shell.run("env --ignore-signal=CHLD --ignore-signal=TERM --block-signal=USR1 " .. shell.line {
      paths.sluice, "filter", "--lines", "true", "--", "sh", "-c",
      [[sed -En 's/^(Sig(Blk|Ign)):\t(.*)/["\1","\3"]/p' /proc/self/status]] })
    local blocked, ignored = result.out:match('^%["SigBlk","(%x+)"%]\n%["SigIgn","(%x+)"%]\n$')
    local ordinary = (1 << 31) - 1 -- number 32 is reserved by the C library
    assert.equal(0, tonumber(blocked, 16) & ordinary)
    assert.equal(0, tonumber(ignored, 16) & ordinary)
  end)

  it("works with stderr closed", function()
    local result = shell.sluice(count, { redirect = "2>&-" })
    assert.equal(0, result.status)
    assert.equal('{"i":1}\n{"i":2}\n{"i":3}\n', result.out)
  end)

  it("does not claim success with stdout closed", function()
    local result = shell.sluice(count, { redirect = ">&-" })
    assert.equal(4, result.status)
    assert.matches("^sluice: sink: cannot write to standard output", result.err)
  end)

  it("ends with all three closed, and none of its pipes takes their place", function()
    local summary = shell.file()
    local result = shell.sluice({ "filter", "--summary", summary, "--export", "count", "--request", '{"n":3}', "true",
      "--", workers .. "counts.lua" }, { redirect = "<&- >&- 2>&-" })
    assert.equal(4, result.status)
    assert.matches('"exit":4', shell.read(summary))
  end)
end)
