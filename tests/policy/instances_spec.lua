--- A sink is a description; each run has its own instance.
local behaviour = require "support.behaviour"
local core = require "sluice.core"
local memory = require "sluice.sink.memory"
local paths = require "support.paths"
local sluice = require "sluice"
local support = require "sql.support"

local dir

before_each(function()
  behaviour.before()
  dir = support.output "mktemp -d"
end)

after_each(function()
  os.execute("rm -rf " .. dir)
  behaviour.after()
end)

local function run(policy, texts)
  local rows = {}
  for i, text in ipairs(texts) do rows[i] = { "rows", text } end
  local worker <close> = assert(sluice.spawn { paths.file "script/texts.lua" })
  return worker:run("texts", core.json.array(rows), policy)
end

local SINKS = {
  ["jsonl.file"] = function() return require("sluice.sink.jsonl").file(dir .. "/out") end,
  ["csv.file"] = function() return require("sluice.sink.csv").file(dir .. "/out", { columns = { "a" }, header = false }) end,
  ["sql.table"] = function()
    return require("sluice.sink.sql").table { url = "sqlite:" .. dir .. "/out", name = "t", columns = { a = "integer" }, replace = true }
  end,
  memory = memory.new,
}

local function content(name, sink)
  if name == "memory" then
    local texts = {}
    for i, row in ipairs(sink.rows or {}) do texts[i] = row.payload.a end
    return table.concat(texts, " ")
  end
  local text = name == "sql.table" and support.sqlite(dir .. "/out", "select a from t order by a") or behaviour.read(dir .. "/out") or ""
  return (text:gsub('[{}"a:]', ""):gsub("%s+", " "):gsub(" $", ""))
end

describe("a sink of a policy", function()
  for name, make in pairs(SINKS) do
    it("is a separate instance for each run: " .. name, function()
      local sink = make()
      local policy = { streams = { rows = { sink = sink } } }
      assert(run(policy, { '{"a":1}', '{"a":2}', '{"a":3}' }))
      assert.equal("1 2 3", content(name, sink))
      assert(run(policy, { '{"a":4}' }))
      assert.equal("4", content(name, sink))
      assert.is_nil((run({ on_row = function() error "no" end, sink = sink }, { '{"a":5}' })))
      assert.equal("4", content(name, sink))
    end)

    it("separates two simultaneous runs: " .. name, function()
      local sink = make()
      local first, second = sink:instance(), sink:instance()
      local context = { streams = { "rows" }, name = "sink", named = {}, note = print }
      context.run = {}
      assert(first:begin(context))
      assert(first:write(core.row("rows", 0, '{"a":1}')))
      if name == "memory" then -- the others write to one target, which is in use
        assert(second:begin { streams = { "rows" }, name = "sink", named = {}, run = {} })
        assert(second:write(core.row("rows", 0, '{"a":2}')))
        assert(sink:write(core.row("rows", 1, '{"a":3}'))) -- as a handler of the second run does
        assert(second:rollback())
      end
      assert(first:write(core.row("rows", 1, '{"a":4}')))
      assert(first:prepare {})
      assert(first:commit())
      assert.equal("1 4", content(name, sink))
    end)

    it("can be written to by its handlers: " .. name, function()
      local sink = make()
      local policy = { streams = { rows = { sink = sink, on_row = function(row)
        if row.payload.a > 1 then assert(sink:write(core.row("rows", row.sequence, '{"a":0}'))) end
      end } } }
      assert(run(policy, { '{"a":1}', '{"a":2}' }))
      assert.equal(name == "sql.table" and "0 1 2" or "1 0 2", content(name, sink))
      assert.is_false((pcall(sink.write, sink, core.row("rows", 0, '{"a":0}'))) and sink:write(core.row("rows", 0, '{"a":0}')) == true)
    end)
  end
end)
