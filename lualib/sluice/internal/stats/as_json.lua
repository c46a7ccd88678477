--- Statistics for machines: one object per line for each stream.
---
---   stream, rows, bytes
---   rows_per_second    of this stream, over the time of the whole run
---   omitted            the number of further fields that were not examined, an estimate if over 1,024; absent: none
---   fields             a list, each field before those nested in it:
---     field            JSON Pointer; the last step is "*" for the elements of an array; "" stands for the rows
---                      themselves, if some are not objects
---     rows, share      the number of rows that have the field (null included), and their share of all rows
---     values           the number of values: more than rows for elements of arrays
---     null             the number of nulls among them
---     types            the number of each type: boolean, integer, number (with a fraction or an
---                      exponent), string, array, object
---     distinct         the number of distinct scalars, without null
---     exact            true: distinct is exact; false: it is an estimate with a standard error of 0.81 %
---     frequent         [{ value, count, share = of values, over }], most frequent first; count may be too
---                      large by up to `over`; cut: true if value is only the beginning (of a number
---                      as a string)
---     numbers          { min, max, mean }: min and max as they were written; min_cut, max_cut: true if these are the
---                      first 100 digits only
---     strings          { min, max, min_length, max_length }: by code points; min_cut, max_cut: true
---                      if these are only the beginning
---     arrays           { min_items, max_items }
local json_object = require "sluice.internal.json_object"
local lists = require "sluice.internal.lists"
local shown = require "sluice.internal.stats.shown"

local TYPES = { "boolean", "integer", "number", "string", "array", "object" }
local NUMBERS = { "min", "max", "mean", "min_cut", "max_cut" }
local STRINGS = { "min", "max", "min_length", "max_length", "min_cut", "max_cut" }
local ARRAYS = { "min_items", "max_items" }

local function array(list)
  return json_object.raw("[" .. table.concat(lists.map(list, function(raw) return raw.json end), ",") .. "]")
end

local function value_of(v)
  return (v.type == "string" or v.cut) and v.text or json_object.raw(v.text)
end

local function frequent(place)
  return array(lists.map(place.frequent, function(v)
    return json_object.raw(json_object.of("value", value_of(v), "cut", v.cut, "count", v.count,
      "share", v.count / place.values, "over", v.over))
  end))
end

local function numbers(n)
  return json_object.pick(lists.joined(n, { min = json_object.raw(n.min), max = json_object.raw(n.max) }), NUMBERS)
end

local function field(place, rows)
  return json_object.raw(json_object.of(
    "field", place.pointer,
    "rows", place.rows,
    "share", place.rows / rows,
    "values", place.values,
    "null", place.types.null or 0,
    "types", json_object.pick(place.types, TYPES),
    "distinct", place.distinct,
    "exact", place.exact == true,
    "frequent", frequent(place),
    "numbers", place.numbers and numbers(place.numbers),
    "strings", place.strings and json_object.pick(place.strings, STRINGS),
    "arrays", place.arrays and json_object.pick(place.arrays, ARRAYS)))
end

---@param streams sluice.stats.Stream[]
---@return string
return function(streams)
  return table.concat(lists.map(streams, function(stream)
    local known = stream.known
    local fields = lists.map(shown.places(known), function(place) return field(place, known.rows) end)
    return json_object.of("stream", stream.name, "rows", known.rows, "bytes", known.bytes,
      "rows_per_second", shown.rate(stream), "omitted", known.omitted, "fields", array(fields)) .. "\n"
  end))
end
