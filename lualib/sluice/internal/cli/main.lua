--- The command line of sluice.
local core = require "sluice.core"
local lists = require "sluice.internal.lists"
local manual = require "sluice.internal.cli.manual"
local option_list = require "sluice.internal.option_list"
local standard_output = require "sluice.internal.standard_output"
local parser = require "sluice.internal.cli.parser"
local policy = require "sluice.internal.policy"
local policy_options = require "sluice.internal.policy_options"
local ready = require "sluice.internal.cli.ready"
local session = require "sluice.internal.cli.session"
local standard = require "sluice.internal.cli.standard"

local M = {}

--- Takes the options, and the words after `--`; returns the exit code, or a usage
--- problem.
---@alias sluice.cli.Command fun(session: sluice.cli.Session, options: table, behind: string[]?): integer|"SIGPIPE", string?

--- Loaded on demand.
---@type table<string, fun(): sluice.cli.Command>
local commands = {
  run = function() return require "sluice.internal.cli.run" end,
  check = function() return require "sluice.internal.cli.check" end,
  filter = function() return require "sluice.internal.cli.filter" end,
  infer = function() return require "sluice.internal.cli.infer" end,
  stats = function() return require "sluice.internal.cli.stats" end,
  call = function() return require "sluice.internal.cli.call" end,
  record = function() return require "sluice.internal.cli.record" end,
  info = function() return require "sluice.internal.cli.info" end,
  new = function() return require "sluice.internal.cli.new" end,
  ledger = function() return require "sluice.internal.cli.ledger" end,
}

--- Commands that print a text and need no session: the text, or a problem.
---@type table<string, fun(options: table, parsers: sluice.cli.Parser): string?, string?>
local answers = {
  help = function(options) return manual.page(options.topic) end,
  completion = function(options, parsers) return require "sluice.internal.cli.completion".of(options.shell, parsers) end,
}

--- Report a usage error in one line, and where to read on.
---@param problem string
---@param command string?
---@return integer code
local function usage(problem, command)
  local page = command and ("sluice %s --help"):format(command) or "sluice --help"
  io.stderr:write(("sluice: usage: %s\ntry: %s\n"):format(core.visible(problem), page))
  return 2
end

--- The words before `--`, and those after it (nil if there is none).
---@param argv string[]
---@return string[] before, string[]? behind
local function split(argv)
  for i = 1, #argv do
    if argv[i] == "--" then return { table.unpack(argv, 1, i - 1) }, { table.unpack(argv, i + 1) } end
  end
  return argv, nil
end

--- argparse uses two lines and counts positions; users think in terms of `--`.
---@param message string
local function reword(message)
  message = message:gsub("\nDid you mean", "; did you mean"):gsub("\n", " ")
  message = message:gsub("^missing argument '(.-)'$", "%1 is missing")
  if message == "too many arguments" then return "too many arguments; a worker is named after --" end
  return message
end

---@param text string
---@return integer|"SIGPIPE" code
local function say(text)
  local ok, err = standard_output.line(text)
  if ok then return 0 end
  if err.errno == "EPIPE" then return "SIGPIPE" end
  io.stderr:write(("sluice: %s\n"):format(core.visible(tostring(err))))
  return core.exit_code(err)
end

--- The exit code of a command that prints a text; nil: it is not one of those.
---@return integer|"SIGPIPE"|nil code
local function answer(options, parsers)
  local make = answers[options.command]
  if not make then return nil end
  local text, problem = make(options, parsers)
  if not text then return usage(problem, options.command) end
  if options.command == "help" and manual.through_pager(text) then return 0 end
  return say(text)
end

--- Whether the next word belongs to this one, as in `--export count`.
local function takes_value(word)
  if not word:find "^%-%-" or word == "--help" then return false end
  local option = option_list.by_name[word:sub(3):gsub("-", "_")]
  return not option or option.value ~= nil
end

--- The options that a policy of this name declares, if it is one.
local function settings_of(word, word_before)
  if word:find "%.lua$" then return policy.settings(word) end
  local text = ready.is_name(word) and not takes_value(word_before) and ready.find(word)
  return text and policy.settings(word, text)
end

--- The policy's part of `sluice run POLICY --help`.
---@param before string[]
---@return string
local function of_policy(before)
  for i, word in ipairs(before) do
    local declaration = settings_of(word, before[i - 1] or "")
    if declaration then return "\n\n" .. policy_options.help(declaration) end
  end
  return ""
end

---@param before string[]
---@param parsers sluice.cli.Parser
---@return string? command  the first word that names one
local function command_of(before, parsers)
  for _, word in ipairs(before) do
    if parsers.commands[word] then return word end
  end
end

--- Help is shown wherever the word stands, even if the rest makes no sense.
---@return string? help
local function help_wanted(before, parsers)
  local wanted = false
  for _, word in ipairs(before) do
    wanted = wanted or word == "-h" or word == "--help"
  end
  if not wanted then return nil end
  local command = command_of(before, parsers)
  if not command then return parsers.root:get_help() end
  return parsers.commands[command]:get_help() .. ((command == "run" or command == "check") and of_policy(before) or "")
end

--- Run the command line. Returns the exit code, or "SIGPIPE" if the reader of our
--- output has gone and the process should die of that signal.
---@param argv string[]
---@param texts fun(): table<string, string>  of the ready scripts, by name
---@param pages fun(): table<string, string>  of the manual, by names such as "sluice-run.1"
---@return integer|"SIGPIPE" code
function M.main(argv, texts, pages)
  ready.texts, manual.texts = texts, pages
  standard.replace()
  local parsers = parser.build()
  local before, behind = split(argv)
  local help = help_wanted(before, parsers)
  if help then return say(help) end
  if before[1] == "--version" then
    return say(("sluice %s (%s, protocol %d)"):format(core.version, _VERSION, core.protocol))
  end
  if #before == 0 then return usage("a command is missing: run, check, filter, infer, stats, call, record, info, ledger or new") end
  local command = command_of(before, parsers)
  local ok, options = parsers.root:pparse(lists.map(before, parser.shield))
  if not ok then return usage(reword(options), command) end
  if behind and #behind == 0 then return usage("nothing follows --; name a worker there", command) end
  local told = answer(options, parsers)
  if told then return told end
  collectgarbage "restart" -- stopped by main.c
  local opened <close>, problem = session.open(options)
  if not opened then return usage(problem, command) end
  local code
  code, problem = commands[options.command]()(opened, options, behind)
  if not problem then return code end
  opened:discard()
  return usage(problem, command)
end

return M
