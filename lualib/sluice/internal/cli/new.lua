--- sluice new: a worker, a policy, and a spec with a recording, which run and pass as they are.
local core = require "sluice.core"
local json = require "sluice.json"
local lists = require "sluice.internal.lists"
local lfs = require("sluice.internal.modules").require "lfs"
local places = require "sluice.internal.new.places"
local shared = require "sluice.internal.new.shared"
local standard_output = require "sluice.internal.standard_output"

--- Loaded on demand.
local KINDS = {
  lua = function() return require "sluice.internal.new.lua" end,
  c = function() return require "sluice.internal.new.c" end,
  sh = function() return require "sluice.internal.new.sh" end,
}

local DEFAULT = "lua"

-- ---- texts ----------------------------------------------------------------------

local function filled(text, words)
  return (text:gsub("%$(%u+)", words))
end

--- The values of the placeholders in the files.
local function words_of(directory, kind)
  local words = lists.joined(kind.words, {})
  words.NAME = directory:gsub("/+$", ""):match "[^/]*$":gsub("[^%w_.-]", "-")
  words.RECORD = ("%srm -f spec/notes.rows && sluice record spec/notes.rows %s-- %s"):format(
    words.BUILD, words.OPTIONS or "", words.COMMAND)
  words.RUN = words.BUILD .. "sluice run policy.lua"
  return words
end

--- Where Lua searches by default.
local FOUND_BY_ITSELF = { ["/usr/local/share/lua/5.4"] = true, ["/usr/share/lua/5.4"] = true }

--- The configuration of busted.
local function busted_file(lua, c)
  local lines = { "return {", '  _all = { lua = "lua5.4" },', "  default = {", '    ROOT = { "spec" },' }
  if lua and not FOUND_BY_ITSELF[lua] then
    lines[#lines + 1] = ("    lpath = %q,"):format(("%s/?.lua;%s/?/init.lua"):format(lua, lua))
    lines[#lines + 1] = ("    cpath = %q,"):format(c .. "/?.so")
  end
  return table.concat(lines, "\n") .. "\n  },\n}\n"
end

local function luarc_file(lua)
  local settings = {
    '  "runtime.version": "Lua 5.4"',
    lua and ('  "workspace.library": [%s]'):format(json.encode(lua)),
    '  "diagnostics.globals": ["describe", "it", "before_each", "after_each", "assert"]',
  }
  return "{\n" .. table.concat(lists.select({ settings[1], settings[2] or false, settings[3] }, function(s) return s end), ",\n") .. "\n}\n"
end

---@return table<string, string> texts  by path
local function texts_of(directory, kind)
  local words, texts = words_of(directory, kind), {}
  for path, text in pairs(lists.joined(shared, kind.files)) do texts[path] = filled(text, words) end
  local lua, c = places.library()
  texts[".busted"], texts[".luarc.json"] = busted_file(lua, c), luarc_file(lua)
  return texts
end

-- ---- files ----------------------------------------------------------------------

---@return sluice.Error? err
local function write(path, text, mode)
  local file, err = core.file { path = path, mode = mode }
  if not file then return err end
  local ok
  ok, err = file:write(text)
  if ok then ok, err = file:prepare() end
  if ok then ok, err = file:commit() end
  return not ok and err or nil
end

local ROWS = {
  { file = "notes.txt", line = 2, text = "call the bank" },
  { file = "notes.txt", line = 4, text = 'write to "Ada"' },
}

--- Write what recording the worker would give; the worker need not be built.
---@return sluice.Error? err
local function write_recording(path)
  local made = require("sluice.test").rows({ todos = ROWS }, { export = "todos", metadata = { files = 1, lines = 4 } })
  local ok, err = made:save(path)
  return not ok and err or nil
end

--- Create the directory; an existing one must be empty.
---@return string? problem
local function make_directory(path)
  local kind = core.kind(path)
  if not kind then
    local ok, why = lfs.mkdir(path)
    return not ok and ("cannot make the directory %s: %s"):format(path, why) or nil
  end
  if kind ~= "directory" then return ("%s exists, but is not a directory"):format(path) end
  for name in lfs.dir(path) do
    if name ~= "." and name ~= ".." then return ("%s is not empty; name a new directory"):format(path) end
  end
end

---@return sluice.Error? err
local function fill(directory, kind)
  local texts = texts_of(directory, kind)
  local ok, why = lfs.mkdir(directory .. "/spec")
  if not ok then return core.error("sink", ("cannot make the directory %s/spec: %s"):format(directory, why)) end
  for _, path in ipairs(lists.sorted_keys(texts)) do
    local mode = kind.executable and kind.executable[path] and tonumber("755", 8) or nil
    local err = write(directory .. "/" .. path, texts[path], mode)
    if err then return err end
  end
  return write_recording(directory .. "/spec/notes.rows")
end

---@param session sluice.cli.Session
return function(session, options, behind)
  if behind then return 2, "new writes a worker; choose its language with --worker lua, c or sh" end
  local problem = make_directory(options.directory)
  if problem then return 2, problem end
  local kind = KINDS[options.worker or DEFAULT]()
  local err = fill(options.directory, kind)
  if not err and not options.quiet then
    local words = words_of(options.directory, kind)
    err = select(2, standard_output.line(("%s is ready. Next:\n\n    cd %s\n    %s\n    busted"):format(
      options.directory, options.directory, words.RUN)))
  end
  session.options.quiet = true
  return session:finish(err)
end
