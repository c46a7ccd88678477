-- Tests how lua-cjson and sluice work together in large.lua and requests.lua:
--
--   busted --lua=lua5.4 policy_spec.lua
local cjson = require "cjson"
local json = require "sluice.json"
local sluice = require "sluice"
local test = require "sluice.test"

local function row(path, bytes, owner) return { path = path, bytes = bytes, owner = owner, labels = json.array {} } end

describe("the configuration", function()
  local config = dofile "configuration.lua" "config.json"

  it("has integers, arrays and nulls that sluice writes as what they are", function()
    assert.equal("integer", math.type(config.least_bytes))
    assert.equal('{"labels":[],"least_bytes":1000,"logs":["shop.log"],"owners":{"/cart":"shop","/health":null}}', json.encode(config))
  end)

  it("has the null of sluice", function()
    assert.equal(sluice.null, config.owners["/health"])
    assert.equal(cjson.null, json.decode "[null]"[1])
  end)
end)

describe("large.lua", function()
  it("prints the large answers of those who own them", function()
    local rows = { row("/cart", 52311, "shop"), row("/cart", 0, "shop"), row("/health", 2048, cjson.null) }
    local result = test.run("large.lua", test.rows { requests = rows })
    assert(result.success, tostring(result))
    assert.equal("/cart: 52311 bytes, ask shop\n", result.printed)
    assert.equal(2, result.dropped)
  end)

  it("keeps an integer that lua-cjson would round", function()
    local result = test.run("large.lua", test.rows { requests = { row("/cart", 9007199254740993, "shop") } })
    assert.equal("/cart: 9007199254740993 bytes, ask shop\n", result.printed)
    assert.equal("[9.007199254741e+15]", cjson.encode { 9007199254740993 })
  end)

  it("refuses labels that have become an object on the way through lua-cjson", function()
    local wrong = row("/cart", 1, "shop")
    wrong.labels = cjson.decode "[]"
    local result = test.run("large.lua", test.rows { requests = { wrong } })
    assert.equal("row_invalid", result.failure.kind)
    assert.equal("/labels", result.failure.pointer)
  end)
end)
