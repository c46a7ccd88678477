--- Statistics compared with an independent computation, on random rows; and the error bounds of estimates.
local core = require "sluice.core"
local oracle = require "stats.oracle"
local rows = require "infer.rows"

local SEED = tonumber(os.getenv "SEED") or 20240229
local SETS = tonumber(os.getenv "SETS") or (os.getenv "SLUICE_SANITIZED" and 40 or 150)

local function described(texts, most)
  local stats = core.stats("rows")
  for _, text in ipairs(texts) do assert(stats:add(text, "rows")) end
  return stats:describe("rows", most)
end

local function by_pointer(known)
  local places = {}
  for _, place in ipairs(known.fields) do
    assert.is_nil(places[place.pointer])
    places[place.pointer] = place
  end
  return places
end

local function shuffled(list)
  local copy = table.move(list, 1, #list, 1, {})
  for i = #copy, 2, -1 do
    local j = math.random(i)
    copy[i], copy[j] = copy[j], copy[i]
  end
  return copy
end

--- A text of which only the first bytes are kept.
local function same_start(expected, found, is_cut)
  if is_cut then return #found < #expected and #found > 60 and expected:sub(1, #found) == found end
  return expected == found
end

local function same_strings(expected, found, why)
  for _, name in ipairs { "min", "max" } do
    assert(same_start(expected[name], found[name], found[name .. "_cut"]), why .. name .. ": " .. found[name])
    assert.equal(expected[name .. "_length"], found[name .. "_length"], why)
  end
end

local function same_numbers(expected, found, why)
  assert.equal(expected.min, found.min, why)
  assert.equal(expected.max, found.max, why)
  local mean = expected.sum / expected.count
  if mean ~= mean or math.abs(mean) == math.huge then return assert.is_nil(found.mean, why) end
  -- if sums cancel, only the oracle's are wrong
  if math.abs(mean) < 1e15 then
    assert(math.abs(found.mean - mean) <= 1e-9 * math.max(1, math.abs(tonumber(expected.min)), math.abs(tonumber(expected.max))),
      ("%smean %s, expected %s"):format(why, found.mean, mean))
  end
end

local function same_place(expected, found, why)
  assert(found, why)
  for _, name in ipairs { "rows", "values" } do assert.equal(expected[name], found[name], why .. name) end
  assert.same(expected.types, found.types, why)
  assert.same(expected.arrays, found.arrays, why)
  assert.equal(expected.numbers == nil, found.numbers == nil, why)
  assert.equal(expected.strings == nil, found.strings == nil, why)
  if expected.numbers then same_numbers(expected.numbers, found.numbers, why) end
  if expected.strings then same_strings(expected.strings, found.strings, why) end
  local counts = oracle.counts(expected)
  assert.equal(#counts, found.distinct, why .. "distinct")
  assert.is_true(found.exact)
  for i, v in ipairs(found.frequent) do
    assert.equal(counts[i], v.count, why .. "frequent")
    assert.equal(0, v.over)
  end
  if #counts <= 100 then assert.equal(#counts, #found.frequent, why .. "frequent") end
end

describe("statistics of random rows", function()
  for _, name in ipairs { "as they come", "in another order" } do
    it("equal those of an independent computation, " .. name, function()
      for i = 1, SETS do
        math.randomseed(SEED + i)
        local texts = rows.list(math.random(1, 40))
        local expected = oracle.places(texts)
        local known = described(name == "as they come" and texts or shuffled(texts), 100)
        local found, count = by_pointer(known), 0
        assert.equal(#texts, known.rows)
        assert.equal(#table.concat(texts), known.bytes)
        for pointer, place in pairs(expected) do
          count = count + 1
          same_place(place, found[pointer], ("seed %d, set %d, at %q: "):format(SEED, i, pointer))
        end
        -- a field named * and the elements of an array have one pointer; these rows have no such name
        assert.equal(count, #known.fields)
      end
    end)
  end
end)

describe("distinct values", function()
  local function distinct(n, text)
    local stats = core.stats("rows")
    for i = 1, n do
      assert(stats:add(text(i), "rows"))
      if i % 3 == 0 then assert(stats:add(text(i), "rows")) end
    end
    local root = stats:describe("rows").fields[1]
    return root.distinct, root.exact == true
  end
  local texts = {
    integers = function(i) return ("%d"):format(i) end,
    strings = function(i) return ('"value %d"'):format(i) end,
    floats = function(i) return ("%d.5"):format(i) end,
  }

  for kind, text in pairs(texts) do
    it("of " .. kind .. " are exact up to 1,024, and then within three standard errors", function()
      for _, n in ipairs { 1, 256, 257, 1024 } do
        local found, is_exact = distinct(n, text)
        assert.equal(n, found)
        assert.is_true(is_exact)
      end
      for _, n in ipairs { 1025, 5000, 20000, 100000 } do
        local found, is_exact = distinct(n, text)
        assert.is_false(is_exact)
        assert(math.abs(found - n) <= 3 * 0.0082 * n, ("%d instead of %d"):format(found, n))
      end
    end)
  end
end)

describe("frequent values", function()
  --- Values by their weights, and many that occur once.
  local function skewed(n)
    local list, counts = {}, {}
    for i = 1, n do
      local rank = math.floor(math.exp(math.random() * 12))
      local value = i % 3 == 0 and "once " .. i or "rank " .. rank
      list[i] = value
      counts[value] = (counts[value] or 0) + 1
    end
    return list, counts
  end

  local function check(list, counts)
    local n, stats, listed = #list, core.stats("rows"), {}
    for _, value in ipairs(list) do assert(stats:add('"' .. value .. '"', "rows")) end
    local place = stats:describe("rows", 100).fields[1]
    for _, v in ipairs(place.frequent) do
      local real = counts[v.text]
      listed[v.text] = true
      assert(v.over <= n / 256 and v.count - v.over <= real and real <= v.count, v.text)
      assert(v.count - v.over > n // 256, v.text)
    end
    for value, real in pairs(counts) do assert(real <= 2 * n / 256 or listed[value], value) end
    assert(#place.frequent > 3)
  end

  it("are found in skewed data, with counts within their bounds, in any order", function()
    math.randomseed(SEED)
    local list, counts = skewed(30000)
    check(list, counts)
    table.sort(list)
    check(list, counts)
    check(shuffled(list), counts)
  end)

  it("are distinguished by their whole text, and shown by its beginning", function()
    local stats, long = core.stats("rows"), ("é"):rep(40)
    for i = 1, 6 do assert(stats:add(('"%s%d"'):format(long, i % 2), "rows")) end
    local place = stats:describe("rows").fields[1]
    assert.equal(2, place.distinct)
    assert.equal(("é"):rep(32), place.frequent[1].text)
    assert.is_true(place.frequent[1].cut)
    assert.equal(("é"):rep(32), place.strings.max)
    assert.is_true(place.strings.max_cut)
  end)
end)

describe("numbers", function()
  local function numbers(...) return described({ ... }).fields[1].numbers end

  it("are compared by their digits", function()
    local n = numbers("9007199254740993", "9007199254740992.5", "9007199254740992.4", "18446744073709551616", "18446744073709551617")
    assert.equal("9007199254740992.4", n.min)
    assert.equal("18446744073709551617", n.max)
    n = numbers("1e400", "-1e400", "10e400", "-0.1e400")
    assert.equal("-1e400", n.min)
    assert.equal("10e400", n.max)
    assert.is_nil(n.mean)
  end)

  it("keep their first digits if they are very long", function()
    local n = numbers("0." .. ("3"):rep(5000), "-1" .. ("0"):rep(5000), "0." .. ("0"):rep(500) .. "1")
    assert.equal("-0.1e5001", n.min)
    assert.is_nil(n.min_cut)
    assert.equal("0." .. ("3"):rep(100) .. "e0", n.max)
    assert.is_true(n.max_cut)
  end)

  it("have an exact sum if they are integers", function()
    assert.equal(2.0 ^ 62, numbers("9223372036854775807", "1").mean)
    assert.equal(0.5, numbers("9223372036854775807", "9223372036854775807", "-9223372036854775807", "-9223372036854775805").mean)
    assert.equal(1.0, numbers("1e100", "2.0", "-1e100", "1.0", "1").mean * 5 / 4)
  end)
end)

describe("places", function()
  it("have a limit, beyond which only their number is reported", function()
    local texts = {}
    for i = 1, 3000 do texts[i] = ('{"common":1,"f%d":%d,"o":{"g%d":1}}'):format(i, i, i) end
    local known = described(texts)
    assert.equal(1000, #known.fields)
    assert(math.abs(known.omitted - (6000 - 998)) < 150, known.omitted)
    assert.equal(3000, by_pointer(known)["/common"].rows)
  end)

  it("may be deep, with long names", function()
    local known = described { ("["):rep(100) .. ("]"):rep(100), ('{"%s":1}'):format(("x"):rep(2000)) }
    assert.equal(65, #known.fields)
    assert.equal(2, known.omitted)
    assert.is_true(known.omitted_exact)
  end)

  it("are counted once for duplicate keys, for the last of them", function()
    local known = described { '{"a":1,"a":"x","a":2}', '{"a":{"b":1},"a":3}' }
    assert.equal(2, #known.fields)
    assert.same({ integer = 2 }, by_pointer(known)["/a"].types)
    assert.equal(2, by_pointer(known)["/a"].values)
  end)
end)
