--- What a user sees on a real terminal.
local paths = require "support.paths"
local shell = require "support.shell"
local terminal = require "support.terminal"

local open

after_each(function()
  if open then open:close() end
  open = nil
  shell.forget()
end)

local SHOW = [[
return {
  on_row = function() end,
  on_summary = function(summary) print(summary.total_rows .. " rows in all") end,
}]]

--- Emits rows and its own progress, and a diagnostic with the 300th row, until
--- a file exists.
local WORKER = [[
local gate = ...
return { name = "gated", version = "1.0", exports = { index = function(_, emit)
  local i = 0
  repeat
    i = i + 1
    emit:row("rows", { i = i, pad = ("x"):rep(100) })
    emit:progress("scanning", i % 340, 340)
    if i == 300 then emit:diagnostic("odd", "file number 300") end
    for _ = 1, 20000 do end
    local file = io.open(gate)
  until i >= 300 and (file and file:close() or emit:stopped())
end } }]]

local function quoted(words) return shell.line(words) end

--- Starts a command in a terminal.
local function start(words, options)
  open = terminal.open(words, options)
  return open
end

local function gated(options, ...)
  local gate = shell.file()
  os.remove(gate)
  local words = { paths.sluice, "run" }
  for _, word in ipairs { ... } do words[#words + 1] = word end
  table.move({ shell.file(SHOW, "p.lua"), "--", shell.file(WORKER, "gated.lua"), gate }, 1, 4, #words + 1, words)
  local t = start(words, options)
  t.gate = gate
  return t
end

local LINE = "[%d,]+ rows  [%d,]+ rows/s  [%d.]+ %a+  %d:%d%d  scanning %d+/340 %(%d+%%%)"

describe("the progress line", function()
  it("shows rows, rate, bytes, time and the worker's own progress", function()
    gated():await(LINE)
  end)

  it("is updated in place, and shown once", function()
    local t = gated()
    local first = t:await(LINE):match(LINE)
    local screen
    shell.wait("another line", function()
      screen = t:screen()
      return screen:match(LINE) and screen:match(LINE) ~= first
    end)
    assert.equal(1, select(2, screen:gsub("rows/s", "")))
  end)

  it("disappears at the end: only the results remain", function()
    local t = gated()
    t:await(LINE)
    shell.write(t.gate, "")
    local status, screen = t:finish()
    assert.equal(0, status)
    assert.matches("^odd: file number 300\n[%d]+ rows in all\nsluice: [%d,]+ rows in [^\n]+, committed\n%[status 0%]\n$", screen)
  end)

  it("makes room for diagnostics", function()
    local t = gated()
    local screen = t:await("odd: file number 300\n")
    assert.matches("^odd: file number 300\n", screen)
    t:await("^odd: file number 300\n" .. LINE)
  end)

  it("is truncated in a narrow terminal, not wrapped", function()
    local t = gated { columns = 30 }
    local screen = t:await "rows/s"
    assert.is_true(#screen:match("[^\n]*rows/s[^\n]*") < 30)
    shell.write(t.gate, "")
    local status
    status, screen = t:finish()
    assert.equal(0, status)
    assert.is_nil(screen:find("rows/s", 1, true))
  end)

  it("is omitted with --progress none or --quiet", function()
    for _, option in ipairs { { "--progress", "none" }, { "--quiet" } } do
      local t = gated(nil, table.unpack(option))
      assert.equal("odd: file number 300\n", (t:await "odd: file number 300\n"))
      shell.write(t.gate, "")
      local _, screen = t:finish()
      assert.is_nil(screen:find("rows/s", 1, true))
      t:close()
    end
  end)

  it("is omitted on a dumb terminal", function()
    local t = gated { env = { TERM = "dumb" } }
    assert.equal("odd: file number 300\n", (t:await "odd: file number 300\n"))
  end)

  it("gives way to rows that are printed on the same terminal", function()
    local t = start({ paths.sluice, "filter", "--export", "interleave", "true", "--", paths.file "workers/counts.lua" })
    local status, screen = t:finish()
    assert.equal(0, status)
    assert.matches("1\nfirst: after a row\n2\n3\nsecond: before the last row\n4\nsluice: 4 rows in [^\n]+ %(a 2, b 2%), complete\n", screen)
  end)

  it("does not interleave with the lines that a policy prints", function()
    local policy = shell.file("return { on_row = function(row) print(row) end }", "p.lua")
    local t = start { paths.sluice, "run", policy, "--lines", "--", "sh", "-c", "for i in 1 2 3 4 5 6; do echo $i; sleep 0.1; done" }
    local status, screen = t:finish()
    assert.equal(0, status)
    assert.matches("^1\n2\n3\n4\n5\n6\nsluice: 6 rows", screen)
  end)

  it("is omitted if a program reads our output, because the screen is that program's", function()
    local t = start({ "sh", "-c", quoted { paths.sluice, "filter", "--lines", "true", "--", "sh", "-c",
      "echo 1; sleep 1.2; echo 2" } .. " | cat" })
    shell.wait("the second row", function()
      local screen = t:screen()
      assert.is_nil(screen:find("rows/s", 1, true))
      return screen:find "^1\n2\n"
    end)
    assert.matches("^1\n2\nsluice: 2 rows in", select(2, t:finish()))
  end)

  it("is shown together with output that goes to a file", function()
    local out = shell.file()
    local line = quoted { paths.sluice, "filter", "--lines", "true", "--", "sh", "-c", "while :; do echo 1; sleep 0.05; done" }
    local t = start { "sh", "-c", "exec " .. line .. " >" .. out }
    t:await("[%d,]+ rows  [%d,]+ rows/s")
    shell.wait("two rows in the file", function() return shell.read(out):find "^1\n1\n" end)
    t:press "C-c"
    local status, screen = t:finish()
    assert.equal(130, status)
    assert.is_nil(screen:find("rows/s", 1, true))
    assert.matches("^1\n1\n", shell.read(out))
  end)
end)

describe("Ctrl-C", function()
  it("once cancels at a row boundary", function()
    local t = gated()
    t:await(LINE)
    t:press "C-c"
    local status, screen = t:finish()
    assert.equal(130, status)
    assert.matches("\nsluice: cancelled: interrupted by SIGINT\n  [%d,]+ rows had arrived; nothing was committed\n", screen)
    assert.is_nil(screen:find("rows/s", 1, true))
  end)

  it("explains what it waits for if the worker does not stop, and kills it the second time", function()
    local t = start { paths.sluice, "filter", "--export", "deaf", "true", "--", paths.program "workers/ignores_sigterm" }
    t:await "^1\n"
    t:press "C-c"
    t:await "interrupt again to kill it"
    t:press "C-c"
    local status, screen = t:finish()
    assert.equal(130, status)
    assert.is_nil(screen:find("^C", 1, true)) -- the terminal's echo of the key
  end)

  it("reaches only sluice: a wrapped command does not receive it first", function()
    local t = start { paths.sluice, "filter", "--lines", "true", "--", "sh", "-c",
      "trap 'echo \\\"trapped\\\"; exit 1' INT; echo 1; while :; do sleep 0.05; done" }
    t:await "^1\n"
    t:press "C-c"
    local status, screen = t:finish()
    assert.equal(130, status)
    assert.is_nil(screen:find("trapped", 1, true))
  end)

  it("leaves a working terminal", function()
    local t = start { "sh", "-c", "trap : INT; " .. quoted { paths.sluice, "filter", "--lines", "true", "--", "sh", "-c", "echo 1; sleep 100" } .. "; stty -a | grep -o ' echo '" }
    t:await "^1\n"
    t:press "C-c"
    local _, screen = t:finish()
    assert.matches("\n echo\n", screen)
  end)
end)

describe("colours", function()
  local function failure(env)
    local t = start({ paths.sluice, "filter", "--lines", "true", "--", "sh", "-c", "echo why >&2; exit 3" }, { env = env })
    local _, screen = t:finish()
    assert.matches("worker.stderr: why\nsluice: export_failed: ", screen)
    return t:screen "-e"
  end

  it("mark the kind of a failure and the code of a diagnostic", function()
    local screen = failure()
    assert.matches("\27%[31mexport_failed\27%[39m: ", screen)
    assert.matches("\27%[33mworker.stderr\27%[39m: ", screen)
  end)

  it("are omitted with NO_COLOR", function()
    assert.is_nil(failure({ NO_COLOR = "1" }):find("\27", 1, true))
  end)
end)

describe("a terminal as input", function()
  it("is wrong usage for a filter without a worker, which would only appear to hang", function()
    local status, screen = start({ paths.sluice, "filter", "true" }):finish()
    assert.equal(2, status)
    assert.matches("^sluice: usage: no worker, no files, and standard input is a terminal", screen)
  end)
end)
