--- make install: everything works from where it was put, and uninstall leaves
--- nothing behind.
local lfs = require "lfs"
local manual = require "support.manual"
local paths = require "support.paths"
local shell = require "support.shell"

local root, prefix

--- What was built is installed as it is: `-o all`. Flags and variables of the
--- make that runs the tests must not reach this one.
local function make(...)
  local line = shell.line { "make", "-s", "-o", "all", "-C", paths.root, "BUILD=" .. (paths.build:match("/(build[^/]*/?[^/]*)$")), ... }
  local result = shell.run(line, { env = { MAKEFLAGS = false, MAKELEVEL = false }, seconds = 120 })
  assert.equal(0, result.status, result.err)
end

--- Only what is installed is found: nothing of the source tree.
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

describe("what make install has put under its prefix", function()
  setup(function()
    root = shell.directory()
    prefix = root .. "/usr"
    make("install", "PREFIX=" .. prefix)
    shell.write(root .. "/w.lua", WORKER)
  end)
  teardown(shell.forget)

  it("is a command that hosts workers", function()
    assert.equal('"hello"\n', succeeded { "sluice", "filter", "--quiet", "true", "--", "w.lua" })
    assert.matches("^sluice %d", succeeded { "sluice", "--version" })
  end)

  it("is a command that needs no variables, wherever it is moved", function()
    local moved = root .. "/moved"
    assert(os.execute(("cp -R %s %s"):format(prefix, moved)))
    local result = shell.run({ moved .. "/bin/sluice", "filter", "true", "--", "w.lua" },
      { cwd = root, env = { LUA_PATH = false, LUA_CPATH = false } })
    assert.equal('"hello"\n', result.out)
  end)

  it("is a module for a plain Lua, which finds the command", function()
    shell.write(root .. "/p.lua", [[
      local sluice = require "sluice"
      local worker <close> = assert(sluice.spawn { "w.lua" })
      for row in worker:rows() do print(row.payload) end
    ]])
    assert.equal("hello\n", succeeded { paths.lua, "p.lua" })
  end)

  it("is a module that tests policies", function()
    shell.write(root .. "/t.lua", [[
      local test = require "sluice.test"
      local result = test.run({ on_row = function(row) print(row.payload) end }, test.rows { "hello" })
      print(result.success, result.printed)
    ]])
    assert.equal("true\thello\n\n", succeeded { paths.lua, "t.lua" })
  end)

  it("are ready policies, which the command does not need there", function()
    assert.matches("1 rows", succeeded { "sluice", "run", "count", "--", "w.lua" })
    assert.matches("1 rows", succeeded { "sluice", "run", prefix .. "/share/sluice/scripts/count.lua", "--", "w.lua" })
  end)

  for name, link in pairs {
    shared = "$(pkg-config --cflags --libs sluice-worker)",
    static = "$(pkg-config --cflags sluice-worker) $(pkg-config --variable=libdir sluice-worker)/libsluice-worker.a -pthread",
  } do
    it("is a " .. name .. " library for native workers", function()
      local source = paths.root .. "/examples/03-c-worker/primes.c"
      local flags = os.getenv "SLUICE_SANITIZED" and "-fsanitize=address,undefined " or ""
      local program = root .. "/primes-" .. name
      succeeded(("sh -c %s"):format(paths.quote(("cc %s-o %s %s %s"):format(flags, program, source, link))))
      local out = succeeded { "sluice", "filter", "--quiet", "--request", "10", "true", "--map", "prime", "--", program }
      assert.equal("2\n3\n5\n7\n", out)
    end)
  end

  it("is a header for shared libraries, without a library to link", function()
    local out = root .. "/words.so"
    succeeded(("sh -c %s"):format(paths.quote(("cc $(pkg-config --cflags sluice-worker) -shared -fPIC -o %s %s"):format(
      out, paths.root .. "/examples/04-shared-library/words.c"))))
    assert.equal('"a"\n"b"\n', succeeded { "sluice", "filter", "--quiet", "--request", '"a b a"', "true", "--map", "word", "--", out })
  end)

  it("is a manual, where man looks for it and in the command", function()
    for _, name in ipairs(manual.names()) do
      local installed_page = ("%s/share/man/man%s/%s"):format(prefix, name:match "%d$", name)
      assert.equal(shell.read(manual.directory .. name), shell.read(installed_page))
    end
    assert.matches("^SLUICE%-POLICY%(5%)", succeeded { "sluice", "help", "policy" })
  end)

  it("is completion, where bash, zsh and fish look for it", function()
    local bash = prefix .. "/share/bash-completion/completions/sluice"
    assert.matches("-F _sluice", succeeded { "bash", "-c", "source " .. bash .. "; complete -p sluice" }, 1, true)
    assert.matches("^#compdef sluice\n", shell.read(prefix .. "/share/zsh/site-functions/_sluice"))
    assert.matches("complete %-c sluice ", shell.read(prefix .. "/share/fish/vendor_completions.d/sluice.fish"))
  end)

  it("names no place of the source tree", function()
    local pc = shell.read(prefix .. "/lib/pkgconfig/sluice-worker.pc")
    assert.is_nil(pc:find(lfs.currentdir(), 1, true))
    assert.matches("prefix=" .. prefix .. "\n", pc, 1, true)
  end)

  it("goes away with make uninstall", function()
    make("uninstall", "PREFIX=" .. prefix)
    assert.equal("", files(prefix))
  end)
end)

describe("DESTDIR", function()
  it("is where the tree is put, and no part of what files say", function()
    local stage = shell.directory()
    make("install", "PREFIX=/opt/x", "DESTDIR=" .. stage)
    assert.is_truthy(shell.read(stage .. "/opt/x/bin/sluice"))
    assert.matches("prefix=/opt/x\n", shell.read(stage .. "/opt/x/lib/pkgconfig/sluice-worker.pc"), 1, true)
    make("uninstall", "PREFIX=/opt/x", "DESTDIR=" .. stage)
    assert.equal("", files(stage))
    shell.forget()
  end)
end)
