--- Programs without knowledge of sluice, as workers and as launchers.
local json = require "sluice.json"
local paths = require "support.paths"
local shell = require "support.shell"

local counts = paths.file "workers/counts.lua"

after_each(shell.forget)

--- The rows that sluice filter prints.
local function filter(options, options_of_run)
  local result = shell.sluice({ "filter", table.unpack(options) }, options_of_run)
  assert.equal(0, result.status, result.err)
  local rows = {}
  for line in result.out:gmatch("[^\n]+") do rows[#rows + 1] = json.decode(line) end
  return rows, result
end

local function repository()
  local directory = shell.directory()
  local git = "git -c user.name=A -c user.email=a@example.org -c init.defaultBranch=main -C " .. directory
  assert(os.execute(("%s init -q && %s commit -q --allow-empty -m one && %s commit -q --allow-empty -m 'two \"quoted\"'")
    :format(git, git, git)))
  return directory
end

describe("with --lines, the rows are those of", function()
  it("rg --json", function()
    local directory = shell.directory()
    shell.write(directory .. "/a.txt", "needle\nhay\nneedle and hay\n")
    local rows = filter { "--lines", 'type == "match"', "--map", "data.line_number", "--", "rg", "--json", "needle", directory }
    assert.same({ 1, 3 }, rows)
  end)

  it("jq -c", function()
    local file = shell.file '[{"a":1},{"a":2},{"a":3}]'
    assert.same({ { a = 2 }, { a = 3 } }, (filter { "--lines", "a > 1", "--", "jq", "-c", ".[]", file }))
  end)

  it("python3 that prints JSON, as they arrive", function()
    local process = shell.start_sluice { "filter", "--lines", "n > 0", "--", "python3", "-u", "-c",
      "import json, time\nfor n in range(3): print(json.dumps({'n': n}))\ntime.sleep(60)" }
    process:await('^{"n": 1}\n{"n": 2}\n$')
    process:signal "TERM"
    assert.equal(143, process:finish().status)
  end)

  it("git log, quoted by git itself", function()
    local rows = filter({ "--lines", "true", "--", "git", "log", "--format=%x22%h%x22" }, { cwd = repository() })
    assert.equal(2, #rows)
  end)

  it("git log that prints a subject with quotes is refused with its line and text", function()
    local result = shell.sluice({ "filter", "--lines", "true", "--", "git", "log", '--format={"subject":"%s"}' }, { cwd = repository() })
    assert.equal(3, result.status)
    assert.matches("^sluice: row_malformed: line 1: ", result.err)
    assert.matches('{"subject":"two "quoted""}', result.err, 1, true)
  end)

  it("a shell pipeline", function()
    assert.same({ 1, 2 }, (filter { "--lines", "true", "--", "sh", "-c", "printf '2\\n1\\n' | sort" }))
  end)
end)

describe("an exit status of a program", function()
  it("that means `nothing found` is a failure that reports it", function()
    local result = shell.sluice { "filter", "--lines", "true", "--", "rg", "--json", "no such text anywhere", shell.file "x" }
    assert.equal(1, result.status)
    assert.matches('sluice: export_failed: the command "rg" exited with status 1', result.err)
  end)

  it("comes with the program's error message", function()
    local result = shell.sluice { "filter", "--lines", "true", "--", "jq", "-c", ".", "/nonexistent" }
    assert.equal(1, result.status)
    assert.matches("worker.stderr: jq: [^\n]*/nonexistent[^\n]*\nsluice: export_failed: ", result.err)
  end)
end)

describe("a worker starts behind the launcher", function()
  local ssh = "shift; exec sh -c \"$*\"" -- what sshd does with the words

  for name, launcher in pairs {
    env = "env", nice = "nice -n 1", setsid = "setsid -w", timeout = "timeout 10",
    ["a shell wrapper"] = [[sh -c 'exec "$@"' sh]],
  } do
    it(name, function()
      local rows = filter { "--via", launcher, "--remote", paths.sluice, "--export", "count", "--request", '{"n":3}', "true",
        "--", counts }
      assert.same({ { i = 1 }, { i = 2 }, { i = 3 } }, rows)
    end)
  end

  it("ssh, whose arguments are read once more by a shell", function()
    local directory = shell.directory()
    shell.write(directory .. "/ssh", "#!/bin/sh\n" .. ssh .. "\n")
    os.execute("chmod +x " .. directory .. "/ssh")
    local rows = filter { "--via", directory .. "/ssh host", "--remote", paths.sluice, "--env", "A=it's $HOME", "--lines", "true",
      "--", "sh", "-c", [[printf '"%s"\n' "$A"]] }
    assert.same({ "it's $HOME" }, rows)
  end)

  it("that prints a greeting before it starts anything", function()
    local rows = filter { "--via", [[sh -c 'echo Welcome; exec "$@"' sh]], "--remote", paths.sluice, "--export", "count",
      "--request", '{"n":1}', "true", "--", counts }
    assert.same({ { i = 1 } }, rows)
  end)

  it("that leaves descriptors open, which a wrapped command does not inherit", function()
    local rows = filter { "--via", [[sh -c 'exec "$@" 3</dev/null 7</dev/null' sh]], "--remote", paths.sluice, "--lines", "true",
      "--", "ls", "/proc/self/fd" }
    assert.same({ 0, 1, 2, 3 }, rows) -- the last one is the directory that ls reads
  end)

  it("which passes on the directory as well", function()
    local directory = shell.directory()
    local rows = filter { "--via", "env", "--remote", paths.sluice, "--cwd", directory, "--lines", "true", "--",
      "sh", "-c", [[printf '"%s"\n' "$(pwd -P)"]] }
    assert.same({ directory }, rows)
  end)

  it("and what is missing at the far end is reported, with the option", function()
    local result = shell.sluice { "filter", "--via", "env PATH=/nonexistent", "true", "--", counts }
    assert.is_true(result.status == 5 or result.status == 127, result.err)
    assert.matches("%-%-remote", result.err)
  end)
end)
