-- A policy that finds functions that occur in more than one file, and prints
-- them as a table, largest first.
--
--   sluice run duplicates.lua --request '{"root":"src","min_lines":5}'
--
-- The table is printed in on_summary, so that no conclusions are drawn from a
-- tree that was only partly read.
local groups = {} -- hash -> rows

local function remember(row)
  local f = row.payload
  local group = groups[f.hash] or { files = {}, file_count = 0 }
  groups[f.hash] = group
  group[#group + 1] = f
  if not group.files[f.file] then
    group.files[f.file] = true
    group.file_count = group.file_count + 1
  end
end

--- Lines that could be removed if one copy stayed.
local function surplus(group)
  local lines = 0
  for i = 2, #group do lines = lines + group[i].size end
  return lines
end

local function duplicated()
  local list = {}
  for _, group in pairs(groups) do
    if group.file_count > 1 then list[#list + 1] = group end
  end
  table.sort(list, function(a, b)
    if surplus(a) ~= surplus(b) then return surplus(a) > surplus(b) end
    return a[1].file .. a[1].name < b[1].file .. b[1].name
  end)
  return list
end

local function widest_name(list)
  local width = #"FUNCTION"
  for _, group in ipairs(list) do
    for _, f in ipairs(group) do width = math.max(width, #f.name) end
  end
  return width
end

local function print_group(group, format)
  for i, f in ipairs(group) do
    local first = i == 1
    print(format:format(first and f.size or "", first and #group or "", f.name, f.file .. ":" .. f.line))
  end
end

local function report(summary)
  local list, lines = duplicated(), 0
  local format = "%5s  %6s  %-" .. widest_name(list) .. "s  %s"
  if #list > 0 then print(format:format("LINES", "COPIES", "FUNCTION", "WHERE")) end
  for _, group in ipairs(list) do
    print_group(group, format)
    lines = lines + surplus(group)
  end
  local scanned = summary.metadata
  print(("%d of %d functions in %d files stand in more than one file; %d lines could go")
    :format(#list, scanned.functions, scanned.files, lines))
end

---@type sluice.Policy
return {
  worker = { "scan.lua" },
  request = { root = ".", min_lines = 3 },
  streams = { functions = { on_row = remember } },
  on_summary = report,
}
