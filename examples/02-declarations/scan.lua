-- A worker that scans a source tree: one row per function of every Lua and C
-- file, with a hash of its body that is independent of white space and
-- comments. Request: { root = "src", min_lines = 3 }, both optional.
local walk = require "walk"

local READERS = {
  lua = require "lua_functions",
  c = require "c_functions",
  h = require "c_functions",
}

local function reader_of(path)
  return READERS[path:match("%.(%w+)$")]
end

local function read(path)
  local file, why = io.open(path, "rb")
  if not file then return nil, "unreadable", why end
  local text
  text, why = file:read("a")
  file:close()
  if not text then return nil, "unreadable", path .. ": " .. why end
  if text:find("\0", 1, true) then return nil, "binary", path .. ": not a source file, it contains zero bytes" end
  return text
end

---@return integer? functions  nil: the file was skipped
local function scan_file(path, min_lines, emit)
  local text, code, message = read(path)
  if not text then
    emit:diagnostic(code, message)
    return nil
  end
  local functions, unclosed = reader_of(path)(text)
  if unclosed > 0 then
    emit:diagnostic("unbalanced", ("%s: %d function(s) without an end"):format(path, unclosed))
  end
  local count = 0
  for _, f in ipairs(functions) do
    if f.lines >= min_lines then
      emit:row("functions", { name = f.name, file = path, line = f.line, size = f.lines, hash = f.hash })
      count = count + 1
    end
  end
  return count
end

--- A request may be null.
local function options(request)
  if type(request) ~= "table" then return ".", 1 end
  return request.root or ".", request.min_lines or 1
end

local function index(request, emit)
  local root, min_lines = options(request)
  local files = walk(root, reader_of, function(path, why)
    if path == root then error(("cannot read %s: %s"):format(root, why), 0) end
    emit:diagnostic("unreadable", path .. ": " .. why)
  end)
  local done = { files = #files, left_out = 0, functions = 0 }
  for i, path in ipairs(files) do
    emit:progress("scan", i, #files)
    local count = scan_file(path, min_lines, emit)
    done.functions = done.functions + (count or 0)
    if not count then done.left_out = done.left_out + 1 end
  end
  return done
end

---@type sluice.LuaWorker
return { name = "scan", version = "1.0", exports = { index = index } }
