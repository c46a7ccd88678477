--- internal.outcome and internal.cli.progress: the messages of the command.
local core = require "sluice.core"
local outcome = require "sluice.internal.outcome"
local progress = require "sluice.internal.cli.progress"

local function success(given)
  local summary = {
    total_rows = given.rows, per_stream = given.per_stream or { rows = given.rows }, elapsed = 0.83,
    stopped = given.stopped or false,
    counts = {
      rows = given.rows, kept = given.rows - (given.dropped or 0), dropped = given.dropped or 0,
      invalid = given.invalid or 0, rejected = 0, bad_lines = given.bad_lines or 0, bytes = 9,
    },
  }
  return {
    command = given.command or "run", summary = summary, open_ended = given.open_ended, exit = 0,
    bad_lines = given.disposition,
  }
end

local function failure(kind, message, fields, report)
  report = report or {}
  report.command = report.command or "run"
  report.failure = core.error(kind, message, fields)
  report.exit = 1
  return table.concat(outcome.failure(report), "\n")
end

describe("the outcome line of a success", function()
  it("counts what was kept and dropped", function()
    assert.equal("1,204 rows in 0.8 s (1,180 kept, 24 dropped), committed", outcome.success(success { rows = 1204, dropped = 24 }))
  end)

  it("counts invalid rows among the dropped ones", function()
    assert.equal("9 rows in 0.8 s (5 kept, 4 dropped, of which 3 invalid), committed",
      outcome.success(success { rows = 9, dropped = 4, invalid = 3 }))
  end)

  it("counts bad lines separately", function()
    assert.equal("9 rows in 0.8 s (1 bad line dropped), committed",
      outcome.success(success { rows = 9, bad_lines = 1, disposition = "drop" }))
    assert.equal("9 rows in 0.8 s (8 kept, 1 dropped; 1,200 bad lines rejected), committed",
      outcome.success(success { rows = 9, dropped = 1, bad_lines = 1200, disposition = "reject" }))
  end)

  it("leaves out uninformative counts", function()
    assert.equal("1 row in 0.8 s, committed", outcome.success(success { rows = 1 }))
  end)

  it("names the streams if there are several", function()
    local per_stream = { a = 1, b = 2, c = 3, d = 4, e = 5 }
    assert.equal("15 rows in 0.8 s (a 1, b 2, c 3, d 4, 1 more stream), committed",
      outcome.success(success { rows = 15, per_stream = per_stream }))
  end)

  it("reports that the run was stopped early", function()
    assert.equal("3 rows in 0.8 s, stopped early, committed", outcome.success(success { rows = 3, stopped = true }))
  end)

  it("reports that the end of standard input counted as success", function()
    assert.equal("3 rows in 0.8 s, complete (the end of input counted as success)",
      outcome.success(success { rows = 3, command = "filter", open_ended = true }))
  end)
end)

