--- The rooms of the runtime (runtime/DESIGN.md, section 3): which room may include
--- and call which, and how large a room may be.
local BUILD = os.getenv "SLUICE_BUILD" or "build"

-- Rooms in one place are neighbours, and must not know each other.
local ORDER = {
  base = 0, json = 1, wire = 1, file = 1, lua = 2, expression = 2, record = 2, host = 3, supervise = 3, schema = 3, sink = 4, script = 5, ["main.c"] = 6,
}

-- What a room must not know although it is to the left.
local FORBIDDEN = {
  lua = { wire = true, file = true },
  expression = { wire = true, file = true },
  record = { json = true, file = true },
  supervise = { lua = true, file = true, expression = true },
  schema = { wire = true, expression = true },
  sink = { wire = true, host = true, supervise = true, expression = true, record = true },
  script = { host = true, wire = true, record = true },
}

-- The one header that a file may include from such a room: it names nothing that the room must not know.
local EXCEPTED = { ["runtime/script/cut.c"] = "host/recording_cut.h" }

-- Libraries, and the rooms that may name them.
local LIBRARIES = {
  ["^uv%.h$"] = { "supervise" },
  ["^simdjson%.h$"] = { "json" },
  ["^xxhash%.h$"] = { "wire", "record", "host", "schema" },
  ["^lz4%.h$"] = { "record" },
  ["^zlib%.h$"] = { "file" },
  ["^sqlite3"] = { "sink" },
  ["^libpq%-fe"] = { "sink" },
  ["^re2/"] = { "schema" },
  ["^lua%.h$"] = { "lua", "host", "schema", "sink", "script", "main.c" },
  ["^lauxlib%.h$"] = { "lua", "host", "schema", "sink", "script", "main.c" },
  ["^lualib%.h$"] = { "host", "schema", "script", "main.c" },
}

local function lines_of(command)
  local lines, pipe = {}, assert(io.popen(command))
  for line in pipe:lines() do lines[#lines + 1] = line end
  assert(pipe:close(), command)
  return lines
end

local SOURCES = lines_of "find runtime -name '*.c' -o -name '*.h' -o -name '*.cpp' | grep -v /include/ | LC_ALL=C sort"

local function room_of(file)
  return file:match "^runtime/([^/]+)/" or file:match "^runtime/([^/]+)$"
end

local function includes(file, pattern, report)
  for line in io.lines(file) do
    local name = line:match(pattern)
    if name then report(name) end
  end
end

--- The reports of check(file, report) on every source, as one text.
local function complaints(check)
  local found = {}
  for _, file in ipairs(SOURCES) do
    check(file, function(what) found[#found + 1] = file .. " " .. what end)
  end
  return table.concat(found, "\n")
end

describe("the rooms of the runtime", function()
  it("are all in the order", function()
    assert.equal("", complaints(function(file, report)
      if not ORDER[room_of(file)] then report "is in no room" end
    end))
  end)

  it("include what is to their left, and no neighbour", function()
    assert.equal("", complaints(function(file, report)
      local room = room_of(file)
      includes(file, '^#include "([^/"]+)/', function(other)
        local left = ORDER[other] and ORDER[other] < ORDER[room]
        if other ~= room and other ~= "sluice" and not left then report("includes " .. other) end
      end)
    end))
  end)

  it("do not include what they must not know", function()
    assert.equal("", complaints(function(file, report)
      local forbidden = FORBIDDEN[room_of(file)] or {}
      includes(file, '^#include "([^"]+)"', function(header)
        local other = header:match "^[^/]+"
        if forbidden[other] and EXCEPTED[file] ~= header then report("includes " .. other) end
      end)
    end))
  end)

  it("name only their own libraries", function()
    assert.equal("", complaints(function(file, report)
      includes(file, "^#include <([^>]+)>", function(header)
        for pattern, rooms in pairs(LIBRARIES) do
          local may = not header:find(pattern)
          for _, room in ipairs(rooms) do may = may or room == room_of(file) end
          if not may then report("includes " .. header) end
        end
      end)
    end))
  end)

  it("each contain at most a quarter of the whole", function()
    local lines, total = {}, 0
    for _, file in ipairs(SOURCES) do
      local room = room_of(file)
      for _ in io.lines(file) do
        lines[room] = (lines[room] or 0) + 1
        total = total + 1
      end
    end
    for room, n in pairs(lines) do
      assert(n * 4 <= total, ("%s holds %d of %d lines"):format(room, n, total))
    end
  end)
end)

-- ---- calls -----------------------------------------------------------------

--- name of a file -> the files that define what it refers to
local function references()
  local defined, undefined, graph, file = {}, {}, {}, "?"
  for _, line in ipairs(lines_of(("cd '%s' && nm runtime/*.o runtime/*/*.o"):format(BUILD))) do
    local kind, symbol = line:match "(%a) ([%w_]+)$"
    if not kind then
      file = line:match "^runtime/(.-)%.o:$" or file
      undefined[file] = undefined[file] or {}
    elseif kind == "U" then
      undefined[file][symbol] = true
    elseif kind:find "[TDBRCV]" then
      defined[symbol] = file
    end
  end
  for from, symbols in pairs(undefined) do
    graph[from] = {}
    for symbol in pairs(symbols) do
      local to = defined[symbol]
      if to and to ~= from then graph[from][to] = symbol end
    end
  end
  return graph
end

--- The first path found from a file back to itself.
local function circle(graph)
  local state = {} -- nil: not seen; "open": on the way; "done"
  local function walk(file, way)
    if state[file] == "done" then return nil end
    way = way .. " -> " .. file
    if state[file] == "open" then return way end
    state[file] = "open"
    for to in pairs(graph[file]) do
      local found = walk(to, way)
      if found then return found end
    end
    state[file] = "done"
  end
  for file in pairs(graph) do
    local found = walk(file, "")
    if found then return found end
  end
end

describe("calls in the runtime", function()
  it("are detected by the test", function()
    local graph = references()
    assert.is_string(graph["script/core.c"]["script/row.c"])
    assert.matches("a.* %-> b", circle { a = { b = "f" }, b = { a = "g" }, c = {} })
  end)

  it("form no cycle through several files", function()
    assert.is_nil(circle(references()))
  end)
end)
