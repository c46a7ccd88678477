-- Frames over the cap: a row, a reply, metadata.
return {
  exports = {
    row = function(request, emit)
      emit:row("rows", "small")
      emit:row("rows", ("x"):rep(request.size))
    end,
    handled = function(request, emit)
      emit:row("rows", "small")
      local ok, err = pcall(emit.row, emit, "rows", ("x"):rep(request.size))
      emit:row("rows", { ok = ok, kind = err.kind, size = err.size, limit = err.limit })
    end,
    metadata = function(request) return ("x"):rep(request.size) end,
    diagnostic = function(request, emit)
      emit:diagnostic("long", ("x"):rep(request.size))
      emit:row("rows", 1)
    end,
  },
  calls = { reply = function(request) return ("x"):rep(request.size) end },
}
