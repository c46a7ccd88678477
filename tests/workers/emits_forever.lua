-- Never ends by itself, and swallows the error that should end it.
return {
  exports = {
    politely = function(_, emit)
      local i = 0
      while not emit:stopped() do
        i = i + 1
        emit:row("rows", i)
      end
      return { last = i }
    end,
    stubbornly = function(_, emit)
      local i = 0
      while true do
        i = i + 1
        emit:row("rows", i)
      end
    end,
    deaf = function(_, emit)
      for i = 1, math.huge do
        local raised = not pcall(emit.row, emit, "rows", i)
        if raised then emit:row("rows", "once more") end
      end
    end,
    wrapped = function(_, emit)
      for i = 1, math.huge do
        local ok, why = pcall(emit.row, emit, "rows", i)
        if not ok then error("cannot go on: " .. tostring(why)) end
      end
    end,
  },
}
