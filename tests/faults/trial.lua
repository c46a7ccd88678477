--- The table of faults: what happens, and the required outcome.
---
--- A line has a name, and:
---   policy    the text of a policy; or expression for `sluice filter`
---   worker    words of a worker's command line; nil: rows are read from a file
---   input     its text; files: further files, by their names
---   options   more words of the command line
---   before    what sh does before it becomes sluice ("ulimit -n 10"); redirect: its descriptors;
---             wrap: the words of a program that starts it
---   signal    sent once the file `ready` exists; times: how often (1)
---   pause     seconds for which the command is stopped, once `ready` exists; then `go` is created
---   kind      of the outcome, nil or false: success; exit: its status; says, not_says: patterns of its output
---   either    the possible exit statuses, if the kind may vary
---   no_summary  the fault makes the summary fail as well
---   most      seconds that it may take, without its start
---   leaves    files that may be left; no process may be
---   quick     it is in `make test`; plain: it cannot be under sanitizers
local paths = require "support.paths"
local shell = require "support.shell"
local system = require "system"

local M = {}

local INPUT = '{"a":1}\n{"a":2}\n'
local OURS = { ["p.lua"] = true, ["in.jsonl"] = true, ["ready"] = true, ["go"] = true, ["summary.json"] = true }

--- The lines of a table that belong to this run: all of them with FAULTS=all.
---@return table[]
function M.lines(name)
  local chosen = {}
  for _, line in ipairs(require("faults." .. name)) do
    local wanted = os.getenv "FAULTS" == "all" or line.quick
    if wanted and not (line.plain and paths.sanitized) then chosen[#chosen + 1] = line end
  end
  return chosen
end

local function words_of(line)
  local words = { paths.sluice, line.expression and "filter" or "run", line.expression or "p.lua", "--summary", "summary.json" }
  for _, word in ipairs(line.options or {}) do words[#words + 1] = word end
  if not line.worker then
    words[#words + 1] = "in.jsonl"
    return words
  end
  words[#words + 1] = "--"
  return table.move(line.worker, 1, #line.worker, #words + 1, words)
end

---@return table trial
function M.start(line)
  local dir = shell.directory()
  if line.policy then shell.write(dir .. "/p.lua", line.policy) end
  shell.write(dir .. "/in.jsonl", line.input or INPUT)
  for name, text in pairs(line.files or {}) do shell.write(dir .. "/" .. name, text) end
  local command = shell.line(words_of(line))
  if line.wrap then command = shell.line(line.wrap) .. " " .. command end
  if line.before then command = ("sh -c %s"):format(paths.quote(line.before .. "; exec " .. command)) end
  return { line = line, dir = dir, at = system.gettime(), process = shell.start(command, { cwd = dir, seconds = 60, redirect = line.redirect }) }
end

local function left(trial)
  local may = {}
  for _, name in ipairs(trial.line.leaves or {}) do may[name] = true end
  for _, name in ipairs(shell.list(trial.dir)) do
    local is_given = OURS[name] or (trial.line.files or {})[name]
    if not is_given and not may[name] then return name end
  end
end

local function is_expected(line, status)
  for _, either in ipairs(line.either or {}) do
    if status == either then return true end
  end
  return status == line.exit
end

--- When it ended, which may be before the first look.
local function ended_at(trial)
  local result = shell.run { "stat", "-c", "%.9Y", trial.process.status_file }
  return tonumber(result.out)
end

--- Waits for its end.
---@return string? problem
function M.finish(trial)
  local line, problems = trial.line, {}
  if line.signal then
    shell.wait("ready", function() return shell.read(trial.dir .. "/ready") or trial.process:status() end)
    trial.at = system.gettime()
    for _ = 1, line.times or 1 do trial.process:signal(line.signal) end
  end
  if line.pause then
    shell.wait("ready", function() return shell.read(trial.dir .. "/ready") end)
    trial.process:signal "STOP"
    system.sleep(line.pause)
    trial.process:signal "CONT"
    shell.write(trial.dir .. "/go", "")
  end
  local result = trial.process:finish() -- nothing is running any more
  local seconds = ended_at(trial) - trial.at
  local function check(ok, text, ...)
    if not ok then problems[#problems + 1] = text:format(...) end
  end
  local kind = ("\n" .. result.err):match "\nsluice: ([%l_]+): "
  check(is_expected(line, result.status), "status %s, not %s", result.status, line.exit or table.concat(line.either, " or "))
  check(line.either or kind == (line.kind or nil), "kind %s, not %s", kind, line.kind)
  check(not line.says or result.err:find(line.says), "it does not say %s", line.says)
  check(not line.not_says or not result.err:find(line.not_says), "it says %s", line.not_says)
  check(seconds < line.most * (paths.sanitized and 4 or 1), "it took %.1f s", seconds)
  check(not left(trial), "it leaves %s", left(trial))
  local summary = shell.read(trial.dir .. "/summary.json") or ""
  check(line.either or line.no_summary or summary:find(('"exit":%d,'):format(line.exit), 1, true), "its summary is %s", summary)
  if #problems > 0 then return table.concat(problems, "; ") .. "\n" .. result.err end
end

local AT_ONCE = tonumber(os.getenv "FAULTS_AT_ONCE") or 2

--- A spec for each line; some run in parallel. it: busted's.
function M.specify(name, it)
  local lines, trials, started = M.lines(name), {}, 0
  for i, line in ipairs(lines) do
    it(line.name, function()
      while started < #lines and started < i + AT_ONCE - 1 do
        started = started + 1
        trials[started] = M.start(lines[started])
      end
      local problem = M.finish(trials[i])
      assert(not problem, problem)
    end)
  end
end

return M
