--- `expect` of a policy: which worker it is written for.
local shell = require "support.shell"
local sluice = require "sluice"

after_each(shell.forget)

local WORKER = [[return { name = "scan", version = "1.2.7", exports = { index = function(_, emit) emit:row("rows", 1) end },
  calls = { ping = function() return 1 end } }]]

--- Runs a policy with this expectation.
local function run(expect)
  local dir = shell.directory()
  shell.write(dir .. "/w.lua", WORKER)
  shell.write(dir .. "/p.lua", ('return { expect = %s, sink = require "sluice.sink.jsonl".file "out.jsonl", on_failure = function(f) print(f.kind) end }')
    :format(expect))
  return shell.sluice({ "run", "p.lua", "--summary", "s.json", "--", "w.lua" }, { cwd = dir }), dir
end

describe("a worker that is as expected", function()
  for _, expect in ipairs {
    '{ name = "scan" }', '{ version = "1.2.7" }', '{ version = "1.2" }', '{ version = "1" }', '{ exports = { "index" } }',
    '{ exports = { index = "rows", ping = "call" } }', '{ exports = { "ping", index = "rows" } }', "{}",
  } do
    it("runs: " .. expect, function()
      local result = run(expect)
      assert.equal(0, result.status, result.err)
    end)
  end
end)

describe("another worker fails the run before anything begins:", function()
  for expect, difference in pairs {
    ['{ name = "index" }'] = 'name: expected "index", got "scan"',
    ['{ version = "1.20" }'] = 'version: expected "1.20", got "1.2.7"',
    ['{ version = "1.2.7.1" }'] = 'version: expected "1.2.7.1", got "1.2.7"',
    ['{ exports = { "indx" } }'] = "export indx: expected, but the worker does not have it; it has index, ping",
    ['{ exports = { ping = "rows" } }'] = "export ping: expected one of type rows, got call",
  } do
    it(expect, function()
      local result, dir = run(expect)
      assert.equal(5, result.status)
      assert.truthy(result.err:find("sluice: handshake: this is not the worker that the policy expects: " .. difference, 1, true), result.err)
      assert.equal("handshake\n", result.out)
      assert.is_nil(shell.read(dir .. "/out.jsonl"))
      local told = require "cjson".decode(shell.read(dir .. "/s.json"))
      assert.equal("scan", told.error.found.name)
      assert.is_table(told.error.expected)
    end)
  end

  it("in a program as well", function()
    local worker <close> = assert(sluice.spawn { shell.file(WORKER, "w.lua") })
    local summary, failure = worker:run { expect = { version = "2" }, on_row = function() end }
    assert.is_nil(summary)
    assert.equal("handshake", failure.kind)
    assert.equal("1.2.7", failure.found.version)
    assert.truthy(worker:run { expect = { version = "1" }, on_row = function() end })
  end)
end)

it("reports an invalid expectation", function()
  for expect, problem in pairs {
    ["5"] = 'expect: expected a table such as { name = "scan", version = "1.2" }, got 5',
    ["{ nmae = 'x' }"] = "expect.nmae: unknown key; did you mean name?",
    ["{ exports = { index = 'row' } }"] = 'expect.exports: expected a list of names, or a table such as { index = "rows", ping = "call" }',
  } do
    local result = run(expect)
    assert.equal(4, result.status)
    assert.truthy(result.err:find(problem, 1, true), result.err)
  end
end)
