--- sluice.policy: what a policy may contain, and the messages about mistakes.
local policy = require "sluice.internal.policy"

local function handler() end

local function problem(given)
  local plan, text = policy.read(given)
  assert.is_nil(plan)
  return text
end

local function with_file(text, check)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  local ok, err = pcall(check, path)
  os.remove(path)
  if not ok then error(err, 0) end
end

describe("a policy", function()
  it("becomes a request with handlers per stream and for the rest", function()
    local plan = assert(policy.read {
      export = "index", request = { root = "src" }, timeout = "30s", on_row = handler,
      streams = { rows = { where = handler, map = handler, on_row = handler } },
    })
    local request = policy.request(plan, "rows")
    assert.equal("rows", request.type)
    assert.equal("index", request.export)
    assert.equal('{"root":"src"}', request.json)
    assert.equal(30000, request.timeout)
    assert.same({ rows = { where = handler, map = handler, on_row = handler } }, request.streams)
    assert.same({ on_row = handler }, request.default)
  end)

  it("leaves unhandled streams to the runtime, which refuses them", function()
    local plan = assert(policy.read {})
    assert.is_nil(policy.request(plan, "rows").default)
    assert.is_nil(policy.request(plan, "rows").json)
  end)

  it("may disable the timeout", function()
    assert.equal(0, policy.request(assert(policy.read { timeout = 0 }), "rows").timeout)
  end)
end)

describe("a mistake in a policy", function()
  it("may be an unknown key, with a suggestion", function()
    assert.equal("on_rows: unknown key; did you mean on_row?", problem { on_rows = handler })
    assert.equal("streams.rows.were: unknown key; did you mean where?",
      problem { streams = { rows = { were = handler } } })
    assert.matches("^zzzzzz: unknown key", problem { zzzzzz = 1 })
  end)

  it("may be a value of another type, with the expected one", function()
    assert.equal('on_row: expected a function, got "x"', problem { on_row = "x" })
    assert.equal("streams.rows.map: expected a function, got 5", problem { streams = { rows = { map = 5 } } })
    assert.equal("streams: expected a table of streams, got true", problem { streams = true })
    assert.equal("timeout: expected a duration such as 30s, 500ms or 10m, got \"soon\"", problem { timeout = "soon" })
    assert.matches('^streams%.rows: expected "drop" or a table such as', problem { streams = { rows = handler } })
    assert.matches("^streams: expected names of streams as keys, got 1", problem { streams = { {} } })
  end)

  it("may be a request that cannot be JSON", function()
    assert.matches("^request: cannot be written as JSON: ", problem { request = { f = handler } })
  end)

  it("may be a schema or sink that is none", function()
    assert.equal("streams.rows.schema: expected a schema, as in schema.record { name = schema.string }, got a table",
      problem { streams = { rows = { schema = {} } } })
    assert.equal("streams.rows.sink: expected a sink, with a method begin, got a table", problem { streams = { rows = { sink = {} } } })
  end)

  it("may be an option of the process if the process is already running", function()
    assert.equal("env: belongs to sluice.spawn, which has started this worker", problem { env = {} })
    assert.matches("^worker: belongs to sluice.spawn", problem { worker = { "a" } })
  end)
end)

describe("a policy file", function()
  it("gets its arguments, and may name its worker and options", function()
    with_file("local a, b = ... ; return { worker = { 'x.lua', a .. b }, lines = true, max_frame = '64KiB' }", function(path)
      local plan = assert(policy.load(path, { "1", "2" }))
      assert.same({ "x.lua", "12" }, plan.worker)
      assert.equal(65536, plan.options.max_frame)
      assert.is_true(plan.options.lines)
      assert.equal(path:match("^.*/"), plan.directory)
    end)
  end)

  it("finds modules beside it", function()
    with_file("return { export = require('" .. "%s" .. "') }", function(path)
      local name = path:match("[^/]*$") .. "_helper"
      local helper = path:match("^.*/") .. name .. ".lua"
      local file = assert(io.open(helper, "w"))
      file:write("return 'found'")
      file:close()
      file = assert(io.open(path, "w"))
      file:write(("return { export = require %q }"):format(name))
      file:close()
      local before = package.path
      local plan, err = policy.load(path)
      package.path = before
      os.remove(helper)
      assert.is_nil(err)
      assert.equal("found", plan.export)
    end)
  end)

  it("that does not exist is wrong usage", function()
    local plan, err = policy.load "/nonexistent/p.lua"
    assert.is_nil(plan)
    assert.equal("usage", err.kind)
    assert.equal("cannot read the policy /nonexistent/p.lua: No such file or directory", err.message)
  end)

  it("that is not valid Lua is reported with the line", function()
    with_file("return {\n  on_row =\n", function(path)
      local _, err = policy.load(path)
      assert.equal("policy", err.kind)
      assert.matches(":3: unexpected symbol near <eof>$", err.message)
    end)
  end)

  it("that fails while it is loaded is reported with the place", function()
    with_file("\nerror 'no luck'", function(path)
      local _, err = policy.load(path)
      assert.equal("policy", err.kind)
      assert.matches(":2: no luck", err.message)
    end)
  end)

  it("that returns another value is reported with the value", function()
    with_file("return 5", function(path)
      local _, err = policy.load(path)
      assert.equal("policy", err.kind)
      assert.equal(path .. ": expected the file to return a table, got 5", err.message)
    end)
  end)

  it("with a mistake in it is reported with the key", function()
    with_file("return { on_summry = print }", function(path)
      local _, err = policy.load(path)
      assert.equal("policy", err.kind)
      assert.equal(path .. ": on_summry: unknown key; did you mean on_summary?", err.message)
    end)
  end)
end)
