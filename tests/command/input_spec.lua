--- The sources of rows: standard input, for a worker or in place of one, and files.
local paths = require "support.paths"
local shell = require "support.shell"

after_each(shell.forget)

--- A policy that prints its rows, or the given one.
local function policy(text)
  return shell.file(text or "return { on_row = function(row) print(row.raw) end }", "p.lua")
end

local function succeeds(words, options)
  table.insert(words, 1, paths.sluice)
  local result = shell.run(words, options)
  assert.equal(0, result.status, result.err)
  return result.out, result.err
end

--- The error of a command that must fail and write nothing.
local function fails(status, words, options)
  table.insert(words, 1, paths.sluice)
  local result = shell.run(words, options)
  assert.equal(status, result.status, result.err)
  assert.equal("", result.out)
  return result.err
end

local function gzip(text)
  local path = shell.file(text)
  assert(os.execute("gzip -kf " .. path))
  local packed = shell.read(path .. ".gz")
  os.remove(path .. ".gz")
  return packed
end

describe("standard input", function()
  local LUA = [[return { exports = { e = function(_, emit)
    for line in io.lines() do emit:row("rows", line) end
  end } }]]

  it("reaches a wrapped command", function()
    assert.equal('{"a":1}\n', (succeeds({ "run", policy(), "--lines", "--", "cat" }, { input = '{"a":1}\n' })))
    assert.equal("1\n2\n", (succeeds({ "filter", "true", "--lines", "--", "jq", "-c", ".[]" }, { input = "[1,2]" })))
  end)

  it("reaches a Lua worker, also one named in a policy", function()
    assert.equal('"one"\n', (succeeds({ "filter", "true", "--", shell.file(LUA, "w.lua") }, { input = "one\n" })))
    local own = policy(('return { worker = { %q }, on_row = function(row) print(row.raw) end }'):format(shell.file(LUA, "w.lua")))
    assert.equal('"two"\n', (succeeds({ "run", own }, { input = "two\n" })))
  end)

  it("reaches a program that speaks the protocol", function()
    local line = ("exec %s worker --transport pipe --lines"):format(paths.sluice)
    assert.equal("7\n", (succeeds({ "filter", "true", "--", "sh", "-c", line }, { input = "7\n" })))
  end)

  it("reaches an export that is called", function()
    local worker = shell.file('return { calls = { all = function() return io.read("a") end } }', "w.lua")
    assert.equal('"x"\n', (succeeds({ "call", "all", "--", worker }, { input = "x" })))
  end)

  it("does not reach the worker if the request is read from it", function()
    assert.equal('{"r":1}\n""\n', (succeeds({ "filter", "true", "--request", "@-", "--lines", "--",
      "sh", "-c", [[echo "$SLUICE_REQUEST"; printf '"%s"' "$(cat)"]] }, { input = '{"r":1}' })))
  end)

  it("does not reach the worker in stdio transport, which uses it", function()
    assert.equal('""\n', (succeeds({ "filter", "true", "--transport", "stdio", "--lines", "--",
      "sh", "-c", [[printf '"%s"' "$(cat)"]] }, { input = "secret" })))
  end)

  it("does not reach the worker if the policy forbids it", function()
    local own = policy 'return { stdin = "none", on_row = function(row) print(row.raw) end }'
    assert.equal('""\n', (succeeds({ "run", own, "--lines", "--", "sh", "-c", [[printf '"%s"' "$(cat)"]] }, { input = "secret" })))
  end)

  it("reaches the worker of a program only on request", function()
    local code = [[
      local sluice = require "sluice"
      local w <close> = assert(sluice.spawn { "cat", lines = true%s })
      for row in w:rows() do print(row.raw) end]]
    local function of(option)
      return shell.run({ paths.lua, "-e", code:format(option) }, { input = "1\n" })
    end
    assert.equal("", of("").out)
    assert.equal("1\n", of(', stdin = "inherit"').out)
    assert.matches('stdin: expected "inherit" or "none"', of(', stdin = true').err)
  end)

  it("is read by the next process of a worker where the last one left off", function()
    local code = [[
      local sluice = require "sluice"
      local w <close> = assert(sluice.spawn { "head", "-c2", lines = true, stdin = "inherit" })
      for _ = 1, 2 do
        for row in w:rows() do print(row.raw) end
        w:cycle()
      end]]
    assert.equal("1\n2\n", shell.run({ paths.lua, "-e", code }, { input = "1\n2\n3\n" }).out)
  end)

  it("replaces a worker for run as well", function()
    local out, err = succeeds({ "run", policy() }, { input = "1\n2" })
    assert.equal("1\n2\n", out)
    assert.matches("2 rows in [^\n]+, committed %(the end of input counted as success%)\n$", err)
  end)

  it("is wrong usage in place of a worker if it is /dev/null or closed", function()
    local target = shell.file("good\n", "out.jsonl")
    local own = policy(('return { sink = require "sluice.sink.jsonl".file(%q) }'):format(target))
    for _, redirect in ipairs { "</dev/null", "<&-" } do
      assert.matches("no files, and standard input is /dev/null", fails(2, { "run", own }, { redirect = redirect }))
      assert.matches("no files, and standard input is /dev/null", fails(2, { "filter", "true" }, { redirect = redirect }))
    end
    assert.equal("good\n", shell.read(target))
  end)

  it("is read even if it is /dev/null when - is given", function()
    assert.matches("0 rows", select(2, succeeds { "filter", "true", "-" }), 1, true)
  end)

  it("is read for one purpose only", function()
    local own = policy()
    assert.matches("standard input is already read for @%-", fails(2, { "run", own, "--request", "@-" }, { input = "1" }))
    assert.matches("%-: standard input is already read for @%-", fails(2, { "run", own, "--request", "@-", "-" }, { input = "1" }))
    assert.matches("/dev/stdin: standard input is named twice, but can be read only once", fails(2, { "run", own, "-", "/dev/stdin" }, { input = "1" }))
  end)
end)

