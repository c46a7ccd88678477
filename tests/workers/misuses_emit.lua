-- Misuses emit, in one way per export; every error should point to a line here.
local kept

return {
  exports = {
    no_stream = function(_, emit) emit:row(nil, 1) end,
    empty_stream = function(_, emit) emit:row("", 1) end,
    number_stream = function(_, emit) emit:row(7, 1) end,
    no_payload = function(_, emit) emit:row("rows") end,
    no_colon = function(_, emit) emit.row("rows", 1) end,
    no_json = function(_, emit) emit:json("rows", "{oops") end,
    two_values = function(_, emit) emit:json("rows", "1 2") end,
    not_utf8 = function(_, emit) emit:row("rows", "\xff") end,
    nan = function(_, emit) emit:row("rows", { x = 0 / 0 }) end,
    mixed_keys = function(_, emit) emit:row("rows", { 1, a = 2 }) end,
    cycle = function(_, emit)
      local t = {}
      t.t = t
      emit:row("rows", t)
    end,
    handled = function(_, emit)
      emit:row("rows", 1)
      local ok, err = pcall(emit.json, emit, "rows", "{oops")
      emit:row("rows", { ok = ok, kind = err.kind, stream = err.stream, sequence = err.sequence })
    end,
    negative_progress = function(_, emit) emit:progress("p", -1) end,
    keep = function(_, emit) kept = emit end,
    use_kept = function() kept:row("rows", 1) end,
  },
}
