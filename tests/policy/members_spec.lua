--- A misspelt name of a module or an object is an error that suggests the right one.
local behaviour = require "support.behaviour"
local core = require "sluice.core"
local schema = require "sluice.schema"
local shell = require "support.shell"
local sluice = require "sluice"

local function said(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return tostring(type(err) == "table" and err.message or err):match "^.-:%d+: (.*)$"
end

describe("a misspelt name", function()
  it("of a module is an error with a suggestion", function()
    local wrong = {
      { sluice, "eror", "sluice", "error" }, { sluice.json, "encod", "sluice.json", "encode" },
      { schema, "int", "sluice.schema", "integer" }, { schema, "str", "sluice.schema", "string" },
      { require "sluice.sink.sql", "tabel", "sluice.sink.sql", "table" },
      { require "sluice.sink.csv", "flie", "sluice.sink.csv", "file" },
      { require "sluice.sink.jsonl", "File", "sluice.sink.jsonl", "file" },
      { require "sluice.sink.memory", "nwe", "sluice.sink.memory", "new" },
      { require "sluice.sink.stdout", "nee", "sluice.sink.stdout", "new" },
      { sluice.stdout(), "writ", "sluice.stdout()", "write" },
    }
    for _, case in ipairs(wrong) do
      local module, name, owner, meant = table.unpack(case)
      assert.equal(("%s has no '%s'; did you mean %s?"):format(owner, name, meant), said(function() return module[name] end))
    end
    assert.equal("sluice has no 'zzzzzz'", said(function() return sluice.zzzzzz end))
  end)

  it("is reported at its line", function()
    local line = debug.getinfo(1, "l").currentline + 1
    local _, err = pcall(function() return schema.int end)
    assert.matches(("members_spec.lua:%d: "):format(line), err)
  end)

  it("of a type is an error; a property that this type does not have is nil", function()
    local name = schema.string { min_length = 1 }
    assert.equal("a type has no 'chek'; did you mean check?", said(function() return name:chek "x" end))
    assert.equal("a type has no 'minlength'; did you mean min_length?", said(function() return name.minlength end))
    assert.same({ 1, nil, nil, nil, "string" }, { name.min_length, name.max_length, name.fields, name.items, name.kind })
  end)

  it("of a policy's options is an error; an option without a value is nil", function()
    local set = sluice.options { url = { default = "x" }, limit = { type = "integer" } }
    assert.equal("sluice.options() has no 'ulr'; did you mean url?", said(function() return set.ulr end))
    assert.same({ "x", nil }, { set.url, set.limit })
  end)

  it("stays nil where libraries look it up", function()
    assert.is_nil(schema.__index)
    assert.is_nil(schema[1])
    assert.is_nil(rawget(schema, "int"))
    for _ in ipairs(schema) do error "it has no items" end
    for name, value in pairs(schema) do assert.equal(value, schema[name]) end
  end)
end)

describe("in handlers", function()
  before_each(behaviour.before)
  after_each(behaviour.after)

  local function failure_of(policy)
    local worker = behaviour.spawn "counts.lua"
    local _, err = worker:run("count", { n = 1 }, policy)
    return err.message:gsub("^.-:%d+: ", "")
  end

  it("misspelt names of rows and runs are errors", function()
    local function of(f) return failure_of { on_row = f } end
    assert.equal("a row has no 'paylod'; did you mean payload?", of(function(row) return row.paylod end))
    assert.matches("^a row has no 'name': it has stream, .* are row.payload.NAME or row:get", of(function(row) return row.name end))
    assert.equal("a run has no 'stpo'; did you mean stop?", of(function(_, run) run:stpo() end))
    assert.equal("a run has no 'total': it has stop(), cancel(), counts(), export and worker",
      of(function(_, run) return run.total end))
    assert.equal("run:counts() has no 'droped'; did you mean dropped?", of(function(_, run) return run:counts().droped end))
  end)

  it("misspelt names of summaries, diagnostics and progress are errors", function()
    local err = failure_of { on_row = function() end, on_summary = function(summary) return summary.total_row end }
    assert.matches("a summary has no 'total_row'; did you mean total_rows%?$", err)
    local worker = behaviour.spawn "counts.lua"
    local function of(export, policy)
      policy.on_row = function() end
      return select(2, worker:run(export, nil, policy)).message:gsub("^.-:%d+: ", "")
    end
    assert.equal("a diagnostic has no 'mesage'; did you mean message?",
      of("interleave", { on_diagnostic = function(d) return d.mesage end }))
    assert.equal("progress has no 'curent'; did you mean current?",
      of("interleave", { on_progress = function(p) return p.curent end }))
  end)

  it("what may be absent is nil", function()
    local worker, seen = behaviour.spawn "counts.lua", nil
    assert(worker:run("count", { n = 1 }, { on_row = function(_, run) seen = run:counts().progress end }))
    local summary = worker:outcome()
    assert.same({ nil, nil, nil }, { seen, summary.reply, summary.notes })
    assert.equal(1, summary.metadata.emitted)
    assert.matches('^{"counts":', (core.json.encode(summary)))
  end)

  it("misspelt names of a worker are errors", function()
    local worker = behaviour.spawn "counts.lua"
    assert.equal("a worker has no 'rnu'; did you mean run?", said(function() worker:rnu() end))
    assert.equal("worker:info() has no 'nmae'; did you mean name?", said(function() return worker:info().nmae end))
    assert.equal("worker:health() has no 'stat'; did you mean state?", said(function() return worker:health().stat end))
    assert.equal("worker:stats() has no 'faild'; did you mean failed?", said(function() return worker:stats().faild end))
    local report = assert(worker:shutdown())
    assert.is_nil(report.signal)
    assert.equal("worker:shutdown() has no 'sttus'; did you mean status?", said(function() return report.sttus end))
  end)
end)

describe("a Lua worker", function()
  after_each(shell.forget)

  local function run(text)
    return shell.sluice { "filter", "true", "--", shell.file(text, "worker.lua") }
  end

  it("gets an error for misspelt names of emit and sluice.json", function()
    local result = run 'return { exports = { all = function(_, emit) emit:rwo("rows", 1) end } }'
    assert.equal(1, result.status)
    assert.matches("worker.lua:1: emit has no 'rwo'; did you mean row%?", result.err)
    result = run 'return { exports = { all = function() return require "sluice.json".decod end } }'
    assert.matches("sluice.json has no 'decod'; did you mean decode%?", result.err)
  end)

  it("is not loaded with an unknown key", function()
    local result = run "return { exprots = { all = print }, calls = { one = print } }"
    assert.equal(126, result.status)
    assert.matches("worker.lua: exprots: unknown key; did you mean exports%?\n", result.err)
    result = run "return { exports = { all = print }, 5 }"
    assert.matches("worker.lua: 1: unknown key\n", result.err)
  end)
end)
