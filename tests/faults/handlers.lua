--- Faults of handlers: lines of the table of faults (see trial.lua for their form).
---
--- A handler that a hook stops ends at its limit; one that nothing can stop ends a
--- second later, together with the program ("was stuck").
local M = {}

--- Bodies of handlers. burns: CPU time; stuck: no hook reaches it.
local BODIES = {
  { "a loop", "while true do end", burns = true },
  { "a loop in pcall", "while true do pcall(function() while true do end end) end", burns = true },
  { "a loop in a coroutine", "coroutine.wrap(function() while true do end end)()", burns = true },
  { "a loop in string.gsub", '_ = ("x"):rep(1e6):gsub(".", function() while true do end end)', burns = true },
  { "a message handler that loops", "xpcall(error, function() while true do end end)", burns = true, stuck = true, quick = true },
  { "xpcalls without end", "while true do xpcall(error, function() while true do end end) end", burns = true, stuck = true },
  { "a finalizer that loops", "setmetatable({}, { __gc = function() while true do end end }) collectgarbage()",
    burns = true, stuck = true, quick = true },
  { "a hook that loops", 'debug.sethook(function() while true do end end, "", 1) for _ = 1, 1e9 do end',
    burns = true, stuck = true },
  { "a pattern that backtracks", '_ = ("a"):rep(400):find((".-"):rep(12) .. "b")', burns = true, stuck = true, quick = true },
  { "table.move of 2^62", "table.move({}, 1, math.maxinteger - 1, 2)", burns = true, stuck = true },
  { "string.rep of 2^62", '_ = (""):rep(1 << 62)', burns = true, stuck = true },
  { "os.execute", 'os.execute "sleep 1000"', quick = true },
  { "os.execute that ignores SIGTERM", [[os.execute "trap '' TERM; sleep 1000"]] },
  { "io.popen that is read", 'io.popen("sleep 1000"):read "a"', stuck = true, restarts = true, quick = true },
  { "io.popen that is closed", 'io.popen("sleep 1000"):close()', stuck = true },
  { "io.popen that is never read", '_G.pipe = io.popen("yes", "r") while true do end', burns = true, at_close = true },
  { "a fifo", 'assert(io.open "fifo")', first = 'os.execute "mkfifo fifo"', stuck = true, restarts = true, quick = true, leaves = { "fifo" } },
}

--- The ways to end them: what is given, and the outcome.
local ENDS = {
  timeout = { options = { "--timeout", "400ms" }, kind = "request_timeout", exit = 124 },
  limit = { limit_ms = 200, kind = "sink_timeout", stuck_kind = "engine_stuck", exit = 4 },
  TERM = { signal = "TERM", kind = "cancelled", exit = 143 },
  INT = { signal = "INT", kind = "cancelled", exit = 130 },
}

--- The places of handlers.
local PLACES = {
  on_row = "streams.rows.on_row", where = "streams.rows.where", map = "streams.rows.map",
}

local function policy(place, body, limit_ms, first)
  local limit = limit_ms and ('require("sluice.core").limits { handler_ms = %d }\n'):format(limit_ms) or ""
  return ([[
%s%s
local function body()
  io.open("ready", "w"):close()
  %s
end
return { streams = { rows = { %s = body, sink = require("sluice.sink.jsonl").file "out.jsonl" } } }
]]):format(limit, first or "", body, place)
end

local function line(body, name, how, place)
  local is_stuck = body.stuck and not (body.restarts and how.signal) -- the signal interrupts the system call
  return {
    name = ("%s in %s, ended by %s"):format(body[1], place, name),
    policy = policy(place, body[2], how.limit_ms, body.first),
    options = how.options, signal = how.signal,
    kind = is_stuck and how.stuck_kind or how.kind, exit = how.exit,
    says = is_stuck and ("the handler %s was stuck"):format(PLACES[place]) or nil,
    not_says = not is_stuck and not body.at_close and "was stuck" or nil,
    most = 20, leaves = body.leaves, quick = body.quick and place == "on_row" and name ~= "INT",
  }
