--- The file of a recording: truncated anywhere, damaged anywhere, or left by a runner that was killed.
local paths = require "support.paths"
local shell = require "support.shell"
local system = require "system"
local xxh3 = require "support.xxh3"

local DAMAGES = os.getenv "DAMAGES"
local COUNTS = paths.file "workers/counts.lua"

local function new_recording()
  return shell.directory() .. "/a.rows"
end

--- A recording of the output of a script.
local function record_script(script)
  local path = new_recording()
  local result = shell.sluice { "filter", "--record", path, "--lines", "true", "--", "sh", "-c", script }
  assert.equal(0, result.status, result.err)
  return path, result.out
end

--- A recording of n rows that compress badly: several blocks.
local function record(n)
  return record_script(([[awk 'BEGIN { srand(7); for (i = 0; i < %d; i++) printf "{\"n\":%%d,\"a\":\"%%.15f%%.15f\"}\n", i, rand(), rand() }']]):format(n))
end

--- Large rows of random characters, which LZ4 does not shrink.
local function record_noise()
  return record_script(([[%s -e 'math.randomseed(7)
    for _ = 1, 80 do
      local row = {}
      for i = 1, 12000 do row[i] = string.char(math.random(97, 122) - math.random(0, 1) * 32) end
      print("\"" .. table.concat(row) .. "\"")
    end']]):format(paths.quote(paths.lua)))
end

local function replay(path, ...)
  local words = { "filter", ... }
  table.move({ "true", "--", path }, 1, 3, #words + 1, words)
  return shell.sluice(words)
end

--- The offsets of the blocks, and of the end.
local function blocks_of(bytes)
  assert.equal("\x93rows\r\n\n" .. string.pack("<I4I4", 1, 0), bytes:sub(1, 16))
  local list, at = {}, 16
  while at < #bytes do
    list[#list + 1] = at
    at = at + 32 + string.unpack("<I4", bytes, at + 5)
  end
  assert.equal(at, #bytes)
  return list, at
end

local LZ4, STORED = 0, 1

local function method_of(bytes, block) return string.unpack("<I4", bytes, block + 13) end

local function begins_with(whole, part)
  assert.is_true(part == whole:sub(1, #part))
end

describe("a truncated recording", function()
  after_each(shell.forget)

  it("at any block is reported, and gives only whole rows", function()
    local path, out = record(20000)
    local bytes = shell.read(path)
    local blocks, size = blocks_of(bytes)
    assert.is_true(#blocks >= 4, #blocks)
    local cuts = { 0, 5, 12 }
    for i = 1, #blocks, paths.sanitized and 3 or 1 do
      for _, cut in ipairs { blocks[i], blocks[i] + 7, blocks[i] + 40 } do cuts[#cuts + 1] = cut end
    end
    for _, cut in ipairs(cuts) do
      shell.write(path, bytes:sub(1, cut))
      local result = replay(path)
      assert.equal(1, result.status, cut)
      assert.matches(cut < 16 and "byte %d+" or "the recording is truncated: its end is missing after byte %d+", result.err)
      begins_with(out, result.out)
    end
    assert.is_true(size > 0)
  end)

  it("that is still a .part replays to its last whole block, and is reported", function()
    local path, out = record(20000)
    local bytes = shell.read(path)
    local part = path .. ".part"
    local last
    local blocks = blocks_of(bytes)
    blocks[#blocks] = nil -- before it the request is complete
    for _, at in ipairs(blocks) do
      for _, cut in ipairs { at, at + 31, at + 33 } do
        shell.write(part, bytes:sub(1, cut))
        local result = replay(part)
        assert.equal(1, result.status, cut)
        begins_with(out, result.out)
        last = result
      end
    end
    assert.matches("the recording ends here: .*%.part was not finished", last.err)
    assert.matches("recording.unfinished: ", last.err, 1, true)
    assert.is_true(#last.out > #out // 2)
  end)
end)

describe("a block", function()
  after_each(shell.forget)

  it("is stored uncompressed if LZ4 does not shrink it", function()
    local path, out = record_noise()
    local bytes = shell.read(path)
    local blocks = blocks_of(bytes)
    assert.is_true(#blocks >= 4, #blocks)
    assert.equal(STORED, method_of(bytes, blocks[2]))
    assert.is_true(bytes:find(out:sub(-2000, -2), 1, true) ~= nil)
    local result = replay(path)
    assert.equal(0, result.status, result.err)
    assert.is_true(out == result.out)
  end)

  it("is compressed if that makes it smaller, and nothing else is waiting", function()
    local path = record(3)
    assert.equal(LZ4, method_of(shell.read(path), 16))
  end)

  it("that is packed with an unknown method is refused", function()
    local path = record(3)
    local bytes = shell.read(path)
    local head = bytes:sub(17, 28) .. string.pack("<I4", 2) .. bytes:sub(33, 40)
    shell.write(path, bytes:sub(1, 16) .. head .. string.pack("<i8", xxh3(head, 0)) .. bytes:sub(49))
    local result = replay(path)
    assert.equal(1, result.status)
    assert.matches("the recording is damaged at byte 16: a block is compressed by an unknown method", result.err, 1, true)
  end)
end)

describe("a damaged byte of a recording", function()
  after_each(shell.forget)

  --- Changes every step-th byte of the two headers, and some of the rest.
  local function judge(step, path, out)
    local bytes = shell.read(path)
    local blocks, size = blocks_of(bytes)
    blocks[#blocks + 1] = size
    local seed = tonumber(os.getenv "SEED") or 5
    math.randomseed(seed)
    local places = {}
    for at = 0, 47, step do places[#places + 1] = at end
    for _ = 1, DAMAGES == "all" and 200 or tonumber(DAMAGES) or paths.sanitized and 5 or 20 do places[#places + 1] = math.random(48, size - 1) end
    for _, at in ipairs(places) do
      local changed = string.char(bytes:byte(at + 1) ~ (1 << math.random(0, 7)))
      shell.write(path, bytes:sub(1, at) .. changed .. bytes:sub(at + 2))
      local result = replay(path)
      local named = tonumber(result.err:match "byte (%d+)")
      assert(named and result.status == 1, ("seed %d, byte %d: status %d, %s"):format(seed, at, result.status, result.err))
      assert.matches(path .. ": ", result.err, 1, true)
      begins_with(out, result.out)
      local from, to = 0, 16
      for i = 1, #blocks - 1 do
        if at >= blocks[i] then from, to = blocks[i], blocks[i + 1] end
      end
      assert(named >= from and (named < to or at == 12 and named == 16), ("seed %d, byte %d is named %d"):format(seed, at, named))
    end
  end

  it("anywhere is reported with its offset, and nothing of its block is delivered", function() judge(paths.sanitized and 7 or 1, record(20000)) end)

  it("anywhere is found in stored blocks as well", function() judge(7, record_noise()) end)

  it("or an additional one after the end is reported", function()
    local path = record(3)
    local bytes = shell.read(path)
    shell.write(path, bytes .. "x")
    assert.matches(("damaged at byte %d: data follows its end"):format(#bytes), replay(path).err, 1, true)
  end)

  it("in its version is reported as another version of the format", function()
    local path = record(3)
    local bytes = shell.read(path)
    shell.write(path, bytes:sub(1, 8) .. "\2" .. bytes:sub(10))
    assert.matches("the recording has version 2 (byte 8), but this runtime reads version 1", replay(path).err, 1, true)
  end)
end)

describe("a recording of several requests", function()
  after_each(shell.forget)

  --- Replays all requests from what `each` yields, and checks every one.
  local PROGRAM = [[
    local sluice = require "sluice"
    local worker_file, path, damage, step = table.unpack(arg)
    step = math.tointeger(tonumber(step))
    local REQUESTS, before = { 3, 1, 40 }, nil

    local function ask(spec)
      local worker <close>, problem = sluice.spawn(spec)
      if not worker then return { rows = "", failure = problem.message } end
      local said = { rows = {} }
      for _, n in ipairs(REQUESTS) do
        local another = false -- was recorded, and is replayed as the only one
        local summary, failure = worker:run("count", { n = n }, {
          on_row = function(row) said.rows[#said.rows + 1] = not another and row.raw or nil end,
          on_diagnostic = function(d)
            said.warned = said.warned or d.code == "recording.unfinished"
            another = another or d.code == "recording.request"
          end,
        })
        if not summary then said.failure = failure.message break end
      end
      said.rows = table.concat(said.rows, " ")
      return said
    end

    local live = ask { worker_file, record = path }
    assert(not live.failure, live.failure)
    local file <close> = assert(io.open(path, "rb"))
    local bytes = file:read "a"

    local function changed(at)
      local bit = at == 12 and 1 or 1 << at % 8 -- there 1 is a flag
      return bytes:sub(1, at) .. string.char(bytes:byte(at + 1) ~ bit) .. bytes:sub(at + 2)
    end

    local KINDS = {
      flipped = { path, changed },
      cut = { path, function(at) return bytes:sub(1, at) end },
      part = { path .. ".part", function(at) return bytes:sub(1, at) end, unfinished = true },
    }

    local name, make = table.unpack(KINDS[damage])
    for at = 0, #bytes - 1, step do
      local out <close> = assert(io.open(name, "wb"))
      assert(out:write(make(at)))
      out:close()
      local replayed = ask { name }
      local whole = live.rows:sub(1, #replayed.rows) == replayed.rows
      local failure = replayed.failure
      local is_named = failure and failure:find(name, 1, true) and (failure:find "byte %d" or KINDS[damage].unfinished)
      local said = is_named or KINDS[damage].unfinished and replayed.warned
      local empty = damage ~= "part" and replayed.rows ~= ""
      if not whole or not said or empty then print(at, whole, failure, replayed.rows) end
    end
    print(#bytes)
  ]]

  --- Every byte with DAMAGES=all, otherwise some.
  local function judge(damage, step)
    local program = shell.file(PROGRAM)
    step = DAMAGES == "all" and 1 or paths.sanitized and 5 * step or step
    local result = shell.run({ paths.lua, program, COUNTS, new_recording(), damage, tostring(step) }, { seconds = 600 })
    assert.equal("", result.err)
    assert.matches("^%d+\n$", result.out)
  end

  it("gives nothing if any byte is changed, and names it", function() judge("flipped", 17) end)

  it("gives nothing if it is truncated anywhere, and reports the place", function() judge("cut", 19) end)

  it("gives what is whole while it is a .part, and reports that it is one", function() judge("part", 19) end)
end)

describe("a runner that is killed while it records", function()
  after_each(shell.forget)

  it("leaves a .part that replays to its last whole block", function()
    for round = 1, tonumber(os.getenv "KILLS") or 4 do
      local path = new_recording()
      local process = shell.start_sluice({ "filter", "--record", path, "--lines", "true", "--",
        "sh", "-c", [[i=0; while :; do i=$((i+1)); echo "{\"n\":$i}"; done]] }, { leaves = true })
      shell.wait("the recording to begin", function() return (#(shell.read(path .. ".part") or "")) > 48 end)
      system.sleep(0.3 * round)
      process:signal "KILL"
      process:finish()
      assert.is_nil(shell.read(path))
      local live, result = process:stdout(), replay(path .. ".part") -- one may be ahead of the other
      assert.equal(1, result.status)
      assert.matches("was not finished", result.err)
      local n = math.min(#live, #result.out)
      assert.is_true(live:sub(1, n) == result.out:sub(1, n))
    end
  end)
end)

describe("a runner whose handler does not end", function()
  after_each(shell.forget)

  local POLICY = [[
    local n = 0
    return { on_row = function(row)
      n = n + 1
      if n < 3 then return end
      io.stderr:write "stuck\n"
      string.find(("a"):rep(1000), (".-"):rep(8) .. "b") -- a C function that takes forever
    end }]]

  --- Three rows, the third of which takes too long.
  local function start(timeout)
    local path = new_recording()
    return path, shell.start_sluice { "run", "-q", shell.file(POLICY, "p.lua"), "--record", path, "--timeout", timeout,
      "--lines", "--", "sh", "-c", "seq 3; exec sleep 20" }
  end

  local function judge(path)
    assert.is_nil(shell.read(path))
    local result = replay(path .. ".part")
    assert.same({ 1, "1\n2\n3\n" }, { result.status, result.out })
    assert.matches(("the recording ends here: %s.part was not finished"):format(path), result.err, 1, true)
  end

  it("leaves a .part that replays to its last block, after the last resort", function()
    local path, process = start "1500ms"
    assert.equal(124, process:finish().status)
    judge(path)
  end)

  it("leaves a .part that replays to its last block, after the third signal", function()
    local path, process = start "1m"
    process:await("stuck", "stderr")
    shell.wait("the first block", function() return #shell.read(path .. ".part") > 100 end)
    for _ = 1, 3 do
      process:signal "INT"
      system.sleep(0.05)
    end
    assert.equal(130, process:finish().status)
    judge(path)
  end)
end)

describe("the end of an interrupted run", function()
  after_each(shell.forget)

  it("is the end of its recording, which gets its name", function()
    local path = new_recording()
    local process = shell.start_sluice { "filter", "--record", path, "--export", "politely", "true", "--",
      paths.file "workers/emits_forever.lua" }
    process:await "\n2\n"
    process:signal "INT"
    assert.equal(130, process:finish().status)
    assert.is_nil(shell.read(path .. ".part"))
    local result = replay(path, "--export", "politely")
    assert.equal(1, result.status)
    assert.matches("the recording ends here because its runner ended the request: interrupted by SIGINT", result.err, 1, true)
  end)
end)

describe("a replay", function()
  after_each(shell.forget)

  local function script(text)
    local file = shell.file(text)
    local result = shell.run { paths.lua, file }
    assert.equal("", result.err)
    return result.out
  end

  it("that is stopped ends in good order", function()
    local path = record(20000)
    assert.equal("true\ttrue\t10\n", script(([[
      local sluice = require "sluice"
      local worker <close> = assert(sluice.spawn { %q, replay = "realtime" })
      local n = 0
      local summary = assert(worker:run { on_row = function(_, run) n = n + 1; if n == 10 then run:stop() end end })
      print(summary.stopped, summary.total_rows < 20000, n >= 10 and 10)
    ]]):format(path)))
  end)

  it("that is cancelled ends, and the next request gets everything", function()
    local path = record(20000)
    assert.equal("cancelled\n20000\n", script(([[
      local sluice = require "sluice"
      local worker <close> = assert(sluice.spawn { %q })
      local _, failure = worker:run { on_row = function(_, run) run:cancel() end }
      print(failure.kind)
      local n = 0
      assert(worker:run { on_row = function() n = n + 1 end })
      print(n)
    ]]):format(path)))
  end)

  it("in real time takes as long as the original", function()
    local path = new_recording()
    local command = { "sh", "-c", "echo 1; sleep 0.7; echo 2" }
    shell.sluice { "filter", "--record", path, "--lines", "true", "--", table.unpack(command) }
    local function timed(...)
      local start = system.monotime()
      local result = replay(path, ...)
      assert.same({ 0, "1\n2\n" }, { result.status, result.out })
      return system.monotime() - start
    end
    assert.is_true(timed "--replay=realtime" >= 0.65)
    assert.is_true(timed "--replay=full" < 0.65 * (paths.sanitized and 4 or 1))
  end)

  it("refuses a line that was no row unless bad lines are dropped or rejected", function()
    local path = new_recording()
    shell.sluice { "filter", "--record", path, "--bad-lines", "drop", "--lines", "true", "--", "printf", [[1\n{oops\n2\n]] }
    local refused = replay(path)
    assert.same({ 3, "1\n" }, { refused.status, refused.out })
    assert.matches("row_malformed: line 2", refused.err, 1, true)
    assert.equal("1\n2\n", replay(path, "--bad-lines", "drop").out)
  end)

  it("works over both transports", function()
    local path = new_recording()
    local live = shell.sluice { "filter", "--export", "count", "--request", "{}", "--record", path, "true", "--", COUNTS }
    local stdio = replay(path, "--export", "count", "--request", "{}", "--transport", "stdio")
    assert.same({ 0, live.out }, { stdio.status, stdio.out })
  end)
end)
