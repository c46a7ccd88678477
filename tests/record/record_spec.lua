--- A recording replaces its worker, and ends as that did.
local json = require "cjson"
local paths = require "support.paths"
local recordings = require "support.recordings"
local shell = require "support.shell"

local worker, record, new_recording = recordings.worker, recordings.record, recordings.new

describe("a recording", function()
  after_each(shell.forget)

  for name, case in pairs(recordings.endings) do
    it("ends as its worker did: " .. name, function()
      local live, path = record(case[1], case[2])
      assert.same(live, recordings.replay(case, path))
    end)
  end

  it("replies as its worker did", function()
    local path = new_recording()
    local live = shell.sluice { "call", "--record", path, "echo", '{"a":[1,2.50]}', "--", worker "counts.lua" }
    assert.equal(0, live.status)
    assert.same(live, shell.sluice { "call", "echo", '{ "a": [1, 2.50] }', "--", path })
  end)

  it("is made by sluice record, which writes no rows", function()
    local path = new_recording()
    local made = shell.sluice { "record", "-q", "--export", "count", "--request", "{}", path, "--", worker "counts.lua" }
    assert.same({ status = 0, out = "", err = "" }, made)
    assert.equal('{"i":1}\n{"i":2}\n{"i":3}\n', shell.sluice({ "filter", "--export", "count", "--request", "{}", "true", "--", path }).out)
  end)

  it("shows what its worker offers", function()
    local _, path = record({ "--export", "count", "true" }, { worker "counts.lua" })
    assert.same(shell.sluice { "info", "--", worker "counts.lua" }, shell.sluice { "info", "--", path })
  end)

  it("has mode 0600, and no .part beside it", function()
    local _, path = record({ "--export", "count", "true" }, { worker "counts.lua" })
    local pipe = assert(io.popen("stat -c %a " .. path))
    assert.equal("600\n", pipe:read "a")
    pipe:close()
    assert.is_nil(shell.read(path .. ".part"))
  end)

  for _, ending in ipairs { "", ".part" } do
    it(("is refused when its name%s is taken, before anything starts"):format(ending), function()
      local path = new_recording()
      shell.write(path .. ending, "mine")
      local mark = shell.directory() .. "/started"
      local result = shell.sluice { "filter", "--record", path, "--lines", "true", "--", "touch", mark }
      assert.equal(2, result.status)
      assert.matches(path .. ending .. " already exists", result.err, 1, true)
      assert.equal("mine", shell.read(path .. ending))
      assert.is_nil(shell.read(mark))
    end)
  end

  it("has a name that ends in .rows", function()
    local result = shell.sluice { "filter", "--record", "scan.lua", "true", "--", worker "counts.lua" }
    assert.equal(2, result.status)
    assert.matches("ends in .rows", result.err, 1, true)
  end)

  it("that could not be written fails the run, and is named", function()
    local path = new_recording()
    local result = shell.run(("sh -c %s"):format(paths.quote(("ulimit -f 8; trap '' XFSZ; exec %s filter --record %s --lines false -- seq 1 300000")
      :format(paths.sluice, path))))
    assert.equal(4, result.status, result.err)
    assert.matches(path .. ".part could not be written", result.err, 1, true)
  end)
end)

