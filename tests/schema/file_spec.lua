--- schema.load: schemas in files, by_stream, and schema.columns.
local columns = require "sluice.internal.sql.columns"
local json = require "sluice.json"
local lfs = require "lfs"
local schema = require "sluice.schema"
local shell = require "support.shell"

after_each(shell.forget)

local function file(name, text) return shell.file(text, name) end

local LUA = 'local s = require "sluice.schema" return '
local BY_STREAM = json.encode {
  ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
  ["$comment"] = "by stream: one schema for each, by its name",
  title = "two streams",
  ["$defs"] = {
    functions = { type = "object", title = "a function", properties = { line = { type = "integer" } }, required = json.array { "line" } },
    ["a/b ~"] = { type = "string" },
  },
  anyOf = json.array { { ["$ref"] = "#/$defs/functions" }, { ["$ref"] = "#/$defs/a~1b%20~0" } },
}

describe("schema.load", function()
  it("reads a schema from a Lua file", function()
    local declared = assert(schema.load(file("row.lua", "#!/usr/bin/lua\n" .. LUA .. "s.record { a = s.integer }")))
    assert.is_true(schema.is(declared))
    assert.equal("record { a = integer }", (tostring(declared):gsub("[()]", " "):gsub("  ", " "):gsub(" $", "")))
  end)

  it("reads a table of schemas by stream", function()
    local path = file("row.lua", LUA .. "{ a = s.integer, b = s.string }")
    local by_stream = assert(schema.load(path))
    assert.is_false(schema.is(by_stream))
    assert.same({ "integer", "string" }, { by_stream.a.kind, by_stream.b.kind })
    assert.equal("string", schema.load(path, "b").kind)
  end)

  it("reads the schemas of a policy", function()
    local path = file("policy.lua", LUA .. "{ streams = { a = { schema = s.integer }, b = 'drop', c = { on_row = print } } }")
    local by_stream = assert(schema.load(path))
    assert.equal("integer", by_stream.a.kind)
    assert.is_nil(by_stream.b)
    local streams = assert(schema.load(file("row.lua", LUA .. "{ streams = s.integer }")))
    assert.equal("integer", streams.streams.kind)
  end)

  it("reads a JSON Schema, of any other name", function()
    for _, name in ipairs { "row.json", "row", "row.lua.txt" } do
      assert.equal("integer", assert(schema.load(file(name, '\xEF\xBB\xBF{"type":"integer"}'))).kind)
    end
  end)

  it("reads a JSON Schema that contains one for each stream", function()
    local path = file("row.json", BY_STREAM)
    local by_stream = assert(schema.load(path))
    assert.same({ "record", "string" }, { by_stream.functions.kind, by_stream["a/b ~"].kind })
    assert.equal("a function", by_stream.functions.title)
    assert.equal("integer", schema.load(path, "functions").fields[1].schema.kind)
  end)

  it("treats a union of references as one schema by default", function()
    local document = json.decode(BY_STREAM)
    document["$comment"] = "kinds of rows"
    assert.equal("union", assert(schema.load(file("row.json", json.encode(document)))).kind)
  end)

  it("uses a single schema for any stream", function()
    assert.equal("integer", schema.load(file("row.json", '{"type":"integer"}'), "functions").kind)
  end)

  --- Checks that loading fails with this message; PATH is the file's.
  local function refused(kind, expected, path, stream)
    local declared, err = schema.load(path, stream)
    assert.is_nil(declared)
    assert.equal(expected:gsub("PATH", (path:gsub("%%", "%%%%"))), err.message)
    assert.equal(kind, err.kind)
    return err
  end

  it("refuses a file that cannot be read", function()
    refused("usage", "cannot read the schema PATH: No such file or directory", "/nonexistent/row.json")
    refused("usage", "cannot read the schema PATH: No such file or directory", "/nonexistent/row.lua")
    local dir = shell.directory()
    refused("usage", "cannot read the schema PATH: Is a directory", dir)
    lfs.mkdir(dir .. "/row.lua")
    refused("usage", "cannot read the schema PATH: Is a directory", dir .. "/row.lua")
    assert(os.execute("rmdir " .. dir .. "/row.lua"))
  end)

  it("refuses a stream without a schema, and lists those with one", function()
    refused("usage", "PATH: the stream calls has no schema; the streams with one are a/b ~, functions", file("row.json", BY_STREAM), "calls")
    refused("usage", "PATH: the stream calls has no schema; the streams with one are a", file("row.lua", LUA .. "{ a = s.string }"), "calls")
  end)

  it("refuses a file that is not JSON, with the line", function()
    local err = refused("policy", "PATH:3: the JSON Schema is not valid JSON: a value is missing before the bracket",
      file("row.json", '{\n"type":\n}'))
    assert.equal(3, err.line)
    refused("policy", "PATH:1: the JSON Schema is not valid JSON: invalid UTF-8", file("row.json", "\xff"))
  end)

  it("refuses an empty file", function()
    refused("policy", "PATH: expected a JSON Schema, but the file is empty", file("row.json", ""))
    refused("policy", "PATH: expected a JSON Schema, but the file is empty", file("row.json", " \n"))
    refused("policy", "PATH: expected the file to return a schema, as in schema.record { name = schema.string }, "
      .. "or a table of them by stream, got nil", file("row.lua", ""))
  end)

  it("refuses what these types cannot express, with the JSON Pointer", function()
    local err = refused("policy", "PATH: this JSON Schema: unknown type; did you mean string?, at /properties/a/type",
      file("row.json", '{"type":"object","properties":{"a":{"type":"strin"}}}'))
    assert.equal("/properties/a/type", err.pointer)
    err = refused("policy", "PATH: this JSON Schema: unknown type; did you mean string?, at /$defs/a/type",
      file("row.json", '{"$comment":"by stream","$defs":{"a":{"type":"strin"}},"anyOf":[{"$ref":"#/$defs/a"}]}'))
    assert.equal("/$defs/a/type", err.pointer)
  end)

  it("refuses a document by stream whose anyOf says anything else", function()
    for pointer, any_of in pairs {
      ["/anyOf/1"] = '[{"$ref":"#/$defs/a"},{"type":"string"}]', ["/anyOf/0"] = '[{"$ref":"#/$defs/a","title":"x"}]',
    } do
      local err = refused("policy", ('PATH: "$comment" says by stream: expected {"$ref":"#/$defs/NAME"}, at %s'):format(pointer),
        file("row.json", ('{"$comment":"by stream","$defs":{"a":{}},"anyOf":%s}'):format(any_of)))
      assert.equal(pointer, err.pointer)
    end
    for _, rest in ipairs { "", ',"anyOf":[]', ',"anyOf":5' } do
      refused("policy", 'PATH: "$comment" says by stream, but a list of {"$ref":"#/$defs/NAME"} is missing, at /anyOf',
        file("row.json", '{"$comment":"by stream"' .. rest .. "}"))
    end
    refused("policy", "PATH: this JSON Schema: #/$defs/b points to nothing, at /$ref",
      file("row.json", '{"$comment":"by stream","$defs":{"a":{}},"anyOf":[{"$ref":"#/$defs/b"}]}'))
    refused("policy", "PATH: this JSON Schema: type cannot be used beside $ref, at /type",
      file("row.json", '{"$comment":"by stream","type":"object","$defs":{"a":{}},"anyOf":[{"$ref":"#/$defs/a"}]}'))
  end)

  it("refuses Lua that is invalid or fails, with the line, even for a long path", function()
    for _, name in ipairs { "row.lua", ("long"):rep(30) .. ".lua" } do
      refused("policy", "PATH:2: unexpected symbol near <eof>", file(name, "return {\n"))
      refused("policy", "PATH:2: no luck", file(name, "\nerror 'no luck'"))
      refused("policy", "PATH: no luck", file(name, "error('no luck', 0)"))
      refused("policy", "PATH:1: schema.integer: mim: unknown key; did you mean min?", file(name, LUA .. "s.integer { mim = 1 }"))
      refused("policy", "PATH:1: the global schema is not defined; did you mean schem?", file(name, "local schem = 1 return schema.string"))
    end
  end)

  it("refuses compiled Lua", function()
    refused("policy", "PATH:1: unexpected symbol near '<\\27>'", file("row.lua", string.dump(function() end)))
  end)

  it("refuses Lua that returns another value", function()
    local expected = "PATH: expected the file to return a schema, as in schema.record { name = schema.string }, or a table of them by stream, got "
    refused("policy", expected .. "5", file("row.lua", "return 5"))
    refused("policy", expected .. "an empty table", file("row.lua", "return {}"))
    refused("policy", "PATH: b: expected a schema, as in schema.record { name = schema.string }, got a table",
      file("row.lua", LUA .. "{ a = s.string, b = { name = s.string } }"))
    refused("policy", "PATH: expected names of streams as keys, got 1", file("row.lua", LUA .. "{ s.string }"))
    refused("policy", 'PATH: expected names of streams as keys, got ""', file("row.lua", LUA .. '{ [""] = s.string }'))
  end)

  it("raises for an invalid path", function()
    assert.has_error(function() schema.load() end, "schema.load: expected a path, got nil")
  end)
end)

