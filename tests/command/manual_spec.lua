--- The manual: its pages are clean, their examples do what they show (see support/manual.lua for their
--- syntax), and their lists are exactly those of the code.
local core = require "sluice.core"
local durable_file = require "sluice.internal.sink.durable_file"
local lists = require "sluice.internal.lists"
local make = require "sluice.internal.schema.make"
local manual = require "support.manual"
local option_list = require "sluice.internal.option_list"
local parser = require "sluice.internal.cli.parser"
local paths = require "support.paths"
local policy = require "sluice.internal.policy"
local policy_options = require "sluice.internal.policy_options"
local schema = require "sluice.schema"
local shell = require "support.shell"
local types = require "sluice.internal.schema.type"

teardown(shell.forget)

local commands = parser.build().commands

-- ---- the content of a page -----------------------------------------------------------

--- The lines of a section (without its subsections) or of a subsection; without a title, of the whole page.
local function section(name, title)
  local found, inside = {}, title == nil
  for _, line in ipairs(manual.lines(name)) do
    local heading = line:match "^%.S[hs] (.*)"
    if title and heading then inside = heading == title end
    if inside then found[#found + 1] = line end
  end
  assert(#found > 0, ("%s has no section %s"):format(name, title))
  return found
end

--- The words that follow a macro on a line, as in "Cm min , max".
local function words_after(macro, line)
  local words = {}
  for rest in line:gmatch("%f[%u]" .. macro .. "%f[%s]([^A-Z]*)") do
    for word in rest:gmatch "[%w_-]+" do words[#words + 1] = word end
  end
  return words
end

--- The names of the items of these lines, as in ".It Cm name", at this depth of lists.
local function items(lines, macro, depth)
  local names, level = {}, 0
  for _, line in ipairs(lines) do
    if line:find "^%.Bl" then level = level + 1 elseif line == ".El" then level = level - 1 end
    if line:find("^%.It " .. macro) and (not depth or level == depth) then
      lists.append(names, words_after(macro, line))
    end
  end
  return names
end

local function sorted(names)
  names = { table.unpack(names) }
  table.sort(names)
  return names
end

--- All words with these macros anywhere in a page: name -> true.
local function marked(name, ...)
  local found = {}
  for _, line in ipairs(manual.lines(name)) do
    for _, macro in ipairs { ... } do
      for rest in line:gmatch("%f[%u]" .. macro .. "%f[%s] ([^%.].*)") do
        for word in rest:gmatch "[%w_.:-]+" do found[word] = true end
      end
    end
  end
  return found
end

-- ---- the content of the code -----------------------------------------------------------

--- A local variable that is an upvalue of a function, or of a function among its upvalues.
local function upvalue(f, wanted, seen)
  seen = seen or {}
  if seen[f] then return nil end
  seen[f] = true
  for i = 1, math.huge do
    local name, value = debug.getupvalue(f, i)
    if not name then return nil end
    if name == wanted then return value end
    local found = type(value) == "function" and upvalue(value, wanted, seen)
    if found then return found end
  end
end

--- The fields of a class that is annotated in a file.
local function fields_of(file, class)
  local names, inside = {}, false
  for line in io.lines(paths.root .. "/" .. file) do
    local begins = line:match "^%-%-%-@class ([%w_.]+)"
    if begins then inside = begins == class end
    local name = inside and line:match "^%-%-%-@field ([%a_]+) " -- without private ones
    if name and name ~= "private" and name ~= "package" then names[#names + 1] = name end
  end
  assert(#names > 0, file .. " has no class " .. class)
  return names
end

--- The captures of a pattern in a file, each once.
local function captures(file, pattern)
  local names, seen = {}, {}
  for name in shell.read(paths.root .. "/" .. file):gmatch(pattern) do
    if not seen[name] then names[#names + 1] = name end
    seen[name] = true
  end
  return names
end

local function without(names, ...)
  local left_out = { ... }
  return lists.select(names, function(name) return not lists.contains(left_out, name) end)
end

-- ---- the pages ---------------------------------------------------------------------------

describe("the pages of the manual", function()
  it("are clean", function()
    local files = lists.map(manual.names(), function(name) return manual.directory .. name end)
    local result = shell.run { "mandoc", "-Tlint", table.unpack(files) }
    local said = result.out:gsub("[^\n]*referenced manual not found[^\n]*\n", "") -- they need not be installed
    assert.equal("", said)
  end)

  it("refer to pages that exist", function()
    for _, name in ipairs(manual.names()) do
      for _, line in ipairs(manual.lines(name)) do
        local topic, number = line:match "^%.Xr (sluice[%w-]*) (%d)"
        if topic then assert(lists.contains(manual.names(), topic .. "." .. number), line) end
      end
    end
  end)

  for _, name in ipairs(manual.names()) do
    it("have examples that do what they show: " .. name, function()
      local place, shown, real, run = manual.workplace(name), {}, {}, {}
      for _, block in ipairs(manual.blocks(name)) do
        if manual.is_session(block) and not block.why then
          for _, entry in ipairs(manual.commands(block)) do
            local at = ("%s:%d: $ %s\n"):format(name, entry.line, entry.command)
            shown[#shown + 1] = at .. manual.normal(table.concat(entry.output, "\n"))
            real[#real + 1] = at .. manual.normal(table.concat(manual.output(place, entry.command), "\n"))
            run[#run + 1] = entry.command
          end
        else
          assert(block.why or manual.file_of(block), ("%s:%d: neither a session nor a file"):format(name, block.line))
        end
      end
      assert.same(shown, real)
      for _, file in ipairs(place.files) do
        local used = table.concat(run, "\n"):find(file:gsub("%.c$", ""), 1, true)
        assert(used or name == "sluice.1", ("%s: no command uses %s"):format(name, file))
      end
    end)
  end
end)

-- ---- commands and their options --------------------------------------------------------

--- The options of a command such as "--timeout" and "-q", with the names of their values.
local function options_of(command)
  local found = {}
  for _, option in ipairs(command._options) do
    for _, alias in ipairs(option._aliases) do
      found[alias] = option._maxargs > 0 and option._argname or ""
      if type(found[alias]) == "table" then found[alias] = found[alias][1] end
    end
  end
  return found
end

--- What follows a flag, "Ar NAME Ns = Ns Ar VALUE ,", as --help prints it: "NAME=VALUE".
local function value_of(rest)
  local value = rest:match "^ Ar (.*)$" or ""
  return (value:gsub(" Ns ", ""):gsub("Ar ", ""):gsub("%s*%p?$", ""))
end

--- The same for lines such as ".Fl -timeout Ar DURATION" and ".It Fl q , Fl -quiet".
local function flags_in(lines)
  local found = {}
  for _, line in ipairs(lines) do
    for flag, rest in line:gmatch "%f[%w]Fl (%-?%a[%w-]*)([^,]*)" do
      flag = "-" .. flag
      if (found[flag] or "") == "" then found[flag] = value_of(rest) end
    end
  end
  return found
end

describe("the manual of commands", function()
  it("lists the commands", function()
    assert.same(lists.sorted_keys(commands), sorted(items(section("sluice.1", "DESCRIPTION"), "Cm")))
  end)

  for command, arguments in pairs(commands) do
    local name = ("sluice-%s.1"):format(command)

    it("lists the options of " .. command .. ", and the names of their values", function()
      assert.same(options_of(arguments), flags_in(section(name, "OPTIONS")))
    end)

    it("shows the arguments of " .. command, function()
      local found = marked(name, "Ar")
      for _, argument in ipairs(arguments._arguments) do
        assert(argument._choices or found[argument._name], ("%s: %s"):format(name, argument._name))
      end
    end)
  end

  it("describes the shared options, and their defaults", function()
    local expected = { ["-h"] = "", ["--help"] = "", ["-q"] = "", ["--quiet"] = "" }
    for _, name in ipairs { "--export", "--request", "--progress", "--summary" } do expected[name] = options_of(commands.run)[name] end
    local text = table.concat(section "sluice-options.7", "\n")
    for _, option in ipairs(option_list.list) do
      if option.help then expected[option.flag] = option.value or "" end
      if option.help and option.default and option.name ~= "transport" then
        local about = text:match("%.It Fl " .. option.flag:sub(2):gsub("%p", "%%%0") .. "%f[%s](.-)\n%.It")
        assert(about and about:find(".Ql " .. option.default, 1, true), option.name)
      end
    end
    local described = lists.select(manual.lines "sluice-options.7", function(line) return line:find "^%.It Fl" ~= nil end)
    assert.same(expected, flags_in(described))
  end)

  it("names only options that exist", function()
    local known = options_of(parser.build().root)
    for _, command in pairs(commands) do
      for flag in pairs(options_of(command)) do known[flag] = "" end
    end
    for _, name in ipairs(manual.names()) do
      for flag in pairs(flags_in(manual.lines(name))) do assert(known[flag], name .. ": " .. flag) end
    end
  end)

  it("has every kind of error with its exit status", function()
    local found, status = {}, nil
    for _, line in ipairs(section("sluice.1", "EXIT STATUS")) do
      status = tonumber(line:match "^%.It (%d+)$") or status
      local kind = line:match "^%.It Cm ([%w_]+)$"
      if kind then found[kind] = status end
    end
    assert.same(core.kinds, found)
  end)
end)

-- ---- policies ----------------------------------------------------------------------------

describe("the manual of policies", function()
  local known = upvalue(policy.read_file, "file_readers")
  local steps = upvalue(known.streams, "step_readers")

  it("lists their keys", function()
    local expected = lists.select(lists.sorted_keys(known), function(key) return not steps[key] or steps[key] == known[key] end)
    local found = items(section("sluice-policy.5", "KEYS"), "Cm")
    lists.append(found, items(section("sluice-policy.5", "Keys of the worker and of the request"), "Cm"))
    assert.same(expected, sorted(found))
  end)

  it("lists the keys of a stream", function()
    assert.same(lists.sorted_keys(steps), sorted(items(section("sluice-policy.5", "KEYS OF A STREAM"), "Cm")))
  end)

  it("lists the settings of a policy file's option", function()
    local lines = section("sluice-policy.5", "OPTIONS OF A POLICY FILE")
    assert.same(lists.sorted_keys(upvalue(policy_options.declare, "SETTING_KEYS")), sorted(items(lines, "Cm", 1)))
    assert.same(lists.sorted_keys(upvalue(policy_options.declare, "types")), sorted(items(lines, "Cm", 2)))
  end)

  it("names all members of expectations, rows and runs", function()
    local found = marked("sluice-policy.5", "Va", "Fn")
    for _, name in ipairs(fields_of("lualib/sluice/internal/expectation.lua", "sluice.Expectation")) do assert(found[name], name) end
    for _, name in ipairs(fields_of("lualib/sluice/core.meta.lua", "sluice.Row")) do
      assert(found["row." .. name] or found["row:" .. name], "row." .. name)
    end
    for _, name in ipairs(without(fields_of("lualib/sluice/core.meta.lua", "sluice.Run"), "worker")) do
      assert(found["run." .. name] or found["run:" .. name], "run." .. name)
    end
  end)
end)

-- ---- schemas -------------------------------------------------------------------------------

describe("the manual of schemas", function()
  it("lists the types", function()
    assert.same(without(lists.sorted_keys(make), "is"), sorted(items(section("sluice-schema.5", "TYPES"), "Cm", 1)))
  end)

  it("lists the options of each", function()
    local options, kind, level = {}, nil, 0
    for _, line in ipairs(section("sluice-schema.5", "TYPES")) do
      if line:find "^%.Bl" then level = level + 1 elseif line == ".El" then level = level - 1 end
      local names = line:find "^%.It Cm" and words_after("Cm", line) or {}
      if level == 1 and names[1] then kind = names[1] end
      options[kind or ""] = options[kind or ""] or {}
      if level == 2 then lists.append(options[kind], names) end
    end
    for _, described in ipairs(types.kinds) do
      local expected = lists.map(described.options, function(option) return option[1] end)
      assert.same(sorted(expected), sorted(options[described.kind] or {}), described.kind)
    end
    assert.same(lists.sorted_keys(types.common), sorted(items(section("sluice-schema.5", "Options of every type"), "Cm")))
  end)

  it("lists the functions of the module and the methods of types", function()
    local found = marked("sluice-schema.5", "Fn")
    for name in pairs(schema) do assert(make[name] or found["schema." .. name], name) end
    for _, name in ipairs { "decode", "to_json_schema" } do assert(types.methods[name] and found["type:" .. name], name) end
  end)

  it("lists the formats of strings", function()
    local text = table.concat(section("sluice-schema.5", "TYPES"), "\n"):match "%.It Cm format(.-)%.El"
    local expected = captures("runtime/schema/formats.c", '\n\t{ "([%l%d-]+)", [%l%d_]+ },')
    local found = {}
    for name in text:gmatch "%.Ql ([%w-]+)" do found[#found + 1] = name end
    assert.same(sorted(expected), sorted(found))
  end)
end)

-- ---- sinks -----------------------------------------------------------------------------------

describe("the manual of sinks", function()
  local csv, sql, stdout = require "sluice.sink.csv", require "sluice.sink.sql", require "sluice.sink.stdout"
  local shared = upvalue(durable_file.read, "SHARED")

  local function options(title) return sorted(items(section("sluice-sinks.5", title), "Cm")) end

  it("lists the options of each", function()
    assert.same(lists.sorted_keys(shared), options "jsonl.file path options")
    local own = lists.select(lists.sorted_keys(upvalue(csv.file, "READERS")), function(name) return not shared[name] end)
    assert.same(own, options "csv.file path options")
    assert.same(lists.sorted_keys(upvalue(sql.table, "KNOWN")), options "sql.table options")
    assert.same(lists.sorted_keys(upvalue(stdout.new, "READERS")), options "stdout.new options")
  end)

  it("names the members of a sink of your own, and what they receive", function()
    local found = marked("sluice-sinks.5", "Va", "Fn")
    local meta = "lualib/sluice/sink.meta.lua"
    for _, name in ipairs(without(fields_of(meta, "sluice.Sink"), "taker")) do assert(found[name], name) end
    for _, class in ipairs { "sluice.SinkContext", "sluice.Seal" } do
      for _, name in ipairs(fields_of(meta, class)) do assert(found[name], name) end
    end
  end)
end)

-- ---- workers, the protocol, tests of policies ---------------------------------------------------

describe("the manual of workers", function()
  it("has the functions and statuses of C, and no others", function()
    local constants = marked("sluice-worker.3", "Dv")
    local functions = captures("runtime/host/include/sluice/worker.h", "SLUICE_API [%w_ *]-(sluice_[%w_]+)%(")
    assert.same(sorted(functions), sorted(lists.select(items(section "sluice-worker.3", "Fn"), function(word) return word:find "^sluice_" end)))
    for _, header in ipairs { "worker", "library" } do
      local file = ("runtime/host/include/sluice/%s.h"):format(header)
      for _, name in ipairs(captures(file, "\n\t(SLUICE_[%u_]+) = ")) do assert(constants[name], name) end
    end
    local headers = shell.read(paths.root .. "/runtime/host/include/sluice/worker.h") .. shell.read(paths.root .. "/runtime/host/include/sluice/library.h")
    for name in pairs(constants) do assert(headers:find("%f[%w_]" .. name .. "%f[^%w_]"), name) end
  end)

  it("names everything that a Lua worker provides, receives and reports", function()
    local found, meta = marked("sluice-worker.3", "Fn", "Va"), "lualib/sluice/worker.meta.lua"
    for _, name in ipairs(fields_of(meta, "sluice.Emit")) do assert(found["emit:" .. name], name) end
    for _, class in ipairs { "sluice.LuaWorker", "sluice.Finding" } do
      for _, name in ipairs(fields_of(meta, class)) do assert(found[name], name) end
    end
  end)
end)

describe("the manual of the protocol", function()
  it("has the frames of the specification", function()
    local expected, found = {}, {}
    for line in io.lines(paths.root .. "/runtime/wire/PROTOCOL.md") do
      local number, kind, sender = line:match "^| (%d+) | ([%l_]+) | (%l+) |"
      if number then expected[#expected + 1] = ("%s %s %s"):format(number, kind, sender) end
    end
    for _, line in ipairs(section("sluice-protocol.7", "Kinds")) do
      local number, kind, sender = line:match "^%.It (%d+) Ta Cm ([%l_]+) Ta (%l+) Ta"
      if number then found[#found + 1] = ("%s %s %s"):format(number, kind, sender) end
    end
    assert.is_true(#expected > 10)
    assert.same(expected, found)
  end)

  it("has its features", function()
    local features = captures("runtime/wire/PROTOCOL.md", "\n| `([%l-]+)` | [TWB]")
    assert.is_true(#features > 2)
    assert.same(sorted(features), sorted(items(section("sluice-protocol.7", "Features"), "Li")))
  end)
end)

describe("the manual of recordings", function()
  it("names the options and results of tests of policies", function()
    local found = marked("sluice-recordings.5", "Va")
    for _, class in ipairs { "sluice.test.Options", "sluice.test.Result", "sluice.test.More" } do
      for _, name in ipairs(fields_of("lualib/sluice/test.lua", class)) do assert(found[name], name) end
    end
  end)
end)
