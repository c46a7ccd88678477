--- Foreign text - of workers, rows, files, names - on the terminal: it neither
--- controls the terminal nor imitates a line of ours, and no byte of it changes an outcome.
local json = require "sluice.json"
local shell = require "support.shell"

local FORGED = "sluice: 3 rows in 2 ms, committed"
-- C0 and C1 controls, as UTF-8 and as bytes; changes of text direction; a forged line.
local STEERS = "\27[2J\7\r\8\127\u{85}\u{9b}31m\u{2028}\u{202e}\u{2066}\n" .. FORGED .. "\ntry: it\n"
local EVIL = "\x9b\xff\xc0\x80\xed\xa0\x80" .. STEERS
local NAME = EVIL:gsub("/", "")

after_each(shell.forget)

--- The text is safe for a terminal, and imitates none of our lines.
local function assert_harmless(text, what)
  what = ("%s: %q"):format(what or "", text)
  local length, bad = utf8.len(text)
  assert(length, what .. " is not UTF-8 at " .. tostring(bad))
  for _, code in utf8.codes(text) do
    local steers = code < 32 and code ~= 9 and code ~= 10 or code >= 127 and code < 160
      or code >= 0x2028 and code <= 0x202e or code >= 0x2066 and code <= 0x2069
    assert.is_false(steers, ("U+%04X in %s"):format(code, what))
  end
  for line in text:gmatch "[^\n]+" do
    assert(line ~= FORGED and line:sub(1, 7) ~= "try: it", what)
  end
end

local function lua(value) return ("%q"):format(value):gsub("\\\n", "\\n"):gsub("\r", "\\r") end

--- A Lua worker with one export, whose body is `body`.
local function worker(body, more)
  return shell.file(("local EVIL, STEERS = %s, %s\nreturn { %s exports = { index = function(request, emit) %s end } }")
    :format(lua(EVIL), lua(STEERS), more or "", body), "w.lua")
end

local function policy(text) return shell.file(("local EVIL, STEERS = %s, %s\n%s"):format(lua(EVIL), lua(STEERS), text), "p.lua") end

local TAKE = "return { on_row = function() end }"

--- Runs a command and checks its stderr.
local function harmless(words, options)
  options = options or {}
  options.cwd = options.cwd or shell.directory() -- NAME may become the name of a file
  local result = shell.sluice(words, options)
  assert_harmless(result.err, shell.line(words))
  return result
end

