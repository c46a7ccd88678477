-- Emits, and continues only once the file named in the request exists.
local function wait(path)
  for _ = 1, 2000 do
    local f = io.open(path)
    if f then
      f:close()
      return
    end
    os.execute("sleep 0.01")
  end
  error("nobody made " .. path)
end

return {
  exports = {
    wait = function(request, emit)
      emit:row("rows", "before")
      wait(request.path)
      emit:row("rows", "after")
    end,
    tell = function(request, emit)
      emit:diagnostic("told", "before")
      emit:progress("told", 1)
      wait(request.path)
      emit:row("rows", "after")
    end,
  },
}
