--- Faults of workers: lines of the table of faults (see trial.lua for their form).
local behaviour = require "support.behaviour"
local frames = require "support.frames"

local M = {}

local function command(name, script, more)
  more.name, more.expression = name, "true"
  more.options = table.move(more.options or {}, 1, 9, 2, { "--lines" })
  more.worker, more.most = { "sh", "-c", script }, more.most or 20
  M[#M + 1] = more
end

local TIMEOUT = { "--timeout", "500ms" }

-- ---- what it leaves ---------------------------------------------------------

command("a grandchild", "sleep 1000 & echo '{}'", { exit = 0, quick = true })
command("a grandchild that holds nothing", "sleep 1000 >&- 2>&- & echo '{}'", { exit = 0 })
command("a grandchild in a session of its own", "setsid sleep 1000 & echo '{}'", { exit = 0, quick = true })
command("a grandchild that ignores SIGTERM", "sh -c \"trap '' TERM; sleep 1000 & sleep 1000\" & echo '{}'", { exit = 0 })
command("a chain of sessions", "setsid sh -c 'setsid sh -c \"sleep 1000 & sleep 1000\" & sleep 1000' & echo '{}'", { exit = 0 })
command("orphans that end at once", "for i in $(seq 300); do (sleep 0.01 &); done; echo '{}'", { exit = 0 })
command("a grandchild that starts others without end",
  "setsid sh -c 'while :; do (sleep 1000 &); sleep 0.01; done' >&- 2>&- & echo '{}'", { exit = 0 })
command("a grandchild, ended by TERM", "setsid sleep 1000 & touch ready; echo '{}'; wait",
  { signal = "TERM", kind = "cancelled", exit = 143, quick = true })
command("a command that ignores SIGTERM, ended by TERM", "trap '' TERM; touch ready; sleep 1000 & wait; sleep 1000",
  { signal = "TERM", kind = "cancelled", exit = 143 })
command("a command that ignores SIGTERM, ended by INT", "trap '' TERM; touch ready; sleep 1000 & wait; sleep 1000",
  { signal = "INT", kind = "cancelled", exit = 130 })
command("a command that is stopped, ended by TERM", "touch ready; kill -STOP $$",
  { signal = "TERM", kind = "cancelled", exit = 143 })

-- ---- how it ends ------------------------------------------------------------

command("silence", "sleep 1000", { options = TIMEOUT, kind = "request_timeout", exit = 124, quick = true })
command("silence after a row", "echo '{}'; sleep 1000", { options = { "--idle-timeout", "500ms" }, kind = "idle_timeout", exit = 124 })
command("a stopped command", "kill -STOP $$", { options = TIMEOUT, kind = "request_timeout", exit = 124 })
command("a stopped group", "kill -STOP 0", { options = TIMEOUT, kind = "request_timeout", exit = 124 })
command("a closed pipe", "echo '{}'; exec >&-; sleep 1000", { options = TIMEOUT, kind = "request_timeout", exit = 124 })
command("standard error closed", "exec 2>&-; echo '{}'", { exit = 0 })
for _, signal in ipairs { "SEGV", "KILL", "ABRT", "TERM", "HUP", "PIPE", "QUIT" } do
  command("a death by " .. signal, ("echo '{}'; kill -%s $$"):format(signal), { kind = "export_failed", exit = 1 })
end
command("the death of its host", "echo '{}'; kill -KILL $PPID; sleep 1000", { kind = "worker_exited", exit = 6, quick = true })
command("the death of its group", "setsid sleep 1000 & echo '{}'; kill -KILL 0", { kind = "worker_exited", exit = 6 })
command("exit 1", "echo '{}'; exit 1", { kind = "export_failed", exit = 1 })
command("half a line", "printf '{\"a\":'", { kind = "row_malformed", exit = 3 })
command("no line break at the end", "printf '{}'", { exit = 0 })
command("bytes that are nothing", "head -c 100000 /dev/zero", { kind = "row_malformed", exit = 3 })
command("a line without end", "yes | tr -d '\\n'", { kind = "frame_too_large", exit = 5 })
command("rows without end, ended by the timeout", "yes '{}'", { options = TIMEOUT, kind = "request_timeout", exit = 124 })
command("rows without end, ended by TERM", "touch ready; yes '{}'", { signal = "TERM", kind = "cancelled", exit = 143, quick = true })
command("a storm of short processes", "for i in $(seq 500); do /bin/true & done; wait; echo '{}'", { exit = 0 })

-- ---- Lua workers --------------------------------------------------------------

local function lua(name, body, more)
  more.name, more.expression, more.most = name, "true", more.most or 20
  more.files = { ["w.lua"] = ("return { exports = { rows = function(request, emit) %s end } }"):format(body) }
  more.worker = { "w.lua" }
  M[#M + 1] = more
end

lua("a Lua worker that loops", "emit:row('rows', {}) while true do end", { options = TIMEOUT, kind = "request_timeout", exit = 124 })
lua("a Lua worker that leaves a session", "emit:row('rows', {}) os.execute 'setsid sleep 1000 &'", { exit = 0, quick = true })
lua("a Lua worker that is stuck in os.execute, ended by TERM", "os.execute 'touch ready; sleep 1000'",
  { signal = "TERM", kind = "cancelled", exit = 143 })
lua("a Lua worker that reads its children", [[
  for i = 1, 20 do
    local p = io.popen("echo " .. i)
    emit:row("rows", { i = p:read "n", ok = p:close() })
  end]], { exit = 0 })
lua("a Lua worker that closes a pipe late", [[
  local p = io.popen "exit 7"
  os.execute "sleep 2.5"
  local ok, how, code = p:close()
  assert(not ok and how == "exit" and code == 7, how)]], { exit = 0 })
lua("a Lua worker that exits", "os.exit(0)", { kind = "worker_exited", exit = 6 })
lua("a Lua worker that kills itself", "os.execute 'kill -KILL $PPID'", { kind = "worker_exited", exit = 6 })
lua("a Lua worker out of memory", "local t = {} for i = 1, 1e3 do t[i] = ('x'):rep(1e5) .. i end error 'enough'",
  { kind = "export_failed", exit = 1 })

-- ---- the protocol, cut and broken ---------------------------------------------

--- A worker that sends what the steps say, and exits with status 0.
local function speaker(name, steps, more)
  steps[#steps + 1] = { exit = 0 }
  more.name, more.expression, more.most = name, "true", 20
  more.worker = behaviour.speaking(table.unpack(steps))
  M[#M + 1] = more
end

local OPENING, ANSWER, REQUEST = frames.magic .. frames.hello(), frames.answer { "1", "2" }, { await = "request" }

--- The offsets in the answer at which frames begin.
local borders = { [0] = true }
do
  local at = 1
  while at <= #ANSWER do
    local _, after = frames.read(ANSWER, at)
    borders[after - 1], at = true, after
  end
end

for n = 0, #OPENING - 1 do
  speaker(("an opening of %d bytes"):format(n), { OPENING:sub(1, n) }, { kind = "handshake", exit = 5, quick = n % 50 == 7 })
end

for n = 0, #ANSWER - 1 do
  local between = borders[n]
  speaker(("an answer of %d bytes"):format(n), { OPENING, REQUEST, ANSWER:sub(1, n) },
    { kind = between and "worker_exited" or "protocol", exit = between and 6 or 5, quick = n % 50 == 0 })
end

for kind = 0, 40 do
  speaker(("a frame of kind %d and nothing in it"):format(kind), { OPENING, REQUEST, frames.frame(kind, "", { request = 1 }) },
    { kind = "protocol", exit = 5, quick = kind % 10 == 1 })
  speaker(("a frame of kind %d before hello"):format(kind), { frames.magic .. frames.frame(kind, "", {}) },
    { kind = frames.names[kind] and kind ~= frames.kinds.failure and "handshake" or "protocol", exit = 5 })
end

return M
