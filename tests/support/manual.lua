--- The pages of the manual, as tests read them: their options and keys, and their examples.
---
--- Examples are between `.Bd -literal` and `.Ed`:
---
---   - a block whose first line begins with `$ ` is a session: commands, and under each what it writes to stdout and
---   stderr. A command continues after a line that ends in a backslash. Durations are not compared;
---   - a block whose first line is a comment with the name of a file, `-- NAME.lua` or `/* NAME.c */`, is that file;
---   - a block that is neither begins with the comment `.\" not run: WHY`, which is not displayed.
local lfs = require "lfs"
local paths = require "support.paths"
local shell = require "support.shell"

local M = {}

M.directory = paths.root .. "/runtime/man/"

---@return string[] names  "sluice-run.1", sorted
function M.names()
  local names = {}
  for name in lfs.dir(M.directory) do
    if name:find "^sluice.*%.%d$" then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

---@param name string
---@return string[] lines
function M.lines(name)
  local lines = {}
  for line in io.lines(M.directory .. name) do lines[#lines + 1] = line end
  return lines
end

local ESCAPES = {
  ["\\e"] = "\\", ["\\-"] = "-", ["\\&"] = "", ["\\(aq"] = "'", ["\\(dq"] = '"', ["\\(ga"] = "`", ["\\(ha"] = "^", ["\\(ti"] = "~",
}

--- A line of a literal block as a reader sees it.
local function text_of(line)
  return (line:gsub("\\%(..", ESCAPES):gsub("\\[e&-]", ESCAPES))
end

--- The source of a line in a literal block.
function M.source_of(line)
  local source = line:gsub("\\", "\\e"):gsub("['`^~]", { ["'"] = "\\(aq", ["`"] = "\\(ga", ["^"] = "\\(ha", ["~"] = "\\(ti" })
  return (source:gsub("^%.", "\\&."))
end

---@class manual.Block
---@field line integer     of its first line, in the page
---@field lines string[]
---@field why string?      why it is not run

--- The literal blocks of a page.
---@return manual.Block[]
function M.blocks(name)
  local blocks, block = {}, nil
  for number, line in ipairs(M.lines(name)) do
    if line:find "^%.Bd %-literal" then
      block = { line = number + 1, lines = {} }
      blocks[#blocks + 1] = block
    elseif line == ".Ed" then
      block = nil
    elseif block and line:find '^%.\\" not run: ' then
      block.why = line:match ": (.*)"
    elseif block then
      table.insert(block.lines, text_of(line))
    end
  end
  return blocks
end

--- The name of the file that the block is, if it is one.
---@return string? name
function M.file_of(block)
  local first = block.lines[1] or ""
  return first:match "^%-%- ([%w_.-]+%.lua)$" or first:match "^/%* ([%w_.-]+%.c) %*/$"
end

---@return boolean
function M.is_session(block) return (block.lines[1] or ""):find "^%$ " ~= nil end

--- The commands of a session, with what they write.
---@return { line: integer, command: string, output: string[] }[]
function M.commands(block)
  local commands = {}
  for i, line in ipairs(block.lines) do
    local last = commands[#commands]
    if line:find "^%$ " then
      commands[#commands + 1] = { line = block.line + i - 1, command = line:sub(3), output = {} }
    elseif last and #last.output == 0 and last.command:find "\\$" then
      last.command = last.command .. "\n" .. line
    else
      table.insert(last.output, line)
    end
  end
  return commands
end

--- A text without what varies from run to run.
function M.normal(text)
  return (text:gsub("in [%d.]+ m?s%f[%W]", "in N ms")
    :gsub("%d[%d,]* rows/s", "N rows/s")
    :gsub("%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ", "TIME"))
end

local FIXTURES = paths.root .. "/tests/command/manual"

--- Writes the files that a page shows into a directory.
---@return string[] names
local function write_files(dir, name)
  local names = {}
  for _, block in ipairs(M.blocks(name)) do
    local file = M.file_of(block)
    if file then
      names[#names + 1] = file
      shell.write(dir .. "/" .. file, table.concat(block.lines, "\n") .. "\n")
    end
  end
  return names
end

--- Programs of the examples that must be replaced under the sanitizers.
local function sanitized_programs(dir)
  local bin = dir .. "/.bin"
  lfs.mkdir(bin)
  shell.write(bin .. "/cc", '#!/bin/sh\nexec /usr/bin/cc $CFLAGS "$@"\n')
  shell.write(bin .. "/lua5.4", ('#!/bin/sh\nexec %s "$@"\n'):format(paths.lua))
  os.execute(("chmod +x %s/*"):format(bin))
  return bin .. ":"
end

--- A directory with what the examples of a page use: its own files, and those that sluice.1 shows.
---@return manual.Workplace
function M.workplace(name)
  local dir = shell.directory()
  os.execute(("cp %s/*.lua %s/*.jsonl %s"):format(FIXTURES, FIXTURES, dir))
  write_files(dir, "sluice.1")
  ---@class manual.Workplace
  return { dir = dir, path = paths.sanitized and sanitized_programs(dir) or "", files = write_files(dir, name) }
end

--- Runs a command of a session; returns the lines that it writes to stdout and stderr.
---@param place manual.Workplace
---@return string[] lines
function M.output(place, command)
  local result = shell.run({ "bash", "-c", ("exec 2>&1; %s"):format(command) }, {
    cwd = place.dir, seconds = 60,
    env = {
      PATH = place.path .. paths.build .. ":" .. os.getenv "PATH", PKG_CONFIG_PATH = paths.build .. "/lib", LD_LIBRARY_PATH = paths.build .. "/lib",
      NO_COLOR = "1",
    },
  })
  local lines = {}
  for line in result.out:gmatch "([^\n]*)\n?" do lines[#lines + 1] = line end
  while lines[#lines] == "" do lines[#lines] = nil end
  return lines
end

return M