describe("a recording that cannot be finished", function()
  after_each(shell.forget)

  --- The run with a summary, and the summary.
  local function run(line)
    local summary = shell.file(nil, "s.json")
    local result = shell.run((line:gsub("SLUICE (%l+)", function(command)
      return ("%s %s --summary=%s"):format(paths.quote(paths.sluice), command, summary)
    end)))
    return result, json.decode((shell.read(summary)))
  end

  --- A worker that takes the recording's name while it is made.
  local function taking(path)
    return ([[sh -c 'echo mine >%s; echo "{\"kind\":1}"']]):format(path)
  end

  it("fails the run, although its rows are committed", function()
    local path, target = new_recording(), shell.directory() .. "/rows.jsonl"
    local policy = shell.file(([[return { sink = require("sluice.sink.jsonl").file %q }]]):format(target), "p.lua")
    local result, summary = run(("SLUICE run --record %s --lines %s -- %s"):format(path, policy, taking(path)))
    assert.equal(("sluice: sink: all rows were accepted, but the recording %s.part could not be renamed to %s: File exists\n")
      :format(path, path), result.err)
    assert.same({ 4, false, "sink", true, path .. ".part" },
      { result.status, summary.success, summary.error.kind, summary.error.committed, summary.error.file })
    assert.same({ '{"kind":1}\n', "mine\n" }, { shell.read(target), shell.read(path) })
    assert.equal('{"kind":1}\n', shell.sluice({ "filter", "true", "--", path .. ".part" }).out) -- it is whole
  end)

  it("fails a filter whose rows are written, with and without --quiet", function()
    local path = new_recording()
    local result = run(("SLUICE filter -q --record %s --lines true -- %s"):format(path, taking(path)))
    assert.same({ 4, '{"kind":1}\n' }, { result.status, result.out })
    assert.matches("all rows were accepted, but the recording", result.err, 1, true)
  end)

  it("fails sluice record, which has no other task", function()
    local path = new_recording()
    local result, summary = run(("SLUICE record %s --lines -- %s"):format(path, taking(path)))
    assert.same({ 4, "sink" }, { result.status, summary.error.kind })
    assert.is_nil(summary.error.committed)
    assert.matches("^sluice: sink: the recording .*%.part could not be renamed", result.err)
  end)

  it("fails the run if there is no space after the last row", function()
    local path, again = new_recording(), new_recording()
    -- The worker's output as it exits makes the end of the recording so large that it hits the limit.
    local talkative = shell.file([[
      last_words = setmetatable({}, { __gc = function()
        for _ = 1, 20 do
          local digits = {}
          for i = 1, 500 do digits[i] = ("%x"):format(math.random(0, 15)) end
          print(table.concat(digits))
        end
      end })
      return { exports = { say = function(_, emit) emit:row("rows", 1) end } }
    ]], "w.lua")
    local function limited(limit, to) -- for the recording; the output goes through a pipe
      return shell.run("bash -c " .. paths.quote(("%s %s filter --record %s true -- %s 2>&1 | cat; exit ${PIPESTATUS[0]}")
        :format(limit, paths.sluice, to, talkative)))
    end
    assert.equal(0, limited("", path).status)
    local size = #shell.read(path)
    assert.is_true(size > 5000, size)
    local result = limited(("prlimit --fsize=%d"):format(size - 2000), again)
    assert.equal(4, result.status, result.out)
    assert.matches(("all rows were accepted, but the recording %s.part could not be written: File too large"):format(again),
      result.out, 1, true)
    assert.is_nil(shell.read(again))
  end)

  it("is reported to a program that asks", function()
    local path = new_recording()
    local program = shell.file(([[
      local sluice = require "sluice"
      local worker <close> = assert(sluice.spawn { %q, record = %q })
      assert(worker:call("echo", 1))
      io.open(%q, "w"):close()
      local ok, err = worker:end_recording()
      print(ok, err.kind, err.errno)
      print(worker:end_recording())
      print(worker:call("echo", 2))
    ]]):format(worker "counts.lua", path, path))
    local result = shell.run { paths.lua, program }
    assert.same({ err = "", out = "nil\tsink\tEEXIST\ntrue\n2\n", status = 0 }, result)
  end)
end)

