--- sluice infer: what it reads, what it writes, and when.
local json = require "sluice.json"
local paths = require "support.paths"
local schema = require "sluice.schema"
local shell = require "support.shell"

after_each(shell.forget)

local function infer(words, options) return shell.sluice({ "infer", table.unpack(words) }, options) end

local function succeeded(words, options)
  local result = infer(words, options)
  assert.equal(0, result.status, result.err)
  return result.out, result.err
end

local function fails(status, words, options)
  local result = infer(words, options)
  assert.equal(status, result.status, result.err)
  assert.equal("", result.out)
  return result.err
end

--- Loads a written file as users do.
local function load_as(name, text) return assert(schema.load(shell.file(text, name))) end

local ROWS = '{"n":1}\n{"n":2.5,"s":"x"}\n'
local TWO = ('{"type":"a","x":1}\n{"type":"b","y":"s"}\n'):rep(6)

describe("rows", function()
  local expected = "record({ n = number, s = optional(string) })"

  local function reads(words, options) assert.equal(expected, tostring(load_as("s.lua", succeeded(words, options)))) end

  it("come from standard input", function()
    reads({}, { input = ROWS })
    reads({ "-" }, { input = ROWS })
    assert.matches("^%-%- Inferred from 2 rows of standard input by sluice infer.\n", (succeeded({ "-" }, { input = ROWS })))
  end)

  it("come from files, gzip or not, and remarks name file and line", function()
    local dir = shell.directory()
    shell.write(dir .. "/a.jsonl", '{"n":1}\n')
    shell.write(dir .. "/b.jsonl", '\n{"n":2.5,"s":"x"}\n')
    assert(os.execute(("gzip %s/b.jsonl"):format(dir)))
    local text = succeeded({ "a.jsonl", "b.jsonl.gz" }, { cwd = dir })
    assert.equal(expected, tostring(load_as("s.lua", text)))
    assert.matches("^%-%- Inferred from 2 rows of a.jsonl, b.jsonl.gz by sluice infer.\n", text)
    assert.matches([[b.jsonl.gz:2: "n" was integer until 2.5]], text, 1, true)
    assert.matches("1 of 2 have it, a.jsonl:1 is the first without", text, 1, true)
  end)

  it("come from a Lua worker", function()
    local worker = shell.file([[return { exports = { index = function(_, emit)
      emit:row("rows", { n = 1 }) emit:row("rows", { n = 2.5, s = "x" })
    end } }]], "w.lua")
    reads { "--", worker }
  end)

  it("come from a program that prints lines", function() reads { "--lines", "--", "printf", ROWS:gsub("\n", "\\n") .. "" } end)

  it("come from documents, or from within them", function()
    reads({ "--json" }, { input = '[{"n":1},\n{"n":2.5,\n"s":"x"}]' })
    reads({ "--json", "--at", "/a/b" }, { input = '{"a":{"b":[{"n":1},{"n":2.5,"s":"x"}]}}' })
  end)

  it("may be of any type", function()
    assert.equal("nullable(union({ boolean, integer, array(any) }))", tostring(load_as("s.lua", succeeded({}, { input = "1\ntrue\n[]\nnull\n" }))))
  end)

  it("that are bad lines end the run, or are dropped and counted", function()
    local err = fails(3, {}, { input = '{"n":1}\nxx\n' })
    assert.matches("^sluice: row_malformed: line 2: ", err)
    local _, said = succeeded({ "--bad-lines", "drop" }, { input = '{"n":1}\nxx\n' })
    assert.matches("1 bad line dropped", said)
  end)

  it("are required: without any there is nothing to write", function()
    assert.matches("there were no rows", fails(3, { "-" }, { input = "" }))
    assert.matches("there were no rows", fails(3, { "--lines", "--", "true" }))
  end)
end)

