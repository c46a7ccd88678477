-- Columns from a schema, and a policy that writes to a database, with the command.
local columns = require "sluice.internal.sql.columns"
local core = require "sluice.core"
local paths = require "support.paths"
local schema = require "sluice.schema"
local shell = require "support.shell"
local support = require "sql.support"

after_each(shell.forget)

local function described(of)
  local words = {}
  for i, column in ipairs(assert(columns.of_schema(of))) do
    words[i] = ("%s %s%s"):format(column.name, column.type, column.null and "?" or "")
  end
  return table.concat(words, ", ")
end

describe("columns", function()
  it("have the types of the schema's fields", function()
    assert.equal("s text, i integer, n number, b boolean", described(schema.record {
      { "s", schema.string }, { "i", schema.integer { min = 1 } }, { "n", schema.number }, { "b", schema.boolean },
    }))
  end)

  it("may be null if the field may be absent or null", function()
    assert.equal("a text?, b integer?, c json?", described(schema.record {
      { "a", schema.optional(schema.string) }, { "b", schema.nullable(schema.integer) }, { "c", schema.any },
    }))
  end)

  it("are JSON for nested values", function()
    assert.equal("a json, m json, r json, u json", described(schema.record {
      { "a", schema.array(schema.string) }, { "m", schema.map(schema.string) },
      { "r", schema.record { x = schema.string } }, { "u", schema.union(schema.string, schema.integer) },
    }))
  end)

  it("have the type of an enumeration's values", function()
    assert.equal("t text, i integer, x json, o text?", described(schema.record {
      { "t", schema.enum { "a", "b" } }, { "i", schema.const(5) }, { "x", schema.enum { "a", 5 } },
      { "o", schema.enum { "a", core.null } },
    }))
  end)

  it("need a record", function()
    local list, problem = columns.of_schema(schema.array(schema.string))
    assert.is_nil(list)
    assert.matches("the schema is of kind array", problem)
  end)
end)

describe("a policy with a sink", function()
  local function run(url, count, number)
    return shell.sluice { "run", paths.file "sql/policy.lua", "--arg", url, "--arg", tostring(count), "--arg", tostring(number) }
  end

  it("commits rows and seals, and does so only once", function()
    local path = shell.directory() .. "/decls.db"
    for _ = 1, 2 do
      local result = run("sqlite:" .. path, 250, 1)
      assert.equal(0, result.status, result.err)
    end
    assert.equal("125|125", support.sqlite(path, "select (select count(*) from decl), (select count(*) from more)"))
    assert.equal("run 1|decl|rows|125|125\nrun 1|more|more|125|125", support.sqlite(path,
      "select run_key, table_name, stream, rows, kept from sluice_ledger where length(checksum) = 16 order by 2"))
  end)

  it("exits with 4 if the database refuses the rows", function()
    local path = shell.directory() .. "/decls.db"
    support.sqlite(path, "create table decl (run integer, n integer, text text, primary key (run, n)); insert into decl values (1, 7, 'old')")
    local result = run("sqlite:" .. path, 250, 1)
    assert.equal(4, result.status)
    assert.matches("stream rows, sequence 3 %(run = 1, n = 7%): UNIQUE constraint failed", result.err)
    assert.equal("decl", support.sqlite(path, "select name from sqlite_schema where type = 'table'"))
  end)
end)
