-- As many streams as the request says; 1024 is the limit.
return {
  exports = {
    open = function(request, emit)
      for round = 1, 2 do
        for i = 1, request.n do emit:row("stream " .. i, round) end
      end
    end,
  },
}
