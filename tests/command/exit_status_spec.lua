--- Every exit status that a command can end with: the number, one line that
--- begins with the kind, and the same in the summary file.
local json = require "sluice.json"
local paths = require "support.paths"
local shell = require "support.shell"

local workers = paths.tests .. "/workers/"
local native = paths.program "workers/"
local libraries = paths.program "libraries/"

after_each(shell.forget)

--- How `sluice filter --summary FILE words` ends.
local function ends(status, kind, words, options)
  local summary = shell.file()
  local result = shell.sluice({ "filter", "--summary", summary, table.unpack(words) }, options)
  assert.equal(status, result.status, result.err)
  local said = json.decode(shell.read(summary))
  assert.equal(status, said.exit)
  if kind then
    assert.matches("sluice: " .. kind .. ": ", result.err)
    assert.equal(kind, said.error.kind)
    assert.is_false(said.success)
  end
  return result, said
end

local function policy(text)
  return shell.file(text, "policy.lua")
end

--- The same for `sluice run` with the text of a policy.
local function run_ends(status, kind, text, words)
  local summary = shell.file()
  local result = shell.sluice { "run", "--summary", summary, policy(text), table.unpack(words) }
  assert.equal(status, result.status, result.err)
  local said = json.decode(shell.read(summary))
  if kind then
    assert.matches("sluice: " .. kind .. ": ", result.err)
    assert.equal(kind, said.error.kind)
  end
  return result, said
end

local COUNT = { "--export", "count", "--request", '{"n":3}', "--", workers .. "counts.lua" }

describe("exit status 0", function()
  it("is a committed run", function()
    local result, said = run_ends(0, nil, "return { on_row = function() end }", COUNT)
    assert.matches("^sluice: 3 rows in [%d.]+ m?s, committed\n$", result.err)
    assert.is_true(said.success)
  end)
end)

describe("exit status 1", function()
  it("is an export that failed", function()
    local result = ends(1, "export_failed", { "true", "--export", "after_rows", "--", workers .. "raises.lua" })
    assert.matches("it broke after two rows", result.err)
  end)

  it("is a native export that returned a status", function()
    local _, said = ends(1, "export_failed", { "true", "--export", "status", "--request", "7", "--", native .. "wellbehaved" })
    assert.equal(7, said.error.status)
  end)

  it("is a wrapped command that exited with a status, and its stderr comes before", function()
    local result, said = ends(1, "export_failed", { "true", "--lines", "--", "sh", "-c", "echo 1; echo why >&2; exit 3" })
    assert.matches("worker.stderr: why\n", result.err)
    assert.matches('command "sh" exited with status 3', result.err)
    assert.equal(3, said.error.status)
  end)

  it("is a misused callback", function()
    ends(1, "callback_failed", { "true", "--export", "stale", "--", libraries .. "statuses.so" })
  end)

  it("is a script that cancelled the request itself", function()
    local result = run_ends(1, "cancelled", "return { on_row = function(_, run) run:cancel('seen enough') end }", COUNT)
    assert.matches("seen enough", result.err)
    assert.matches("1 row had arrived; nothing was committed", result.err)
  end)
end)

describe("exit status 2", function()
  it("is wrong usage: one line and a pointer to the help, and no summary", function()
    local summary = shell.file()
    os.remove(summary)
    local result = shell.sluice { "filter", "--summary", summary, "true", "--" }
    assert.equal(2, result.status)
    assert.matches("^sluice: usage: [^\n]+\ntry: sluice filter %-%-help\n$", result.err)
    assert.is_nil(shell.read(summary))
  end)

  it("is a missing choice of export, with the available ones", function()
    local result = ends(2, "usage", { "true", "--", workers .. "counts.lua" })
    assert.matches("^sluice: usage: [^\n]*count, interleave, nothing", result.err)
    assert.matches("%-%-export", result.err)
  end)

  it("is an unknown export, with the available ones", function()
    local result = ends(2, "usage", { "true", "--export", "cuont", "--", workers .. "counts.lua" })
    assert.matches('^sluice: usage: the worker has no export "cuont"; it has: count, interleave, nothing\n', result.err)
  end)
end)

describe("exit status 3", function()
  it("is a line that is not JSON", function()
    local result, said = ends(3, "row_malformed", { "true", "--lines", "--", "echo", "hello" })
    assert.matches("line 1", result.err)
    assert.matches("hello", result.err)
    assert.equal(1, said.error.line)
  end)

  it("is a malformed envelope", function()
    ends(3, "row_malformed", { "true", "--lines", "--envelopes", "--", "echo", '{"stream":"","payload":1}' })
  end)
end)

