--- References in a JSON Schema: resolves a $ref, which must point into the same
--- document: #/…, or the document's own id and #/….
local document = require "sluice.internal.schema.document"
local drafts = require "sluice.internal.schema.drafts"
local json_pointer = require "sluice.internal.json_pointer"

local is_list, refuse, token = document.is_list, document.refuse, json_pointer.token

local M = {}

-- ---- ids ----------------------------------------------------------------------------

--- The id of a schema, and its keyword.
local function id_of(node, doc)
  for _, key in ipairs(drafts.id_keywords(doc)) do
    if type(node[key]) == "string" then return node[key]:gsub("#$", ""), key end
  end
end

--- The keyword by which a schema changes the base of those below it; "#name" is only an anchor.
local function rebases(node, doc)
  local id, key = id_of(node, doc)
  return id and id ~= "" and id:sub(1, 1) ~= "#" and key or nil
end

-- ---- places -------------------------------------------------------------------------

local function child(node, name)
  if type(node) ~= "table" then return nil end
  if is_list(node) and (name == "0" or name:match "^[1-9]%d*$") then return node[tonumber(name) + 1] end
  return node[name]
end

--- Follow a JSON Pointer: the value and what it is (drafts.holds), or nil; and
--- the innermost id on the way, not counting those of the root and of the target.
local function walk(pointer, doc)
  local node, as, at, id = doc.root, "schema", "", nil
  for name in pointer:gmatch "/([^/]*)" do
    if at ~= "" and (as == "schema" or as == "unknown") and rebases(node, doc) then
      id = at .. token(rebases(node, doc))
    end
    name = json_pointer.name(name)
    node, at = child(node, name), at .. token(name)
    if node == nil then return nil end
    if as == "schema" then as = drafts.holds(name, node)
    elseif as == "list" or as == "map" then as = "schema" end
  end
  return node, as, id
end

--- Up to draft-07 a $ref hides an id beside it.
local function id_above(pointer, doc)
  local node, _, id = walk(pointer, doc)
  if pointer == "" or doc.said and drafts.earlier(doc.draft, "2019-09") then return id end
  local own = rebases(node, doc)
  return own and pointer .. token(own) or id
end

-- ---- references -----------------------------------------------------------------------

--- Resolve a relative reference against the id of the root.
local function absolute(uri, base)
  if uri == "" or uri:find "^%a[%w+.-]*:" then return uri end
  local origin = base:match "^%a[%w+.-]*://[^/]*" or ""
  if base == origin then base = base .. "/" end
  if uri:sub(1, 1) == "/" then return origin .. uri end
  return (base:match "^.*/" or "") .. uri
end

--- The fragment of a reference into the document, or nil.
local function fragment_of(ref, pointer, doc)
  local uri, fragment = ref:match "^([^#]*)#?(.*)$"
  local base = (type(doc.root) == "table" and id_of(doc.root, doc) or ""):match "^[^#]*"
  local id = not uri:find "^%a[%w+.-]*:" and id_above(pointer, doc)
  if id then
    refuse(pointer .. "/$ref", "%s changes what a $ref below it means: leave that id out, or write the whole id of the root here", id)
  end
  if uri == "" or absolute(uri, base) == base then return fragment end
end

--- The place in the document that a reference points to.
---@param ref any
---@param pointer string   of the schema that contains the $ref
---@param doc sluice.JsonSchemaDocument
---@return any node, string pointer
function M.resolve(ref, pointer, doc)
  local at = pointer .. "/$ref"
  if type(ref) ~= "string" then refuse(at, "expected a string") end
  local fragment = fragment_of(ref, pointer, doc)
  if not fragment or (fragment ~= "" and fragment:sub(1, 1) ~= "/") then
    refuse(at, "expected a reference to a place in this document (#/…); other documents and anchors are not supported")
  end
  local target = fragment:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
  local node, as = walk(target, doc)
  if node == nil then refuse(at, "%s points to nothing", ref) end
  if as ~= "schema" and as ~= "unknown" then refuse(at, "%s does not point to a schema", ref) end
  return node, target
end

return M
