--- The README: its sessions work as shown, and the accidents that it describes happen.
local manual = require "support.manual"
local paths = require "support.paths"
local shell = require "support.shell"

after_each(shell.forget)

local README = shell.read(paths.root .. "/README.md")

--- The sessions of the README, as blocks of support/manual.lua.
local function sessions()
  local blocks, block, number = {}, nil, 0
  for line in README:gmatch "([^\n]*)\n" do
    number = number + 1
    if line == "```console" then
      block = { line = number + 1, lines = {} }
      blocks[#blocks + 1] = block
    elseif line == "```" then
      block = nil
    elseif block then
      table.insert(block.lines, line)
    end
  end
  return blocks
end

--- Runs the commands of one session in one shell; returns what each has written to stdout and stderr.
local function outputs(dir, commands)
  local script = {}
  for _, entry in ipairs(commands) do script[#script + 1] = ("%s\necho @@@"):format(entry.command) end
  local result = shell.run({ "bash", "-c", "exec 2>&1\n" .. table.concat(script, "\n") }, {
    cwd = dir, env = { PATH = paths.build .. ":" .. os.getenv "PATH", NO_COLOR = "1" },
  })
  local found = {}
  for output in result.out:gmatch "(.-)@@@\n" do found[#found + 1] = output end
  return found
end

it("shows the output of its commands", function()
  local run = 0
  for _, session in ipairs(sessions()) do
    local commands = manual.commands(session)
    local dir = shell.directory()
    shell.write(dir .. "/LICENSE", shell.read(paths.root .. "/LICENSE"))
    local is_build = commands[1].command:find "^make "
    for i, output in ipairs(is_build and {} or outputs(dir, commands)) do
      local expected = table.concat(commands[i].output, "\n")
      assert.equal(manual.normal(expected), (manual.normal(output):gsub("\n$", "")), "README.md:" .. commands[i].line)
      run = run + 1
    end
  end
  assert.equal(5, run)
end)

it("shows the policy of a new project", function()
  local dir = shell.directory()
  assert.equal(0, shell.sluice({ "new", "todo" }, { cwd = dir }).status)
  local shown = README:match "```lua\n(.-)```"
  local policy = shell.read(dir .. "/todo/policy.lua"):gsub("%-%-%-[^\n]*\n", "")
  assert.equal(policy, shown)
end)

describe("the accident of the README that", function()
  local function jq(dir, worker)
    return shell.run({ "bash", "-c", worker .. " | jq -c . > rows.jsonl; echo $?" }, { cwd = dir })
  end

  local function run(dir, ...)
    return shell.sluice({ "run", "sqlite", "--set", "columns=n:integer", "--lines", "--", ... }, { cwd = dir })
  end

  --- The committed rows, one per line; nil if there is no database.
  local function committed(dir)
    if not shell.read(dir .. "/rows.db") then return nil end
    return shell.run({ "sqlite3", "rows.db", "SELECT n FROM rows" }, { cwd = dir }).out
  end

  local function told(words)
    assert.truthy(README:find(words, 1, true), words)
    return words
  end

  it("a worker is killed half way", function()
    local dir = shell.directory()
    shell.write(dir .. "/half.sh", "#!/bin/sh\nprintf '{\"n\":1}\\n{\"n\":2}\\n'\nkill -9 $$\n")
    os.execute("chmod +x " .. dir .. "/half.sh")
    assert.equal("0\n", jq(dir, "./half.sh").out:match "[^\n]*\n$")
    assert.equal('{"n":1}\n{"n":2}\n', shell.read(dir .. "/rows.jsonl"))
    local result = run(dir, "./half.sh")
    assert.equal(1, result.status)
    assert.truthy(result.err:find(told 'the command "./half.sh" was killed by signal 9 (Killed)', 1, true), result.err)
    assert.is_nil(committed(dir))
  end)

  it("a number has 16 digits", function()
    local dir = shell.directory()
    local worker = [[echo '{"n":9007199254740993}']]
    assert.equal("0\n", jq(dir, worker).out)
    assert.equal('{"n":9007199254740992}\n', shell.read(dir .. "/rows.jsonl"))
    local result = run(dir, "sh", "-c", worker)
    assert.equal(0, result.status, result.err)
    assert.equal("9007199254740993\n", committed(dir))
  end)

  it("a line is not JSON", function()
    local dir = shell.directory()
    local worker = [[printf '{"n":1}\n{"n":2}\nWarning: slow disk\n{"n":4}\n']]
    assert.not_equal("0\n", jq(dir, worker).out)
    assert.equal('{"n":1}\n{"n":2}\n', shell.read(dir .. "/rows.jsonl"))
    local result = run(dir, "sh", "-c", worker)
    assert.equal(3, result.status)
    assert.truthy(result.err:find(told "row_malformed: line 3", 1, true), result.err)
    assert.truthy(result.err:find("it reads: " .. told "Warning: slow disk", 1, true), result.err)
    assert.is_nil(committed(dir))
    result = shell.sluice({ "run", "sqlite", "--set", "columns=n:integer", "--bad-lines", "reject", "--lines", "--", "sh", "-c", worker }, { cwd = dir })
    assert.equal(0, result.status, result.err)
    assert.truthy(result.err:find("1 bad line rejected", 1, true), result.err)
    assert.equal("1\n2\n4\n", committed(dir))
  end)
end)
