--- examples/07-many-machines: consumers of a pipe, PostgreSQL reading from a program, a nightly
--- run, and the scripts themselves.
local logs = require "examples.logs"
local paths = require "support.paths"
local server = require "sql.server"
local shell = require "support.shell"
local support = require "sql.support"

if paths.sanitized then return end -- this tests the programs around sluice

local worker = logs.example .. "/access.lua"

local function bash(line, dir)
  return shell.run({ "bash", "-o", "pipefail", "-c", line }, { env = logs.env, cwd = dir })
end

local function filter(words, log, from)
  return ("sluice filter --quiet --atomic %s --request '{\"file\":\"%s\"}' -- %s"):format(words, log, paths.quote(from or worker))
end

describe("rows in a pipe", function()
  after_each(shell.forget)

  it("are counted by Miller", function()
    local dir = logs.directory(1)
    local result = bash(filter("true", "1.log") .. " | mlr --ijsonl --ocsv stats1 -a count,sum -f bytes -g status", dir)
    assert.equal("status,bytes_count,bytes_sum\n200,4,492\n500,1,123\n", result.out)
  end)

  it("are inserted into a table by sqlite-utils, and none of them if the worker fails", function()
    local dir = logs.directory(1)
    assert.equal(0, bash(filter("true", "1.log") .. " | sqlite-utils insert web.db requests - --nl", dir).status)
    assert.equal("5", support.sqlite(dir .. "/web.db", "SELECT count(*) FROM requests"))
    assert.equal(1, bash(filter("true", "2.log") .. " | sqlite-utils insert web.db requests - --nl", dir).status)
    assert.equal("5", support.sqlite(dir .. "/web.db", "SELECT count(*) FROM requests"))
  end)
end)

describe("PostgreSQL", function()
  local dir, url

  setup(function()
    server.start()
    url = server.url()
    dir = logs.directory(1)
    -- The server runs as another user, who need not be able to reach this tree.
    shell.run { "cp", paths.sluice, worker, dir }
    shell.run { "chmod", "755", dir, dir .. "/sluice" }
  end)

  teardown(function()
    server.stop()
    shell.forget()
  end)

  local function copy(log)
    local program = ("PATH=%s:$PATH "):format(dir) .. filter("'status >= 500' --csv --fields path,status,bytes", log, dir .. "/access.lua")
    local text = ("COPY failed FROM PROGRAM '%s' (FORMAT csv, HEADER)"):format(program:gsub("'", "''"))
    return shell.run({ "psql", url, "-X", "-q", "-c", text })
  end

  it("copies from sluice filter, and nothing if it fails", function()
    server.query "CREATE TABLE failed (path text, status integer, bytes integer)"
    local result = copy(dir .. "/1.log")
    assert.equal("", result.err)
    assert.equal("/page/3|500|123", server.query "SELECT * FROM failed")
    result = copy(dir .. "/2.log")
    assert.equal(1, result.status)
    assert.matches("child process exited with exit code 1", result.err)
    assert.equal("1", server.query "SELECT count(*) FROM failed")
  end)

  it("copies whole rows as jsonb, with quotes in them", function()
    server.query "CREATE TABLE whole (row jsonb)"
    shell.write(dir .. "/rows.jsonl", [[{"a":"x\u0001\\,\"y","n":[1,{"b":null}]}]] .. "\n")
    local text = ([[COPY whole FROM PROGRAM '%s filter --quiet --atomic true %s/rows.jsonl'
      (FORMAT csv, QUOTE e'\x01', DELIMITER e'\x02')]]):format(dir .. "/sluice", dir)
    assert.equal("", shell.run({ "psql", url, "-X", "-q", "-c", text }).err)
    assert.equal([[{"a": "x\u0001\\,\"y", "n": [1, {"b": null}]}]], server.query "SELECT row FROM whole")
  end)

  it("gets each day once from nightly.sh, and a late one the next night", function()
    logs.make_tables(url)
    local env = { PATH = logs.env.PATH, DATABASE = url, LOGS = dir, TODAY = "2026-11-28" }
    local function night(status)
      local result = shell.run({ logs.example .. "/nightly/nightly.sh" }, { env = env })
      assert.equal(status, result.status, result.err)
      return result.err
    end
    logs.write(dir .. "/2026-11-26.log")
    logs.write(dir .. "/2026-11-28.log") -- today's, which is not complete yet
    assert.matches("5 rows in [^\n]*, committed\n$", night(0))
    logs.write(dir .. "/2026-11-25.log")
    assert.matches("5 rows in [^\n]*, committed\n[^\n]*already committed with run key log 2026%-11%-26", night(0))
    shell.run { "mkdir", dir .. "/2026-11-27.log" }
    night(1)
    assert.equal("log 2026-11-25,log 2026-11-26", server.query "SELECT string_agg(run_key, ',' ORDER BY run_key) FROM sluice_ledger WHERE run_key LIKE 'log %'")
    assert.equal("10", server.query "SELECT count(*) FROM requests")
  end)
end)

describe("the example's", function()
  after_each(shell.forget)

  it("units are valid for systemd", function()
    local dir = shell.directory()
    local service = shell.read(logs.example .. "/nightly/access-load.service")
    local script = shell.run({ "realpath", logs.example .. "/nightly/nightly.sh" }).out:gsub("\n", "")
    shell.write(dir .. "/access-load.service", (service:gsub("ExecStart=[^\n]*", "ExecStart=" .. script)))
    shell.write(dir .. "/access-load.timer", shell.read(logs.example .. "/nightly/access-load.timer"))
    local result = shell.run({ "systemd-analyze", "verify", "./access-load.timer", "./access-load.service" }, { cwd = dir })
    assert.equal("", result.err)
    assert.equal(0, result.status)
  end)

  it("scripts pass shellcheck", function()
    local result = shell.run({ "sh", "-c", [[shellcheck -s sh "$0"/*/*.sh "$0"/slurm/*.sbatch "$1"/support/install.sh]],
      logs.example, paths.tests })
    assert.equal("", result.out)
    assert.equal(0, result.status)
  end)
end)
