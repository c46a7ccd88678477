--- Statistics for people: for each stream a heading, and a table of its fields.
---
--- Empty columns are left out. "~" marks an estimate.
local aligned_table = require "sluice.internal.sink.aligned_table"
local core = require "sluice.core"
local json = require "sluice.json"
local lists = require "sluice.internal.lists"
local shown = require "sluice.internal.stats.shown"
local text_width = require "sluice.internal.sink.text_width"
local units = require "sluice.internal.units"

local COLUMNS = { "field", "type", "present", "null", "distinct", "min", "max", "mean", "most frequent" }
local TYPES = { "string", "integer", "number", "boolean", "object", "array" }

local right = aligned_table.right

--- 100 % and 0 % are shown only if they are exact.
---@return string
local function percent(part, whole)
  local tenths = math.floor(1000 * part / whole + 0.5)
  if part == whole then return "100%" end
  if tenths >= 1000 then return ">99.9%" end
  if tenths == 0 then return part > 0 and "<0.1%" or "0%" end
  return (("%.1f%%"):format(tenths / 10):gsub("%.0%%", "%%"))
end

-- ---- values ---------------------------------------------------------------------------

--- A string that cannot be mistaken for something else, or for two values, is shown without quotes.
local function is_plain(text)
  return text ~= "" and not text:find '[%c",%%]' and not text:find "^%s" and not text:find "%s$"
    and json.decode(text) == nil
end

local function string_text(text, is_cut)
  if is_cut then text = text .. "…" end
  return is_plain(text) and text or json.encode(text) or text
end

local function frequent_text(v, values)
  local text = v.type == "string" and string_text(v.text, v.cut) or v.text .. (v.cut and "…" or "")
  return ("%s %s%s"):format(text, v.over > 0 and "~" or "", percent(v.count, values))
end

local function frequent_cell(place)
  if #place.frequent == 0 then return nil end
  return table.concat(lists.map(place.frequent, function(v) return frequent_text(v, place.values) end), ", ")
end

local function mean_cell(place)
  local mean = place.numbers and place.numbers.mean
  if not mean then return nil end
  local size = math.abs(mean)
  return right((size >= 1e6 and size < 1e15 and "%.0f" or "%.6g"):format(mean))
end

--- The minimum or maximum for the most frequent type.
local function extreme_cell(place, name)
  local numbers, strings, arrays = place.numbers, place.strings, place.arrays
  local number_count = (place.types.integer or 0) + (place.types.number or 0)
  if numbers and number_count >= (place.types.string or 0) then
    return right((numbers[name .. "_cut"] and "~" or "") .. numbers[name])
  end
  if strings then return string_text(strings[name], strings[name .. "_cut"]) end
  local items = arrays and arrays[name .. "_items"]
  return items and ("%s item%s"):format(units.show_count(items), items == 1 and "" or "s")
end

-- ---- places ---------------------------------------------------------------------------

--- "string", "null", or for several types "integer 990, string 10".
local function type_cell(place)
  local found = lists.select(TYPES, function(name) return place.types[name] end)
  if #found < 2 then return found[1] or "null" end
  table.sort(found, function(a, b)
    local difference = place.types[a] - place.types[b]
    if difference ~= 0 then return difference > 0 end
    return a < b
  end)
  return table.concat(lists.map(found, function(name)
    return ("%s %s"):format(name, units.show_count(place.types[name]))
  end), ", ")
end

local function present_cell(place, rows)
  local share = percent(place.rows, rows)
  return right(place.rows == rows and share or ("%s %6s"):format(units.show_count(place.rows), share), true)
end

local function distinct_cell(place)
  if place.distinct == 0 then return nil end
  return right((place.exact and "" or "~") .. units.show_count(place.distinct), true)
end

local function cells(place, rows)
  return {
    field = place.pointer == "" and "(the row)" or place.pointer,
    type = type_cell(place),
    present = present_cell(place, rows),
    null = place.types.null and right(units.show_count(place.types.null), true),
    distinct = distinct_cell(place),
    min = extreme_cell(place, "min"),
    max = extreme_cell(place, "max"),
    mean = mean_cell(place),
    ["most frequent"] = frequent_cell(place),
  }
end

-- ---- streams --------------------------------------------------------------------------

local function heading(stream)
  local known, rate = stream.known, shown.rate(stream)
  return ("%s: %s row%s, %s%s\n"):format(text_width.printable(stream.name), units.show_count(known.rows),
    known.rows == 1 and "" or "s", units.show_size(known.bytes),
    rate and (", %s rows/s"):format(units.show_count(rate)) or "")
end

local function add_table(parts, rows, width)
  local columns = lists.select(COLUMNS, function(name)
    return lists.find(rows, function(row) return row[name] end)
  end)
  local out = aligned_table.new(columns, width, #rows + 1, function(text)
    parts[#parts + 1] = text
    return true
  end)
  for _, row in ipairs(rows) do out:row { payload = row, raw = "" } end
  out:finish()
end

local function stream_text(stream, width)
  local known, parts = stream.known, { heading(stream) }
  local rows = lists.map(shown.places(known), function(place) return cells(place, known.rows) end)
  if #rows > 0 then add_table(parts, rows, width) end
  if known.omitted then
    parts[#parts + 1] = ("(%s%s more field%s not examined)\n"):format(known.omitted_exact and "" or "~",
      units.show_count(known.omitted), known.omitted == 1 and " was" or "s were")
  end
  return table.concat(parts)
end

---@param streams sluice.stats.Stream[]
---@return string
return function(streams)
  local is_terminal, width = core.terminal(1)
  return table.concat(lists.map(streams, function(stream)
    return stream_text(stream, is_terminal and width or nil)
  end), "\n")
end
