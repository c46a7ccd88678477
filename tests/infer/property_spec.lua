--- The schema inferred from random rows accepts them all, also after it was written and read back; it accepts nothing that
--- it need not accept; and it is the same if parts were merged.
local as = {
  lua = require "sluice.internal.infer.as_lua", json_schema = require "sluice.internal.infer.as_json_schema",
  luals = require "sluice.internal.infer.as_luals", policy = require "sluice.internal.infer.as_policy",
  sql = require "sluice.internal.infer.as_sql",
}
local core = require "sluice.core"
local json = require "sluice.json"
local result = require "sluice.internal.infer.result"
local rows = require "infer.rows"
local schema = require "sluice.schema"

local SEED = tonumber(os.getenv "SEED") or 20240229
local SETS = tonumber(os.getenv "SETS") or (os.getenv "SLUICE_SANITIZED" and 60 or 400)

local function shapes_of(texts)
  local shapes = core.shapes()
  for _, text in ipairs(texts) do assert(shapes:add(text, "rows")) end
  return shapes
end

local function inferred(texts, options) return result.of(shapes_of(texts), options or {}) end

local function is_taken(declared, text)
  local _, err = declared:decode(text)
  return err == nil, err
end

local function takes_all(declared, texts, why)
  for _, text in ipairs(texts) do
    local ok, err = is_taken(declared, text)
    if not ok then error(("%s, seed %d: %s refuses %s: %s"):format(why, SEED, tostring(declared), text, tostring(err)), 2) end
  end
end

local function loaded(text)
  local chunk, problem = load(text, "=written", "t")
  return assert(chunk, tostring(problem) .. "\n" .. text)
end

--- The same schema after each way to a file and back.
local function read_back(of)
  local text = as.json_schema(of)
  local declared, err = schema.from_json_schema(text)
  return { lua = loaded(as.lua(of))(), json = assert(declared, tostring(err) .. "\n" .. text) }
end

--- The bounds of the sets, so that each has its own rows regardless of the earlier ones.
local function each_set(more, check)
  for i = 1, SETS do
    math.randomseed(SEED + i + more)
    check(rows.list(math.random(1, 40)), i)
  end
end

local function options_of(i) return { tight = i % 3 == 0, enum = i % 5 == 0 and 0 or nil } end

describe("an inferred schema", function()
  it("accepts all rows from which it was made, also after it was written and read back", function()
    each_set(0, function(texts, i)
      local of = inferred(texts, options_of(i))
      takes_all(of.streams[1].node.type, texts, "direct")
      for way, declared in pairs(read_back(of)) do takes_all(declared, texts, way) end
    end)
  end)

  it("judges other rows in the same way after it was written and read back", function()
    local refused = 0
    each_set(100000, function(texts, i)
      local options = options_of(i)
      local of = inferred(texts, options)
      local direct, back = of.streams[1].node.type, read_back(of)
      for _ = 1, 10 do
        local text = rows.mutated(texts[math.random(#texts)])
        local expected = is_taken(direct, text)
        refused = refused + (expected and 0 or 1)
        local why = ("seed %d, set %d: %s on %s"):format(SEED, i, tostring(direct), text)
        assert.equal(expected, is_taken(back.lua, text), "lua, " .. why)
        -- JSON Schema cannot limit the digits of a decimal.
        if not options.tight or expected then assert.equal(expected, is_taken(back.json, text), "json, " .. why) end
      end
    end)
    assert.is_true(refused > SETS, refused .. " were refused")
  end)

  it("is valid Lua in the other forms", function()
    each_set(0, function(texts, i)
      local of = inferred(texts, options_of(i))
      loaded(as.policy(of))
      local luals = as.luals(of)
      for line in luals:gmatch "[^\n]+" do assert.equal("--", line:sub(1, 2), luals) end
      assert.is_true(utf8.len(luals) ~= nil)
      assert.is_true(utf8.len(as.lua(of)) ~= nil)
      assert.is_true(utf8.len(as.sql(of, {})) ~= nil)
    end)
  end)

  it("is the same for merged parts as for the whole", function()
    each_set(0, function(texts, i)
      local whole, merged, at = shapes_of(texts), core.shapes(), 1
      while at <= #texts do
        local last = math.random(at, #texts)
        assert(merged:merge(shapes_of { table.unpack(texts, at, last) }))
        at = last + 1
      end
      assert.is_nil(rows.difference(whole:describe "rows", merged:describe "rows"), ("seed %d, set %d"):format(SEED, i))
      local options = options_of(i)
      assert.equal(as.lua(result.of(whole, options)), as.lua(result.of(merged, options)))
    end)
  end)
end)

-- ---- tightness --------------------------------------------------------------------------

local OTHERS = { null = "null", boolean = "true", integer = "3", float = "0.5", decimal = "1e400", string = '"x"', array = "[]", object = "{}" }

--- Reports if a value of this type may replace these values.
local function may_stand(name, counts)
  if name == "integer" then return counts.integer or counts.float or counts.decimal end
  if name == "float" then return counts.float or counts.decimal end
  if name == "decimal" then return counts.float or counts.decimal or counts.integer end
  return counts[name]
end

local visit

local function visit_children(value, node, change)
  for _, part in ipairs(node.alternatives or { node }) do
    local is_array = json.is_array(value)
    if is_array and part.items then
      for i = 1, math.min(#value, 3) do visit(value, i, part.items, change) end
    elseif not is_array and part.values then
      for key in pairs(value) do visit(value, key, part.values, change) end
    elseif not is_array and part.fields then
      for _, field in ipairs(part.fields) do
        if value[field.name] ~= nil then visit(value, field.name, field.node, change, not field.optional) end
      end
    end
  end
end

--- Replaces each value by each one that must be refused there.
function visit(parent, key, node, change, is_required)
  local was = parent[key]
  for name, text in pairs(OTHERS) do
    if not may_stand(name, node.place.counts) then
      parent[key] = (json.decode(text))
      change(("%s for %s"):format(text, tostring(key)))
    end
  end
  if is_required then
    parent[key] = nil
    change("without " .. key)
  end
  parent[key] = was
  if type(was) == "table" and was ~= json.null then visit_children(was, node, change) end
end

describe("an inferred schema", function()
  it("refuses a value of a type that never occurred there, and a row without a field that was always present", function()
    local count = 0
    each_set(200000, function(texts, i)
      local node = inferred(texts, options_of(i)).streams[1].node
      for k = 1, math.min(#texts, 4) do
        local box = { (json.decode(texts[k])) }
        visit(box, 1, node, function(what)
          count = count + 1
          local text = box[1] == nil and "null" or assert(json.encode(box[1]))
          if is_taken(node.type, text) then
            error(("seed %d, set %d: %s takes %s (%s)"):format(SEED, i, tostring(node.type), text, what))
          end
        end)
      end
    end)
    assert.is_true(count > 20 * SETS, count .. " changes")
  end)
end)
