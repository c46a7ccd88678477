--- The second implementation of the checksum, in Lua, against the library.
local xxh3 = require "support.xxh3"
local probe = require "support.probe"

local function bytes(n)
  local out, state = {}, n * 2654435761 + 1
  for i = 1, n do
    state = state * 6364136223846793005 + 1442695040888963407
    out[i] = string.char(state >> 56)
  end
  return table.concat(out)
end

local function lengths()
  local list = {}
  for n = 0, 300 do list[#list + 1] = n end
  for _, n in ipairs { 511, 512, 513, 1023, 1024, 1025, 1026, 2048, 2049, 4095, 10000 } do list[#list + 1] = n end
  return list
end

describe("the checksum in Lua", function()
  for name, seed in pairs { ["without a seed"] = 0, ["with a seed"] = 0x0123456789ABCDEF, ["with a high seed"] = -2 } do
    it("equals that of the library, " .. name, function()
      local commands, texts = {}, {}
      for i, n in ipairs(lengths()) do
        texts[i] = bytes(n)
        commands[i] = ("hash 0x%x %s"):format(seed, probe.hex(texts[i]))
      end
      for i, answer in ipairs(probe.run("wireprobe", commands)) do
        assert.equal(answer[1][2], ("%016x"):format(xxh3(texts[i], seed)), #texts[i] .. " bytes")
      end
    end)
  end
end)
