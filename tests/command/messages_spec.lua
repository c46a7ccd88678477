--- Messages, their places, and how a wrapped command is ended.
local json = require "sluice.json"
local paths = require "support.paths"
local shell = require "support.shell"

after_each(shell.forget)

local function policy(text) return shell.file(text, "p.lua") end

local function run(words, input) return shell.sluice(words, { input = input }) end

describe("the line of a row is reported", function()
  local ROWS = '{"a":1}\n\n\n{"a":"x"}\n'

  --- The error of a policy's stream on the second row, which is line 4.
  local function err_of(entry, file)
    local own = policy("local schema = require 'sluice.schema' return { streams = { rows = " .. entry .. " } }")
    local words = { "run", own, file }
    local result = run(words, not file and ROWS or nil)
    assert.is_true(result.status == 3 or result.status == 4, result.err)
    return result.err
  end

  local ENTRIES = {
    ["by a schema"] = "{ schema = schema.record { a = schema.integer }, on_row = function() end }",
    ["by a handler"] = "{ on_row = function(row) if row.sequence == 1 then error 'no' end end }",
    ["by where"] = "{ where = function(row) return row.payload.a < 5 end, on_row = function() end }",
    ["by map"] = "{ map = function(row) if row.sequence == 1 then return nil end return row end, on_row = function() end }",
    ["by a sink"] = "{ sink = { begin = function() return true end, prepare = function() return true end, commit = function() return true end,"
      .. " rollback = function() end, write = function(_, row) if row.sequence == 1 then return nil, 'no' end return true end } }",
    ["by a limit of rejects"] = "{ max_rejects = 0, on_row = function(row) if row.sequence == 1 then row:reject 'no' end end }",
  }
  for what, entry in pairs(ENTRIES) do
    it("when it is refused " .. what, function()
      assert.matches("stream rows, sequence 1, line 4", err_of(entry))
      local file = shell.file(ROWS)
      assert.matches("stream rows, sequence 1, " .. file:gsub("%p", "%%%0") .. ":4", err_of(entry, file))
    end)
  end

  it("when an expression fails on it", function()
    assert.matches("%(in where, stream rows, sequence 1, line 4%)", run({ "filter", "a:foo() or a > 'x'" }, '{"b":1}\n\n\n{"a":"x"}\n').err)
  end)

  it("when its stream is unhandled", function()
    local own = policy "return { stream_by = '/t', streams = { a = { on_row = function() end } } }"
    assert.matches("unhandled_stream: [^\n]*sequence 0, line 3", run({ "run", own }, '{"t":"a"}\n\n{"t":"b"}\n').err)
  end)

  it("in any stream, and with its file", function()
    local own = policy "return { stream_by = '/t', streams = { a = { on_row = function() end }, b = { on_row = function(row) error 'no' end } } }"
    local one, two = shell.file '{"t":"a"}\n{"t":"a"}\n', shell.file '{"t":"a"}\n\n{"t":"b"}\n'
    assert.matches("stream b, sequence 0, " .. two:gsub("%p", "%%%0") .. ":3", run({ "run", own, one, two }).err)
  end)

  it("after lines that became no rows", function()
    for _, bad in ipairs { "x", '{"t":[]}', '{"t":""}' } do
      local result = run({ "filter", "--bad-lines", "drop", "--stream-by", "/t", "a < 3" },
        '{"a":1}\n' .. bad .. '\n{"a":2}\n' .. bad .. '\n{"a":"x"}\n')
      assert.matches("stream rows, sequence 2, line 5%)", result.err)
    end
    local result = run { "filter", "--bad-lines", "drop", "--envelopes", "--lines", "a < 3", "--", "sh", "-c",
      [[echo '{"stream":"s","payload":{"a":1}}'; echo '{"stream":"","payload":1}'; echo '{"stream":"s","payload":{"a":"x"}}']] }
    assert.matches("stream s, sequence 1, line 3%)", result.err)
  end)

  it("in a document that spans several lines", function()
    local result = run({ "filter", "--json", "a < 3" }, '[\n  {\n    "a": 1\n  },\n  {\n    "a": "x"\n  }\n]\n')
    assert.matches("stream rows, sequence 1, line 5", result.err)
  end)

  it("to programs that read the summary", function()
    local summary = shell.file()
    run({ "filter", "--summary", summary, "a < 3" }, '{"a":1}\n\n{"a":"x"}\n')
    local err = json.decode(shell.read(summary)).error
    assert.same({ "rows", 1, 3 }, { err.stream, err.sequence, err.line })
  end)
end)

