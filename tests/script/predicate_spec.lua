--- Simple expressions are evaluated without Lua, with the same result: random ones here, a table of them
--- in expression_spec.lua.
local core = require "sluice.core"
local support = require "script.support"

teardown(support.shutdown)

local SEED = tonumber(os.getenv "SEED") or 5101
local EXPRESSIONS = tonumber(os.getenv "EXPRESSIONS") or os.getenv "SLUICE_SANITIZED" and 400 or 2000

local function expression(source)
  local f, err = core.expression(source, "EXPR")
  return assert(f, tostring(err))
end

--- Each text twice in a stream of its own: the first row of a stream is always
--- evaluated by Lua, so either both are kept or neither.
local function agree(source, texts)
  local rows = {}
  for i, text in ipairs(texts) do
    rows[#rows + 1] = { "s" .. i, text }
    rows[#rows + 1] = { "s" .. i, text }
  end
  local summary, failure = support.run(rows, { default = { where = expression(source) } })
  if not summary then return failure end
  for i, text in ipairs(texts) do
    local counts = summary.counts.per_stream["s" .. i]
    assert(counts.kept ~= 1, ("seed %d: Lua and we differ: %s on %s"):format(SEED, source, text))
    assert(counts.kept + counts.dropped == 2)
  end
end

--- The Lua functions that were called while n such rows passed.
local function calls(source, text, n)
  local rows, count = {}, 0
  for i = 1, n do rows[i] = { "rows", text } end
  assert(support.begin(rows, { default = { where = expression(source) } }))
  debug.sethook(function()
    local name = debug.getinfo(2, "S").short_src
    if name:match "EXPR" then count = count + 1 end
  end, "c")
  local summary, failure = support.worker():wait()
  debug.sethook()
  assert(summary, tostring(failure))
  return count
end

local TEXTS = {
  '{"i":7,"f":2.5,"s":"x","b":true,"n":null,"o":{"i":1,"s":"x"},"a":[1],"z":0,"m":-3}',
  '{"i":-9223372036854775808,"f":-0.0,"s":"","b":false,"n":null,"o":{},"a":[],"z":0,"m":-1}',
  '{"i":9007199254740993,"f":9007199254740992.0,"s":"y","b":true,"n":null,"o":{"i":null},"a":{},"z":-0.0,"m":2}',
  '{"i":9223372036854775807,"f":1e308,"s":"theorem","b":true,"n":null,"o":{"i":{}},"a":1,"z":0.0,"m":18446744073709551615}',
  '{"i":18446744073709551616,"f":1.8446744073709552e19,"s":"x","b":1e400,"n":null,"o":{"i":1e309},"a":[-18446744073709551617],"z":0,"m":-1e400}',
  '{"i":3,"f":3.0,"s":"x","b":1,"n":null,"o":{"s":"é"},"a":"x","z":1,"m":7,"i":4}',
}

local FIELDS = { "i", "f", "s", "b", "n", "o", "a", "z", "m", "o.i", "o.s", "x", "x.y", "n.y", "i.y", "s.x", "a[1]", "a[2].x", "o['i']", "o[1]" }
local CONSTANTS = { "0", "1", "-1", "2", "7", "2.5", "1e3", "0x10", "'x'", '"theorem"', "true", "false", "nil", "null",
  "9007199254740993", "9007199254740992.0", "9223372036854775807", "18446744073709551616", "1.8446744073709552e19",
  "-18446744073709551617", "1e400", "-9223372036854775808" }
local NUMBERS = { "i", "f", "z", "m", "i", "f", "m", "n", "x", "x.y", "a[1]" }
local COMPARISONS = { "==", "~=", "<", "<=", ">", ">=" }
local ARITHMETIC = { "+", "-", "*", "/", "//", "%" }

local function any(list) return list[math.random(#list)] end

local function number(depth)
  if depth == 0 or math.random() < 0.4 then return any(math.random() < 0.7 and NUMBERS or { "1", "2", " -3", "0.5", "7" }) end
  if math.random() < 0.15 then return "- " .. number(depth - 1) end
  if math.random() < 0.2 then return "(" .. number(depth - 1) .. ")" end
  return number(depth - 1) .. " " .. any(ARITHMETIC) .. " " .. number(depth - 1)
end

local function condition(depth)
  local dice = math.random()
  if depth == 0 or dice < 0.2 then return any(FIELDS) .. any { "==", " ~= " } .. any(math.random() < 0.5 and CONSTANTS or FIELDS) end
  if dice < 0.5 then return number(2) .. " " .. any(COMPARISONS) .. " " .. number(2) end
  if dice < 0.6 then return "not " .. condition(depth - 1) end
  if dice < 0.7 then return "(" .. condition(depth - 1) .. ")" end
  if dice < 0.75 then return any(FIELDS) end
  return condition(depth - 1) .. any { " and ", " or " } .. condition(depth - 1)
end

describe("a simple expression", function()
  it("has the same result as in Lua", function()
    math.randomseed(SEED)
    local decided = 0
    for _ = 1, EXPRESSIONS do
      if not agree(condition(3), TEXTS) then decided = decided + 1 end
    end
    assert.is_true(decided > EXPRESSIONS // 3, decided .. " expressions could be decided")
  end)

  it("calls no Lua after the first row of a stream", function()
    local text = '{"kind":"theorem","line":4,"o":{"a":1}}'
    for _, source in ipairs { 'kind == "theorem" and line % 2 == 0', "true", "not (line < 3) or o.a ~= 1",
      "line // 2 - 1 >= -o.a", "o.b == nil", "line" } do
      assert.equal(calls(source, text, 1), calls(source, text, 50), source)
    end
    assert.is_true(calls("rawequal(line, 4)", text, 1) < calls("rawequal(line, 4)", text, 50))
  end)

  it("leaves to Lua what only Lua can evaluate", function()
    local text = '{"s":"a","n":1,"z":0,"t":{},"u":null}'
    for source, message in pairs {
      ["s < n"] = "cannot be compared", ["n % z == 1"] = "attempt to perform 'n%%+0'", ["t + 1 == 2"] = "attempt to perform arithmetic",
      ["-t == 1"] = "attempt to perform arithmetic",
    } do
      local failure = agree(source, { text })
      assert.is_truthy(failure, source)
      assert.matches(message, failure.message)
    end
    for _, source in ipairs { "s < 'b'", "s .. 'b' == 'ab'", "#s == 1", "n & 1 == 1", "n << 1 == 2", "n ^ 2 == 1",
      "missing == nil", "s == 'a' -- why", "s == [[a]]", "s == '\\97'", "t ~= nil", "n - -1 == 2", "s:upper() == 'A'" } do
      assert.is_nil(agree(source, { text }), source)
    end
  end)
end)
