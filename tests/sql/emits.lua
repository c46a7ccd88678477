-- Emits { run =, n =, text = } for n from 1 to count, on two streams in turn.
return {
  exports = {
    rows = function(request, emit)
      for n = 1, request.count do
        emit:row(n % 2 == 0 and "more" or "rows", { run = request.run, n = n, text = ("x"):rep(n * 7 % 64) })
      end
    end,
  },
}
