-- The cost of decoding a declared type compared with a full decode, on rows like those of the
-- other benchmarks. To run it by hand:
--
--   make && LUA_PATH="lualib/?.lua;;" LUA_CPATH="build/lua/?.so;;" lua5.4 tests/bench/schema_bench.lua [ROWS]
--
-- ROWS FILE, as bench.py passes them, takes the first lines of FILE, so few that they stay
-- in the cache, as a row that has just arrived does. The output is then a
-- name, a tab and the ns per row.
--
-- Every line but the last includes parsing the text (the last is little
-- else), so the ratio of the decoding alone is larger than that of the times.
local json = require "sluice.json"
local schema = require "sluice.schema"

local ROWS, ROUNDS = tonumber(arg[1]) or 200000, 7
local texts = {}
local function make(i)
  return ('{"kind":"theorem","name":"Nat.add_comm.%d","file":"src/Algebra/Group/Basic%d.lean","line":%d,'
    .. '"size":%d,"doc":"Addition of natural numbers is commutative."}'):format(i, i % 7, i * 37, i * 11)
end
local file = arg[2] and assert(io.open(arg[2]))
for i = 1, file and 1024 or 64 do texts[i] = file and file:read "l" or make(i) end

local contenders = {
  { "full decode", fields = 6 },
  { "any", schema.any, fields = 6 },
  { "two fields of six", schema.record { kind = schema.string, line = schema.integer }, fields = 2 },
  { "closed, six fields", schema.closed {
    kind = schema.string, name = schema.string, file = schema.string, line = schema.integer,
    size = schema.integer, doc = schema.string,
  }, fields = 6 },
  { "closed, six with limits", schema.closed {
    kind = schema.enum { "def", "instance", "lemma", "structure", "theorem" }, name = schema.string { length = { 1, 200 } },
    file = schema.string { regex = [[^[\w/.]+\.lean$]] }, line = schema.integer { min = 1 },
    size = schema.integer { min = 0 }, doc = schema.optional(schema.string),
  }, fields = 6 },
  { "no field", schema.record {}, fields = 0 },
}

for _, contender in ipairs(contenders) do
  contender.program = contender[2] and contender[2]:compile()
end

--- Checks that every contender finds in every text the same values of its fields as a full decode.
for _, text in ipairs(texts) do
  local full = json.decode(text)
  for _, contender in ipairs(contenders) do
    local count = 0
    local decoded = contender.program and contender.program:decode(text) or full
    for name, value in pairs(decoded) do
      assert(full[name] == value, name)
      count = count + 1
    end
    assert(count == contender.fields, contender[1])
  end
end

local function decode_all(program)
  local decode = program and program.decode or json.decode
  if program then
    for i = 1, #texts do decode(program, texts[i]) end
  else
    for i = 1, #texts do decode(texts[i]) end
  end
end

--- Microseconds per row.
local function measure(program)
  local rounds = math.ceil(ROWS / #texts)
  collectgarbage()
  local began = os.clock()
  for _ = 1, rounds do decode_all(program) end
  return (os.clock() - began) / (rounds * #texts) * 1e6
end

local best = {}
for _ = 1, ROUNDS do -- interleaved, so that disturbances affect all of them
  for i, contender in ipairs(contenders) do
    best[i] = math.min(best[i] or math.huge, measure(contender.program))
  end
end
local line = file and "%s\t%.1f" or "%-24s %.0f ns/row   full decode takes %.2f times that"
for i, contender in ipairs(contenders) do
  print(line:format(contender[1], best[i] * 1000, best[1] / best[i]))
end
