-- Emits rows of 1 KiB as fast as it can, and writes the number emitted so far to a file.
return {
  exports = {
    emit = function(request, emit)
      local file = assert(io.open(request.path, "w"))
      file:setvbuf "no"
      local payload = ("x"):rep(1022)
      for i = 1, request.n do
        emit:row("rows", payload)
        file:seek "set"
        file:write(i)
      end
      file:close()
    end,
  },
}
