--- sluice run --watch, on a real terminal: a policy is saved, and the changes are shown.
local paths = require "support.paths"
local shell = require "support.shell"
local terminal = require "support.terminal"

local open

after_each(function()
  if open then open:close() end
  open = nil
  shell.forget()
end)

local WORKER = [[
return { name = "w", version = "1.0", exports = { index = function(_, emit)
  for i = 1, 1000 do emit:row("rows", { i = i, name = "n" .. i }) end
end } }]]

local POLICY = [[
local schema = require "sluice.schema"
local csv = require "sluice.sink.csv"
return { streams = { rows = {
  schema = schema.record { i = schema.integer { max = LIMIT }, name = schema.string }, on_invalid = "HOW",
  where = function(row) return row.payload.i > LEAST end,
  sink = csv.file "rows.csv",
} } }]]

local function policy(limit, least, how)
  return (POLICY:gsub("LIMIT", tostring(limit)):gsub("LEAST", tostring(least)):gsub("HOW", how or "reject"))
end

--- Saves as editors do, by renaming a new file.
local function save(dir, name, content)
  shell.write(dir .. "/.new", content)
  assert(os.rename(dir .. "/.new", dir .. "/" .. name))
end

local function recorded(files)
  local dir = shell.directory()
  for name, content in pairs(files) do shell.write(dir .. "/" .. name, content) end
  shell.write(dir .. "/w.lua", WORKER)
  assert.equal(0, shell.sluice({ "record", "-q", "a.rows", "--", "w.lua" }, { cwd = dir }).status)
  return dir
end

--- Watches in a terminal of so many columns.
local function watch(dir, words, columns)
  local line = ("cd %s && exec %s run --watch %s"):format(paths.quote(dir), paths.quote(paths.sluice), shell.line(words))
  open = terminal.open({ "sh", "-c", line }, { columns = columns or 120, rows = 60 })
  return open
end

local WATCHING = "sluice: watching a%.rows, p%.lua; nothing is committed; Ctrl%-C ends it"

for _, columns in ipairs { 80, 120 } do
  it(("shows the changes of a save, at %d columns"):format(columns), function()
    local dir = recorded { ["p.lua"] = policy(2000, 0) }
    local t = watch(dir, { "p.lua", "--", "a.rows" }, columns)
    local screen = t:await(WATCHING)
    assert.truthy(screen:find("STREAM   ROWS   KEPT  DROPPED  INVALID  REJECTED\nrows    1,000  1,000        0        0         0\n", 1, true), screen)
    save(dir, "p.lua", policy(990, 2))
    screen = t:await("p.lua was saved[^$]*nothing was committed", "-J")
    for _, expected in ipairs {
      "rows    1,000  988 (-12)   2 (+2)        0  10 (+10)\n",
      "12 rows with a different outcome:\n",
      '  rows 0: kept → dropped: where  {"i":1,"name":"n1"}\n',
      "  rows 990: kept → rejected: /i: expected an integer of at most 990, got 991",
      "  … 7 more\n",
      "new violations:\n  rows /i: expected an integer of at most 990, got 991 (10 rows, the first is 990)",
    } do
      assert.truthy(screen:find(expected, 1, true), expected .. "\n" .. screen)
    end
    save(dir, "p.lua", policy(2000, 2))
    screen = t:await("violations that no longer occur:[^$]*nothing was committed", "-J")
    assert.truthy(screen:find("10 rows with a different outcome:", 1, true), screen)
    assert.truthy(screen:find("rows 990: rejected → kept; before: /i: expected an integer of at most 990, got 991", 1, true), screen)
    t:press "C-c"
    assert.equal(130, (t:finish()))
    assert.same({ "a.rows", "p.lua", "w.lua" }, shell.list(dir))
  end)
end

it("continues after a mistake, and compares with the run before it", function()
  local dir = recorded { ["p.lua"] = policy(2000, 0) }
  local t = watch(dir, { "p.lua", "--", "a.rows" })
  t:await(WATCHING)
  save(dir, "p.lua", "return {\n  streams = }")
  t:await "sluice: policy: p.lua:2: unexpected symbol near '}'"
  save(dir, "p.lua", policy(2000, 1))
  t:await "1 row with a different outcome:\n  rows 0: kept → dropped: where  {"
end)