describe("exit status 4", function()
  it("is a handler that failed, with its place in the file", function()
    local result, said = run_ends(4, "sink", "return { on_row = function(row)\n  error('no room')\nend }", COUNT)
    assert.matches("policy.lua:2: no room", result.err)
    assert.matches("stream rows, sequence 0", result.err)
    assert.equal("on_row", said.error.handler)
  end)

  it("is a policy that cannot be parsed", function()
    local result = run_ends(4, "policy", "return {", COUNT)
    assert.matches("policy.lua:1: ", result.err)
  end)

  it("is a policy with an unknown key, with a suggestion", function()
    local result = run_ends(4, "policy", "return { on_rows = function() end }", COUNT)
    assert.matches("on_rows: unknown key; did you mean on_row%?", result.err)
  end)

  it("is a row without a handler", function()
    local result = run_ends(4, "unhandled_stream", "return { streams = { other = { on_row = function() end } } }", COUNT)
    assert.matches("rows", result.err)
    assert.matches("hint: give the policy an entry", result.err)
  end)

  it("is a full device", function()
    ends(4, "sink", { "true", table.unpack(COUNT) }, { redirect = ">/dev/full" })
  end)

  it("is a failure after the commit, which reports that the commit stands", function()
    local result, said = run_ends(4, "sink", "return { on_row = function() end, on_summary = function() error('too late') end }", COUNT)
    assert.matches("all rows were accepted, but on_summary failed: [^\n]*too late", result.err)
    assert.is_true(said.error.committed)
  end)
end)

describe("exit status 5", function()
  it("is a program that prints JSON lines without --lines, and the hint names the option", function()
    local result, said = ends(5, "handshake", { "true", "--", workers .. "prints_json_lines" })
    assert.matches('{"n":1}', result.err, 1, true)
    assert.matches("hint: if this program prints JSON lines, start it with %-%-lines\n", result.err)
    assert.equal("--lines", said.error.option)
  end)

  it("is a program that prints anything else", function()
    local result = ends(5, "handshake", { "true", "--", "echo", "usage: echo" })
    assert.matches("usage: echo", result.err)
  end)

  it("is a program that prints nothing", function()
    ends(5, "handshake", { "true", "--", "true" })
  end)

  it("is a row over the cap, with the option that raises it", function()
    local result, said = ends(5, "frame_too_large", { "true", "--export", "row", "--request", '{"size":2000000}', "--", workers .. "too_large.lua" })
    assert.matches("hint: %-%-max%-frame SIZE", result.err)
    assert.equal(1, said.error.sequence)
    assert.equal(2000002, said.error.size)
    assert.equal(1048576, said.error.limit)
  end)
end)

describe("exit status 6", function()
  it("is a worker that died of a signal, with its name", function()
    local result, said = ends(6, "worker_exited", { "true", "--export", "kill", "--request", "2", "--", native .. "dies_after_rows" })
    assert.equal("0\n1\n", result.out)
    assert.matches("killed by signal 9 %(Killed%)", result.err)
    assert.equal(9, said.error.signal)
  end)

  it("is a worker that exited without a summary, even with status 0", function()
    local result = ends(6, "worker_exited", { "true", "--export", "_exit0", "--request", "1", "--", native .. "dies_after_rows" })
    assert.equal("0\n", result.out)
  end)
end)

describe("exit status 124", function()
  it("is a worker that does not introduce itself in time", function()
    local result = ends(124, "startup_timeout", { "true", "--startup-timeout", "100ms", "--", native .. "sleeps", "60000" })
    assert.matches("100 ms", result.err)
    assert.matches("hint: %-%-startup%-timeout DURATION", result.err)
  end)

  it("is a request that takes too long, even while rows stream", function()
    local result, said = ends(124, "request_timeout", { "true", "--timeout", "100ms", "--export", "forever", "--", native .. "wellbehaved" })
    assert.matches("hint: %-%-timeout DURATION", result.err)
    assert.equal(100, said.error.timeout_ms)
  end)

  it("is too long a silence", function()
    local result = ends(124, "idle_timeout", { "true", "--idle-timeout", "100ms", "--export", "politely", "--", native .. "sleeps" })
    assert.matches("hint: %-%-idle%-timeout DURATION", result.err)
    assert.equal("1\n", result.out)
  end)
end)

describe("exit status 127", function()
  it("is a program that is not found", function()
    local result = ends(127, "spawn", { "true", "--", "no-such-program" })
    assert.matches("^sluice: spawn: cannot start no%-such%-program: No such file or directory\n$", result.err)
  end)

  it("is a wrapped command that is not found", function()
    local result = ends(127, "spawn", { "true", "--lines", "--", "no-such-program" })
    assert.matches("^sluice: spawn: cannot start no%-such%-program: No such file or directory\n$", result.err)
  end)

  it("is a launcher that is not found", function()
    ends(127, "spawn", { "true", "--via", "no-such-launcher", "--", workers .. "counts.lua" })
  end)

  it("is a Lua worker that is not found", function()
    local result = ends(127, "spawn", { "true", "--", "no_such_worker.lua" })
    assert.matches("no_such_worker.lua", result.err)
  end)
end)

