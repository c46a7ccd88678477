--- The configuration, read with lua-cjson: for the worker and for the policy.
---
--- lua-cjson is what sluice is not: a decoder for JSON that you wrote yourself. Three of its habits
--- are settled here, where the file is read, so that nobody else need know of them:
---
---   * every number is a float, 1000.0; where an integer is meant, math.tointeger makes it one
---   * an empty array looks like an empty object; json.array says what it is
---   * null is cjson.null, which is sluice.null and json.null, too: there is nothing to be done
---
--- What cjson accepts beyond JSON (0x10, NaN, the last of two equal names) is accepted here. Rows do
--- not go through it: emit:row and sluice.json keep 64-bit integers and arrays as they are.
local cjson = require "cjson"
local json = require "sluice.json"

---@param path string
return function(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  local ok, read = pcall(cjson.decode, text)
  if not ok then error(path .. ": " .. read, 0) end
  read.least_bytes = math.tointeger(read.least_bytes) or error(path .. ": least_bytes: expected an integer", 0)
  json.array(read.logs)
  json.array(read.labels)
  return read
end
