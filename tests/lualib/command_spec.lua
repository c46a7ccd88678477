--- sluice.internal.launch and command_line: from a worker's name to the command line that is executed.
local command_line = require "sluice.internal.command_line"
local launch = require "sluice.internal.launch"

local EXE = "/opt/sluice"

local function build(spec)
  local built, problem = launch.build(spec, EXE)
  assert.is_nil(problem)
  return built
end

describe("a worker's command line", function()
  it("is that of the Lua host for a Lua file", function()
    local built = build { words = { "scan.lua", "--fast" } }
    assert.same({ EXE, "worker", "--transport", "pipe", "--", "scan.lua", "--fast" }, built.argv)
    assert.equal("pipe", built.transport)
  end)

  it("is that of the library host for a shared library", function()
    assert.same({ EXE, "worker", "--transport", "pipe", "--", "./scan.so" }, build { words = { "./scan.so" } }.argv)
  end)

  it("is unchanged for a native worker, over any transport", function()
    assert.same({ "./scan", "-x" }, build { words = { "./scan", "-x" } }.argv)
    local built = build { words = { "./scan" }, transport = "stdio" }
    assert.same({ "./scan" }, built.argv)
    assert.equal("stdio", built.transport)
  end)

  it("is that of the lines host for any program with lines", function()
    local built = build { words = { "rg", "--json", "x" }, lines = true, stream = "match", envelopes = true }
    assert.same({
      EXE, "worker", "--transport", "pipe", "--lines", "--stream", "match", "--envelopes", "--", "rg", "--json", "x",
    }, built.argv)
  end)

  it("ends with the options if lines come from standard input", function()
    assert.same({ EXE, "worker", "--transport", "pipe", "--lines" }, build { words = {}, lines = true }.argv)
  end)

  it("names the transport to the host", function()
    local built = build { words = { "scan.lua" }, transport = "stdio" }
    assert.same({ EXE, "worker", "--transport", "stdio", "--", "scan.lua" }, built.argv)
    assert.equal("stdio", built.transport)
  end)

  it("keeps directory and environment for the process", function()
    local built = build { words = { "./scan" }, cwd = "/srv", env = { A = "1" } }
    assert.equal("/srv", built.cwd)
    assert.same({ A = "1" }, built.env)
  end)
end)

describe("a launcher", function()
  it("starts sluice worker at its far end, on standard input and output", function()
    local built = build { words = { "./scan" }, via = { "docker", "exec", "-i", "c" } }
    assert.same({ "docker", "exec", "-i", "c", "sluice", "worker", "--transport", "stdio", "--", "./scan" }, built.argv)
    assert.equal("stdio", built.transport)
  end)

  it("can be given the path of sluice at its far end", function()
    local built = build { words = { "scan.lua" }, via = { "sudo" }, remote = "/opt/far" }
    assert.same({ "sudo", "/opt/far", "worker", "--transport", "stdio", "--", "scan.lua" }, built.argv)
  end)

  it("receives directory and environment as a command, because they belong to the far end", function()
    local built = build { words = { "scan.lua" }, via = { "sudo" }, cwd = "/srv", env = { B = "2", A = "1 2", C = false } }
    assert.same({
      "sudo", "env", "-C", "/srv", "-u", "C", "A=1 2", "B=2",
      "sluice", "worker", "--transport", "stdio", "--", "scan.lua",
    }, built.argv)
    assert.is_nil(built.cwd)
    assert.is_nil(built.env)
  end)

  it("gets words quoted for the shell at the far end if it is ssh", function()
    local built = build { words = { "rg", "a b", "it's" }, lines = true, via = { "/usr/bin/ssh", "-T", "host", "--" } }
    assert.same({
      "/usr/bin/ssh", "-T", "host", "--",
      "sluice", "worker", "--transport", "stdio", "--lines", "--", "rg", "'a b'", "'it'\\''s'",
    }, built.argv)
  end)
end)

describe("a contradictory description", function()
  local function problem(spec)
    local built, text = launch.build(spec, EXE)
    assert.is_nil(built)
    return text
  end

  it("is a stream or envelopes without lines", function()
    assert.matches("^stream needs lines", problem { words = { "a" }, stream = "x" })
    assert.matches("^envelopes needs lines", problem { words = { "a" }, envelopes = true })
  end)

  it("is a launcher with pipes, or a far end without a launcher", function()
    assert.matches("^via needs transport stdio", problem { words = { "a" }, via = { "b" }, transport = "pipe" })
    assert.matches("^remote needs via", problem { words = { "a" }, remote = "b" })
  end)
end)

describe("a worker named relative to a directory", function()
  it("is a file there if it looks like one", function()
    assert.same({ "dir/scan.lua", "-x" }, launch.relative_to({ "scan.lua", "-x" }, "dir/"))
    assert.same({ "dir/./scan" }, launch.relative_to({ "./scan" }, "dir/"))
  end)

  it("is unchanged if it is absolute or looked up in PATH", function()
    assert.same({ "/srv/scan.lua" }, launch.relative_to({ "/srv/scan.lua" }, "dir/"))
    assert.same({ "rg" }, launch.relative_to({ "rg" }, "dir/"))
    assert.same({ "scan.lua" }, launch.relative_to({ "scan.lua" }, ""))
  end)
end)

describe("words", function()
  it("are split as a shell splits them", function()
    assert.same({ "ssh", "-T", "my host", "--" }, command_line.split "ssh  -T 'my host' -- ")
    assert.same({ "a b", 'c"d', "" }, command_line.split [["a b" c\"d '']])
    assert.same({ "ab c" }, command_line.split [[a"b"' c']])
    assert.same({ 'a"b\\n' }, command_line.split [["a\"b\n"]])
    assert.same({}, command_line.split "  ")
  end)

  it("are refused with an unclosed quote", function()
    local list, why = command_line.split "ssh 'host"
    assert.is_nil(list)
    assert.equal("a ' is not closed", why)
    assert.equal('a " is not closed', select(2, command_line.split 'a "b\\"'))
    assert.equal("nothing follows the last \\", select(2, command_line.split "a\\"))
  end)

  it("survive quoting for a shell", function()
    for _, word in ipairs { "plain", "a b", "it's", "", '$HOME "x"', "\\", "*" } do
      assert.same({ word }, command_line.split(command_line.quote(word)))
    end
  end)

  it("must be a list without gaps, of strings without zero bytes", function()
    assert.same({ "a", "" }, command_line.list { "a", "" })
    for _, bad in ipairs { {}, { "" }, { 1 }, { "a", 2 }, { "a\0" }, { "a", x = 1 }, { "a", [3] = "c" }, "a" } do
      assert.is_nil((command_line.list(bad)))
    end
  end)
end)