describe("exit status 126", function()
  local function unusable(file, mode)
    assert(os.execute(("chmod %s %s"):format(mode, paths.quote(file))))
    return file
  end

  it("is a file that is not executable", function()
    local file = unusable(shell.file("#!/bin/sh\necho 1\n"), "644")
    for _, lines in ipairs { true, false } do
      local result = ends(126, "spawn", { "true", lines and "--lines" or "--quiet", "--", file })
      assert.matches(": Permission denied\n$", result.err)
    end
  end)

  it("is a directory", function()
    ends(126, "spawn", { "true", "--", paths.tests })
  end)

  it("is a file of unknown format, which is not passed to a shell", function()
    local file = unusable(shell.file("echo 1\n"), "755")
    for _, lines in ipairs { true, false } do
      local result = ends(126, "spawn", { "true", lines and "--lines" or "--quiet", "--", file })
      assert.matches(": Exec format error %(neither an executable for this machine nor a script with a #! line%)\n$", result.err)
    end
  end)

  it("is a script whose interpreter is missing", function()
    for _, lines in ipairs { true, false } do
      local result = ends(126, "spawn", { "true", lines and "--lines" or "--quiet", "--", workers .. "no_interpreter" })
      assert.matches("no_interpreter, the interpreter named in its first line: No such file or directory\n$", result.err)
    end
  end)

  it("is a missing directory for the worker", function()
    local result = ends(126, "spawn", { "true", "--cwd", "/nonexistent", "--", workers .. "counts.lua" })
    assert.matches("^sluice: spawn: cannot enter the directory /nonexistent: No such file or directory\n$", result.err)
  end)

  it("is a Lua worker that does not load, with the place of the error", function()
    local result = ends(126, "spawn", { "true", "--", workers .. "broken_syntax.lua" })
    assert.matches("broken_syntax.lua:3: [^\n]+\n$", result.err)
    result = ends(126, "spawn", { "true", "--", workers .. "raises_at_load.lua" })
    assert.matches("raises_at_load.lua:2: not today\n$", result.err)
  end)

  it("is a shared library that is not a worker", function()
    ends(126, "spawn", { "true", "--", libraries .. "no_table.so" })
    ends(126, "spawn", { "true", "--", libraries .. "wrong_abi.so" })
  end)
end)

--- A program that exits in the middle of a run would report 0 although it has committed nothing.
describe("os.exit", function()
  local function refused(kind, who, text)
    local result, said = run_ends(4, kind, text, COUNT)
    assert.matches(who .. " called os.exit; a run ends early with run:stop%(%), and fails with error%(...%)", result.err)
    assert.is_false(said.success)
    return result
  end

  it("is a failure of the policy while it is loaded", function()
    refused("policy", "policy.lua", "os.exit(0)")
    refused("policy", "policy.lua", "pcall(os.exit, true, true) return { on_row = function() end }")
  end)

  it("is a failure of the handler that called it, however the call is wrapped", function()
    for _, call in ipairs {
      "os.exit()",
      "pcall(os.exit, 0)",
      "xpcall(exit, print, 7)",
      "coroutine.wrap(function() pcall(os.exit) end)()",
      "setmetatable({}, { __close = 1, __index = os.exit }).x = nil; local _ = setmetatable({}, { __index = os.exit }).x",
    } do
      local result = refused("sink", "on_row", ("local exit = os.exit return { on_row = function() %s end }"):format(call))
      assert.matches("1 row had arrived; nothing was committed", result.err)
    end
  end)

  it("leaves no temporary file and commits nothing", function()
    local dir = shell.directory()
    refused("sink", "on_row", ([[
      local jsonl = require "sluice.sink.jsonl"
      return { streams = { rows = { sink = jsonl.file %q, on_row = function() os.exit(0) end } } }
    ]]):format(dir .. "/out.jsonl"))
    assert.same({}, shell.list(dir))
  end)

  it("is a failure after the commit as well, and a note if on_failure calls it", function()
    refused("sink", "on_summary", "return { on_row = function() end, on_summary = function() os.exit(0) end }")
    local result = run_ends(4, "sink", "return { on_row = function() error 'x' end, on_failure = function() os.exit(0) end }", COUNT)
    assert.matches("note: on_failure failed too: on_failure called os.exit", result.err)
  end)

  it("is a failure of an expression", function()
    for _, expression in ipairs { "os.exit(0)", "pcall(os.exit)", "i ~= 1 or os.exit()" } do
      local result = ends(4, "expression", { expression, table.unpack(COUNT) })
      assert.matches("where called os.exit", result.err)
      assert.matches("\n  " .. expression:gsub("%p", "%%%0") .. "\n +%^\n", result.err)
    end
    ends(4, "expression", { "true", "--map", "os.exit(0)", table.unpack(COUNT) })
  end)
end)
