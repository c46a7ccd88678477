--- The differences between the values of a stream and a declared type: values that the type does
--- not allow, and what it declares but never occurred.
---
--- What a shape knows is compared place by place. Some limits cannot be checked that way (a pattern, a step,
--- unique elements); if the rows were also checked one by one, the results of that check are added, and
--- its counts take precedence.
local core = require "sluice.core"
local decide = require "sluice.internal.infer.decide"
local json_pointer = require "sluice.internal.json_pointer"
local lists = require "sluice.internal.lists"
local types = require "sluice.internal.schema.type"

local M = {}

---@class sluice.Drift
---@field pointer string    of the place; * stands for any element, or any name of a map
---@field change "new"|"gone"|"wider"|"narrower"|"type"
---@field refused boolean   rows are refused because of it
---@field rows integer?     the number of rows; nil: unknown
---@field total integer     values at the place, or objects in which it could have occurred
---@field first table?      the first row: { row =, line =, file = }
---@field declared string?  what was expected
---@field found string?     what was found

---@class sluice.infer.Comparison
---@field changes sluice.Drift[]
---@field options sluice.infer.Options

-- ---- words ---------------------------------------------------------------------------

local FAMILIES = {
  null = "null", boolean = "boolean", integer = "number", float = "number", decimal = "number", string = "string",
  array = "array", object = "object",
}

local KIND_FAMILIES = {
  null = "null", boolean = "boolean", integer = "number", number = "number", decimal = "number", string = "string",
  array = "array", map = "object", record = "object",
}

local NAMES = {
  null = "null", boolean = "a boolean", integer = "an integer", float = "a number", decimal = "a number", string = "a string",
  array = "an array", object = "an object",
}

local ORDER = { "null", "boolean", "integer", "float", "decimal", "string", "array", "object" }

