--- The single list of options, and its users: a policy, sluice.spawn and
--- the command line.
local option_list = require "sluice.internal.option_list"
local policy = require "sluice.internal.policy"
local shell = require "support.shell"
local sluice = require "sluice"

--- A value that no option accepts.
local function wrong() end

describe("an option of the list", function()
  after_each(shell.forget)

  it("is read in a policy's file, under its name", function()
    for _, option in ipairs(option_list.list) do
      local path = shell.file(("return { %s = print }"):format(option.name), "p.lua")
      local plan, err = policy.load(path)
      assert.is_nil(plan)
      assert.matches("p.lua: " .. option.name .. ": expected ", err.message, 1, true)
    end
  end)

  it("is read in a policy for a running worker if it belongs to the request", function()
    for _, option in ipairs(option_list.list) do
      local _, problem = policy.read { [option.name] = wrong }
      assert.matches(option.of == "request" and "^[%w_]+: expected " or "^[%w_]+: belongs to sluice.spawn", problem)
    end
  end)

  it("is read by sluice.spawn, under its name", function()
    for _, option in ipairs(option_list.list) do
      local ok, why = pcall(sluice.spawn, { "w.lua", [option.name] = wrong })
      assert.is_false(ok)
      assert.matches("spawn: " .. option.name .. ": expected ", why, 1, true)
    end
  end)

  it("has its flag and its default in help if it has a text for it", function()
    local help = shell.sluice({ "run", "--help" }).out
    for _, option in ipairs(option_list.list) do
      local shown = ("\n%%s+%s%s%%s"):format(option.flag:gsub("-", "%%-"), option.value and " " .. option.value or "")
      assert.equal(option.help ~= nil, help:find(shown) ~= nil, option.flag)
      if option.help and option.default then assert.is_truthy(help:find("(" .. option.default, 1, true), option.flag) end
    end
  end)
end)

describe("the options in force", function()
  it("come from the first table that has them, or are the defaults", function()
    local request = option_list.of.request
    assert.same({ timeout = 600000 }, option_list.pick(request))
    assert.same({ timeout = 0, idle_timeout = 7 }, option_list.pick(request, { timeout = 0 }, { timeout = 5, idle_timeout = 7 }))
    local worker = option_list.pick(option_list.of.worker, { max_requests = 3 })
    assert.same({ 10000, 1 << 20, 2000, 3, "pipe" },
      { worker.startup_timeout, worker.max_frame, worker.kill_grace, worker.max_requests, worker.transport })
  end)
end)