describe("schema.by_stream", function()
  local both = { a = schema.string, b = schema.integer }

  it("puts a schema under the name of its stream, or rows", function()
    assert.same({ rows = schema.string }, schema.by_stream(schema.string))
    assert.same({ a = schema.string }, schema.by_stream(schema.string, "a"))
  end)

  it("returns all of a table, or one entry", function()
    assert.equal(both, schema.by_stream(both))
    assert.same({ b = schema.integer }, schema.by_stream(both, "b"))
    assert.same({ b = schema.integer }, schema.by_stream(both, "b", "one is needed"))
    assert.same({ b = schema.integer }, schema.by_stream({ b = schema.integer }, nil, "one is needed"))
  end)

  it("refuses an unknown stream, and several where one is needed", function()
    local _, err = schema.by_stream(both, "c")
    assert.equal("usage: the stream c has no schema; the streams with one are a, b", tostring(err))
    _, err = schema.by_stream(both, nil, "one is needed")
    assert.equal("usage: one is needed: a, b", tostring(err))
  end)

  it("raises for any other value", function()
    assert.has_error(function() schema.by_stream() end, "schema.by_stream: expected a schema, or a table of them by stream, got nil")
  end)
end)

describe("schema.columns", function()
  it("returns a record for columns of every type, from which the same columns can be made", function()
    local list = {}
    for _, name in ipairs { "text", "integer", "number", "boolean", "decimal", "json" } do
      list[#list + 1] = { name, name }
      list[#list + 1] = { name .. "_or_null", name .. "?" }
    end
    local made = columns.of_schema(schema.columns(list))
    assert.same(columns.read(list), made)
  end)

  it("accepts null and absence with ?, and only then", function()
    local declared = schema.columns { a = "integer?", b = "json?", c = "json" }
    for _, good in ipairs { '{"a":null,"b":null,"c":1}', '{"c":[]}', '{"a":1,"b":{},"c":{"d":1.5}}', '{"c":"x"}', '{"c":false}' } do
      assert.is_truthy(declared:decode(good), good)
    end
    for bad, pointer in pairs { ['{"c":null}'] = "/c", ["{}"] = "/c", ['{"a":"x","c":1}'] = "/a", ['{"c":1,"d":2}'] = "/d" } do
      local _, err = declared:decode(bad)
      assert.equal(pointer, err.violations[1].pointer)
    end
  end)

  it("raises for an invalid column", function()
    assert.has_error(function() schema.columns { a = "jso" } end,
      "schema.columns: column a: expected a type: text, integer, number, boolean, decimal or json, with ? at the end if it may be null")
  end)
end)
