--- A JSON Schema, 2020-12; for several streams, one for each by name in $defs.
local code = require "sluice.internal.infer.code"
local json = require "sluice.json"
local json_pointer = require "sluice.internal.json_pointer"
local json_schema = require "sluice.internal.schema.json_schema"
local json_text = require "sluice.internal.infer.json_text"
local result = require "sluice.internal.infer.result"

local DRAFT = "https://json-schema.org/draft/2020-12/schema"

--- Add the remarks and the order of the fields to what the type gives.
local annotate

local function annotate_record(node, out, orders)
  local order = {}
  for i, field in ipairs(node.fields) do
    order[i] = field.name
    out.properties[field.name] = annotate(field.node, out.properties[field.name], orders)
  end
  if out.properties then orders[out.properties] = order end
end

function annotate(node, out, orders)
  if type(out) ~= "table" then return out end
  if node.fields then annotate_record(node, out, orders) end
  if node.items then out.items = annotate(node.items, out.items, orders) end
  if node.values then out.additionalProperties = annotate(node.values, out.additionalProperties, orders) end
  for i, alternative in ipairs(node.alternatives or {}) do
    out.anyOf[i] = annotate(alternative, out.anyOf[i], orders)
  end
  if node.type.kind == "decimal" then out.multipleOf = nil end -- computed with doubles, 19.99 is not a multiple of 0.01
  out["$comment"] = code.remark(node.notes)
  return out
end

local function of_stream(node, orders)
  local out = assert(json_schema.write(node.type))
  out["$schema"] = nil
  return annotate(node, out, orders)
end

---@param inferred sluice.infer.Result
---@return string
return function(inferred)
  local streams, orders, root = inferred.streams, {}, nil
  local headline = code.remark { result.headline(inferred) }
  if #streams == 1 then
    root = of_stream(streams[1].node, orders)
    root["$comment"] = headline .. (root["$comment"] and " " .. root["$comment"] or "")
  else
    root = { ["$comment"] = "by stream: one schema for each, by its name. " .. headline,
      ["$defs"] = {}, anyOf = json.array() }
    local order = {}
    for i, stream in ipairs(streams) do
      order[i] = stream.name
      root["$defs"][stream.name] = of_stream(stream.node, orders)
      root.anyOf[i] = { ["$ref"] = "#/$defs" .. json_pointer.token(stream.name):gsub("%%", "%%25") }
    end
    orders[root["$defs"]] = order
  end
  root["$schema"] = DRAFT
  return json_text.pretty(root, orders) .. "\n"
end
