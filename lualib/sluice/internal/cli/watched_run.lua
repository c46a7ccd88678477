--- One run of `sluice run --watch`, in its own process: the rehearsal, and what it changed.
local core = require "sluice.core"
local comparison = require "sluice.internal.examine.comparison"
local json = require "sluice.json"
local launch = require "sluice.internal.launch"
local lists = require "sluice.internal.lists"
local policy = require "sluice.internal.policy"
local policy_run = require "sluice.internal.cli.policy_run"
local read_files = require "sluice.internal.examine.read_files"
local rehearsal = require "sluice.internal.cli.rehearsal"
local request = require "sluice.internal.request"
local standard_output = require "sluice.internal.standard_output"
local text_width = require "sluice.internal.sink.text_width"
local units = require "sluice.internal.units"

---@class sluice.cli.Watched: sluice.examine.Made   passed from run to run
---@field files sluice.cli.Stamps
---@field inputs sluice.cli.Stamps   of the files that the rows come from
---@field counts table?          of Run:counts(); nil: the run did not begin
---@field reasons table<string, table<string, string>>
---@field is_over boolean?       watching cannot continue

local MOST_CHANGES = 5 -- per stream
local MOST_VIOLATIONS = 10

local SIDES = { k = "kept", d = "dropped", i = "dropped as invalid", r = "rejected" }

-- ---- the rows that changed sides --------------------------------------------------

--- Fetch the texts of these rows by reading the input once more.
---@param changes sluice.examine.Change[]
---@return table<string, table<integer, string>> texts  by stream and sequence
local function texts_of(changes, spec, plan)
  local wanted, left, texts = {}, #changes, {}
  for _, change in ipairs(changes) do
    wanted[change.stream] = wanted[change.stream] or {}
    wanted[change.stream][change.sequence] = true
    texts[change.stream] = texts[change.stream] or {}
  end
  local function on_row(row, run)
    local of_stream = wanted[row.stream]
    if not (of_stream and of_stream[row.sequence]) then return end
    texts[row.stream][row.sequence] = row.raw
    left = left - 1
    if left == 0 then run:stop() end
  end
  local plain = { options = plan.options, export = plan.export, json = plan.json, streams = {}, default = { on_row = on_row } }
  local handle = launch.worker(spec)
  if not handle then return texts end
  local composed = policy.request(plain, "rows")
  composed.on_diagnostic = function() end
  composed.named = plan.streams["*"] and policy.request(plan, "rows").named or nil
  request.execute(handle, composed, plain)
  handle:shutdown()
  handle:close()
  return texts
end

--- Why a row was refused, if that is known.
---@param made { reasons: table }
local function reason(made, change, text, schema)
  local known = (made.reasons[change.stream] or {})[tostring(change.sequence)]
  if known or not text or not schema then return known end
  local _, err = schema:decode(text)
  return err and err.message
end

local WIDEST = 60

--- A line with the row appended, on a terminal cut to its width.
local function with_row(line, text)
  local is_terminal, columns = core.terminal(2)
  if not is_terminal then return ("%s  %s"):format(line, text_width.cut(text, WIDEST)) end
  local room = columns - text_width.of(line) - 2
  return room >= WIDEST // 4 and ("%s  %s"):format(line, text_width.cut(text, room)) or line
end

local function change_line(change, was, now, text, schema)
  local why = change.now == "d" and "where" or change.now ~= "k" and reason(now, change, text, schema) or nil
  local before = change.now == "k" and change.was ~= "d" and (was.reasons[change.stream] or {})[tostring(change.sequence)]
  local line = ("  %s %d: %s → %s"):format(change.stream, change.sequence, SIDES[change.was], SIDES[change.now])
  if why then line = line .. ": " .. why end
  if before then line = line .. "; before: " .. before end
  return text and with_row(line, text_width.printable(text)) or line
end

