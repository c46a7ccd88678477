--- sluice record --cut, and what is in recordings.
local assert = require "luassert"
local recordings = require "support.recordings"
local shell = require "support.shell"

local M = {}

M.mark = "recording.cut: the recording was cut: rows were omitted or changed\n"

--- Runs sluice record --cut; returns the result and the path of the copy.
function M.try_cut(from, ...)
  local to = recordings.new()
  local words = { "record", to, "--cut", ... }
  table.move({ "--", from }, 1, 2, #words + 1, words)
  return shell.sluice(words), to
end

function M.cut(from, ...)
  local result, to = M.try_cut(from, ...)
  assert.equal(0, result.status, result.err)
  assert.is_nil(shell.read(to .. ".part"))
  return to, result.err
end

--- A cut that must fail; returns its message. No file may be left.
function M.refused(status, from, ...)
  local result, to = M.try_cut(from, ...)
  assert.equal(status, result.status, result.err)
  assert.is_nil(shell.read(to))
  assert.is_nil(shell.read(to .. ".part"))
  return result.err
end

function M.record_lines(lines, ...)
  local input = shell.file(table.concat(lines, "\n") .. "\n")
  local path = recordings.new()
  local words = { "record", "-q", path, "--lines", ... }
  table.move({ "--", "cat", input }, 1, 3, #words + 1, words)
  local made = shell.sluice(words)
  assert.equal(0, made.status, made.err)
  return path
end

--- Rows that compress badly, so that there are several blocks.
function M.record_random(n)
  local lines = {}
  for i = 1, n do lines[i] = ('"%d %d"'):format(math.random(0), math.random(0)) end
  return M.record_lines(lines)
end

function M.filter(path, ...)
  local words = { "filter", "-q", ... }
  table.move({ "true", "--", path }, 1, 3, #words + 1, words)
  return shell.sluice(words)
end

function M.lines_of(text)
  local list = {}
  for line in text:gmatch "[^\n]+" do list[#list + 1] = line end
  return list
end

function M.rows_of(path)
  local result = M.filter(path)
  assert.equal(0, result.status, result.err)
  return M.lines_of(result.out)
end

return M
