--- The command line: subcommands, options, help.
local argparse = require("sluice.internal.modules").require "argparse"
local check = require "sluice.internal.check"
local command_line = require "sluice.internal.command_line"
local option_list = require "sluice.internal.option_list"
local units = require "sluice.internal.units"

local M = {}

--- Of help, in columns.
local WIDTH = 80

--- Shells with completion.
M.SHELLS = { "bash", "zsh", "fish" }

-- A word such as `-5` or `-x < 3` looks like an option and is not one. argparse
-- cannot tell, so such words are passed to it with this mark before them.
local MARK = "\1"

---@param word string
---@return string
function M.shield(word)
  local is_option = word:find("^%-%a") and not word:find("%s") or word:find("^%-%-%a[%w-]*=?")
  if word:sub(1, 1) == "-" and word ~= "-" and not is_option then return MARK .. word end
  return word
end

local function unshield(word)
  return word:sub(1, 1) == MARK and word:sub(2) or word
end

--- A converter for argparse that names the option in its errors.
---@param flag string
---@param read fun(value: string): any, string?
local function converter(flag, read)
  return function(word)
    word = unshield(word)
    local value, expected = read(word)
    if value == nil then
      return nil, ("%s: expected %s, got %q"):format(flag, expected, word)
    end
    return value
  end
end

--- An option with a value.
---@param read fun(word: string): any, string?
local function add(command, flag, argname, read, description)
  return command:option(flag):argname(argname):convert(converter(flag, read)):description(description)
end

--- "Largest row that is accepted (1MiB)."
---@param option sluice.Option
---@param default string?  this command's own default
local function description_of(option, default)
  default = default or option.default and option.default .. (option.zero and "; 0 for " .. option.zero or "")
  return option.help .. (default and (" (%s)."):format(default) or ".")
end

---@param option sluice.Option
local function add_listed(command, option, default)
  local description = description_of(option, default)
  if not option.value then return command:flag(option.flag):description(description) end
  local added = add(command, option.flag, option.value, option.each or option.read, description)
  if option.each then added:count("*") end
end

--- Add the options of these owners that can be given on the command line.
---@param defaults table<string, string>  by names of options
---@param left_out string?
local function add_options(command, owners, defaults, left_out)
  for _, owner in ipairs(owners) do
    for _, option in ipairs(option_list.of[owner]) do
      if option.help and option.name ~= left_out then add_listed(command, option, defaults[option.name]) end
    end
  end
end

local function add_report_options(command)
  add(command, "--progress", "HOW", check.one_of({ "auto", "plain", "json", "none" }, "auto, plain, json or none"),
    "auto: a live line on a terminal; plain: a line a\nsecond; json: one object a line; none (auto).")
  add(command, "--summary", "FILE", check.name, "Write the outcome to FILE as JSON.")
  command:flag("-q --quiet"):description("On success print only diagnostics.")
end

local function add_help(command)
  command:flag("-h --help"):description("Show this text.")
end

--- Options common to all commands that stream rows.
local function add_stream_options(command, defaults, left_out)
  add(command, "--export", "NAME", check.name, "Export to run (the only one).")
  add(command, "--request", "JSON", check.name, "Its argument; @FILE reads it, @- from standard input.")
  add_options(command, { "request", "worker", "launcher", "host" }, defaults, left_out)
  add_report_options(command)
  return command
end

local function add_files(command)
  command:argument("FILE"):target("files"):args("*"):convert(unshield)
    :description("JSON lines instead of a worker, gzip or not; - is\nstandard input.")
end

--- A policy, its arguments, and files for it.
local function add_policy(command, count)
  command:argument("POLICY"):target("policy"):args(count):convert(unshield)
    :description("File that returns the policy, or the name of a\nready script: a word without slash and .lua.")
  add_files(command)
  command:option("--arg"):argname("VALUE"):count("*"):convert(unshield)
    :description("Passed to the policy file as `...`; may be repeated.")
  add(command, "--set", "NAME=VALUE", command_line.variable,
    "An option that the policy declares; with its name,\n--help lists them. May be repeated."):count("*")
  add(command, "--run-key", "KEY", check.name,
    "Record it with what is committed; a run whose key\nis already committed is not run again.")
end

