--- The output that tests/run.sh reads: each failed test with its place and reason, then one
--- line with the counts.
local busted = require "busted"

local function text(message)
  if type(message) == "string" then return message end
  local ok, words = pcall(function() return require "pl.pretty".write(message) end)
  return ok and words or tostring(message)
end

local function indent(words)
  return "  " .. words:gsub("\n+$", ""):gsub("\n", "\n  ")
end

local function show(failure)
  local trace = failure.element.trace or {}
  io.write(("%s:%s: %s\n%s\n"):format(trace.short_src or "?", trace.currentline or "?", failure.name,
    indent(text(failure.message or "failed without a message"))))
  if failure.isError and failure.trace and failure.trace.traceback then
    io.write(indent(failure.trace.traceback), "\n")
  end
end

return function()
  local handler = require "busted.outputHandlers.base"()

  local function on_end()
    for _, list in ipairs { handler.failures, handler.errors } do
      for _, failure in ipairs(list) do show(failure) end
    end
    io.write(("@result %d %d %d\n"):format(handler.successesCount,
      handler.failuresCount + handler.errorsCount, handler.pendingsCount))
    io.flush()
    return nil, true
  end

  busted.subscribe({ "suite", "end" }, on_end)
  return handler
end
