--- Dependencies among the Lua files: users' modules and the command line depend
--- on internal modules, these on the binding; scripts and examples on what is
--- public; and nothing on itself.
local paths = require "support.paths"
local shell = require "support.shell"

local CORE, INTERNAL, COMMAND = "sluice.core", "sluice.internal.", "sluice.internal.cli."
local ENTRY = COMMAND .. "main" -- runtime/main.c requires it

--- The Lua files below a directory, without the annotations of what is not Lua.
local function files_in(dir)
  local files = {}
  for path in shell.run({ "find", paths.root .. "/" .. dir, "-name", "*.lua" }).out:gmatch "[^\n]+" do
    if not path:find "%.meta%.lua$" then files[#files + 1] = path end
  end
  table.sort(files)
  return files
end

--- The names that a file requires anywhere, including in functions.
local function required_by(path)
  local names = {}
  for line in shell.read(path):gmatch "[^\n]+" do
    if not line:find "^%s*%-%-" then
      for name in line:gmatch 'require[%s,(]*"([^"]+)"' do names[#names + 1] = name end
    end
  end
  return names
end

local function starts_with(name, prefix) return name:sub(1, #prefix) == prefix end

local function name_of(path)
  return (path:match "^.*/lualib/(.*)%.lua$":gsub("/init$", ""):gsub("/", "."))
end

--- { module = { modules of lualib that it requires } }
local function graph_of_lualib()
  local graph = {}
  for _, path in ipairs(files_in "lualib") do graph[name_of(path)] = required_by(path) end
  return graph
end

--- A cycle of the graph, as a text, or nil.
local function circle(graph)
  local state, way = {}, {}
  local function visit(name)
    way[#way + 1] = name
    if state[name] == "open" then return table.concat(way, " -> ") end
    if not state[name] then
      state[name] = "open"
      for _, next_name in ipairs(graph[name] or {}) do
        local found = visit(next_name)
        if found then return found end
      end
      state[name] = "done"
    end
    way[#way] = nil
  end
  for name in pairs(graph) do
    local found = visit(name)
    if found then return found end
  end
end

--- The modules reachable from these names.
local function reached(graph, roots)
  local seen, waiting = {}, roots
  while #waiting > 0 do
    local name = table.remove(waiting)
    if not seen[name] then table.move(graph[name] or {}, 1, #(graph[name] or {}), #waiting + 1, waiting) end
    seen[name] = true
  end
  return seen
end

describe("lualib/", function()
  local graph = graph_of_lualib()

  it("requires only modules of sluice that exist", function()
    for name, list in pairs(graph) do
      for _, other in ipairs(list) do
        assert.is_true(not other:find "^sluice%f[.\0]" or other == CORE or graph[other] ~= nil, name .. " requires " .. other)
      end
    end
  end)

  it("does not depend on the command line, except for the command line itself", function()
    for name, list in pairs(graph) do
      for _, other in ipairs(list) do
        assert.is_true(not starts_with(other, COMMAND) or starts_with(name, COMMAND), name .. " requires " .. other)
      end
    end
  end)

  it("does not wait by the wall clock, which may jump", function()
    for _, path in ipairs(files_in "lualib") do
      if name_of(path) ~= COMMAND .. "ledger" then -- ages of runs are calendar times
        assert.is_nil(shell.read(path):find("os.time", 1, true), path)
      end
    end
    local runtime = shell.run { "grep", "-rlE", "CLOCK_REALTIME|gettimeofday|[^_a-z]time\\(", paths.root .. "/runtime", "--include=*.c", "--include=*.h" }
    assert.equal("", runtime.out)
  end)

  it("has no cycle", function()
    assert.is_nil(circle(graph))
    assert.is_truthy(circle { a = { "b" }, b = { "c", "a" }, c = {} }) -- the check itself works
  end)

  it("has no unreachable module", function()
    local roots = { ENTRY }
    for name in pairs(graph) do
      if not starts_with(name, INTERNAL) then roots[#roots + 1] = name end
    end
    local seen = reached(graph, roots)
    for name in pairs(graph) do assert.is_true(seen[name] == true, name) end
  end)

  it("is entered by the command at the documented module", function()
    assert.is_truthy(graph[ENTRY])
    assert.matches(('"%s"'):format(ENTRY), shell.read(paths.root .. "/runtime/main.c"), 1, true)
  end)
end)

for _, dir in ipairs { "scripts", "examples" } do
  describe(dir .. "/", function()
    it("depends only on what is public", function()
      local files, public = files_in(dir), graph_of_lualib()
      assert.is_true(#files > 0)
      for _, path in ipairs(files) do
        for _, name in ipairs(required_by(path)) do
          local is_public = not starts_with(name, INTERNAL) and public[name] ~= nil
          assert.is_true(is_public or not name:find "^sluice%f[.\0]", path .. " requires " .. name)
        end
      end
    end)
  end)
end
