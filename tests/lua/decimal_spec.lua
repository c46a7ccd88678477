--- sluice.decimal: numbers that keep their digits.
local json = require "sluice.json"
local shell = require "support.shell"
local sluice = require "sluice"

local decimal = sluice.decimal

after_each(shell.forget)

--- In order; those of equal value are in one list.
local LADDER = {
  { "-1e400", "-10e399" }, { "-1e309" }, { -1.7976931348623157e308 }, { "-18446744073709551617" },
  { "-18446744073709551616", -18446744073709551616.0, "-1844674407370955161600e-2" }, { "-9223372036854775809" },
  { math.mininteger, "-9223372036854775808", -9223372036854775808.0 }, { "-1.5", -1.5 }, { -1, "-1", "-1.0", "-1e0" }, { "-1e-400" },
  { 0, "0", -0.0, "-0", "0e999999999999999999999", "0.000" }, { "1e-400" }, { "4e-324" }, { 5e-324 },
  { "0.1" }, { 0.1 }, { "0.1000000000000000055511151231257827021181583404541015626" }, { "19.98999999999999999999" }, { "19.99", "19.990" },
  { 9007199254740992, 9007199254740992.0, "9007199254740992" }, { "9007199254740992.5" }, { 9007199254740993, "9007199254740993" },
  { math.maxinteger, "9223372036854775807" }, { "9223372036854775808", 9223372036854775808.0, "9.223372036854775808e18" },
  { "18446744073709551615" }, { "18446744073709551616", 18446744073709551616.0 }, { "18446744073709551617" },
  { 1.7976931348623157e308 }, { "1e309" }, { "1e400", "10e399" },
  { "1e1000000000" }, { "1e1000000001" }, { "1e99999999999999999" },
  { "1e999999999999999999", "1e1000000000000000000", "1e99999999999999999999" }, -- all beyond the range of the exponent
  { math.huge },
}

local function value(entry) return type(entry) == "string" and decimal(entry) or entry end

