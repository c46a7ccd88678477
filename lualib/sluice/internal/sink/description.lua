--- Sinks as policies have them, and as runs do.
---
--- What stands in a policy describes a sink; each run gets an instance, with a state of its own.
--- A handler that calls the description (`out:write(row)`) means the instance of the run that it
--- is called in: runs that are under way at the same time began one within the other, so that is
--- the one that began last. Whoever drives the description by its contract drives an instance.
local M = {}

---@class sluice.sink.Description: sluice.Sink
---@field private template table            what each instance begins with
---@field private class table               their metatable
---@field private under_way sluice.Sink[]   begun, and neither committed nor rolled back

local own = {}

--- A sink for one run.
---@return sluice.Sink
function own:instance()
  local instance = {}
  for key, value in pairs(self.template) do instance[key] = value end
  instance.description = self
  return setmetatable(instance, self.class)
end

--- An instance begins: it is what handlers mean from now on.
function own:begun(instance)
  table.insert(self.under_way, instance)
end

--- It has committed or rolled back.
function own:ended(instance)
  for i = #self.under_way, 1, -1 do
    if self.under_way[i] == instance then table.remove(self.under_way, i) end
  end
end

function own:begin(...)
  return self:instance():begin(...)
end

local function current(self)
  return self.under_way[#self.under_way]
end

--- Of the instance that is under way: its methods, and its fields. A method may have been taken from
--- here to stand behind one of the user's: then it is called with an instance.
local function index(self, key)
  if own[key] then return own[key] end
  local value = (current(self) or self.template)[key]
  if type(value) ~= "function" then return value end
  return function(this, ...)
    local instance = current(self)
    if this ~= self then return value(this, ...) end
    if not instance and key == "rollback" then return true end -- there is nothing to undo
    return value(instance or self.template, ...)
  end
end

local function newindex(self, key, value)
  (current(self) or self.template)[key] = value
end

local function show(self)
  return tostring(setmetatable(self.template, self.class))
end

--- Whether this is one of ours, and of the class of that name.
---@param sink any
---@param class string?  "memory"
---@return boolean
function M.is(sink, class)
  local meta = type(sink) == "table" and getmetatable(sink)
  return type(meta) == "table" and meta.is_description == true and (class or meta.__name) == meta.__name
end

--- The class calls self.description:begun(self) in begin, and :ended(self) at the end.
---@param class table     metatable of the instances
---@param template table  their fields in the beginning
---@return sluice.sink.Description
function M.of(class, template)
  setmetatable(template, class)
  return setmetatable({ class = class, template = template, under_way = {} }, {
    is_description = true, __index = index, __newindex = newindex, __name = class.__name, __tostring = show,
    __close = function(self) self:rollback() end,
  })
end

return M
