--- A private Slurm for the tests: munge, slurmctld and slurmd as ordinary processes, with keys, state and
--- sockets in one directory, and one node, this machine. Needs root, because slurmd changes users.
local shell = require "support.shell"
local support = require "sql.support"

local M = {}

--- The longest time that all of it may live, in seconds.
local SECONDS = 240

local CONFIGURATION = [[
ClusterName=sluice
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=%d
SlurmdPort=%d
AuthType=auth/munge
AuthInfo=socket=%s/munge.socket,cred_expire=5
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=%s/state
SlurmdSpoolDir=%s/spool
SlurmctldPidFile=%s/slurmctld.pid
SlurmdPidFile=%s/slurmd.pid
SlurmctldLogFile=%s/slurmctld.log
SlurmdLogFile=%s/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
SlurmdTimeout=6
SchedulerParameters=sched_interval=5,batch_sched_delay=1
KillWait=5
NodeName=localhost NodeHostname=%s NodeAddr=127.0.0.1 CPUs=2 RealMemory=512
PartitionName=main Nodes=localhost Default=YES MaxTime=INFINITE State=UP
]]

local function run(words, options)
  local result = shell.run(words, options)
  assert(result.status == 0, shell.line(words) .. ": " .. result.err)
  return result.out
end

---@class cluster.Slurm
---@field dir string
---@field env table<string, string>       for sbatch, srun and the rest
---@field private daemons shell.Process[] in the order of their start
local Slurm = {}
Slurm.__index = Slurm

--- Runs a command of Slurm; returns what it prints.
function Slurm:run(words, cwd) return run(words, { env = self.env, cwd = cwd }) end

function Slurm:start_daemon(words)
  local daemon = shell.start(words, { env = self.env, seconds = SECONDS })
  table.insert(self.daemons, daemon)
end

function Slurm:start_node()
  self:start_daemon { "/usr/sbin/slurmd", "-D", "-N", "localhost", "-f", self.env.SLURM_CONF }
end

--- Submits, and waits in the background for the end of all tasks.
---@return shell.Process submission  its descendants are what the tasks have started
function Slurm:submit(words, cwd)
  return shell.start({ "sbatch", "--wait", table.unpack(words) }, { env = self.env, cwd = cwd, seconds = SECONDS })
end

local function wait_for_node(self, state)
  shell.wait("the node to be " .. state, function()
    return support.output(("SLURM_CONF=%s sinfo -h -o %%T"):format(self.env.SLURM_CONF)):find("^" .. state)
  end, 60)
end

--- Kills the node and everything that runs on it; slurmctld notices.
---@param submission shell.Process
function Slurm:kill_node(submission)
  local node = table.remove(self.daemons)
  local pids = submission:descendants "."
  table.move(node:descendants ".", 1, 99, #pids + 1, pids)
  shell.run("kill -KILL " .. node.pid .. " " .. table.concat(pids, " "))
  node:finish()
  wait_for_node(self, "down")
end

local function start_munge(self)
  local dir = self.dir
  run { "dd", "if=/dev/urandom", "of=" .. dir .. "/munge.key", "bs=1024", "count=1", "status=none" }
  run { "chmod", "600", dir .. "/munge.key" }
  local option = function(name, file) return ("--%s=%s/%s"):format(name, dir, file) end
  self:start_daemon { "/usr/sbin/munged", "--foreground", "--force", option("key-file", "munge.key"), option("socket", "munge.socket"),
    option("pid-file", "munge.pid"), option("log-file", "munge.log"), option("seed-file", "munge.seed") }
  shell.wait("munge", function() return os.execute(("munge -n -S %s/munge.socket >/dev/null 2>&1"):format(dir)) end)
end

---@param path string  PATH for what is submitted
---@return cluster.Slurm
function M.start(path)
  local dir = shell.directory()
  local self = setmetatable({ dir = dir, daemons = {} }, Slurm)
  self.env = { SLURM_CONF = dir .. "/slurm.conf", PATH = path }
  run { "mkdir", dir .. "/state", dir .. "/spool" }
  local port = math.random(20000, 60000)
  local host = run({ "hostname" }):gsub("\n", "")
  shell.write(self.env.SLURM_CONF, CONFIGURATION:format(port, port + 1, dir, dir, dir, dir, dir, dir, dir, host))
  start_munge(self)
  self:start_daemon { "/usr/sbin/slurmctld", "-D", "-f", self.env.SLURM_CONF }
  self:start_node()
  wait_for_node(self, "idle")
  return self
end

--- Stops what was started, the last one first.
function Slurm:stop()
  for i = #self.daemons, 1, -1 do
    self.daemons[i]:signal "TERM"
    self.daemons[i]:finish()
  end
end

return M
