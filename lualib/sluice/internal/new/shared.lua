--- Files of every new project: a policy, its spec, and the configuration of editors and busted. $NAME is the project's
--- name; $WORKER, $BUILD and the like come from the kind of worker (lua.lua, c.lua, sh.lua).
return {
  ["policy.lua"] = [[
--- What is still to be done, in a file of CSV: all of a run, or none of it.
---
---     sluice run policy.lua
local csv = require "sluice.sink.csv"
local schema = require "sluice.schema"

local todo = schema.record {
  { "file", schema.string },
  { "line", schema.integer { min = 1 } },
  { "text", schema.string { min_length = 1 } },
}

---@type sluice.Policy
return {
$WORKER
  streams = {
    todos = { schema = todo, sink = csv.file "todos.csv" },
  },
}
]],
  ["notes.txt"] = [[
- [x] buy milk
- [ ] call the bank
- [x] read a book
- [ ] write to "Ada"
]],
  ["spec/policy_spec.lua"] = [[
--- Run by `busted`. notes.rows is a recording of the worker; make it again with
---     $RECORD
local test = require "sluice.test"

describe("policy.lua", function()
  it("keeps every todo", function()
    local result = test.run("policy.lua", "spec/notes.rows")
    assert(result.success, tostring(result))
    test.same({
      { file = "notes.txt", line = 2, text = "call the bank" },
      { file = "notes.txt", line = 4, text = 'write to "Ada"' },
    }, result.sinks["streams.todos.sink"])
  end)

  it("keeps nothing when one of them says nothing", function()
    local result = test.run("policy.lua", test.rows {
      todos = { { file = "a", line = 1, text = "a todo" }, { file = "a", line = 2, text = "" } },
    })
    assert.equal("/text", result.failure.pointer)
    test.same({}, result.sinks["streams.todos.sink"])
  end)
end)
]],
  ["README.md"] = [[
# $NAME

`$FILE` finds the open tasks (`- [ ] `) in its files, and `policy.lua` keeps them in `todos.csv`.

    $RUN
    sluice check policy.lua                                # what it would do
    $RECORD
    sluice run --watch policy.lua -- spec/notes.rows       # again after each save
    busted                                                 # spec/policy_spec.lua
]],
  [".gitignore"] = "todos.csv\n$IGNORED",
}
