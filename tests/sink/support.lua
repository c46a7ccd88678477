--- Drives sinks by their contract (lualib/sluice/sink.meta.lua) with rows of a
--- real worker, as the runtime does.
local lfs = require "lfs"
local script = require "script.support"
local shell = require "support.shell"

local M = {}

M.shutdown = script.shutdown

--- The argument of begin.
function M.context(schema)
  return { streams = { "rows" }, schema = schema, name = "streams.rows.sink" }
end

--- Writes rows of the stream "rows" to a sink that has begun; returns the first error
--- of write.
---@return true? ok, sluice.Error? err
function M.write(sink, texts)
  local bad
  local handlers = { taker = sink.taker }
  if not sink.taker then
    handlers.on_row = function(row)
      if bad then return end
      local ok, err = sink:write(row)
      if not ok then bad = err end
    end
  end
  local rows = {}
  for i, text in ipairs(texts) do rows[i] = { "rows", text } end
  local summary, failure = script.run(rows, { streams = { rows = handlers } })
  if not summary then return nil, failure end
  if bad then return nil, bad end
  return true
end

--- A whole request that succeeds.
function M.fill(sink, texts, schema)
  assert(sink:begin(M.context(schema)))
  assert(M.write(sink, texts))
  assert(sink:prepare({}))
  assert(sink:commit())
end

--- The error of the first method that fails; the sink is then rolled back.
---@return sluice.Error err
function M.fails(sink, texts, schema)
  local ok, err = sink:begin(M.context(schema))
  if ok then ok, err = M.write(sink, texts) end
  if ok then ok, err = sink:prepare({}) end
  if ok then ok, err = sink:commit() end
  assert(not ok, "it succeeded")
  assert(sink:rollback())
  return err
end

--- Checks that these steps are refused now, at the caller's line.
function M.refuses(sink, steps)
  for _, step in ipairs(steps) do
    local ok, message = pcall(function() sink[step](sink, {}) end)
    assert(not ok, step .. " was not refused")
    assert(message:find("sink/support.lua:%d+: " .. step .. ": the sink "), message)
  end
end

--- A directory of this test, and its content.
function M.directory()
  local dir = shell.directory()
  return dir, function(name) return shell.read(dir .. "/" .. name) end, function() return shell.list(dir) end
end

--- The content of a file, decompressed.
function M.gunzip(path)
  local pipe = assert(io.popen("gzip -dc " .. path .. " 2>&1"))
  local text = pipe:read "a"
  assert(pipe:close(), text)
  return text
end

function M.permissions(path) return lfs.attributes(path, "permissions") end

--- Words before a command line that make permissions apply to root as well.
function M.unprivileged()
  local pipe = assert(io.popen "id -u")
  local user = pipe:read "l"
  pipe:close()
  if user ~= "0" then return "" end
  return "setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-dac_override,-dac_read_search "
end

return M
