--- Appending to files so long that reading them takes longer than a handler may.
local lfs = require "lfs"
local paths = require "support.paths"
local shell = require "support.shell"

local GIB = 1 << 30
local dir

before_each(function() dir = shell.directory() end)
after_each(shell.forget)

local function path(name) return dir .. "/" .. name end

local POLICY = [[
local path, columns = ...
require("sluice.core").limits { handler_ms = 40 }
local csv, jsonl = require "sluice.sink.csv", require "sluice.sink.jsonl"
if columns then return { sink = csv.file(path, { append = true, columns = { columns } }) } end
return { sink = jsonl.file(path, { append = true }) }]]

local function words(...)
  local list = { "run", "--lines", "--quiet" }
  for _, word in ipairs { ... } do
    list[#list + 1] = "--arg"
    list[#list + 1] = word
  end
  return table.move({ shell.file(POLICY, "policy.lua"), "--", "echo", '{"b":1}' }, 1, 4, #list + 1, list)
end

local function appends(...)
  local result = shell.sluice(words(...), { seconds = 120 }) -- it reads 5 GiB
  assert.equal(0, result.status, result.err)
end

--- A file of so many bytes, mostly holes.
local function sparse(name, first, size, last)
  local file = assert(io.open(path(name), "wb"))
  file:write(first)
  file:seek("set", size - #last)
  file:write(last)
  file:close()
  return path(name)
end

local function tail(name, length)
  local file <close> = assert(io.open(path(name), "rb"))
  file:seek("end", -length)
  return file:read "a"
end

local function assert_sparse(name, size)
  assert.equal(size, lfs.attributes(path(name), "size"))
  assert.is_true(lfs.attributes(path(name), "blocks") * 512 < 1 << 20)
end

--- A gzip file that contains so many times 64 MiB, and a final line.
local function compressed(name, times)
  assert(os.execute(("cd %s && head -c 64M /dev/zero | gzip -1 >part && for i in $(seq %d); do cat part; done >%s && rm part")
    :format(dir, times, name)))
  return path(name)
end

describe("a file of several GiB", function()
  it("is appended to, and keeps its holes", function()
    appends(sparse("a.jsonl", '{"a":0}\n', 5 * GIB, '\n{"a":1}\n'))
    assert_sparse("a.jsonl", 5 * GIB + 8)
    assert.equal('\n{"a":1}\n{"b":1}\n', tail("a.jsonl", 17))
    local file <close> = assert(io.open(path "a.jsonl"))
    assert.equal('{"a":0}', file:read "l")
  end)

  it("has its last line terminated first", function()
    appends(sparse("a.jsonl", "", 5 * GIB, '\n{"a":'))
    assert.equal('\n{"a":\n{"b":1}\n', tail("a.jsonl", 15))
    assert_sparse("a.jsonl", 5 * GIB + 9)
  end)

  it("may end in a hole", function()
    local file = sparse("a.jsonl", "x\n", 5 * GIB, "")
    assert(os.execute("truncate -s 5G " .. file))
    appends(file)
    assert.equal('\0\n{"b":1}\n', tail("a.jsonl", 10))
  end)

  it("is appended to as CSV, with the same header", function()
    appends(sparse("a.csv", "b\n", 9 * GIB // 4, "\n7\n"), "b") -- it is read as a whole
    assert.equal("\n7\n1\n", tail("a.csv", 5))
  end)

  it("is left alone if its header differs", function()
    local file = sparse("a.csv", "c\n", 5 * GIB, "\n7\n")
    local result = shell.sluice(words(file, "b"), { seconds = 120 })
    assert.equal(4, result.status)
    assert.matches("its first line is not b", result.err)
    assert_sparse("a.csv", 5 * GIB)
    assert.same({ "a.csv" }, shell.list(dir))
  end)
end)

describe("a long gzip file", function()
  it("is read to its end, however long that takes", function()
    appends(compressed("a.gz", 2))
    local pipe = assert(io.popen("gzip -dc " .. paths.quote(path "a.gz") .. " | tail -c 10 | od -An -c"))
    assert.equal(' \\0 \\n { " b " : 1 } \\n', (pipe:read "a":gsub("%s+", " "):gsub(" $", "")))
    pipe:close()
  end)

  it("can be interrupted", function()
    local file = compressed("a.gz", 200)
    local size = lfs.attributes(file, "size")
    local process = shell.start_sluice(words(file))
    shell.wait("the temporary file", function() return #shell.list(dir) == 2 end)
    process:signal "INT"
    local result = process:finish()
    assert.equal(130, result.status, result.err)
    assert.matches("^sluice: cancelled: interrupted by SIGINT while reading " .. file, result.err)
    assert.same({ "a.gz" }, shell.list(dir))
    assert.equal(size, lfs.attributes(file, "size"))
  end)
end)