local function add_run(parser)
  local command = parser:command("run"):summary("Give a worker's rows to a policy.")
    :usage("Usage: sluice run [options] POLICY [FILE…]\n       sluice run [options] POLICY [-- WORKER [ARG…]]\n       sluice run --list")
    :description("Give a worker's rows, or those of files, to the policy as they appear, and let it\nkeep them only when the worker has finished and every count agrees.")
    :epilog([[
Examples:
  sluice run count -- ./scan.lua
      The rows of a Lua worker, counted per stream by a ready script.
  sluice run sqlite --set columns=name:text,line:integer? -- ./scan.lua
      Into a table of a database; `sluice run sqlite --help` lists its options.
  sluice run --request '{"root":"src"}' --timeout 1h index.lua -- ./indexer
      A native worker, with a request and an hour to finish.
  sluice run --lines --stream-by /type show.lua -- rg --json TODO
      A program that prints JSON lines of several kinds.
  sluice run table.lua monday.jsonl tuesday.jsonl.gz
      JSON lines of files; - is standard input, as it is without files and worker.
  sluice run --via 'ssh -T build --' index.lua -- /srv/scan.lua
      A worker on another machine.

A policy may name its worker itself, worker = { "scan.lua" }, relative to the
directory of the policy; a worker after -- replaces it. Most options may also be
in the policy (timeout = "1h"); the command line wins.]])
  add_policy(command, "?")
  command:flag("--list"):description("Show the ready scripts, a line each.")
  command:flag("--watch"):description("For a recording or files: run again whenever the\npolicy, or a file that it reads, is saved, and show\nwhat changed. Nothing is committed.")
  return add_stream_options(command, {})
end

local function add_check(parser)
  local command = parser:command("check"):summary("Show what a policy would do, and its mistakes.")
    :usage("Usage: sluice check [options] POLICY [-- WORKER [ARG…]]\n       sluice check [options] POLICY [-- FILE.rows]\n       sluice check [options] POLICY FILE…")
    :description("Load the policy and print what `sluice run` with the same words would do, without\nstarting anything; or every mistake in it, with its line. On a recording, or on\nfiles, the policy is run up to the point where it would commit, and rolled back.")
    :epilog([[
Examples:
  sluice check index.lua
      Worker, request, options and where each comes from, streams, sinks.
  sluice check --timeout 1h index.lua -- ./indexer
      The same for this worker, which is not started.
  sluice check index.lua -- night.rows
      What would become of these rows; nothing is committed.

on_summary and on_failure are not called; all other handlers are. Exit status: 0, 4
for mistakes in the policy, and with a recording that of `sluice run`.]])
  add_policy(command, 1)
  return add_stream_options(command, {}, "record")
end

local function row_count(word) return check.count(tonumber(word)) end

