--- An undefined global is an error in a policy, and only there.
local paths = require "support.paths"
local shell = require "support.shell"

after_each(shell.forget)

local function run(text)
  local file = shell.file(text, "policy.lua")
  return shell.sluice { "run", file, "--export", "count", "--request", '{"n":2}', "--", paths.tests .. "/workers/counts.lua" }
end

local function refused(kind, line, name, meant, text)
  local result = run(text)
  assert.equal(4, result.status, result.err)
  local hint = meant and ("; did you mean %s?"):format(meant) or ""
  local said = ("policy.lua:%d: the global %s is not defined%s"):format(line, name, hint)
  assert.matches("^sluice: " .. kind .. ": ", result.err)
  assert.truthy(result.err:find(said, 1, true), result.err)
  local after = result.err:match(said:gsub("%p", "%%%0") .. "(.)")
  assert.truthy(after == "\n" or after == " ", result.err)
end

describe("an undefined global", function()
  it("is an error while the policy is loaded, with a suggestion", function()
    refused("policy", 2, "is_mtach", "is_match", [[
      local function is_match() return true end
      return { streams = { rows = { where = is_mtach, on_row = print } } }]])
    refused("policy", 1, "requrie", "require", "local schema = requrie 'sluice.schema'")
    refused("policy", 1, "wholly_unlike", nil, "return { where = wholly_unlike }")
  end)

  it("is an error while rows arrive", function()
    refused("sink", 1, "prnit", "print", "return { on_row = function(row) prnit(row) end }")
    refused("sink", 1, "rwo", "row", "return { on_row = function(row) local x = rwo end }")
    refused("sink", 2, "totl", "total", "local total = 0\nreturn { on_row = function() total = total + 1; return totl end }")
  end)

  it("is an error in on_summary, in functions of the policy, and in coroutines", function()
    refused("sink", 1, "cont", nil, "return { on_row = function() end, on_summary = function() return cont end }")
    refused("sink", 2, "pritn", "print", "local function show(x)\npritn(x) end\nreturn { on_row = function(row) show(row) end }")
    refused("sink", 1, "pritn", "print", "return { on_row = function() coroutine.wrap(function() pritn() end)() end }")
  end)

  it("does not include one that was defined, even as nil", function()
    local result = run [[
      count, nothing = 0, nil
      return {
        on_row = function() count = count + (nothing or 1) end,
        on_summary = function() print(count, _G.count, nothing) end,
      }]]
    assert.same({ 0, "2\t2\tnil\n" }, { result.status, result.out })
  end)

  it("is nil in _G, in modules and in chunks that the policy loads", function()
    local result = run [[
      package.preload.other = load "return { x = nosuch, y = _G.nosuch }"
      local other = require "other"
      print(_G.nosuch, rawget(_G, "nosuch"), other.x, other.y, load "return nosuch" ())
      return { on_row = function() end }]]
    assert.same({ 0, "nil\tnil\tnil\tnil\tnil\n" }, { result.status, result.out })
  end)
end)
