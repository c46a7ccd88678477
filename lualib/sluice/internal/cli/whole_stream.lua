--- For commands that read the whole stream and report at its end: infer and stats.
local input = require "sluice.internal.cli.input"
local request_argument = require "sluice.internal.cli.request_argument"
local standard_output = require "sluice.internal.standard_output"

local M = {}

--- What a command does with the rows.
---@class sluice.cli.WholeStream
---@field plan sluice.Plan
---@field tell fun(spec: sluice.Spec, summary: sluice.core.Summary): true?, sluice.Error?
---@field done fun(console: sluice.cli.Console)?  shows additional notices

--- The pointer of --stream-by, if the command itself must split the rows of a worker that names its own streams;
--- it is then removed from the host's options.
---@param behind string[]?
---@return string?
function M.take_stream_by(options, behind)
  if not (options.stream_by and behind) or options.lines or options.json then return nil end
  local pointer = options.stream_by
  options.stream_by = nil
  return pointer
end

--- Run the command.
---@param session sluice.cli.Session
---@param behind string[]?
---@param begin fun(request: string?): sluice.cli.WholeStream?, string?  with JSON; or a problem
---@return integer|"SIGPIPE" code, string? problem
function M.run(session, options, behind, begin)
  local request, problem = request_argument.read(options.request, "--request")
  if problem then return 2, problem end
  local what
  what, problem = begin(request)
  if not what then return 2, problem end
  local plan = what.plan
  plan.export, plan.json, plan.options.timeout = options.export, request, options.timeout or 0
  local spec, open_ended = input.spec(options, behind, plan, options.command)
  if not spec then return 2, open_ended --[[@as string]] end
  standard_output.expect()
  session.report.held, session.report.open_ended = true, open_ended
  local _, failure = session:execute(spec, plan, "rows", function(summary) return what.tell(spec, summary) end)
  if not failure and not options.quiet and what.done then what.done(session.console) end
  return session:finish(failure)
end

return M
