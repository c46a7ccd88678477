--- Saves and restores the state that a run could change in its program: the module
--- search paths, modules loaded from beside the policy, globals of its file, options
--- that were given, and the destination of output.
local lists = require "sluice.internal.lists"
local policy_options = require "sluice.internal.policy_options"
local standard_output = require "sluice.internal.standard_output"

---@class sluice.test.Surroundings
---@field private restore (fun())[]   in reverse order
---@field private texts string[]      what was printed
local Surroundings = { __name = "the surroundings of a policy" }
Surroundings.__index = Surroundings

local M = {}

--- Set a field of a table until the end.
local function replace(self, t, key, value)
  local own = t[key]
  t[key] = value
  table.insert(self.restore, function() t[key] = own end)
end

local function keep_globals(self)
  local own = lists.joined(_G, {})
  table.insert(self.restore, function()
    for name in pairs(_G) do
      if own[name] == nil then _G[name] = nil end
    end
    for name, value in pairs(own) do _G[name] = value end
  end)
end

--- At the end, unload modules from this directory that were not loaded before.
local function keep_modules(self, dir)
  local own = lists.joined(package.loaded, {})
  local path, cpath = package.path, package.cpath
  local beside, beside_c = ("%s?.lua;%s?/init.lua"):format(dir, dir), dir .. "?.so"
  table.insert(self.restore, function()
    package.path, package.cpath = path, cpath
    for name in pairs(package.loaded) do
      local is_new = own[name] == nil
      if is_new and (package.searchpath(name, beside) or package.searchpath(name, beside_c)) then
        package.loaded[name] = nil
      end
    end
  end)
end

--- Check and collect texts as io.write does.
local function add(self, ...)
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    if type(value) ~= "string" and type(value) ~= "number" then
      error(("bad argument #%d to 'write' (string expected, got %s)"):format(i, type(value)), 3)
    end
    table.insert(self.texts, tostring(value))
  end
  return io.stdout
end

local function capture(self)
  local methods = getmetatable(io.stdout).__index
  local write, write_to = io.write, methods.write
  replace(self, _G, "print", function(...)
    local texts = table.pack(...)
    for i = 1, texts.n do texts[i] = tostring(texts[i]) end
    table.insert(self.texts, table.concat(texts, "\t") .. "\n")
  end)
  replace(self, io, "write", function(...)
    if io.output() ~= io.stdout then return write(...) end
    return add(self, ...)
  end)
  replace(self, methods, "write", function(file, ...)
    if file ~= io.stdout then return write_to(file, ...) end
    return add(self, ...)
  end)
  local before = standard_output.capture(self.texts)
  table.insert(self.restore, function() standard_output.capture(before) end)
end

--- Begin. The result must be closed.
---@param path string?    of a policy file
---@param given { name: string, value: string }[]  its options
---@return sluice.test.Surroundings
function M.enter(path, given)
  local self = setmetatable({ restore = {}, texts = {} }, Surroundings)
  if path then
    keep_globals(self)
    keep_modules(self, path:match "^.*/" or "./")
  end
  policy_options.give(given)
  table.insert(self.restore, function() policy_options.give {} end)
  capture(self)
  return self
end

--- Add something else to do at the end.
---@param f fun()
function Surroundings:finally(f) table.insert(self.restore, f) end

---@return string text  what was printed so far
function Surroundings:printed() return table.concat(self.texts) end

function Surroundings:__close()
  for i = #self.restore, 1, -1 do self.restore[i]() end
  self.restore = {}
end

return M
