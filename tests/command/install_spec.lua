--- make install: everything works from where it was installed, and uninstall
--- leaves nothing behind.
local lfs = require "lfs"
local manual = require "support.manual"
local paths = require "support.paths"
local shell = require "support.shell"
local terminal = require "support.terminal"

local root, prefix

--- Installs what was built, without building again: `-o all`. Flags and variables of the
--- make that runs the tests must not reach this one.
local function make(...)
  local line = shell.line { "make", "-s", "-o", "all", "-C", paths.root, "BUILD=" .. (paths.build:match("/(build[^/]*/?[^/]*)$")), ... }
  local result = shell.run(line, { env = { MAKEFLAGS = false, MAKELEVEL = false }, seconds = 120 })
  assert.equal(0, result.status, result.err)
end

--- Only what is installed is found, and nothing of the source tree.
local function installed(words, options)
  options = options or {}
  options.env = {
    LUA_PATH = prefix .. "/share/lua/5.4/?.lua;" .. prefix .. "/share/lua/5.4/?/init.lua;;",
    LUA_CPATH = prefix .. "/lib/lua/5.4/?.so;;",
    PATH = prefix .. "/bin:" .. os.getenv "PATH",
    PKG_CONFIG_PATH = prefix .. "/lib/pkgconfig",
    LD_LIBRARY_PATH = prefix .. "/lib",
    SLUICE_BUILD = false,
  }
  options.cwd = options.cwd or root
  return shell.run(words, options)
end

local function succeeded(words, options)
  local result = installed(words, options)
  assert.equal(0, result.status, result.err)
  return result.out
end

local function files(dir)
  local result = shell.run { "find", dir, "-type", "f", "-o", "-type", "l" }
  return result.out
end

local WORKER = 'return { exports = { greet = function(_, emit) emit:row("rows", "hello") end } }'

