--- sluice info: what a worker says about itself, and the findings of its doctor.
local core = require "sluice.core"
local json_object = require "sluice.internal.json_object"
local lists = require "sluice.internal.lists"
local standard_output = require "sluice.internal.standard_output"
local text_width = require "sluice.internal.sink.text_width"
local units = require "sluice.internal.units"
local worker_spec = require "sluice.internal.cli.spec"

local FINDING = { "severity", "code", "message", "hint" }
local SEVERITIES = lists.keyed { "info", "warning", "error" }
local DOCTOR = "doctor"

local function exports_json(exports)
  local list = lists.map(exports, function(export) return json_object.pick(export, { "name", "type" }).json end)
  return json_object.raw("[" .. table.concat(list, ",") .. "]")
end

--- findings: nil: the worker has no doctor.
local function as_json(info, findings)
  local doctor = findings and lists.map(findings, function(finding) return json_object.pick(finding, FINDING).json end)
  return json_object.line("name", info.name, "version", info.version, "runtime", info.runtime,
    "protocol", core.protocol, "max_frame", info.max_frame, "exports", exports_json(info.exports),
    "doctor", doctor and json_object.raw("[" .. table.concat(doctor, ",") .. "]") or nil)
end

---@param findings sluice.Finding[]?
---@param lines string[]  the findings are appended
local function add_findings(findings, lines)
  if not findings then return end
  local printable = text_width.printable
  lines[#lines + 1] = #findings == 0 and "doctor: no findings" or "doctor:"
  for _, finding in ipairs(findings) do
    lines[#lines + 1] = ("  %-7s  %s: %s"):format(finding.severity, printable(finding.code), printable(finding.message))
    if finding.hint then lines[#lines + 1] = "           hint: " .. printable(finding.hint) end
  end
end

--- The names come from the worker, so they are made printable.
local function as_text(info, findings)
  local printable = text_width.printable
  local names = lists.map(info.exports, function(export) return printable(export.name) end)
  local width = 0
  for _, name in ipairs(names) do width = math.max(width, text_width.of(name)) end
  local lines = { ("%s %s"):format(printable(info.name), printable(info.version)), "exports:" }
  for i, export in ipairs(info.exports) do
    lines[#lines + 1] = ("  %s%s  %s"):format(names[i], (" "):rep(width - text_width.of(names[i])), export.type)
  end
  if #info.exports == 0 then lines[#lines + 1] = "  none" end
  lines[#lines + 1] = ("rows up to %s; %s, protocol %d")
    :format(units.show_size(info.max_frame), printable(info.runtime or "runtime unknown"), core.protocol)
  add_findings(findings, lines)
  return table.concat(lines, "\n")
end

-- ---- the doctor -----------------------------------------------------------------

local function is_finding(value)
  if type(value) ~= "table" or not SEVERITIES[value.severity] then return false end
  local has_hint = value.hint == nil or value.hint == core.null or type(value.hint) == "string"
  return type(value.code) == "string" and type(value.message) == "string" and has_hint
end

local EXPECTED = 'the call doctor: expected a list of { "severity": "info", "warning" or "error", "code": …, "message": …, ' ..
  '"hint": … }, where "hint" may be absent, got '

--- Call the worker's doctor, if it has one.
---@return sluice.Finding[]? findings, sluice.Error? err
local function examine(session, handle, options)
  local has_doctor = lists.find(handle:info().exports, function(export) return export.name == DOCTOR and export.type == "call" end)
  if not has_doctor then return nil end
  local run, failure = handle:begin { type = "call", export = DOCTOR, timeout = options.timeout,
    on_diagnostic = function(d) session:diagnostic(d) end }
  local summary
  if run then summary, failure = handle:wait(function() session:tick(run) end, 100) end
  if not summary then return nil, failure end
  local found = summary.reply
  local is_list = type(found) == "table" and (core.json.is_array(found) or #found > 0)
  local wrong = not is_list or lists.find(found, function(finding) return not is_finding(finding) end)
  if wrong then return nil, core.error("export_failed", EXPECTED .. (summary.reply_json or "null"), { export = DOCTOR }) end
  for _, finding in ipairs(found) do
    if finding.hint == core.null then finding.hint = nil end
  end
  return found
end

---@param session sluice.cli.Session
---@param behind string[]?
return function(session, options, behind)
  if not behind then return 2, worker_spec.missing "info" end
  local handle, err = session:hire(worker_spec.of(options, behind, { options = {} }))
  if not handle then return session:finish(err) end
  local ok, findings
  ok, err = handle:start()
  if ok then
    local info = handle:info()
    findings, err = examine(session, handle, options)
    local written, why = standard_output.line((options.as == "json" and as_json or as_text)(info, findings))
    ok, err = written and not err, err or why
  end
  if not ok then session.report.failure = err end
  session:release(handle)
  session.options.quiet = true
  return session:finish(session.report.failure)
end
