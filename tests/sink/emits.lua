-- Emits as many rows as requested, about 60 bytes each.
return {
  exports = {
    rows = function(request, emit)
      for n = 1, request.count do
        emit:json("rows", ('{"run":%d,"n":%d,"text":"%s"}'):format(request.run, n, ("x"):rep(n * 7 % 64)))
      end
    end,
  },
}
