--- sluice run: options, and the messages about a run.
local json = require "sluice.json"
local lfs = require "lfs"
local paths = require "support.paths"
local shell = require "support.shell"

local counts = paths.file "workers/counts.lua"
local SHOW = 'return { on_row = function(row) print(row.stream, row) end }'
local REPORT = 'return { on_row = function() end, on_summary = function(s) print(s.total_rows) end }'

after_each(shell.forget)

local function run(policy, words, options)
  return shell.sluice({ "run", shell.file(policy, "policy.lua"), table.unpack(words) }, options)
end

local function printed(policy, words, options)
  local result = run(policy, words, options)
  assert.equal(0, result.status, result.err)
  return result.out
end

--- Runs a shell command with --lines; returns its rows as printed.
local function lines_of(script, ...)
  local words = table.pack("--lines", ...)
  return printed(SHOW, table.move({ "--", "sh", "-c", script }, 1, 4, words.n + 1, words))
end

describe("--request", function()
  it("is JSON", function()
    assert.equal("2\n", printed(REPORT, { "--export", "count", "--request", '{"n":2}', "--", counts }))
  end)

  it("is read from a file after @", function()
    local file = shell.file '{"n":4}\n'
    assert.equal("4\n", printed(REPORT, { "--export", "count", "--request", "@" .. file, "--", counts }))
  end)

  it("is read from standard input after @-", function()
    assert.equal("5\n", printed(REPORT, { "--export", "count", "--request", "@-", "--", counts }, { input = '{"n":5}' }))
  end)

  it("overrides the policy's", function()
    local policy = 'return { request = { n = 1 }, export = "count", on_row = print }'
    assert.equal(2, select(2, printed(policy, { "--request", '{"n":2}', "--", counts }):gsub("\n", "")))
  end)

  it("reaches a wrapped command as a variable", function()
    assert.equal('rows\t{"a": 9007199254740993}\n', lines_of('echo "$SLUICE_REQUEST"', "--request", '{"a": 9007199254740993}'))
  end)

  it("that is not JSON is wrong usage, with the place", function()
    local result = run(SHOW, { "--request", '{"n":}', "--", counts })
    assert.equal(2, result.status)
    assert.matches("^sluice: usage: %-%-request: not valid JSON: [^\n]+\ntry: sluice run %-%-help\n$", result.err)
  end)
end)

describe("the worker's process", function()
  it("has the variables of --env in addition to the others", function()
    assert.equal('rows\t["1","a=b c",true]\n', lines_of([[echo "[\"$A\",\"$B\",${HOME:+true}]"]], "--env", "A=1", "--env", "B=a=b c"))
  end)

  it("has the policy's variables, which --env overrides", function()
    local policy = 'return { env = { A = "policy", B = "policy", HOME = false }, on_row = print }'
    local out = printed(policy, { "--lines", "--env", "A=option", "--", "sh", "-c", [[echo "[\"$A\",\"$B\",\"$HOME\"]"]] })
    assert.matches('["option","policy",""]', out, 1, true)
  end)

  it("starts in --cwd", function()
    local directory = shell.directory()
    assert.equal(('rows\t"%s"\n'):format(directory), lines_of([[printf '"%s"\n' "$(pwd -P)"]], "--cwd", directory))
  end)

  it("gets our standard input", function()
    assert.equal('rows\t"secret"\n', printed(SHOW, { "--lines", "--", "sh", "-c", [[printf '"%s"\n' "$(cat)"]] }, { input = "secret" }))
  end)

  it("may be named by the policy, relative to its file", function()
    local directory = shell.directory()
    shell.write(directory .. "/w.lua", 'return { exports = { e = function(_, emit) emit:row("rows", "here") end } }')
    shell.write(directory .. "/p.lua", 'return { worker = { "w.lua" }, on_row = print }')
    local result = shell.sluice({ "run", directory .. "/p.lua" }, { cwd = "/" })
    assert.equal(0, result.status, result.err)
    assert.equal('"here"', result.out:match('"here"'))
  end)

  it("gets its arguments", function()
    local result = shell.sluice { "call", "arguments", "--", counts, "--fast", "a b", "" }
    assert.equal('["--fast","a b",""]\n', result.out)
  end)
end)

describe("--stream and --envelopes", function()
  it("set the stream of lines", function()
    assert.equal("match\t1\n", lines_of("echo 1", "--stream", "match"))
  end)

  it("take the stream from each line", function()
    assert.equal("a\tnull\nb\t[]\n", lines_of([[echo '{"stream":"a","payload":null}'; echo '{"payload":[],"stream":"b"}']], "--envelopes"))
  end)

  it("take diagnostics from lines as well", function()
    local result = run(SHOW, { "--lines", "--envelopes", "--", "echo", '{"diagnostic":{"code":"odd","message":"a thing"}}' })
    assert.equal(0, result.status)
    assert.matches("^odd: a thing\n", result.err)
  end)
end)