describe("files", function()
  it("are read in order, as lines, and repeatedly if they are named repeatedly", function()
    local one, two = shell.file "1\n2", shell.file "3\n"
    local out, err = succeeds { "run", policy(), one, two, one }
    assert.equal("1\n2\n3\n1\n2\n", out)
    assert.matches("^sluice: 5 rows in [^\n(]+, committed %(the end of input counted as success%)\n$", err)
    assert.equal("3\n1\n2\n", (succeeds { "filter", "true", two, one }))
  end)

  it("and standard input can be combined", function()
    assert.equal("1\n2\n3\n", (succeeds({ "filter", "true", shell.file "1\n", "-", shell.file "3\n" }, { input = "2" })))
  end)

  it("replace the policy's own worker, with a note", function()
    local own = policy 'return { worker = { "scan.lua" }, cwd = "/", on_row = function(row) print(row.raw) end }'
    local file = shell.file "5\n"
    local out, err = succeeds({ "run", own, file:match "[^/]+$" }, { cwd = file:match "^.*/" })
    assert.equal("5\n", out)
    assert.matches("^sluice: reading [%w_]+ instead of the policy's worker scan.lua\n", err)
  end)

  it("are wrong usage together with a worker behind --", function()
    assert.matches("files and a worker: expected only one of them", fails(2, { "filter", "true", "x", "--", "cat" }))
    assert.matches("%-%-via needs a worker after %-%-, not files", fails(2, { "filter", "true", "--via", "ssh h --", "x" }))
  end)

  it("that are empty have no rows, and that is not an error", function()
    assert.equal("1\n", (succeeds { "filter", "true", shell.file "", shell.file "1\n", shell.file "" }))
  end)

  it("that are missing, directories or unreadable are named before anything is read", function()
    local good, directory = shell.file "1\n", shell.directory()
    assert.matches("^sluice: usage: cannot read /nonexistent/x: No such file or directory", fails(2, { "filter", "true", good, "/nonexistent/x" }))
    assert.matches("cannot read " .. directory .. ": it is a directory", fails(2, { "filter", "true", good, directory }), 1, true)
    local own = policy()
    assert.matches("cannot read /nonexistent/x: No such file", fails(2, { "run", own, good, "/nonexistent/x" }))
  end)

  it("whose names begin with - are written as ./-x", function()
    local directory = shell.directory()
    shell.write(directory .. "/-x", "1\n")
    assert.equal("1\n", (succeeds({ "filter", "true", "./-x" }, { cwd = directory })))
  end)

  it("may be opened by the shell", function()
    assert.equal("1\n2\n", shell.run { "bash", "-c", paths.sluice .. " filter true <(echo 1) <(echo 2)" }.out)
    local fifo = shell.directory() .. "/fifo"
    assert.equal("3\n", shell.run { "sh", "-c", ("mkfifo %s; echo 3 >%s & %s filter true %s"):format(fifo, fifo, paths.sluice, fifo) }.out)
  end)

  it("add their name and line to errors", function()
    local one, two = shell.file "1\n2\n", shell.file "3\n\n{4\n"
    local err = shell.run { paths.sluice, "filter", "true", one, two }.err
    assert.matches("^sluice: row_malformed: " .. two:gsub("%p", "%%%0") .. ":3: ", err)
    assert.matches("row_malformed: stdin:1: ", shell.run({ paths.sluice, "filter", "true", "-" }, { input = "{" }).err)
  end)
end)

