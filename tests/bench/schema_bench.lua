-- What a declared type costs beside a full decode, on rows like those of the
-- other benchmarks. By hand:
--
--   make && LUA_PATH="lualib/?.lua;;" LUA_CPATH="build/lua/?.so;;" lua5.4 tests/bench/schema_bench.lua [ROWS]
--
-- Every line but the last parses the text, too (the last is hardly anything
-- else), so the ratio of what is built is larger than that of the times.
local json = require "sluice.json"
local schema = require "sluice.schema"

local ROWS, ROUNDS = tonumber(arg[1]) or 200000, 7
local texts = {}
for i = 1, 64 do
  texts[i] = ('{"kind":"theorem","name":"Nat.add_comm.%d","file":"src/Algebra/Group/Basic%d.lean","line":%d,'
    .. '"size":%d,"doc":"Addition of natural numbers is commutative."}'):format(i, i % 7, i * 37, i * 11)
end

local function decoder(declared)
  local program = declared:compile()
  local decode = program.decode
  return function(text) return decode(program, text) end
end

local contenders = {
  { "full decode", function(text) return json.decode(text) end },
  { "any", decoder(schema.any) },
  { "two fields of six", decoder(schema.record { kind = schema.string, line = schema.integer }) },
  { "closed, six fields", decoder(schema.closed {
    kind = schema.string, name = schema.string, file = schema.string, line = schema.integer,
    size = schema.integer, doc = schema.string,
  }) },
  { "closed, six with limits", decoder(schema.closed {
    kind = schema.enum { "def", "lemma", "theorem" }, name = schema.string { length = { 1, 200 } },
    file = schema.string { regex = [[^[\w/.]+\.lean$]] }, line = schema.integer { min = 1 },
    size = schema.integer { min = 0 }, doc = schema.optional(schema.string),
  }) },
  { "no field", decoder(schema.record {}) },
}

local function measure(decode)
  collectgarbage()
  local began = os.clock()
  for i = 1, ROWS do decode(texts[i & 63 | (i & 63 == 0 and 64 or 0)]) end
  return (os.clock() - began) / ROWS * 1e6
end

local best = {}
for _ = 1, ROUNDS do -- interleaved: what else happens happens to all
  for i, contender in ipairs(contenders) do
    best[i] = math.min(best[i] or math.huge, measure(contender[2]))
  end
end
for i, contender in ipairs(contenders) do
  print(("%-24s %.3f us/row   full decode takes %.2f times that"):format(contender[1], best[i], best[1] / best[i]))
end