describe("foreign text on standard error", function()
  it("is harmless in a worker's diagnostics, codes and progress", function()
    local w = worker [[emit:diagnostic("c", EVIL) emit:diagnostic(EVIL, "m") emit:diagnostic("c", STEERS)
      for i = 1, 30 do emit:progress(STEERS, i, 30) end emit:row("r", 1)]]
    for _, how in ipairs { "none", "plain", "json" } do
      local result = harmless { "run", "--progress", how, policy(TAKE), "--", w }
      assert.equal(0, result.status, result.err)
      assert.matches("1[bB]%[2J", result.err)
    end
  end)

  it("does not imitate a line of ours through a diagnostic's code", function()
    for _, code in ipairs { "sluice", "sluice: note", "try", "  note" } do
      local result = harmless { "run", policy(TAKE), "--", worker(("emit:diagnostic(%q, '3 rows in 2 ms, committed')"):format(code)) }
      assert.matches(('^"%s": 3 rows in 2 ms, committed\n'):format(code), result.err)
    end
  end)

  it("is harmless in a worker's output", function()
    local file = shell.file(EVIL)
    local result = harmless { "run", policy(TAKE), "--lines", "--", "sh", "-c", "cat " .. file .. " >&2" }
    assert.equal(0, result.status, result.err)
    assert.matches("\nworker.stderr: " .. FORGED .. "\n", result.err)
    result = harmless { "run", policy(TAKE), "--lines", "--", "sh", "-c", "cat " .. file }
    assert.is_true(result.status > 0)
    harmless { "run", policy(TAKE), "--", "cat", file } -- not a worker at all
    harmless { "run", policy(TAKE), "--", worker "io.stderr:write(EVIL) io.stdout:write(EVIL) os.exit(3)" }
  end)

  it("is harmless in the names of streams", function()
    local two = worker [[emit:row(STEERS, 1) emit:row("r", 1)]]
    local result = harmless { "run", policy(TAKE), "--", two }
    assert.equal(0, result.status)
    assert.matches("\\x1b%[2J", result.err)
    harmless { "run", policy "return { streams = { r = { on_row = print } } }", "--", two }
    harmless { "run", policy(TAKE), "--", worker "emit:row(EVIL, 1)" }
    harmless { "run", policy "return { on_row = function(row, run) row:reject(EVIL) end }", "--", two }
  end)

  it("is harmless in errors of a worker and of a policy", function()
    harmless { "run", policy(TAKE), "--", worker "error(EVIL)" }
    harmless { "run", policy(TAKE), "--", worker "error { message = EVIL, stream = EVIL }" }
    for _, body in ipairs {
      "error(EVIL)", "error { [EVIL] = EVIL }", "error(setmetatable({}, { __tostring = function() return EVIL end }))",
      "return { on_row = function() error(EVIL) end }", "return { [EVIL] = 1 }", "return EVIL", "return { timeout = EVIL }",
      "return { streams = { [EVIL] = 1 } }", "return { worker = { EVIL } }", "return require(EVIL)", "return nosuch[EVIL]",
      "return { on_row = function() error(require('sluice').error('sink', EVIL, { stream = EVIL, notes = { EVIL }, committed = { EVIL }, text = EVIL })) end }",
      "local e = require('sluice').error('sink', 'm') e.kind = EVIL return { on_row = function() error(e) end }",
      "load(EVIL)() return {}", "load('error(1)', '=' .. EVIL)()",
      "require('sluice').options { [EVIL] = EVIL }", "local s = require 'sluice.schema' return { sink = s.string { pattern = EVIL } }",
      "return { sink = require('sluice.sink.jsonl').file('/nonexistent/' .. EVIL) }",
      "return { sink = require('sluice.sink.csv').file('/nonexistent/' .. EVIL) }",
      "return { sink = require('sluice.sink.sql').table { url = 'sqlite:/nonexistent/' .. EVIL, name = EVIL, columns = { i = 'integer' } } }",
      "return { sink = require('sluice.sink.sql').table { url = 'sqlite::memory:', name = EVIL, columns = { [EVIL] = 'integer' } } }",
    } do
      local result = harmless { "run", policy(body), "--", worker "emit:row('r', { a = 1 })" }
      assert.is_true(result.status > 0, body)
    end
  end)

  it("is harmless in rows that are refused", function()
    local w = worker "emit:row('r', { [STEERS] = STEERS })"
    for _, type in ipairs { "schema.record { a = schema.integer }", "schema.map(schema.integer)", "schema.string" } do
      local result = harmless { "run", policy(("local schema = require 'sluice.schema' return { streams = { r = { schema = %s } } }"):format(type)), "--", w }
      assert.is_true(result.status > 0)
    end
    harmless { "filter", "nosuch == 1", "--", w } -- the message names the fields that it saw
    harmless { "filter", "row.payload .. 1", "--", w }
  end)

  it("is harmless in every argument", function()
    local p, w = policy(TAKE), worker "emit:row('r', 1)"
    for _, option in ipairs { "--timeout", "--export", "--request", "--summary", "--progress", "--stream", "--env", "--cwd", "--via",
      "--remote", "--max-frame", "--transport", "--set", "--run-key", "--arg", "--idle-timeout", "--" .. NAME, "-" .. NAME } do
      harmless { "run", p, option, "/nonexistent/" .. NAME, "--", w }
      harmless { "run", p, option, EVIL, "--", w }
      harmless { "run", p, ("%s=%s"):format(option, EVIL), "--", w }
    end
    harmless { "filter", EVIL, "--", w }
    harmless { "filter", "--map", "a b" .. EVIL, "true", "--", w }
    harmless { "call", EVIL, EVIL, "--", w }
    harmless { "call", "x", "@" .. EVIL, "--", w }
    harmless { EVIL }
    harmless { "run", EVIL }
    for _, name in ipairs { NAME, "./" .. NAME, "/nonexistent/" .. NAME .. ".lua", NAME .. ".so" } do
      harmless { "run", name, "--", w }
      harmless { "run", p, "--", name }
      harmless { "filter", "--lines", "true", "--", name }
      harmless { "info", "--", name }
    end
    for _, words in ipairs { { EVIL }, { "--transport", EVIL, "--", w }, { "--" .. EVIL }, { "--stream", EVIL } } do
      harmless { "worker", table.unpack(words) }
    end
  end)

  it("is harmless in the names of existing files", function()
    local dir = shell.directory()
    local p, w = dir .. "/p" .. NAME .. ".lua", dir .. "/w" .. NAME .. ".lua"
    shell.write(p, "local function f() error 'no' end return { on_row = function() f() end }")
    shell.write(w, "return { exports = { index = function(_, emit) emit:row('r', 1) error 'no' end } }")
    harmless { "run", p, "--", w }
    harmless { "filter", "true", "--", w }
    assert.is_nil(harmless({ "run", p, "--help" }).err:find ".")
    shell.write(w, "syntax error")
    harmless { "filter", "true", "--", w }
  end)

  it("is harmless on a progress line, and does not leave that line", function()
    local progress = require "sluice.internal.cli.progress"
    local phase = progress.phase { phase = EVIL, current = 1 }
    assert_harmless(phase)
    assert.is_nil(phase:find "\n")
  end)
end)