describe("a request of a recording", function()
  after_each(shell.forget)

  it("causes a warning if it differs from the recorded one", function()
    local _, path = record({ "--export", "count", "--request", '{"n":2}', "true" }, { worker "counts.lua" })
    local result = shell.sluice { "filter", "--export", "count", "--request", '{"n":5}', "true", "--", path }
    assert.equal(0, result.status)
    assert.equal('{"i":1}\n{"i":2}\n', result.out)
    assert.matches("recording.request: the request differs", result.err, 1, true)
  end)

  it("causes no warning if it differs in members that are overridden only", function()
    local _, path = record({ "--export", "count", "--request", '{"n":2}', "true" }, { worker "counts.lua" })
    local request = "{" .. ('"n":7,'):rep(70) .. '"n":2}'
    local result = shell.sluice { "filter", "-q", "--export", "count", "--request", request, "true", "--", path }
    assert.same({ 0, '{"i":1}\n{"i":2}\n', "" }, { result.status, result.out, result.err })
  end)

  it("causes no warning if it is the same value in another notation", function()
    local _, path = record({ "--export", "count", "--request", '{"n":2,"stream":"s"}', "true" }, { worker "counts.lua" })
    local result = shell.sluice { "filter", "-q", "--export", "count", "--request", '{"stream" : "\\u0073", "n": 2}', "true", "--", path }
    assert.same({ status = 0, out = '{"i":1}\n{"i":2}\n', err = "" }, result)
  end)

  it("for another export is an error that lists the recorded ones", function()
    local _, path = record({ "--export", "count", "--request", '{"n":2}', "true" }, { worker "counts.lua" })
    local result = shell.sluice { "filter", "--export", "nothing", "true", "--", path }
    assert.equal(2, result.status)
    assert.matches([[has no request of nothing; it has: count {"n":2}]], result.err, 1, true)
  end)

  it("is found among several, in any order", function()
    local path = new_recording()
    local program = shell.file(([[
      local sluice = require "sluice"
      local recorded = { %q, record = %q }
      local replayed = { %q }
      local function run(spec, order)
        local said = {}
        local worker <close> = assert(sluice.spawn(spec))
        for _, n in ipairs(order) do
          local rows = {}
          for row in worker:rows("count", { n = n }) do rows[#rows + 1] = row.raw end
          said[n] = table.concat(rows, ",")
        end
        said.call = sluice.json.encode(worker:call("echo", { 7 }))
        return said
      end
      local live = run(recorded, { 1, 2, 3 })
      local again = run(replayed, { 3, 1, 2, 2 })
      for k, v in pairs(live) do assert(again[k] == v, k) end
      local worker <close> = assert(sluice.spawn(replayed))
      local _, failure = worker:run("count", { n = 9 }, { on_row = print })
      print(failure.kind, failure.message)
    ]]):format(worker "counts.lua", path, path))
    local result = shell.run { paths.lua, program }
    assert.equal("", result.err)
    assert.equal('usage\t' .. path .. ': the recording has several requests of count, but none with this value; it has: count {"n":1}, count {"n":2}, count {"n":3}, echo [7]\n',
      result.out)
  end)

  it("is answered again by a fresh process if its worker had died", function()
    local path, file = new_recording(), shell.directory() .. "/died"
    local program = shell.file(([[
      local sluice = require "sluice"
      local function run(spec)
        local worker <close> = assert(sluice.spawn(spec))
        for _ = 1, 2 do
          local summary, failure = worker:run("die", { path = %q }, { on_row = function(row) io.write(row.raw, " ") end })
          io.write(summary and "summary" or failure.message, "\n")
        end
      end
      run { %q, record = %q }
      run { %q }
    ]]):format(file, worker "dies_once.lua", path, path))
    local result = shell.run { paths.lua, program }
    local half = #result.out // 2
    assert.matches("killed by signal 9.*survived.*summary", result.out)
    assert.equal(result.out:sub(1, half), result.out:sub(half + 1))
  end)
end)

describe("a process that died before its hello", function()
  after_each(shell.forget)

  -- The second process dies while it starts. Its request was never sent, so it is not recorded; a repeated request
  -- is answered at once in the replay, whose every process is a fresh one.
  it("is in the recording, but is not replayed if another process was greeted", function()
    local path, starts = new_recording(), shell.directory() .. "/starts"
    local file = shell.file(([[
      local f <close> = assert(io.open(%q, "a+"))
      f:write "x"
      f:seek "set"
      local generation = #f:read "a"
      if generation == 2 then os.exit(7) end
      return { exports = { say = function(n, emit) emit:row("rows", { n, generation }) end } }
    ]]):format(starts), "w.lua")
    local program = shell.file(([[
      local sluice = require "sluice"
      local function run(spec)
        local worker <close> = assert(sluice.spawn(spec))
        local function ask(n)
          local summary, failure = worker:run("say", n, { on_row = function(row) io.write(row.raw, " ") end })
          print(summary and "summary" or failure.kind)
        end
        ask(1)
        worker:cycle()
        ask(2)
        ask(2)
        print(worker:info().exports[1].name)
      end
      run { %q, record = %q }
      run { %q }
    ]]):format(file, path, path))
    local result = shell.run { paths.lua, program }
    assert.equal("", result.err)
    assert.equal("[1,1] summary\nhandshake\n[2,3] summary\nsay\n" .. "[1,1] summary\n[2,3] summary\n[2,3] summary\nsay\n", result.out)
  end)

  it("is replayed if no process was greeted", function()
    local live, path = record({ "true" }, { "sh", "-c", "echo gone >&2; exit 5" })
    assert.equal(5, live.status)
    for _, words in ipairs { { "info", "--", path }, { "filter", "true", "--", path } } do
      local result = shell.sluice(words)
      assert.same({ 5, "" }, { result.status, result.out })
    end
  end)
end)

describe("an end that the runner caused", function()
  after_each(shell.forget)

  it("replays as a recording that ends there, and is reported as such", function()
    local live, path = record({ "--timeout", "300ms", "--export", "stubbornly", "true" }, { worker "emits_forever.lua" })
    assert.equal(124, live.status)
    local result = shell.sluice { "filter", "--export", "stubbornly", "true", "--", path }
    assert.equal(1, result.status)
    assert.matches("the recording ends here because its runner ended the request: the request did not end within 300 ms",
      result.err, 1, true)
    assert.is_true(live.out == result.out:sub(1, #live.out)) -- more may have arrived than was written
  end)
end)

describe("a policy that names other streams than the recorded one", function()
  after_each(shell.forget)

  it("gets a warning that the rows of all others are in *", function()
    local path = new_recording()
    local function policy(name)
      return shell.file(([[return { streams = { [%q] = "drop", ["*"] = { on_row = function(row) print(row.stream) end } } }]]):format(name), "p.lua")
    end
    local mine = policy "a"
    local input = { "printf", [[{"s":"a"}\n{"s":"b"}\n]] }
    local live = shell.sluice { "run", "-q", mine, "--record", path, "--lines", "--stream-by", "/s", "--", table.unpack(input) }
    assert.same({ status = 0, out = "*\n", err = "" }, live)
    assert.same(live, shell.sluice { "run", "-q", mine, "--", path })
    local other = shell.sluice { "run", "-q", policy "b", "--", path }
    assert.matches("recording.streams: when this was recorded, a different set", other.err, 1, true)
  end)
end)
