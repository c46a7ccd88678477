-- A worker that is configured by a file: the requests in its logs, each with the owner of the path.
--
--   sluice filter 'bytes > 0' --request '{"config":"config.json"}' -- requests.lua
local configuration = require "configuration"
local json = require "sluice.json"

---@type sluice.LuaWorker
return {
  name = "requests",
  version = "1.0",
  exports = {
    requests = function(request, emit)
      local config = configuration(request.config)
      local directory = request.config:match ".*/" or ""
      for _, name in ipairs(config.logs) do
        for line in io.lines(directory .. name) do
          local path, bytes = line:match '"%u+ (%S+) [^"]*" %d+ (%d+)'
          -- A path that is not in the file has no owner either, so it gets null, like one that is listed with null.
          local owner = config.owners[path] or json.null
          emit:row("requests", { path = path, bytes = tonumber(bytes), owner = owner, labels = config.labels })
        end
      end
    end,
  },
}
