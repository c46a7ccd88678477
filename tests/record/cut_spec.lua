--- A cut recording ends as the whole one does.
local cutting = require "support.cutting"
local frames = require "support.frames"
local paths = require "support.paths"
local recordings = require "support.recordings"
local shell = require "support.shell"

local cut, refused, record_lines, filter, rows_of = cutting.cut, cutting.refused, cutting.record_lines, cutting.filter, cutting.rows_of

--- A recording of a worker that sends these bytes after its hello.
local function record_frames(bytes, ...)
  local hello = frames.magic .. frames.hello { exports = { { "count", "rows" } } }
  local _, path = recordings.record({ "true" }, recordings.speaking(hello, "await=request", bytes, ...))
  return path
end

local function without_numbers(text)
  return (text:gsub("%x%x%x%x%x%x%x%x+", "N"):gsub("%d+", "N"))
end

--- The outcome, without what changes with fewer rows.
local function ending(result)
  local failure = result.summary and result.summary.error
  return { status = result.status, kind = failure and failure.kind, message = failure and without_numbers(failure.message) }
end

--- The mark of the cut is a separate frame, so offsets after it differ.
local function without_mark(result)
  result.err = result.err:gsub(cutting.mark:gsub("%p", "%%%0"), "", 1):gsub("byte %d+", "byte N")
  local failure = result.summary and result.summary.error
  if failure then failure.message, failure.offset = failure.message:gsub("byte %d+", "byte N"), nil end
  return result
end

describe("a cut recording", function()
  after_each(shell.forget)

  for name, case in pairs(recordings.endings) do
    it("ends as the whole one, unchanged or with one row: " .. name, function()
      local live, path = recordings.record(case[1], case[2])
      local whole, first = recordings.new(), recordings.new()
      local made = shell.run { "sh", "-c", ("%s record -q %s --cut -- %s && exec %s record -q %s --cut --rows 0-0 -- %s")
        :format(paths.sluice, whole, path, paths.sluice, first, path) }
      assert.same({ status = 0, out = "", err = "" }, made)
      local is_other = shell.read(first) ~= shell.read(whole)
      if is_other and not case.seconds then assert.same(ending(live), ending(recordings.replay(case, first))) end
      assert.same(without_mark(live), without_mark(recordings.replay(case, whole)))
    end)
  end

  it("is marked in each request", function()
    local path = record_lines { "1", "2" }
    assert.equal(cutting.mark, filter((cut(path))).err)
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

  it("with an unknown flag is refused, with its name", function()
    local path = record_lines { "1" }
    local bytes = shell.read(path)
    shell.write(path, bytes:sub(1, 12) .. "\2" .. bytes:sub(14))
    local err = filter(path).err
    assert.matches(path .. ": the recording has flags 0x2 (byte 12)", err, 1, true)
    assert.matches(path .. ": the recording has flags 0x2 (byte 12)", refused(1, path), 1, true)
  end)
end)

describe("a fault in a cut recording", function()
  after_each(shell.forget)

  local payloads = { "10", "11", "12", "13" }

  local function row(sequence, payload)
    return frames.row { sequence = sequence, payload = payload or "9" }
  end

  local function message_after(path, ...)
    local result = recordings.outcome { "filter", "true", "--", (cut(path, ...)) }
    return result.summary.error.message, result.out
  end

  it("remains a gap of the same width", function()
    local path = record_frames(frames.rows(payloads) .. row(7))
    assert.matches('sequence 7, expected 4', (message_after(path)), 1, true)
    assert.matches('sequence 5, expected 2', (message_after(path, "--rows", "1-2")), 1, true)
    assert.matches('sequence 3, expected 0', (message_after(path, "--rows", "90-")), 1, true)
  end)

  it("remains a repeat", function()
    local path = record_frames(frames.rows(payloads) .. row(3))
    assert.matches('sequence 3, expected 4', (message_after(path)), 1, true)
    assert.matches('sequence 1, expected 2', (message_after(path, "--rows", "1-2")), 1, true)
    assert.matches('sequence 1, expected 0', (message_after(path, "--rows", "90-")), 1, true)
  end)

  it("leaves what follows it alone", function()
    local path = record_frames(frames.rows(payloads) .. row(7) .. row(8, '"after"'))
    local message, out = message_after(path, "--rows", "3")
    assert.matches("sequence 4, expected 1", message, 1, true)
    assert.equal("13\n", out)
  end)

  for field, words in pairs { rows = "rows arrived, but the summary says", bytes = "bytes arrived, but the summary says", checksum = "arrived, but the summary says" } do
    it("remains a wrong seal: " .. field, function()
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

  it("is unchanged if strings are redacted, and its payload is not in the file", function()
    local good = frames.rows { '{"a":"Secret1"}' }
    for bytes, message in pairs {
      [row(5, '"Secret2"')] = "sequence 5, expected 1",
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
