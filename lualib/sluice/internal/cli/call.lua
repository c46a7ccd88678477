--- sluice call: one value from an export.
local json_object = require "sluice.internal.json_object"
local standard_output = require "sluice.internal.standard_output"
local request_argument = require "sluice.internal.cli.request_argument"
local worker_spec = require "sluice.internal.cli.spec"

---@param session sluice.cli.Session
---@param behind string[]?
return function(session, options, behind)
  local json, problem = request_argument.read(options.value, "REQUEST")
  if problem then return 2, problem end
  if not behind then return 2, worker_spec.missing("call " .. options.export) end
  local plan = { export = options.export, json = json, streams = {}, options = {} }
  local spec = worker_spec.of(options, behind, plan)
  local summary, failure = session:execute(spec, plan, "call")
  if summary then
    local ok, err = standard_output.line(json_object.one_line(summary.reply_json or "null"))
    if not ok then failure = err end
  end
  session.options.quiet = true
  return session:finish(failure)
end
