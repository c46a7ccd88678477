--- sluice help: the manual without a man program. sluice completion: completion with the Tab key.
local manual = require "support.manual"
local paths = require "support.paths"
local shell = require "support.shell"
local terminal = require "support.terminal"

local open

after_each(function()
  if open then open:close() end
  open = nil
  shell.forget()
end)

--- A page as mandoc renders it, without the overstriking for bold text.
local function page(name)
  local text = shell.run({ "mandoc", "-Tutf8", "-I", "os=sluice", "-O", "width=78", manual.directory .. name }).out
  return (text:gsub(utf8.charpattern .. "\b", ""):gsub("%s+$", ""))
end

local function help(...) return shell.sluice({ "help", ... }, { env = { LC_ALL = "C.UTF-8" } }) end

describe("sluice help", function()
  it("lists commands and topics, with what each is about", function()
    local out = help().out
    local listed_commands, listed_topics = out:match "^Commands:\n(.-)\n\nOther topics:\n(.-)\n\n"
    assert.matches("  run%s+give the rows of a worker to a policy\n", listed_commands)
    assert.matches("  policy%s+Lua files that decide what happens to rows\n", listed_topics)
    assert.matches("  sluice%s+stream the rows of a worker ", listed_topics)
    local _, count = (listed_commands .. "\n" .. listed_topics):gsub("[^\n]+", "")
    assert.equal(#manual.names(), count)
    for line in out:gmatch "[^\n]+" do assert.is_true(#line <= 100, line) end
  end)

  it("renders pages as mandoc does", function()
    for _, name in ipairs { "sluice.1", "sluice-infer.1", "sluice-worker.3", "sluice-schema.5", "sluice-protocol.7" } do
      local result = help(name:match "^sluice%-(.*)%.%d$" or "sluice")
      assert.equal(0, result.status, result.err)
      assert.truthy(result.out:find(page(name), 1, true), name)
    end
  end)

  it("shows both pages if two have the same name, that of the command first", function()
    assert.matches("^SLUICE%-WORKER%(1%).*\nSLUICE%-WORKER%(3%)", help("worker").out)
  end)

  it("needs nothing but the command itself", function()
    local moved = shell.directory() .. "/sluice"
    assert(os.execute(("cp %s %s"):format(paths.sluice, moved)))
    local result = shell.run({ moved, "help", "run" }, { env = { PATH = "/nowhere", LUA_PATH = false, LUA_CPATH = false }, cwd = "/" })
    assert.matches("^SLUICE%-RUN%(1%)", result.out)
  end)

  it("lists the topics if one is unknown", function()
    local result = help "polcy"
    assert.equal(2, result.status)
    assert.equal("sluice: usage: polcy: the manual has no such topic; did you mean policy?\ntry: sluice help --help\n", result.err)
    assert.matches("; the topics are call, check, completion, ", help("zzzzzz").err, 1, true)
  end)

  it("leaves --help short", function()
    assert.matches("^Usage: sluice run ", shell.sluice({ "run", "--help" }).out)
    assert.matches("^Usage: sluice help %[TOPIC%]", shell.sluice({ "help", "--help" }).out)
    assert.matches("^Usage: sluice COMMAND", shell.sluice({ "--help" }).out)
  end)
end)

describe("sluice help on a terminal", function()
  it("uses the pager, and ends with it", function()
    open = terminal.open({ paths.sluice, "help", "policy" }, { env = { PAGER = "sed 's/^/> /;3q'" } })
    local _, screen = open:finish()
    assert.matches("^> SLUICE%-POLICY%(5%).*> NAME\n%[status 0%]", screen)
  end)

  it("ignores Ctrl-C, which is left to the pager", function()
    local gate = shell.directory() .. "/gate"
    local pager = shell.file(([[
      trap 'echo taken' INT
      echo begun
      until [ -e %s ]; do sleep 0.05; done
      cat >/dev/null
      echo over]]):format(gate))
    open = terminal.open({ paths.sluice, "help", "policy" }, { env = { PAGER = "sh " .. pager } })
    open:await "begun"
    open:press "C-c"
    open:await "taken"
    shell.write(gate, "")
    local _, screen = open:finish()
    assert.matches("over\n%[status 0%]", screen)
  end)

  it("is printed if there is no pager", function()
    open = terminal.open({ paths.sluice, "help", "completion" }, { env = { PAGER = "no-such-pager" }, rows = 60 })
    local _, screen = open:finish()
    assert.matches("SLUICE%-COMPLETION%(1%).*%[status 0%]", screen)
  end)
end)

--- The completions that bash offers for the last of these words.
local function complete(...)
  local words = { ... }
  local script = ([[
    source <(%s completion bash)
    COMP_WORDS=(%s); COMP_CWORD=%d
    _sluice
    printf '%%s\n' "${COMPREPLY[@]}"
  ]]):format(paths.quote(paths.sluice), shell.line(words), #words - 1)
  local result = shell.run { "bash", "-c", script }
  assert.equal("", result.err)
  return result.out
end

describe("sluice completion", function()
  it("completes commands in bash", function()
    assert.equal("run\n", complete("sluice", "ru"))
    assert.equal("filter\n", complete("sluice", "fi"))
    assert.equal("completion\n", complete("sluice", "comp"))
  end)

  it("completes the options of the command in bash", function()
    assert.equal("--run-key\n", complete("sluice", "run", "--run"))
    assert.equal("--map\n", complete("sluice", "filter", "--map"))
    assert.equal("\n", complete("sluice", "ledger", "--map"))
    assert.equal("--timeout\n", complete("sluice", "run", "p.lua", "--timeo"))
  end)

  for shell_name, check in pairs { bash = "bash -n", zsh = "zsh -n", fish = "fish -n" } do
    it("writes a script that " .. shell_name .. " reads", function()
      local file = shell.file(shell.sluice({ "completion", shell_name }).out)
      local result = shell.run(check .. " " .. file)
      assert.equal(0, result.status, result.err)
      assert.equal("", result.err)
      assert.matches("run%-key", shell.read(file))
    end)
  end

  it("supports only these shells", function()
    local result = shell.sluice { "completion", "tcsh" }
    assert.equal(2, result.status)
    assert.matches("'bash', 'zsh', 'fish'", result.err, 1, true)
  end)
end)