describe("the outcome of a failure", function()
  it("begins with kind, message, the system's message and the place", function()
    assert.equal("sink: cannot write: No space left on device (in on_row, stream rows, sequence 17)",
      failure("sink", "cannot write", { os = "No space left on device", stream = "rows", sequence = 17, handler = "on_row" }))
  end)

  it("does not repeat what the message already contains", function()
    assert.equal('export_failed: export "index" broke (stream rows)',
      failure("export_failed", 'export "index" broke', { export = "index", stream = "rows" }))
    assert.equal("row_malformed: line 7: bad (stream rows)", failure("row_malformed", "line 7: bad", { line = 7, stream = "rows" }))
    assert.equal("sink: streams.a.on_row used much (stream a)",
      failure("sink", "streams.a.on_row used much", { handler = "streams.a.on_row", stream = "a" }))
  end)

  it("names the place regardless of numbers and words in the message", function()
    assert.equal("row_invalid: expected 17 rows where it stands (in where, stream rows, sequence 17, line 18)",
      failure("row_invalid", "expected 17 rows where it stands",
        { handler = "where", stream = "rows", sequence = 17, line = 18 }))
    assert.equal("sink: line 71 is not line 7 (stream line, line 1)", failure("sink", "line 71 is not line 7", { stream = "line", line = 1 }))
  end)

  it("names the file of the line, if there is one", function()
    assert.equal("row_invalid: odd (stream rows, sequence 0, a.jsonl:1)",
      failure("row_invalid", "odd", { stream = "rows", sequence = 0, line = 1, file = "a.jsonl" }))
    assert.equal("row_malformed: a.jsonl:1: odd", failure("row_malformed", "a.jsonl:1: odd", { line = 1, file = "a.jsonl" }))
  end)

  it("counts bytes of a line from 1, as lines are counted", function()
    assert.equal("row_malformed: line 2: odd (byte 1)", failure("row_malformed", "line 2: odd", { line = 2, offset = 0 }))
  end)

  it("reports what happened to the rows", function()
    assert.matches("\n  17 rows had arrived; nothing was committed",
      failure("worker_exited", "it died", nil, { counts = { rows = 17, kept = 17 }, held = true }))
    assert.matches("\n  17 rows had arrived; 3 were already written: the output is not complete %(%-%-atomic holds it back%)",
      failure("worker_exited", "it died", nil, { command = "filter", counts = { rows = 17, kept = 3 } }))
  end)

  it("reports what was committed if a later commit failed", function()
    local report = { counts = { rows = 17, kept = 17 }, held = true }
    assert.matches("\n  committed: a, b; rolled back: c$",
      failure("commit", "no", { committed = { "a", "b" }, rolled_back = { "c" } }, report))
    assert.matches("\n  perhaps committed: a; rolled back: c$",
      failure("commit", "no", { committed = {}, uncertain = { "a" }, rolled_back = { "c" } }, report))
    assert.matches("\n  17 rows had arrived; nothing was committed$",
      failure("commit", "no", { committed = {}, rolled_back = { "c" } }, report))
  end)

  it("names the option that helps", function()
    assert.matches("\n  hint: if this program prints JSON lines, start it with %-%-lines",
      failure("handshake", "it spoke otherwise", { option = "--lines" }))
    assert.matches("\n  hint: %-%-timeout DURATION allows more", failure("request_timeout", "too late"))
    assert.matches("\n  hint: see %-%-unheard", failure("protocol", "odd", { option = "--unheard" }))
  end)

  it("shows notes, and the worker's last output if it is informative", function()
    local text = failure("worker_exited", "it died", { notes = { "and then" }, tail = "one\ntwo\n" })
    assert.matches("\n  note: and then\n  the worker's last output:\n    one\n    two$", text)
    assert.is_nil(failure("worker_exited", "it died", { tail = "one\n" }, { printed = true }):find("one", 1, true))
    assert.is_nil(failure("policy", "wrong", { tail = "one\n" }):find("one", 1, true))
  end)

  it("shows the handler's own frames of a traceback", function()
    local trace = "stack traceback:\n\tp.lua:3: in upvalue 'f'\n\tp.lua:9: in field 'on_row'\n\t[C]: in function 'sluice.core.x'\n\tz"
    assert.matches("\n  traceback:\n    p.lua:3: in upvalue 'f'\n    p.lua:9: in field 'on_row'$",
      failure("sink", "p.lua:3: boom", { traceback = trace }))
  end)

  it("omits a traceback that only repeats the message", function()
    local trace = "stack traceback:\n\t[C]: in function 'error'\n\tp.lua:3: in function <p.lua:2>\n\t[C]: in ?"
    assert.equal("sink: p.lua:3: boom", failure("sink", "p.lua:3: boom", { traceback = trace }))
  end)

  it("points to the help after wrong usage", function()
    assert.matches("\ntry: sluice run %-%-help$", failure("usage", "no"))
  end)
end)

describe("the outcome as JSON", function()
  it("has the counts and the exact metadata of a success", function()
    local report = success { rows = 2 }
    report.summary.metadata_json = '{"big":\n123456789012345678901234567890}'
    local text = outcome.json(report)
    assert.is_nil(text:find("\n", 1, true))
    assert.matches('^{"success":true,"exit":0,"rows":2,"kept":2,"dropped":0,"invalid":0,"rejected":0,"bad_lines":0,"bytes":9,"per_stream":{"rows":2},', text)
    assert.matches('"metadata":{"big": 123456789012345678901234567890}', text)
  end)

  it("has the error of a failure with its details", function()
    local text = outcome.json {
      command = "run", exit = 3, counts = { rows = 1, kept = 0, dropped = 1, bytes = 5, elapsed = 2 },
      failure = core.error("row_malformed", "no", { line = 7, notes = { "a" } }),
    }
    local value = core.json.decode(text)
    assert.is_false(value.success)
    assert.equal(3, value.exit)
    assert.equal(1, value.rows)
    assert.equal("row_malformed", value.error.kind)
    assert.equal(7, value.error.line)
    assert.same({ "a" }, { value.error.notes[1] })
  end)
end)

describe("the progress line", function()
  local counts = { rows = 12345, bytes = 3355443, elapsed = 75, kept = 1, dropped = 12344 }

  it("shows rows, rate, bytes and time", function()
    assert.equal("12,345 rows  450 rows/s  3.2 MiB  1:15", progress.line(counts, 450))
  end)

  it("adds the worker's own progress", function()
    assert.equal("scan 12/340 (3%)", progress.phase { phase = "scan", current = 12, total = 340 })
    assert.equal("scan 1,200", progress.phase { phase = "scan", current = 1200 })
    assert.equal("scan 0/0", progress.phase { phase = "scan", current = 0, total = 0 })
  end)

  it("measures the rate over the last second", function()
    local rate = progress.rate()
    assert.equal(100, rate:update(50, 0.5))
    assert.equal(100, rate:update(100, 1.0))
    assert.equal(900, rate:update(1000, 2.0))
  end)
end)
