-- Emits the rows that the request lists, each [stream, JSON text].
return {
  exports = {
    texts = function(request, emit)
      for _, row in ipairs(request) do emit:json(row[1], row[2]) end
    end,
    progress = function(_, emit)
      emit:row("rows", 1)
      emit:progress("half", 1, 2)
      emit:diagnostic("note", "something")
      emit:row("rows", 2)
    end,
  },
}