describe("an unterminated last line", function()
  for _, stream in ipairs { "stderr", "stdout" } do
    local to = stream == "stderr" and " >&2" or ""
    it(("on %s is shown when the worker succeeds, fails, dies or takes too long"):format(stream), function()
      local lua = shell.file(([[return { name = "w", version = "1", exports = { index = function(_, emit)
        emit:row("rows", 1) io.%s:write "last words" io.%s:flush() %%s end } }]]):format(stream, stream), "w.lua")
      for _, how in ipairs { "", "error 'no'", "os.exit(3)", "while true do end" } do
        shell.write(lua, (shell.read(lua):gsub("flush%(%) .- end } }", "flush() " .. how .. " end } }")))
        local result = run { "filter", "--timeout", "1s", "true", "--", lua }
        assert.matches("worker." .. stream .. ": last words\n", result.err, nil, false)
      end
    end)

    if stream == "stderr" then
      it("on stderr is shown for a wrapped command", function()
        for _, status in ipairs { 0, 3 } do
          local result = run { "filter", "--lines", "true", "--", "sh", "-c", ("echo 1; printf 'last words'%s; exit %d"):format(to, status) }
          assert.matches("worker.stderr: last words\n", result.err)
        end
      end)
    end
  end
end)

describe("a last line that the worker has not flushed", function()
  it("is shown at the end of its request, and belongs to it", function()
    local lua = shell.file([[local function index(_, emit) emit:row("rows", 1) io.write "last words" end
      return { exports = { good = index, bad = function(_, emit) index(_, emit) error "no" end } }]], "w.lua")
    for name, status in pairs { good = 0, bad = 1 } do
      local result = run { "filter", "--export", name, "true", "--", lua }
      assert.equal(status, result.status)
      assert.matches("^worker.stdout: last words\nsluice: ", result.err)
    end
  end)
end)

