--- Documents of any size: the memory of the runner and of the host stays flat.
---
--- DOCUMENT_MIB sets the size; `make soak` uses 1,024.
local lfs = require "lfs"
local paths = require "support.paths"
local shell = require "support.shell"

local MIB = 1 << 20
local SIZE = (tonumber(os.getenv "DOCUMENT_MIB") or 64) * MIB
local ROW = '{"kind":"theorem","name":"of_14819496","tags":["a","b"],"at":{"line":134,"size":2065}}'

after_each(shell.forget)

--- A program that prints a document of about so many bytes: two arrays, generated on the fly.
local function document(bytes)
  local half = bytes // 2 // (#ROW + 1)
  local array = ("printf '['; yes '%s,' | head -n %d; printf '%s]'"):format(ROW, half, ROW)
  return { "sh", "-c", ([[printf '{"passed over":'; %s; printf ',"rows":'; %s; printf '}']]):format(array, array) }, half + 1
end

--- The peak memory of the runner and of the host, in bytes.
local function peaks(bytes)
  local command, count = document(bytes)
  local file = shell.file()
  local words = { paths.build .. "/bench/peak", file, paths.sluice, "filter", "at.line == 0", "--json", "--at", "/rows", "--timeout", "20m", "--" }
  local result = shell.run(table.move(command, 1, #command, #words + 1, words), { seconds = 1200 })
  assert.equal(0, result.status, result.err)
  local digits = tostring(count):reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", "")
  assert.matches(digits .. " rows in [^\n]+0 kept", result.err)
  local runner, host
  for line in io.lines(file) do
    local kib, exe, argument = line:match "^(%d+)%s+(%S+)%s*(%S*)"
    local is_sluice = exe and lfs.attributes(exe, "ino") == lfs.attributes(paths.sluice, "ino")
    if is_sluice and argument == "worker" then host = kib * 1024 end
    if is_sluice and argument ~= "worker" then runner = kib * 1024 end
  end
  return runner, host
end

describe("a document of many MiB", function()
  if paths.sanitized then return end -- tracing and checking for leaks exclude each other

  it("costs the runner and the host no more memory than a small one", function()
    local small_runner, small_host = peaks(4 * MIB)
    local runner, host = peaks(SIZE)
    assert.is_true(runner < small_runner + MIB, ("runner: %d, %d"):format(small_runner, runner))
    assert.is_true(host < small_host + MIB, ("host: %d, %d"):format(small_host, host))
    assert.is_true(host < 16 * MIB, host)
  end)
end)
