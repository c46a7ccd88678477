--- A smaller recording made of one: what stays, what is replaced, and that it ends as the whole one does.
local frames = require "support.frames"
local json = require "cjson"
local paths = require "support.paths"
local recordings = require "support.recordings"
local shell = require "support.shell"

local worker, speaking = recordings.worker, recordings.speaking
local CUT = "recording.cut: the recording was cut: rows were left out or changed\n"

--- sluice record --cut: the result, and the name of the copy.
local function try_cut(from, ...)
  local to = recordings.new()
  local words = { "record", to, "--cut", ... }
  table.move({ "--", from }, 1, 2, #words + 1, words)
  return shell.sluice(words), to
end

local function cut(from, ...)
  local result, to = try_cut(from, ...)
  assert.equal(0, result.status, result.err)
  assert.is_nil(shell.read(to .. ".part"))
  return to, result.err
end

--- A cut that must fail: what it says. Nothing is left of it.
local function refused(status, from, ...)
  local result, to = try_cut(from, ...)
  assert.equal(status, result.status, result.err)
  assert.is_nil(shell.read(to))
  assert.is_nil(shell.read(to .. ".part"))
  return result.err
end

local function record_lines(lines, ...)
  local input = shell.file(table.concat(lines, "\n") .. "\n")
  local path = recordings.new()
  local words = { "record", "-q", path, "--lines", ... }
  table.move({ "--", "cat", input }, 1, 3, #words + 1, words)
  local made = shell.sluice(words)
  assert.equal(0, made.status, made.err)
  return path
end

--- Rows that do not pack well: several blocks.
local function record_random(n)
  local lines = {}
  for i = 1, n do lines[i] = ('"%d %d"'):format(math.random(0), math.random(0)) end
  return record_lines(lines)
end

local function filter(path, ...)
  local words = { "filter", "-q", ... }
  table.move({ "true", "--", path }, 1, 3, #words + 1, words)
  return shell.sluice(words)
end

local function lines_of(text)
  local list = {}
  for line in text:gmatch "[^\n]+" do list[#list + 1] = line end
  return list
end

local function rows_of(path)
  local result = filter(path)
  assert.equal(0, result.status, result.err)
  return lines_of(result.out)
end

--- A recording of a worker that sends these bytes behind its hello.
local function record_frames(bytes, ...)
  local hello = frames.magic .. frames.hello { exports = { { "count", "rows" } } }
  local _, path = recordings.record({ "true" }, speaking(hello, "await=request", bytes, ...))
  return path
end

-- ---- ends ------------------------------------------------------------------

local function without_numbers(text)
  return (text:gsub("%x%x%x%x%x%x%x%x+", "N"):gsub("%d+", "N"))
end

--- How it ended, without what fewer rows change.
local function ending(result)
  local failure = result.summary and result.summary.error
  return { status = result.status, kind = failure and failure.kind, message = failure and without_numbers(failure.message) }
end

--- The mark is a frame of its own, so that offsets behind it are others.
local function without_mark(result)
  result.err = result.err:gsub(CUT:gsub("%p", "%%%0"), "", 1):gsub("byte %d+", "byte N")
  local failure = result.summary and result.summary.error
  if failure then failure.message, failure.offset = failure.message:gsub("byte %d+", "byte N"), nil end
  return result
end

describe("a recording that is cut", function()
  after_each(shell.forget)

  for name, case in pairs(recordings.endings) do
    it("ends as the whole one, byte for byte or with one row: " .. name, function()
      local live, path = recordings.record(case[1], case[2])
      local whole, first = recordings.new(), recordings.new()
      local made = shell.run { "sh", "-c", ("%s record -q %s --cut -- %s && exec %s record -q %s --cut --rows 0-0 -- %s")
        :format(paths.sluice, whole, path, paths.sluice, first, path) }
      assert.same({ status = 0, out = "", err = "" }, made)
      if not case.seconds then assert.same(ending(live), ending(recordings.replay(case, first))) end
      assert.same(without_mark(live), without_mark(recordings.replay(case, whole)))
    end)
  end

  it("says so in each request", function()
    local path = record_lines { "1", "2" }
    assert.equal(CUT, filter((cut(path))).err)
    assert.equal("", filter(path).err)
  end)

  it("can be cut again", function()
    local path = record_lines { "0", "1", "2", "3", "4" }
    assert.same({ "2", "3" }, rows_of(cut(cut(path, "--rows", "1-3"), "--rows", "1-")))
  end)

  it("has mode 0600, the mark in its header, and the times of the whole one", function()
    local path = recordings.new()
    shell.sluice { "record", "-q", path, "--lines", "--", "sh", "-c", "echo 1; sleep 0.6; echo 2" }
    local to = cut(path)
    assert.equal("\1\0\0\0\1\0\0\0", shell.read(to):sub(9, 16))
    local pipe = assert(io.popen("stat -c %a " .. to))
    assert.equal("600\n", pipe:read "a")
    pipe:close()
    local started = os.time()
    local slow = shell.run(("bash -c %s"):format(paths.quote(("time %s filter --replay realtime true -- %s"):format(paths.sluice, to))))
    assert.is_true(tonumber(slow.err:match "real%s+0m([%d.]+)s") >= 0.55, slow.err .. started)
  end)

  it("with a flag that nobody knows is refused, with its name", function()
    local path = record_lines { "1" }
    local bytes = shell.read(path)
    shell.write(path, bytes:sub(1, 12) .. "\2" .. bytes:sub(14))
    local err = filter(path).err
    assert.matches(path .. ": the recording has flags 0x2 (byte 12)", err, 1, true)
    assert.matches(path .. ": the recording has flags 0x2 (byte 12)", refused(1, path), 1, true)
  end)
end)

describe("a fault in a recording that is cut", function()
  after_each(shell.forget)

  local payloads = { "10", "11", "12", "13" }

  local function row(sequence, payload)
    return frames.row { sequence = sequence, payload = payload or "9" }
  end

  local function message_after(path, ...)
    local result = recordings.outcome { "filter", "true", "--", (cut(path, ...)) }
    return result.summary.error.message, result.out
  end

  it("stays a gap of the same width", function()
    local path = record_frames(frames.rows(payloads) .. row(7))
    assert.matches('sequence 7 where 4 was due', (message_after(path)), 1, true)
    assert.matches('sequence 5 where 2 was due', (message_after(path, "--rows", "1-2")), 1, true)
    assert.matches('sequence 3 where 0 was due', (message_after(path, "--rows", "90-")), 1, true)
  end)

  it("stays a repeat", function()
    local path = record_frames(frames.rows(payloads) .. row(3))
    assert.matches('sequence 3 where 4 was due', (message_after(path)), 1, true)
    assert.matches('sequence 1 where 2 was due', (message_after(path, "--rows", "1-2")), 1, true)
    assert.matches('sequence 1 where 0 was due', (message_after(path, "--rows", "90-")), 1, true)
  end)

  it("leaves what follows it alone", function()
    local path = record_frames(frames.rows(payloads) .. row(7) .. row(8, '"after"'))
    local message, out = message_after(path, "--rows", "3")
    assert.matches("sequence 4 where 1 was due", message, 1, true)
    assert.equal("13\n", out)
  end)

  for field, words in pairs { rows = "rows arrived, the summary says", bytes = "bytes arrived, the summary says", checksum = "arrived, the summary says" } do
    it("stays a wrong seal: " .. field, function()
      for _, by in ipairs { 2, -2 } do
        local seal = frames.seal(1, payloads)
        seal[field] = seal[field] + by
        local path = record_frames(frames.rows(payloads) .. frames.summary { seals = { seal } } .. frames.ready(1))
        for _, range in ipairs { "1-2", "90-" } do
          local message = message_after(path, "--rows", range)
          assert.matches(words, message, 1, true)
          assert.equal(field == "checksum", message:find("checksum", 1, true) ~= nil)
        end
      end
    end)
  end

  it("stays what it is where strings are redacted, and its payload is not in the file", function()
    local good = frames.rows { '{"a":"Secret1"}' }
    for bytes, message in pairs {
      [row(5, '"Secret2"')] = "sequence 5 where 1 was due",
      [frames.row { sequence = 1, stream = 4, payload = '"Secret2"' }] = "stream id 4, which was not declared",
      [frames.row { request = 9, sequence = 1, payload = '"Secret2"' }] = "of request 9 during request 1",
      ["\xff\xff\xff\xff" .. ("\xff"):rep(20) .. "Secret2"] = "protocol version 255",
      [row(1, '"Secret2"'):sub(1, 32)] = "inside a row frame: 8 of 9 bytes",
    } do
      local path = record_frames(good .. bytes, "exit=0")
      local whole = recordings.outcome { "filter", "true", "--", path }
      local copy = cut(path, "--redact", "/a")
      local result = recordings.outcome { "filter", "true", "--", copy }
      assert.matches(message, result.summary.error.message, 1, true)
      assert.equal(without_mark(whole).summary.error.message, without_mark(result).summary.error.message)
      local unpacked = shell.read(copy)
      assert.is_nil(unpacked:find("Secret", 1, true))
    end
  end)

  it("of a row that is not JSON cannot be redacted, and names the row", function()
    local path = record_frames(frames.rows { '{"a":"x"}' } .. row(1, '{"a":'))
    assert.matches('row 1 of stream "rows" is not valid JSON', refused(3, path, "--redact", "/a"), 1, true)
  end)
end)

-- ---- which rows ------------------------------------------------------------

describe("rows of a recording that is cut", function()
  after_each(shell.forget)

  it("are those of a range, from 0, both ends included", function()
    local path = record_lines { "0", "1", "2", "3", "4" }
    for range, expected in pairs { ["1-3"] = "1 2 3", ["3-"] = "3 4", ["-1"] = "0 1", ["2"] = "2", ["9-"] = "", ["0-0"] = "0" } do
      assert.equal(expected, table.concat(rows_of(cut(path, "--rows", range)), " "))
    end
  end)

  it("are those of some streams, and ranges are for each", function()
    local path = record_lines({ '{"s":"a","n":0}', '{"s":"b","n":1}', '{"s":"a","n":2}', '{"s":"c","n":3}', '{"s":"b","n":4}' }, "--stream-by", "/s")
    assert.same({ '{"s":"b","n":1}', '{"s":"b","n":4}' }, rows_of(cut(path, "--only", "b")))
    assert.same({ '{"s":"b","n":1}', '{"s":"c","n":3}' }, rows_of(cut(path, "--only", "b", "--only", "c", "--rows", "0")))
    local err = refused(2, path, "--only", "b", "--only", "bb")
    assert.matches("--only bb: the recording .*a%.rows has no such stream; it has: a, b, c", err)
  end)

  it("are those for which an expression holds, and everything else that was chosen", function()
    local path = record_lines({ '{"s":"a","n":0}', '{"s":"b","n":1}', '{"s":"a","n":2}', '{"s":"a","n":3}', '{"s":"b","n":4}' }, "--stream-by", "/s")
    assert.same({ '{"s":"a","n":2}' }, rows_of(cut(path, "--only", "a", "--rows", "1-", "--where", "n < 3")))
    assert.same({ '{"s":"b","n":4}' }, rows_of(cut(path, "--where", 'row.stream == "b" and row.sequence == 1')))
    assert.matches("--where: .*%(in %-%-where, stream a, sequence 0%)", refused(4, path, "--where", "s < 3"))
    assert.matches("--where: ", refused(2, path, "--where", "n <"), 1, true)
    local _, said = cut(path, "--where", "nn == 1")
    assert.matches('no row had a field "nn"', said, 1, true)
  end)

  it("keep the lines that they came from", function()
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

-- ---- redaction -------------------------------------------------------------

local function shape(text)
  return (text:gsub("%u", "A"):gsub("%l", "a"):gsub("%d", "0"))
end

local function redacted(lines, ...)
  return rows_of(cut(record_lines(lines), ...))
end

describe("strings that are redacted", function()
  after_each(shell.forget)

  it("keep shape and length; the same become the same, and others others", function()
    math.randomseed(tonumber(os.getenv "SEED") or 11)
    local texts, lines = {}, {}
    for i = 1, 10000 do
      local kind = i % 5
      texts[i] = kind == 0 and ("%d"):format(i // 5) or kind == 1 and ("u%04d@example.org"):format(i // 5)
        or kind == 2 and ("%s-%d"):format(string.char(65 + i % 26, 65 + i // 26 % 26, 97 + i // 676 % 26), i % 10)
        or kind == 3 and ("Zoë %d Łukasz %s"):format(i, utf8.char(0x4E00 + i % 5000, 0x1D504 + i % 20, 0x3B1 + i % 20))
        or ("plain text, number %d"):format(i % 50)
      lines[i] = json.encode { n = i, s = texts[i] }
    end
    local rows = redacted(lines, "--redact", "/s")
    assert.equal(10000, #rows)
    local forth, back, changed = {}, {}, 0
    for i, row in ipairs(rows) do
      local value = json.decode(row)
      assert.equal(i, value.n)
      local was, is = texts[i], value.s
      assert.is_true(utf8.len(is) == utf8.len(was) and #is == #was, was .. " " .. is)
      assert.equal(shape(was):gsub("[\x80-\xff]+", "x"), (shape(is):gsub("[\x80-\xff]+", "x")))
      assert.is_true((forth[was] or is) == is and (back[is] or was) == was, was .. " " .. is)
      forth[was], back[is] = is, was
      changed = changed + (is ~= was and 1 or 0)
    end
    assert.is_true(changed > 9900, changed)
  end)

  it("of one place fill all that the shape allows", function()
    local lines, seen = {}, {}
    for i = 0, 9 do lines[#lines + 1] = ('"%d"'):format(i) end
    for c = 97, 122 do lines[#lines + 1] = ('"%s"'):format(string.char(c)) end
    for i = 0, 99 do lines[#lines + 1] = ('"<%02d>"'):format(i) end
    local rows = redacted(lines, "--redact", "")
    for i, row in ipairs(rows) do
      assert.equal(shape(lines[i]), shape(row))
      assert.is_nil(seen[row])
      seen[row] = true
    end
    assert.equal(136, #rows)
  end)

  it("are others in each copy", function()
    local path = record_lines { '"The quick brown fox"' }
    local one, other = rows_of(cut(path, "--redact", ""))[1], rows_of(cut(path, "--redact", ""))[1]
    assert.is_true(one ~= other)
  end)

  it("may be escaped, and the same string in other escapes becomes the same", function()
    local rows = redacted({ [["a\/b\n\"Z9\u00e9\u0041 \ud835\udd04\\"]], [["\u0061/\u0062\u000a\u0022\u005a9é\u0041 𝔄\\"]], [["\ud800 x"]] }, "--redact", "")
    assert.matches([[^"%l\/%l\n\"%u%d\u%x%x%x%x\u00[45]%x \ud8%x%x\ud[cdef]%x%x\\"$]], rows[1])
    assert.equal(json.decode("[" .. rows[1] .. "]")[1], json.decode("[" .. rows[2] .. "]")[1])
    assert.equal(#[["\u0061/\u0062\u000a\u0022\u005a9é\u0041 𝔄\\"]], #rows[2])
    assert.matches([[^"\ud800 %l"$]], rows[3])
  end)

  it("are those at the pointers, and nothing else of a row changes", function()
    local line = [[ {"user": {"name":"Ann Lee", "tags":["ab","cd",{"ab":"ef"}], "age": 41,"on":true,"no":null}, "x/y":"gh", "m~n":{"":"ij"}, "l":["kl","mn"], "name":"op"} ]]
    local path = record_lines { line }
    local function shown(text, places)
      for _, place in ipairs(places) do
        local from = assert(line:find('"' .. place .. '"', 1, true)) + 1
        local part = text:sub(from, from + #place - 1)
        text = text:sub(1, from - 1) .. shape(part) .. text:sub(from + #place)
      end
      return text
    end
    local function same_but(places, ...)
      local row = rows_of((cut(path, ...)))[1]
      assert.equal(shown(line, places), shown(row, places))
      assert.is_true(row ~= line)
    end
    same_but({ "Ann Lee" }, "--redact", "/user/name")
    same_but({ "gh", "ij" }, "--redact", "/x~1y", "--redact", "/m~0n/")
    same_but({ "mn" }, "--redact", "/l/1")
    same_but({ "op" }, "--redact", "/name")
    same_but({ "Ann Lee", "ab", "cd", "ef" }, "--redact", "/user", "--redact", "/user/name")
  end)

  it("are counted, and so is what is not a string there", function()
    local path = record_lines { '{"a":["x",1,null],"b":"y"}', '{"a":true,"b":2}' }
    local _, said = cut(path, "--redact", "/a", "--redact", "/b")
    assert.matches("kept 2 of 2 rows; replaced 2 strings, and 4 values at those places, which are not strings, stay", said, 1, true)
    assert.matches("As recorded: 1 request", said, 1, true)
  end)

  it("must be there", function()
    local path = record_lines { '{"user":{"name":"x"},"id":7}' }
    assert.matches("--redact /user/nmae: no string stands there in any row that was kept; did you mean name?",
      refused(2, path, "--redact", "/user/name", "--redact", "/user/nmae"), 1, true)
    assert.matches("--redact /id: no string stands there in any row that was kept, but 1 other value", refused(2, path, "--redact", "/id"), 1, true)
    cut(path, "--rows", "5-", "--redact", "/nothing") -- no row, no secret
  end)

  it("in fields that come twice are all replaced", function()
    local rows = redacted({ '{"a":"Secret","a":"Hidden"}' }, "--redact", "/a")
    assert.is_nil(rows[1]:find "Secret")
    assert.is_nil(rows[1]:find "Hidden")
  end)

  it("are not left in what was no row", function()
    local path = record_lines({ '{"a":"x"}', "{Secret", '{"a":"y"}' }, "--bad-lines", "reject")
    local to = cut(path, "--redact", "/a")
    local dropped = filter(to, "--bad-lines", "drop")
    assert.equal(0, dropped.status)
    assert.equal(2, #lines_of(dropped.out))
    local failed = filter(to)
    assert.equal(3, failed.status)
    assert.matches("row_malformed: line 2", failed.err, 1, true)
    assert.is_nil(failed.err:find "Secret")
  end)
end)

-- ---- files and usage -------------------------------------------------------

describe("a cut", function()
  after_each(shell.forget)

  it("of a .part is finished, and says that the whole one was not", function()
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

  it("refuses names that are taken, or its own", function()
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
    assert.matches("is there already", err_of(other, path), 1, true)
    assert.equal(bytes, shell.read(path))
  end)

  it("that is used wrongly says how it is used", function()
    local path = record_lines { "1" }
    local to = recordings.new()
    for _, case in ipairs {
      { { "--cut" }, "no recording: name one behind --" },
      { { "--cut", "--", "a.rows", "b.rows" }, "takes one recording" },
      { { "--cut", "--", "scan.lua" }, "scan.lua is not named as a recording" },
      { { "--rows", "1-2", "--", path }, "--rows cuts a recording: it stands with --cut" },
      { { "--only", "a", "--", path }, "--only cuts a recording" },
      { { "--where", "a", "--", path }, "--where cuts a recording" },
      { { "--redact", "/a", "--", path }, "--redact cuts a recording" },
      { { "--cut", "--request", "1", "--", path }, "--request has no meaning with --cut" },
      { { "--cut", "--export", "e", "--", path }, "--export has no meaning with --cut" },
      { { "--cut", "--max-frame", "1MiB", "--", path }, "--max-frame has no meaning with --cut" },
      { { "--cut", "--env", "A=b", "--", path }, "--env has no meaning with --cut" },
      { { "--cut", "--lines", "--", path }, "--lines has no meaning with --cut" },
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

  it("says nothing with --quiet", function()
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
