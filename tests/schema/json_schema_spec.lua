--- sluice.schema from and to JSON Schema: the cases in tests/schema/cases, by
--- keyword, in the format of the JSON-Schema-Test-Suite. A case with `refused`
--- instead of tests cannot be expressed: its pointer is expected, and in the
--- message the text of `message`. With `drafts` it is read once for each of these
--- drafts, by their $schema; `strict` is the option.
local json = require "sluice.json"
local lfs = require "lfs"
local schema = require "sluice.schema"

local CASES = debug.getinfo(1, "S").source:match "^@(.*)json_schema_spec.lua$" .. "cases/"

local function case_files()
  local names = {}
  for name in lfs.dir(CASES) do
    if name:match "%.json$" then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

local function load_cases(name)
  local file <close> = assert(io.open(CASES .. name))
  return assert(json.decode(file:read "a"))
end

local function verdict(declared, data)
  local valid = declared:check(data) == true
  local _, err = declared:decode(json.encode(data))
  assert.equal(valid, err == nil, "check and decode disagree")
  return valid
end

--- Converted back to JSON Schema, it means the same.
local function again(declared)
  local document = assert(declared:to_json_schema())
  local text = json.encode(document)
  local back = assert(schema.from_json_schema(text))
  assert.equal(tostring(declared), tostring(back), text)
  return back
end

local DRAFTS = {
  ["draft-04"] = "http://json-schema.org/draft-04/schema#", ["draft-06"] = "http://json-schema.org/draft-06/schema#",
  ["draft-07"] = "http://json-schema.org/draft-07/schema#", ["2019-09"] = "https://json-schema.org/draft/2019-09/schema",
  ["2020-12"] = "https://json-schema.org/draft/2020-12/schema",
}

--- The case once, or once for each of its drafts: { description, document }.
local function versions(case)
  if not case.drafts then return { { case.description, case.schema } } end
  local text, list = json.encode(case.schema), {}
  for i, draft in ipairs(case.drafts) do
    local document = json.decode(text)
    document["$schema"] = assert(DRAFTS[draft])
    list[i] = { ("%s, %s"):format(case.description, draft), document }
  end
  return list
end

local function expect_refused(case, document)
  local declared, err = schema.from_json_schema(document, { strict = case.strict })
  assert.is_nil(declared)
  assert.equal("policy", err.kind)
  assert.equal(case.refused, err.pointer, tostring(err))
  assert.is_truthy(err.message:find(case.message or "", 1, true), err.message)
end

local function expect_verdicts(case, document)
  local declared = assert(schema.from_json_schema(document, { strict = case.strict }))
  local back = again(declared)
  for _, test in ipairs(case.tests) do
    assert.equal(test.valid, verdict(declared, test.data), test.description)
    assert.equal(test.valid, verdict(back, test.data), test.description .. ", said again")
  end
end

for _, name in ipairs(case_files()) do
  describe("JSON Schema, " .. name, function()
    for _, case in ipairs(load_cases(name)) do
      for _, version in ipairs(versions(case)) do
        local description, document = table.unpack(version)
        if case.refused then
          it(("refuses %s, at %q"):format(description, case.refused), function() expect_refused(case, document) end)
        else
          it(description, function() expect_verdicts(case, document) end)
        end
      end
    end
  end)
end

