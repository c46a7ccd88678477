--- sluice new: the project that it writes runs and passes its tests unchanged.
local json = require "cjson"
local paths = require "support.paths"
local shell = require "support.shell"

after_each(shell.forget)

--- Makes a new project; returns its directory.
local function made(kind)
  local parent = shell.directory()
  local result = shell.sluice({ "new", "todo", "--worker", kind }, { cwd = parent })
  assert.equal(0, result.status, result.err)
  assert.truthy(result.out:find("^todo is ready%. Next:\n\n    cd todo\n"), result.out)
  return parent .. "/todo"
end

--- A shell in it, with sluice in PATH and Lua's paths unset, as a user has it.
local function sh(dir, line)
  local env = {
    LUA_PATH = false, LUA_CPATH = false, PATH = paths.build .. ":" .. os.getenv "PATH", PKG_CONFIG_PATH = paths.build .. "/lib",
  }
  return shell.run({ "sh", "-c", line }, { cwd = dir, env = env })
end

--- Code that is compiled with sanitizers needs a sanitized interpreter.
local BUSTED = paths.sanitized and "busted --lua=" .. paths.quote(paths.lua) or "busted"

local CSV = 'file,line,text\nnotes.txt,2,call the bank\nnotes.txt,4,"write to ""Ada"""\n'

for kind, first in pairs { lua = "", sh = "", c = "make -s && " } do
  describe("a project with a worker in " .. kind, function()
    it("runs, checks, records, and passes its spec", function()
      local dir = made(kind)
      local result = sh(dir, first .. "sluice run policy.lua")
      assert.equal(0, result.status, result.err)
      assert.equal(CSV, shell.read(dir .. "/todos.csv"))
      result = sh(dir, BUSTED)
      assert.equal(0, result.status, result.out .. result.err)
      assert.truthy(result.out:find("2 successes / 0 failures / 0 errors", 1, true), result.out)
      assert.equal(0, sh(dir, "sluice check policy.lua").status)
      assert.equal(0, sh(dir, "sluice check policy.lua -- spec/notes.rows").status)
      if kind == "sh" and sh(dir, "command -v shellcheck").status == 0 then assert.equal("", sh(dir, "shellcheck worker.sh").out) end
    end)

    local is_one_of_them = kind == "sh" -- the others have the same README
    if not is_one_of_them then return end

    it("does what its README says", function()
      local dir, commands = made(kind), {}
      for line in shell.read(dir .. "/README.md"):gmatch "\n    ([^\n]+)" do commands[#commands + 1] = line end
      assert.equal(5, #commands)
      for _, line in ipairs(commands) do
        if not line:find "%-%-watch" then
          local result = sh(dir, (line:gsub("^busted", function() return BUSTED end)))
          assert.equal(0, result.status, line .. "\n" .. result.out .. result.err)
        end
      end
    end)
  end)
end

describe("a new project", function()
  it("has the files of a good project", function()
    local dir = made "lua"
    assert.same({ ".busted", ".gitignore", ".luarc.json", "README.md", "notes.txt", "policy.lua", "spec", "worker.lua" }, shell.list(dir))
    assert.same({ "notes.rows", "policy_spec.lua" }, shell.list(dir .. "/spec"))
    for _, name in ipairs(shell.list(dir)) do
      local text = shell.read(dir .. "/" .. name)
      assert.falsy(text and text:find "%$%u", name)
    end
  end)

  it("lets an editor find the annotations", function()
    local settings = json.decode(shell.read(made "lua" .. "/.luarc.json"))
    local library = settings["workspace.library"][1]
    for _, name in ipairs { "worker.meta.lua", "sink.meta.lua", "internal/policy.lua", "test.lua" } do
      assert.truthy(shell.read(library .. "/sluice/" .. name), name)
    end
  end)

  it("uses only names that the annotations define", function()
    local dir, known = made "lua", ""
    for line in io.popen("cat " .. paths.root .. "/lualib/sluice/*.lua " .. paths.root .. "/lualib/sluice/internal/*.lua"):lines() do
      known = known .. line .. "\n"
    end
    for _, name in ipairs { "policy.lua", "worker.lua" } do
      for class in shell.read(dir .. "/" .. name):gmatch "%-%-%-@%a+ [%w ]-(sluice%.[%w.]+)" do
        assert.truthy(known:find("---@class " .. class .. "%f[^%w.]"), class)
      end
    end
  end)
end)

describe("sluice new refuses", function()
  local function refused(expected, words, dir)
    local result = shell.sluice({ "new", table.unpack(words) }, { cwd = dir })
    assert.equal(2, result.status)
    assert.truthy(result.err:find(expected, 1, true), result.err)
  end

  it("a directory that has something in it, and a file", function()
    local dir = shell.directory()
    shell.write(dir .. "/x", "mine")
    refused(". is not empty; name a new directory", { "." }, dir)
    refused("x exists, but is not a directory", { "x" }, dir)
    refused("cannot make the directory no/where: No such file or directory", { "no/where" }, dir)
    assert.same({ "x" }, shell.list(dir))
  end)

  it("unknown arguments", function()
    refused("DIR is missing", {})
    refused('--worker: expected lua, c or sh, got "perl"', { "a", "--worker", "perl" })
    refused("new writes a worker; choose its language with --worker lua, c or sh", { "a", "--", "w.lua" })
  end)

  it("but not an empty directory", function()
    local dir = shell.directory()
    assert.equal(0, shell.sluice({ "new", "-q", "." }, { cwd = dir }).status)
    assert.truthy(shell.read(dir .. "/policy.lua"))
  end)
end)