describe("sluice infer", function()
  it("writes nothing when the worker fails", function()
    assert.matches("^sluice: export_failed: ", fails(1, { "--lines", "--", "sh", "-c", [[echo '{"n":1}'; exit 3]] }))
  end)

  it("accepts other exit statuses as success if they are given", function()
    succeeded { "--lines", "--ok-status", "0,3", "--", "sh", "-c", [[echo '{"n":1}'; exit 3]] }
  end)

  it("reports the number of rows, or nothing with --quiet", function()
    local _, err = succeeded({}, { input = TWO })
    assert.matches("\nsluice: 12 rows in [%d.]+ m?s, complete", "\n" .. err)
    _, err = succeeded({ "--quiet" }, { input = TWO })
    assert.equal("", err)
  end)

  it("writes its outcome to a file", function()
    local path = shell.file()
    succeeded({ "--quiet", "--summary", path }, { input = ROWS })
    local summary = json.decode(shell.read(path))
    assert.is_true(summary.success)
    assert.equal(2, summary.rows)
  end)

  it("fails if its output cannot be written", function()
    for _, redirect in ipairs { ">&-", ">/dev/full" } do
      local result = infer({}, { input = ROWS, redirect = redirect })
      assert.equal(4, result.status, result.err)
      assert.matches("cannot write to standard output", result.err)
    end
  end)

  it("refuses invalid values of its options", function()
    assert.matches('--as: expected lua, json-schema, luals, sql or policy, got "x"', fails(2, { "--as", "x", "-" }), 1, true)
    assert.matches('--dialect: expected sqlite or postgres, got "x"', fails(2, { "--as", "sql", "--dialect", "x", "-" }), 1, true)
    for _, n in ipairs { "-1", "65", "1.5", "x" } do
      assert.matches("--enum: expected an integer from 0 to 64", fails(2, { "--enum", n, "-" }), 1, true)
    end
  end)

  it("has options for enums and limits", function()
    local rows = ('"a"\n"bc"\n'):rep(10)
    assert.equal('enum({ "a", "bc" })', tostring(load_as("s.lua", succeeded({}, { input = rows }))))
    assert.equal("string { min_length = 1, max_length = 2 }", tostring(load_as("s.lua", succeeded({ "--enum", "1", "--tight" }, { input = rows }))))
  end)
end)

