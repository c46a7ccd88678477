--- sluice run NAME: ready scripts, which are built into the command.
local lfs = require "lfs"
local paths = require "support.paths"
local shell = require "support.shell"

local counts = paths.file "workers/counts.lua"
local INTERLEAVE = { "--export", "interleave", "--", counts }

local function run(words, options)
  table.insert(words, 1, "run")
  return shell.sluice(words, options)
end

local function refused(message, words, options)
  local result = run(words, options)
  assert.equal(("sluice: usage: %s\ntry: sluice run --help\n"):format(message), result.err)
  assert.equal("", result.out)
  assert.equal(2, result.status)
end

--- The names of the files in scripts/, in order.
local function names_of_files()
  local names = {}
  for name in lfs.dir(paths.root .. "/scripts") do names[#names + 1] = name:match "^(.*)%.lua$" end
  table.sort(names)
  return names
end

describe("a ready script", function()
  after_each(shell.forget)

  it("is run by its name, from any directory", function()
    local dir = shell.directory()
    local result = run({ "count", table.unpack(INTERLEAVE) }, { cwd = dir })
    assert.equal(0, result.status, result.err)
    assert.matches("4 rows +4 bytes  in total\n$", result.out)
  end)

  it("reads files, and is not a file itself", function()
    local dir = shell.directory()
    shell.write(dir .. "/jsonl", "return 5")
    shell.write(dir .. "/rows.jsonl", "1\n2\n")
    assert.equal("1\n2\n", run({ "jsonl", "rows.jsonl" }, { cwd = dir }).out)
  end)

  it("does not find modules in the current directory", function()
    local dir = shell.directory()
    shell.write(dir .. "/schema.lua", 'local s = require "sluice.schema" require "beside" return s.record { i = s.integer }')
    shell.write(dir .. "/beside.lua", 'print "run unasked"')
    local result = run({ "validate", "--set", "schema=schema.lua", "--export", "interleave", "--", counts }, { cwd = dir })
    assert.matches("module 'beside' not found", result.err)
    assert.equal("", result.out)
  end)

  it("lists its options in --help, at any position", function()
    local expected = run({ paths.root .. "/scripts/sqlite.lua", "--help" }).out
    assert.matches("Options of this policy %(%-%-set NAME=VALUE%):\n +columns ", expected)
    for _, words in ipairs { { "sqlite", "--help" }, { "--help", "sqlite" }, { "--lines", "sqlite", "-h" }, { "--export", "count", "sqlite", "--set", "-h" } } do
      assert.equal(expected, run(words).out)
    end
    assert.is_nil(run({ "--export", "sqlite", "--help" }).out:find("Options of this policy", 1, true))
  end)

  it("is named as it was given, in errors and in the pointer to help", function()
    local result = run { "head", "--set", "cuont=2", table.unpack(INTERLEAVE) }
    assert.equal("sluice: usage: --set cuont: the policy has no such option; did you mean count? (in head)\ntry: sluice run head --help\n", result.err)
    assert.equal(2, result.status)
  end)

  it("reports its line when it fails", function()
    local result = run { "csv", "--set", "columns=a", "--set", "file=/nonexistent/x.csv", "--set", "null=a,b", table.unpack(INTERLEAVE) }
    assert.equal(4, result.status)
    assert.matches("^sluice: policy: scripts/csv.lua:%d+: csv.file: null: the text contains the delimiter %(in csv%)\n", result.err)
  end)

  it("that does not exist is wrong usage, with a suggestion or the list of all", function()
    refused("sqlte: no ready script has this name; did you mean sqlite?", { "sqlte", table.unpack(INTERLEAVE) })
    refused("index: no ready script has this name; the ready scripts are " .. table.concat(names_of_files(), ", "), { "index" })
  end)

  it("that does not exist, but is a file here, is reported with the file's path", function()
    local dir = shell.directory()
    shell.write(dir .. "/index", "return {}")
    shell.write(dir .. "/heap.lua", "return {}")
    lfs.mkdir(dir .. "/nothing_like_it")
    refused("index: no ready script has this name; for the file, write ./index", { "index" }, { cwd = dir })
    refused("heap: no ready script has this name; for the file, write heap.lua; did you mean head?", { "heap" }, { cwd = dir })
    refused("nothing_like_it: no ready script has this name; the ready scripts are " .. table.concat(names_of_files(), ", "),
      { "nothing_like_it" }, { cwd = dir })
  end)
end)

describe("a file", function()
  after_each(shell.forget)

  it("is any word with a slash or the ending .lua", function()
    local dir = shell.directory()
    shell.write(dir .. "/count", "return { on_row = function() end, on_summary = function() print 'the file' end }")
    assert(os.execute(("cp %s/count %s/count.lua"):format(dir, dir)))
    for _, name in ipairs { "./count", "count.lua", dir .. "/count" } do
      assert.equal("the file\n", run({ name, table.unpack(INTERLEAVE) }, { cwd = dir }).out)
    end
    assert.equal("the file\n", run({ "/dev/stdin", table.unpack(INTERLEAVE) }, { input = shell.read(dir .. "/count") }).out)
  end)

  it("that does not exist is reported as a policy that cannot be read", function()
    assert.matches("^sluice: usage: cannot read the policy count.lua: No such file or directory\n",
      run({ "count.lua" }, { cwd = shell.directory() }).err)
    assert.matches("^sluice: usage: cannot read the policy %-: No such file or directory\n", run({ "-", table.unpack(INTERLEAVE) }).err)
  end)
end)

describe("--list", function()
  after_each(shell.forget)

  it("shows every file of scripts/ with its first line", function()
    local lines = {}
    for _, name in ipairs(names_of_files()) do
      local about = shell.read(("%s/scripts/%s.lua"):format(paths.root, name)):match "^%-%- ([^\n]+)\n"
      lines[#lines + 1] = ("%-8s  %s\n"):format(name, about)
    end
    local result = run { "--list" }
    assert.equal(table.concat(lines), result.out)
    assert.equal("", result.err)
    assert.equal(0, result.status)
  end)

  it("must be given alone", function()
    for _, words in ipairs { { "count" }, { "-q" }, { "--set", "a=b" }, { "count", "rows.jsonl" }, { "--", counts } } do
      refused("--list must be alone, because it runs nothing", { "--list", table.unpack(words) })
    end
  end)

  it("fails if its output cannot be written", function()
    local result = run({ "--list" }, { redirect = ">/dev/full" })
    assert.equal("sluice: sink: cannot write to standard output: No space left on device\n", result.err)
    assert.equal(4, result.status)
  end)
end)