describe("gzip", function()
  it("is detected in files and on standard input, regardless of the name", function()
    local packed = gzip '{"a":1}\n'
    assert.equal('{"a":1}\n', (succeeds { "filter", "true", shell.file(packed) }))
    assert.equal('{"a":1}\n', (succeeds({ "filter", "true" }, { input = packed })))
    assert.equal('{"a":1}\n', (succeeds({ "filter", "--json", "true", "-" }, { input = packed })))
  end)

  it("may have several members, and trailing zeros", function()
    assert.equal("1\n23\n", (succeeds { "filter", "true", shell.file(gzip "1\n2" .. gzip "3\n" .. ("\0"):rep(512)) }))
  end)

  it("of an empty file has no rows", function()
    assert.equal("", (succeeds { "filter", "true", shell.file(gzip "") }))
  end)

  it("that is truncated or damaged is an error with file and place", function()
    local lines = {}
    for i = 1, 20000 do lines[i] = ('{"i":%d}\n'):format(i * 7919 % 20011) end
    local packed = gzip(table.concat(lines))
    local cut = shell.file(packed:sub(1, -2000))
    local result = shell.run { paths.sluice, "run", policy 'return { on_row = function() end }', cut }
    assert.equal(1, result.status)
    assert.matches(cut .. " is truncated: the end of its gzip data is missing, after line %d+", result.err)
    assert.matches("nothing was committed", result.err)
    local broken = shell.file(packed:sub(1, 20000) .. ("x"):rep(200) .. packed:sub(20201))
    assert.matches(broken .. " is damaged: it is not valid gzip data, after line %d+", shell.run { paths.sluice, "filter", "false", broken }.err)
    assert.matches("is damaged", shell.run { paths.sluice, "filter", "false", shell.file(packed .. "more") }.err)
  end)
end)

describe("a byte order mark", function()
  local MARK = "\u{feff}"

  it("is skipped at the beginning of every input", function()
    local file = shell.file(MARK .. '{"a":1}\n')
    assert.equal('{"a":1}\n{"a":1}\n', (succeeds { "filter", "true", file, file }))
    assert.equal("1\n", (succeeds({ "filter", "true" }, { input = MARK .. "1\n" })))
    assert.equal("1\n2\n", (succeeds({ "filter", "--json", "true" }, { input = gzip(MARK .. "[1,2]") })))
    assert.equal("1\n", (succeeds({ "filter", "true", "--lines", "--", "printf", MARK .. "1\n" })))
    assert.equal("", (succeeds({ "filter", "true" }, { input = MARK })))
  end)

  it("is skipped in a request's file and in what a policy decodes", function()
    local request = shell.file(MARK .. '{"r":1}')
    assert.equal('{"r":1}\n', (succeeds { "filter", "true", "--request", "@" .. request, "--lines", "--", "sh", "-c", 'echo "$SLUICE_REQUEST"' }))
    assert.same({ a = 1 }, require "sluice".json.decode(MARK .. '{"a":1}'))
  end)

  it("is not valid JSON anywhere else", function()
    assert.matches("line 2: ", shell.run({ paths.sluice, "filter", "true" }, { input = "1\n" .. MARK .. "2\n" }).err)
  end)
end)

