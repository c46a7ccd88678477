--- Rows as JSON lines in a file.
---
---     local jsonl = require "sluice.sink.jsonl"
---     sink = jsonl.file("rows.jsonl.gz")
---
--- Each row is the exact JSON text of its payload, on one line. The file is
--- there as a whole or not at all (internal/sink/durable_file.lua). If a file
--- that is appended to does not end in a line break, one is written first.
local core = require "sluice.core"
local durable_file = require "sluice.internal.sink.durable_file"

local M = {}

local Jsonl = durable_file.class "jsonl.file"

function Jsonl:open(_, file)
  local old, err = file:old()
  if err then return nil, err end
  self.taker = file:writer()
  if old and not old.ends then return file:write "\n" end
  return true
end

--- The runtime gives rows to the taker without asking us; others may call this.
---@param row sluice.Row
function Jsonl:write(row)
  if not self.taker then error("write: the sink has not begun", 2) end
  return self.taker:row(row)
end

---@class sluice.sink.FileOptions
---@field append boolean?         to what the file has
---@field gzip boolean|integer?   true, or a level from 1 to 9 (4); nil: when the name ends in .gz
---@field mode integer?           permissions; nil: as they were, or what the umask allows

---@param path string
---@param options sluice.sink.FileOptions?
---@return sluice.Sink
function M.file(path, options)
  return durable_file.make(Jsonl, path, durable_file.read("jsonl.file", path, options, {}))
end

return core.members(M, "sluice.sink.jsonl")
