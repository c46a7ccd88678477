--- sluice record: write all that a worker does to a file; its rows go nowhere else.
local core = require "sluice.core"
local cut = require "sluice.internal.cli.cut"
local request_argument = require "sluice.internal.cli.request_argument"
local worker_spec = require "sluice.internal.cli.spec"

local NOTHING = core.expression("false", "record")

---@param session sluice.cli.Session
---@param behind string[]?
return function(session, options, behind)
  if options.cut then return cut.run(session, options, behind) end
  local misplaced = cut.misplaced(options)
  if misplaced then return 2, misplaced end
  if not behind then return 2, worker_spec.missing("record " .. options.record) end
  local json, problem = request_argument.read(options.request, "--request")
  if problem then return 2, problem end
  local plan = {
    export = options.export, json = json, streams = {}, default = { where = NOTHING },
    options = { timeout = options.timeout or 0 },
  }
  local spec = worker_spec.of(options, behind, plan)
  session.report.recording = options.record
  local _, failure = session:execute(spec, plan, "rows")
  return session:finish(failure)
end
