--- The kinds of types: two lists determine everything else.
local kinds = require "sluice.internal.schema.kinds"
local lists = require "sluice.internal.lists"
local paths = require "support.paths"
local schema = require "sluice.schema"
local shell = require "support.shell"

local function read(path) return shell.read(paths.root .. "/" .. path) end

local function in_runtime()
  local names, list = {}, read("runtime/schema/kind.h"):match "#define SL_NODE_KINDS%(X%)(.-)\n\n"
  for name in list:gmatch "X%((%w+)%)" do names[#names + 1] = name end
  return names
end

local function files(pattern)
  local found = {}
  for path in shell.run({ "sh", "-c", "cd '" .. paths.root .. "' && ls " .. pattern }).out:gmatch "[^\n]+" do
    found[#found + 1] = path
  end
  assert.is_true(#found > 0, pattern)
  return found
end

describe("the kinds of types", function()
  it("are the same for the runtime and for lualib", function()
    assert.same(in_runtime(), lists.map(kinds, function(kind) return kind.kind end))
  end)

  it("are the types that can be used bare", function()
    for _, kind in ipairs(kinds) do
      if kind.bare then
        assert.equal(kind.kind, schema[kind.kind].kind)
        assert.is_userdata(schema[kind.kind]:compile())
      else
        assert.is_function(schema[kind.kind])
      end
    end
  end)

  it("assign each JSON type to the kinds that claim it, and the rest to one", function()
    local rest = {}
    for _, kind in ipairs(kinds) do
      if kind.json_type then rest[kind.json_type] = (rest[kind.json_type] or 0) + (kind.claims and 0 or 1) end
    end
    assert.same({ null = 1, boolean = 1, number = 1, string = 1, array = 1, object = 1 }, rest)
  end)

  it("are named in the runtime only by their own files, and by the second reader of records", function()
    for _, path in ipairs(files "runtime/*/*.[ch]") do
      local own = path:find "schema/kind_%w+%.c$" or path == "runtime/schema/kind.h" or path == "runtime/sink/extract.c"
      for _, name in ipairs(own and {} or in_runtime()) do
        assert.is_nil(read(path):match("sl_kind_" .. name .. "%f[%W]"), path .. " names " .. name)
      end
    end
  end)

  it("are named in lualib only by their own file, except for kinds that are special everywhere", function()
    local special = { any = true, null = true, record = true, enum = true, union = true }
    for _, path in ipairs(files "lualib/sluice/schema.lua lualib/sluice/internal/schema/*.lua lualib/sluice/internal/sql/columns.lua") do
      for _, kind in ipairs(path:find "kinds%.lua$" and {} or kinds) do
        local named = read(path):match('kind [=~]= "' .. kind.kind .. '"')
        assert.is_true(special[kind.kind] or not named, path .. " names " .. kind.kind)
      end
    end
  end)
end)
