--- scripts/ and examples/ do what they promise.
local paths = require "support.paths"
local shell = require "support.shell"

local counts = paths.file "workers/counts.lua"

local function script(name) return paths.root .. "/scripts/" .. name end
local function example(name) return paths.root .. "/examples/" .. name end

local function succeeded(words, options)
  local result = shell.sluice(words, options)
  assert.equal(0, result.status, result.err)
  return result
end

describe("the script", function()
  after_each(shell.forget)

  it("jsonl.lua writes every row of every stream", function()
    local result = succeeded { "run", script "jsonl.lua", "--export", "interleave", "--", counts }
    assert.equal("1\n2\n3\n4\n", result.out)
  end)

  it("count.lua counts rows and bytes per stream", function()
    local result = succeeded { "run", script "count.lua", "--export", "interleave", "--", counts }
    assert.same({ "2 rows 2 bytes a", "2 rows 2 bytes b", "4 rows 4 bytes in total" },
      (function()
        local lines = {}
        for line in result.out:gmatch "[^\n]+" do lines[#lines + 1] = line:gsub("^ +", ""):gsub(" +", " ") end
        return lines
      end)())
  end)

  it("head.lua writes the first rows and stops the worker in good order", function()
    local result = succeeded {
      "run", script "head.lua", "--set", "count=2", "--export", "stubbornly", "--", paths.file "workers/emits_forever.lua",
    }
    assert.equal("1\n2\n", result.out)
    assert.matches("stopped early, committed\n$", result.err)
  end)

  it("head.lua refuses a count of none, and points to the help", function()
    for _, count in ipairs { "0", "-1", "x" } do
      local result = shell.sluice { "run", script "head.lua", "--set", "count=" .. count, "--export", "interleave", "--", counts }
      assert.equal(2, result.status)
      assert.matches("^sluice: usage: %-%-set count: expected an? [a-z ]*integer[^\n]*\ntry: sluice run [^\n]* %-%-help\n$", result.err)
    end
  end)

  it("split.lua writes a file per stream, under safe names", function()
    local dir = shell.directory()
    succeeded { "run", script "split.lua", "--set", "dir=" .. dir, "--export", "count", "--request", '{"stream":"../a b","n":2}', "--", counts }
    assert.same({ "%2E.%2Fa%20b.jsonl" }, shell.list(dir))
    assert.equal('{"i":1}\n{"i":2}\n', shell.read(dir .. "/%2E.%2Fa%20b.jsonl"))
  end)

  it("split.lua does not write through existing links", function()
    local dir, victim = shell.directory(), shell.file("mine\n")
    for _, name in ipairs { "rows.jsonl.part", "rows.jsonl.tmp", "rows.jsonl" } do
      shell.run { "ln", "-s", victim, dir .. "/" .. name }
    end
    os.remove(dir .. "/rows.jsonl")
    succeeded { "run", script "split.lua", "--set", "dir=" .. dir, "--export", "count", "--request", '{"stream":"rows","n":1}', "--", counts }
    assert.equal("mine\n", shell.read(victim))
    assert.equal('{"i":1}\n', shell.read(dir .. "/rows.jsonl"))
  end)

  it("split.lua leaves nothing behind after a failure", function()
    local dir = shell.directory()
    local result = shell.sluice {
      "run", script "split.lua", "--set", "dir=" .. dir, "--export", "after_rows", "--", paths.file "workers/raises.lua",
    }
    assert.equal(1, result.status)
    assert.same({}, shell.list(dir))
  end)
end)

describe("the example", function()
  after_each(shell.forget)

  it("01-hello greets everybody", function()
    local result = succeeded { "run", example "01-hello/policy.lua" }
    assert.equal("0\tHello, Ada!\n1\tHello, Grace!\n2\tHello, Barbara!\n3 greeted\n", result.out)
  end)

  it("02-declarations finds a function that occurs in two files, despite other names and layout", function()
    local dir = shell.directory()
    shell.write(dir .. "/a.c", "int one(int a)\n{\n\treturn a + 1; /* next */\n}\n")
    shell.write(dir .. "/b.c", "int two(int a) {\n#if 0\n#else\n}\n#endif\n  return a +\n 1;\n}\n")
    shell.write(dir .. "/c.lua", "local function f(x) return x end\n")
    shell.write(dir .. "/d.lua", "\0\1")
    assert(os.execute(("ln -s . %s/loop && ln -s a.c %s/again.c"):format(dir, dir)))
    local result = succeeded {
      "run", example "02-declarations/duplicates.lua", "--request", ('{"root":"%s","min_lines":1}'):format(dir),
    }
    local text = result.out:gsub(dir, "."):gsub(" +", " ")
    assert.equal("LINES COPIES FUNCTION WHERE\n 4 2 one ./a.c:1\n two ./b.c:1\n"
      .. "1 of 3 functions in 4 files stand in more than one file; 8 lines could go\n", text)
    assert.matches("^binary: [^\n]*/d.lua: not a source file", result.err)
  end)

  it("03-c-worker and 04-shared-library build and run as their README says", function()
    local function built(folder, goal, make)
      local dir = shell.directory()
      shell.run({ "cp", "-r", example(folder) .. "/.", dir })
      local result = shell.run(make .. " -C " .. paths.quote(dir) .. " " .. goal)
      assert.equal(0, result.status, result.err)
      return dir .. "/" .. goal
    end
    local primes = built("03-c-worker", "primes", "PKG_CONFIG_PATH=" .. paths.build .. "/lib make")
    assert.equal('{"prime":541,"gap":18}\n{"prime":907,"gap":20}\n',
      succeeded({ "filter", "gap >= 18", "--request", "1000", "--", primes }).out)
    local words = built("04-shared-library", "words.so", ("make CPPFLAGS=-I%s/runtime/host/include"):format(paths.root))
    assert.equal('{"word":"the","count":2}\n',
      succeeded({ "filter", "count > 1", "--request", '"the end of the line"', "--", words }).out)
    assert.equal(1, shell.sluice({ "filter", "true", "--", words }).status)
  end)

  it("05-lines counts the matches of rg", function()
    local dir = shell.directory()
    shell.write(dir .. "/x.txt", "one\ntwo\none one\n")
    local result = succeeded({ "run", example "05-lines/matches.lua", "--", "rg", "--json", "one", "x.txt" }, { cwd = dir })
    assert.equal("     2  x.txt\n", result.out)
  end)

  for _, name in ipairs { "01-hello", "02-declarations", "05-lines", "07-many-machines/configuration" } do
    it(name .. " has a spec that its policies pass, and that leaves nothing behind", function()
      local dir = shell.directory()
      shell.run { "cp", "-r", example(name) .. "/.", dir }
      local before = shell.list(dir)
      local result = shell.run({ "busted", "--lua=" .. paths.lua, "-o", "plainTerminal", "policy_spec.lua" }, { cwd = dir })
      assert.equal("", result.err)
      assert.matches("^%++\n[2-9] successes / 0 failures / 0 errors / 0 pending", result.out)
      assert.same(before, shell.list(dir))
    end)
  end

  it("02-declarations shows how its spec fails with a wrong policy", function()
    local dir = shell.directory()
    shell.run { "cp", "-r", example "02-declarations" .. "/.", dir }
    local text = shell.read(dir .. "/functions.lua")
    local steps = [[where = function(row) return row.payload.name ~= "main" end,
      map = function(row) row.payload.size = row.payload.size + 1 return row.payload end, ]]
    shell.write(dir .. "/functions.lua", (text:gsub("sink = sql", function(found) return steps .. found end)))
    local result = shell.run({ "busted", "--lua=" .. paths.lua, "-o", "plainTerminal", "policy_spec.lua" }, { cwd = dir })
    assert.equal(1, result.status)
    local said = result.out:match "Failure.*$"
    assert.is_truthy(shell.read(example "02-declarations/README.md"):find(said:gsub("%s+$", ""), 1, true), said)
  end)

  describe("05-lines reads", function()
    --- Runs a line of its README, if the program is installed.
    local function shown(program, line, options)
      if not os.execute("command -v " .. program .. " >/dev/null") then return nil end
      local result = shell.run({ "sh", "-c", (line:gsub("sluice ", paths.sluice .. " ")) }, options)
      assert.equal(0, result.status, result.err)
      return result.out, result.err
    end

    it("rg --json by stream, where finding nothing is success", function()
      local dir = shell.directory()
      shell.write(dir .. "/x.txt", "one\ntwo\n")
      local words = { "run", example "05-lines/matches.lua", "--", "rg", "--json" }
      local result = succeeded({ words[1], words[2], words[3], words[4], words[5], "one", "x.txt" }, { cwd = dir })
      assert.matches("%(1 kept, 3 dropped; %* 3, match 1%)", result.err)
      assert.equal("", succeeded({ words[1], words[2], words[3], words[4], words[5], "three", "x.txt" }, { cwd = dir }).out)
    end)

    it("lsblk --json from its array", function()
      local out, err = shown("lsblk", "lsblk --json | sluice filter --json --at /blockdevices 'name ~= nil' --map '{ name = name }'")
      if out then assert.matches(select(2, out:gsub('{"name":"[^\n]+"}\n', "")) .. " rows? in ", err) end
    end)

    it("ip -j addr", function()
      local out = shown("ip", "sluice filter --json 'ifname ~= nil' --map '{ name = ifname }' -- ip -j addr")
      if out then assert.matches('{"name":"lo"}\n', out, 1, true) end
    end)

    it("git log with a format", function()
      local dir = shell.directory()
      local out = shown("git", [[git init -q . && git -c user.name=A -c user.email=a@example.org commit -q --allow-empty -m one &&
        sluice filter --lines 'at > 1700000000' -- git log -2 --format='{"commit":"%h","at":%ct}']], { cwd = dir })
      if out then assert.matches('^{"commit":"%x+","at":%d+}\n$', out) end
    end)

    it("build messages that are mixed with other lines", function()
      local out, err = shown("sh", [[printf 'checking\n{"reason":"compiler-artifact"}\nwarning: x\n{"reason":"build-finished","success":true}\n' |
        sluice filter --bad-lines drop 'reason == "build-finished"']])
      assert.equal('{"reason":"build-finished","success":true}\n', out)
      assert.matches("2 rows in [^\n]+; 2 bad lines dropped%)", err)
    end)

    it("journalctl -o json", function()
      local out, err = shown("journalctl", "sluice filter --lines '__CURSOR ~= nil' --map '{ message = MESSAGE }' -- journalctl -q -o json -n 5")
      if out then assert.matches(select(2, out:gsub("\n", "")) .. " rows? in ", err) end
    end)
  end)

  it("06-module prints the largest functions", function()
    local result = shell.run { paths.lua, example "06-module/report.lua", paths.root .. "/lualib" }
    assert.equal(0, result.status, result.err)
    assert.matches("\n%d+ functions of at least 10 lines in %d+ files\nusage\tthe worker has no export \"no_such_export\"", result.out)
  end)
end)
