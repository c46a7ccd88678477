--- Which rows stay in a recording that is cut, and what a cut refuses.
local cutting = require "support.cutting"
local json = require "cjson"
local paths = require "support.paths"
local recordings = require "support.recordings"
local shell = require "support.shell"

local cut, refused, record_lines, filter, rows_of = cutting.cut, cutting.refused, cutting.record_lines, cutting.filter, cutting.rows_of
local lines_of, try_cut, record_random = cutting.lines_of, cutting.try_cut, cutting.record_random
local worker = recordings.worker

describe("the rows of a cut recording", function()
  after_each(shell.forget)

  it("are those of a range, from 0, including both ends", function()
    local path = record_lines { "0", "1", "2", "3", "4" }
    for range, expected in pairs { ["1-3"] = "1 2 3", ["3-"] = "3 4", ["-1"] = "0 1", ["2"] = "2", ["9-"] = "", ["0-0"] = "0" } do
      assert.equal(expected, table.concat(rows_of(cut(path, "--rows", range)), " "))
    end
  end)

  it("are those of some streams, with ranges for each of them", function()
    local path = record_lines({ '{"s":"a","n":0}', '{"s":"b","n":1}', '{"s":"a","n":2}', '{"s":"c","n":3}', '{"s":"b","n":4}' }, "--stream-by", "/s")
    assert.same({ '{"s":"b","n":1}', '{"s":"b","n":4}' }, rows_of(cut(path, "--only", "b")))
    assert.same({ '{"s":"b","n":1}', '{"s":"c","n":3}' }, rows_of(cut(path, "--only", "b", "--only", "c", "--rows", "0")))
    local err = refused(2, path, "--only", "b", "--only", "bb")
    assert.matches("--only bb: the recording .*a%.rows has no such stream; it has: a, b, c", err)
  end)

  it("are those for which an expression holds, in addition to the other choices", function()
    local path = record_lines({ '{"s":"a","n":0}', '{"s":"b","n":1}', '{"s":"a","n":2}', '{"s":"a","n":3}', '{"s":"b","n":4}' }, "--stream-by", "/s")
    assert.same({ '{"s":"a","n":2}' }, rows_of(cut(path, "--only", "a", "--rows", "1-", "--where", "n < 3")))
    assert.same({ '{"s":"b","n":4}' }, rows_of(cut(path, "--where", 'row.stream == "b" and row.sequence == 1')))
    assert.matches("--where: .*%(in %-%-where, stream a, sequence 0%)", refused(4, path, "--where", "s < 3"))
    assert.matches("--where: ", refused(2, path, "--where", "n <"), 1, true)
    local _, said = cut(path, "--where", "nn == 1")
    assert.matches('no row had a field "nn"', said, 1, true)
  end)

  it("keep their line numbers", function()
    local lines = {}
    for i = 1, 40 do lines[i] = ('{"n":%d}'):format(i) end
    lines[20] = "{oops"
    local path = record_lines(lines, "--bad-lines", "drop")
    local policy = shell.file([[return { streams = { rows = { on_row = function(row) row:reject("no") end } },
      rejects = require("sluice.sink.jsonl").file((...)), max_rejects = 100 }]], "p.lua")
    local function places(from)
      local rejects = shell.file()
      os.remove(rejects)
      local result = shell.sluice { "run", "-q", policy, "--bad-lines", "drop", "--arg", rejects, "--", from }
      assert.equal(0, result.status, result.err)
      local all = {}
      for _, line in ipairs(lines_of(shell.read(rejects))) do
        local reject = json.decode(line)
        all[#all + 1] = ("%s:%s"):format(json.encode(reject.payload or reject.text or reject), reject.line or "?")
      end
      return all
    end
    local whole = places(path)
    local some = places(cut(path, "--where", "n % 3 == 0"))
    local expected = {}
    for i, place in ipairs(whole) do
      local n = i < 20 and i or i + 1
      if n % 3 == 0 then expected[#expected + 1] = (place:gsub('"sequence":%d+', "")) end
    end
    for i, place in ipairs(some) do some[i] = place:gsub('"sequence":%d+', "") end
    assert.same(expected, some)
    assert.matches("39", some[#some])
  end)

  it("may be large, in several blocks", function()
    local big = {}
    for i = 1, 3 do big[i] = ('{"n":%d,"text":"%s%s"}'):format(i, ("A1 b"):rep(700000), i) end
    local input = shell.file(table.concat(big, "\n") .. "\n")
    local path = recordings.new()
    assert.equal(0, shell.sluice({ "record", "-q", path, "--max-frame", "8MiB", "--lines", "--", "cat", input }).status)
    local to = cut(path, "--rows", "1-", "--redact", "/text")
    local result = filter(to, "--max-frame", "8MiB")
    assert.equal(0, result.status, result.err)
    local rows = lines_of(result.out)
    assert.equal(2, #rows)
    assert.equal(#big[2], #rows[1])
    assert.matches('^{"n":2,"text":"%u%d %l%u%d %l', rows[1])
    assert.is_nil(rows[1]:find(("A1 b"):rep(3), 1, true))
  end)

  it("are those of all requests and processes, and calls reply as before", function()
    local path, file = recordings.new(), shell.directory() .. "/died"
    local record = shell.file(([[
      local sluice = require "sluice"
      local worker <close> = assert(sluice.spawn { %q, record = %q })
      for _ = 1, 2 do worker:run("die", { path = %q }, { on_row = function() end }) end
    ]]):format(worker "dies_once.lua", path, file))
    assert.equal("", shell.run({ paths.lua, record }).err)
    local counts = recordings.new()
    local several = shell.file(([[
      local sluice = require "sluice"
      local worker <close> = assert(sluice.spawn { %q, record = %q })
      for n = 2, 4 do assert(worker:run("count", { n = n }, { on_row = function() end })) end
      assert(worker:call("echo", { 7 }))
    ]]):format(worker "counts.lua", counts))
    assert.equal("", shell.run({ paths.lua, several }).err)
    local replay = shell.file(([[
      local sluice = require "sluice"
      local function show(worker, export, request)
        local rows = {}
        local summary, failure = worker:run(export, request, { on_row = function(row) rows[#rows + 1] = row.sequence .. row.raw end })
        print(table.concat(rows, " "), summary and summary.total_rows or failure.message)
      end
      local died <close> = assert(sluice.spawn { %q })
      for _ = 1, 2 do show(died, "die", { path = %q }) end
      local counts <close> = assert(sluice.spawn { %q })
      for n = 2, 4 do show(counts, "count", { n = n }) end
      print(counts:call("echo", { 7 })[1])
    ]]):format(cut(path, "--rows", "1-"), file, cut(counts, "--rows", "1-2")))
    local result = shell.run { paths.lua, replay }
    assert.equal("", result.err)
    local said = lines_of(result.out)
    assert.matches("killed by signal 9", said[1])
    assert.same({ '0{"i":2}\t1', '0{"i":2} 1{"i":3}\t2', '0{"i":2} 1{"i":3}\t2', "7" }, { said[3], said[4], said[5], said[6] })
  end)
end)

-- ---- files and usage -------------------------------------------------------

describe("a cut", function()
  after_each(shell.forget)

  it("of a .part is finished, and reports that the whole one was not", function()
    local path = record_random(8000)
    local bytes, blocks, at = shell.read(path), {}, 16
    while at < #bytes do
      blocks[#blocks + 1] = at
      at = at + 32 + string.unpack("<I4", bytes, at + 5)
    end
    local part = path .. ".part"
    os.remove(path)
    shell.write(part, bytes:sub(1, blocks[#blocks - 1])) -- before the last one the request is complete
    local to = cut(part)
    assert.matches("the recording ends here: a%.rows%.part was not finished", filter(to).err)
    assert.equal(filter(part).status, filter(to).status)
  end)

  it("of a damaged recording leaves nothing, and names file and byte", function()
    local path = record_lines { "1" }
    local bytes = shell.read(path)
    shell.write(path, bytes:sub(1, 60) .. "x" .. bytes:sub(62))
    assert.matches(path .. ": the recording is damaged at byte 48", refused(1, path), 1, true)
    shell.write(path, "hello")
    assert.matches(path .. ": not a recording", refused(1, path), 1, true)
    assert.matches(path .. ": not a recording", shell.sluice({ "info", "--", path }).err, 1, true)
    os.remove(path)
    assert.matches("cannot read the recording " .. path, refused(127, path), 1, true)
  end)

  it("refuses names that are taken, or its own name", function()
    local path = record_lines { "1" }
    local bytes = shell.read(path)
    local function err_of(to, from)
      local result = shell.sluice { "record", to, "--cut", "--", from }
      assert.equal(2, result.status, result.err)
      return result.err
    end
    assert.matches("cannot be cut into", err_of(path, path), 1, true)
    os.rename(path, path .. ".part")
    assert.matches("cannot be cut into", err_of(path, path .. ".part"), 1, true)
    os.rename(path .. ".part", path)
    local other = record_lines { "2" }
    assert.matches("already exists", err_of(other, path), 1, true)
    assert.equal(bytes, shell.read(path))
  end)

  it("that is used incorrectly explains its use", function()
    local path = record_lines { "1" }
    local to = recordings.new()
    for _, case in ipairs {
      { { "--cut" }, "no recording: name one after --" },
      { { "--cut", "--", "a.rows", "b.rows" }, "needs one recording" },
      { { "--cut", "--", "scan.lua" }, "scan.lua: expected the name of a recording" },
      { { "--rows", "1-2", "--", path }, "--rows cuts a recording: it needs --cut" },
      { { "--only", "a", "--", path }, "--only cuts a recording" },
      { { "--where", "a", "--", path }, "--where cuts a recording" },
      { { "--redact", "/a", "--", path }, "--redact cuts a recording" },
      { { "--cut", "--request", "1", "--", path }, "--request cannot be used with --cut" },
      { { "--cut", "--export", "e", "--", path }, "--export cannot be used with --cut" },
      { { "--cut", "--max-frame", "1MiB", "--", path }, "--max-frame cannot be used with --cut" },
      { { "--cut", "--env", "A=b", "--", path }, "--env cannot be used with --cut" },
      { { "--cut", "--lines", "--", path }, "--lines cannot be used with --cut" },
      { { "--cut", "--rows", "3-1", "--", path }, "--rows: expected sequences of rows" },
      { { "--cut", "--rows", "-", "--", path }, "--rows: expected sequences of rows" },
      { { "--cut", "--rows", "a", "--", path }, "--rows: expected sequences of rows" },
      { { "--cut", "--redact", "a", "--", path }, "--redact: expected a JSON Pointer" },
    } do
      local words = { "record", to }
      table.move(case[1], 1, #case[1], 3, words)
      local result = shell.sluice(words)
      assert.equal(2, result.status, result.err)
      assert.matches(case[2], result.err, 1, true)
      assert.is_nil(shell.read(to))
    end
  end)

  it("prints nothing with --quiet", function()
    assert.same({ status = 0, out = "", err = "" }, (try_cut(record_lines { "1" }, "--quiet")))
  end)

  it("that cannot be written leaves nothing", function()
    local path, to = record_random(8000), recordings.new()
    local result = shell.run(("sh -c %s"):format(paths.quote(("ulimit -f 8; trap '' XFSZ; exec %s record %s --cut -- %s")
      :format(paths.sluice, to, path))))
    assert.equal(4, result.status, result.err)
    assert.matches("could not be written", result.err, 1, true)
    assert.is_nil(shell.read(to .. ".part"))
    assert.is_nil(shell.read(to))
  end)

  it("that is interrupted stops, and leaves nothing", function()
    local path, to = record_random(8000), recordings.new()
    local slow = "string.rep('a', 250):find('a-a-b') == nil" -- some milliseconds for each row
    local process = shell.start_sluice { "record", to, "--cut", "--where", slow, "--", path }
    shell.wait("the copy to begin", function() return shell.read(to .. ".part") end)
    process:signal "INT"
    local result = process:finish()
    assert.equal(130, result.status, result.err)
    assert.matches("interrupted by SIGINT", result.err, 1, true)
    assert.is_nil(shell.read(to .. ".part"))
    assert.is_nil(shell.read(to))
  end)
end)
