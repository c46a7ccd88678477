-- What people write without sluice: a loop over lines with cjson. The same file
-- for Lua 5.4 and LuaJIT.
--
--   lua5.4 loop.lua JOB FILE
local cjson = require "cjson"
local job, path = arg[1], arg[2]
local decode, write = cjson.decode, io.write

local jobs = {}

function jobs.filter()
  for line in io.lines(path) do
    local row = decode(line)
    if row.kind == "theorem" and row.line % 2 == 0 then write(line, "\n") end
  end
end

function jobs.pass()
  for line in io.lines(path) do
    decode(line)
    write(line, "\n")
  end
end

function jobs.policy()
  local counts = {}
  for line in io.lines(path) do
    local kind = decode(line).kind
    counts[kind] = (counts[kind] or 0) + 1
  end
  local kinds = {}
  for kind in pairs(counts) do kinds[#kinds + 1] = kind end
  table.sort(kinds)
  for _, kind in ipairs(kinds) do print(kind, counts[kind]) end
end

function jobs.large()
  for line in io.lines(path) do print(("%d"):format(decode(line).size)) end
end

io.stdout:setvbuf("full", 65536)
jobs[job]()
