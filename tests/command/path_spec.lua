--- Programs in PATH: whoever starts them, the same one is started, and the
--- same error is reported if none can be.
local paths = require "support.paths"
local shell = require "support.shell"

local NAME = "sluice-test-program"
local MISSING = "#!/nonexistent/interpreter\n"

after_each(shell.forget)

--- A directory with a file of this name.
local function with(text, mode)
  local directory = shell.directory()
  local file = directory .. "/" .. NAME
  shell.write(file, text)
  assert(os.execute(("chmod %s %s"):format(mode or "755", paths.quote(file))))
  return directory
end

--- An element of PATH that is a file.
local function file() return shell.file "" end

local function unknown_format() return with "echo 1\n" end
local function no_interpreter() return with(MISSING) end
local function not_executable() return with("#!/bin/sh\n", "644") end

local COUNT = { "--export", "count", "--request", "2" }

local ways = {
  ["as a worker"] = {
    words = { "filter", "true", table.unpack(COUNT) },
    good = paths.program "workers/wellbehaved",
    out = '{"i":1}\n{"i":2}\n',
  },
  ["as a command with --lines"] = {
    words = { "filter", "--lines", "true" },
    good = paths.file "workers/prints_json_lines",
    out = '{"n":1}\n{"n":2}\n',
  },
  ["as a worker behind a launcher"] = {
    words = { "filter", "--via", "/usr/bin/env", "--remote", paths.sluice, "true", table.unpack(COUNT) },
    good = paths.program "workers/wellbehaved",
    out = '{"i":1}\n{"i":2}\n',
  },
}

for name, way in pairs(ways) do
  describe("a program in PATH, started " .. name, function()
    local function good()
      local directory = shell.directory()
      assert(os.execute(("ln -s %s %s"):format(paths.quote(way.good), paths.quote(directory .. "/" .. NAME))))
      return directory
    end

    local function run(elements, options)
      local words = {}
      for _, list in ipairs { way.words, options or {}, { "--", NAME } } do table.move(list, 1, #list, #words + 1, words) end
      elements[#elements + 1] = "/usr/bin:/bin" -- for everything else that is started
      return shell.sluice(words, { env = { PATH = table.concat(elements, ":") } })
    end

    local function started(elements, options)
      local result = run(elements, options)
      assert.equal(0, result.status, result.err)
      assert.equal(way.out, result.out)
    end

    local function refused(status, why, elements)
      local result = run(elements)
      assert.equal(("sluice: spawn: cannot start %s%s\n"):format(NAME, why), result.err)
      assert.equal(status, result.status)
    end

    it("is found after a file that is not executable", function()
      started { not_executable(), good() }
    end)

    it("is found after a script whose interpreter is missing", function()
      started { no_interpreter(), good() }
    end)

    it("is found after elements that are not directories or do not exist", function()
      started { file(), "/nonexistent", good() }
    end)

    it("is refused if a file of unknown format comes first (126)", function()
      refused(126, ": Exec format error (neither an executable for this machine nor a script with a #! line)",
        { unknown_format(), good() })
    end)

    it("is refused if an element is too long for a path (126)", function()
      refused(126, ": File name too long", { "/" .. ("x"):rep(4096), good() })
    end)

    it("that is not executable is distinguished from a missing one (126)", function()
      refused(126, ": Permission denied", { "/nonexistent", not_executable(), file(), "/nonexistent" })
    end)

    it("whose interpreter is missing is distinguished from a missing one (126)", function()
      refused(126, ", the interpreter named in its first line: No such file or directory",
        { file(), no_interpreter(), "/nonexistent" })
    end)

    it("is refused for the first of several reasons (126)", function()
      refused(126, ": Permission denied", { not_executable(), no_interpreter(), unknown_format() })
      refused(126, ", the interpreter named in its first line: No such file or directory",
        { no_interpreter(), not_executable() })
    end)

    it("that does not exist is not found (127)", function()
      refused(127, ": No such file or directory", { file(), "/nonexistent", "" })
    end)

    it("is looked up relative to its own directory if an element is relative or empty", function()
      local directory = good()
      started({ "." }, { "--cwd", directory })
      started({ "/nonexistent", "", "/nonexistent" }, { "--cwd", directory })
      started({ directory:match "[^/]*$" }, { "--cwd", directory .. "/.." })
    end)
  end)
end

describe("a program", function()
  it("is looked up in the system's directories if PATH is unset", function()
    local result = shell.sluice({ "filter", "--lines", "true", "--", "seq", "2" }, { env = { PATH = false } })
    assert.equal("1\n2\n", result.out, result.err)
  end)

  it("whose path leads through a file is refused, however it is started (126)", function()
    local path = file() .. "/program"
    for _, option in ipairs { "--quiet", "--lines" } do
      local result = shell.sluice { "filter", option, "true", "--", path }
      assert.equal(("sluice: spawn: cannot start %s: Not a directory\n"):format(path), result.err)
      assert.equal(126, result.status)
    end
  end)

  it("with a name too long to be shown in full is refused with the reason, however it is started (126)", function()
    for _, option in ipairs { "--quiet", "--lines" } do
      local result = shell.sluice { "filter", option, "true", "--", ("x"):rep(1000) }
      assert.matches("^sluice: spawn: cannot start x+…: File name too long\n$", result.err)
      assert.equal(126, result.status)
    end
  end)
end)
