--- --summary FILE: after a run the file contains the summary of that run, and it is written
--- where the path leads.
local json = require "sluice.json"
local lfs = require "lfs"
local paths = require "support.paths"
local shell = require "support.shell"

local OLD = '{"success":true,"old":1}\n'
local TAKE = "return { on_row = function() end }"

after_each(shell.forget)

--- The words of a run whose summary goes to `path`.
local function words_for(path, ...)
  local worker = select("#", ...) > 0 and { ... } or { paths.file "workers/counts.lua" }
  local words = { paths.sluice, "run", "--quiet", "--export", "nothing", "--summary", path, shell.file(TAKE, "p.lua"), "--" }
  return shell.line(table.move(worker, 1, #worker, #words + 1, words))
end

--- A run that has no room for its summary; returns its status and its messages.
local function without_room(...)
  local script = "{ (ulimit -f 0; %s); echo status $?; } 2>&1 | cat >&3"
  local said = shell.file()
  assert.equal(0, shell.run({ "sh", "-c", ("exec 3>%s; "):format(said) .. script:format(words_for(...)) }).status)
  local text = shell.read(said)
  return tonumber(text:match "status (%d+)"), text
end

describe("a summary that cannot be rewritten", function()
  it("is reported, is not a success, and removes the older one", function()
    local dir = shell.directory()
    shell.write(dir .. "/s.json", OLD)
    local status, said = without_room(dir .. "/s.json")
    assert.equal(4, status)
    assert.matches("^sluice: sink: cannot write the summary [^\n]*s.json: File too large\n", said)
    assert.same({}, shell.list(dir))
  end)

  it("is reported together with another failure, and removes the older one", function()
    local dir = shell.directory()
    shell.write(dir .. "/s.json", OLD)
    local status, said = without_room(dir .. "/s.json", "nosuch\xe9")
    assert.equal(127, status)
    assert.matches("sluice: cannot write the summary [^\n]*: File too large\n", said)
    assert.matches("sluice: spawn: cannot start nosuch\\xe9", said)
    assert.same({}, shell.list(dir))
  end)

  it("leaves nothing behind a link, which is kept", function()
    local dir = shell.directory()
    shell.write(dir .. "/s.json", OLD)
    assert(lfs.link("s.json", dir .. "/link", true))
    assert.equal(4, (without_room(dir .. "/link")))
    assert.equal("", shell.read(dir .. "/s.json"))
    assert.equal("link", lfs.symlinkattributes(dir .. "/link", "mode"))
  end)
end)

describe("an older summary", function()
  it("does not outlive wrong usage", function()
    local file = shell.file(OLD)
    local result = shell.sluice { "run", "--summary", file, shell.file(TAKE, "p.lua") }
    assert.equal(2, result.status)
    assert.is_nil(shell.read(file))
  end)

  it("does not outlive an internal error of the command", function()
    local file = shell.file(OLD)
    local breaks = "debug.getmetatable('').__index = nil " .. TAKE -- string methods, which the command uses
    local result = shell.sluice { "run", "--summary", file, shell.file(breaks, "p.lua"), "--", paths.file "workers/counts.lua" }
    assert.equal(4, result.status)
    assert.matches("^sluice: internal error: ", result.err)
    assert.is_nil(shell.read(file))
  end)
end)

describe("the temporary file of a summary", function()
  it("is removed by the next run if a killed run has left it", function()
    local dir = shell.directory()
    shell.write(dir .. "/.s.json.sluice-AbCdEf", "left")
    shell.write(dir .. "/.other.json.sluice-AbCdEf", "of another file")
    assert.equal(0, shell.run(words_for(dir .. "/s.json")).status)
    assert.same({ ".other.json.sluice-AbCdEf", "s.json" }, shell.list(dir))
  end)

  it("never replaces another user's file", function()
    local dir = shell.directory()
    local precious = shell.file "precious"
    assert(lfs.link(precious, dir .. "/.s.json.sluice-AbCdEf", true))
    assert.equal(0, shell.run(words_for(dir .. "/s.json")).status)
    assert.equal("precious", shell.read(precious))
  end)
end)

describe("--summary to a file that is not regular", function()
  local function written(path, redirect)
    local file = shell.file()
    local result = shell.run { "sh", "-c", ("{ echo before >&9; %s; status=$?; echo after >&9; exit $status; } 9>%s %s")
      :format(words_for(path), file, redirect or "") }
    assert.equal(0, result.status, result.err)
    return result, shell.read(file)
  end

  it("writes where the descriptor stands, in order", function()
    local dir = shell.directory()
    assert(lfs.link("/dev/fd/9", dir .. "/link", true))
    for _, path in ipairs { "/dev/fd/9", "/proc/self/fd/9", dir .. "/link" } do
      local _, text = written(path)
      local said = text:match "^before\n({[^\n]*})\nafter\n$"
      assert.is_true(json.decode(said).success, text)
    end
    assert.same({ "link" }, shell.list(dir))
  end)

  it("writes to standard error and output", function()
    assert.matches('^{"success":true,[^\n]*}\n$', written("/dev/stderr").err)
    assert.matches('^{"success":true,[^\n]*}\n$', written("/dev/stdout").out)
    local _, text = written("/dev/stderr", "2>&9")
    assert.matches('^before\n{"success":true,[^\n]*}\nafter\n$', text)
  end)

  it("writes into a pipe that is known by its descriptor", function()
    local script = ("{ %s 3>&1 >&2; } | cat"):format(words_for "/dev/fd/3")
    assert.matches('^{"success":true,[^\n]*}\n$', shell.run({ "sh", "-c", script }).out)
  end)

  it("is refused before the run if nothing can be written", function()
    for _, redirect in ipairs { "9<&-", "9</dev/null" } do
      local result = shell.run { "sh", "-c", ("exec %s %s"):format(words_for "/dev/fd/9", redirect) }
      assert.equal(2, result.status)
      assert.matches("^sluice: usage: %-%-summary: cannot write /dev/fd/9: it is not open for writing\n", result.err)
    end
  end)
end)
