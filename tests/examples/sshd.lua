--- A private sshd for the tests: on a high port of the loopback interface, with its own keys and
--- configuration, an ordinary process that ends with the test.
local paths = require "support.paths"
local shell = require "support.shell"

local M = {}

local SERVER = [[
ListenAddress 127.0.0.1
Port %d
HostKey %s/host_key
AuthorizedKeysFile %s/user_key.pub
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UsePAM no
StrictModes no
PidFile none
SetEnv PATH=%s:/usr/bin:/bin
]]

local CLIENT = [[
Host box
HostName 127.0.0.1
Port %d
User %s
IdentityFile %s/user_key
IdentitiesOnly yes
BatchMode yes
UserKnownHostsFile %s/known_hosts
GlobalKnownHostsFile /dev/null
StrictHostKeyChecking yes
LogLevel ERROR
]]

local function output(words) return (shell.run(words).out:gsub("\n$", "")) end

local function make_key(path)
  local result = shell.run { "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path }
  assert(result.status == 0, result.err)
end

--- Starts it on some port; nil if that port is taken.
local function listen(dir, port)
  shell.write(dir .. "/sshd_config", SERVER:format(port, dir, dir, paths.build))
  local server = shell.start({ "/usr/sbin/sshd", "-D", "-e", "-f", dir .. "/sshd_config" }, { seconds = 60 })
  local found = server:await("[^\n]*[^\n]\n", "stderr")
  if found:find "^Server listening" then return server end
  assert(found:find "Address already in use", found)
end

---@class examples.Sshd
---@field via string        the launcher: the host is called box
---@field directory string
---@field server shell.Process

---@return examples.Sshd
function M.start()
  local dir = shell.directory()
  make_key(dir .. "/host_key")
  make_key(dir .. "/user_key")
  if output { "id", "-u" } == "0" then shell.run { "mkdir", "-p", "-m", "755", "/run/sshd" } end -- sshd needs it as root
  local server, port
  repeat
    port = math.random(20000, 60000)
    server = listen(dir, port)
  until server
  shell.write(dir .. "/config", CLIENT:format(port, output { "id", "-un" }, dir, dir))
  shell.write(dir .. "/known_hosts", ("[127.0.0.1]:%d %s"):format(port, shell.read(dir .. "/host_key.pub")))
  return { via = ("ssh -F %s/config -T box --"):format(dir), directory = dir, server = server }
end

---@param sshd examples.Sshd
function M.stop(sshd)
  sshd.server:signal "TERM"
  sshd.server:finish()
end

return M
