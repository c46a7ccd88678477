--- The command line: wrong usage, and its messages.
local parser = require "sluice.internal.cli.parser"
local shell = require "support.shell"

--- Runs build/sluice; returns status, stdout and stderr.
local function sluice(...)
  local result = shell.sluice { ... }
  shell.forget()
  return result.status, result.out, result.err
end

--- Wrong usage: status 2, nothing on stdout, one line and a pointer to the help.
local function refused(message, page, ...)
  local status, out, err = sluice(...)
  assert.equal("sluice: usage: " .. message .. "\ntry: sluice " .. page .. "\n", err)
  assert.equal("", out)
  assert.equal(2, status)
end

describe("wrong usage", function()
  it("is a missing or an unknown command", function()
    refused("a command is missing: run, check, filter, infer, stats, call, record, info, ledger or new", "--help")
    refused("unknown command 'rum'; did you mean 'run'?", "--help", "rum")
  end)

  it("is an unknown option, with a suggestion", function()
    refused("unknown option '--tmeout'; did you mean '--timeout'?", "run --help", "run", "--tmeout", "3s", "p.lua")
  end)

  it("is a value in an invalid form, with option and expectation", function()
    refused('--timeout: expected a duration such as 30s, 500ms or 10m, got "soon"', "run --help",
      "run", "--timeout", "soon", "p.lua", "--", "w.lua")
    refused('--timeout: expected a duration such as 30s, 500ms or 10m, got "-3"', "run --help",
      "run", "--timeout", "-3", "p.lua", "--", "w.lua")
    refused('--max-frame: expected a size such as 64KiB, 1MiB or 10MB, got "1 furlong"', "filter --help",
      "filter", "--max-frame", "1 furlong", "true", "--", "w.lua")
    refused('--max-frame: expected 64KiB to 256MiB, got "1GiB"', "filter --help",
      "filter", "--max-frame", "1GiB", "true", "--", "w.lua")
    refused('--startup-timeout: expected at most 20000d, got "90000d"', "filter --help",
      "filter", "--startup-timeout", "90000d", "true", "--", "w.lua")
    refused('--transport: expected pipe or stdio, got "tcp"', "info --help", "info", "--transport", "tcp", "--", "w.lua")
    refused('--progress: expected auto, plain, json or none, got "loud"', "run --help",
      "run", "--progress", "loud", "p.lua", "--", "w.lua")
    refused('--env: expected NAME=VALUE, got "A"', "run --help", "run", "--env", "A", "p.lua", "--", "w.lua")
  end)

  it("is a missing argument, or one too many", function()
    refused("POLICY is missing; --list shows the ready scripts", "run --help", "run")
    refused("EXPR is missing", "filter --help", "filter", "--", "w.lua")
    refused("too many arguments; a worker is named after --", "call --help", "call", "add", "1", "w.lua")
    refused("w.lua: a worker is named after --", "filter --help", "filter", "true", "w.lua")
  end)

  it("is a missing worker", function()
    refused("no worker: name one after --, as in `sluice info -- WORKER`", "info --help", "info")
    refused("no worker: name one after --, as in `sluice call ping -- WORKER`", "call --help", "call", "ping")
    refused("nothing follows --; name a worker there", "filter --help", "filter", "true", "--")
  end)

  it("is a policy without a worker, with both places to name one", function()
    local policy = shell.file("return {}")
    refused(("no worker, no files, and standard input is /dev/null: name a worker, as in `sluice run %s -- WORKER`, files, or - "
      .. "for standard input; a policy may name its own: worker = { \"scan.lua\" }"):format(policy), "run --help", "run", policy)
  end)

  it("is a request that is not JSON, or does not exist", function()
    local status, _, err = sluice("call", "ping", '{"a":', "--", "w.lua")
    assert.equal(2, status)
    assert.matches("^sluice: usage: REQUEST: not valid JSON: ", err)
    status, _, err = sluice("call", "ping", "@/nonexistent/x", "--", "w.lua")
    assert.equal(2, status)
    assert.matches("^sluice: usage: REQUEST: cannot read /nonexistent/x: No such file or directory\n", err)
  end)

  it("is a summary that cannot be written, before anything is started", function()
    refused("--summary: cannot write /nonexistent/s: No such file or directory", "filter --help",
      "filter", "--summary", "/nonexistent/s", "true", "--", "w.lua")
  end)

  it("is an expression that does not compile, with the place of the error", function()
    local status, out, err = sluice("filter", 'kind = "def"', "--", "w.lua")
    assert.equal(2, status)
    assert.equal("", out)
    assert.equal('sluice: usage: EXPR: write ==, not =\n  kind = "def"\n       ^\ntry: sluice filter --help\n', err)
  end)

  it("is a combination of options that exclude each other", function()
    local status, _, err = sluice("filter", "--stream", "x", "true", "--", "w.lua")
    assert.equal(2, status)
    assert.matches("^sluice: usage: stream needs lines", err)
  end)
end)

describe("help", function()
  it("goes to stdout, for the command and for each subcommand", function()
    for _, words in ipairs { { "--help" }, { "-h" }, { "help", "--help" }, { "run", "--help" }, { "filter", "--help" },
      { "call", "-h" }, { "info", "--help" }, { "worker", "--help" }, { "stats", "-h" } } do
      local status, out, err = sluice(table.unpack(words))
      assert.equal(0, status)
      assert.equal("", err)
      assert.matches("^Usage: sluice ", out)
    end
  end)

  it("fits into 80 columns", function()
    local words = { { "--help" } }
    for name in pairs(parser.build().commands) do words[#words + 1] = { name, "--help" } end
    for _, line_words in ipairs(words) do
      local _, out = sluice(table.unpack(line_words))
      for line in out:gmatch "[^\n]+" do assert.is_true(utf8.len(line) <= 80, line) end
    end
  end)

  it("is printed even if other words are wrong", function()
    local status, out = sluice("run", "--help", "--nonsense", "--", "w.lua")
    assert.equal(0, status)
    assert.matches("^Usage: sluice run ", out)
  end)

  it("fits into 84 columns", function()
    for _, command in ipairs { "run", "filter", "call", "info", "worker" } do
      local _, out = sluice(command, "--help")
      for line in out:gmatch("[^\n]+") do
        assert.is_true((utf8.len(line)) <= 84, line)
      end
    end
  end)

  it("is not triggered by words after --", function()
    local status, _, err = sluice("info", "--nonsense", "--", "w.lua", "--help")
    assert.equal(2, status)
    assert.matches("unknown option", err)
  end)

  it("includes a version option", function()
    local status, out = sluice("--version")
    assert.equal(0, status)
    assert.matches("^sluice %d+%.%d+%.%d+ %(Lua 5%.4, protocol %d+%)\n$", out)
  end)
end)