describe("JSON Schema", function()
  it("is read from a text as well", function()
    assert.is_true(schema.is(schema.from_json_schema '{"type":"string"}'))
    local declared, err = schema.from_json_schema '{"type":'
    assert.is_nil(declared)
    assert.equal("policy", err.kind)
  end)

  it("has one option, strict", function()
    assert.is_truthy(schema.from_json_schema({ minimun = 1 }, {}))
    assert.is_nil((schema.from_json_schema({ minimun = 1 }, { strict = true })))
    for _, wrong in ipairs { { { strikt = true }, "did you mean strict?" }, { { strict = 1 }, "true or false" }, { true, "a table" } } do
      local ok, why = pcall(function()
        schema.from_json_schema({}, wrong[1]) -- this line
      end)
      assert.is_false(ok)
      assert.matches("json_schema_spec.lua:%d+: schema.from_json_schema: ", why)
      assert.is_truthy(why:find(wrong[2], 1, true), why)
    end
  end)

  it("knows every format that is checked, so that none is mistaken for an annotation", function()
    local ok, why = pcall(schema.string, { format = "none" })
    assert.is_false(ok)
    for name in why:match "known formats are (.*)$":gmatch "[%w-]+" do
      local declared = assert(schema.from_json_schema({ type = "string", format = name }, { strict = true }))
      assert.equal(name, declared.format)
    end
  end)

  it("ignores annotations of a later draft", function()
    local declared = assert(schema.from_json_schema {
      ["$schema"] = DRAFTS["draft-04"], type = "string", deprecated = true, examples = "none",
    })
    assert.is_true(declared.deprecated)
    assert.is_nil(declared.examples)
  end)

  it("drops undeclared properties without additionalProperties, and keeps them with true", function()
    local dropping = assert(schema.from_json_schema { type = "object", properties = { a = true } })
    assert.same({ a = 1 }, dropping:decode '{"a":1,"b":2}')
    local keeping = assert(schema.from_json_schema { type = "object", properties = { a = true }, additionalProperties = true })
    assert.same({ a = 1, b = 2 }, keeping:decode '{"a":1,"b":2}')
  end)

  it("uses the default of a property that is not required", function()
    local declared = assert(schema.from_json_schema { type = "object", properties = { a = { type = "integer", default = 3 } } })
    assert.same({ a = 3 }, declared:decode "{}")
  end)

  it("keeps title, description, examples and deprecated", function()
    local declared = assert(schema.from_json_schema '{"type":"string","title":"t","description":"d","examples":["x"],"deprecated":true}')
    assert.equal("t", declared.title)
    assert.equal("d", declared.description)
    assert.same({ "x" }, declared.examples)
    local document = declared:to_json_schema()
    assert.equal("t", document.title)
    assert.is_true(document.deprecated)
  end)

  it("is written for every type", function()
    local declared = schema.closed({
      { "id", schema.integer { min = 1, description = "key" } },
      { "name", schema.nullable(schema.string { length = { 1, 9 }, pattern = "^%u%l+$" }) },
      { "tags", schema.array(schema.enum { "a", "b" }, { unique = true, max = 3, default = { "a" } }) },
      { "extra", schema.optional(schema.map(schema.number, { keys = schema.string { max_length = 2 }, min = 1 })) },
      { "either", schema.union(schema.boolean, schema.const "x", schema.null) },
    }, { title = "all" })
    assert.same({
      ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
      type = "object", title = "all", additionalProperties = false,
      required = { "id", "name", "either" },
      properties = {
        id = { type = "integer", minimum = 1, description = "key" },
        name = { type = { "string", "null" }, minLength = 1, maxLength = 9, pattern = "^[A-Z][a-z]+$" },
        tags = { type = "array", items = { enum = { "a", "b" } }, uniqueItems = true, maxItems = 3, default = { "a" } },
        extra = {
          type = "object", additionalProperties = { type = "number" }, minProperties = 1,
          propertyNames = { type = "string", maxLength = 2 },
        },
        either = { anyOf = { { type = "boolean" }, { const = "x" }, { type = "null" } } },
      },
    }, assert(declared:to_json_schema()))
  end)

  it("refuses a Lua pattern that has no regular expression", function()
    for _, pattern in ipairs { "%b()", "^..$", "%f[%w]a", "(a)%1", "^[^x]$" } do
      local document, err = schema.record { a = schema.string { pattern = pattern } }:to_json_schema()
      assert.is_nil(document)
      assert.equal("policy", err.kind)
      assert.equal("/properties/a", err.pointer)
    end
  end)

  it("omits a scale that no double can represent", function()
    local document = schema.decimal({ precision = 400, scale = 330 }):to_json_schema()
    assert.is_nil(document.multipleOf)
    assert.is_not_nil(schema.from_json_schema(json.encode(document)))
    assert.equal(1e-22, schema.decimal({ precision = 40, scale = 22 }):to_json_schema().multipleOf)
  end)

  it("writes a Lua pattern as the equivalent regular expression", function()
    local texts = { "", "a", "A1", "abc", "x-y", "x.y", "é", "a é", "12", "(12)", "a\nb", "/", "%", "[]", "a-" }
    for _, pattern in ipairs {
      "^%a+$", "^%d*$", "%.", "%-", "^(%w+)$", "[a-c]", "^[^a]*$", "^a.-$", "%S+", "^%(%d+%)$", "a$", "é", "[%]%[]",
      "^.*$", "%%", "^[%w%-.]+$", "a%-?", "b-c", "^$", "%u%d",
    } do
      local document = assert(schema.string { pattern = pattern }:to_json_schema())
      local regex = schema.string { regex = document.pattern }
      for _, text in ipairs(texts) do
        assert.equal(text:find(pattern) ~= nil, regex:check(text) == true, pattern .. " as " .. document.pattern .. " on " .. text)
      end
    end
    -- ECMA-262 with the flag u allows the escape \- only in brackets.
    assert.equal("^a-b[\\-]$", schema.string { pattern = "^a%-b[%-]$" }:to_json_schema().pattern)
  end)
end)
