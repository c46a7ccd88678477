--- Requests to a worker that emits given texts, through the binding itself.
local core = require "sluice.core"
local paths = require "support.paths"

local M = {}

local worker

--- One worker for all requests of a spec file.
---@return sluice.core.Worker
function M.worker()
  worker = worker or assert(core.worker { argv = { core.exe, "worker", "--transport", "pipe", "--", paths.file "script/texts.lua" } })
  return worker
end

--- Begin a request for rows [stream, text].
---@param rows string[][]
---@param request table  the other fields of the request
function M.begin(rows, request)
  request.export = request.export or "texts"
  request.json = assert(core.json.encode(core.json.array(rows)))
  return M.worker():begin(request)
end

--- Runs such a request to its outcome.
---@return sluice.core.Summary? summary, sluice.Error? failure
function M.run(rows, request)
  assert(M.begin(rows, request))
  return M.worker():wait()
end

--- Rows of the stream "rows", given as texts, to one handler.
function M.handle(texts, on_row, more)
  local rows, request = {}, { streams = { rows = { on_row = on_row } } }
  for i, text in ipairs(texts) do rows[i] = { "rows", text } end
  for key, value in pairs(more or {}) do request[key] = value end
  return M.run(rows, request)
end

--- Checks that a request succeeded.
function M.succeeds(texts, on_row, more)
  local summary, failure = M.handle(texts, on_row, more)
  assert(summary, tostring(failure))
  return summary
end

--- Checks that a request failed in this way.
---@return sluice.Error failure
function M.fails(kind, texts, on_row, more)
  local summary, failure = M.handle(texts, on_row, more)
  assert(not summary, "it succeeded")
  assert(failure.kind == kind, tostring(failure))
  return failure
end

--- A loop that only the watchdog ends.
function M.forever() while true do end end

function M.shutdown()
  if worker then
    worker:shutdown()
    worker:close()
  end
  worker = nil
  core.finish()
end

return M
