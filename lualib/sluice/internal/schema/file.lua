--- Schemas in files: Lua, or JSON Schema; one, or one for each stream.
---
--- A file *.lua returns a schema, or a table of schemas by the names of streams, or is a policy, whose
--- streams have schemas. Any other
--- file is a JSON Schema. It holds one for each stream if its "$comment" begins with
--- "by stream": `$defs` has them, and `anyOf` at the root contains only {"$ref":"#/$defs/NAME"}.
local check = require "sluice.internal.check"
local core = require "sluice.core"
local globals = require "sluice.internal.globals"
local json = require "sluice.json"
local json_pointer = require "sluice.internal.json_pointer"
local json_schema = require "sluice.internal.schema.json_schema"
local lists = require "sluice.internal.lists"
local types = require "sluice.internal.schema.type"

local M = {}

local BYTE_ORDER_MARK = "^\xEF\xBB\xBF"

local function failed(path, problem, fields)
  return nil, core.error("policy", path .. problem, fields)
end

---@return string? text, sluice.Error? err
local function read(path)
  local file, why = io.open(path, "rb")
  local text
  if file then
    text, why = file:read "a"
    file:close()
  end
  if text then return text end
  return nil, core.error("usage", ("cannot read the schema %s: %s"):format(path, (why:gsub("^.*: ", ""))))
end

-- ---- Lua ----------------------------------------------------------------------

--- An error from Lua about the file. Lua shortens the file's name; the whole path replaces it.
local function failed_in_lua(path, message)
  local cut = debug.getinfo(load("", "@" .. path) --[[@as function]], "S").short_src .. ":"
  local begins = message:sub(1, #cut) == cut
  return failed(path, begins and message:sub(#cut) or ": " .. message)
end

local EXPECTED = "a schema, as in schema.record { name = schema.string }"

local function check_streams(path, value)
  if type(value) ~= "table" or next(value) == nil then
    return failed(path, (": expected the file to return %s, or a table of them by stream, got %s")
      :format(EXPECTED, type(value) == "table" and "an empty table" or check.show(value)))
  end
  for _, name in ipairs(lists.sorted_keys(value)) do
    if type(name) ~= "string" or name == "" then
      return failed(path, (": expected names of streams as keys, got %s"):format(check.show(name)))
    end
    if not types.is(value[name]) then return failed(path, (": %s: expected %s, got %s"):format(name, EXPECTED, check.show(value[name]))) end
  end
  return value
end

--- A variable to close keeps `return schema.record { … }` from being a tail call, whose errors have no line.
local NO_TAIL_CALL = "local _ <close> = nil "

--- The schemas of a policy, by stream.
local function of_policy(value)
  local schemas = {}
  for name, entry in pairs(value.streams) do schemas[name] = type(entry) == "table" and entry.schema or nil end
  return schemas
end

local function of_lua(path, text)
  text = text:gsub(BYTE_ORDER_MARK, ""):gsub("^#[^\n]*", "")
  local chunk, why = load(NO_TAIL_CALL .. text, "@" .. path, "t", globals.strict())
  if not chunk then return failed_in_lua(path, why) end
  local ok, value = pcall(chunk)
  if not ok and type(value) == "table" and value.kind then return nil, value end
  if not ok then return failed_in_lua(path, tostring(value)) end
  if types.is(value) then return value end
  local is_policy = type(value) == "table" and type(value.streams) == "table" and not types.is(value.streams)
  return check_streams(path, is_policy and of_policy(value) or value)
end

-- ---- JSON Schema --------------------------------------------------------------

local BY_STREAM = "^by stream"

--- The name in {"$ref":"#/$defs/NAME"}, if the node has nothing else.
local function stream_of(node)
  local ref = type(node) == "table" and node["$ref"]
  local name = type(ref) == "string" and next(node, next(node)) == nil and ref:match "^#/%$defs/([^/]+)$"
  if not name then return nil end
  name = name:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
  return json_pointer.name(name)
end

--- The document reduced to one of its streams.
local function narrowed(document, ref)
  local one = lists.joined(document, { ["$ref"] = ref })
  one.anyOf, one["$comment"], one.title, one.description = nil, nil, nil, nil
  return one
end

local function read_streams(path, document)
  local given = document.anyOf
  if type(given) ~= "table" or #given == 0 then
    return failed(path, [[: "$comment" says by stream, but a list of {"$ref":"#/$defs/NAME"} is missing, at /anyOf]], { pointer = "/anyOf" })
  end
  local streams = {}
  for i, node in ipairs(given) do
    local name, pointer = stream_of(node), "/anyOf/" .. i - 1
    if not name then
      return failed(path, (': "$comment" says by stream: expected {"$ref":"#/$defs/NAME"}, at %s'):format(pointer), { pointer = pointer })
    end
    local schema, err = json_schema.read(narrowed(document, node["$ref"]))
    if not schema then return failed(path, ": " .. err.message, { pointer = err.pointer }) end
    streams[name] = schema
  end
  return streams
end

local function of_json(path, text)
  text = text:gsub(BYTE_ORDER_MARK, "")
  if not text:find "%S" then return failed(path, ": expected a JSON Schema, but the file is empty") end
  local document, err = json.decode(text)
  if err then
    local line = 1 + select(2, text:sub(1, err.offset):gsub("\n", ""))
    return failed(path, (":%d: the JSON Schema is not valid JSON: %s"):format(line, err.message), { line = line })
  end
  local comment = type(document) == "table" and document["$comment"]
  if type(comment) == "string" and comment:find(BY_STREAM) then return read_streams(path, document) end
  local schema
  schema, err = json_schema.read(document)
  if not schema then return failed(path, ": " .. err.message, { pointer = err.pointer }) end
  return schema
end

-- ---- of streams ---------------------------------------------------------------

--- See sluice.schema.
---@return table<string, sluice.Schema>? by_stream, sluice.Error? err
function M.by_stream(declared, stream, one)
  if types.is(declared) then return { [stream or "rows"] = declared } end
  local problem
  if not stream then problem = one and next(declared, next(declared)) and one .. ": "
  elseif not declared[stream] then problem = ("the stream %s has no schema; the streams with one are "):format(stream) end
  if problem then return nil, core.error("usage", problem .. table.concat(lists.sorted_keys(declared), ", ")) end
  return stream and { [stream] = declared[stream] } or declared
end

--- Read a file: a schema, or a table of them by stream; with a name, the schema of that stream.
---@param path string
---@param stream string?
---@return sluice.Schema|table<string, sluice.Schema>|nil schema, sluice.Error? err
function M.load(path, stream)
  local text, err = read(path)
  if not text then return nil, err end
  local declared
  declared, err = (path:find "%.lua$" and of_lua or of_json)(path, text)
  if not declared or not stream then return declared, err end
  local found
  found, err = M.by_stream(declared, stream)
  if not found then return nil, core.error("usage", ("%s: %s"):format(path, err.message)) end
  return found[stream]
end

return M
