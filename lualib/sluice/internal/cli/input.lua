--- Where the rows of run and filter come from: a worker, files, or standard input.
local core = require "sluice.core"
local worker_spec = require "sluice.internal.cli.spec"

local M = {}

local NOBODY = {
  terminal = "standard input is a terminal",
  null = "standard input is /dev/null",
}

--- Why standard input cannot be what the user meant.
---@return string? why
local function emptiness()
  return core.terminal(0) and NOBODY.terminal or core.kind(0) == "null" and NOBODY.null or nil
end

--- What is wrong with a file, checked before anything has begun.
---@param name string
---@return string? problem
local function problem_of(name)
  if name == "" then return "the name of a file is empty" end
  if name:find "%.lua$" or name:find "%.so$" or name:find "%.rows$" then return ("%s: a worker is named after --"):format(name) end
  local kind, why = core.kind(name)
  if not kind then return ("cannot read %s: %s"):format(name, why) end
  if kind == "directory" then return ("cannot read %s: it is a directory"):format(name) end
  if kind ~= "file" then return nil end -- opening a pipe could consume its data
  local file
  file, why = io.open(name, "rb")
  if not file then return "cannot read " .. why end
  file:close()
end

---@param files string[]
---@return string? problem
local function problem_of_files(files, options, behind)
  if behind then return "files and a worker: expected only one of them" end
  for _, option in ipairs { "via", "cwd", "transport", "ok_status" } do
    if options[option] ~= nil then
      return ("--%s needs a worker after --, not files"):format((option:gsub("_", "-")))
    end
  end
  local stdin
  for _, name in ipairs(files) do
    local is_stdin = worker_spec.is_stdin(name)
    local problem = not is_stdin and problem_of(name)
    if problem then return problem end
    if is_stdin and stdin then return name .. ": standard input is named twice, but can be read only once" end
    stdin = stdin or is_stdin and name
  end
  local taken = stdin and worker_spec.taken_by(options)
  if taken then return ("%s: standard input is already read for %s"):format(stdin, taken) end
end

--- Files, or standard input, through the lines host.
---@param spec sluice.Spec
local function read_input(spec, files)
  spec.words, spec.files, spec.stdin = files, #files > 0 or nil, "inherit"
  spec.lines = not spec.json or nil
  spec.via, spec.cwd, spec.transport, spec.ok_status = nil, nil, nil, nil
  return spec
end

--- A complete spec, and whether the end of input counts as success.
---@param options table     of the command line
---@param behind string[]?  the words after --
---@param plan sluice.Plan
---@param words string      of the command line, for a message
---@param more string?       added to the message if nothing is named
---@return sluice.Spec? spec, boolean|string open_ended  or the problem
function M.spec(options, behind, plan, words, more)
  local files = options.files or {}
  local problem = #files > 0 and problem_of_files(files, options, behind)
  if problem then return nil, problem end
  local spec = worker_spec.of(options, behind, plan)
  if #files > 0 then return read_input(spec, files), true end
  if spec.words then return spec, false end
  if spec.via then return nil, "--via needs a worker after --" end
  if spec.cwd or spec.ok_status then
    return nil, ("--%s needs a worker after --"):format(spec.cwd and "cwd" or "ok-status")
  end
  local taken = worker_spec.taken_by(options)
  if taken then return nil, ("no worker and no files, and standard input is already read for %s"):format(taken) end
  local why = emptiness()
  if why then
    return nil, ("no worker, no files, and %s: name a worker, as in `sluice %s -- WORKER`, files, or - for standard input%s")
      :format(why, words, more or "")
  end
  return read_input(spec, {}), true
end

return M