describe("make install", function()
  setup(function()
    root = shell.directory()
    prefix = root .. "/usr"
    make("install", "PREFIX=" .. prefix)
    shell.write(root .. "/w.lua", WORKER)
  end)
  teardown(shell.forget)

  it("installs a command that hosts workers", function()
    assert.equal('"hello"\n', succeeded { "sluice", "filter", "--quiet", "true", "--", "w.lua" })
    assert.matches("^sluice %d", succeeded { "sluice", "--version" })
  end)

  it("installs a command that needs no variables, even if it is moved", function()
    local moved = root .. "/moved"
    assert(os.execute(("cp -R %s %s"):format(prefix, moved)))
    local result = shell.run({ moved .. "/bin/sluice", "filter", "true", "--", "w.lua" },
      { cwd = root, env = { LUA_PATH = false, LUA_CPATH = false } })
    assert.equal('"hello"\n', result.out)
  end)

  it("installs a module for a plain Lua, which finds the command", function()
    shell.write(root .. "/p.lua", [[
      local sluice = require "sluice"
      local worker <close> = assert(sluice.spawn { "w.lua" })
      for row in worker:rows() do print(row.payload) end
    ]])
    assert.equal("hello\n", succeeded { paths.lua, "p.lua" })
  end)

  it("installs a module that tests policies", function()
    shell.write(root .. "/t.lua", [[
      local test = require "sluice.test"
      local result = test.run({ on_row = function(row) print(row.payload) end }, test.rows { "hello" })
      print(result.success, result.printed)
    ]])
    assert.equal("true\thello\n\n", succeeded { paths.lua, "t.lua" })
  end)

  it("installs ready policies, which the command itself does not need", function()
    assert.matches("1 rows", succeeded { "sluice", "run", "count", "--", "w.lua" })
    assert.matches("1 rows", succeeded { "sluice", "run", prefix .. "/share/sluice/scripts/count.lua", "--", "w.lua" })
  end)

  for name, link in pairs {
    shared = "$(pkg-config --cflags --libs sluice-worker)",
    static = "$(pkg-config --cflags sluice-worker) $(pkg-config --variable=libdir sluice-worker)/libsluice-worker.a -pthread",
  } do
    it("installs a " .. name .. " library for native workers", function()
      local source = paths.root .. "/examples/03-c-worker/primes.c"
      local flags = os.getenv "SLUICE_SANITIZED" and "-fsanitize=address,undefined " or ""
      local program = root .. "/primes-" .. name
      succeeded(("sh -c %s"):format(paths.quote(("cc %s-o %s %s %s"):format(flags, program, source, link))))
      local out = succeeded { "sluice", "filter", "--quiet", "--request", "10", "true", "--map", "prime", "--", program }
      assert.equal("2\n3\n5\n7\n", out)
    end)
  end

  it("installs a header for shared libraries, which need no library to link", function()
    local out = root .. "/words.so"
    succeeded(("sh -c %s"):format(paths.quote(("cc $(pkg-config --cflags sluice-worker) -shared -fPIC -o %s %s"):format(
      out, paths.root .. "/examples/04-shared-library/words.c"))))
    assert.equal('"a"\n"b"\n', succeeded { "sluice", "filter", "--quiet", "--request", '"a b a"', "true", "--map", "word", "--", out })
  end)

  it("installs a manual, where man looks for it and in the command", function()
    for _, name in ipairs(manual.names()) do
      local installed_page = ("%s/share/man/man%s/%s"):format(prefix, name:match "%d$", name)
      assert.equal(shell.read(manual.directory .. name), shell.read(installed_page))
    end
    assert.matches("^SLUICE%-POLICY%(5%)", succeeded { "sluice", "help", "policy" })
  end)

  it("installs completion, where bash, zsh and fish look for it", function()
    local bash = prefix .. "/share/bash-completion/completions/sluice"
    assert.matches("-F _sluice", succeeded { "bash", "-c", "source " .. bash .. "; complete -p sluice" }, 1, true)
    assert.matches("^#compdef sluice\n", shell.read(prefix .. "/share/zsh/site-functions/_sluice"))
    assert.matches("complete %-c sluice ", shell.read(prefix .. "/share/fish/vendor_completions.d/sluice.fish"))
  end)

  it("leaves no path of the source tree in its files", function()
    local pc = shell.read(prefix .. "/lib/pkgconfig/sluice-worker.pc")
    assert.is_nil(pc:find(lfs.currentdir(), 1, true))
    assert.is_nil(pc:find(prefix, 1, true))
  end)

  it("installs a license and the examples, which can be run there", function()
    local doc = prefix .. "/share/doc/sluice"
    assert.equal(shell.read(paths.root .. "/LICENSE"), shell.read(doc .. "/LICENSE"))
    assert.matches("Hello, Ada!", succeeded({ "sluice", "run", doc .. "/examples/01-hello/policy.lua" }))
    assert.truthy(succeeded({ "test", "-x", doc .. "/examples/07-many-machines/parallel/load.sh" }))
    assert.is_nil(files(doc):find "%.gitignore")
  end)

  --- The program that a header shows, indented in its comment.
  local function example_of(header)
    local lines = {}
    for line in shell.read(prefix .. "/include/sluice/" .. header):match("^/%*(.-)%*/"):gmatch "[^\n]+" do
      local code = line:match "^ %*     (.*)$"
      if code and not code:find "^cc " and not code:find "^sluice " then lines[#lines + 1] = code end
      if code and code:find "^cc " then return table.concat(lines, "\n") .. "\n", code end
    end
  end

  local STRICT = "-std=c11 -Wall -Wextra -Werror -pedantic "

  it("installs a header for workers whose example compiles unchanged", function()
    local program, command = example_of "worker.h"
    shell.write(root .. "/counter.c", program)
    local flags = STRICT .. (paths.sanitized and "-fsanitize=address,undefined " or "")
    succeeded { "sh", "-c", (command:gsub("^cc ", "cc " .. flags)) }
    assert.equal('{"n":1}\n{"n":2}\n', succeeded { "sluice", "filter", "-q", "n > 0", "--", "./a.out" })
  end)

  it("installs a header for shared libraries whose example compiles unchanged", function()
    local program, command = example_of "library.h"
    shell.write(root .. "/greeter.c", program)
    succeeded { "sh", "-c", (command:gsub("^cc ", "cc " .. STRICT .. "$(pkg-config --cflags sluice-worker) ")) }
    assert.equal("1\n", succeeded { "sluice", "filter", "-q", "true", "--", "./greeter.so" })
  end)

  it("installs a library that pkg-config finds even if it is moved", function()
    local moved = root .. "/elsewhere"
    assert(os.execute(("cp -R %s %s"):format(prefix, moved)))
    local result = shell.run({ "pkg-config", "--cflags", "--libs", "sluice-worker" }, { env = { PKG_CONFIG_PATH = moved .. "/lib/pkgconfig" } })
    assert.matches("-I" .. moved .. "/lib/pkgconfig/../../include", result.out, 1, true)
    assert.matches("-L" .. moved .. "/lib/pkgconfig/../../lib", result.out, 1, true)
  end)

  describe("with only the prefix, and the source tree hidden,", function()
    --- Runs without variables, as a user does, and with an empty directory mounted over the source tree if the system permits it.
    local function hidden(line)
      local words = { "sh", "-c", line }
      local cover = "mount -t tmpfs none " .. paths.quote(lfs.currentdir()) .. ' && exec "$@"'
      local covered = { "unshare", "--map-root-user", "--mount", "sh", "-c", cover, "sh" }
      local can_hide = os.execute(shell.line(covered) .. " true 2>/dev/null")
      if can_hide then table.move(words, 1, 3, #covered + 1, covered) end
      return shell.run(can_hide and covered or words, {
        cwd = root, seconds = 60,
        env = { LUA_PATH = false, LUA_CPATH = false, SLUICE_BUILD = false, PATH = prefix .. "/bin:" .. os.getenv "PATH", MANPAGER = "cat" },
      })
    end

    it("man shows the manual", function()
      assert.matches("sluice%-run%(1%)", hidden "man sluice".out)
      assert.matches("EXIT STATUS", hidden "man sluice".out)
    end)

    it("sluice help shows it as well", function()
      assert.matches("^SLUICE%-POLICY%(5%)", hidden "sluice help policy".out)
    end)

    if not paths.sanitized then -- there busted needs the interpreter of the source tree
      it("a new project passes its spec", function()
        local result = hidden "sluice new demo && cd demo && sluice run policy.lua && busted"
        assert.equal(0, result.status, result.out .. result.err)
        assert.matches("2 successes / 0 failures", result.out)
      end)
    end

    it("bash completes with the Tab key", function()
      local bash = prefix .. "/share/bash-completion/completions/sluice"
      local session = terminal.open({ "bash", "--norc", "--noprofile", "-i" }, { env = { PS1 = "ready: ", PATH = prefix .. "/bin:" .. os.getenv "PATH" } })
      finally(function() session:close() end)
      session:await "ready:"
      session:type("source " .. bash .. "\n")
      session:type "sluice fil\t"
      session:await "ready: sluice filter"
      session:type "--tim\t"
      session:await "sluice filter %-%-timeout"
    end)
  end)

  it("is undone by make uninstall", function()
    make("uninstall", "PREFIX=" .. prefix)
    assert.equal("", files(prefix))
  end)
end)

describe("the loader's cache", function()
  after_each(shell.forget)

  --- An ldconfig that knows these directories, and logs when it is run.
  local function installs(known, ...)
    local dir = shell.directory()
    shell.write(dir .. "/ldconfig", ("#!/bin/sh\ncase $* in *-N*) echo '%s: (from /etc/ld.so.conf)' ;; *) echo run >> %s/log ;; esac\n"):format(known, dir))
    os.execute(("chmod +x %s/ldconfig"):format(dir))
    make("PATH=" .. dir .. ":" .. os.getenv "PATH", ...)
    return shell.read(dir .. "/log")
  end

  it("is rebuilt if it covers the prefix", function()
    local to = shell.directory()
    assert.equal("run\n", installs(to .. "/lib", "install", "PREFIX=" .. to))
    assert.equal("run\n", installs(to .. "/lib", "uninstall", "PREFIX=" .. to))
  end)

  it("is left alone if it does not, and by a staged installation", function()
    local to = shell.directory()
    assert.is_nil(installs("/usr/lib", "install", "PREFIX=" .. to))
    assert.is_nil(installs("/x/lib", "install", "PREFIX=/x", "DESTDIR=" .. to))
  end)
end)

describe("DESTDIR", function()
  it("is where the tree is installed, and does not appear in the files", function()
    local stage = shell.directory()
    make("install", "PREFIX=/opt/x", "DESTDIR=" .. stage)
    assert.is_truthy(shell.read(stage .. "/opt/x/bin/sluice"))
    assert.is_nil(shell.read(stage .. "/opt/x/lib/pkgconfig/sluice-worker.pc"):find(stage, 1, true))
    make("uninstall", "PREFIX=/opt/x", "DESTDIR=" .. stage)
    assert.equal("", files(stage))
    shell.forget()
  end)
end)
