--- Features of the protocol: which are offered, which are picked, and which are neither.
local support = require "wire.support"
local hex = support.hex

--- The first line of the answer to a command about these names, when the
--- others are known.
local function ask(known, command, names)
  local words = { command }
  for _, name in ipairs(names or {}) do words[#words + 1] = hex(name) end
  local all = { "known" }
  for _, name in ipairs(known) do all[#all + 1] = hex(name) end
  return support.run({ table.concat(all, " "), table.concat(words, " ") })[2][1]
end

--- The names in a set.
local function names_of(answer)
  assert.equal("features", answer[1], answer.line)
  local names = {}
  for i = 2, #answer do names[i - 1] = support.unhex(answer[i]) end
  return names
end

local MOST = {}
for i = 1, 64 do MOST[i] = "feature-" .. i end

describe("the features that a worker offers", function()
  it("are all that it knows", function()
    assert.same({}, names_of(ask({}, "offer")))
    assert.same({ "a", "b" }, names_of(ask({ "a", "b" }, "offer")))
    assert.same(MOST, names_of(ask(MOST, "offer")))
  end)
end)

describe("the features that a runner picks", function()
  it("are those of the offer that it knows", function()
    assert.same({ "b" }, names_of(ask({ "a", "b" }, "among", { "c", "b" })))
    assert.same({ "feature-64" }, names_of(ask(MOST, "among", { "feature-65", "feature-64", "feature-6x" })))
  end)

  it("are none if none are offered, known, or common", function()
    assert.same({}, names_of(ask({ "a" }, "among", {})))
    assert.same({}, names_of(ask({}, "among", { "a" })))
    assert.same({}, names_of(ask({ "a" }, "among", { "aa", "b", "-" })))
  end)

  it("are the same in any order of the offer", function()
    assert.same({ "a", "b" }, names_of(ask({ "a", "b" }, "among", { "a", "x", "b" })))
    assert.same({ "a", "b" }, names_of(ask({ "a", "b" }, "among", { "b", "a" })))
  end)
end)

describe("a worker", function()
  it("accepts any of the features that it offered", function()
    assert.same({ "b" }, names_of(ask({ "a", "b" }, "picked", { "b" })))
    assert.same({ "a", "b" }, names_of(ask({ "a", "b" }, "picked", { "b", "a" })))
    assert.same({}, names_of(ask({ "a", "b" }, "picked", {})))
  end)

  it("refuses one that it did not offer, by name", function()
    for _, known in ipairs { {}, { "a" }, MOST } do
      local picked = { "other", "other-too" }
      if known[1] then picked = { known[1], "other" } end
      local err = support.error_of(ask(known, "picked", picked))
      assert.same({ "protocol", 'the runner picked the feature "other", which was not offered' }, { err.kind, err.message })
    end
  end)
end)
