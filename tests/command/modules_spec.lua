--- Where modules come from: code in the user's current directory is never run
--- unasked, and sluice's own modules cannot be replaced.
local paths = require "support.paths"
local shell = require "support.shell"

local counts = paths.file "workers/counts.lua"
local COUNT = { "--export", "count", "--request", '{"n":2}', "--", counts }

after_each(shell.forget)

local NAMES = {
  "lfs", "argparse", "cjson", "socket", "DBI", "dbd/sqlite3", "utf8", "string", "lua", "sluice", "sluice/init", "sluice/core",
  "sluice/json", "sluice/sink/sql", "sluice/internal/modules", "sluice/internal/cli/main", "sluice/internal/cli/run",
  "sluice/internal/sink/text_width",
}

--- A directory with a file for each of these modules, as Lua and as C; each of
--- them prints a message when it is run.
local function hostile()
  local dir = shell.directory()
  assert(os.execute(("mkdir -p %s/sluice/internal/cli %s/sluice/internal/sink %s/sluice/sink %s/dbd"):format(dir, dir, dir, dir)))
  for _, name in ipairs(NAMES) do
    shell.write(("%s/%s.lua"):format(dir, name), ("io.open(%q, 'w'):close() io.stderr:write 'RUN: %s'"):format(dir .. "/RUN", name))
    shell.write(("%s/%s.so"):format(dir, name), "no library")
  end
  return dir
end

--- The environment with LUA_PATH and its variants unset.
local function unset(more)
  local env = { LUA_PATH = false, LUA_CPATH = false, LUA_PATH_5_4 = false, LUA_CPATH_5_4 = false, LUA_INIT = false }
  for name, value in pairs(more or {}) do env[name] = value end
  return env
end

--- Checks that a command succeeds, and neither runs nor loads anything of the directory.
local function stays_out(words, env, input)
  local dir = hostile()
  for name, value in pairs(env or {}) do env[name] = value and value:gsub("HERE", dir) end
  local result = shell.sluice(words, { cwd = dir, env = unset(env), input = input })
  assert.equal(0, result.status, result.err)
  assert.is_nil(result.err:find("RUN", 1, true), result.err)
  assert.is_nil(shell.read(dir .. "/RUN"))
  return result
end

local USES_ALL = [[
  assert(require "cjson".encode and require "lfs".attributes)
  require "sluice"; require "sluice.json"; require "sluice.sink.csv"; require "sluice.sink.sql"
  return { on_row = function() end }]]

--- A sink for rows { a = 1 }.
local SQL = 'require("sluice.sink.sql").table { url = %q, name = "t", columns = { a = "integer" } }'
local ONE_ROW = 'return { exports = { f = function(_, e) e:row("r", { a = 1 }) end } }'

--- Every subcommand, and the options without one.
local function every_way()
  local summary = shell.file()
  local policy = shell.file('require "lfs" return { on_row = function() end }', "policy.lua")
  return {
    { "--version" }, { "--help" }, { "run", "--help" }, { "run", policy, "--help" }, { "worker", "--help" },
    { "run", "--summary", summary, policy, table.unpack(COUNT) },
    { "run", "--cwd", "/", policy, table.unpack(COUNT) },
    { "filter", "--atomic", "true", table.unpack(COUNT) },
    { "filter", "--lines", "true", "--", "seq", "2" },
    { "call", "echo", "1", "--", counts }, { "info", "--", counts },
    { "run", shell.file(USES_ALL, "policy.lua"), table.unpack(COUNT) },
  }
end

