--- Shared by sinks that write files: a durable file (core.file), begun,
--- prepared, committed and rolled back as sink.meta.lua requires.
---
--- At any time the target is either the old file or the complete new one, whatever
--- ends the process: rows go to a temporary file beside it, which is synced by
--- prepare and renamed at commit. Appending does the same with a copy of the old
--- file, so it costs one read of that, and hard links keep the old content. Two
--- runs cannot write one target at the same time.
local check = require "sluice.internal.check"
local core = require "sluice.core"
local description = require "sluice.internal.sink.description"

local M = {}

---@class sluice.sink.Durable: sluice.Sink
---@field path string
---@field private options table
---@field private file sluice.core.File?   between begin and the end
---@field protected writing boolean?         between begin and prepare
---@field private prepared boolean?          between prepare and the end
---@field protected failure sluice.Error?    of a row; prevents a commit
---@field protected open fun(self, context: sluice.SinkContext, file: sluice.core.File): true?, sluice.Error?

local function read_gzip(value)
  if type(value) == "boolean" or math.type(value) == "integer" and value >= 1 and value <= 9 then return value end
  return nil, "true, false, or a level from 1 to 9"
end

local function read_mode(value)
  if math.type(value) == "integer" and value > 0 and value <= 511 then return value end
  return nil, "file permissions such as tonumber('640', 8)"
end

--- Options common to all such sinks.
local SHARED = { append = check.boolean, gzip = read_gzip, mode = read_mode }

--- Read the constructor's options, or raise at the caller's line.
---@param what string          "csv.file"
---@param own table<string, sluice.Reader>
function M.read(what, path, options, own)
  if type(path) ~= "string" or path == "" or path:find("\0", 1, true) then
    error(("%s: expected the name of a file, got %s"):format(what, check.show(path)), 3)
  end
  for name, reader in pairs(SHARED) do own[name] = reader end
  local read = check.options(what, options, own, 3)
  if read.gzip == nil then read.gzip = path:find("%.gz$") ~= nil end
  return read
end

local Durable = {}

function Durable:begin(context)
  if self.file then error("begin: the sink is already writing", 2) end
  local options = self.options
  local file, err = core.file { path = self.path, append = options.append, gzip = options.gzip, mode = options.mode }
  if not file then return nil, err end
  self.file = file
  self.description:begun(self)
  local ok
  ok, err = self:open(context or {}, file)
  self.writing = ok
  if ok then return true end
  self:rollback()
  return nil, err
end

function Durable:prepare()
  if not self.writing then error("prepare: the sink has not begun", 2) end
  self.taker, self.writing = nil, nil
  if self.failure then return nil, self.failure end
  local ok, err = self.file:prepare()
  self.prepared = ok
  return ok, err
end

function Durable:commit()
  if not self.prepared then error("commit: the sink is not prepared", 2) end
  local ok, err = self.file:commit()
  if not ok then return nil, err end
  self.file, self.prepared = nil, nil
  self.description:ended(self)
  return true
end

function Durable:rollback()
  local file = self.file
  self.file, self.taker, self.writing, self.prepared, self.failure = nil, nil, nil, nil, nil
  self.description:ended(self)
  if file then return file:rollback() end
  return true
end

function Durable:__tostring() return ("%s(%s)"):format(getmetatable(self).__name, self.path) end

--- A sink of the given class.
---@return sluice.sink.Description
function M.make(class, path, options)
  return description.of(class, { path = path, options = options })
end

--- A class of such sinks; open() and write() must be added.
function M.class(name)
  local class = { __name = name }
  for key, value in pairs(Durable) do class[key] = value end
  class.__index = class
  return class
end

return M
