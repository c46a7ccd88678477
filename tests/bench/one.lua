-- A worker with a single row: how long does it take from start to exit?
return {
  name = "one",
  exports = {
    rows = function(_, emit)
      emit:row("rows", { kind = "theorem", line = 2 })
    end,
  },
}
