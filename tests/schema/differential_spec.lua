--- sluice.schema against the oracle, on random types and values; and decode
--- against check, and against arbitrary bytes.
local json = require "sluice.json"
local oracle = require "schema.oracle"
local random = require "schema.random"
local schema = require "sluice.schema"

local SEED = tonumber(os.getenv "SEED") or 20240229
local TYPES = tonumber(os.getenv "TYPES") or (os.getenv "SLUICE_SANITIZED" and 300 or 1500)

local function pointers(list)
  local result = {}
  for i, violation in ipairs(list) do result[i] = violation.pointer end
  table.sort(result)
  return result
end

local function has_union(s)
  if s.kind == "union" then return true end
  for _, part in ipairs { s.items or false, s.kind == "map" and s.values or false, type(s.unknown) == "table" and s.unknown or false } do
    if part and has_union(part) then return true end
  end
  for _, field in ipairs(s.fields or {}) do
    if has_union(field.schema) then return true end
  end
  return false
end

local function compare(declared, value, text)
  local got, err = declared:decode(text)
  local valid, expected, places = oracle.verdict(declared, json.decode(text))
  local why = ("seed %d, %s on %s"):format(SEED, tostring(declared), text)
  assert.equal(valid, err == nil, why)
  if valid then
    assert.is_true(oracle.equal(expected, got) and json.encode(oracle.ordered(expected)) == json.encode(oracle.ordered(got)), why)
    -- (A record may drop the only difference between two elements.)
    assert.is_true(declared:check(got) == true or has_union(declared) or tostring(declared):match "unique" ~= nil, why)
  elseif not has_union(declared) and err.violation_count <= 20 then
    table.sort(places)
    assert.same(places, pointers(err.violations), why)
  end
  local ok, list = declared:check(value)
  assert.equal(valid, ok == true, why)
  if not valid then assert.same(pointers(err.violations), pointers(list), why) end
end

describe("a random type", function()
  it("decodes and checks as the oracle does", function()
    math.randomseed(SEED)
    local valid, invalid = 0, 0
    for _ = 1, TYPES do
      local declared = random.type(3)
      for _ = 1, 8 do
        local value = random.value(declared, 3)
        local text = json.encode(value)
        compare(declared, json.decode(text), text)
        if declared:check(value) then valid = valid + 1 else invalid = invalid + 1 end
      end
    end
    assert.is_true(valid > TYPES and invalid > TYPES, ("%d valid, %d not"):format(valid, invalid))
  end)

  it("means the same after a round trip through JSON Schema", function()
    math.randomseed(SEED + 1)
    for _ = 1, TYPES // 3 do
      local declared = random.type(3)
      local document = declared:to_json_schema()
      local back = document and assert(schema.from_json_schema(json.encode(document)))
      for _ = 1, back and 5 or 0 do
        local value = random.value(declared, 3)
        assert.equal(declared:check(value) == true, back:check(value) == true,
          ("%s, as %s, on %s"):format(tostring(declared), json.encode(document), json.encode(value)))
      end
    end
  end)

  it("means the same after a round trip through an older draft of JSON Schema", function()
    math.randomseed(SEED + 4)
    for _ = 1, TYPES // 3 do
      local document = random.type(3):to_json_schema()
      local newest = document and tostring(assert(schema.from_json_schema(document)))
      for _, draft in ipairs(document and { "draft-06", "draft-07", "draft/2019-09" } or {}) do
        document["$schema"] = ("http://json-schema.org/%s/schema#"):format(draft)
        assert.equal(newest, tostring(assert(schema.from_json_schema(document, { strict = true }))))
      end
    end
  end)

  it("survives arbitrary bytes: valid JSON is decoded or invalid, anything else is malformed", function()
    math.randomseed(SEED + 2)
    for _ = 1, TYPES do
      local declared = random.type(3)
      local text = json.encode(random.value(declared, 3))
      for _ = 1, 4 do
        local at = math.random(#text)
        local broken = text:sub(1, at - 1) .. string.char(math.random(0, 255)):rep(math.random(0, 2)) .. text:sub(at + math.random(0, 1))
        local plain, not_json = json.decode(broken)
        local _, err = declared:decode(broken)
        if plain == nil and not_json then
          assert.equal("row_malformed", err.kind)
        else
          assert.equal((oracle.verdict(declared, plain)), err == nil, tostring(declared) .. " on " .. broken)
        end
      end
    end
  end)

  it("uses the last of duplicate keys, as the full decode does", function()
    math.randomseed(SEED + 3)
    for _ = 1, TYPES do
      local declared = random.type(2)
      local members = {}
      for i = 1, math.random(0, 6) do
        local name = ({ "a", "b", "name" })[math.random(3)]
        members[i] = json.encode(name) .. ":" .. json.encode(random.value(random.type(1), 1))
      end
      local text = "{" .. table.concat(members, ",") .. "}"
      compare(declared, json.decode(text), text)
    end
  end)
end)