describe("a wrapped command", function()
  --- A script that takes a while to tidy up.
  local function tidy(mark)
    return shell.file(([[trap 'sleep 0.3; echo tidy >%s; exit 0' TERM
      echo '{"a":1}'; while :; do sleep 0.02; done]]):format(mark), "tidy.sh")
  end

  for _, case in ipairs { { "INT", 130 }, { "TERM", 143 }, { "HUP", 129 } } do
    it(("has time to tidy up after SIG%s"):format(case[1]), function()
      local mark = shell.file()
      local process = shell.start_sluice { "filter", "--lines", "true", "--", "sh", tidy(mark) }
      process:await '{"a":1}'
      process:signal(case[1])
      assert.equal(case[2], process:finish().status)
      assert.equal("tidy\n", shell.read(mark))
    end)
  end

  it("has time to tidy up after a timeout, silence, and a handler's error", function()
    local bad = "return { on_row = function() error 'no' end }"
    for _, words in ipairs {
      { "filter", "--timeout", "1s", "true" }, { "filter", "--idle-timeout", "1s", "true" },
      { "filter", "a:nosuch()" }, { "run", policy(bad) }, { "filter", "a + {} == 1" },
    } do
      local mark = shell.file()
      for _, word in ipairs { "--lines", "--", "sh", tidy(mark) } do words[#words + 1] = word end
      assert.is_true(run(words).status > 0)
      assert.equal("tidy\n", shell.read(mark), shell.line(words))
    end
  end)

  it("has time to tidy up after a line that is not JSON", function()
    local mark = shell.file()
    local script = shell.file((shell.read(tidy(mark)):gsub("echo '{", "echo nonsense; %0")), "s.sh")
    assert.equal(3, run({ "filter", "true", "--lines", "--", "sh", script }).status)
    assert.equal("tidy\n", shell.read(mark))
  end)

  it("has time to tidy up when its rows have no reader any more", function()
    local mark = shell.file()
    local words = shell.line { paths.sluice, "filter", "a == 2", "--lines", "--", "sh", tidy(mark) }
    assert.equal("141\n", shell.run({ "bash", "-c", words .. " | true; echo ${PIPESTATUS[0]}" }).out)
    shell.wait("the command to tidy up", function() return shell.read(mark) == "tidy\n" end) -- the runner is gone by then
  end)

  it("is ended with everything that it has started", function()
    -- The inner shell has half a second: it must not have to wait for another process or for a disk.
    local mark = "/dev/shm/" .. shell.file():match "[^/]*$"
    local script = shell.file(([[(trap 'echo tidy >%s; exit 0' TERM; echo 1; sleep 1000 & wait) & wait]]):format(mark), "s.sh")
    assert.equal(124, run({ "filter", "--timeout", "1s", "--lines", "true", "--", "sh", script }).status)
    local said = shell.read(mark)
    os.remove(mark)
    assert.equal("tidy\n", said)
  end)

  it("is killed if it ignores SIGTERM, and at once by a second signal", function()
    local script = shell.file("trap '' TERM; echo 1; while :; do sleep 0.02; done", "deaf.sh")
    assert.equal(124, run({ "filter", "--timeout", "300ms", "--lines", "true", "--", "sh", script }).status)
    local process = shell.start_sluice { "filter", "--lines", "true", "--", "sh", script }
    process:await "1"
    process:signal "INT"
    process:await("interrupt again to kill it", "stderr")
    process:signal "INT"
    assert.equal(130, process:finish().status)
  end)

  for what, script in pairs {
    ["it takes no notice of SIGTERM"] = "while :; do sleep 0.02; done", ["what it has started takes none"] = "sleep 1000 & wait",
  } do
    it("is killed with its host when the runner is, even if " .. what, function()
      local process = shell.start_sluice { "filter", "--lines", "true", "--", "sh", "-c", "trap '' TERM; echo 1; " .. script }
      process:await "1"
      process:signal "KILL"
      assert.equal(137, process:finish().status)
    end)
  end
end)

describe("a host that is stopped", function()
  it("is killed with its command when the runner is", function()
    local process = shell.start_sluice { "filter", "--lines", "true", "--", "sh", "-c", "echo 1; sleep 1000" }
    process:await "1"
    local host = process:descendants "worker.*%-%-lines"[1]
    assert(os.execute(("kill -STOP %d"):format(host)))
    process:signal "KILL"
    assert.equal(137, process:finish().status)
  end)
end)

describe("the reader of standard output", function()
  --- Pipes sluice into a reader that reads nothing, or one line.
  local function into(reader, words)
    return shell.run { "bash", "-c", ("%s | %s; echo ${PIPESTATUS[0]}"):format(shell.line { paths.sluice, table.unpack(words) }, reader) }
  end

  local ENDLESS = { "--lines", "--", "sh", "-c", "while :; do echo '{\"v\":1}'; done" }

  local function endless(...)
    local words = { ... }
    return table.move(ENDLESS, 1, #ENDLESS, #words + 1, words)
  end

  it("ends the run when it is gone, even if no row has matched", function()
    assert.equal("141\n", into("true", endless("filter", "v == 2")).out)
    assert.equal("141\n", into("true", endless("filter", "--atomic", "v == 2")).out)
  end)

  it("ends the run when it stops reading", function()
    assert.equal('{"v":1}\n141\n', into("head -1", endless("filter", "true")).out)
    assert.equal("1\n141\n", into("head -1", endless("filter", "--map", "v", "true")).out)
  end)

  it("ends the run of a silent worker as well", function()
    assert.equal("141\n", into("true", { "filter", "true", "--lines", "--", "sleep", "60" }).out)
  end)

  it("ends the run of a policy whose rows go there", function()
    for _, text in ipairs {
      'return { sink = require("sluice.sink.stdout").new() }',
      'local out = require("sluice").stdout() return { on_row = function(row) out:row(row) end }',
    } do
      assert.equal("141\n", into("true", { "run", policy(text), "--lines", "--", "sleep", "60" }).out)
    end
  end)

  it("ends the run of a policy whose sink writes there, even if it has nothing to write", function()
    for _, options in ipairs { "", "{ atomic = true }", '{ format = "table" }' } do
      local own = policy(([[return { streams = { rows = { where = function() return false end,
        sink = require("sluice.sink.stdout").new(%s) } } }]]):format(options))
      assert.equal("141\n", into("true", endless("run", own)).out)
    end
  end)

  it("ends the run of a policy that has asked for standard output", function()
    assert.equal("141\n", into("true", { "run", "scripts/head.lua", "--lines", "--", "sleep", "60" }).out)
    assert.equal('{"v":1}\n141\n', into("head -1", endless("run", "scripts/jsonl.lua")).out)
  end)

  it("does not matter to a policy that writes elsewhere", function()
    local target = shell.file()
    local own = policy(('return { sink = require("sluice.sink.jsonl").file(%q) }'):format(target))
    assert.equal("0\n", into("true", { "run", own, "--lines", "--", "sh", "-c", "sleep 0.4; echo 1" }).out)
    assert.equal("1\n", shell.read(target))
  end)
end)

describe("output that is held back", function()
  it("waits in TMPDIR", function()
    local process = shell.start_sluice({ "filter", "--atomic", "true", "--lines", "--", "sh", "-c", "echo 1; sleep 60" },
      { env = { TMPDIR = shell.directory() } })
    local directory = shell.wait("the file is there", function()
      for fd in require("lfs").dir(("/proc/%d/fd"):format(process.pid)) do
        local target = require("lfs").symlinkattributes(("/proc/%d/fd/%s"):format(process.pid, fd), "target")
        if target and target:find "deleted" then return target:match "^(.*)/" end
      end
    end)
    process:signal "TERM"
    process:finish()
    assert.matches("^/tmp/lua_", directory)
  end)

  it("names the directory if it is missing or full", function()
    local result = shell.sluice({ "filter", "--atomic", "true" }, { input = "1\n", env = { TMPDIR = "/nonexistent/x" } })
    assert.equal(4, result.status)
    assert.matches("in /nonexistent/x that holds the output back %(TMPDIR names another directory%): No such file or directory", result.err)
    local directory = shell.directory()
    result = shell.run({ "bash", "-c", "ulimit -f 64; " .. paths.sluice ..
      " filter --atomic true --lines -- sh -c 'yes \"[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]\" | head -40000'" }, { env = { TMPDIR = directory } })
    assert.equal(4, result.status)
    assert.matches("in " .. directory .. " that holds the output back .*File too large", result.err)
    assert.equal("", result.out)
  end)
end)
