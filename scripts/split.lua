-- One file of JSON lines per stream: dir/STREAM.jsonl.
--
--   sluice run scripts/split.lua --set dir=out -- ./scan.lua
--
-- Shows: rows are tentative. They go to files beside their targets, which take
-- their names in on_summary and vanish in on_failure.
local set = require("sluice").options {
  dir = { default = ".", description = "where the files go" },
}

local files = {} -- stream -> { path =, temporary =, handle = }

-- A stream may be called anything; what could leave dir or upset a shell is
-- written as %2F and the like.
local function file_name(stream)
  local safe = stream:gsub("[^%w_.-]", function(c) return ("%%%02X"):format(c:byte()) end)
  return (safe:gsub("^%.", "%%2E")) .. ".jsonl"
end

local function open(stream)
  local path = set.dir .. "/" .. file_name(stream)
  local temporary = path .. ".part"
  local file = { path = path, temporary = temporary, handle = assert(io.open(temporary, "w")) }
  files[stream] = file
  return file
end

local function discard()
  for _, file in pairs(files) do
    if io.type(file.handle) == "file" then file.handle:close() end
    os.remove(file.temporary)
  end
end

-- A full disk may show only here: nothing is renamed before all are closed.
local function commit()
  for _, file in pairs(files) do assert(file.handle:close()) end
  for _, file in pairs(files) do assert(os.rename(file.temporary, file.path)) end
end

return {
  on_row = function(row)
    local file = files[row.stream] or open(row.stream)
    assert(file.handle:write(tostring(row), "\n"))
  end,

  on_summary = function()
    local ok, err = pcall(commit)
    if ok then return end
    discard()
    error(err, 0)
  end,

  on_failure = discard,
}