describe("--transport and --via", function()
  local native = paths.program "workers/wellbehaved"

  it("use 0 and 1 with a Lua worker", function()
    assert.equal("3\n", printed(REPORT, { "--transport", "stdio", "--export", "count", "--request", '{"n":3}', "--", counts }))
  end)

  it("use 0 and 1 with a native worker", function()
    assert.equal("3\n", printed(REPORT, { "--transport", "stdio", "--export", "count", "--request", "3", "--", native }))
  end)

  it("keep a Lua worker's own output there out of the rows", function()
    local result = run(REPORT, { "--transport", "stdio", "--export", "talk", "--request", '{"n":1}', "--", paths.file "workers/prints.lua" })
    assert.equal(0, result.status, result.err)
    assert.equal("1\n", result.out)
    assert.matches("stdout 1\n", result.err)
    assert.matches("stderr 1\n", result.err)
  end)

  it("are reported if they contradict each other", function()
    local result = run(SHOW, { "--via", "env", "--transport", "pipe", "--", counts })
    assert.equal(2, result.status)
    assert.matches("^sluice: usage: via needs transport stdio", result.err)
  end)
end)

describe("--max-frame", function()
  local words = { "--export", "row", "--request", '{"size":3000000}' }

  it("lets larger rows pass", function()
    assert.equal("2\n", printed(REPORT, { "--max-frame", "4MiB", words[1], words[2], words[3], words[4], "--", paths.file "workers/too_large.lua" }))
  end)

  it("outside its limits is wrong usage, and both limits are named", function()
    for _, size in ipairs { "1KiB", "1GiB" } do
      local result = run(SHOW, { "--max-frame", size, "--", counts })
      assert.equal(2, result.status, result.err)
      assert.matches("^sluice: usage: [^\n]*64 ?KiB[^\n]*256 ?MiB", result.err)
    end
  end)
end)

describe("--summary", function()
  it("has the counts of a success, which agree with the outcome line", function()
    local file = shell.file()
    local policy = 'return { on_row = function() end, streams = { a = { where = function(r) return r.payload > 1 end } } }'
    local result = run(policy, { "--summary", file, "--export", "interleave", "--", counts })
    assert.equal(0, result.status)
    local text = shell.read(file)
    assert.matches("^{[^\n]*}\n$", text)
    local said = json.decode(text)
    assert.is_true(said.success)
    assert.same({ 0, 4, 3, 1, 4 }, { said.exit, said.rows, said.kept, said.dropped, said.bytes })
    assert.equal(said.rows, said.kept + said.dropped)
    assert.same({ a = 2, b = 2 }, said.per_stream)
    assert.equal("counts", said.worker.name)
    assert.matches("sluice: 4 rows in [^\n]+ %(3 kept, 1 dropped; a 2, b 2%), committed\n$", result.err)
  end)

  it("is consistent after a failure as well", function()
    local file = shell.file()
    local policy = "return { on_row = function(row) if row.sequence == 1 then error 'no' end end }"
    local result = run(policy, { "--summary", file, "--export", "count", "--", counts, }, nil)
    local said = json.decode(shell.read(file))
    assert.is_false(said.success)
    assert.equal(result.status, said.exit)
    assert.is_true(said.rows >= said.kept + said.dropped)
  end)

  it("contains the worker's metadata unchanged", function()
    local file = shell.file()
    run(REPORT, { "--summary", file, "--export", "count", "--request", '{"n":1}', "--", counts })
    assert.matches('"metadata":{"emitted":1}', shell.read(file), 1, true)
  end)

  it("replaces an older one only when it is complete", function()
    local directory = shell.directory()
    local file = directory .. "/s.json"
    shell.write(file, "old")
    local process = shell.start_sluice { "run", shell.file(REPORT, "p.lua"), "--summary", file, "--export", "deaf", "--request", "60000",
      "--", paths.program "workers/sleeps" }
    shell.wait("the worker", function() return process:descendants("sleeps")[1] end)
    assert.equal("old", shell.read(file))
    process:signal "TERM"
    process:finish()
    assert.matches('^{"success":false', shell.read(file))
    assert.same({ "s.json" }, shell.list(directory))
  end)

  it("may go to standard output, after earlier output", function()
    local link = shell.directory() .. "/stdout" -- like /dev/stdout, which must not be replaced
    assert(lfs.link("/proc/self/fd/1", link, true))
    local result = run(REPORT, { "--quiet", "--summary", link, "--export", "nothing", "--", counts })
    assert.equal(0, result.status)
    assert.matches('^0\n{"success":true,', result.out)
    assert.equal("link", lfs.symlinkattributes(link, "mode"))
  end)

  it("may go through a link, which is kept", function()
    local directory = shell.directory()
    assert(lfs.link("s.json", directory .. "/link", true))
    run(REPORT, { "--summary", directory .. "/link", "--export", "nothing", "--", counts })
    assert.matches('^{"success":true,', shell.read(directory .. "/s.json"))
    assert.same({ "link", "s.json" }, shell.list(directory))
    assert.equal("link", lfs.symlinkattributes(directory .. "/link", "mode"))
  end)

  it("has the mode of the older one, and leaves no temporary file", function()
    local directory = shell.directory()
    shell.write(directory .. "/s.json", "old")
    assert(os.execute("chmod 640 " .. directory .. "/s.json"))
    local result = run(REPORT, { "--summary", directory .. "/s.json", "--export", "nothing", "--", counts })
    assert.equal(0, result.status, result.err)
    assert.equal("rw-r-----", lfs.attributes(directory .. "/s.json", "permissions"))
    assert.same({ "s.json" }, shell.list(directory))
  end)

  it("may be a file known only by its descriptor, where it is appended", function()
    local file = shell.file("first\n")
    local words = { paths.sluice, "run", "--quiet", "--summary", "/dev/fd/9", shell.file(REPORT, "p.lua"), "--export", "nothing", "--", counts }
    local result = shell.run { "sh", "-c", ("exec %s 9>>%s"):format(shell.line(words), file) }
    assert.equal(0, result.status, result.err)
    assert.matches('^first\n{"success":true,', shell.read(file))
  end)

  it("may be a pipe", function()
    local pipe = shell.directory() .. "/pipe"
    assert(os.execute("mkfifo " .. pipe))
    local words = { paths.sluice, "run", "--quiet", "--summary", pipe, shell.file(REPORT, "p.lua"), "--export", "nothing", "--", counts }
    local result = shell.run { "sh", "-c", ("cat %s & %s; wait"):format(pipe, shell.line(words)) }
    assert.matches('{"success":true,[^\n]*}\n', result.out)
    assert.equal("named pipe", lfs.attributes(pipe, "mode"))
  end)

  it("that cannot be written makes the run fail, although the rows stand", function()
    local result = run(REPORT, { "--summary", "/dev/full", "--export", "nothing", "--", counts })
    assert.equal(4, result.status)
    assert.matches("^sluice: sink: cannot write the summary /dev/full: No space left on device", result.err)
  end)
end)