--- "name,/pos/line"
local function field_list(text)
  local fields = {}
  for field in (text .. ","):gmatch "([^,]*)," do
    local is_bad = field == "" or field:sub(1, 1) == "/" and (field:find "~[^01]" or field:find "~$")
    if is_bad then return nil, 'names or JSON Pointers separated by commas, as in "name,/pos/line"' end
    fields[#fields + 1] = field
  end
  return fields
end

local function add_filter(parser)
  local command = parser:command("filter"):summary("Write the rows that pass an expression as JSON lines.")
    :usage("Usage: sluice filter [options] EXPR [FILE…]\n       sluice filter [options] EXPR [-- WORKER [ARG…]]")
    :description("Write the rows for which EXPR holds to standard output, as JSON lines and at\nonce. Without files and worker, JSON lines are read from standard input.")
    :epilog([[
EXPR is an expression of Lua, in which a bare name is a field of the row.
A field that is absent is nil, JSON's null is `null`, which counts as false.
<, <=, > and >= are false for nil or null; arithmetic, .., #, an index, a method
and functions of string, math, utf8 and table give nil; == and ~= are as in Lua.
A name is a function where it is called, and a library in string.rep or math.pi;
`row` is the row itself (row.stream, row:get("/a/0")), `_G` has Lua's globals.

Examples:
  sluice filter 'kind == "def" and line < 100' -- ./scan.lua
  sluice filter --map '{ name = name, at = line }' true -- ./scan.lua
  sluice filter --lines 'type == "match"' -- rg --json TODO
  sluice filter 'status >= 500' monday.log.gz tuesday.log
      The end of input counts as success here, as nothing else marks it.
  lsblk --json | sluice filter --json --at /blockdevices 'type == "disk"'
  sluice filter --atomic 'size > 4096' -- ./scan.lua > large.jsonl
      Nothing is written unless the worker succeeds.]])
  command:argument("EXPR"):target("expression"):convert(unshield):description("Lua expression; false, nil or null drops the row.")
  add_files(command)
  command:option("--map"):argname("EXPR"):convert(unshield):description("Write the value of this expression instead of the row.")
  command:flag("--atomic"):description("Hold the output back until success.")
  add(command, "--fields", "LIST", field_list, "Write these fields only, in this order: names or\nJSON Pointers, separated by commas, as in\nname,/pos/line.")
  command:flag("--table"):description("Write an aligned table.")
  command:flag("--csv"):description("Write CSV; its columns are those of --fields, or of\nthe first row.")
  command:flag("--count"):description("Write only how many rows pass.")
  add(command, "--limit", "N", row_count, "Stop after N rows, successfully.")
  add(command, "--tail", "N", row_count, "Write the last N rows, at the end.")
  return add_stream_options(command, { timeout = "none" })
end

--- A reader of numbers from 0 to `most`.
local function up_to(most)
  return function(word)
    local n = math.tointeger(tonumber(word))
    if n and n >= 0 and n <= most then return n end
    return nil, ("an integer from 0 to %d"):format(most)
  end
end

local function add_infer(parser)
  local command = parser:command("infer"):summary("Infer a schema from all rows, or how they differ from one.")
    :usage("Usage: sluice infer [options] [FILE…]\n       sluice infer [options] [-- WORKER [ARG…]]")
    :description("Read all rows and write, for each stream, the narrowest schema that accepts every\none of them. Without files and worker, JSON lines are read\nfrom standard input.")
    :epilog([[
Examples:
  sluice infer rows.jsonl > row.lua
      A Lua file that a policy can require: schema = require "row".
  sluice infer --as policy --lines -- git-json-log > log.lua
      A policy that commits the rows to SQLite: look at it, then run it,
      sluice run log.lua.
  sluice infer --stream-by /type --as json-schema --lines -- rg --json TODO
      A schema for each kind of row.
  sluice infer --against row.lua today.jsonl
      What has changed since; status 3 if rows would be refused.]])
  add_files(command)
  add(command, "--as", "FORMAT", check.one_of({ "lua", "json-schema", "luals", "sql", "policy", "json" }, "lua, json-schema, luals, sql or policy"),
    "lua: for policies; json-schema: 2020-12; luals: classes\nfor an editor; sql: CREATE TABLE; policy: one that\ncommits to SQLite (lua).")
  add(command, "--dialect", "NAME", check.one_of({ "sqlite", "postgres" }, "sqlite or postgres"), "For --as sql (sqlite).")
  add(command, "--enum", "N", up_to(64), "Make an enum of at most N strings that occur often;\n0 for none (8).")
  command:flag("--tight"):description("Make ranges and lengths limits, and refuse fields\nthat never occurred.")
  add(command, "--against", "FILE", check.name, "A schema, Lua or JSON Schema: show where rows differ\nfrom it, as a table or --as json; status 3 if it would\nrefuse some (marked !).")
  command:flag("--update"):description("With --against: widen the JSON Schema in FILE so that\nit accepts the rows; for Lua show what would change.")
  return add_stream_options(command, { timeout = "none" })
end

local function add_stats(parser)
  local command = parser:command("stats"):summary("Show what each field of the rows contains.")
    :usage("Usage: sluice stats [options] [FILE…]\n       sluice stats [options] [-- WORKER [ARG…]]")
    :description("Read all rows and show, for each stream and field, how often it is present, its\ntypes, least and greatest value, mean, number of distinct values, and the most\nfrequent ones. Without files and worker, JSON lines are read from\nstandard input.")
    :epilog([[
Examples:
  sluice stats monday.log.gz
  sluice stats --stream-by /type --lines -- rg --json TODO
      A table for each kind of row.
  sluice stats --as json -- ./scan.lua | jq '.fields[] | select(.null > 0) | .field'

A field is a JSON Pointer; /tags/* are the elements of the arrays in /tags. present
counts the rows that have it, null too; min, max are of the most frequent type,
with strings in the order of code points. The last of duplicate keys counts.
Up to 1,024 distinct values are counted exactly; beyond, the number is estimated
("~"), within 1.6 % in 95 of 100 cases. Beyond 256, every value with a share
above 2/256 is found, and a share marked "~" is too large by at most 1/256. A stream
has 1,000 fields at most: of further ones only the number is shown.

--as json writes one object per line for each stream: stream, rows, bytes,
rows_per_second, omitted, and fields, a list of: field, rows, share, values, null,
types, distinct, exact, frequent (value, count, share, over: how much of count may be
too much), numbers (min, max, mean), strings (min, max, min_length, max_length),
arrays (min_items, max_items).]])
  add_files(command)
  add(command, "--as", "FORMAT", check.one_of({ "table", "json" }, "table or json"), "table, or json: one object a line (table).")
  add(command, "--top", "N", up_to(100), "Number of most frequent values shown per field (5).")
  return add_stream_options(command, { timeout = "none" })
end

local function add_call(parser)
  local command = parser:command("call"):summary("Call an export that replies with one value.")
    :usage("Usage: sluice call [options] EXPORT [REQUEST] -- WORKER [ARG…]")
    :description("Call an export and print its reply as one line of JSON.")
    :epilog([[
Examples:
  sluice call add '{"a":1,"b":2}' -- ./sums.lua
  sluice call check @request.json -- ./checker]])
  command:argument("EXPORT"):target("export"):convert(unshield):description("Name of the export.")
  command:argument("REQUEST"):target("value"):args("?"):convert(unshield)
    :description("Its argument, JSON; @FILE reads it, @- from\nstandard input (null).")
  add_options(command, { "request", "worker", "launcher" }, {})
  add_report_options(command)
  return command
end

local RANGE = "sequences of rows, the first is 0, such as 0-99, 100-, -99 or 7"

---@return { first: integer?, last: integer? }?, string? expected
local function range(word)
  local from, dash, to = word:match "^(%d*)(%-?)(%d*)$"
  local first, last = math.tointeger(tonumber(from)), math.tointeger(tonumber(to))
  local is_read = from and (from == "" or first) and (to == "" or last) and (first or last)
  if dash == "" then last = first end
  if not is_read or first and last and first > last then return nil, RANGE end
  return { first = first, last = last }
end

local function add_cut(command)
  command:flag("--cut"):description("Make FILE.rows from the recording after --, with\nfewer rows; --only, --rows and --where must all hold.")
  add(command, "--only", "STREAM", check.name, "Keep rows of this stream. May be repeated."):count("*")
  add(command, "--rows", "A-B", range, "Keep rows with these sequences, both included, of each\nstream; the first row is 0.")
  add(command, "--where", "EXPR", check.name, "Keep rows for which EXPR holds, as in filter.")
  add(command, "--redact", "POINTER", option_list.by_name.at.read,
    "Replace strings at or below this place with others\nof the same shape. May be repeated."):count("*")
end

local function add_record(parser)
  local command = parser:command("record"):summary("Record all that a worker does, for replay.")
    :usage("Usage: sluice record [options] FILE.rows -- WORKER [ARG…]\n       sluice record FILE.rows --cut [options] -- IN.rows")
    :description("Run an export and write all that the worker sends and prints into FILE.rows, with its\ntime. The file can then be used as a worker.")
    :epilog([[
Examples:
  sluice record night.rows -- ./scan.lua
  sluice run policy.lua -- night.rows
      The same rows, diagnostics, progress and end, without the worker.
  sluice filter --replay realtime true -- night.rows
      With the original pauses.
  sluice run policy.lua --record night.rows -- ./scan.lua
      Run and record at once.
  sluice record fault.rows --cut --rows 90-99 --redact /author -- night.rows
      A smaller one that ends in the same way, to share.

Until it is complete, the file is FILE.rows.part; one that was never finished
replays up to its last complete block.]])
  command:argument("FILE.rows"):target("record"):convert(converter("FILE.rows", option_list.by_name.record.read))
    :description("The recording; it must not exist yet.")
  add_cut(command)
  return add_stream_options(command, { timeout = "none" }, "record")
end

local function add_info(parser)
  local command = parser:command("info"):summary("Show what a worker offers.")
    :usage("Usage: sluice info [options] -- WORKER [ARG…]")
    :description("Start a worker, show its name, version and exports, and what its call `doctor`\nfinds, if it has one; then shut it down.")
    :epilog([[
Examples:
  sluice info -- ./scan.lua
  sluice info --as json -- ./indexer | jq '.exports[].name']])
  add(command, "--as", "FORMAT", check.one_of({ "text", "json" }, "text or json"), "text, or json: one line (text).")
  add_listed(command, option_list.by_name.timeout)
  add_options(command, { "worker", "launcher", "host" }, {})
  return command
end

local function add_ledger(parser)
  local command = parser:command("ledger"):summary("Show the runs that a database has, or forget some.")
    :usage("Usage: sluice ledger [options] URL")
    :description("Show what the runs that have committed to a database recorded with their rows:\nkey, time, table, stream, rows and seal; a line for each stream and table.")
    :epilog([[
Examples:
  sluice ledger sqlite:functions.db
  sluice ledger --as json postgres://user@host/db | jq -r .run_key
  sluice ledger --older 90d sqlite:functions.db
      A forgotten run can be repeated with its key. Its rows stay.]])
  command:argument("URL"):target("url"):convert(unshield):description("The database, as in sql.table: sqlite:FILE, postgres://…")
  add(command, "--as", "FORMAT", check.one_of({ "text", "json" }, "text or json"), "text: a table; json: one object a line (text).")
  add(command, "--forget", "KEY", check.name, "Remove the run of this key from the ledger. May be\nrepeated."):count("*")
  add(command, "--older", "DURATION", units.positive_duration, "Remove runs that are older than this, such as 90d.")
  command:flag("-q --quiet"):description("Do not print how many runs were forgotten.")
  return command
end

local function add_new(parser)
  local command = parser:command("new"):summary("Create a project to start from.")
    :usage("Usage: sluice new [options] DIR")
    :description("Write a worker, a policy with a schema, and a spec with a recording into a new\ndirectory. It runs, and its spec passes, as it stands.")
    :epilog([[
Example:
  sluice new todo && cd todo && sluice run policy.lua && busted]])
  command:argument("DIR"):target("directory"):convert(unshield):description("A directory that does not exist, or is empty.")
  add(command, "--worker", "KIND", check.one_of({ "lua", "c", "sh" }, "lua, c or sh"), "The language of the worker: lua, c or sh (lua).")
  command:flag("-q --quiet"):description("Do not print what to do next.")
  return command
end

local function add_worker(parser)
  local command = parser:command("worker"):summary("The worker's side, which launchers start.")
    :usage("Usage: sluice worker [--transport HOW] [--lines [options]] [-- WORKER [ARG…]]")
    :description("Serve requests on two pipes. Other subcommands start this by themselves, or\nhave it started by --via; it is rarely typed.")
    :epilog([[
WORKER is FILE.lua, FILE.so, a native worker, or, with --lines, any program that
prints JSON lines; without one, --lines reads standard input.]])
  add_listed(command, option_list.by_name.transport)
  add_options(command, { "host" }, {})
  return command
end

local function add_manual(parser)
  local command = parser:command("help"):summary("Show a page of the manual.")
    :usage("Usage: sluice help [TOPIC]")
    :description("Show the manual page of a command or of another topic; without one, list them.")
    :epilog([[
Examples:
  sluice help run
  sluice help policy]])
  command:argument("TOPIC"):target("topic"):args("?"):convert(unshield):description("A command, policy, schema, sinks, …")
  return command
end

local function add_completion(parser)
  local command = parser:command("completion"):summary("Write the completion script for a shell.")
    :usage("Usage: sluice completion bash|zsh|fish")
    :description("Write a script with which the shell completes commands and options of sluice.")
    :epilog([[
Examples:
  source <(sluice completion bash)
  sluice completion fish > ~/.config/fish/completions/sluice.fish]])
  command:argument("SHELL"):target("shell"):choices(M.SHELLS):description("bash, zsh or fish.")
  return command
end

---@class sluice.cli.Parser
---@field root table
---@field commands table<string, table>

--- argparse wraps what is not wrapped yet.
local function unwrap(command)
  for _, list in ipairs { command._options, command._arguments } do
    for _, entry in ipairs(list) do entry._description = entry._description and entry._description:gsub("\n", " ") end
  end
end

---@return sluice.cli.Parser
function M.build()
  local root = argparse("sluice"):add_help(false):command_target("command")
    :help_description_margin(30)
    :help_max_width(WIDTH)
    :usage("Usage: sluice COMMAND [options] …")
    :description("Start a worker process, stream its rows into a Lua script as they appear, and\nkeep them only when the stream is known to be complete.")
    :epilog([[
`sluice COMMAND --help` lists the options of a command, `sluice help` shows the manual.

Exit status: 0 committed, 1 the worker reported failure, 2 usage, 3 rows refused,
4 script or sink failed, 5 protocol, 6 the worker died, 124 a timeout,
126/127 not executable/not found, 130/143 interrupted/terminated.]])
  local commands = {
    run = add_run(root), check = add_check(root), filter = add_filter(root), infer = add_infer(root),
    stats = add_stats(root), call = add_call(root), record = add_record(root), info = add_info(root),
    ledger = add_ledger(root), new = add_new(root), worker = add_worker(root),
    help = add_manual(root), completion = add_completion(root),
  }
  for _, command in pairs(commands) do
    add_help(command:add_help(false))
    unwrap(command)
  end
  root:flag("--version"):description("Show the version.")
  add_help(root)
  return { root = root, commands = commands }
end

return M