describe("the current directory", function()
  it("does not affect any subcommand", function()
    for _, words in ipairs(every_way()) do stays_out(words) end
  end)

  it("does not affect LUA_INIT", function()
    stays_out({ "--version" }, { LUA_INIT = "@lfs.lua" })
    stays_out({ "info", "--", counts }, { LUA_INIT_5_4 = "@lfs.lua" })
  end)

  it("does not affect what a worker requires", function()
    local worker = shell.file('local n = #require("cjson").encode(1) return { exports = { f = function(_, e) e:row("r", n) end } }', "w.lua")
    assert.equal("1\n", stays_out({ "filter", "true", "--", worker }).out)
  end)

  it("does not affect the database of a sink", function()
    local db = shell.directory() .. "/t.db"
    local policy = shell.file("return { sink = " .. SQL:format("sqlite:" .. db) .. " }", "p.lua")
    stays_out { "run", policy, "--", shell.file(ONE_ROW, "w.lua") }
    assert.matches("^SQLite", shell.read(db))
  end)

  it("is not searched for a module that exists nowhere else", function()
    local dir = shell.directory()
    shell.write(dir .. "/only_here.lua", "return 1")
    local policy = shell.file('require "only_here" return { on_row = print }', "policy.lua")
    local result = shell.sluice({ "run", policy, "--lines", "--", "seq", "2" }, { cwd = dir, env = unset() })
    assert.equal(4, result.status)
    assert.matches("module 'only_here' not found", result.err)
    local worker = shell.file('require "only_here"', "w.lua")
    result = shell.sluice({ "filter", "true", "--", worker }, { cwd = dir, env = unset() })
    assert.matches("module 'only_here' not found", result.err)
    assert.is_nil(result.err:find("'./", 1, true))
  end)
end)

describe("LUA_PATH and LUA_CPATH", function()
  local function hostile_path(variable, value) return { [variable] = value } end

  it("do not affect the command's own modules", function()
    for _, words in ipairs { { "--version" }, { "filter", "true", table.unpack(COUNT) }, { "info", "--", counts } } do
      for _, suffix in ipairs { "", "_5_4" } do
        stays_out(words, hostile_path("LUA_PATH" .. suffix, "HERE/?.lua;HERE/?/init.lua"))
        stays_out(words, hostile_path("LUA_CPATH" .. suffix, "HERE/?.so;;"))
        stays_out(words, hostile_path("LUA_PATH" .. suffix, ""))
      end
    end
  end)

  it("do not affect sluice and its parts, even in a policy", function()
    local policy = shell.file('require "sluice" require "sluice.json" require "sluice.sink.csv" return { on_row = print }', "p.lua")
    stays_out({ "run", policy, table.unpack(COUNT) }, { LUA_PATH = "HERE/?.lua;HERE/?/init.lua", LUA_CPATH = "HERE/?.so" })
    local missing = shell.file('require "sluice.nothing"', "p.lua")
    local dir = shell.directory()
    assert(os.execute("mkdir " .. dir .. "/sluice"))
    shell.write(dir .. "/sluice/nothing.lua", "print 'RUN' return 1")
    local result = shell.sluice({ "run", missing, table.unpack(COUNT) }, { env = unset { LUA_PATH = dir .. "/?.lua" } })
    assert.equal(4, result.status)
    assert.matches("^sluice: policy: [^\n]*p.lua:1: module 'sluice%.nothing' not found", result.err)
    assert.equal("", result.out)
  end)

  it("are searched for modules of a policy and of a worker, with ;; for the default", function()
    local dir = shell.directory()
    shell.write(dir .. "/far.lua", "return 'far'")
    shell.write(dir .. "/cjson.lua", "return { encode = function() return 'theirs' end }")
    local policy = shell.file('print((require "far")) print(require "cjson".encode(1)) return { on_row = function() end }', "p.lua")
    local worker = shell.file([[local far, cjson = require "far", require "cjson"
      return { exports = { f = function(_, e) e:row("r", { far, cjson.encode(1) }) end } }]], "w.lua")
    local function found(cjson, value)
      local result = shell.sluice({ "run", policy, table.unpack(COUNT) }, { env = unset { LUA_PATH = value } })
      assert.equal("far\n" .. cjson .. "\n", result.out, result.err)
      result = shell.sluice({ "filter", "true", "--", worker }, { env = unset { LUA_PATH = value } })
      assert.equal(('["far","%s"]\n'):format(cjson), result.out, result.err)
    end
    found("theirs", dir .. "/?.lua;;")
    found("theirs", ";;" .. dir .. "/?.lua") -- the default has it in C only
    found("theirs", "/nowhere/?.lua;;" .. dir .. "/?.lua")
    found("theirs", dir .. "/?.lua")
    os.remove(dir .. "/cjson.lua")
    found("1", dir .. "/?.lua;;")
  end)

  it("may name the current directory", function()
    local dir = shell.directory()
    shell.write(dir .. "/here.lua", "return 'here'")
    local policy = shell.file('print((require "here")) return { on_row = function() end }', "p.lua")
    local result = shell.sluice({ "run", policy, table.unpack(COUNT) }, { cwd = dir, env = unset { LUA_PATH = "./?.lua" } })
    assert.equal("here\n", result.out, result.err)
  end)

  it("for this version of Lua come before the general ones", function()
    local dir = shell.directory()
    for _, name in ipairs { "a", "b" } do
      assert(os.execute(("mkdir %s/%s"):format(dir, name)))
      shell.write(("%s/%s/far.lua"):format(dir, name), ("return %q"):format(name))
    end
    local env = unset { LUA_PATH = dir .. "/a/?.lua", LUA_PATH_5_4 = dir .. "/b/?.lua" }
    local policy = shell.file('print((require "far")) return { on_row = function() end }', "p.lua")
    assert.equal("b\n", shell.sluice({ "run", policy, table.unpack(COUNT) }, { env = env }).out)
  end)
end)

