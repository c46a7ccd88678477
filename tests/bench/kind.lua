-- Decodes the whole payload of every row to a Lua table; counts the rows of each kind.
local counts = {}

return {
  on_row = function(row)
    local kind = row.payload.kind
    counts[kind] = (counts[kind] or 0) + 1
  end,
  on_summary = function()
    local kinds = {}
    for kind in pairs(counts) do kinds[#kinds + 1] = kind end
    table.sort(kinds)
    for _, kind in ipairs(kinds) do print(kind, counts[kind]) end
  end,
}
