--- A Lua file that a policy can require: one schema, or a table of them by stream.
local code = require "sluice.internal.infer.code"
local lists = require "sluice.internal.lists"
local result = require "sluice.internal.infer.result"

---@param inferred sluice.infer.Result
---@return string
return function(inferred)
  local streams = inferred.streams
  local inner = {}
  local types = lists.map(streams, function(stream) return code.of(stream.node, #streams > 1 and "  " or "", inner) end)
  local parts = { "-- " .. code.remark { result.headline(inferred) }, 'local schema = require "sluice.schema"', "" }
  if #streams == 1 then
    parts[#parts + 1] = code.inner(inner) .. code.remarks(streams[1].node, "") .. "return " .. types[1]
    return table.concat(parts, "\n") .. "\n"
  end
  parts[#parts + 1] = code.inner(inner) .. "return {"
  for i, stream in ipairs(streams) do
    parts[#parts + 1] = ("  -- %s\n%s  %s = %s,"):format(result.rows(stream.rows), code.remarks(stream.node, "  "),
      code.key(stream.name), types[i])
  end
  parts[#parts + 1] = "}"
  return table.concat(parts, "\n") .. "\n"
end
