-- Behaves well: rows, all kinds of events in order, calls.
local arguments = { ... }

local function count(request, emit)
  for i = 1, request.n or 3 do emit:row(request.stream or "rows", { i = i }) end
  return { emitted = request.n or 3 }
end

-- A row between any two events of the other kinds.
local function interleave(_, emit)
  emit:row("a", 1)
  emit:diagnostic("first", "after a row")
  emit:row("b", 2)
  emit:progress("half", 1, 2)
  emit:row("a", 3)
  emit:progress("unknown end", 7)
  emit:diagnostic("second", "before the last row")
  emit:row("b", 4)
end

return {
  name = "counts",
  version = "1.2",
  exports = { count = count, interleave = interleave, nothing = function() end },
  calls = {
    echo = function(request) return request end,
    arguments = function() return arguments end,
    no_value = function() end,
  },
}
