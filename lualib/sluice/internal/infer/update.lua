--- Updates a schema's file so that it accepts the rows: a JSON Schema is rewritten; for Lua, which is
--- maintained by its author, the lines that would change are shown.
local code = require "sluice.internal.infer.code"
local core = require "sluice.core"
local decide = require "sluice.internal.infer.decide"
local json_schema = require "sluice.internal.schema.json_schema"
local json_text = require "sluice.internal.infer.json_text"
local json = require "sluice.json"
local lists = require "sluice.internal.lists"
local standard_output = require "sluice.internal.standard_output"
local token = require("sluice.internal.json_pointer").token
local types = require "sluice.internal.schema.type"
local widen = require "sluice.internal.infer.widen"

local M = {}

--- The widened schemas by stream; a single schema is widened for all streams.
---@param against sluice.cli.Against
---@param list sluice.infer.StreamDrift[]
---@return sluice.Schema|table<string, sluice.Schema>
local function widened(against, list)
  local declared = against.declared
  local is_one = types.is(declared)
  local by_stream = is_one and {} or lists.joined({}, declared)
  for _, of in ipairs(list) do
    local description = against.shapes:describe(of.stream)
    local old = is_one and declared or declared[of.stream]
    if description and old then
      local new = widen.of(description, old, of.changes)
      if is_one then declared = new else by_stream[of.stream] = new end
    elseif description then
      by_stream[of.stream] = decide.node(description, { enum = 0 }).type
    end
  end
  return is_one and declared or by_stream
end

-- ---- JSON Schema --------------------------------------------------------------------

--- Record the order of the fields of records.
local function order_fields(schema, out, orders)
  if type(out) ~= "table" then return end
  if schema.kind == "record" then
    orders[out.properties] = lists.map(schema.fields, function(field) return field.name end)
    for _, field in ipairs(schema.fields) do order_fields(field.schema, out.properties[field.name], orders) end
  end
  if schema.items then order_fields(schema.items, out.items, orders) end
  if schema.kind == "map" then order_fields(schema.values, out.additionalProperties, orders) end
  for i, part in ipairs(schema.kind == "union" and schema.alternatives or {}) do order_fields(part, out.anyOf[i], orders) end
end

local function document_of(new, old, orders)
  if types.is(new) then
    local out, err = json_schema.write(new)
    if not out then return nil, err end
    order_fields(new, out, orders)
    for _, key in ipairs { "$id", "$comment" } do out[key] = old[key] end
    return out
  end
  local out = { ["$comment"] = old["$comment"], ["$defs"] = {}, anyOf = json.array() }
  for i, name in ipairs(lists.sorted_keys(new)) do
    local part, err = document_of(new[name], {}, orders)
    if not part then return nil, err end
    out["$schema"], part["$schema"] = part["$schema"], nil
    out["$defs"][name] = part
    out.anyOf[i] = { ["$ref"] = "#/$defs" .. token(name):gsub("%%", "%%25") }
  end
  return out
end

local function rewrite(path, text)
  local file, err = core.file { path = path }
  if not file then return nil, err end
  local ok
  ok, err = file:write(text)
  if ok then ok, err = file:prepare() end
  if ok then ok, err = file:commit() end
  file:rollback()
  return ok and "updated" or nil, err
end

local function update_json(against, new)
  local source = io.open(against.path, "rb")
  local old = source and json.decode((source:read "a"):gsub("^\xEF\xBB\xBF", "")) or {}
  if source then source:close() end
  local orders = {}
  local document, err = document_of(new, type(old) == "table" and old or {}, orders)
  if not document then return nil, err end
  return rewrite(against.path, json_text.pretty(document, orders) .. "\n")
end

-- ---- Lua ------------------------------------------------------------------------------

local function show(mark, name, schema)
  standard_output.output:write(("%s %s%s\n"):format(mark, name, schema))
end

--- The fields that would change, as code.
local function difference(name, old, new)
  if tostring(old) == tostring(new) then return end
  if old.kind ~= "record" or new.kind ~= "record" then
    show("-", name, code.plain(old))
    return show("+", name, code.plain(new))
  end
  local before = {}
  for _, field in ipairs(old.fields) do before[field.name] = field end
  local function line(field)
    return ("{ %s, %s },"):format(code.quote(field.name), code.plain(field.optional and types.optional(field.schema) or field.schema))
  end
  for _, field in ipairs(new.fields) do
    local was, now = before[field.name] and line(before[field.name]), line(field)
    if was ~= now then
      if was then show("-", name, was) end
      show("+", name, now)
    end
  end
end

local function show_lua(against, new)
  standard_output.output:write(("\n%s would accept the rows with\n"):format(against.path))
  if types.is(new) then return difference("  ", against.declared, new) end
  for _, name in ipairs(lists.sorted_keys(new)) do
    local old = against.declared[name]
    if old then difference(name .. ": ", old, new[name]) else show("+", name .. ": ", code.plain(new[name])) end
  end
end

--- Whether a wider schema would resolve anything.
local function is_needed(list)
  return lists.find(list, function(of)
    return lists.find(of.changes, function(change) return change.refused or change.change == "new" end)
  end)
end

--- Returns "updated", or true if there was nothing to update or the file is Lua.
---@param against sluice.cli.Against
---@param list sluice.infer.StreamDrift[]
---@return true|"updated"|nil ok, sluice.Error? err
function M.file(against, list)
  if not is_needed(list) then return true end
  local new = widened(against, list)
  if not against.path:find "%.lua$" then return update_json(against, new) end
  show_lua(against, new)
  return true
end

return M