describe("modules beside a policy", function()
  --- A policy in a directory of its own, with these files beside it.
  local function beside(files, text)
    local policy = shell.file(text, "p.lua")
    local dir = policy:match "^.*/"
    for name, content in pairs(files) do shell.write(dir .. name, content) end
    return policy, dir
  end

  it("come first, even under the names of modules that the command uses itself", function()
    local policy, dir = beside({ ["lfs.lua"] = "return 'own lfs'", ["argparse.lua"] = "return 'own argparse'", ["DBI.lua"] = "return 'own DBI'" },
      'print((require "lfs"), (require "argparse"), (require "DBI")) return { on_row = function() end }')
    local summary = shell.file()
    for _, where in ipairs { { policy }, { "p.lua", cwd = dir } } do
      local result = shell.sluice({ "run", "--summary", summary, "--cwd", "/", where[1], table.unpack(COUNT) }, { cwd = where.cwd })
      assert.equal("own lfs\town argparse\town DBI\n", result.out, result.err)
      assert.matches('^{"success":true', shell.read(summary))
    end
  end)

  it("are not used by the command itself", function()
    local policy, dir = beside({ ["lfs.lua"] = "print 'RUN'", ["DBI.lua"] = "print 'RUN'" },
      'return { worker = { "w.lua" }, sink = ' .. SQL:format "sqlite:t.db" .. " }")
    shell.write(dir .. "w.lua", ONE_ROW)
    local result = shell.sluice({ "run", "--cwd", "/", policy }, { cwd = dir })
    assert.equal(0, result.status, result.err)
    assert.equal("", result.out)
  end)

  it("never replace sluice", function()
    local policy = beside({ ["sluice.lua"] = "print 'RUN'" }, 'print(require "sluice".version) return { on_row = function() end }')
    local result = shell.sluice { "run", policy, table.unpack(COUNT) }
    assert.matches("^%d+%.%d", result.out)
  end)

  it("may be written in C", function()
    local lfs_so = package.searchpath("lfs", package.cpath)
    local policy, dir = beside({}, 'print(type(require "lfs".attributes)) return { on_row = function() end }')
    assert(os.execute(("cp %s %s"):format(paths.quote(lfs_so), paths.quote(dir))))
    local env = unset { LUA_PATH = "", LUA_CPATH = "" }
    local result = shell.sluice({ "run", policy, table.unpack(COUNT) }, { env = env })
    assert.equal("function\n", result.out, result.err)
    local worker = dir .. "w.lua"
    shell.write(worker, 'local t = type(require "lfs".attributes) return { exports = { f = function(_, e) e:row("r", t) end } }')
    assert.equal('"function"\n', shell.sluice({ "filter", "true", "--", worker }, { env = env }).out)
  end)
end)
