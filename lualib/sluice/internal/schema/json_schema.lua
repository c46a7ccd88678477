--- Types from and to JSON Schema: reads draft-04, 06, 07, 2019-09 and 2020-12,
--- writes 2020-12.
---
--- Read: type (also a list) and the keywords of each kind (kinds.lua), enum, const,
--- allOf with one schema, anyOf, oneOf, $ref, $defs and definitions, true and false;
--- of the annotations, types keep title, description, default, examples and
--- deprecated. drafts.lua says which draft has which keywords, and translates them to
--- 2020-12, which is read here. A document without $schema is taken for 2020-12.
--- What these types cannot express is refused with its JSON Pointer, never ignored, unless
--- it has no effect (an empty patternProperties, if without then).
--- Keywords and formats of no draft are annotations; `strict` refuses them. In particular:
---
---   - A keyword that does not apply to the type beside it is refused; without
---     `type` it applies only to values of its own type, as the standard says, and
---     the result is a union.
---   - format is an assertion in every draft; formats of a draft that kinds.lua does
---     not list are refused. pattern: ECMA-262 without what is not regular, like regex there.
---   - Without additionalProperties a record drops undeclared properties, as
---     schema.record does; true keeps them, false refuses them.
---   - A default makes a property that is not required appear, also beside a $ref;
---     it must be valid.
---   - oneOf is read if no value can fit two alternatives: different types, different
---     constants, or records with a required field that tells them apart.
---   - $ref points into the same document (references.lua) and allows only annotations
---     beside it; a schema that contains itself is refused.
---   - allOf, anyOf, oneOf allow only annotations beside them; minProperties,
---     maxProperties and propertyNames must not stand beside properties or required.
---   - An integer has 64 bits; 1.0 is one in draft-04 as well.
local document = require "sluice.internal.schema.document"
local drafts = require "sluice.internal.schema.drafts"
local json = require "sluice.json"
local json_pointer = require "sluice.internal.json_pointer"
local kinds = require "sluice.internal.schema.kinds"
local lists = require "sluice.internal.lists"
local references = require "sluice.internal.schema.references"
local suggest = require "sluice.internal.suggest"
local types = require "sluice.internal.schema.type"

local any, null, make = types.bare.any, types.bare.null, types.make
local is_object, list = document.is_object, document.list
local refuse, token, guarded = document.refuse, json_pointer.token, document.guarded

local M = {}

local DRAFT = "https://json-schema.org/draft/2020-12/schema"

-- ---- keywords -------------------------------------------------------------------