describe("several streams", function()
  it("are suggested if one field distinguishes the shapes of rows", function()
    local _, err = succeeded({}, { input = TWO })
    assert.matches('hint: in stream rows, the field "type" distinguishes 2 shapes of rows: --stream-by /type writes a schema for each', err, 1, true)
    _, err = succeeded({}, { input = (TWO:gsub("type", "a ~/b")) })
    assert.matches("--stream-by '/a ~0~1b' writes", err, 1, true)
    _, err = succeeded({ "--stream-by", "/type" }, { input = TWO })
    assert.not_matches("hint", err)
  end)

  it("are separated by a field of a worker's rows", function()
    local worker = shell.file([[return { exports = { rows = function(_, emit)
      for _, kind in ipairs { "a", 7, true } do emit:row("rows", { kind = kind }) end
      emit:row("rows", { n = 1 })
    end } }]], "kinds.lua")
    local declared = load_as("s.lua", succeeded { "--stream-by", "/kind", "--", worker })
    local names = {}
    for name in pairs(declared) do names[#names + 1] = name end
    table.sort(names)
    assert.same({ "7", "a", "rows", "true" }, names)
    assert.matches("stream_by needs lines or json", fails(2, { "--stream-by", "/kind", "--as", "policy", "--", worker }))
    local bad = shell.file('return { exports = { rows = function(_, emit) emit:row("rows", { kind = {1} }) end } }', "bad.lua")
    assert.matches('the value at "/kind" cannot name a stream: array', fails(3, { "--stream-by", "/kind", "--", bad }))
  end)

  it("have a schema each, in Lua and in JSON Schema", function()
    for as, name in pairs { lua = "s.lua", ["json-schema"] = "s.json" } do
      local by_stream = load_as(name, (succeeded({ "--stream-by", "/type", "--as", as }, { input = TWO })))
      assert.equal("record({ type = string, x = integer })", tostring(by_stream.a))
      assert.equal("record({ type = string, y = string })", tostring(by_stream.b))
    end
  end)

  it("may be thousands", function()
    local lines = {}
    for i = 1, 3000 do lines[i] = ('{"s":"stream %d","n":%d}'):format(i % 1000, i) end
    local by_stream = load_as("s.lua", (succeeded({ "--stream-by", "/s" }, { input = table.concat(lines, "\n") })))
    assert.equal("record({ s = string, n = integer })", (tostring(by_stream["stream 999"]):gsub("n = integer, s = string", "s = string, n = integer")))
  end)
end)

-- ---- unusual names -------------------------------------------------------------------------------

local STREAMS = {
  "end", "string", "any", "sqlite_x", "SQLITE_Y", "sluice_ledger", "SLUICE_LEDGER", "a.b", "*", "A", "a", ("n"):rep(70), ("n"):rep(70) .. "2",
  '"q"', "a/b~c%20", "x\ny", "é", "É", "--", "]]", "0", "a_2", "$defs", ("é"):rep(40), "by stream",
}
local FIELDS = {
  "a", "end", "sqlite_x", "rowid", "_rowid_", "oid", '"', "a b", "--", "]]", "select", "é", "$ref", "x.y", "'", ";", "n\nn", "%s", "*/", "\\",
}
local ODD = { "A", "", "\0", ("f"):rep(70), "ctid", "\xED\xA0\x80", "É", "tableoid" }

--- Rows of all these streams, each with all of these fields.
local function hostile_rows()
  local lines = {}
  for i, stream in ipairs(STREAMS) do
    for k = 1, 3 do
      local row = { stream = stream, [ODD[i] or "odd"] = k }
      for j, field in ipairs(FIELDS) do row[field] = (j + k) % 3 == 0 and k or field end
      lines[#lines + 1] = assert(json.encode(row))
    end
  end
  return lines
end

describe("hostile names of streams and fields", function()
  local lines, dir

  before_each(function()
    lines, dir = hostile_rows(), shell.directory()
    shell.write(dir .. "/rows.jsonl", table.concat(lines, "\n") .. "\n")
  end)

  local function write_as(as)
    return (succeeded({ "--quiet", "--stream-by", "/stream", "--as", as, "rows.jsonl" }, { cwd = dir }))
  end

  it("can be read back", function()
    for as, name in pairs { lua = "s.lua", ["json-schema"] = "s.json" } do
      local by_stream = load_as(name, write_as(as))
      for _, line in ipairs(lines) do
        local stream = json.decode(line).stream
        local _, err = by_stream[stream]:decode(line)
        assert.is_nil(err, stream)
      end
    end
  end)

  it("become class comments that Lua accepts, with names of their own", function()
    local text, seen = write_as "luals", {}
    assert(load(text))
    for name in text:gmatch "%-%-%-@class ([^\n]*)" do
      assert.matches("^[%w_.]+$", name)
      assert.is_nil(seen[name], name)
      assert.is_nil(({ string = true, any = true })[name])
      seen[name] = true
    end
    for key in text:gmatch "%-%-%-@field ([^\n]-)%??  ?" do assert.is_true(key:find "^[%a_][%w_]*$" ~= nil or key:find '^%[".*"?' ~= nil, key) end
  end)

  it("become tables in which a policy keeps all rows", function()
    shell.write(dir .. "/policy.lua", write_as "policy")
    local result = shell.sluice({ "run", "policy.lua", "rows.jsonl" }, { cwd = dir })
    assert.equal(0, result.status, result.err)
    local tables = shell.run({ "sqlite3", "rows.db",
      "select count(*) from sqlite_schema where type = 'table' and name not like 'sqlite_%' and name <> 'sluice_ledger'" }, { cwd = dir })
    assert.equal(#STREAMS .. "\n", tables.out)
    local rows = shell.run({ "sqlite3", "rows.db", 'select count(*), max("end"), max("""") from "end"' }, { cwd = dir })
    assert.equal('3|end|"\n', rows.out)
  end)
end)

-- ---- policies ----------------------------------------------------------------------------------

describe("a written policy", function()
  --- Passes rows through the policy of --as policy, and reads them back from its table.
  local function kept(input, ...)
    local dir = shell.directory()
    shell.write(dir .. "/in", input)
    shell.write(dir .. "/p.lua", (succeeded({ "-q", "--as", "policy", "in", ... }, { cwd = dir })))
    local result = shell.sluice({ "run", "p.lua", "in" }, { cwd = dir })
    assert.equal(0, result.status, result.err)
    return shell.run({ "sqlite3", "rows.db", "select * from rows" }, { cwd = dir }).out
  end

  it("keeps the text of numbers", function()
    assert.equal("9007199254740993\n0.5\n", kept '{"n":9007199254740993}\n{"n":0.5}\n')
    assert.equal("1e400\n-0.0\n", kept '{"n":1e400}\n{"n":-0.0}\n')
    assert.equal("18446744073709551615\n0.12345678901234567890\n", kept '{"n":18446744073709551615}\n{"n":0.12345678901234567890}\n')
  end)

  it("keeps texts that a text column cannot hold", function()
    local input = '{"a":"x\\ud800","b":1}\n{"a":"y","b":2}\n'
    assert.equal(input, kept(input))
  end)

  it("keeps rows that are not records, including null", function()
    assert.equal('1\n"x"\n\n[1,2]\n', kept '1\n"x"\nnull\n[1,2]\n')
    assert.equal('{"a":1}\n\n', kept '{"a":1}\nnull\n')
    assert.equal("\n", kept "null\n")
    assert.equal("{}\n", kept "{}\n")
  end)

  it("sends the worker the same request", function()
    local worker = shell.file('return { exports = { rows = function(request, emit) emit:row("rows", request) end } }', "asked.lua")
    local text = succeeded { "-q", "--request", '{"a":1,"b":[1.5,null,{"c d":"x\\ny"}],"e":[]}', "--env", "A=b", "--as", "policy", "--", worker }
    assert.matches('request = { a = 1, b = { 1.5, require%("sluice"%).null, { %["c d"%] = "x\\ny" } }, e = require%("sluice"%).array {} },', text)
    assert.matches('env = { A = "b" },', text)
  end)

  it("reads the rows in the same way", function()
    assert.equal("1\n2\n", kept('{"a":[{"n":1},{"n":2}]}', "--json", "--at", "/a"))
    assert.equal("1\n", kept('{"n":1}\nxx\n', "--bad-lines", "drop"))
    assert.equal("1|x\n2|\n", kept('{"n":1,"s":"x"}\n{"n":2}\n', "--tight"))
  end)

  it("names its worker, and runs without further arguments", function()
    local dir = shell.directory()
    local words = { "sh", "-c", [[echo '{"n":1,"s":"it'\''s"}'; exit 3]] }
    shell.write(dir .. "/p.lua", (succeeded({ "-q", "--as", "policy", "--lines", "--ok-status", "0,3", "--", table.unpack(words) }, { cwd = dir })))
    local result = shell.sluice({ "run", "p.lua" }, { cwd = dir })
    assert.equal(0, result.status, result.err)
    assert.equal("1|it's\n", shell.run({ "sqlite3", "rows.db", "select * from rows" }, { cwd = dir }).out)
  end)
end)

-- ---- real programs -------------------------------------------------------------------------------

local function json_type(value)
  if value == json.null then return "null" end
  if type(value) == "table" then return json.is_array(value) and "array" or "object" end
  return math.type(value) and "number" or type(value)
end

local OTHERS = {
  null = { "[]", "1" }, boolean = { '"true"', "null" }, number = { '"1"', "[]" }, string = { "1", "null" }, array = { "{}", "0" },
  object = { "[]", '""' },
}

--- Visits every place of a row: visit(parent, key, path), where all elements of an array have the same path.
local function walk(parent, key, path, visit)
  local value = parent[key]
  visit(parent, key, path)
  if type(value) ~= "table" or value == json.null then return end
  for inner in pairs(value) do walk(value, inner, path .. "/" .. (json.is_array(value) and "-" or inner), visit) end
end

--- Two rows for each place that always has the same type, with a value of another type there.
local function mutations(rows)
  local types, list = {}, {}
  for _, row in ipairs(rows) do
    walk({ (json.decode(row)) }, 1, "", function(parent, key, path)
      local type_ = json_type(parent[key])
      types[path] = (types[path] == nil or types[path] == type_) and type_ or "several"
    end)
  end
  for _, row in ipairs(rows) do
    local box = { (json.decode(row)) }
    walk(box, 1, "", function(parent, key, path)
      local was = parent[key]
      for _, other in ipairs(OTHERS[types[path]] or {}) do
        parent[key] = (json.decode(other))
        list[#list + 1] = json.encode(box[1])
      end
      types[path], parent[key] = nil, was
    end)
  end
  return list
end

--- The schema that is read back accepts all rows of the stream, and refuses the mutations.
local function holds(words, at_least)
  local rows = {}
  local passed = shell.sluice { "filter", "true", "-q", table.unpack(words) }
  assert.equal(0, passed.status, passed.err)
  for line in passed.out:gmatch "[^\n]+" do rows[#rows + 1] = line end
  local changed = mutations(rows)
  assert.is_true(#changed >= at_least, #changed .. " mutations")
  for as, name in pairs { lua = "s.lua", ["json-schema"] = "s.json" } do
    local declared = load_as(name, (succeeded { "-q", "--as", as, table.unpack(words) }))
    for _, row in ipairs(rows) do
      local _, err = declared:decode(row)
      assert.is_nil(err, tostring(err))
    end
    for _, row in ipairs(changed) do
      local _, err = declared:decode(row)
      assert.is_table(err, row)
    end
  end
end

--- The output of a program, recorded because a second run may print something else.
local function recorded(command) return shell.file(shell.run(command).out) end

describe("the schema of the output of", function()
  it("rg --json", function()
    local file = recorded { "rg", "--json", "--sort", "path", "-w", "uv_[a-z]+", paths.root .. "/runtime" }
    holds({ "--lines", "--", "cat", file }, 10)
  end)

  it("lsblk --json", function()
    local file = recorded { "lsblk", "--json" }
    if shell.read(file):find '"name"' then holds({ "--json", "--at", "/blockdevices", "--", "cat", file }, 10) end
  end)

  it("ip -j addr", function() holds({ "--json", "--", "cat", recorded { "ip", "-j", "addr" } }, 10) end)

  it("git log", function()
    local dir = shell.directory()
    local git = "git -c user.name=A -c user.email=a@example.org -C " .. dir
    assert(os.execute(("%s init -q && %s commit -q --allow-empty -m one && %s commit -q --allow-empty -m two"):format(git, git, git)))
    local file = recorded { "git", "-C", dir, "log", '--format={"commit":"%h","at":%ct,"parents":["%p"],"author":{"name":"%an","email":"%ae"},"n":[[1]]}' }
    holds({ file }, 10)
  end)

  it("cargo build --message-format json", function()
    local lines = [[   Compiling a v0.1.0
{"reason":"compiler-artifact","package_id":"a 0.1.0","target":{"kind":["lib"],"name":"a","edition":"2021"},"features":[],"fresh":false}
{"reason":"compiler-message","package_id":"a 0.1.0","message":{"rendered":"warning","spans":[{"line_start":1,"text":[{"text":"x"}]}]}}
{"reason":"build-finished","success":true}
]]
    holds({ "--bad-lines", "drop", shell.file(lines) }, 10)
  end)

  it("the generator of the benchmarks", function()
    holds({ "--lines", "--", paths.build .. "/bench/generate", "2000" }, 10)
    holds({ "--lines", "--", paths.build .. "/bench/generate", "20", "4000" }, 4)
  end)
end)