local function add(c, pointer, change, fields)
  fields.pointer, fields.change = pointer, change
  c.changes[#c.changes + 1] = fields
end

--- The values at a place, in words.
local function phrase_of(c, place)
  return decide.node({ root = place, files = 1 }, c.options).type.expected
end

-- ---- what a type accepts ----------------------------------------------------------------

--- The alternatives of a type, and whether null is one.
---@return sluice.Schema[] list, boolean null
local function alternatives(declared)
  local list, null = {}, rawget(declared, "nullable") or declared.kind == "null" or declared.kind == "any"
  for _, part in ipairs(declared.kind == "union" and declared.alternatives or { declared }) do
    null = null or rawget(part, "nullable") or false
    if part.kind == "union" then
      local inner, also = alternatives(part)
      lists.append(list, inner)
      null = null or also
    else
      list[#list + 1] = part
    end
  end
  for _, part in ipairs(list) do
    if part.kind == "enum" and part:check(core.null) then null = true end
  end
  return list, null
end

--- The alternatives that values of a family can match.
local function of_family(list, family)
  local found = {}
  for _, part in ipairs(list) do
    if KIND_FAMILIES[part.kind] == family or part.kind == "any" or part.kind == "enum" then found[#found + 1] = part end
  end
  return found
end

local function takes(list, value)
  for _, part in ipairs(list) do
    if part:check(value) then return true end
  end
  return false
end

-- ---- scalars -----------------------------------------------------------------------------

--- Whether all numbers of a place are accepted, as far as the description tells.
local function takes_numbers(list, place)
  local counts = place.counts
  for _, bound in pairs(lists.picked(place, { "min", "max", "low", "high" })) do
    if not takes(list, bound) then return false end
  end
  local whole = #lists.select(list, function(part) return part.kind ~= "integer" end) == 0
  if whole and (counts.float or counts.decimal) and (place.scale or 0) > 0 then return false end
  if counts.decimal and not takes(list, 2 ^ 64) then return false end
  return true
end

local function takes_strings(list, place)
  for _, part in ipairs(list) do
    local min, max = rawget(part, "min_length"), rawget(part, "max_length")
    local format = rawget(part, "format")
    if part.kind == "any" then return true end
    if part.kind == "string" and not (min and place.min_length < min) and not (max and place.max_length > max)
      and (not format or lists.contains(place.formats or {}, format)) then
      return true
    end
  end
  if not place.values then return false end
  for _, value in ipairs(place.values) do
    if type(value[1]) == "string" and not takes(list, value[1]) then return false end
  end
  return true
end

--- If the values are few: how many are refused.
local function count_refused(list, place, of)
  if not place.values then return nil end
  local count = 0
  for _, value in ipairs(place.values) do
    if type(value[1]) == of and not takes(list, value[1]) then count = count + value[2] end
  end
  return count > 0 and count or nil
end

local function takes_booleans(list, place)
  local trues = place.trues
  return (trues == 0 or takes(list, true)) and (trues == place.counts.boolean or takes(list, false))
end

local checks = { boolean = takes_booleans, number = takes_numbers, string = takes_strings }

-- ---- places ------------------------------------------------------------------------------

local compare

--- Values of a family that matches no alternative.
local function refuse_family(c, pointer, place, declared, names)
  local rows, first = 0, nil
  for _, name in ipairs(names) do
    rows = rows + place.counts[name]
    if not first or place.firsts[name].row < first.row then first = place.firsts[name] end
  end
  local others = place.total - (place.counts.null or 0)
  add(c, pointer, rows == others and not lists.contains(names, "null") and "type" or "wider", {
    refused = true, rows = rows, total = place.total, first = first, declared = declared.expected,
    found = first.text ~= "" and first.text or NAMES[names[1]],
  })
end

local function compare_scalars(c, pointer, place, declared, list, family, names)
  local check = checks[family]
  if not check or check(list, place) then return end
  local first, rows
  if family == "number" and #lists.select(list, function(part) return part.kind ~= "integer" end) == 0 and place.firsts.float then
    first, rows = place.firsts.float, nil
  end
  add(c, pointer, "wider", {
    refused = true, rows = rows or count_refused(list, place, family), total = place.total, first = first,
    declared = declared.expected, found = phrase_of(c, lists.joined(place, { counts = lists.picked(place.counts, names) })),
  })
end

local function compare_arrays(c, pointer, place, declared, list)
  local fits = false
  for _, part in ipairs(list) do
    if part.kind ~= "array" then return end
    fits = fits or not (rawget(part, "min") and place.min_items < part.min) and not (rawget(part, "max") and place.max_items > part.max)
  end
  if not fits then
    add(c, pointer, "wider", {
      refused = true, total = place.total, declared = declared.expected,
      found = ("arrays of %d to %d elements"):format(place.min_items, place.max_items),
    })
  end
  if #list == 1 and place.items then compare(c, pointer .. "/*", place.items, list[1].items) end
end

--- A declared field of the objects of a place.
local function compare_field(c, pointer, place, field, found)
  local at, objects = pointer .. json_pointer.token(field.name), place.counts.object
  if not found then
    return add(c, at, "gone", {
      refused = not field.optional, rows = objects, total = objects, first = place.firsts.object, declared = field.schema.expected,
      missing = true,
    })
  end
  if found.absent and not field.optional then
    add(c, at, "wider", {
      refused = true, rows = objects - found.place.total, total = objects, first = found.absent,
      declared = field.schema.expected, found = "nothing", missing = true,
    })
  elseif not found.absent and field.optional and field.schema.default == nil then
    add(c, at, "narrower", { refused = false, rows = objects, total = objects, declared = "may be absent", found = "always there" })
  end
  compare(c, at, found.place, field.schema)
end

local function compare_others(c, pointer, place, declared, known)
  local rest = declared.unknown
  for _, field in ipairs(place.fields or {}) do
    if not known[field.name] then
      local first
      for _, name in ipairs(ORDER) do
        local sight = field.place.firsts[name]
        if sight and (not first or sight.row < first.row) then first = sight end
      end
      add(c, pointer .. json_pointer.token(field.name), "new", {
        refused = rest == "refuse", rows = field.place.total, total = place.counts.object, first = first,
        found = phrase_of(c, field.place),
      })
      if types.is(rest) then compare(c, pointer .. json_pointer.token(field.name), field.place, rest) end
    end
  end
end

local function compare_record(c, pointer, place, declared)
  local found, known = {}, {}
  for _, field in ipairs(place.fields or {}) do found[field.name] = field end
  for _, field in ipairs(declared.fields) do
    known[field.name] = true
    if place.fields then compare_field(c, pointer, place, field, found[field.name]) end
  end
  compare_others(c, pointer, place, declared, known)
end

local function compare_map(c, pointer, place, declared)
  if place.rest then return compare(c, pointer .. "/*", place.rest, declared.values) end
  for _, field in ipairs(place.fields or {}) do compare(c, pointer .. "/*", field.place, declared.values) end
end

--- If several alternatives are objects, it is unknown which one a value was meant for.
local function compare_objects(c, pointer, place, _, list)
  if #list ~= 1 or place.too_deep then return end
  if list[1].kind == "record" then compare_record(c, pointer, place, list[1]) end
  if list[1].kind == "map" then compare_map(c, pointer, place, list[1]) end
end

--- What is declared but never occurred.
local function narrower(c, pointer, place, declared, list, null)
  local never, some = {}, {}
  for name in pairs(place.counts) do some[FAMILIES[name]] = true end
  for _, part in ipairs(list) do
    local family = KIND_FAMILIES[part.kind]
    if family and family ~= "null" and not some[family] then never[#never + 1] = part.expected:gsub(" or null$", "") end
  end
  if null and not place.counts.null and declared.kind ~= "any" and declared.kind ~= "null" then never[#never + 1] = "null" end
  local is_some_left = #never < #list + (null and 1 or 0)
  if #never > 0 and is_some_left and next(some) then
    add(c, pointer, "narrower", {
      refused = false, rows = place.total, total = place.total, declared = declared.expected,
      found = "never " .. table.concat(never, " or "),
    })
  end
  if declared.kind == "number" and place.counts.integer and not place.counts.float and not place.counts.decimal then
    add(c, pointer, "narrower", { refused = false, rows = place.counts.integer, total = place.total, declared = declared.expected, found = "integers only" })
  end
end

function compare(c, pointer, place, declared)
  if declared.kind == "any" then return end
  local list, null = alternatives(declared)
  local by_family = {}
  for _, name in ipairs(ORDER) do
    if place.counts[name] then
      local family = FAMILIES[name]
      by_family[family] = by_family[family] or {}
      table.insert(by_family[family], name)
    end
  end
  for family, names in pairs(by_family) do
    local fitting = of_family(list, family)
    if family == "null" then
      if not null then refuse_family(c, pointer, place, declared, names) end
    elseif #fitting == 0 then
      refuse_family(c, pointer, place, declared, names)
    elseif family == "array" then
      compare_arrays(c, pointer, place, declared, fitting)
    elseif family == "object" then
      compare_objects(c, pointer, place, declared, fitting)
    else
      compare_scalars(c, pointer, place, declared, fitting, family, names)
    end
  end
  narrower(c, pointer, place, declared, list, null)
end

-- ---- what a check of the rows has found ------------------------------------------------------

--- The place of a value with * for elements and for names of maps.
---@param declared sluice.Schema
---@param pointer string
---@return string
function M.pattern(declared, pointer)
  local words, at = {}, declared
  for step in pointer:gmatch "/([^/]*)" do
    local kind = at and at.kind
    if kind == "union" then
      local list = of_family(alternatives(at), step:find "^%d+$" and "array" or "object")
      at = #list == 1 and list[1] or nil
      kind = at and at.kind
    end
    local name = json_pointer.name(step)
    if kind == "array" or kind == "map" then
      words[#words + 1], at = "*", at.items or at.values
    else
      words[#words + 1] = step
      local field = kind == "record" and lists.find(at.fields, function(f) return f.name == name end)
      at = field and field.schema or nil
    end
  end
  return #words > 0 and "/" .. table.concat(words, "/") or ""
end

--- What the check refused at a place.
---@class sluice.infer.Refusal
---@field rows integer
---@field first table
---@field expected string
---@field value string?  nil: it is missing

--- At one place two things may be refused: a missing value, and a value.
---@param pointer string
---@param missing boolean?
function M.key(pointer, missing) return missing and pointer .. "\0" or pointer end

--- The check decides what is refused, and how often.
---@param changes sluice.Drift[]
---@param refusals table<string, sluice.infer.Refusal>  by M.key
local function settle(changes, refusals)
  local kept, seen = {}, {}
  for _, change in ipairs(changes) do
    local key = M.key(change.pointer, change.missing)
    local refusal = change.refused and refusals[key]
    if refusal and not seen[key] then
      change.rows, change.first, seen[key] = refusal.rows, refusal.first, true
    end
    if refusal or not change.refused then kept[#kept + 1] = change end
  end
  for _, key in ipairs(lists.sorted_keys(refusals)) do
    local refusal = refusals[key]
    if not seen[key] then
      kept[#kept + 1] = {
        pointer = (key:gsub("%z$", "")), change = "wider", refused = true, rows = refusal.rows, first = refusal.first,
        declared = refusal.expected, found = refusal.value or "nothing",
      }
    end
  end
  return kept
end

local RANKS = { type = 1, wider = 2, gone = 3, new = 4, narrower = 5 }

--- What is refused comes first; the rest is sorted by place.
local function sorted(changes)
  for i, change in ipairs(changes) do change.order = i end
  table.sort(changes, function(a, b)
    if a.refused ~= b.refused then return a.refused end
    if a.pointer ~= b.pointer then return a.pointer < b.pointer end
    if RANKS[a.change] ~= RANKS[b.change] then return RANKS[a.change] < RANKS[b.change] end
    return a.order < b.order
  end)
  for _, change in ipairs(changes) do change.order = nil end
  return changes
end

---@param description table  of a stream
---@param declared sluice.Schema
---@param refusals table<string, sluice.infer.Refusal>?  of a check of all rows
---@param options sluice.infer.Options?
---@return sluice.Drift[]
function M.of(description, declared, refusals, options)
  local c = { changes = {}, options = options or {} }
  compare(c, "", description.root, declared)
  return sorted(refusals and settle(c.changes, refusals) or c.changes)
end

M.alternatives, M.of_family, M.KINDS = alternatives, of_family, KIND_FAMILIES

return M
