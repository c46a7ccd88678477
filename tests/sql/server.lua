--- A private PostgreSQL for the tests: in a temporary directory, on a socket
--- there, run by an ordinary user, stopped by its own directory.
local paths = require "support.paths"
local support = require "sql.support"

local M = {}

local BIN = "/usr/lib/postgresql/15/bin/"
local OPTIONS = "-c listen_addresses= -c unix_socket_directories=%s -c fsync=on -c autovacuum=off -c max_connections=20"

local dir

--- The server refuses to run as root.
local as_user = support.output "id -u" == "0" and "setpriv --reuid=nobody --regid=nogroup --clear-groups " or ""

local function shell(command)
  if not os.execute(command) then error("failed: " .. command, 3) end
end

local function control(words)
  shell(("cd / && %s%spg_ctl -D %s/data -w -s %s >>%s/log 2>&1"):format(as_user, BIN, dir, words, dir))
end

function M.up()
  control(("-l %s/server.log -o %s start"):format(dir, paths.quote(OPTIONS:format(dir))))
end

--- Like a power failure.
function M.down() control "-m immediate stop" end

function M.start()
  dir = support.output "mktemp -d"
  if as_user ~= "" then shell("chown nobody " .. dir) end
  shell(("cd / && %s%sinitdb -D %s/data -U tester -A trust -E UTF8 --locale=C.UTF-8 >%s/log 2>&1"):format(as_user, BIN, dir, dir))
  M.up()
end

function M.stop()
  pcall(M.down)
  os.execute("rm -rf " .. dir)
end

--- The url of a database of this server.
function M.url(database)
  return ("postgres://tester:secret@/%s?host=%s"):format(database or "postgres", dir)
end

--- psql, the independent reader.
function M.query(text, database)
  return support.output(("%spsql -X -q -A -t -h %s -U tester -d %s -c %s"):format(
    BIN, dir, database or "postgres", paths.quote(text)))
end

return M
