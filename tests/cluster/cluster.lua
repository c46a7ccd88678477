-- A Slurm cluster of one node, and an array of shards that goes to PostgreSQL with run keys: all of
-- examples/07-many-machines/slurm, with tasks and a node that are killed. For `make cluster`.
local logs = require "examples.logs"
local server = require "sql.server"
local shell = require "support.shell"
local slurm = require "cluster.slurm"
local system = require "system"

shell.seconds = 60

local SHARDS = 4

local dir, url, cluster
local began = system.monotime()

local function say(text) print(("%5.1f s  %s"):format(system.monotime() - began, text)) end

local function log(i) return ("%s/%d.log"):format(dir, i) end

--- Submits tasks of the array, as the example does.
local function submit(tasks)
  return cluster:submit({ "--array=" .. tasks, "--output=" .. dir .. "/task-%a.out",
    logs.example .. "/slurm/shards.sbatch", dir .. "/shards.txt", url }, logs.example)
end

local function output_of(task) return shell.read(("%s/task-%d.out"):format(dir, task)) or "" end

local function finish(submission, expected)
  local result = submission:finish()
  assert((result.status == 0) == (expected == "succeeds"), "the array ended with status " .. result.status .. "\n" .. result.err)
end

--- A task that is in the middle of its log, and the process that keeps it there.
local function submit_held(task)
  local holder = logs.hold(log(task))
  local submission = submit(task)
  shell.wait("the task to be in the middle", function() return output_of(task):find(logs.held) end)
  return submission, holder
end

--- Checks that these shards are in the database, each with its rows; a repeated one would show in the count.
local function assert_loaded(count)
  local expected = {}
  for i = 1, count do expected[i] = ("%d.log:%d:1"):format(i, logs.rows) end
  local found = server.query [[
    SELECT string_agg(concat_ws(':', file, n, (SELECT count(*) FROM sluice_ledger WHERE run_key = file)), ' ' ORDER BY file)
    FROM (SELECT file, count(*) AS n FROM requests GROUP BY file) f]]
  assert(found == table.concat(expected, " "), "in the database: " .. found)
end

-- ---- what is shown ---------------------------------------------------------

local function each_shard_is_committed_once()
  finish(submit("1-" .. SHARDS), "succeeds")
  assert_loaded(SHARDS)
end

local function a_second_submission_writes_nothing()
  finish(submit("1-" .. SHARDS), "succeeds")
  for i = 1, SHARDS do assert(output_of(i):find("already committed with run key " .. i .. ".log", 1, true), output_of(i)) end
  assert_loaded(SHARDS)
end

local function a_task_that_is_killed_commits_nothing_and_can_be_run_again()
  local submission, holder = submit_held(SHARDS + 1)
  shell.run("kill -KILL " .. table.concat(submission:descendants "^sluice run", " "))
  finish(submission, "fails")
  assert_loaded(SHARDS)
  logs.replace(holder, log(SHARDS + 1))
  finish(submit("1-" .. SHARDS + 1), "succeeds")
  assert_loaded(SHARDS + 1)
end

local function slurm_runs_a_task_again_whose_node_has_died()
  local submission, holder = submit_held(SHARDS + 2)
  cluster:kill_node(submission)
  logs.replace(holder, log(SHARDS + 2))
  assert_loaded(SHARDS + 1)
  cluster:start_node()
  finish(submission, "succeeds")
  assert_loaded(SHARDS + 2)
end

local function run_via(launcher)
  return shell.sluice({ "run", logs.example .. "/load.lua", "--set", "file=" .. log(1), "--set", "url=" .. url, "--via", launcher,
    "--startup-timeout", "5s", "--run-key", launcher, "--", logs.example .. "/access.lua" }, { env = cluster.env })
end

--- Without -u, srun holds back output that does not end in a line break, such as the hello.
local function srun_carries_a_worker()
  local result = run_via "srun --quiet -u --"
  assert(result.status == 0 and result.err:find "5 rows in [^\n]*, committed", result.err)
  result = run_via "srun --quiet --"
  assert(result.status == 124 and result.err:find "startup_timeout", result.err)
end

local SHOWN = {
  { "every shard is committed once", each_shard_is_committed_once },
  { "the same array once more: nothing is written", a_second_submission_writes_nothing },
  { "a task is killed in the middle, and the array submitted again", a_task_that_is_killed_commits_nothing_and_can_be_run_again },
  { "a node dies in the middle of a task, and comes back", slurm_runs_a_task_again_whose_node_has_died },
  { "srun as a launcher of one worker: with -u, and not without", srun_carries_a_worker },
}

local function start()
  server.start()
  url = server.url()
  logs.make_tables(url)
  dir = logs.directory(SHARDS + 2)
  local list = {}
  for i = 1, SHARDS + 2 do list[i] = log(i) .. "\n" end
  shell.write(dir .. "/shards.txt", table.concat(list))
  cluster = slurm.start(logs.env.PATH)
  say "munge, slurmctld and slurmd are up, and the node is idle"
end

local function main()
  start()
  for _, item in ipairs(SHOWN) do
    item[2]()
    say(item[1])
  end
end

local ok, why = xpcall(main, debug.traceback)
if not ok and cluster then os.execute(("tail -n 20 %s/*.log >&2"):format(cluster.dir)) end
if cluster then ok = pcall(cluster.stop, cluster) and ok end
pcall(server.stop)
shell.forget()
if not ok then
  io.stderr:write("cluster: ", tostring(why), "\n")
  os.exit(1)
end
say(#SHOWN .. " passed, 0 failed")
