-- A worker: reads the access log of a web server, and emits one row for each request.
--
--   sluice filter 'status >= 500' --request '{"file":"logs/2026-11-26.log"}' -- access.lua
--
-- A line that is not in the common log format is a diagnostic. A file that cannot be read, or only in
-- part, is a failure: the rows read so far are not taken for the whole file.
local LINE = '^(%S+) %S+ %S+ %[(.-)%] "(%u+) (%S+)[^"]*" (%d%d%d) ([%d-]+)'

local function request_of(line)
  local host, time, method, path, status, bytes = line:match(LINE)
  if not host then return nil end
  return {
    host = host, time = time, method = method, path = path,
    status = tonumber(status), bytes = tonumber(bytes) or 0,
  }
end

---@type sluice.LuaWorker
return {
  name = "access",
  version = "1.0",
  exports = {
    requests = function(request, emit)
      local file = assert(io.open(request.file))
      local number = 0
      for line in file:lines() do
        number = number + 1
        local row = request_of(line)
        if row then
          row.file, row.line = request.name, number
          emit:row("requests", row)
        else
          emit:diagnostic("access.line", ("%s:%d: not in the common log format: %s"):format(request.file, number, line))
        end
      end
      file:close()
      return { lines = number }
    end,
  },
}