--- The JSON type that a keyword applies to, and these types in order.
local concerns, type_names, is_type = {}, {}, {}
for _, kind in ipairs(kinds) do
  local name = kind.json_type
  if name and not is_type[name] then type_names[#type_names + 1] = name end
  if name then is_type[name] = true end
  for keyword in pairs(kind.reads) do concerns[keyword] = name end
end

local annotations = types.common
local forms = { type = true, enum = true, const = true, allOf = true, anyOf = true, oneOf = true, ["$ref"] = true }

local has_schemas = { allOf = true, anyOf = true, oneOf = true }

--- Refuse all but annotations and the given keywords.
local function alone(node, pointer, ...)
  local allowed = {}
  for _, key in ipairs { ... } do allowed[key] = true end
  for _, key in ipairs(lists.sorted_keys(node)) do
    if (concerns[key] or forms[key]) and not allowed[key] then
      local mend = has_schemas[...] and ": write it in each of its schemas" or ""
      refuse(pointer .. token(key), "%s cannot be used beside %s%s", key, (...), mend)
    end
  end
end

-- ---- types ------------------------------------------------------------------------

local read

--- The kind for a schema of this JSON type; whole: numbers must be integers.
local function kind_of(json_type, node, whole)
  local otherwise
  for _, kind in ipairs(kinds) do
    if kind.json_type == json_type then
      if not kind.claims then otherwise = kind elseif kind.claims(node, whole) then return kind end
    end
  end
  return otherwise
end

local function options_of(kind, node, pointer)
  local options, expected = {}, nil
  for _, option in ipairs(kind.options) do
    local name, reader, keyword, other = table.unpack(option)
    if keyword and node[keyword] ~= nil then
      options[name], expected = (other or reader)(node[keyword])
      if expected then refuse(pointer .. token(keyword), "expected %s", expected) end
    end
  end
  return options
end

local function read_kind(kind, node, pointer, context)
  if #kind.options == 0 then return types.bare[kind.kind] end
  for _, key in ipairs(lists.sorted_keys(node)) do
    if concerns[key] == kind.json_type and not kind.reads[key] then
      refuse(pointer .. token(key), "%s cannot be used beside %s", key, kind.mark)
    end
  end
  local options = options_of(kind, node, pointer)
  local function below(value, path) return read(value, pointer .. path, context) end
  local parts = kind.read and kind.read(options, node, pointer, below) or {}
  parts.kind = kind.kind
  local result, problem = types.finish(parts, options)
  if result then return result end
  local keyword = kind.keyword_of[problem:match "^([%w_]+):"]
  refuse(pointer .. (keyword and token(keyword) or ""), "%s", problem)
end

-- ---- type, enum and const -----------------------------------------------------------

--- The JSON types that a schema admits, by name, and whether numbers must be whole.
local function admitted(node, pointer)
  local given = node.type
  local set, integer = {}, false
  if given == nil then
    for _, name in ipairs(type_names) do set[name] = true end
    return set, false
  end
  local names = type(given) == "string" and { given } or list(node, "type", pointer)
  if #names == 0 then refuse(pointer .. "/type", "expected a non-empty list") end
  for i, name in ipairs(names) do
    local at = type(given) == "string" and "/type" or "/type/" .. i - 1
    if name == "integer" then integer = true
    elseif type(name) == "string" and is_type[name] then set[name] = true
    else refuse(pointer .. at, "unknown type%s", suggest.hint(name, lists.append({ "integer" }, type_names))) end
  end
  if integer and not set.number then
    set.number = true
    return set, true
  end
  return set, false
end

local function check_concerns(node, set, pointer)
  for _, key in ipairs(lists.sorted_keys(node)) do
    if concerns[key] and not set[concerns[key]] then
      refuse(pointer .. token(key), "%s does not apply to this type", key)
    end
  end
end

local function says_anything(node)
  for key in pairs(node) do
    if concerns[key] or key == "type" then return true end
  end
  return false
end

--- Combine alternatives into one type; null among them makes it nullable.
local function either(alternatives)
  local rest, nullable = {}, nil
  for _, alternative in ipairs(alternatives) do
    if alternative.kind == "null" then nullable = true else rest[#rest + 1] = alternative end
  end
  if #rest == 0 then return nullable and null or make { kind = "enum", values = json.array() } end
  if #rest == 1 then return nullable and types.nullable(rest[1]) or rest[1] end
  return make { kind = "union", alternatives = rest, nullable = nullable }
end

local function typed(node, pointer, context)
  if not says_anything(node) then return any end
  local set, integer = admitted(node, pointer)
  check_concerns(node, set, pointer)
  local alternatives = {}
  for _, name in ipairs(type_names) do
    if set[name] then
      alternatives[#alternatives + 1] = read_kind(kind_of(name, node, integer), node, pointer, context)
    end
  end
  return either(alternatives)
end

--- The constants that also satisfy the keywords beside them.
local function constants(node, pointer, context)
  alone(node, pointer, "enum", "const", "type", table.unpack(lists.sorted_keys(concerns)))
  local values = node.const ~= nil and { node.const } or list(node, "enum", pointer)
  local beside = typed(node, pointer, context)
  local kept = json.array()
  local set = node.const ~= nil and node.enum ~= nil and
    make { kind = "enum", values = list(node, "enum", pointer) } or any
  for _, value in ipairs(values) do
    if beside:check(value) and set:check(value) then kept[#kept + 1] = value end
  end
  return make { kind = "enum", values = kept }
end

-- ---- allOf, anyOf, oneOf, $ref -------------------------------------------------------------

local function alternatives_of(node, key, pointer, context)
  local result = {}
  if #list(node, key, pointer) == 0 then refuse(pointer .. token(key), "expected a non-empty list") end
  for i, alternative in ipairs(node[key]) do
    result[i] = read(alternative, ("%s/%s/%d"):format(pointer, key, i - 1), context)
  end
  return result
end

local function all_of(node, pointer, context)
  if #list(node, "allOf", pointer) > 1 then
    refuse(pointer .. "/allOf", "allOf of several schemas cannot be expressed with these types: write one with the keywords of all")
  end
  return alternatives_of(node, "allOf", pointer, context)[1]
end

local function takes_null(s) return s:check(json.null) == true end

local disjoint

local function disjoint_from_all(list_of, other)
  for _, alternative in ipairs(list_of) do
    if not disjoint(alternative, other) then return false end
  end
  return true
end

--- Whether a required field tells two records apart.
local function told_apart(a, b)
  local of_b = {}
  for _, field in ipairs(b.fields) do of_b[field.name] = field end
  for _, field in ipairs(a.fields) do
    local other = of_b[field.name]
    if other and not field.optional and not other.optional and disjoint(field.schema, other.schema) then return true end
  end
  return false
end

--- Whether it is certain that no value fits both.
function disjoint(a, b)
  if takes_null(a) and takes_null(b) then return false end
  if b.kind == "enum" or (b.kind == "union" and a.kind ~= "enum" and a.kind ~= "union") then a, b = b, a end
  if a.kind == "any" or b.kind == "any" then return false end
  if a.kind == "enum" then
    for _, value in ipairs(a.values) do
      if b:check(value) then return false end
    end
    return true
  end
  if a.kind == "union" then return disjoint_from_all(a.alternatives, b) end
  if kinds[a.kind].json_type ~= kinds[b.kind].json_type then return true end
  return a.kind == "record" and b.kind == "record" and told_apart(a, b)
end

local function one_of(node, pointer, context)
  local alternatives = alternatives_of(node, "oneOf", pointer, context)
  for i = 2, #alternatives do
    for j = 1, i - 1 do
      if not disjoint(alternatives[i], alternatives[j]) then
        refuse(pointer .. "/oneOf", "a value may match both alternative %d and alternative %d: use anyOf", j - 1, i - 1)
      end
    end
  end
  return either(alternatives)
end

local function reference(node, pointer, context)
  local target, at = references.resolve(node["$ref"], pointer, context.document)
  if context.open[at] then refuse(pointer .. "/$ref", "a schema that contains itself cannot be expressed with these types") end
  if not context.done[at] then context.done[at] = read(target, at, context) end
  return context.done[at]
end

-- ---- reading --------------------------------------------------------------------------

local function form(node, pointer, context)
  if node["$ref"] ~= nil then
    alone(node, pointer, "$ref")
    return reference(node, pointer, context)
  elseif node.allOf ~= nil then
    alone(node, pointer, "allOf")
    return all_of(node, pointer, context)
  elseif node.anyOf ~= nil then
    alone(node, pointer, "anyOf")
    return either(alternatives_of(node, "anyOf", pointer, context))
  elseif node.oneOf ~= nil then
    alone(node, pointer, "oneOf")
    return one_of(node, pointer, context)
  elseif node.enum ~= nil or node.const ~= nil then
    return constants(node, pointer, context)
  end
  return typed(node, pointer, context)
end

local function annotate(result, node, pointer)
  local notes, has_any = {}, false
  for key in pairs(annotations) do
    notes[key] = node[key]
    has_any = has_any or node[key] ~= nil
  end
  if not has_any then return result end
  local noted, problem = types.annotated(result, notes)
  if noted then return noted end
  refuse(pointer .. token(problem:match "^(%w+):" or "default"), "%s", problem)
end

--- Read the schema at a place as a type.
function read(node, pointer, context)
  if type(node) == "boolean" then
    drafts.check_boolean(pointer, context.document)
    return node and any or make { kind = "enum", values = json.array() }
  end
  if not is_object(node) then refuse(pointer, "a schema is an object, true or false") end
  node = drafts.translate(node, pointer, context.document)
  context.open[pointer] = true
  local result = annotate(form(node, pointer, context), node, pointer)
  context.open[pointer] = nil
  return result
end

---@param root table|boolean
---@param strict boolean?   refuse keywords and formats of no draft
---@return sluice.Schema? schema, sluice.Error? err
function M.read(root, strict)
  return guarded("this JSON Schema", function()
    return read(root, "", { document = drafts.open(root, strict), open = {}, done = {} })
  end)
end

-- ---- writing --------------------------------------------------------------------------

local write

local function admit_null(out)
  if out.type then out.type = json.array { out.type, "null" }
  elseif out.enum then out.enum[#out.enum + 1] = json.null
  elseif out.anyOf then out.anyOf[#out.anyOf + 1] = { type = "null" } end
end

function write(s, pointer)
  local kind = kinds[s.kind]
  local out = { type = kind.json_type }
  for name, keyword in pairs(kind.keyword_of) do out[keyword] = s[name] or nil end
  local function below(part, path) return write(part, pointer .. path) end
  if kind.write and kind.write(s, out, pointer, below) == false then return false end
  if s.nullable then admit_null(out) end
  for key in pairs(annotations) do out[key] = s[key] end
  return next(out) ~= nil and out or true
end

---@param s sluice.Schema
---@return table? document, sluice.Error? err
function M.write(s)
  return guarded("this type", function()
    local out = write(s, "")
    if type(out) == "boolean" then out = { enum = not out and json.array() or nil } end
    out["$schema"] = DRAFT
    return out
  end)
end

return M
