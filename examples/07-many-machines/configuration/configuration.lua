--- The configuration, read with lua-cjson: for the worker and for the policy.
---
--- lua-cjson is good for what sluice is not made for: decoding JSON that you wrote yourself. Three of its
--- peculiarities are handled here, where the file is read, so that no other code has to deal with them:
---
---   * every number is a float, 1000.0; math.tointeger converts those that are meant to be integers
---   * an empty array looks like an empty object; json.array marks it as an array
---   * null is cjson.null, which is the same value as sluice.null and json.null: nothing has to be done
---
--- What cjson accepts beyond JSON (0x10, NaN, the last of two equal names) is accepted here. Rows do
--- not pass through it: emit:row and sluice.json preserve 64-bit integers and arrays.
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
