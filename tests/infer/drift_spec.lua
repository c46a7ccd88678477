--- inference:drift, place by place; and a type widened until the values fit.
local json = require "sluice.json"
local schema = require "sluice.schema"

--- The rows, as JSON texts.
local function inference_of(texts)
  local inference = schema.infer()
  for _, text in ipairs(texts) do
    local value, err = json.decode(text)
    assert.is_nil(err)
    assert(inference:add(value))
  end
  return inference
end

--- "/n wider! 1" and the like, in order.
local function told(changes)
  local words = {}
  for i, change in ipairs(changes) do
    words[i] = ("%s %s%s %s"):format(change.pointer, change.change, change.refused and "!" or "", change.rows or "?")
  end
  return table.concat(words, "; ")
end

local R = schema.record

---@type { [1]: string, [2]: sluice.Schema, [3]: string[], [4]: string }[]
local CASES = {
  { "nothing", R { n = schema.integer }, { '{"n":1}' }, "" },
  { "any", R { n = schema.any }, { '{"n":1}', '{"n":"a"}', '{"n":null}' }, "" },
  { "a new field", R { n = schema.integer }, { '{"n":1}', '{"n":1,"m":2}' }, "/m new 1" },
  { "a new field of a closed record", schema.closed { n = schema.integer }, { '{"n":1,"m":2}' }, "/m new! 1" },
  { "a field that is gone", R { n = schema.integer, m = schema.integer }, { '{"n":1}' }, "/m gone! 1" },
  { "an optional field that is gone", R { n = schema.integer, m = schema.optional(schema.integer) }, { '{"n":1}' }, "/m gone 1" },
  { "absent at times", R { n = schema.integer }, { '{"n":1}', "{}", "{}" }, "/n wider! 2" },
  { "always there", R { n = schema.optional(schema.integer) }, { '{"n":1}', '{"n":2}' }, "/n narrower 2" },
  { "null", R { n = schema.integer }, { '{"n":1}', '{"n":null}' }, "/n wider! 1" },
  { "never null", R { n = schema.nullable(schema.integer) }, { '{"n":1}' }, "/n narrower 1" },
  { "only null", R { n = schema.integer }, { '{"n":null}' }, "/n wider! 1" },
  { "another type", R { n = schema.integer }, { '{"n":"a"}', '{"n":"b"}' }, "/n type! 2" },
  { "another type at times", R { n = schema.integer }, { '{"n":1}', '{"n":"b"}' }, "/n wider! 1" },
  { "a fraction", R { n = schema.integer }, { '{"n":1}', '{"n":1.5}' }, "/n wider! ?" },
  { "a whole float is an integer", R { n = schema.integer }, { '{"n":1}', '{"n":2.0}' }, "" },
  { "integers only", R { n = schema.number }, { '{"n":1}' }, "/n narrower 1" },
  { "above the limit", R { n = schema.integer { max = 3 } }, { '{"n":1}', '{"n":4}', '{"n":5}' }, "/n wider! 2" },
  { "below the limit", R { n = schema.number { min = 0 } }, { '{"n":0.5}', '{"n":-0.5}' }, "/n wider! ?" },
  { "an enum", R { k = schema.enum { "a", "b" } }, { '{"k":"a"}', '{"k":"c"}', '{"k":"c"}' }, "/k wider! 2" },
  { "too long", R { s = schema.string { max_length = 2 } }, { '{"s":"ab"}', '{"s":"abc"}' }, "/s wider! 1" },
  { "not of the format", R { s = schema.string { format = "date" } }, { '{"s":"2024-01-01"}', '{"s":"soon"}' }, "/s wider! 1" },
  { "booleans", R { b = schema.const(true) }, { '{"b":true}', '{"b":false}' }, "/b wider! ?" },
  { "elements", R { a = schema.array(schema.string) }, { '{"a":["x"]}', '{"a":["x",1,2]}' }, "/a/* wider! 2" },
  { "how many elements", R { a = schema.array(schema.string, { max = 1 }) }, { '{"a":["x","y"]}' }, "/a wider! ?" },
  { "values of a map", R { m = schema.map(schema.integer) }, { '{"m":{"a":1,"b":"x"}}' }, "/m/* type! 1" },
  { "deeper", R { p = R { x = schema.integer } }, { '{"p":{"x":"1"}}', '{"p":{"x":1,"y":2}}' }, "/p/x wider! 1; /p/y new 1" },
  { "a union of which one never came", R { u = schema.union(schema.integer, schema.string) }, { '{"u":1}' }, "/u narrower 1" },
  { "names with slashes", R { ["a/b"] = schema.integer }, { '{"a/b":"x"}' }, "/a~1b type! 1" },
  { "no object", R { n = schema.integer }, { "1" }, " type! 1" },
  { "a whole number of any size", R { n = schema.integer }, { '{"n":1e400}' }, "" },
}

