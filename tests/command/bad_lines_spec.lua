--- Lines that are not JSON, rows of several streams, exit statuses that are success.
local json = require "sluice.json"
local paths = require "support.paths"
local shell = require "support.shell"

after_each(shell.forget)

local function policy(text) return shell.file(text, "p.lua") end


--- A policy whose rejects go to a file.
local function rejecting(more)
  local path = shell.file()
  return policy(([[return { bad_lines = "reject", rejects = require("sluice.sink.jsonl").file(%q), %s
    on_row = function(row) if row.raw == "13" then row:reject "unlucky" end end }]]):format(path, more or "")), path
end

local function run(words, input) return shell.sluice(words, { input = input }) end

local function succeeds(words, input)
  local result = run(words, input)
  assert.equal(0, result.status, result.err)
  return result.out, result.err
end

describe("a line that is not JSON", function()
  it("fails the run by default", function()
    local result = run({ "filter", "true" }, "1\nx\n2\n")
    assert.equal(3, result.status)
    assert.equal("1\n", result.out)
    assert.matches("^sluice: row_malformed: line 2: ", result.err)
    assert.equal(3, run({ "filter", "--bad-lines", "fail", "true" }, "1\nx\n2\n").status)
  end)

  it("is dropped, and counted separately", function()
    local out, err = succeeds({ "filter", "--bad-lines", "drop", "true" }, "1\nx\n\n2\n\xff\n{\n")
    assert.equal("1\n2\n", out)
    assert.matches("^sluice: 2 rows in [^(]+ %(3 bad lines dropped%), complete", err)
  end)

  it("is not a row: it has no sequence, and is in no count of rows", function()
    local summary = shell.file()
    local own = policy "return { on_row = function(row) print(row.sequence, row.raw) end }"
    assert.equal("0\t1\n1\t2\n", (succeeds({ "run", own, "--bad-lines", "drop", "--summary", summary }, "x\n1\ny\n2\nz")))
    local said = json.decode(shell.read(summary))
    assert.same({ 2, 2, 0, 0, 3 }, { said.rows, said.kept, said.dropped, said.rejected, said.bad_lines })
    assert.same({ 2, 2 }, { said.streams.rows.delivered, said.per_stream.rows })
  end)

  it("is available to the policy's handlers as a count", function()
    local own = policy [[return { bad_lines = "drop", on_row = function() end,
      on_summary = function(s, run) print(s.counts.bad_lines, run:counts().bad_lines) end }]]
    assert.equal("2\t2\n", (succeeds({ "run", own }, "x\n1\ny\n")))
  end)

  it("goes to the rejects, with line, reason and text", function()
    local own, path = rejecting()
    local _, err = succeeds({ "run", own }, '1\nx "y"\n13\na\xe9b\0\n')
    assert.matches("2 rows in [^(]+ %(1 kept, 0 dropped, 1 rejected; 2 bad lines rejected%), committed", err)
    local lines = {}
    for line in shell.read(path):gmatch "[^\n]+" do lines[#lines + 1] = json.decode(line) end
    assert.same({ 2, 'x "y"' }, { lines[1].line, lines[1].text })
    assert.matches("%w", lines[1].reason)
    assert.same({ stream = "rows", sequence = 1, line = 3, reason = "unlucky", row = 13 }, lines[2])
    assert.same({ 4, "a\\xe9b\0" }, { lines[3].line, lines[3].text })
    assert.equal(3, #lines)
  end)

  it("names its file in the rejects", function()
    local own, path = rejecting()
    local file = shell.file "1\nx\n"
    succeeds { "run", own, file }
    local said = json.decode(shell.read(path))
    assert.same({ file, 2, "x" }, { said.file, said.line, said.text })
  end)

  it("counts towards max_rejects, in rows and in per cent", function()
    local own, path = rejecting "max_rejects = 1,"
    assert.equal(0, run({ "run", own }, "1\nx\n").status)
    local result = run({ "run", own }, "1\nx\n13\n")
    assert.equal(3, result.status)
    assert.matches("2 of %d rows and lines were rejected, max_rejects is 1; the last is stream rows, sequence 1, line 3: unlucky", result.err)
    assert.equal(2, select(2, shell.read(path):gsub("\n", "")))
    own = rejecting 'max_rejects = "50%",'
    assert.equal(0, run({ "run", own }, "1\nx\n").status)
    result = run({ "run", own }, "1\nx\ny\n")
    assert.equal(3, result.status)
    assert.matches("2 of 3 rows and lines were rejected, max_rejects is 50%%; the last is line 3: ", result.err)
  end)

  it("becomes a note if the policy has no rejects", function()
    local own = policy 'return { bad_lines = "reject", on_row = function() end }'
    local _, err = succeeds({ "run", own }, "1\nx\n")
    assert.matches("rejected line 2: ", err)
  end)

  it("may be longer than the frame cap: what follows it is read", function()
    local long = ("x"):rep(3 << 20)
    local out, err = succeeds({ "filter", "--bad-lines", "drop", "true" }, "1\n" .. long .. "\n2\n" .. '"' .. long .. '"\n3\n')
    assert.equal("1\n2\n3\n", out)
    assert.matches("2 bad lines dropped", err)
  end)

  it("is truncated in the rejects if it is longer than the frame cap, with its size", function()
    local own, path = rejecting()
    for _, ending in ipairs { "\n2\n", "" } do
      succeeds({ "run", own }, "1\n" .. ("x"):rep(3 << 20) .. ending)
      local said = json.decode(shell.read(path))
      assert.same({ 2, 3 << 20 }, { said.line, said.size })
      assert.is_true(#said.text < said.size and said.text:find "^x+$" ~= nil)
    end
  end)

  it("may be an element of an otherwise well-formed document", function()
    assert.equal("1\n2\n", (succeeds({ "filter", "--json", "--bad-lines", "drop", "true" }, "[1, tru, 2]")))
  end)

  it("ends a document all the same if it is unclear how the document continues", function()
    local result = run({ "filter", "--json", "--bad-lines", "drop", "true" }, "[1, }")
    assert.equal(3, result.status)
  end)

  it("includes a line that is not an envelope", function()
    local out = succeeds({ "filter", "--lines", "--envelopes", "--bad-lines", "drop", "true", "--",
      "sh", "-c", [[echo '{"stream":"a","payload":1}'; echo '{"neither":1}'; echo x]] })
    assert.equal("1\n", out)
  end)

  it("is an option of adapters only", function()
    local result = run { "filter", "--bad-lines", "drop", "true", "--", "w.lua" }
    assert.equal(2, result.status)
    assert.matches("bad_lines needs lines or json", result.err)
    assert.matches('%-%-bad%-lines: expected fail, drop or reject, got "x"', run({ "filter", "--bad-lines", "x", "true" }).err)
  end)

  it("is reported to a program that has spawned the adapter", function()
    local path = shell.file()
    local code = ([[
      local sluice = require "sluice"
      local w <close> = assert(sluice.spawn { "printf", "1\\nx\\n2\\n", lines = true, bad_lines = "reject" })
      local summary = assert(w:run { on_row = function(row) print(row.raw) end, rejects = require "sluice.sink.jsonl".file(%q) })
      print(summary.total_rows, summary.counts.bad_lines)]]):format(path)
    local result = shell.run({ paths.lua, "-e", code })
    assert.equal("1\n2\n2\t1\n", result.out, result.err)
    assert.equal("x", json.decode(shell.read(path)).text)
  end)
end)

describe("rows of several streams", function()
  local MIXED = '{"type":"match","n":1}\n{"type":"begin"}\n{"type":"match","n":2}\n{"type":"end"}\n{"type":"summary","s":3}\n'

  it("are named by a field", function()
    local out = succeeds({ "filter", "--stream-by", "/type", "--map", "row.stream", "true" }, MIXED)
    assert.equal('"match"\n"begin"\n"match"\n"end"\n"summary"\n', out)
    assert.equal('"b"\n', (succeeds({ "filter", "--stream-by", "/a/0", "--map", "row.stream", "true" }, '{"a":["b"]}')))
  end)

  it("go to the entries of a policy, and all others to *", function()
    local own = policy [[return { stream_by = "/type",
      streams = { match = { on_row = function(row) print("match", row.payload.n) end }, summary = "drop",
        ["*"] = { on_row = function(row) print(row.stream, row.sequence, row.payload.type) end } } }]]
    local out, err = succeeds({ "run", own }, MIXED)
    assert.equal("match\t1\n*\t0\tbegin\nmatch\t2\n*\t1\tend\n", out)
    assert.matches("5 rows in [^(]+ %(4 kept, 1 dropped; %* 2, match 2, summary 1%)", err)
  end)

  it("may be dropped", function()
    local own = policy [[return { stream_by = "/type",
      streams = { match = { on_row = function(row) print(row.raw) end }, ["*"] = "drop" } }]]
    local out, err = succeeds({ "run", own }, MIXED)
    assert.equal('{"type":"match","n":1}\n{"type":"match","n":2}\n', out)
    assert.matches("%(2 kept, 3 dropped; ", err)
  end)

  it("go to * as well if the worker names the streams itself", function()
    local own = policy [[return { streams = { a = { on_row = function(row) print("a", row.raw) end },
      ["*"] = { on_row = function(row) print(row.stream, row.raw) end } } }]]
    assert.equal("a\t1\nb\t2\n", (succeeds { "run", own, "--lines", "--envelopes", "--",
      "sh", "-c", [[echo '{"stream":"a","payload":1}'; echo '{"stream":"b","payload":2}']] }))
  end)

  it("have an entry for all others in one place only", function()
    for _, key in ipairs { "on_row = print", 'sink = require("sluice.sink.memory").new()' } do
      local result = run({ "run", policy(('return { streams = { ["*"] = "drop" }, %s }'):format(key)) }, "1")
      assert.equal(4, result.status)
      assert.matches('streams%["%*"%]: takes all streams without an entry, but so does ' .. key:match "^[%w_]+", result.err)
    end
    assert.matches('streams.a: expected "drop" or a table', run({ "run", policy 'return { streams = { a = "skip" } }' }, "1").err)
  end)

  it("belong to the stream rows if the field is absent or null, and are named by the text of numbers and booleans", function()
    local out = succeeds({ "filter", "--stream-by", "/t", "--map", "row.stream", "true" }, '{"t":null}\n{}\n7\n{"t":30}\n{"t":true}\n')
    assert.equal('"rows"\n"rows"\n"rows"\n"30"\n"true"\n', out)
    assert.equal('"log"\n', (succeeds({ "filter", "--stream", "log", "--stream-by", "/t", "--map", "row.stream", "true" }, "{}")))
  end)

  it("are refused if the field is not a valid name, with line and field", function()
    for _, value in ipairs { '{"a":1}', "[]", "1.5", '""', '"' .. ("x"):rep(256) .. '"', [["a\u0000b"]], [["\ud800"]] } do
      local result = run({ "filter", "--stream-by", "/t", "true" }, ('{"t":"a"}\n{"t":%s}\n'):format(value))
      assert.equal(3, result.status, value)
      assert.matches('line 2: the value at "/t" cannot name a stream', result.err)
    end
  end)

  it("may be of at most 1,024 streams, and the error names the way out", function()
    local lines = {}
    for i = 1, 5000 do lines[i] = ('{"id":"n%d"}\n'):format(i) end
    local result = run({ "filter", "--stream-by", "/id", "true" }, table.concat(lines))
    assert.equal(1, result.status)
    assert.matches('line 1025: "/id" names more than 1024 streams, the last is "n1025"', result.err)
    assert.is_truthy(result.err:find('["*"]', 1, true))
    local own = policy 'return { stream_by = "/id", streams = { n7 = { on_row = function() end }, ["*"] = "drop" } }'
    local _, err = succeeds({ "run", own }, table.concat(lines))
    assert.matches("5,000 rows in [^(]+ %(1 kept, 4,999 dropped; ", err)
  end)

  it("may be of at most 1,024 streams in envelopes as well, which is not a matter of bad lines", function()
    local result = run({ "filter", "--lines", "--envelopes", "--bad-lines", "drop", "true", "--", "sh", "-c",
      [[i=0; while [ $i -lt 1030 ]; do printf '{"stream":"n%d","payload":1}\n' $i; i=$((i+1)); done]] })
    assert.equal(1, result.status)
    assert.matches('line 1025: envelopes name more than 1024 streams, the last is "n1024"', result.err)
  end)

  it("may have odd names, * among them", function()
    local out = succeeds({ "filter", "--stream-by", "/t", "--map", "row.stream", "true" }, '{"t":"*"}\n{"t":"a b\\n"}\n{"t":"ü"}\n')
    assert.equal('"*"\n"a b\\n"\n"ü"\n', out)
    local own = policy 'return { stream_by = "/t", streams = { ["a b"] = { on_row = function(row) print(row.stream) end }, ["*"] = "drop" } }'
    assert.equal("a b\n", (succeeds({ "run", own }, '{"t":"*"}\n{"t":"a b"}\n')))
  end)

  it("have their own rejects and limits, including *", function()
    local own = policy [[return { stream_by = "/t", streams = {
      a = { on_row = function() end },
      ["*"] = { max_rejects = 1, on_row = function(row) row:reject "no" end } } }]]
    assert.equal(0, run({ "run", own }, '{"t":"a"}\n{"t":"b"}\n').status)
    local result = run({ "run", own }, '{"t":"a"}\n{"t":"b"}\n{"t":"c"}\n')
    assert.matches('2 of 2 rows were rejected, streams.%*.max_rejects is 1', result.err)
  end)

  it("are wrong usage without an adapter, and with envelopes", function()
    assert.matches("stream_by needs lines or json", run({ "filter", "--stream-by", "/t", "true", "--", "w.lua" }).err)
    assert.matches("%-%-stream%-by: expected a JSON Pointer", run({ "filter", "--stream-by", "t", "true" }, "1").err)
    assert.matches("stream_by and envelopes", run({ "filter", "--envelopes", "--stream-by", "/t", "true" }, "1").err)
  end)
end)

describe("a program's exit status", function()
  it("counts as success if the user says so", function()
    local file = shell.file "x\n"
    assert.equal(1, run({ "filter", "--lines", "true", "--", "grep", "nothing", file }).status)
    assert.equal(0, run({ "filter", "--lines", "--ok-status", "0,1", "true", "--", "grep", "nothing", file }).status)
    assert.equal(1, run({ "filter", "--lines", "--ok-status", "1", "true", "--", "true" }).status)
    assert.equal(0, run({ "filter", "--lines", "--ok-status", "255", "true", "--", "sh", "-c", "exit 255" }).status)
  end)

  it("may be set in a policy, as a list or a number", function()
    for _, value in ipairs { "{ 0, 3 }", "3", '"0,3"' } do
      local own = policy(("return { lines = true, ok_status = %s, on_row = print }"):format(value))
      assert.equal(0, run({ "run", own, "--", "sh", "-c", "exit 3" }).status, value)
    end
  end)

  it("is never that of a signal", function()
    local result = run { "filter", "--lines", "--ok-status", "0,9,15,137,143", "true", "--", "sh", "-c", "kill -9 $$" }
    assert.equal(1, result.status)
    assert.matches("killed by signal 9", result.err)
  end)

  it("is from 0 to 255", function()
    for _, word in ipairs { "256", "a", "", "1,", "-1", "1.0" } do
      local result = run { "filter", "--lines", "--ok-status=" .. word, "true", "--", "true" }
      assert.equal(2, result.status, word)
      assert.matches("%-%-ok%-status: expected exit statuses from 0 to 255", result.err)
    end
    assert.matches("ok%-status needs a worker", run({ "filter", "--ok-status", "0,1", "true" }, "1").err)
  end)
end)