describe("decimals", function()
  it("have one exact order together with numbers", function()
    for i, step in ipairs(LADDER) do
      for j, other in ipairs(LADDER) do
        for _, a in ipairs(step) do
          for _, b in ipairs(other) do
            local x, y = value(a), value(b)
            local words = ("%s and %s"):format(a, b)
            if sluice.is_decimal(x) or sluice.is_decimal(y) then
              assert.equal(i < j, x < y, words)
              assert.equal(i <= j, x <= y, words)
              assert.equal(i > j, x > y, words)
            end
            if sluice.is_decimal(x) then assert.equal(i == j, x:eq(y), words) end
            if sluice.is_decimal(x) and sluice.is_decimal(y) then assert.equal(i == j, x == y, words) end
          end
        end
      end
    end
  end)

  it("are not equal to values that are not numbers, nor to NaN, and have no order with them", function()
    local d = decimal "1"
    for _, other in ipairs { "1", true, {}, json.null } do
      assert.is_false(d:eq(other))
      assert.is_false(d == other)
      assert.is_false((pcall(function() return d < other end)))
    end
    assert.is_false(d:eq(0 / 0))
    assert.is_false(d < 0 / 0 or d > 0 / 0 or d <= 0 / 0)
    assert.is_false(d == 1) -- Lua's own comparison
  end)

  it("are texts", function()
    for _, text in ipairs { "0", "-0", "19.990", "1e400", "1E+2", "18446744073709551616" } do
      assert.equal(text, tostring(decimal(text)))
      assert.equal("<" .. text .. ">", "<" .. decimal(text) .. ">")
      assert.equal(text, json.encode(decimal(text)))
    end
    assert.equal("12", tostring(decimal(12)))
    assert.equal("0.1", tostring(decimal(0.1)))
    assert.equal('{"a":[18446744073709551616,1e400]}', json.encode(json.decode '{"a":[18446744073709551616,1e400]}'))
  end)

  it("give Lua numbers in arithmetic", function()
    local d = decimal "18446744073709551616"
    assert.equal(2.0 ^ 64 + 1, d + 1)
    assert.equal(2.0 ^ 63, d / 2)
    assert.equal(-2.0 ^ 64, -d)
    assert.equal("integer", math.type(decimal "12" + 1))
    assert.equal(13, 1 + decimal "12.0")
    assert.equal(1.5, decimal "1.5" * 1)
    assert.equal(math.huge, decimal "1e400" + 0)
    assert.equal(0.0, decimal "1e-400" + 0)
    assert.equal(2, decimal "17" % 5)
    assert.equal(3, decimal "17" // 5)
    for what, calculate in pairs {
      ["arithmetic on a table value"] = function() return d + {} end,
      ["arithmetic on a string value"] = function() return d * "x" end,
      ["divide by zero"] = function() return decimal "12" // 0 end,
      ["'n%0'"] = function() return decimal "12" % 0 end,
    } do
      local ok, message = pcall(calculate)
      assert.is_false(ok)
      assert.matches("^%S+decimal_spec.lua:%d+: attempt to ", message)
      assert.is_truthy(message:find(what, 1, true), message)
    end
    assert.equal("mine", d + setmetatable({}, { __add = function() return "mine" end }))
  end)

  it("cannot be changed, and have only the method eq", function()
    local d = decimal "1"
    assert.is_false((pcall(function() d.x = 1 end)))
    local ok, message = pcall(function() return d.value end)
    assert.is_false(ok)
    assert.matches("a decimal has no 'value'", message)
    assert.equal("sluice.Decimal", getmetatable(d))
    assert.equal("userdata", type(d))
    assert.is_nil(tonumber(d))
    assert.is_nil(math.type(d))
  end)

  it("can be made from numbers only, otherwise the caller gets an error", function()
    for _, bad in ipairs { "", "x", "1.", ".5", "+1", "01", "0x10", "1e", "1 ", " 1", "NaN", "Infinity", "1,5", 0 / 0, math.huge, true, {} } do
      local ok, message = pcall(function() return decimal(bad) end)
      assert.is_false(ok, tostring(bad))
      assert.matches("decimal_spec.lua:%d+: decimal: expected a number", message)
    end
    assert.is_false((pcall(decimal)))
    for _, other in ipairs { 1, 1.5, "1", {} } do assert.is_false(sluice.is_decimal(other)) end
  end)

  it("have the same order as in Python", function()
    local seed = tonumber(os.getenv "SEED") or 2711
    local state = seed
    local function dice(n)
      state = state * 6364136223846793005 + 1442695040888963407
      return (state >> 33) % n + 1
    end
    local function digits(most)
      local list = {}
      for i = 1, dice(most) do list[i] = dice(3) == 1 and 0 or dice(10) - 1 end
      return (table.concat(list):gsub("^0+(%d)", "%1"))
    end
    local function number()
      local text = (dice(2) == 1 and "-" or "") .. digits(25)
      if dice(2) == 1 then text = text .. "." .. ("%s"):format(digits(25)) .. (dice(3) == 1 and "000" or "") end
      if dice(2) == 1 then text = text .. ("eE"):sub(dice(2)):sub(1, 1) .. ({ "", "+", "-" })[dice(3)] .. dice(30) end
      return text
    end
    local lines, said = {}, {}
    for i = 1, 3000 do
      local a, b = number(), nil
      -- Close to each other, often: the same number in another notation, or a double of it.
      local kind = dice(4)
      if kind == 1 then b = number() elseif kind == 2 then b = a:gsub("^(-?%d+)$", "%1.0") elseif kind == 3 then b = a:gsub("^(-?%d+%.%d+)$", "%10001") end
      local y = b and decimal(b) or decimal(a) + 0.0
      b = b or ("%a"):format(y)
      local x = decimal(a)
      lines[i] = a .. " " .. b
      said[i] = x < y and "<" or x:eq(y) and "=" or y < x and ">" or "?"
    end
    local path = shell.file(table.concat(lines, "\n") .. "\n")
    local result = shell.run { "/usr/bin/python3", "-c", [[
import sys
from fractions import Fraction
def value(t): return Fraction(float.fromhex(t)) if "x" in t else Fraction(t)
for line in open(sys.argv[1]):
    a, b = map(value, line.split())
    print("<" if a < b else "=" if a == b else ">")]], path }
    assert.equal(0, result.status, result.err)
    local i = 0
    for sign in result.out:gmatch "[^\n]+" do
      i = i + 1
      assert.equal(sign, said[i], ("seed %d: %s"):format(seed, lines[i]))
    end
    assert.equal(3000, i)
  end)

  it("are compared quickly for any exponents", function()
    local long = decimal(("9"):rep(100000))
    assert.is_true(long < decimal "1e999999999999999999999999")
    assert.is_true(decimal "1e-999999999999999999999999" < long)
    assert.is_false(long:eq(1.5))
  end)
end)

describe("rows with such numbers", function()
  local ROWS = '{"id":18446744073709551615,"x":1e400,"p":0.12345678901234567890123}\n{"id":18446744073709551616,"x":1,"p":1.0}\n'

  local function filter(...)
    local result = shell.sluice({ "filter", "-q", ... }, { input = ROWS })
    assert.equal(0, result.status, result.err)
    return result.out
  end

  it("keep them through a map", function()
    assert.equal('{"id":18446744073709551615,"x":1e400}\n{"id":18446744073709551616,"x":1}\n', filter("--map", "{ id = id, x = x }", "true"))
    assert.equal("[18446744073709551615]\n[18446744073709551616]\n", filter("--map", "{ id }", "true"))
  end)

  it("can be found by them", function()
    assert.equal("1\n", filter("--map", "x", "id == 18446744073709551616"))
    assert.equal("1e400\n", filter("--map", "x", "x > 1e308 and id ~= 18446744073709551616"))
    assert.equal("", filter("id == 18446744073709551617"))
  end)

  it("pass them to policies, and to CSV and JSON lines", function()
    local out, lines = shell.file(), shell.file()
    local policy = shell.file(([[local sluice = require "sluice"
      return { streams = { rows = { on_row = function(row)
        local id = row.payload.id
        assert(sluice.is_decimal(id) and id > 5 and row:get("id"):eq(id))
      end, sink = require("sluice.sink.csv").file(%q, { columns = { "id", "x", "p" }, header = false }) } } }]]):format(out), "p.lua")
    assert.equal(0, shell.sluice({ "run", policy }, { input = ROWS }).status)
    assert.equal("18446744073709551615,1e400,0.12345678901234567890123\n18446744073709551616,1,1.0\n", shell.read(out))
    policy = shell.file(([[local s = require "sluice.schema"
      return { streams = { rows = { schema = s.record { { "id", s.decimal { precision = 20, scale = 0 } }, { "p", s.decimal } },
        map = function(row) return row.payload end, sink = require("sluice.sink.jsonl").file(%q) } } }]]):format(lines), "p.lua")
    assert.equal(0, shell.sluice({ "run", policy }, { input = ROWS }).status)
    assert.equal('{"id":18446744073709551615,"p":0.12345678901234567890123}\n{"id":18446744073709551616,"p":1.0}\n', shell.read(lines))
  end)
end)
