--- The last resort in a program that uses the module: off by default.
local paths = require "support.paths"
local shell = require "support.shell"

after_each(shell.forget)

local PROGRAM = [==[
local sluice = require "sluice"
if arg[1] == "ask" then sluice.last_resort() end
local jsonl = require "sluice.sink.jsonl"
local worker = assert(sluice.spawn { "worker.lua" })
local stuck = { execute = function() os.execute "sleep 2.5" end, none = function() end }
local summary, err = worker:run("rows", nil, { timeout = 0.4, streams = { rows = { on_row = stuck[arg[2]], sink = jsonl.file "out.jsonl" } } })
worker:shutdown()
print(summary and "committed" or err.kind)
]==]

local function run(...)
  local dir = shell.directory()
  shell.write(dir .. "/p.lua", PROGRAM)
  shell.write(dir .. "/worker.lua", 'return { exports = { rows = function(_, emit) emit:row("rows", {}) end } }')
  local result = shell.run({ paths.lua, "p.lua", ... }, { cwd = dir, leaves = true }) -- started by os.execute
  return result, shell.list(dir)
end

describe("a program whose handler is stuck", function()
  it("ends, if it has enabled the last resort, with nothing left", function()
    local result, files = run("ask", "execute")
    assert.equal(124, result.status)
    assert.equal("", result.out)
    assert.matches("^sluice: request_timeout: the request did not end within 400 ms: streams%.rows%.on_row was still running", result.err)
    assert.matches("note: the handler streams%.rows%.on_row was stuck", result.err)
    assert.same({ "p.lua", "worker.lua" }, files)
  end)

  it("waits for it otherwise", function()
    local result = run("no", "execute")
    assert.equal("request_timeout\n", result.out)
    assert.equal(0, result.status)
  end)

  it("continues as usual if nothing is stuck", function()
    assert.equal("committed\n", (run("ask", "none")).out)
  end)
end)