describe("foreign text on standard output", function()
  it("is harmless in the output of info about a worker, on one line each", function()
    local w = worker("", "name = STEERS, version = STEERS, calls = { [STEERS] = function() end },")
    local result = harmless { "info", "--", w }
    assert_harmless(result.out)
    local _, lines = result.out:gsub("\n", "")
    assert.equal(5, lines, result.out)
    result = harmless { "info", "--as", "json", "--", w }
    assert_harmless(result.out)
    assert.equal(STEERS, json.decode(result.out).name)
  end)

  it("is harmless in a table", function()
    local p = policy "return { sink = require('sluice.sink.stdout').new { format = 'table' } }"
    local result = harmless { "run", p, "--", worker "emit:row('r', { a = STEERS, [STEERS] = { STEERS } })" }
    assert.equal(0, result.status, result.err)
    assert_harmless(result.out)
    assert.matches("\\u202e", result.out)
  end)

  it("is harmless in a policy's help", function()
    local result = harmless { "run", policy "local set = require('sluice').options { a = { type = 'string', help = EVIL, default = EVIL } }", "--help" }
    assert_harmless(result.out)
  end)

  it("is unchanged in rows and replies", function()
    local w = worker("emit:row('r', STEERS)", "calls = { echo = function() return STEERS end },")
    local text = json.encode(STEERS) .. "\n"
    assert.matches("\u{9b}", text)
    assert.equal(text, harmless({ "filter", "--export", "index", "true", "--", w }).out)
    assert.equal(text, harmless({ "call", "echo", "--", w }).out)
  end)
end)

describe("a byte that is not UTF-8", function()
  --- Runs with every kind of report: they must agree on the status, and be readable.
  local function same_everywhere(status, words, options)
    local summary = shell.file '{"success":true,"old":1}'
    local result = harmless({ words[1], "--progress", "json", "--summary", summary, table.unpack(words, 2) }, options)
    assert.equal(status, result.status, result.err)
    for line in result.err:gmatch "[^\n]+" do assert.is_table(json.decode(line), line) end
    local text = shell.read(summary)
    assert_harmless(text)
    local said = json.decode(text)
    assert.equal(status, said.exit)
    assert.is_nil(said.old)
    assert.equal(status, harmless(words, options).status)
    return said, result
  end

  it("changes nothing in a worker's output and diagnostics", function()
    local _, result = same_everywhere(0, { "run", policy(TAKE), "--lines", "--", "printf", "1\n" })
    assert.is_nil(result.err:find "\\x")
    _, result = same_everywhere(0, { "run", policy(TAKE), "--lines", "--", "sh", "-c", "printf 'a\\351b\\n' >&2; echo 1" })
    assert.matches([["message":"a\\xe9b"]], result.err, 1, true)
    same_everywhere(0, { "run", policy(TAKE), "--", worker "emit:diagnostic(EVIL, EVIL) emit:progress(EVIL, 1) emit:row('r', 1)" })
    same_everywhere(1, { "run", policy(TAKE), "--", worker "error(EVIL)" })
  end)

  it("changes nothing in the name of a missing worker or policy", function()
    local said = same_everywhere(127, { "run", policy(TAKE), "--", "nosuch\xe9" })
    assert.matches("nosuch\\xe9", said.error.message, 1, true)
    same_everywhere(127, { "filter", "--lines", "true", "--", "nosuch\xe9" })
    same_everywhere(2, { "run", "nosuch\xe9.lua", "--", "true" })
  end)

  it("changes nothing in reasons, messages and notes of a policy", function()
    local w = worker "for i = 1, 3 do emit:row('r', { i = i }) end"
    local said = same_everywhere(0, { "run", policy [[return { on_row = function(row) if row.sequence == 1 then row:reject("\xe9") end end }]], "--", w })
    assert.equal(1, said.rejected)
    assert.matches("\\xe9", said.notes[1], 1, true)
    same_everywhere(4, { "run", policy "return { on_row = function() error '\xe9' end }", "--", w })
    same_everywhere(4, { "run", policy [[return { on_row = function() error(require("sluice").error("sink", "\xe9",
      { notes = { "\xe9" }, violations = { { ["\xe9"] = print } }, text = 0/0, place = { {}, { a = "\xe9" } } })) end }]], "--", w })
    same_everywhere(4, { "run", policy "return { ['\xe9'] = 1 }", "--", w })
  end)

  it("is escaped in the reasons of rejects, whose rows are kept unchanged", function()
    local file = shell.file()
    local p = policy(([[return { rejects = require("sluice.sink.jsonl").file(%q), on_row = function(row) row:reject("a\xe9") end }]]):format(file))
    same_everywhere(0, { "run", p, "--", worker "emit:row('r', STEERS)" })
    local reject = json.decode(shell.read(file))
    assert.equal("a\\xe9", reject.reason)
    assert.equal(STEERS, reject.row)
  end)

  it("changes nothing in other arguments", function()
    local w = worker "emit:row('r', 1)"
    local sink = "return { sink = require('sluice.sink.sql').table { url = %q, name = 't', columns = { payload = 'integer' } } }"
    local p = policy(sink:format("sqlite:" .. shell.directory() .. "/t.db"))
    local words = { "run", "--run-key", "k\xe9", p, "--", worker "emit:row('r', { payload = 1 })" }
    assert.is_nil(same_everywhere(0, words).run_key)
    assert.equal("k\\xe9", same_everywhere(0, words).run_key)
    same_everywhere(0, { "run", "--env", "A=\xe9", policy(TAKE), "--", w })
    same_everywhere(0, { "run", "--arg", "\xe9", policy(TAKE), "--", w, "\xe9" })
  end)
end)
