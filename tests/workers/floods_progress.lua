-- A flood of progress, and diagnostics.
return {
  exports = {
    flood = function(request, emit)
      for i = 1, request.n do emit:progress("flood", i, request.n) end
      emit:row("rows", "last")
    end,
    diagnostics = function(request, emit)
      for i = 1, request.n do emit:diagnostic("flood", "number " .. i) end
      emit:row("rows", "last")
    end,
  },
}
