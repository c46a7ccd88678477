--- sluice run --watch: run the policy on the same rows again whenever it or a file that it has read is saved.
---
--- Each run is a rehearsal (rehearsal.lua) in a process of its own: nothing is committed, and nothing that a policy
--- does to its process outlives it. The process passes its results to us as JSON, and the next run compares itself
--- with them.
local command_line = require "sluice.internal.command_line"
local core = require "sluice.core"
local json = require "sluice.json"
local lists = require "sluice.internal.lists"
local signal_status = require("sluice.internal.cli.session").signal_status
local watched_run = require "sluice.internal.cli.watched_run"
local worker_spec = require "sluice.internal.cli.spec"

local POLL_MS = 100
--- Editors write a file in several steps, or replace it by another one.
local SETTLED_POLLS, GONE_POLLS = 2, 10

---@alias sluice.cli.Stamps table<string, string|false>

--- The files that have changed.
---@param stamps sluice.cli.Stamps
---@return string[] changed
local function changed(stamps)
  return lists.select(lists.sorted_keys(stamps), function(path) return (core.stamp(path) or false) ~= stamps[path] end)
end

local function stamped(paths)
  local stamps = {}
  for _, path in ipairs(paths) do stamps[path] = core.stamp(path) or false end
  return stamps
end

--- Wait until the files have been written completely.
---@param paths string[]
---@return boolean interrupted
local function let_settle(paths)
  local stamps, quiet, gone = stamped(paths), 0, 0
  while quiet < SETTLED_POLLS do
    if core.await(nil, POLL_MS) == "interrupted" then return true end
    local now = stamped(paths)
    local is_gone = lists.find(paths, function(path) return not now[path] end) ~= nil
    local is_same = lists.find(paths, function(path) return now[path] ~= stamps[path] end) == nil
    gone = is_gone and gone + 1 or 0
    quiet = is_same and (not is_gone or gone >= GONE_POLLS) and quiet + 1 or 0
    stamps = now
  end
  return false
end

--- Wait until a file is saved.
---@param stamps sluice.cli.Stamps
---@return string[]? saved  nil: the user has interrupted
local function next_save(stamps)
  while true do
    local saved = changed(stamps)
    if #saved > 0 then
      if let_settle(saved) then return nil end
      return saved
    end
    if core.await(nil, POLL_MS) == "interrupted" then return nil end
  end
end

--- Wait for the end of a run. It is ended early if a file is saved meanwhile.
---@param stamps sluice.cli.Stamps
---@return "exited"|"signalled"|"interrupted"|"overtaken" what, integer? status
local function wait_for(pid, stamps)
  while true do
    local what, status = core.await(pid, POLL_MS)
    if what == "interrupted" or not what and #changed(stamps) > 0 then
      core.end_child(pid)
      return what or "overtaken"
    end
    if what then return what, status end
  end
end

--- The results of the run.
---@return sluice.cli.Watched?
local function read_state(file)
  file:seek "set"
  local text = file:read "a"
  file:close()
  return text ~= "" and (json.decode(text)) or nil
end

--- The problem with input that cannot be read again, or with options that leave something behind.
local function problem_of(options)
  local taken = worker_spec.taken_by(options)
  if taken then return ("--watch: %s is standard input, which can be read only once"):format(taken) end
  for _, name in ipairs { "summary", "record" } do
    if options[name] then return ("--watch and --%s: expected only one of them, as a watched run writes nothing"):format(name) end
  end
end

---@param session sluice.cli.Session
local function leave(session)
  local arrived = core.interrupted()
  session.console:hide_key()
  session.console:clear()
  return signal_status(arrived and arrived.name or "SIGINT")
end

local MOST_NAMES = 4

local function names_of(paths)
  local names = lists.map(table.move(paths, 1, math.min(#paths, MOST_NAMES), 1, {}), function(path)
    return command_line.quote((path:gsub("^%./", "")))
  end)
  local more = #paths - #names
  return table.concat(names, ", ") .. (more > 0 and (" and %d more"):format(more) or "")
end

--- The existing files, as the user would name them.
local function present(stamps)
  return lists.select(lists.sorted_keys(stamps), function(path) return stamps[path] and not path:find "^/usr/" end)
end

---@param session sluice.cli.Session
---@param behind string[]?
return function(session, options, behind)
  local problem = problem_of(options)
  if problem then return 2, problem end
  local state, saved ---@type sluice.cli.Watched?, string[]?
  local stamps = stamped { options.policy }
  while true do
    local file, why, directory = core.temporary()
    if not file then return session:finish(core.error("sink", ("cannot create a temporary file in %s: %s"):format(directory, why))) end
    local pid
    pid, why = core.fork()
    if pid == 0 then return watched_run(session, options, behind, state, saved and names_of(saved), file) end
    if not pid then return session:finish(core.error("spawn", "cannot start a process to run the policy in: " .. why)) end
    local what, status = wait_for(pid, stamps)
    if what == "interrupted" then return leave(session) end
    local made = read_state(file)
    if made and made.is_over then return status end
    if what == "signalled" then session.console:notice(("the run was killed by signal %d"):format(status)) end
    if not state and what ~= "overtaken" then
      session.console:notice(("watching %s; nothing is committed; Ctrl-C ends it"):format(names_of(present(made and made.files or stamps))))
    end
    state = made or state
    if what ~= "overtaken" then stamps = made and made.files or stamped(lists.sorted_keys(stamps)) end
    saved = next_save(stamps)
    if not saved then return leave(session) end
    stamps = stamped(lists.sorted_keys(stamps))
  end
end