---@param was sluice.cli.Watched
---@param now sluice.cli.Watched
local function change_lines(was, now, spec, plan)
  local count, first = comparison.changes(was, now, MOST_CHANGES)
  if count == 0 then return { "no row has a different outcome" } end
  local texts = texts_of(first, spec, plan)
  local lines = { ("%s with a different outcome:"):format(count == 1 and "1 row" or units.show_count(count) .. " rows") }
  for _, change in ipairs(first) do
    local handlers = plan.streams[change.stream] or plan.default or {}
    lines[#lines + 1] = change_line(change, was, now, texts[change.stream][change.sequence], handlers.schema)
  end
  if count > #first then lines[#lines + 1] = ("  … %s more"):format(units.show_count(count - #first)) end
  return lines
end

-- ---- violations -----------------------------------------------------------------

---@param kinds sluice.examine.Violations[]
local function violation_lines(title, kinds)
  if #kinds == 0 then return {} end
  local lines = { title }
  for i = 1, math.min(#kinds, MOST_VIOLATIONS) do
    local kind = kinds[i]
    local rows = kind.rows == 1 and "1 row" or units.show_count(kind.rows) .. " rows"
    local got = kind.value and ", got " .. text_width.cut(text_width.printable(kind.value), WIDEST) or ""
    lines[#lines + 1] = ("  %s%s (%s, the first is %d)"):format(kind.text, got, rows, kind.first)
  end
  if #kinds > MOST_VIOLATIONS then lines[#lines + 1] = ("  … %d more kinds"):format(#kinds - MOST_VIOLATIONS) end
  return lines
end

-- ---- the run --------------------------------------------------------------------

local function same_inputs(was, now)
  for path, stamp in pairs(now.inputs) do
    if was.inputs[path] ~= stamp then return false end
  end
  return true
end

--- The previous run, if the two can be compared: both have begun, on the same rows.
---@param was sluice.cli.Watched?
---@param now sluice.cli.Watched
local function comparable(was, now)
  return was and was.counts and now.counts and same_inputs(was, now) and was or nil
end

---@param session sluice.cli.Session
local function tell(session, lines)
  for _, line in ipairs(lines) do session.console:write(line) end
end

--- Report what happened to the rows.
local function report(session, was, now, spec, plan, printed)
  local before = comparable(was, now)
  if was and now.counts and not before and was.counts then tell(session, { "the rows are not those of before: nothing is compared" }) end
  tell(session, now.counts and rehearsal.tally(now.counts, before and before.counts) or {})
  if before then tell(session, change_lines(before, now, spec, plan)) end
  tell(session, violation_lines(before and "new violations:" or "violations:",
    comparison.only_in(now.violations, before and before.violations or {})))
  if before then tell(session, violation_lines("violations that no longer occur:", comparison.only_in(before.violations, now.violations))) end
  tell(session, rehearsal.printed(printed))
end

--- Run the plan, and record the results in now.
---@return sluice.Error? failure
local function rehearse(session, was, now, spec, plan)
  local collector = comparison.collector()
  local failure, printed = rehearsal.run(session, spec, plan, {
    fates = true,
    on_violation = function(err) collector:add_violation(err) end,
    on_reject = function(row, why) collector:add_rejected(row, why) end,
  })
  if failure and failure.kind == "cancelled" then return failure end
  now.violations, now.reasons = collector.violations, collector.reasons
  now.counts = session.report.counts and lists.picked(session.report.counts, { "per_stream" })
  now.fates = session.report.fates or {}
  for _, path in ipairs(spec.words) do now.inputs[path] = read_files.note(path) end
  report(session, was, now, spec, plan, printed)
  return failure
end

local NEEDS = "--watch needs a recording or files, to read the same rows again: record the worker once, as in " ..
  "`sluice record night.rows -- WORKER`, and name night.rows after --"

--- Whether the same rows can be read again.
---@param spec sluice.Spec
local function is_repeatable(spec)
  local function is_file(path) return core.kind(path) == "file" end
  if spec.files then return lists.find(spec.words, function(path) return not is_file(path) end) == nil end
  return launch.is_recording(spec)
end

--- A run that has not begun passes on the results and files of the previous one.
---@param was sluice.cli.Watched
---@param now sluice.cli.Watched
local function hand_on(was, now)
  for _, name in ipairs { "counts", "fates", "violations", "reasons", "inputs" } do now[name] = was[name] end
  now.files = lists.joined(was.files, now.files)
end

---@param session sluice.cli.Session
---@param was sluice.cli.Watched?
---@param saved string?  the names of the files that were saved
---@param file file*     receives the results for the next run
return function(session, options, behind, was, saved, file)
  local now = { fates = {}, violations = {}, reasons = {}, inputs = {} }
  read_files.start()
  standard_output.guard()
  if saved then tell(session, { "", ("%s %s saved"):format(saved, saved:find "[, ]" and "were" or "was") }) end
  local prepared, failure, problem = policy_run.prepare(session, options, behind)
  if prepared and not is_repeatable(prepared.spec) then problem = NEEDS end
  if problem then
    now.is_over = was == nil
  elseif prepared then
    failure = rehearse(session, was, now, prepared.spec, prepared.plan)
  end
  if failure and failure.kind == "cancelled" then return 128 + (failure.signal or 15) end
  now.files = read_files.all()
  if was and not now.counts then hand_on(was, now) end
  file:write((json.encode(now)))
  file:flush()
  if problem and now.is_over then return 2, problem end
  if problem then failure = core.error("usage", problem) end
  return session:finish(failure)
end