describe("--progress", function()
  --- Rows at intervals for more than a second.
  local SLOW = "i=0; while [ $i -lt 24 ]; do echo $i; i=$((i+1)); sleep 0.05; done"

  it("plain is one line per second", function()
    local result = run(REPORT, { "--lines", "--progress", "plain", "--", "sh", "-c", SLOW })
    assert.equal("24\n", result.out)
    assert.matches("^sluice: %d+ rows  %d+ rows/s  %d+ B  0:01\nsluice: 24 rows in 1", result.err)
  end)

  it("json is one object per line, up to the outcome", function()
    local result = run(REPORT, { "--lines", "--progress", "json", "--", "sh", "-c", "echo oops >&2; " .. SLOW })
    local kinds = {}
    for line in result.err:gmatch("[^\n]+") do
      local value = assert(json.decode(line))
      kinds[#kinds + 1] = next(value)
    end
    assert.same({ "diagnostic", "progress", "outcome" }, kinds)
  end)

  it("is omitted without a terminal, and with none", function()
    for _, how in ipairs { "auto", "none" } do
      local result = run(REPORT, { "--progress", how, "--export", "nothing", "--", counts })
      assert.matches("^sluice: 0 rows in [^\n]+\n$", result.err)
    end
  end)
end)

describe("a policy", function()
  it("receives its arguments", function()
    assert.equal("a\tb c\n", printed("print(...) return { on_row = print }", { "--arg", "a", "--arg", "b c", "--export", "nothing", "--", counts }))
  end)

  it("finds modules beside it", function()
    local directory = shell.directory()
    shell.write(directory .. "/words.lua", "return { hello = 'hello' }")
    shell.write(directory .. "/p.lua", "print(require 'words'.hello) return { on_row = print }")
    local result = shell.sluice { "run", directory .. "/p.lua", "--export", "nothing", "--", counts }
    assert.equal("hello\n", result.out)
  end)

  it("that does not exist is wrong usage", function()
    local result = shell.sluice { "run", "/nonexistent/p.lua", "--", counts }
    assert.equal(2, result.status)
    assert.equal("sluice: usage: cannot read the policy /nonexistent/p.lua: No such file or directory\ntry: sluice run --help\n", result.err)
  end)

  it("may set the same options, which the command line overrides", function()
    local policy = 'return { timeout = "50ms", on_row = function() end }'
    local words = { "--lines", "--", "sleep", "0.2" }
    assert.equal(124, run(policy, words).status)
    assert.equal(0, run(policy, { "--timeout", "10s", table.unpack(words) }).status)
  end)

  it("with an invalid option gets the expected form", function()
    local result = run('return { timeout = "soon" }', { "--", counts })
    assert.equal(4, result.status)
    assert.matches("policy.lua: timeout: expected a duration such as 30s, 500ms or 10m, got \"soon\"", result.err)
  end)

  it("may handle diagnostics itself", function()
    local policy = "return { on_row = function() end, on_diagnostic = function(d) print(d.code, d.message) end }"
    local result = run(policy, { "--export", "interleave", "--", counts })
    assert.equal("first\tafter a row\nsecond\tbefore the last row\n", result.out)
    assert.is_nil(result.err:find("first", 1, true))
  end)

  it("that prints to a full device fails, even if it does not check", function()
    for _, how in ipairs { "print(row)", "io.write(tostring(row))", "require 'sluice'.stdout():row(row)", "io.stdout:write('x')" } do
      local result = run(("return { on_row = function(row) %s end }"):format(how),
        { "--export", "count", "--request", '{"n":3}', "--", counts }, { redirect = ">/dev/full" })
      assert.equal(4, result.status, how)
      assert.matches("sluice: sink: [^\n]*cannot write to standard output[^\n]*No space left on device", result.err)
    end
  end)
end)

describe("diagnostics", function()
  it("without a handler are printed as code and message, in their order", function()
    local result = run(REPORT, { "--quiet", "--export", "interleave", "--", counts })
    assert.equal("first: after a row\nsecond: before the last row\n", result.err)
  end)

  it("cannot move the cursor or ring the bell", function()
    local result = run(REPORT, { "--quiet", "--lines", "--", "sh", "-c", [[printf '\033[2Jgone\a\n' >&2]] })
    assert.equal("worker.stderr: \\x1b[2Jgone\\x07\n", result.err)
  end)
end)

describe("sluice call", function()
  it("prints the reply as one line, byte for byte", function()
    local result = shell.sluice { "call", "echo", '{"n":1234567890123456789012345678901234567890,\n"a":[]}', "--", paths.program "workers/wellbehaved" }
    assert.equal(0, result.status, result.err)
    assert.equal('{"n":1234567890123456789012345678901234567890, "a":[]}\n', result.out)
    assert.equal("", result.err)
  end)

  it("sends null without a request", function()
    assert.equal("null\n", shell.sluice({ "call", "echo", "--", counts }).out)
  end)

  it("reports the failure", function()
    local result = shell.sluice { "call", "fail", "--", paths.file "workers/raises.lua" }
    assert.equal(1, result.status)
    assert.equal("", result.out)
    assert.matches("^sluice: export_failed: [^\n]*the call broke", result.err)
  end)

  it("of an export that streams rows is wrong usage", function()
    local result = shell.sluice { "call", "count", "--", counts }
    assert.equal(2, result.status)
    assert.matches('"count" streams rows; it is not a call', result.err)
  end)

  it("writes a summary", function()
    local file = shell.file()
    shell.sluice { "call", "--summary", file, "echo", "1", "--", counts }
    assert.matches('^{"success":true,"exit":0,', shell.read(file))
  end)

  it("to a full device is a sink error", function()
    local result = shell.sluice({ "call", "echo", "1", "--", counts }, { redirect = ">/dev/full" })
    assert.equal(4, result.status)
  end)
end)

describe("sluice info", function()
  it("shows name, version and exports, aligned", function()
    local result = shell.sluice { "info", "--", counts }
    assert.equal(0, result.status)
    assert.equal([[
counts 1.2
exports:
  arguments   call
  count       rows
  echo        call
  interleave  rows
  no_value    call
  nothing     rows
]], result.out:match("^(.*\n)rows up to"))
    assert.equal("", result.err)
  end)

  it("is one line of JSON with --as json", function()
    local result = shell.sluice { "info", "--as", "json", "--", counts }
    local said = json.decode(result.out)
    assert.same({ "counts", "1.2", 1, 6 }, { said.name, said.version, said.protocol, #said.exports })
  end)

  it("reports why it failed", function()
    local result = shell.sluice { "info", "--", "no-such-worker" }
    assert.equal(127, result.status)
    assert.equal("sluice: spawn: cannot start no-such-worker: No such file or directory\n", result.err)
  end)
end)

describe("sluice worker", function()
  it("started by hand explains its purpose", function()
    local result = shell.sluice({ "worker", counts }, { input = "" })
    assert.is_true(result.status ~= 0)
    result = shell.sluice { "worker" }
    assert.equal(2, result.status)
    assert.matches("^sluice worker: no worker: ", result.err)
  end)
end)