it("starts even if the policy has a mistake", function()
  local dir = recorded { ["p.lua"] = "return {" }
  local t = watch(dir, { "p.lua", "--", "a.rows" })
  t:await "sluice: watching p%.lua"
  save(dir, "p.lua", policy(2000, 1))
  t:await "rows    1,000   999        1        0         0"
end)

it("watches modules, even missing ones, and files that the policy reads", function()
  local source = [[
local least = require "least"
local text = io.open("limit.txt"):read "n"
return { streams = { rows = { where = function(row) return row.payload.i > least and row.payload.i <= text end } } }]]
  local dir = recorded { ["p.lua"] = source, ["limit.txt"] = "1000" }
  local t = watch(dir, { "p.lua", "--", "a.rows" })
  t:await "module 'least' not found[^$]*watching p%.lua"
  save(dir, "least.lua", "return 1")
  t:await "least%.lua was saved\n[^$]*rows    1,000   999        1 "
  save(dir, "limit.txt", "500")
  t:await "limit%.txt was saved\n[^$]*rows    1,000  499 %(%-500%)  501 %(%+500%)"
  save(dir, "least.lua", "return 0")
  t:await "rows 0: dropped → kept  {"
end)

it("works with files instead of a recording", function()
  local dir = recorded { ["p.lua"] = policy(2000, 0), ["a.jsonl"] = '{"i":1,"name":"a"}\n{"i":2,"name":"b"}\n' }
  local t = watch(dir, { "p.lua", "a.jsonl" })
  t:await "rows       2     2        0        0         0[^$]*watching a%.jsonl, p%.lua"
  save(dir, "p.lua", policy(1, 0, "drop"))
  t:await "rows 1: kept → dropped as invalid: /i: expected an integer of at most 1, got 2"
  save(dir, "a.jsonl", '{"i":1,"name":"a"}\n')
  t:await "a%.jsonl was saved\nthe rows are not those of before: nothing is compared\n"
end)

it("ends a run that is overtaken by a save, and survives one that crashes", function()
  local slow = [[return { on_row = function() local t = os.clock() while os.clock() - t < 0.05 do end end }]]
  local dir = recorded { ["p.lua"] = slow }
  local t = watch(dir, { "p.lua", "--", "a.rows" })
  t:await "%d rows  "
  save(dir, "p.lua", policy(2000, 0))
  t:await "p%.lua was saved\n[^$]*1,000  1,000 "
  save(dir, "p.lua", "local f = io.popen('kill -SEGV $PPID') f:read 'a' return {}")
  t:await "sluice: the run was killed by signal 11\n"
  save(dir, "p.lua", policy(2000, 1))
  t:await "1 row with a different outcome:\n"
end)

it("holds back and shows what handlers print", function()
  local dir = recorded { ["p.lua"] = "return { on_row = function(row) print(row.payload.name) end }" }
  local t = watch(dir, { "p.lua", "--", "a.rows" })
  t:await "standard output, held back:\n  n1\n  n2\n[^$]*\n  … 990 more lines\n"
end)

it("shows a handler's reasons as violations as well", function()
  local source = "return { on_row = function(row) if row.payload.i > %d then row:reject 'too large' end end }"
  local dir = recorded { ["p.lua"] = source:format(999) }
  local t = watch(dir, { "p.lua", "--", "a.rows" })
  t:await "violations:\n  rows rejected: too large %(1 row, the first is 999%)"
  save(dir, "p.lua", source:format(998))
  t:await "rows 998: kept → rejected: too large  {"
end)

describe("--watch is refused if the rows cannot be read again:", function()
  local function refused(words, expected)
    local dir = recorded { ["p.lua"] = policy(1, 1) }
    local result = shell.sluice({ "run", "--watch", table.unpack(words) }, { cwd = dir })
    assert.equal(2, result.status, result.err)
    assert.truthy(result.err:find(expected, 1, true), result.err)
  end

  it("a worker", function() refused({ "p.lua", "--", "w.lua" }, "--watch needs a recording or files") end)
  it("standard input", function()
    refused({ "p.lua", "-" }, "--watch needs a recording or files")
    refused({ "p.lua", "--request", "@-", "--", "a.rows" }, "--watch: @- is standard input, which can be read only once")
  end)
  it("a run that would leave something behind", function()
    refused({ "p.lua", "--summary", "s.json", "--", "a.rows" }, "--watch and --summary: expected only one of them, as a watched run writes nothing")
    refused({ "p.lua", "--record", "b.rows", "--", "a.rows" }, "--watch and --record: expected only one of them, as a watched run writes nothing")
  end)
end)