describe("drift", function()
  for _, case in ipairs(CASES) do
    it("reports " .. case[1], function()
      assert.equal(case[4], told(inference_of(case[3]):drift(case[2])))
    end)
  end

  it("reports the first row and what was expected", function()
    local changes = inference_of({ '{"n":1}', '{"n":"12a"}', '{"n":"b"}' }):drift(R { n = schema.integer })
    assert.equal(1, #changes)
    assert.equal(2, changes[1].first.row)
    assert.equal('"12a"', changes[1].found)
    assert.equal("an integer", changes[1].declared)
    assert.equal(3, changes[1].total)
  end)

  it("is empty for a stream against the schema inferred from it", function()
    for _, case in ipairs(CASES) do
      local inference = inference_of(case[3])
      local refused = {}
      for _, change in ipairs(inference:drift(inference:schema())) do refused[#refused + 1] = change.change end
      assert.same({}, refused, case[1])
    end
  end)

  it("is empty for random values against the schema inferred from them", function()
    local seed = tonumber(os.getenv "SEED") or 7
    math.randomseed(seed)
    local value
    local function object(depth, most)
      local members = {}
      for i = 1, math.random(0, most) do members[i] = ('"%s":%s'):format(string.char(96 + math.random(1, most)), value(depth + 1)) end
      return "{" .. table.concat(members, ",") .. "}"
    end
    local makers = {
      function() return "null" end, function() return "true" end, function() return tostring(math.random(-3, 300)) end,
      function() return ("%.2f"):format(math.random() * 10) end, function() return "12345678901234567890123" end,
      function() return ('"%s"'):format(("x"):rep(math.random(0, 4))) end, function() return '"2024-01-02"' end,
      function(depth)
        local elements = {}
        for i = 1, math.random(0, 3) do elements[i] = value(depth + 1) end
        return "[" .. table.concat(elements, ",") .. "]"
      end,
      function(depth) return object(depth, 4) end, function(depth) return object(depth, 14) end,
    }
    function value(depth) return makers[math.random(depth > 3 and 7 or #makers)](depth) end
    for round = 1, 200 do
      local texts = {}
      for i = 1, math.random(1, 12) do texts[i] = round % 3 == 0 and value(0) or object(0, 5) end
      local inference = inference_of(texts)
      assert.equal("", told(inference:drift(inference:schema())), ("SEED=%d, round %d: %s"):format(seed, round, table.concat(texts, " ")))
    end
  end)

  it("needs a type", function()
    assert.error_matches(function() schema.infer():drift "a" end, "drift: expected a type such as schema.string, got \"a\"")
  end)
end)

describe("a widened type", function()
  local widen = require "sluice.internal.infer.widen"

  for _, case in ipairs(CASES) do
    it("accepts " .. case[1], function()
      local inference = inference_of(case[3])
      local description = inference.shapes:describe "values"
      local wider = widen.of(description, case[2], inference:drift(case[2]))
      for _, text in ipairs(case[3]) do
        local _, err = wider:decode(text)
        assert.is_nil(err)
      end
      for _, change in ipairs(inference:drift(wider)) do assert.is_false(change.refused, change.pointer) end
    end)
  end

  it("keeps what was declared, if it still holds", function()
    local declared = R { { "n", schema.integer { min = 0, max = 9, title = "N" } }, { "s", schema.string { max_length = 3 } } }
    local inference = inference_of { '{"n":12,"s":"a"}', '{"n":3}' }
    local wider = widen.of(inference.shapes:describe "values", declared, inference:drift(declared))
    assert.equal("record({ n = integer { min = 0, max = 12 }, s = optional(string { max_length = 3 }) })", tostring(wider))
    assert.equal("N", wider.fields[1].schema.title)
  end)
end)
