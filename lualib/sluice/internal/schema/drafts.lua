--- The drafts of JSON Schema: which one a document uses, what its keywords are, and
--- the translation of its schemas to 2020-12, which json_schema.lua reads.
---
--- A keyword of a draft is read, says nothing about values, or is refused with a
--- suggestion; a keyword that is newer than the document's draft is refused as well. A keyword or
--- a format of no draft is an annotation, as the standard says; `strict` refuses it.
---
--- Formats that runtime/schema/formats.h checks are assertions in every draft. Of
--- draft-03's own, color, style, phone and utc-millisec count as formats of no draft;
--- ip-address and host-name are refused, because they have been renamed since.
local core = require "sluice.core"
local document = require "sluice.internal.schema.document"
local json = require "sluice.json"
local json_pointer = require "sluice.internal.json_pointer"
local lists = require "sluice.internal.lists"
local suggest = require "sluice.internal.suggest"
local types = require "sluice.internal.schema.type"

local is_object, refuse, token = document.is_object, document.refuse, json_pointer.token

local M = {}

--- A document that is being read.
---@class sluice.JsonSchemaDocument
---@field root table|boolean
---@field draft string        one of `order`
---@field said boolean        whether the document names its draft
---@field strict boolean
---@field booleans table<string, true>  pointers to a true or false that draft-04 allows

-- ---- which draft ------------------------------------------------------------------

local order = { "draft-04", "draft-06", "draft-07", "2019-09", "2020-12" }
local place, paths = {}, {}
for i, name in ipairs(order) do
  place[name], paths[name:gsub("^20", "draft/20")] = i, name
end

local READ = 'draft-04, draft-06, draft-07, 2019-09 and 2020-12 are, as in "http://json-schema.org/draft-07/schema#" ' ..
  'and "https://json-schema.org/draft/2020-12/schema"'

--- The draft that a $schema names; a hyper-schema is a schema with links.
local function draft_of(uri)
  local path, what = tostring(uri):match "^https?://json%-schema%.org/(.+)/([%a-]+)#?$"
  return (what == "schema" or what == "hyper-schema") and paths[path] or nil
end

---@param a string
---@param b string
---@return boolean earlier
function M.earlier(a, b) return place[a] < place[b] end

---@param root table|boolean
---@param strict boolean?
---@return sluice.JsonSchemaDocument
function M.open(root, strict)
  local uri = is_object(root) and root["$schema"] or nil
  local draft = uri == nil and "2020-12" or draft_of(uri)
  if not draft then refuse("/$schema", "%s is not a supported draft; %s", json.encode(uri), READ) end
  return { root = root, draft = draft, said = uri ~= nil, strict = strict or false, booleans = {} }
end

--- The keywords for ids; both are possible in a document that names no draft.
---@param doc sluice.JsonSchemaDocument
---@return string[]
function M.id_keywords(doc)
  return doc.said and { doc.draft == "draft-04" and "id" or "$id" } or { "$id", "id" }
end

-- ---- keywords -----------------------------------------------------------------------

---@class sluice.JsonSchemaKeyword
---@field fate "read"|"note"|"refused"
---@field since string        the draft that introduced it
---@field holds "schema"|"list"|"map"|nil   schemas; nil: data
---@field instead string?     the suggestion

---@type table<string, sluice.JsonSchemaKeyword>
local keywords = {}

local function define(fate, since, holds, names, instead)
  for name in names:gmatch "%S+" do
    keywords[name] = { fate = fate, since = since, holds = holds, instead = instead }
  end
end

