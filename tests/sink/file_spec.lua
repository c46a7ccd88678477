--- core.file: where it writes, what it replaces, and what it refuses.
local core = require "sluice.core"
local lfs = require "lfs"
local paths = require "support.paths"
local shell = require "support.shell"
local support = require "sink.support"

after_each(function()
  collectgarbage()
  shell.forget()
end)

local function open(path, more)
  local options = { path = path }
  for name, value in pairs(more or {}) do options[name] = value end
  return core.file(options)
end

local function commit(file)
  assert(file:prepare())
  assert(file:commit())
end

local function write(path, text, more)
  local file = assert(open(path, more))
  assert(file:write(text))
  commit(file)
end

local function refused(path, more)
  local file, err = open(path, more)
  assert(not file, "it was not refused")
  return err
end

describe("a durable file", function()
  local dir, read, list

  before_each(function() dir, read, list = support.directory() end)

  it("leaves the target alone until commit", function()
    shell.write(dir .. "/a", "old")
    local file = assert(open(dir .. "/a"))
    assert(file:write "new")
    assert(file:prepare())
    assert.equal("old", read "a")
    assert(file:commit())
    assert.equal("new", read "a")
    assert.same({ "a" }, list())
  end)

  it("is a temporary file beside its target while it is written", function()
    local file = assert(open(dir .. "/a"))
    assert.equal(1, #list())
    assert.matches("^%.a%.sluice%-%w%w%w%w%w%w$", list()[1])
    file:rollback()
  end)

  it("leaves nothing after a rollback, even a repeated one", function()
    shell.write(dir .. "/a", "old")
    local file = assert(open(dir .. "/a"))
    assert(file:write(("x"):rep(100000)))
    for _ = 1, 3 do assert.is_true(file:rollback()) end
    assert.equal("old", read "a")
    assert.same({ "a" }, list())
  end)

  it("rolls back a prepared file too", function()
    local file = assert(open(dir .. "/a"))
    assert(file:prepare())
    assert(file:rollback())
    assert.same({}, list())
  end)

  it("keeps what is committed after a late rollback", function()
    local file = assert(open(dir .. "/a"))
    commit(file)
    assert(file:rollback())
    assert.equal("", read "a")
  end)

  it("rolls back when it is closed or collected", function()
    do local _ <close> = assert(open(dir .. "/a")) end
    assert.same({}, list())
    open(dir .. "/b")
    collectgarbage()
    collectgarbage()
    assert.same({}, list())
  end)

  it("raises if a step is out of order, naming the file's state", function()
    local file = assert(open(dir .. "/a"))
    local _, message = pcall(function() file:commit() end)
    assert.matches("file_spec.lua:%d+: the file .*/a is open", message)
    assert(file:prepare())
    assert.error_matches(function() file:write "x" end, "is prepared")
    assert.error_matches(function() file:writer() end, "is prepared")
    assert(file:rollback())
    assert.error_matches(function() file:prepare() end, "is closed")
    assert.error_matches(function() open(5) end, "path: expected a string")
    assert.error_matches(function() open "" end, "path: expected the name of a file")
  end)

  it("has a writer that fails once the file is prepared", function()
    local file = assert(open(dir .. "/a"))
    local writer = file:writer()
    assert(writer:write "text")
    assert(file:prepare())
    local ok, err = writer:write "more"
    assert.same({ nil, "sink", "EBADF" }, { ok, err.kind, err.errno })
    assert(file:commit())
    assert.equal("text", read "a")
  end)

  it("keeps the target's mode, and creates a new one with the mode that the umask allows", function()
    shell.write(dir .. "/a", "")
    os.execute(("chmod 640 %s/a"):format(dir))
    write(dir .. "/a", "new")
    assert.equal("rw-r-----", support.permissions(dir .. "/a"))
    write(dir .. "/b", "new")
    shell.write(dir .. "/c", "")
    assert.equal(support.permissions(dir .. "/c"), support.permissions(dir .. "/b"))
    write(dir .. "/b", "new", { mode = tonumber("600", 8) })
    assert.equal("rw-------", support.permissions(dir .. "/b"))
  end)

  it("does not expose a temporary file to users who may not read the target", function()
    shell.write(dir .. "/a", "")
    os.execute(("chmod 600 %s/a"):format(dir))
    local file = assert(open(dir .. "/a"))
    for _, name in ipairs(list()) do assert.equal("rw-------", support.permissions(dir .. "/" .. name)) end
    file:rollback()
  end)

  it("replaces the target of a symbolic link, and keeps the link", function()
    lfs.mkdir(dir .. "/there")
    shell.write(dir .. "/there/real", "old")
    assert(lfs.link("there/real", dir .. "/link", true))
    assert(lfs.link("link", dir .. "/again", true))
    write(dir .. "/again", "new")
    assert.equal("new", read "there/real")
    assert.equal("there/real", lfs.symlinkattributes(dir .. "/link", "target"))
    assert.same({ "real" }, shell.list(dir .. "/there"))
  end)

  it("creates the target of a dangling link", function()
    assert(lfs.link("later", dir .. "/link", true))
    write(dir .. "/link", "new")
    assert.equal("new", read "later")
  end)

  it("accepts names as long as the system does", function()
    local name = ("n"):rep(255)
    write(dir .. "/" .. name, "new")
    assert.same({ name }, list())
    assert.equal("ENAMETOOLONG", refused(dir .. "/" .. name .. "n").errno)
  end)

  it("accepts a path without a directory", function()
    local result = shell.run({ paths.lua, "-e", [[
      local file = assert(require("sluice.core").file { path = "here" })
      assert(file:write "text" and file:prepare() and file:commit())]] }, { cwd = dir })
    assert.equal(0, result.status, result.err)
    assert.equal("text", read "here")
  end)
end)

describe("a durable file is refused at begin", function()
  local dir, _, list

  before_each(function() dir, _, list = support.directory() end)

  it("if its directory does not exist, or is a file", function()
    local err = refused(dir .. "/none/a")
    assert.same({ "sink", "ENOENT", "No such file or directory" }, { err.kind, err.errno, err.os })
    shell.write(dir .. "/file", "")
    assert.equal("ENOTDIR", refused(dir .. "/file/a").errno)
  end)

  it("if the target is a directory", function()
    assert.equal("EISDIR", refused(dir).errno)
    assert.equal("EISDIR", refused(dir .. "/").errno)
    assert.equal("EISDIR", refused(dir .. "/.").errno)
  end)

  it("if links form a cycle", function()
    assert(lfs.link("b", dir .. "/a", true))
    assert(lfs.link("a", dir .. "/b", true))
    assert.equal("ELOOP", refused(dir .. "/a").errno)
  end)

  it("for a FIFO, a device or a descriptor, naming the sink for standard output", function()
    os.execute("mkfifo " .. dir .. "/fifo")
    for _, path in ipairs { dir .. "/fifo", "/dev/null", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1" } do
      local err = refused(path)
      assert.equal("sink", err.kind)
      assert.matches("sluice.sink.stdout", err.message, 1, true)
    end
  end)

  it("if the kernel allows no files", function()
    local err = refused "/sys/kernel/a"
    assert.equal("sink", err.kind)
    assert.is_string(err.errno)
  end)

  --- The result of core.file in a process without root's privileges.
  local function unprivileged(path)
    local result = shell.run(support.unprivileged() .. shell.line { paths.lua, "-e", ([[
      local file, err = require("sluice.core").file { path = %q }
      print(file and "open" or err.errno)]]):format(path) })
    assert.equal(0, result.status, result.err)
    return result.out
  end

  it("if the directory is not writable", function()
    os.execute("chmod 500 " .. dir)
    assert.equal("EACCES\n", unprivileged(dir .. "/a"))
    os.execute("chmod 700 " .. dir)
    assert.same({}, list())
  end)

  it("if the target is write-protected", function()
    shell.write(dir .. "/a", "mine")
    os.execute("chmod 400 " .. dir .. "/a")
    assert.equal("EACCES\n", unprivileged(dir .. "/a"))
    assert.same({ "a" }, list())
  end)

  it("while another writer has the same target", function()
    local first = assert(open(dir .. "/a"))
    local err = refused(dir .. "/a")
    assert.same({ "sink", "EBUSY" }, { err.kind, err.errno })
    assert.matches("another process is writing it", err.message)
    assert(first:write "first")
    commit(first)
    write(dir .. "/a", "second")
    assert.same({ "a" }, list())
  end)
end)

describe("abandoned temporary files", function()
  local dir, read, list

  before_each(function() dir, read, list = support.directory() end)

  it("are removed by the next begin of that target, and only those", function()
    for _, name in ipairs { ".a.sluice-AAAAAA", ".a.sluice-bbbbbb", ".b.sluice-AAAAAA", ".a.sluice-x", ".a.sluice-AAAAAAA" } do
      shell.write(dir .. "/" .. name, "stale")
    end
    write(dir .. "/a", "new")
    assert.same({ ".a.sluice-AAAAAAA", ".a.sluice-x", ".b.sluice-AAAAAA", "a" }, list())
  end)

  it("are left by a killed process", function()
    local words = shell.line { paths.lua, "-e", ([[
      local file = assert(require("sluice.core").file { path = %q })
      assert(file:write(("x"):rep(1000000)))
      io.stdout:write("ready\n") io.stdout:flush()
      while true do end]]):format(dir .. "/a") }
    local process = shell.start(words)
    process:await "ready"
    assert.equal(1, #list())
    assert.equal("EBUSY", refused(dir .. "/a").errno)
    process:signal "KILL"
    process:finish()
    assert.equal(1, #list())
    write(dir .. "/a", "new")
    assert.same({ "a" }, list())
    assert.equal("new", read "a")
  end)

  it("are never followed if they are links", function()
    shell.write(dir .. "/precious", "text")
    assert(lfs.link("precious", dir .. "/.a.sluice-AAAAAA", true))
    write(dir .. "/a", "new")
    assert.equal("text", read "precious")
  end)
end)

describe("appending", function()
  local dir, read, list

  before_each(function() dir, read, list = support.directory() end)

  it("writes a longer copy that replaces the old file", function()
    shell.write(dir .. "/a", "old\n")
    local file = assert(open(dir .. "/a", { append = true }))
    assert.same({ head = "ol", ends = true }, file:old(2))
    assert(file:write "new\n")
    assert.equal("old\n", read "a")
    commit(file)
    assert.equal("old\nnew\n", read "a")
    assert.same({ "a" }, list())
  end)

  it("starts with an empty file if there is none", function()
    local file = assert(open(dir .. "/a", { append = true }))
    assert.is_nil(file:old())
    assert(file:write "new\n")
    commit(file)
    assert.equal("new\n", read "a")
  end)

  it("reports if the old file ends in a line break", function()
    shell.write(dir .. "/a", "old")
    local file = assert(open(dir .. "/a", { append = true }))
    assert.is_false(file:old().ends)
    file:rollback()
  end)

  it("copies large files exactly", function()
    local old = ("0123456789abcdef"):rep(200000)
    shell.write(dir .. "/a", old)
    write(dir .. "/a", "!", { append = true })
    assert.equal(old .. "!", read "a")
  end)

  it("fails at prepare if the file has changed in the meantime", function()
    shell.write(dir .. "/a", "old\n")
    local file = assert(open(dir .. "/a", { append = true }))
    shell.write(dir .. "/a", "old\nof another process\n")
    local ok, err = file:prepare()
    assert.is_nil(ok)
    assert.matches("it has changed since the run began", err.message)
    assert(file:rollback())
    assert.equal("old\nof another process\n", read "a")
    assert.same({ "a" }, list())
  end)

  it("does not replace a file that has appeared in the meantime", function()
    local file = assert(open(dir .. "/a", { append = true }))
    assert(file:prepare())
    shell.write(dir .. "/a", "of another process")
    local ok, err = file:commit()
    assert.same({ nil, "commit", "EEXIST" }, { ok, err.kind, err.errno })
    assert(file:rollback())
    assert.equal("of another process", read "a")
    assert.same({ "a" }, list())
  end)
end)

describe("a failure during writing", function()
  local dir, read, list

  before_each(function() dir, read, list = support.directory() end)

  it("is reported at prepare if the temporary file was removed", function()
    local file = assert(open(dir .. "/a"))
    assert(os.remove(dir .. "/" .. list()[1]))
    local ok, err = file:prepare()
    assert.is_nil(ok)
    assert.matches("its temporary file has been removed", err.message)
    assert(file:rollback())
    assert.is_nil(read "a")
  end)

  it("is reported at commit, and can be rolled back, if the target became a directory", function()
    local file = assert(open(dir .. "/a"))
    assert(file:prepare())
    assert(lfs.mkdir(dir .. "/a"))
    local ok, err = file:commit()
    assert.same({ nil, "commit", "EISDIR" }, { ok, err.kind, err.errno })
    assert(file:rollback())
    assert.same({ "a" }, list())
  end)

  --- Runs sluice with a limit on the size of files, as on a full disk.
  local function limited(kind, bytes, count)
    return shell.run(("env --ignore-signal=XFSZ prlimit --fsize=%d %s"):format(bytes, shell.line {
      paths.sluice, "run", paths.file "sink/fills.lua", "--arg", kind, "--arg", dir .. "/a", "--arg", count, "--arg", "1",
    }))
  end

  for _, kind in ipairs { "jsonl", "csv", "gzip", "append", "append-gzip" } do
    it("leaves the old file when the disk is full, by the sink " .. kind, function()
      write(dir .. "/a", "run,n,text\n", { gzip = kind:find "gzip" ~= nil })
      local old = read "a"
      local result = limited(kind, 16384, "20000")
      assert.equal(4, result.status)
      assert.matches("sink: .*cannot write .*/a: File too large", result.err)
      assert.equal(old, read "a")
      assert.same({ "a" }, list())
    end)
  end

  it("leaves the old file if only the last bytes do not fit", function()
    shell.write(dir .. "/a", "old")
    assert.matches("sink: .*cannot write .*/a", limited("jsonl", 1000, "20").err)
    assert.equal("old", read "a")
    assert.same({ "a" }, list())
  end)
end)
