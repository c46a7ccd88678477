--- Rows as JSON lines in a file.
---
---     local jsonl = require "sluice.sink.jsonl"
---     sink = jsonl.file("rows.jsonl.gz")
---
--- Each row is the exact JSON text of its payload, on one line. The file
--- appears as a whole or not at all (internal/sink/durable_file.lua). If a file
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

--- The runtime passes rows to the taker directly; this is for other callers.
---@param row sluice.Row
function Jsonl:write(row)
  if not self.taker then error("write: the sink has not begun", 2) end
  return self.taker:row(row)
end

---@class sluice.sink.FileOptions
---@field append boolean?         keep the file's content and add to it
---@field gzip boolean|integer?   true, or a level from 1 to 9 (4); nil: if the name ends in .gz
---@field mode integer?           permissions; nil: unchanged, or for a new file what the umask allows

---@param path string
---@param options sluice.sink.FileOptions?
---@return sluice.Sink
function M.file(path, options)
  return durable_file.make(Jsonl, path, durable_file.read("jsonl.file", path, options, {}))
end

return core.members(M, "sluice.sink.jsonl")
