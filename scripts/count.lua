-- How many rows each stream has, and how many bytes.
--
--   sluice run count -- ./scan.lua
--
-- Shows: the counts that the runtime keeps for every run.
local function sorted_names(per_stream)
  local names = {}
  for name in pairs(per_stream) do names[#names + 1] = name end
  table.sort(names)
  return names
end

return {
  on_row = function() end,

  on_summary = function(summary)
    local streams = summary.counts.per_stream
    for _, name in ipairs(sorted_names(streams)) do
      print(("%8d rows %12d bytes  %s"):format(streams[name].rows, streams[name].bytes, name))
    end
    print(("%8d rows %12d bytes  in total"):format(summary.counts.rows, summary.counts.bytes))
  end,
}
