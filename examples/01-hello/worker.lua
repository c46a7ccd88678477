-- A worker: greets everybody in the request.
---@type sluice.LuaWorker
return {
  name = "hello",
  version = "1.0",
  exports = {
    greet = function(request, emit)
      for i, name in ipairs(request.names) do
        emit:row("greetings", { to = name, text = "Hello, " .. name .. "!" })
        emit:progress("greeting", i, #request.names)
      end
      return { greeted = #request.names }
    end,
  },
}