end

for _, body in ipairs(BODIES) do
  for _, name in ipairs { "timeout", "limit", "TERM", "INT" } do
    if name ~= "limit" or body.burns then
      for place in pairs(PLACES) do
        if place == "on_row" or name == "timeout" then M[#M + 1] = line(body, name, ENDS[name], place) end
      end
    end
  end
end

--- Handlers without a row. HANDLER is what the outcome names.
local LOOP, STUCK = "while true do end", "xpcall(error, function() while true do end end)"

local function at(name, text, more)
  more.name, more.policy, more.most = name, text, more.most or 20
  M[#M + 1] = more
end

at("a policy that loops when it is loaded, ended by TERM", "io.open('ready', 'w'):close() " .. LOOP,
  { signal = "TERM", kind = "cancelled", exit = 143, quick = true })
at("a policy that is stuck when it is loaded, ended by its limit",
  "require('sluice.core').limits { handler_ms = 200 } " .. STUCK, { kind = "engine_stuck", exit = 4 })
at("a policy that opens a fifo when it is loaded, ended by TERM",
  "os.execute 'mkfifo fifo' io.open('ready', 'w'):close() assert(io.open 'fifo') return {}",
  { signal = "TERM", kind = "cancelled", exit = 143, leaves = { "fifo" }, quick = true })
at("a policy that opens a fifo when it is loaded, ended by INT",
  "os.execute 'mkfifo fifo' io.open('ready', 'w'):close() assert(io.open 'fifo') return {}",
  { signal = "INT", kind = "cancelled", exit = 130, leaves = { "fifo" } })

local SINK = "sink = require('sluice.sink.jsonl').file 'out.jsonl'"

at("on_summary loops", ("return { %s, on_summary = function() %s end }"):format(SINK, LOOP),
  { options = { "--timeout", "400ms" }, kind = "sink", exit = 4, says = "on_summary was still running", leaves = { "out.jsonl" } })
at("on_summary is stuck", ("return { %s, on_summary = function() %s end }"):format(SINK, STUCK),
  { options = { "--timeout", "400ms" }, kind = "request_timeout", exit = 124, says = "the handler on_summary was stuck",
    leaves = { "out.jsonl" }, quick = true })
at("on_failure loops", ("return { %s, on_row = error, on_failure = function() %s end }"):format("request = {}", LOOP),
  { options = { "--timeout", "400ms" }, kind = "sink", exit = 4, says = "on_failure failed too" })
at("on_failure is stuck", ("return { on_row = error, on_failure = function() %s end }"):format(STUCK),
  { options = { "--timeout", "400ms" }, kind = "request_timeout", exit = 124, says = "the handler on_failure was stuck" })
at("a finalizer that loops at the end", ("return { %s, on_summary = function() X = setmetatable({}, { __gc = function() %s end }) end }"):format(SINK, LOOP),
  { options = { "--timeout", "400ms" }, kind = "request_timeout", exit = 124, says = "the handler __gc was stuck",
    leaves = { "out.jsonl" }, quick = true })
at("a finalizer that loops at the end of a failed run",
  ("X = setmetatable({}, { __gc = function() %s end }) return { on_row = function() error 'no' end }"):format(LOOP),
  { options = { "--timeout", "400ms" }, kind = "sink", exit = 4, says = "no" })
at("a pipe that is closed at the end, ended by TERM", ("return { %s, on_summary = function() P = io.popen('touch ready; sleep 1000') end }"):format(SINK),
  { signal = "TERM", kind = "cancelled", exit = 143, says = "the handler __gc was stuck", leaves = { "out.jsonl" } })

for _, method in ipairs { "begin", "write", "prepare" } do
  at(("a sink that is stuck in %s, ended by its limit"):format(method), ([[
    require("sluice.core").limits { handler_ms = 200 }
    local sink = {}
    for _, name in ipairs { "begin", "write", "prepare", "commit", "rollback" } do sink[name] = function() return true end end
    sink.%s = function() %s end
    return { sink = sink }]]):format(method, STUCK),
    { kind = "engine_stuck", exit = 4, says = "sink%." .. method .. " was stuck" })
end

at("a handler that is stuck, told as JSON", ("return { on_row = function() %s end }"):format(STUCK),
  { options = { "--timeout", "400ms", "--progress", "json" }, kind = nil, exit = 124, quick = true,
    says = '{"outcome":{"success":false,"exit":124,"rows":1,"kept":0,"dropped":0,"invalid":0,"rejected":1,"bytes":%d+,"error":{"kind":"request_timeout"' })

for _, signal in ipairs { "QUIT", "INT" } do
  at("a handler that is stuck, ended by " .. (signal == "INT" and "three INT" or signal),
    ("return { %s, on_row = function() io.open('ready', 'w'):close() os.execute 'setsid sleep 1000 &' %s end }"):format(SINK, STUCK),
    { signal = signal, times = signal == "INT" and 3 or 1, either = { signal == "INT" and 130 or 131 }, quick = true })
end

at("a pipe to a program in a session of its own, closed late", [[
  local pipe
  return {
    on_row = function() pipe = pipe or io.popen "exec setsid sh -c 'exit 7'" end,
    on_summary = function()
      local ok, how, code = pipe:close()
      assert(not ok and how == "exit" and code == 7, how)
      assert(select(3, os.execute "exec setsid sh -c 'sleep 0.3; exit 8'") == 8)
    end,
  }]], { options = { "--lines" }, worker = { "sh", "-c", "echo '{}'; sleep 0.6; echo '{}'" }, exit = 0, quick = true })

-- ---- handlers that end by themselves -----------------------------------------

local function ends(name, body, more)
  more.name, more.most, more.not_says = name, more.most or 20, "was stuck"
  if more.kind == nil then more.kind = "sink" end
  more.exit = more.exit or 4
  more.policy = ("return { %s, on_row = function(row) %s end }"):format("request = {}", body)
  M[#M + 1] = more
end

ends("an error that cannot describe itself", "error(setmetatable({}, { __tostring = error }))", {})
ends("an error in every message handler", "xpcall(error, function() error 'again' end) error 'last'", { says = "last" })
ends("a stack without end", "local function f() return f() + 1 end f()", { says = "stack overflow" })
ends("a stack of C without end", "local s = ('('):rep(1e6) assert(load('return ' .. s))", {})
ends("a yield", "coroutine.yield()", { says = "cannot yield" })
ends("os.exit", "os.exit(0)", { says = "called os.exit", quick = true })
ends("os.exit in pcall", "while true do pcall(os.exit, 0, true) end", { says = "called os.exit" })
ends("a memory bomb", "local t = {} while true do t[#t + 1] = ('x'):rep(1e6) .. #t end",
  { kind = "sink_memory", says = "1024 MiB", plain = true, most = 60 })
ends("one large string", "local s = ('x'):rep(2e9)", { kind = "sink_memory", plain = true })
ends("a binary chunk", "load(string.dump(function() end))", { kind = false, exit = 0 })
ends("a binary chunk that is called", "load(string.dump(function() end))()", { says = "attempt to call a nil value" })
ends("a binary chunk in a file",
  "local f = io.open('x.luac', 'wb') f:write(string.dump(function() end)) f:close() assert(loadfile 'x.luac')",
  { says = "attempt to load a binary chunk", leaves = { "x.luac" } })
ends("a binary module",
  "local f = io.open('x.lua', 'wb') f:write(string.dump(function() end)) f:close() package.path = './?.lua' require 'x'",
  { says = "attempt to load a binary chunk", leaves = { "x.lua" }, quick = true })
ends("the registry", "debug.getregistry()", { says = "getregistry" })

return M
