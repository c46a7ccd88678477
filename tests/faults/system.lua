--- Faults of the system: lines of the table of faults (see trial.lua for their form).
local shell = require "support.shell"

local M = {}

local POLICY = "return { sink = require('sluice.sink.jsonl').file 'out.jsonl' }"

local function add(name, more)
  more.name, more.most = name, more.most or 20
  if not more.expression then more.policy = more.policy or POLICY end
  if more.exit == 0 and more.policy then more.leaves = { "out.jsonl" } end
  M[#M + 1] = more
end

-- ---- descriptors, signals, limits ---------------------------------------------

add("standard input closed", { redirect = "<&-", exit = 0 })
add("standard output closed, and nobody writes to it", { redirect = ">&-", exit = 0 })
add("standard output closed", { expression = "true", redirect = ">&-", kind = "sink", exit = 4, quick = true })
add("standard output full", { expression = "true", redirect = ">/dev/full", kind = "sink", exit = 4, quick = true })
add("standard error closed", { redirect = "2>&-", exit = 0 })
add("all standard descriptors closed", { redirect = "<&- >&- 2>&-", exit = 0, quick = true })
add("SIGCHLD ignored", { before = "trap '' CHLD", exit = 0, quick = true })
add("SIGTERM ignored when it was started", { before = "trap '' TERM", exit = 0 })
add("SIGPIPE ignored", { before = "trap '' PIPE", exit = 0 })
for limit = 4, 20, 2 do
  add(("%d descriptors"):format(limit), { before = ("ulimit -n %d"):format(limit), either = { 0, 2, 4, 5, 6, 126, 127 }, plain = true })
end
add("64 descriptors", { before = "ulimit -n 64", exit = 0 })
add("files of 4 KiB at most", { before = "ulimit -f 8", input = ('{"text":"%s"}\n'):format(("x"):rep(100000)),
  kind = "sink", exit = 4, plain = true, quick = true })
add("little memory", { before = "ulimit -v 150000", exit = 0, plain = true })
add("little memory for a script that needs more", {
  before = "ulimit -v 200000", policy = "return { on_row = function() local t = {} while true do t[#t + 1] = ('x'):rep(1e6) .. #t end end }",
  kind = "sink_memory", exit = 4, says = "the process may have 195 MiB", plain = true, quick = true,
})
add("less memory than a script may have", {
  policy = "return { on_row = function() local t = {} while true do t[#t + 1] = ('x'):rep(1e6) .. #t end end }",
  kind = "sink_memory", exit = 4, says = "needs more than 1024 MiB", plain = true, most = 60,
})

-- ---- files ----------------------------------------------------------------------

add("a directory that is not there", { policy = "return { sink = require('sluice.sink.jsonl').file 'no/out.jsonl' }", kind = "sink", exit = 4 })
add("a target that is a directory", { policy = "return { sink = require('sluice.sink.jsonl').file '/' }", kind = "sink", exit = 4 })
add("a target that is a device", { policy = "return { sink = require('sluice.sink.jsonl').file '/dev/full' }", kind = "sink", exit = 4 })
add("an input that is not there", { options = { "no.jsonl" }, either = { 3, 4, 126, 127, 1, 2 } })

-- ---- system calls that fail ------------------------------------------------------

local has_strace = shell.run { "strace", "-o", "/dev/null", "true" }.status == 0

--- inject: in strace's syntax.
local function fails(name, inject, more)
  if not has_strace then return end
  more.wrap = { "strace", "-o", "/dev/null", "-e", "trace=" .. inject:match "^[^:]*", "-e", "inject=" .. inject }
  more.plain = true
  add(name, more)
end

fails("fsync fails", "fsync:error=EIO", { kind = "sink", exit = 4, no_summary = true })
fails("rename fails", "rename,renameat,renameat2:error=ENOSPC", { kind = "commit", exit = 4, no_summary = true })
fails("the lock of a temporary fails", "flock:error=ENOLCK", { exit = 0 })
fails("the mode cannot be set", "fchmod:error=EPERM", { exit = 0 })
fails("no process can be started", "clone,clone3,fork,vfork:error=EAGAIN", { kind = "spawn", exit = 126 })
fails("no timer can be made", "timer_create:error=EAGAIN", { kind = "policy", either = { 4 } })
fails("no pipe can be made", "pipe2:error=EMFILE", { kind = "spawn", exit = 126 })
fails("no event loop can be made", "epoll_create1:error=EMFILE", { either = { 4, 126 } })

if has_strace then
  add("no thread for the worker's host", {
    wrap = { "strace", "-f", "-o", "/dev/null", "-e", "trace=clone3", "-e", "inject=clone3:error=EAGAIN" },
    kind = "spawn", exit = 126, says = "thread", plain = true, most = 20, quick = true,
  })
end

-- ---- signals --------------------------------------------------------------------------

add("SIGCHLD blocked", { wrap = { "env", "--block-signal=CHLD" }, exit = 0, quick = true })
add("all signals blocked", { wrap = { "env", "--block-signal" }, exit = 0 })
add("a pause during a timeout", {
  expression = "true", options = { "--lines", "--timeout", "1s" }, worker = { "sh", "-c", "touch ready; sleep 1000" },
  pause = 1.5, kind = "request_timeout", exit = 124, quick = true,
})
add("a pause of what goes on", {
  expression = "true", options = { "--lines", "--timeout", "20s" }, worker = { "sh", "-c", "touch ready; until [ -e go ]; do sleep 0.05; done; echo '{}'" },
  pause = 1, exit = 0,
})

-- ---- namespaces ---------------------------------------------------------------------

local function wrapped(name, words, more)
  local probe = { table.unpack(words) }
  probe[#probe + 1] = "true"
  if shell.run(probe).status ~= 0 then return end
  more.wrap, more.plain = words, true
  add(name, more)
end

wrapped("process 1 of a namespace", { "unshare", "-pf", "--mount-proc", "--kill-child" }, { exit = 0 })
wrapped("a system without /proc",
  { "unshare", "-m", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh" }, { exit = 0 })

return M
