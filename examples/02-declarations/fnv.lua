--- FNV-1a, 64 bits: a hash for telling texts apart, not for secrets.
local OFFSET_BASIS <const> = 0xcbf29ce484222325
local PRIME <const> = 0x100000001b3

--- The hash of the pieces, each of them ended by a byte that no text contains,
--- as 16 hexadecimal digits (JSON readers elsewhere round large integers).
---@param pieces string[]
---@param first integer
---@param last integer
---@return string
return function(pieces, first, last)
  local hash = OFFSET_BASIS
  for i = first, last do
    local piece = pieces[i]
    for at = 1, #piece do hash = (hash ~ piece:byte(at)) * PRIME end
    hash = (hash ~ 0xff) * PRIME
  end
  return ("%016x"):format(hash)
end
