-- Payloads that a careless implementation would alter or drop, given as text.
local texts = {
  "null", "true", "0", "-0", '""', "[]", "{}", "1.0", "1e400", "9007199254740993",
  "1234567890123456789012345678901234567890", [["\ud800"]], [["\u0000"]], " [ 1 ,\n 2 ] ",
  [[{"a":1,"a":2}]], '"ž🎉"',
}

return {
  exports = {
    texts = function(_, emit)
      for _, text in ipairs(texts) do emit:json("rows", text) end
    end,
    given = function(request, emit) emit:json("rows", request) end,
  },
  calls = { list = function() return texts end },
}
