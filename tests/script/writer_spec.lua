--- Writers: what is written, when, and what happens if it cannot be written.
local core = require "sluice.core"
local support = require "script.support"

teardown(support.shutdown)

--- A writer on a new file, and the file's content so far. Lua does not tell a file's
--- descriptor, so a shell looks it up in /proc.
local function on_file(f)
  local name = os.tmpname()
  local file = assert(io.open(name, "w"))
  local before = {}
  for entry in io.popen("ls -l /proc/$PPID/fd"):lines() do
    local fd, path = entry:match "(%d+) %-> (.+)$"
    if fd then before[path] = tonumber(fd) end
  end
  f(core.writer(before[name]), function()
    local reader = assert(io.open(name))
    local all = reader:read "a"
    reader:close()
    return all
  end)
  file:close()
  os.remove(name)
end

describe("a writer", function()
  it("buffers text until it is flushed", function()
    on_file(function(writer, content)
      assert.is_true(writer:write "some ")
      assert.is_true(writer:write "text")
      assert.equal("", content())
      assert.is_true(writer:flush())
      assert.equal("some text", content())
    end)
  end)

  it("writes when it is full", function()
    on_file(function(writer, content)
      local block = ("x"):rep(1000)
      for _ = 1, 200 do writer:write(block) end
      assert.is_true(#content() >= 100000)
      writer:write(("y"):rep(1000000))
      assert.equal(1200000, #content())
    end)
  end)

  it("writes a row on one line", function()
    on_file(function(writer, content)
      support.succeeds({ '{"a":\n1}', "2" }, function(row) writer:row(row) end)
      writer:flush()
      assert.equal('{"a": 1}\n2\n', content())
    end)
  end)

  it("takes rows as the last step of a stream", function()
    on_file(function(writer, content)
      assert(support.run({ { "rows", "1" }, { "rows", "2" } }, { default = { taker = writer, where = core.expression "row.sequence == 1" } }))
      writer:flush()
      assert.equal("2\n", content())
    end)
  end)

  it("has written everything while the runtime waits for the worker", function()
    on_file(function(writer, content)
      local seen
      assert(support.worker():begin { export = "progress", default = { taker = writer } })
      support.worker():wait()
      local sleeper = assert(core.worker { argv = { "/bin/sleep", "0.1" } })
      sleeper:start()
      seen = content()
      sleeper:close()
      assert.equal("1\n2\n", seen)
    end)
  end)

  it("reports the first failure again and again, with errno", function()
    local full = assert(io.open("/dev/full", "w"))
    local fd
    for entry in io.popen("ls -l /proc/$PPID/fd"):lines() do fd = fd or tonumber(entry:match "(%d+) %-> /dev/full$") end
    local writer = core.writer(fd)
    assert.is_true(writer:write "text")
    for _ = 1, 2 do
      local ok, err = writer:flush()
      assert.is_nil(ok)
      assert.same({ "sink", "ENOSPC", "No space left on device" }, { err.kind, err.errno, err.os })
    end
    local ok, err = writer:write "more"
    assert.same({ nil, "ENOSPC" }, { ok, err.errno })
    full:close()
  end)

  it("fails the request that writes to it", function()
    local _, failure = support.run({ { "rows", "1" }, { "rows", '"' .. ("x"):rep(70000) .. '"' } }, {
      default = { taker = core.writer(999999) },
    })
    assert.same({ "sink", "EBADF" }, { failure.kind, failure.errno })
  end)

  it("accepts as rows only rows, not texts", function()
    assert.error_matches(function() core.writer(1):row "text" end, "sluice.Row expected")
  end)
end)
