-- The pipes into DuckDB that the manual and examples/07-many-machines show, as they are written there.
-- For `make duckdb`, which passes the directory in which npm has installed DuckDB's library.
local logs = require "examples.logs"
local paths = require "support.paths"
local shell = require "support.shell"

local library = ...

--- The command that a file shows, from its prompt to the line that has duckdb in it.
local function shown(path)
  local text = assert(shell.read(path))
  local command = text:match "\n%$ (sluice filter [^$]-|%s*duckdb [^\n]*)\n"
  return assert(command, path .. ": shows no pipe into duckdb"):gsub("\\e\n", "\\\n"):gsub("\\%(aq", "'")
end

local dir = logs.directory(1)
shell.run { "cp", logs.example .. "/access.lua", paths.file "duckdb/duckdb.mjs", dir }
assert(os.execute(("mkdir %s/bin && ln -s %s/node_modules %s"):format(dir, library, dir)))
shell.write(dir .. "/bin/duckdb", ('#!/bin/sh\nexec node %s/duckdb.mjs "$@"\n'):format(dir))
shell.run { "chmod", "755", dir .. "/bin/duckdb" }

local environment = { PATH = ("%s/bin:%s"):format(dir, logs.env.PATH) }

--- What a command prints, if all programs of the pipe succeed.
local function output(command)
  local result = shell.run({ "bash", "-o", "pipefail", "-c", command }, { env = environment, cwd = dir })
  assert(result.status == 0, command .. "\n" .. result.err)
  return result.out
end

local function check(what, expected, found)
  assert(expected == found, ("%s: expected %q, got %q"):format(what, expected, found))
  print("ok  " .. what)
end

shell.write(dir .. "/requests.jsonl", '{"path":"/a","ms":1}\n{"path":"/b","ms":2}\n')
check("the manual's pipe counts rows", "2\n", output(shown(paths.root .. "/runtime/man/sluice-filter.1")))

output(shown(logs.example .. "/README.md"))
check("a Parquet file has all rows", "5|615\n",
  output [[duckdb -c "SELECT count(*), sum(bytes) FROM '1.parquet'"]])

shell.forget()
