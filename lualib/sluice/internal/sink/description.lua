--- Sinks in policies and in runs.
---
--- The sink in a policy is a description; each run gets an instance with its own state. A handler
--- that calls the description (`out:write(row)`) reaches the instance of the run that called it:
--- simultaneous runs are nested, so that is the instance that began last. A caller that uses the
--- description by its contract uses an instance.
local M = {}

---@class sluice.sink.Description: sluice.Sink
---@field private template table            what each instance starts with
---@field private class table               metatable of the instances
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

--- An instance begins: from now on handlers reach it.
function own:begun(instance)
  table.insert(self.under_way, instance)
end

--- An instance has committed or rolled back.
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

--- Methods and fields of the current instance. A method taken from here may be wrapped by one of
--- the user's; it is then called with an instance.
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

--- Whether this is such a description, and of the class with that name.
---@param sink any
---@param class string?  "memory"
---@return boolean
function M.is(sink, class)
  local meta = type(sink) == "table" and getmetatable(sink)
  return type(meta) == "table" and meta.is_description == true and (class or meta.__name) == meta.__name
end

--- The class calls self.description:begun(self) in begin, and :ended(self) at the end.
---@param class table     metatable of the instances
---@param template table  their initial fields
---@return sluice.sink.Description
function M.of(class, template)
  setmetatable(template, class)
  return setmetatable({ class = class, template = template, under_way = {} }, {
    is_description = true, __index = index, __newindex = newindex, __name = class.__name, __tostring = show,
    __close = function(self) self:rollback() end,
  })
end

return M
