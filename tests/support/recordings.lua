--- Recordings of real workers, and all the ways in which a run can end.
local frames = require "support.frames"
local json = require "cjson"
local paths = require "support.paths"
local shell = require "support.shell"

local M = {}

--- A worker of tests/workers, by its name.
function M.worker(name)
  return name:find "%.lua$" and paths.file("workers/" .. name) or paths.program("workers/" .. name)
end

--- A worker that sends these bytes: see support/speaks.lua.
function M.speaking(...)
  local words = { paths.lua, paths.file "support/speaks.lua" }
  for _, step in ipairs { ... } do
    words[#words + 1] = step:find "^%l+=" and step or "send=" .. (step:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
  end
  return words
end

local VOLATILE = { elapsed = true, pid = true, elapsed_ms = true, rows_per_second = true, worker_elapsed = true }

--- A summary without what varies from run to run.
local function stable(value)
  if type(value) ~= "table" then return value end
  local copy = {}
  for k, v in pairs(value) do
    if not VOLATILE[k] then copy[k] = stable(v) end
  end
  return copy
end

--- Everything that a user can observe of a run.
function M.outcome(words)
  local summary = shell.file(nil, "s.json")
  table.insert(words, 2, "--summary=" .. summary)
  local result = shell.sluice(words)
  local told = shell.read(summary)
  local err = result.err:gsub("in [%d.]+ m?s", "in TIME"):gsub("[%d.]+ m?s after", "TIME after")
  return { status = result.status, out = result.out, err = err, summary = told and stable(json.decode(told)) }
end

--- A command line.
function M.line(command, options, words)
  local all = { command }
  for _, option in ipairs(options) do all[#all + 1] = option end
  all[#all + 1] = "--"
  for _, word in ipairs(words) do all[#all + 1] = word end
  return all
end

local function with(options, ...)
  local all = { ... }
  table.move(options, 1, #options, #all + 1, all)
  return all
end

--- A path for a recording of this test.
function M.new()
  return shell.directory() .. "/a.rows"
end

--- Makes a recording; returns the outcome and the path.
function M.record(options, words, command)
  local path = M.new()
  return M.outcome(M.line(command or "filter", with(options, "--record", path), words)), path
end

local hello = frames.magic .. frames.hello { exports = { { "count", "rows" } } }
local row = frames.rows { "1" }

local function another(t)
  return frames.row { request = t.request, sequence = t.sequence or 1, payload = t.payload or "2" }
end

-- All endings of a worker, with the words of its command line.
local worker, speaking = M.worker, M.speaking

M.endings = {
  ["a summary with metadata"] = { { "--export", "count", "--request", '{"n":3}', "true" }, { worker "counts.lua" } },
  ["diagnostics, progress and streams"] = { { "--export", "interleave", "true" }, { worker "counts.lua" } },
  ["no rows"] = { { "--export", "nothing", "true" }, { worker "counts.lua" } },
  ["what it printed"] = { { "--export", "talk", "true" }, { worker "prints.lua" } },
  ["export_failed after rows"] = { { "--export", "after_rows", "true" }, { worker "raises.lua" } },
  ["export_failed of a table"] = { { "--export", "typed", "true" }, { worker "raises.lua" } },
  ["callback_failed"] = { { "--export", "no_stream", "true" }, { worker "misuses_emit.lua" } },
  ["row_malformed"] = { { "--export", "no_json", "true" }, { worker "misuses_emit.lua" } },
  ["lines that are not JSON"] = { { "--lines", "true" }, { "printf", '1\\n{oops\\n' } },
  ["bad lines that are dropped"] = { { "--lines", "--bad-lines", "drop", "true" }, { "printf", '1\\n{oops\\n2\\n' } },
  ["the status of a program"] = { { "--lines", "true" }, { "sh", "-c", "echo 1; echo broken >&2; exit 3" } },
  ["a script that does not load"] = { { "true" }, { worker "broken_syntax.lua" } },
  ["a script that is not there"] = { { "true" }, { "./there_is_none.lua" } },
  ["a program that is not there"] = { { "true" }, { "/there/is/none" } },
  ["an exit status"] = { { "--export", "exit3", "--request", "3", "true" }, { worker "dies_after_rows" } },
  ["exit with status 0"] = { { "--export", "exit0", "--request", "3", "true" }, { worker "dies_after_rows" } },
  ["SIGSEGV"] = { { "--export", "segv", "--request", "3", "true" }, { worker "dies_after_rows" } },
  ["SIGKILL"] = { { "--export", "kill", "--request", "3", "true" }, { worker "dies_after_rows" } },
  ["SIGTERM"] = { { "--export", "term", "--request", "3", "true" }, { worker "dies_after_rows" } },
  ["a pipe that it closed"] = { { "--export", "closes_pipe", "true" }, { worker "holds_the_pipe" }, seconds = 8 },
  ["text in place of the protocol"] = { { "true" }, { "echo", "hello, world" } },
  ["death before the handshake"] = { { "true" }, { "sh", "-c", "echo gone >&2; exit 5" } },
  ["death by a signal before the handshake"] = { { "true" }, { "sh", "-c", "kill -9 $$" } },
  ["garbage in place of the magic"] = { { "true" }, speaking "sixteen bytes of text" },
  ["garbage in place of a frame"] = { { "true" }, speaking(hello, "await=request", row .. ("\xff"):rep(40)) },
  ["a frame that is cut"] = { { "true" }, speaking(hello, "await=request", row .. another { payload = "12345" }:sub(1, 26), "exit=0") },
  ["a sequence with a gap"] = { { "true" }, speaking(hello, "await=request", row .. another { sequence = 2 }) },
  ["a row that is not JSON"] = { { "true" }, speaking(hello, "await=request", row .. another { payload = "{" }) },
  ["a row of another request"] = { { "true" }, speaking(hello, "await=request", row .. another { request = 9 }) },
  ["a seal that is another"] = {
    { "true" }, speaking(hello, "await=request", row .. frames.summary { seals = { frames.seal(1, { "2" }) } } .. frames.ready(1)) },
}

--- The outcome of replaying a recording of one of the endings.
function M.replay(case, path)
  local options = case[1]
  if options[2] == "--bad-lines" then options = { "--bad-lines", "drop", "true" } end
  if options[1] == "--lines" then options = { "true" } end
  return M.outcome(M.line("filter", options, { path }))
end

return M
