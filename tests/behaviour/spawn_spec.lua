-- Commands that cannot be started: each fails for its own reason, and nothing leaks.
local lfs = require "lfs"

local behaviour = require "support.behaviour"
local core = require "sluice.core"
local sluice = require "sluice"

--- The command is refused for this reason, with this exit status of sluice.
local function refused(status, words, command, options)
  local failure = behaviour.refused("spawn", command, options)
  behaviour.says(failure.message, words)
  assert.equal(status, core.exit_code(failure))
  return failure
end

local function executable(text)
  local path = behaviour.write(behaviour.path(), text)
  os.execute("chmod +x " .. path)
  return path
end

describe("a command", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  it("that is not in PATH is not found (127)", function()
    local failure = refused(127, "sluice-has-no-such-program", { "sluice-has-no-such-program" })
    assert.equal("ENOENT", failure.errno)
  end)

  it("whose path does not exist is not found (127)", function()
    refused(127, "No such file or directory", { "/nonexistent/worker" })
    refused(127, "No such file or directory", { "./worker" }, { cwd = lfs.currentdir() .. "/tests" })
  end)

  it("that is not executable is refused (126)", function()
    local failure = refused(126, "Permission denied", { behaviour.write(behaviour.path(), "#!/bin/sh\n") })
    assert.equal("EACCES", failure.errno)
  end)

  it("that is a directory is refused (126)", function()
    refused(126, "", { "/tmp" })
  end)

  it("that is not a program is refused (126)", function()
    local failure = refused(126, "", { executable "neither binary nor script\n" })
    assert.equal("ENOEXEC", failure.errno)
  end)

  it("that is empty is refused (126)", function()
    refused(126, "", { executable "" })
  end)

  it("that is a program for an unknown machine is refused (126)", function()
    refused(126, "", { executable("\127ELF" .. ("\0"):rep(60)) })
  end)

  it("whose interpreter is missing is refused for that reason (126)", function()
    refused(126, "interpreter", { behaviour.file "no_interpreter" })
  end)

  it("in a missing directory is refused, naming the directory", function()
    local failure = refused(126, "/nonexistent/directory", "wellbehaved", { cwd = "/nonexistent/directory" })
    assert.equal("chdir", failure.stage)
  end)

  it("in a directory that is a file is refused, naming it", function()
    refused(126, behaviour.file "counts.lua", "wellbehaved", { cwd = behaviour.file "counts.lua" })
  end)

  it("with too many words is refused", function()
    local words = { "true" }
    for i = 2, 40 do words[i] = ("x"):rep(100000) end
    local worker, failure = behaviour.try(words)
    assert.is_nil(worker)
    assert.equal("spawn", failure.kind)
    assert.equal("E2BIG", failure.errno)
  end)

  it("that cannot be started leaks nothing in a hundred attempts", function()
    for _ = 1, 100 do
      assert(not sluice.spawn { "/nonexistent/worker" })
      assert(not sluice.spawn { "true", cwd = "/nonexistent" })
    end
  end)

  it("that vanishes after the first generation makes the next request fail", function()
    local copy = behaviour.path()
    assert(os.execute(("cp %s %s"):format(behaviour.file "wellbehaved", copy)))
    local worker = behaviour.spawn { copy }
    worker:cycle()
    os.remove(copy)
    local failure = behaviour.failed("spawn", behaviour.run(worker, "count", 1))
    assert.equal("ENOENT", failure.errno)
  end)
end)

describe("a command wrapped by the lines host", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  local function run(command)
    local worker = behaviour.spawn(command, { lines = true })
    return behaviour.run(worker), worker
  end

  it("that is not found fails the request as spawn (127)", function()
    local seen, worker = run { "sluice-has-no-such-program" }
    local failure = behaviour.failed("spawn", seen)
    assert.equal(127, core.exit_code(failure))
    behaviour.says(failure.message, "sluice-has-no-such-program")
    assert.equal(1, worker:info().generation)
  end)

  it("that is not executable fails the request as spawn (126)", function()
    local failure = behaviour.failed("spawn", (run { behaviour.write(behaviour.path(), "") }))
    assert.equal(126, core.exit_code(failure))
  end)

  it("that cannot be started leaves neither a process nor a descriptor", function()
    local worker = behaviour.spawn({ "/nonexistent/command" }, { lines = true })
    behaviour.failed("spawn", behaviour.run(worker))
    local pid = worker:info().pid
    local descriptors = behaviour.descriptors(pid)
    for _ = 1, 20 do behaviour.failed("spawn", behaviour.run(worker)) end
    assert.same(descriptors, behaviour.descriptors(pid))
    assert.same({}, behaviour.children(pid))
    assert.equal(pid, worker:info().pid)
  end)
end)

describe("a worker is started", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  local function printed(script, options)
    local seen = behaviour.run(behaviour.shell(script, options))
    behaviour.succeeded(seen)
    return table.concat(seen.rows, " ")
  end

  it("with the environment of the program and the changes in env", function()
    local script = [[printf '"%s %s %s"\n' "$HOME" "${SLUICE_NEW-none}" "${LUA_PATH-none}"]]
    assert.equal(('"%s new none"'):format(os.getenv "HOME"),
      printed(script, { env = { SLUICE_NEW = "new", LUA_PATH = false } }))
  end)

  it("from the PATH of its own environment", function()
    local copy = behaviour.path()
    assert(os.execute(("cp %s %s"):format(behaviour.file "wellbehaved", copy)))
    local directory, name = copy:match "^(.*)/([^/]*)$"
    local worker = behaviour.spawn({ name }, { env = { PATH = "/nonexistent:" .. directory } })
    assert.same({ '{"i":1}' }, behaviour.run(worker, "count", 1).rows)
  end)

  it("in the directory given by cwd", function()
    assert.equal('"/"', printed([[printf '"%s"\n' "$PWD"]], { cwd = "/" }))
  end)

  it("without any descriptor of the program", function()
    local file <close> = assert(io.open("/dev/null"))
    assert.is_not_nil(file)
    local seen = behaviour.run(behaviour.shell "ls /proc/self/fd")
    behaviour.succeeded(seen)
    -- 0 to 2, and the one with which ls reads the directory.
    assert.same({ "0", "1", "2", "3" }, seen.rows)
  end)

  it("with the default signal dispositions, and without a core file", function()
    local seen = behaviour.run(behaviour.shell [[grep -E 'Sig(Ign|Blk)' /proc/self/status | sed 's/.*\t/"/; s/$/"/'; ulimit -c]])
    behaviour.succeeded(seen)
    assert.equal('"0000000000000000"', seen.rows[1])
    assert.equal("0", seen.rows[3])
  end)

  it("in a session of its own", function()
    local worker = behaviour.spawn "counts.lua"
    local pid = worker:info().pid
    local session = behaviour.read(("/proc/%d/stat"):format(pid)):match "^%d+ %(.*%) %a %d+ %d+ (%d+)"
    assert.equal(pid, tonumber(session))
  end)
end)
