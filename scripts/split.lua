-- One file of JSON lines per stream: dir/STREAM.jsonl.
--
--   sluice run split --set dir=out -- ./scan.lua
--
-- Shows: a custom sink, made from others. Rows are tentative: they go to files beside
-- their targets, which are renamed once all of them can be, or removed.
local jsonl = require "sluice.sink.jsonl"

local set = require("sluice").options {
  dir = { default = ".", description = "the directory of the files" },
}

-- A stream may have any name; characters that could leave dir or upset a shell
-- are written as %2F and the like.
local function file_name(stream)
  local safe = stream:gsub("[^%w_.-]", function(c) return ("%%%02X"):format(c:byte()) end)
  return (safe:gsub("^%.", "%%2E")) .. ".jsonl"
end

local split = {}

function split:begin()
  self.files = {} -- by stream
  return true
end

function split:write(row)
  local file = self.files[row.stream]
  if not file then
    file = jsonl.file(set.dir .. "/" .. file_name(row.stream)):instance()
    local ok, err = file:begin()
    if not ok then return nil, err end
    self.files[row.stream] = file
  end
  return file:write(row)
end

local function all(method)
  return function(self)
    for _, file in pairs(self.files) do
      local ok, err = file[method](file)
      if not ok then return nil, err end
    end
    return true
  end
end

split.prepare, split.commit, split.rollback = all "prepare", all "commit", all "rollback"

return { sink = split }
