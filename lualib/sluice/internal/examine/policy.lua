--- Examines a policy: what it would do, and every mistake in it.
local core = require "sluice.core"
local forgiving = require "sluice.internal.examine.forgiving"
local globals_read = require "sluice.internal.examine.globals_read"
local lists = require "sluice.internal.lists"
local places = require "sluice.internal.examine.places"
local policy = require "sluice.internal.policy"
local suggest = require "sluice.internal.suggest"

local M = {}

---@class sluice.examine.Examination
---@field plan sluice.Plan?                  nil: the mistakes leave none
---@field mistakes sluice.examine.Mistake[]
---@field find fun(place: string): integer   the line of a key of the policy

--- The source, or "" if it cannot be read.
local function source_of(path, text)
  if text then return text end
  local file <close> = io.open(path, "r")
  return file and file:read "a" or ""
end

local function by_line(a, b)
  if (a.file or "") ~= (b.file or "") then return (a.file or "") < (b.file or "") end
  if a.line ~= b.line then return (a.line or 0) < (b.line or 0) end
  return a.text < b.text
end

--- The mistakes in the error of a policy that could not be loaded.
---@return sluice.examine.Mistake[]
local function mistakes_of(err, path, find)
  if not err.problems then return { forgiving.of_error(err) } end
  return lists.map(err.problems, function(problem)
    return { text = problem.text, file = path, line = find(problem.place or "") }
  end)
end

--- Find undefined globals in functions, which would only fail when called, possibly long after loading.
---@param mistakes sluice.examine.Mistake[]  they are appended
local function find_globals(path, source, mistakes)
  local chunk = load(source, "@" .. path, "t")
  local names, known, told = chunk and globals_read.of(chunk) or {}, {}, {}
  for _, global in ipairs(names) do known[global.name] = global.is_set or known[global.name] end
  for _, mistake in ipairs(mistakes) do
    told[mistake.text:match "^the global (%S+) is not defined" or ""] = true -- loading has stopped there
  end
  for _, global in ipairs(names) do
    local name = global.name
    if not known[name] and _G[name] == nil and not told[name] then
      local hint = suggest.hint(name, lists.sorted_keys(_G))
      mistakes[#mistakes + 1] = { text = ("the global %s is not defined%s"):format(name, hint), file = path, line = global.line }
      told[name] = true
    end
  end
end

--- Load a policy as `sluice run` does, but continue after mistakes.
---@param path string
---@param arguments string[]?
---@param text string?  of a ready script
---@return sluice.examine.Examination? examination, sluice.Error? err  kind usage, if the policy cannot be read
function M.load(path, arguments, text)
  local source = source_of(path, text)
  local mistakes, find = {}, places.finder(source)
  forgiving.start(mistakes)
  local plan, err = policy.load(path, arguments, text)
  if err and err.kind == "usage" then return nil, err end
  if err then lists.append(mistakes, mistakes_of(err, path, find)) end
  find_globals(path, source, mistakes)
  return { plan = plan, mistakes = mistakes, find = find }
end

--- "policy.lua:12: streams.rows.wher: unknown key; did you mean where?"
---@param mistake sluice.examine.Mistake
local function show(mistake)
  if not mistake.file then return mistake.text end
  return ("%s:%s %s"):format(mistake.file, mistake.line and mistake.line .. ":" or "", mistake.text)
end

--- A line for each mistake, in the order of their places.
---@param mistakes sluice.examine.Mistake[]
---@return string[] lines
function M.lines(mistakes)
  table.sort(mistakes, by_line)
  return lists.map(mistakes, show)
end

--- An error for the mistakes of a policy.
---@param path string
---@param mistakes sluice.examine.Mistake[]
---@return sluice.Error
function M.failure(path, mistakes)
  local count = #mistakes == 1 and "1 mistake" or ("%d mistakes"):format(#mistakes)
  return core.error("policy", ("%s in %s"):format(count, path))
end

return M
