--- sluice call: one value from an export.
local input = require "sluice.cli.input"
local output = require "sluice.cli.output"
local record = require "sluice.record"
local worker_options = require "sluice.cli.worker_options"

---@param session sluice.cli.Session
---@param options table
---@param behind string[]?
---@return integer|"SIGPIPE" code, string? problem
return function(session, options, behind)
  local json, problem = input.request(options.value, "REQUEST")
  if problem then return 2, problem end
  if not behind then
    return 2, ("no worker: name one behind --, as in `sluice call %s -- WORKER`"):format(options.export)
  end
  local plan = { export = options.export, json = json, streams = {}, options = {} }
  local spec = worker_options.spec(options, behind, plan)
  local summary, failure = session:execute(spec, plan, "call")
  if summary then
    local ok, err = output.line(record.one_line(summary.reply_json or "null"))
    if not ok then failure = err end
  end
  session.report.failure = failure
  session.options.quiet = true
  return session:finish()
end
