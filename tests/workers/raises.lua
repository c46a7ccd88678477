-- Errors of every shape, from exports and from calls.
local stubborn = setmetatable({}, { __tostring = function() error("no text for you") end })

local function deep(n) return 1 + deep(n + 1) end

local exports = {
  text = function() error("it broke") end,
  after_rows = function(_, emit)
    emit:row("rows", 1)
    emit:row("rows", 2)
    error("it broke after two rows")
  end,
  ["nil"] = function() error(nil) end,
  table = function() error({ code = 7 }) end,
  typed = function() error({ kind = "export_failed", message = "mine", status = 9 }) end,
  foreign_kind = function() error({ kind = "worker_exited", message = "not for me to say" }) end,
  stubborn = function() error(stubborn) end,
  overflow = function() deep(1) end,
  memory = function() return ("x"):rep(1 << 60) end,
  in_coroutine = function(_, emit)
    coroutine.wrap(function()
      emit:row("rows", 1)
      error("from inside")
    end)()
  end,
  bad_metadata = function() return { path = { to = print } } end,
}

return {
  exports = exports,
  calls = {
    fail = function() error("the call broke") end,
    bad_value = function() return { 1, 2, print } end,
    ok = function() return "still here" end,
  },
}
