--- A Lua file that a policy can require: one schema, or a table of them by stream.
local code = require "sluice.internal.infer.code"
local result = require "sluice.internal.infer.result"

---@param inferred sluice.infer.Result
---@return string
return function(inferred)
  local streams = inferred.streams
  local parts = { "-- " .. code.remark { result.headline(inferred) }, 'local schema = require "sluice.schema"', "" }
  if #streams == 1 then
    parts[#parts + 1] = code.remarks(streams[1].node, "") .. "return " .. code.of(streams[1].node, "")
    return table.concat(parts, "\n") .. "\n"
  end
  parts[#parts + 1] = "return {"
  for _, stream in ipairs(streams) do
    parts[#parts + 1] = ("  -- %s\n%s  %s = %s,"):format(result.rows(stream.rows), code.remarks(stream.node, "  "),
      code.key(stream.name), code.of(stream.node, "  "))
  end
  parts[#parts + 1] = "}"
  return table.concat(parts, "\n") .. "\n"
end
