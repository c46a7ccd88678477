--- What the command draws, as a person sees it: typed into a terminal (tmux) of 80 and of 120 columns. The pictures
--- are kept as text, in tests/command/pictures; `make pictures` draws them anew. Look at the difference.
local manual = require "support.manual"
local paths = require "support.paths"
local shell = require "support.shell"
local terminal = require "support.terminal"

if paths.sanitized then return end -- slower than the moment at which the line of progress appears

local PICTURES = paths.file "command/pictures/"
local DRAW = os.getenv "DRAW_PICTURES" == "1"

--- Files that the commands use, beside those of the manual (tests/command/manual, sluice.1).
local FILES = {
  ["mistakes.lua"] = [[
return {
  worker = { "scan.lua" },
  timeut = "5m",
  streams = { functions = { where = 5, on_invalid = "reject" } },
}
]],
  ["doctor.lua"] = [[
return {
  name = "scan", version = "1.0",
  exports = { functions = function() end },
  calls = {
    doctor = function()
      return {
        { severity = "warning", code = "cache.stale", message = "the index is 9 days old", hint = "run `scan --index`" },
        { severity = "info", code = "cache.size", message = "the index has 12 MiB" },
      }
    end,
  },
}
]],
  ["slow.lua"] = [[
return { exports = { rows = function(_, emit)
  emit:row("rows", 1)
  emit:diagnostic("disk.slow", "the disk answers after 400 ms\27[31m")
  emit:progress("scanning a directory with a name that is long enough to be cut at eighty columns", 250, 1000)
  io.stderr:write("reading\n")
  while not io.open("go") do end
end } }
]],
  ["dies.sh"] = "#!/bin/sh\necho '{\"n\":1}'\necho 'no such table: orders' >&2\nkill -9 $$\n",
  ["table.lua"] = [[
local stdout = require "sluice.sink.stdout"
return { sink = stdout.new {} }
]],
  ["wide.jsonl"] = [[
{"name":"Ångström","city":"東京","note":"a text that is longer than there is room for in eighty columns, and in a hundred and twenty, too, when it stands beside others"}
{"name":"Ada","city":null,"note":"short","score":1.50}
]],
}

--- The name of each picture, and what is typed.
local TYPED = {
  { "stats", "sluice stats requests.jsonl" },
  { "filter-table", "sluice filter --table true wide.jsonl" },
  { "filter-colours", "sluice filter true wide.jsonl", colours = true },
  { "stdout-table", "sluice run table.lua wide.jsonl" },
  { "run", "sluice run --run-key night functions.lua && sluice ledger sqlite:functions.db" },
  { "run-fails", "sluice run --lines table.lua -- ./dies.sh" },
  { "check", "sluice check functions.lua" },
  { "check-mistakes", "sluice check mistakes.lua" },
  { "info", "sluice info -- scan.lua" },
  { "info-doctor", "sluice info -- doctor.lua" },
  { "infer", "sluice infer requests.jsonl" },
  { "against", "head -n 3 requests.jsonl | sluice infer -q > s.lua; sluice infer --against s.lua requests.jsonl" },
  { "new", "sluice new todo" },
  { "list", "sluice run --list" },
  { "cut", "sluice record -q a.rows --request '{\"file\":\"geometry.lua\"}' -- scan.lua; sluice record b.rows --cut --where 'line > 2' -- a.rows" },
  { "help", "PAGER=cat sluice help" },
  { "usage", "sluice filter --tabel true wide.jsonl" },
  { "help-filter", "sluice filter --help", rows = 110 },
}

teardown(shell.forget)

--- What differs from run to run, in as many columns.
local function normal(screen)
  local function same_width(pattern, by)
    screen = screen:gsub(pattern, function(text) return by:rep(#text):sub(1, #text) end)
  end
  same_width("%d%d%d%d%-%d%d%-%d%dT%S+", "T")
  same_width("%f[%d]%d:%d%d%f[^%d:]", "M:SS")
  screen = screen:gsub("that is lo[ng enough]*\n", "that is lo\n") -- cut where the rate's digits leave room
  screen = screen:gsub("in [%d.]+ m?s%f[%W]", "in N ms"):gsub("%d[%d,]* rows/s", "N rows/s"):gsub("%d+ rows a second", "N rows a second")
  return screen
end

local function compare(name, columns, screen)
  local path = ("%s%s-%d.txt"):format(PICTURES, name, columns)
  if DRAW then shell.write(path, normal(screen)) end
  assert.equal(shell.read(path), normal(screen))
end

local function place()
  local dir = manual.workplace("sluice.1").dir
  for name, text in pairs(FILES) do shell.write(dir .. "/" .. name, text) end
  os.execute("chmod +x " .. dir .. "/dies.sh")
  return dir
end

local function open(dir, line, columns, rows)
  return terminal.open({ "bash", "-c", ("cd %s && { %s\n}"):format(dir, line) }, {
    columns = columns, rows = rows or 50,
    env = { PATH = paths.build .. ":" .. os.getenv "PATH", LANG = "C.UTF-8", LC_ALL = "C.UTF-8" },
  })
end

for _, columns in ipairs { 80, 120 } do
  describe(("a terminal of %d columns shows"):format(columns), function()
    for _, typed in ipairs(TYPED) do
      local name, line = table.unpack(typed)
      it(name .. " as it is in its picture", function()
        local session = open(place(), line, columns, typed.rows)
        finally(function() session:close() end)
        session:finish()
        compare(name, columns, session:screen(table.unpack(typed.colours and { "-e" } or {})))
      end)
    end

    it("progress while it runs, and afterwards only what stays", function()
      local dir = place()
      local session = open(dir, "sluice run table.lua -- slow.lua", columns)
      finally(function() session:close() end)
      compare("progress", columns, (session:await "scanning"))
      shell.write(dir .. "/go", "")
      session:finish()
      compare("progress-end", columns, session:screen())
    end)
  end)
end

describe("the progress line is cleared before the result of", function()
  for _, words in ipairs { "infer", "stats", "filter --count true", "filter --tail 1 true" } do
    it(words, function()
      local dir = place()
      local session = open(dir, ("sluice %s -- slow.lua"):format(words), 100)
      finally(function() session:close() end)
      session:await "scanning"
      shell.write(dir .. "/go", "")
      local status = session:finish()
      assert.equal(0, status, session:screen())
      assert.is_nil(session:screen():find("rows/s%s+%d+ B"), session:screen())
      assert.is_nil(session:screen():find("scanning", 1, true), session:screen())
    end)
  end
end)
