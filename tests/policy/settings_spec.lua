--- Options that a policy declares, ready scripts, and run keys of the command.
local behaviour = require "support.behaviour"
local cjson = require "cjson"
local paths = require "support.paths"
local policy_options = require "sluice.internal.policy_options"
local shell = require "support.shell"

local counts = paths.file "workers/counts.lua"

local function script(name) return paths.root .. "/scripts/" .. name end

--- sluice run SCRIPT words… over three rows { i = 1 … 3 }.
local function run(name, ...)
  local words = { "run", script(name), ... }
  for _, word in ipairs { "--export", "count", "--request", '{"n":3}', "--", counts } do words[#words + 1] = word end
  return shell.sluice(words)
end

--- sluice run SCRIPT words… over a file.
local function run_on(file, name, ...)
  local words = { "run", script(name), ... }
  words[#words + 1] = file
  return shell.sluice(words)
end

local function given(list)
  local pairs_given = {}
  for name, value in pairs(list) do pairs_given[#pairs_given + 1] = { name = name, value = value } end
  policy_options.give(pairs_given)
end

describe("an option of a policy", function()
  after_each(function() policy_options.give {} end)

  it("has its default if nothing is given", function()
    local set = policy_options.declare { a = { default = 5 }, b = {}, c = { type = "duration", default = "2s" } }
    assert.same({ a = 5, c = 2000 }, set)
  end)

  it("is read by its type", function()
    given { i = "3", n = "1.5", b = "no", s = "64KiB", m = "two" }
    assert.same({ i = 3, n = 1.5, b = false, s = 65536, m = "two" }, policy_options.declare {
      i = { type = "integer" }, n = { type = "number" }, b = { type = "boolean" },
      s = { type = "size" }, m = { type = { "one", "two" } },
    })
  end)

  it("may be a list", function()
    given { a = "x", b = " x y ,z", c = "i:integer", d = "n : text , a:b:json?" }
    assert.same({
      a = { "x" }, b = { "x y", "z" }, c = { { "i", "integer" } }, d = { { "n", "text" }, { "a:b", "json?" } },
    }, policy_options.declare {
      a = { type = "names" }, b = { type = "names" }, c = { type = "columns" }, d = { type = "columns" },
    })
  end)

  it("may be the file of a schema", function()
    given { s = shell.file('{"type":"integer"}', "row.json") }
    assert.equal("integer", policy_options.declare({ s = { type = "schema" } }).s.kind)
    shell.forget()
  end)

  local EITHER = {
    a = { required = true, description = "what it is" }, b = { type = "integer", instead = "a" }, c = { instead = "a" },
  }

  it("may replace another one that is required", function()
    given { b = "2" }
    assert.same({ b = 2 }, policy_options.declare(EITHER))
    given { a = "2" }
    assert.same({ a = "2" }, policy_options.declare(EITHER))
  end)

  it("shows in help what it replaces", function()
    local help = policy_options.help(EITHER)
    assert.matches("\n +a +what it is %(string, required, or b or c%)\n +b +%(integer, instead of a%)\n", help)
  end)

  local function refused(message, list, declaration)
    given(list)
    local ok, err = pcall(policy_options.declare, declaration)
    assert.is_false(ok)
    assert.equal("usage", err.kind)
    assert.equal(message, err.message)
  end

  it("must be declared with known keys", function()
    local ok, err = pcall(policy_options.declare, { a = { tpe = "string" } })
    assert.is_false(ok)
    assert.matches("options: a.tpe: unknown key; did you mean type%?", err)
    ok, err = pcall(policy_options.declare, { a = { instead = "b" } })
    assert.is_false(ok)
    assert.matches('options: a.instead: expected the name of another option, got "b"', err, 1, true)
  end)

  it("is refused if it is unknown, missing or of another type", function()
    refused("--set fil: the policy has no such option; did you mean file?", { fil = "x" }, { file = {} })
    refused("--set url=… is missing: where to", {}, { url = { required = true, description = "where to" } })
    refused('--set n: expected an integer, got "many"', { n = "many" }, { n = { type = "integer" } })
    refused('--set m: expected one of a, b, got "c"', { m = "c" }, { m = { type = { "a", "b" } } })
    refused("--set s: cannot read the schema /nonexistent: No such file or directory", { s = "/nonexistent" }, { s = { type = "schema" } })
  end)

  it("is refused together with the one that it replaces, and reported as missing with it", function()
    refused("--set b: expected one of a and b, got both", { a = "1", b = "2" }, EITHER)
    refused("--set a=… or --set b=… or --set c=… is missing: what it is", {}, EITHER)
  end)
end)

describe("the ready script", function()
  after_each(shell.forget)

  local dir
  before_each(function()
    dir = os.tmpname()
    os.remove(dir)
    assert(os.execute("mkdir " .. dir))
  end)
  after_each(function() os.execute("rm -r " .. dir) end)

  it("sqlite.lua commits once for a run key", function()
    local set = { "--set", "file=" .. dir .. "/x.db", "--set", "columns=i:integer", "--run-key", "k", "--summary", dir .. "/s" }
    local first = run("sqlite.lua", table.unpack(set))
    assert.equal(0, first.status, first.err)
    local again = run("sqlite.lua", table.unpack(set))
    assert.equal(0, again.status, again.err)
    assert.matches("already committed with run key k; nothing was written", again.err)
    local pipe = assert(io.popen("sqlite3 " .. dir .. "/x.db 'SELECT sum(i), count(*) FROM rows'"))
    assert.equal("6|3", pipe:read "l")
    pipe:close()
  end)

  it("csv.lua refuses a row that has none of the columns", function()
    local result = run("csv.lua", "--set", "columns=j,k", "--set", "file=" .. dir .. "/x.csv")
    assert.equal(4, result.status)
    assert.matches("sink: the row has none of these fields: j, k %(in streams.rows.map, stream rows, sequence 0%)", result.err)
    assert.is_nil(io.open(dir .. "/x.csv"))
  end)

  it("csv.lua writes null as the given text, which a single column requires", function()
    local input, file = dir .. "/null.jsonl", dir .. "/null.csv"
    local out = assert(io.open(input, "w"))
    out:write('{"i":1}\n{"i":null}\n')
    out:close()
    local set = { "--set", "columns=i", "--set", "file=" .. file }
    local refused = run_on(input, "csv.lua", table.unpack(set))
    assert.equal(4, refused.status)
    assert.matches("column i: null would be an empty line, [^\n]*give null = TEXT %(in [^\n]*null.jsonl:2%)", refused.err)
    set[#set + 1], set[#set + 2] = "--set", "null=NULL"
    local result = run_on(input, "csv.lua", table.unpack(set))
    assert.equal(0, result.status, result.err)
    assert.equal("i\n1\nNULL\n", behaviour.read(file))
  end)

  it("reports how to choose the stream if it gets rows of another", function()
    local result = run("csv.lua", "--set", "columns=i", "--set", "stream=other", "--set", "file=" .. dir .. "/x.csv")
    assert.equal(4, result.status)
    assert.matches("unhandled_stream: .*\n  hint: %-%-set stream=NAME chooses the stream", result.err)
  end)

  it("refuses invalid columns, and points to the help", function()
    for _, columns in ipairs { "i:integer,j", "i:integer,", "", ":text", "i:txt", "i:integer??" } do
      local result = run("sqlite.lua", "--set", "columns=" .. columns, "--set", "file=" .. dir .. "/x.db")
      assert.equal(2, result.status)
      assert.matches("^sluice: usage: %-%-set columns: expected NAME:TYPE for each column, separated by commas; TYPE is text, integer, [^\n]*, got ", result.err)
      assert.matches("\ntry: sluice run [^\n]*scripts/sqlite.lua %-%-help\n$", result.err)
    end
  end)

  it("validate.lua reports errors in a schema's file", function()
    local function says(name, text, expected)
      local path = dir .. "/" .. name
      if text then
        local file = assert(io.open(path, "w"))
        file:write(text)
        file:close()
      end
      local result = run("validate.lua", "--set", "schema=" .. path)
      assert.equal(2, result.status, result.err)
      assert.equal("sluice: usage: --set schema: " .. expected:gsub("PATH", path), (result.err:match "^(.-) %(in "))
    end
    says("none.json", nil, "cannot read the schema PATH: No such file or directory")
    says("none.lua", nil, "cannot read the schema PATH: No such file or directory")
    says("a.json", "{", "PATH:1: the JSON Schema is not valid JSON: the text ends inside an object")
    says("b.json", '{"type":"objec"}', "PATH: this JSON Schema: unknown type; did you mean object?, at /type")
    says("c.lua", "return {", "PATH:1: unexpected symbol near <eof>")
    says("d.lua", "return 5", "PATH: expected the file to return a schema, as in schema.record { name = schema.string }, or a table of them by stream, got 5")
  end)

  it("csv.lua writes the given columns", function()
    local result = run("csv.lua", "--set", "columns=i,j", "--set", "file=" .. dir .. "/x.csv")
    assert.equal(0, result.status, result.err)
    local file = assert(io.open(dir .. "/x.csv"))
    assert.equal("i,j\n1,\n2,\n3,\n", file:read "a")
    file:close()
  end)

  it("validate.lua prints violations and exits with status 3", function()
    local file = assert(io.open(dir .. "/row.json", "w"))
    file:write '{"type":"object","properties":{"i":{"type":"integer","maximum":2}},"required":["i"]}'
    file:close()
    local result = run("validate.lua", "--set", "schema=" .. dir .. "/row.json", "--summary", dir .. "/s")
    assert.equal(3, result.status, result.err)
    assert.matches("^rows 2 /i: expected .*, got 3\n$", result.out)
    local summary = assert(io.open(dir .. "/s"))
    local c = cjson.decode(summary:read "a").streams.rows
    summary:close()
    assert.same({ 3, 2, 0, 1 }, { c.delivered, c.kept, c.dropped, c.rejected })
  end)

  it("lists its options in --help", function()
    local result = shell.sluice { "run", script "sqlite.lua", "--help" }
    assert.matches("Options of this policy %(%-%-set NAME=VALUE%):\n +columns ", result.out)
  end)
end)
