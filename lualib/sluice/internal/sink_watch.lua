--- Guarded sinks: their failures are noticed, whoever calls them.
---
--- A handler may call a sink of its policy itself, even in a pcall. For the
--- duration of a run, guards therefore wrap its methods in the sink's own table,
--- where a handler finds them as well. A userdata has no such table.
local M = {}

local METHODS = { "begin", "write", "prepare", "commit" }

---@class sluice.Guard  of one method
---@field private hear fun(method: string, err: any)
---@field private method string
---@field private is_judged boolean  the result of the current call has been judged
local Guard = {}
Guard.__index = Guard

--- Judge the results of a call, and pass them on.
function Guard:returned(ok, err, ...)
  if not ok then self.hear(self.method, err) end
  self.is_judged = true
  return ok, err, ...
end

--- A call that was not judged has raised. Its error propagates unchanged, with the
--- traceback of the place that raised it.
function Guard:__close(err)
  if not self.is_judged then self.hear(self.method, err) end
  self.is_judged = false
end

local function behind(guard, f)
  return function(...)
    local ending <close> = guard
    return ending:returned(f(...))
  end
end

---@class sluice.Guarded  a sink
---@field private sink table
---@field private own table<string, function?>     the original entries of the sink's table
---@field private methods table<string, function>  the guards that replace them
local Guarded = {}
Guarded.__index = Guarded

--- Restore the entries, except those that have been replaced since.
function Guarded:release()
  for name, method in pairs(self.methods) do
    if rawget(self.sink, name) == method then rawset(self.sink, name, self.own[name]) end
  end
  self.methods = {}
end

--- Guard a sink, unless it declares that it remembers failures itself.
---@param sink sluice.Sink
---@param hear fun(method: string, err: any)  called while a handler runs
---@return sluice.Guarded? guarded
function M.sink(sink, hear)
  if type(sink) ~= "table" or sink.remembers then return nil end
  local self = setmetatable({ sink = sink, own = {}, methods = {} }, Guarded)
  for _, name in ipairs(METHODS) do
    local guard = setmetatable({ hear = hear, method = name, is_judged = false }, Guard)
    self.own[name] = rawget(sink, name)
    self.methods[name] = behind(guard, sink[name])
    rawset(sink, name, self.methods[name])
  end
  return self
end

return M