define("read", "draft-04", nil, "$ref type enum minimum maximum exclusiveMinimum exclusiveMaximum multipleOf \z
  minLength maxLength pattern format minItems maxItems uniqueItems minProperties maxProperties required")
define("read", "draft-04", "schema", "items additionalProperties")
define("read", "draft-04", "list", "allOf anyOf oneOf")
define("read", "draft-04", "map", "properties")
define("read", "draft-06", nil, "const")
define("read", "draft-06", "schema", "propertyNames")

-- A keyword that only modifies another one says nothing without it, and with it the other one is refused.
define("note", "draft-04", nil, "$schema id title description default")
define("note", "draft-04", "map", "definitions")
define("note", "draft-04", "schema", "additionalItems")
define("note", "draft-06", nil, "$id examples")
define("note", "draft-07", nil, "$comment readOnly writeOnly contentEncoding contentMediaType")
define("note", "draft-07", "schema", "then else")
define("note", "2019-09", nil, "$anchor $recursiveAnchor deprecated minContains maxContains")
define("note", "2019-09", "schema", "contentSchema")
define("note", "2019-09", "map", "$defs")
define("note", "2020-12", nil, "$dynamicAnchor")

local FIELDS = "use anyOf with one object for each set of fields"
local ELEMENTS = "use items with one schema for all elements"
define("refused", "draft-04", "schema", "not", "state what is allowed, with enum, type or anyOf")
define("refused", "draft-04", "map", "dependencies", FIELDS)
define("refused", "draft-04", "map", "patternProperties", "name the properties, or use additionalProperties and propertyNames")
define("refused", "draft-06", "schema", "contains", ELEMENTS)
define("refused", "draft-07", "schema", "if", "use oneOf with objects that a required constant distinguishes")
define("refused", "2019-09", nil, "dependentRequired", FIELDS)
define("refused", "2019-09", "map", "dependentSchemas", FIELDS)
define("refused", "2019-09", "schema", "unevaluatedItems", ELEMENTS)
define("refused", "2019-09", "schema", "unevaluatedProperties", "use additionalProperties")
define("refused", "2019-09", nil, "$recursiveRef", "use $ref to a schema that does not contain itself")
define("refused", "2019-09", nil, "$vocabulary", "it is for meta-schemas")
define("refused", "2020-12", "list", "prefixItems", ELEMENTS)
define("refused", "2020-12", nil, "$dynamicRef", "use $ref to a schema that does not contain itself")

--- Keywords of draft-03 that later drafts lack, and their replacements.
local gone = {
  divisibleBy = "multipleOf", extends = "$ref, or the keywords of that schema", disallow = "type with the types that are allowed",
}

local known = lists.sorted_keys(keywords)

--- What the value of a keyword contains: "schema", a "list" or "map" of schemas, "data",
--- or "unknown" if no draft has the keyword.
---@return string
function M.holds(key, value)
  local keyword = keywords[key]
  if not keyword then return "unknown" end
  if key == "items" and document.is_list(value) and not is_object(value) then return "list" end
  return keyword.holds or "data"
end

-- ---- which keywords are passed on --------------------------------------------------------

local function is_empty(value) return is_object(value) and next(value) == nil end
local function admits_all(value) return value == true or is_empty(value) end

--- Unsupported keywords, and the cases in which they have no effect.
local idle = {
  patternProperties = is_empty, dependencies = is_empty, dependentSchemas = is_empty, dependentRequired = is_empty,
  unevaluatedItems = admits_all, unevaluatedProperties = admits_all,
  ["if"] = function(_, node) return node["then"] == nil and node["else"] == nil end,
}

--- Up to draft-07 a $ref hides all keywords beside it.
local function is_hidden(key, node, draft)
  return node["$ref"] ~= nil and key ~= "$ref" and M.earlier(draft, "2019-09")
end

local function refuse_keyword(key, keyword, at, draft)
  if M.earlier(draft, keyword.since) then
    refuse(at, "%s was added in %s and has no effect in %s: leave it out, or name a later draft in $schema", key, keyword.since, draft)
  end
  refuse(at, "%s cannot be expressed with these types: %s", key, keyword.instead)
end

--- An annotation of a later draft may have any value in this one.
local function is_note(key, value, keyword, draft)
  local reader = types.common[key]
  return reader and not (M.earlier(draft, keyword.since) and reader(value) == nil)
end

local function unknown(key, at, doc)
  if type(key) ~= "string" then refuse(at, "expected a string as a keyword") end
  if gone[key] then refuse(at, "%s is of draft-03: use %s", key, gone[key]) end
  if doc.strict then refuse(at, "%s is not a keyword of any draft%s", key, suggest.hint(key, known)) end
  return false
end

--- Whether a keyword is passed to the reader.
local function goes_on(key, node, at, doc)
  local keyword, draft = keywords[key], doc.draft
  if not keyword then return unknown(key, at, doc) end
  if keyword.fate == "note" then return is_note(key, node[key], keyword, draft) end
  if idle[key] and idle[key](node[key], node) then return false end
  if is_hidden(key, node, draft) then refuse(at, "%s has no effect beside $ref in %s: leave it out", key, draft) end
  if keyword.fate == "refused" or M.earlier(draft, keyword.since) then refuse_keyword(key, keyword, at, draft) end
  return true
end

-- ---- older notations ---------------------------------------------------------------------

local function is_number(value) return math.type(value) ~= nil or core.is_decimal(value) end

--- draft-04 has true beside a bound; since draft-06 an exclusive bound is a number of its own.
local function as_number(out, key, bound, at)
  local value = out[key]
  if type(value) ~= "boolean" then
    refuse(at, "expected true or false in draft-04; a number is allowed since draft-06: use %s, and true here", bound)
  end
  if value and out[bound] == nil then refuse(at, "expected %s beside it in draft-04", bound) end
  out[key] = nil
  if value and is_number(out[bound]) then out[key], out[bound] = out[bound], nil end
end

local function exclusive(out, key, bound, pointer, draft)
  local at = pointer .. token(key)
  if out[key] == nil then return end
  if draft == "draft-04" then return as_number(out, key, bound, at) end
  if type(out[key]) ~= "boolean" then return end
  local mend = out[key] and ("write the bound here, without %s"):format(bound) or "leave it out"
  refuse(at, "expected a number; true and false are of draft-04: %s", mend)
end

local renamed = { ["ip-address"] = "ipv4", ["host-name"] = "hostname" }

local function set_of(words)
  local set = {}
  for word in words:gmatch "%S+" do set[word] = true end
  return set
end

--- Formats of the drafts, by whether the runtime checks them.
local checked = set_of "date date-time duration email hostname ipv4 ipv6 json-pointer time uri uri-reference uuid"
local unchecked = set_of "idn-email idn-hostname iri iri-reference regex relative-json-pointer uri-template"

local function format(out, pointer, doc)
  local name, at = out.format, pointer .. "/format"
  if type(name) ~= "string" or checked[name] then return end
  if unchecked[name] then refuse(at, "the format %s is not checked: leave it out, or use pattern", name) end
  if renamed[name] then refuse(at, "the format %s is of draft-03: use %s", name, renamed[name]) end
  if doc.strict then refuse(at, "%q is not a format of any draft%s", name, suggest.hint(name, lists.sorted_keys(checked))) end
  out.format = nil
end

local function check_items(out, pointer)
  if M.holds("items", out.items) == "list" then
    refuse(pointer .. "/items", "a list of items cannot be expressed with these types: %s", ELEMENTS)
  end
end

local function of_draft_03(out, pointer)
  if type(out.required) == "boolean" then
    refuse(pointer .. "/required", "expected a list of names, beside properties; true and false are of draft-03")
  end
  if out.type == "any" then refuse(pointer .. "/type", "any is of draft-03: leave type out") end
  for i, name in ipairs(type(out.type) == "table" and out.type or {}) do
    local at = ("%s/type/%d"):format(pointer, i - 1)
    if name == "any" then refuse(at, "any is of draft-03: leave type out") end
    if type(name) == "table" then refuse(at, "schemas among types are of draft-03: use anyOf") end
  end
end

-- ---- translation to 2020-12 --------------------------------------------------------------

local function check_places(node, pointer, doc)
  document.object(node, "$defs", pointer)
  document.object(node, "definitions", pointer)
  for _, key in ipairs(M.id_keywords(doc)) do
    if node[key] ~= nil and type(node[key]) ~= "string" then
      refuse(pointer .. token(key), "expected a string; declare a property called %s in properties", key)
    end
  end
  local uri = node["$schema"]
  if pointer ~= "" and uri ~= nil and not (doc.said and draft_of(uri) == doc.draft) then
    refuse(pointer .. "/$schema", "expected the draft that the root of the document names")
  end
end

--- true and false are schemas since draft-06.
---@param pointer string
---@param doc sluice.JsonSchemaDocument
function M.check_boolean(pointer, doc)
  if doc.draft == "draft-04" and not doc.booleans[pointer] then
    refuse(pointer, "expected an object in draft-04; true and false are schemas since draft-06")
  end
end

--- The schema with only its annotations and the keywords that are read.
---@param node table
---@param pointer string
---@param doc sluice.JsonSchemaDocument
---@return table node
function M.translate(node, pointer, doc)
  local out = {}
  check_places(node, pointer, doc)
  for _, key in ipairs(lists.sorted_keys(node)) do
    if goes_on(key, node, pointer .. token(key), doc) then out[key] = node[key] end
  end
  if type(out.additionalProperties) == "boolean" then doc.booleans[pointer .. "/additionalProperties"] = true end
  of_draft_03(out, pointer)
  check_items(out, pointer)
  exclusive(out, "exclusiveMinimum", "minimum", pointer, doc.draft)
  exclusive(out, "exclusiveMaximum", "maximum", pointer, doc.draft)
  format(out, pointer, doc)
  return out
end

return M
