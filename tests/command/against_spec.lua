--- sluice infer --against: drift is reported, and mended.
local json = require "sluice.json"
local shell = require "support.shell"

local dir

before_each(function() dir = shell.directory() end)
after_each(shell.forget)

local function write(name, text) shell.write(dir .. "/" .. name, text) end

local function infer(...)
  return shell.sluice({ "infer", ... }, { cwd = dir })
end

local OLD = '{"name":"a","n":1,"when":"2024-01-02"}\n{"name":"b","n":2,"when":"2024-01-03","doc":"x"}\n'
local NEW = '{"name":"a","n":1,"when":"soon","new":true}\n{"n":"2","when":"2024-01-03"}\n{"n":"3","when":"2024-01-03"}\n'

--- Writes the schema of OLD to a file, and NEW.
local function prepare(as, name)
  write("old.jsonl", OLD)
  write("new.jsonl", NEW)
  local result = infer("-q", "--as", as, "old.jsonl")
  assert.equal(0, result.status, result.err)
  write(name, result.out)
end

describe("infer --against", function()
  for as, name in pairs { lua = "row.lua", ["json-schema"] = "row.json" } do
    it("finds no drift in the rows from which " .. name .. " was made", function()
      prepare(as, name)
      local result = infer("--against", name, "old.jsonl")
      assert.equal(0, result.status)
      assert.equal("", result.out)
      assert.equal("sluice: the rows agree with " .. name .. "\n", (result.err:gsub("sluice: 2 rows in [^\n]*\n$", "")))
    end)

    it("reports what has drifted from " .. name, function()
      prepare(as, name)
      local result = infer("--against", name, "new.jsonl")
      assert.equal(3, result.status)
      assert.equal("sluice: row_invalid: 3 rows would be refused by " .. name .. "\n", result.err)
      local lines = {}
      for line in result.out:gmatch "[^\n]+" do lines[#lines + 1] = line:gsub(" +", " "):gsub(" $", "") end
      assert.same({
        "stream field change rows first declared found",
        'rows /n wider ! 2 line 2 an integer "2"',
        "rows /name wider ! 2 line 2 a string nothing",
        "rows /when wider ! 1 line 1 a string in the format date a string",
        "rows /doc gone 3 line 1 a string",
        "rows /new new 1 line 1 true or false",
      }, lines)
    end)
  end

  it("reports as JSON", function()
    prepare("lua", "row.lua")
    local result = infer("--against", "row.lua", "--as", "json", "new.jsonl")
    assert.equal(3, result.status)
    local first = json.decode(result.out:match "^[^\n]+")
    assert.same({
      stream = "rows", pointer = "/n", change = "wider", refused = true, rows = 2, total = 3,
      first = { row = 2, line = 2, file = "new.jsonl" }, declared = "an integer", found = '"2"',
    }, first)
  end)

  it("has status 0 if no row would be refused", function()
    prepare("lua", "row.lua")
    write("more.jsonl", '{"name":"a","n":1,"when":"2024-01-02","more":1}\n')
    local result = infer("--against", "row.lua", "more.jsonl")
    assert.equal(0, result.status, result.err)
    assert.matches("/more +new +1 +line 1", result.out)
  end)

  it("finds what only a check of each row can find", function()
    write("row.json", '{"type":"object","properties":{"a":{"type":"array","uniqueItems":true},"s":{"type":"string","pattern":"^a"},"n":{"type":"integer","multipleOf":2}}}')
    write("new.jsonl", '{"a":[1,1],"s":"a","n":2}\n{"a":[1],"s":"b","n":3}\n')
    local result = infer("--against", "row.json", "new.jsonl")
    assert.equal(3, result.status)
    assert.matches("/a/?%*? +wider ! +1 +line 1", result.out)
    assert.matches("/n +wider ! +1 +line 2", result.out)
    assert.matches("/s +wider ! +1 +line 2", result.out)
  end)

  it("compares each stream with its own schema", function()
    write("kinds.jsonl", '{"k":"a","n":1}\n{"k":"b","s":"x"}\n')
    local made = infer("-q", "--stream-by", "/k", "kinds.jsonl")
    assert.equal(0, made.status, made.err)
    write("kinds.lua", made.out)
    assert.equal("", infer("--against", "kinds.lua", "--stream-by", "/k", "kinds.jsonl").out)
    write("drifted.jsonl", '{"k":"a","n":"1"}\n{"k":"c"}\n')
    local result = infer("--against", "kinds.lua", "--stream-by", "/k", "drifted.jsonl")
    assert.equal(3, result.status)
    assert.matches("\na +/n +type ! +1 +line 1", result.out)
    assert.matches("\nc +%(the row%) +new ! +1", result.out)
    assert.matches("\nb +%(the row%) +gone +0", result.out)
  end)

  it("reads a worker as well", function()
    prepare("lua", "row.lua")
    local result = infer("--against", "row.lua", "--lines", "--", "cat", "new.jsonl")
    assert.equal(3, result.status)
    assert.matches("^sluice: row_invalid: 3 rows would be refused", result.err)
  end)
end)

describe("infer --update", function()
  it("widens a JSON Schema, which then accepts both the new rows and the old ones", function()
    prepare("json-schema", "row.json")
    local result = infer("--against", "row.json", "--update", "new.jsonl")
    assert.equal(0, result.status, result.err)
    assert.matches("^sluice: row.json is rewritten: it accepts all rows now\n", result.err)
    for _, name in ipairs { "old.jsonl", "new.jsonl" } do
      assert.equal(0, infer("--against", "row.json", name).status)
      assert.equal(0, shell.sluice({ "run", "validate", "--set", "schema=row.json", name }, { cwd = dir }).status)
    end
  end)

  it("keeps what need not change", function()
    write("row.json", '{"$id":"x","title":"T","type":"object","properties":{"n":{"type":"integer","minimum":0,"maximum":5,"description":"D"}},"required":["n"]}')
    write("new.jsonl", '{"n":7}\n')
    assert.equal(0, infer("--against", "row.json", "--update", "new.jsonl").status)
    local document = json.decode(shell.read(dir .. "/row.json"))
    assert.equal("x", document["$id"])
    assert.equal("T", document.title)
    assert.same({ type = "integer", minimum = 0, maximum = 7, description = "D" }, document.properties.n)
    assert.same({ "n" }, document.required)
  end)

  it("leaves a schema alone that accepts the rows", function()
    prepare("json-schema", "row.json")
    local before = shell.read(dir .. "/row.json")
    local result = infer("--against", "row.json", "--update", "old.jsonl")
    assert.equal(0, result.status)
    assert.equal(before, shell.read(dir .. "/row.json"))
  end)

  it("rewrites the schemas of several streams", function()
    write("kinds.jsonl", '{"k":"a","n":1}\n{"k":"b","s":"x"}\n')
    write("kinds.json", infer("-q", "--as", "json-schema", "--stream-by", "/k", "kinds.jsonl").out)
    write("drifted.jsonl", '{"k":"a","n":"1"}\n{"k":"c/d%"}\n')
    assert.equal(0, infer("--against", "kinds.json", "--update", "--stream-by", "/k", "drifted.jsonl").status)
    for _, name in ipairs { "kinds.jsonl", "drifted.jsonl" } do
      local result = infer("--against", "kinds.json", "--stream-by", "/k", name)
      assert.equal(0, result.status, result.out)
    end
  end)

  it("shows what would change in a Lua file, and changes nothing", function()
    prepare("lua", "row.lua")
    local before = shell.read(dir .. "/row.lua")
    local result = infer("--against", "row.lua", "--update", "new.jsonl")
    assert.equal(3, result.status)
    assert.equal(before, shell.read(dir .. "/row.lua"))
    assert.matches("\nrow.lua would accept the rows with\n", result.out)
    assert.matches('%-   { "n", schema.integer },\n%+   { "n", schema.union%({ schema.integer, schema.string }%) },\n', result.out)
    assert.matches('%+   { "new", schema.optional%(schema.boolean%) },\n', result.out)
  end)

  it("is wrong usage with options that do not go with it", function()
    prepare("lua", "row.lua")
    local function refuses(expected, ...)
      local result = infer(...)
      assert.equal(2, result.status)
      assert.equal("sluice: usage: " .. expected .. "\ntry: sluice infer --help\n", result.err)
    end
    refuses("--update needs --against FILE", "--update", "old.jsonl")
    refuses("--as sql is for a schema; with --against, use --as json, or no --as for a table", "--against", "row.lua", "--as", "sql", "old.jsonl")
    refuses("--as json needs --against; for a schema, use lua, json-schema, luals, sql or policy", "--as", "json", "old.jsonl")
    refuses("--tight is for a schema, but --against only compares", "--against", "row.lua", "--tight", "old.jsonl")
    refuses("--dialect needs --as sql", "--dialect", "postgres", "old.jsonl")
    refuses("--against: cannot read the schema none.lua: No such file or directory", "--against", "none.lua", "old.jsonl")
  end)
end)
