--- sluice check: what a policy would do, and every mistake in it.
local command_line = require "sluice.internal.command_line"
local core = require "sluice.core"
local examine = require "sluice.internal.examine.policy"
local input = require "sluice.internal.cli.input"
local json = require "sluice.json"
local launch = require "sluice.internal.launch"
local lists = require "sluice.internal.lists"
local policy_options = require "sluice.internal.policy_options"
local policy_run = require "sluice.internal.cli.policy_run"
local rehearsal = require "sluice.internal.cli.rehearsal"
local report = require "sluice.internal.examine.report"
local request = require "sluice.internal.request"
local standard_output = require "sluice.internal.standard_output"
local worker_spec = require "sluice.internal.cli.spec"

-- ---- what would be started ------------------------------------------------------

--- The worker's command line as one would type it.
---@param spec sluice.Spec
local function worker_words(spec)
  if spec.files then return "reads " .. command_line.show(spec.words) end
  local built, problem = launch.build(spec, "sluice")
  if not built then return nil, problem end
  return command_line.show(built.argv)
end

--- Whether a program of this name is in the worker's PATH.
local function in_path(word, env)
  for dir in ((env and env.PATH or os.getenv "PATH" or "") .. ":"):gmatch "([^:]*):" do
    if core.kind((dir == "" and "." or dir) .. "/" .. word) == "file" then return true end
  end
end

--- Why the worker could not be started, as far as this can be told in advance.
---@param spec sluice.Spec
local function absence(spec)
  local word = spec.words[1]
  if spec.via or spec.files or not word then return nil end
  local kind, why
  if word:find "/" or launch.is_loaded(word) then
    local path = spec.cwd and not launch.is_loaded(word) and word:sub(1, 1) ~= "/" and spec.cwd .. "/" .. word or word
    kind, why = core.kind(path)
    if kind == "directory" then kind, why = nil, "it is a directory" end
  else
    kind, why = in_path(word, spec.env), "it is not in PATH"
  end
  return not kind and ("worker: %s: %s"):format(word, why) or nil
end

---@return string from
local function origin(given, of_policy) return given ~= nil and "command line" or of_policy ~= nil and "policy" or "default" end

---@param own { export: string?, json: string?, run_key: string? }  the policy's own values
local function facts_of(options, behind, plan, spec, own)
  local facts = { { "policy", options.policy } }
  local function add(name, value, from) facts[#facts + 1] = { name, value, from } end
  if not spec.words then
    add("worker", "none named: one after --, files, or standard input")
  else
    add("worker", worker_words(spec) or "", spec.files and "command line" or origin(behind, plan.worker))
  end
  add("export", plan.export or "the only one", origin(options.export, own.export))
  add("request", plan.json or "null", origin(options.request, own.json))
  local expect = plan.expect and json.encode(plan.expect)
  if expect then add("expects", expect, "policy") end
  if plan.run_key then add("run key", plan.run_key, origin(options.run_key, own.run_key)) end
  return facts
end

-- ---- mistakes -------------------------------------------------------------------

--- Find mistakes that can be seen before anything is started.
local function look_at(found, options, spec)
  local plan = found.plan
  local function add(place, text)
    found.mistakes[#found.mistakes + 1] = { text = text, file = place and options.policy, line = place and found.find(place) }
  end
  local err = request.check(plan, plan.json)
  if err then add(not options.request and plan.json and "request" or nil, err.message) end
  if not spec.words then return end
  local words, problem = worker_words(spec)
  if not words then add(nil, problem) end
  local absent = words and absence(spec)
  if absent then add(spec.words == plan.worker and "worker" or nil, absent) end
end

---@param session sluice.cli.Session
local function refuse(session, options, mistakes)
  for _, line in ipairs(examine.lines(mistakes)) do session.console:write(line) end
  return session:finish(examine.failure(options.policy, mistakes))
end

-- ---- the command ------------------------------------------------------------------

--- Where the rows would come from; standard input is not inspected.
---@return sluice.Spec? spec, string? problem
local function spec_of(options, behind, plan)
  if #(options.files or {}) > 0 or behind or plan.worker or options.via then
    return input.spec(options, behind, plan, "check " .. command_line.quote(options.policy))
  end
  return worker_spec.of(options, behind, plan)
end

local function is_at_hand(spec)
  return spec.files or launch.is_recording(spec)
end

---@param session sluice.cli.Session
local function rehearse(session, spec, plan)
  if launch.is_recording(spec) and not core.kind(spec.words[1]) then return nil end
  local failure, printed = rehearsal.run(session, spec, plan)
  local counts = session.report.counts
  local lines = counts and rehearsal.tally(counts) or {}
  local _, err = standard_output.line(table.concat(lists.append(lines, rehearsal.printed(printed)), "\n"))
  return session:finish(failure or err)
end

---@param session sluice.cli.Session
---@param behind string[]?
return function(session, options, behind)
  local text, unknown = policy_run.text_of(options)
  if unknown then return 2, unknown end
  standard_output.guard()
  policy_options.give(options.set)
  local found, err = examine.load(options.policy, options.arg, text)
  session.report.policy = policy_options.has() and options.policy or nil
  if not found then return session:finish(err) end
  local plan, problem = found.plan, nil
  if not plan then return refuse(session, options, found.mistakes) end
  local own = lists.picked(plan, { "export", "json", "run_key" })
  problem = policy_run.apply(options, plan)
  if problem then return 2, problem end
  local origins = lists.append(report.origins(options, plan.options), policy_options.origins())
  local spec
  spec, problem = spec_of(options, behind, plan)
  if not spec then return 2, problem end
  look_at(found, options, spec)
  if #found.mistakes > 0 then return refuse(session, options, found.mistakes) end
  local lines = report.lines {
    policy = options.policy, plan = plan, options = origins, facts = facts_of(options, behind, plan, spec, own),
  }
  local _, failure = standard_output.line(table.concat(lists.map(lines, core.visible), "\n"))
  if failure then return session:finish(failure) end
  if spec.words and is_at_hand(spec) then return rehearse(session, spec, plan) end
  session.options.quiet = true
  return session:finish(nil)
end
