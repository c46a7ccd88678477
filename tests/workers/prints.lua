-- Writes text to stdout and stderr between its rows, with and without a newline.
print("loading")

return {
  exports = {
    talk = function(request, emit)
      for i = 1, request.n or 3 do
        print("stdout " .. i)
        io.stderr:write("stderr ", i, "\n")
        emit:row("rows", i)
      end
      io.write("no newline")
    end,
    protocol_on_stdout = function(_, emit)
      io.write("\x93sluice\r\n\n", ("\0"):rep(24))
      emit:row("rows", 1)
    end,
  },
}