describe("an input of another format", function()
  local function said(input, ...)
    local result = shell.run({ paths.sluice, "filter", "true", ... }, { input = input })
    return result.err
  end

  it("is reported with the pipe that converts it to JSON", function()
    assert.matches("`mlr --icsv --ojsonl cat`", said "name,age\nx,1\n", 1, true)
    assert.matches("`mlr --icsv --ojsonl cat`", said '"name","age"\n"x",1\n', 1, true)
    assert.matches("`mlr --itsv --ojsonl cat`", said "name\tage\nx\t1\n", 1, true)
    assert.matches("`mlr --icsv --ifs ';' --ojsonl cat`", said "name;age\nx;1\n", 1, true)
    assert.matches("`mlr --icsv --ifs ';' --ojsonl cat`", said "caf\xe9;age\nx;1\n", 1, true) -- Latin-1
    assert.matches("`tr -d '\\036'`", said "\30{\"a\":1}\n", 1, true)
    assert.matches("`iconv -f UTF-16 -t UTF-8`", said "\xFF\xFE{\0}\0\n\0", 1, true)
    assert.matches("`iconv -f UTF-16LE -t UTF-8`", said "{\0}\0\n\0", 1, true)
    assert.matches("`iconv -f UTF-16BE -t UTF-8`", said "\0{\0}\0\n", 1, true)
    assert.matches("`zstdcat`", said "\x28\xB5\x2F\xFD\0\0", 1, true)
    assert.matches("a worker is named after --", said "#!/bin/sh\n", 1, true)
  end)

  it("nothing of binary data, whatever signs are in it", function()
    for _, bytes in ipairs { "\xe6\xc4~\x01;x\n", "a\1,b\n", "a\tb\0c\n", "[\2[1,2\n", "{\3,\n", "\x7f,\n" } do
      assert.is_nil(said(bytes):find("looks like", 1, true), bytes)
      assert.is_nil(said(bytes):find("begins like", 1, true), bytes)
    end
  end)

  it("is reported with --json as well", function()
    assert.matches("`mlr --icsv --ojsonl cat`", said("name,age\nx,1\n", "--json"), 1, true)
    assert.matches("`tr -d '\\036'`", said("\30{\"a\":1}\n", "--json"), 1, true)
    assert.matches("`iconv -f UTF-16 -t UTF-8`", said("\xFF\xFE{\0}\0", "--json"), 1, true)
    assert.matches("`iconv -f UTF-16LE -t UTF-8`", said("{\0}\0\n\0", "--json"), 1, true)
  end)

  it("that needs --json gets a hint: a document of several lines, an array, one array on one line", function()
    assert.matches("--json reads such documents", said '{\n "a": 1\n}\n', 1, true)
    assert.matches("--json turns each of its elements into a row", said '[\n {"a": 1}\n]\n', 1, true)
    assert.matches("--json turns each of its elements into a row", said('[{"a":1},{"a":2}]\n'), 1, true)
    assert.matches("--json turns each of its elements into a row", said("[" .. ('{"a":1},'):rep(200000) .. "1]"), 1, true)
  end)

  it("is not guessed at after the first row", function()
    assert.is_nil(said("1\na,b\n"):find("mlr", 1, true))
    assert.is_nil(said('{"s":"say "x""}\n'):find("--json", 1, true))
  end)
end)
