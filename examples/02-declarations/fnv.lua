--- FNV-1a, 64 bits: a hash for comparing texts, not for security.
local OFFSET_BASIS <const> = 0xcbf29ce484222325
local PRIME <const> = 0x100000001b3

--- The hash of the pieces, each followed by a byte that cannot occur in UTF-8 text,
--- as 16 hexadecimal digits (because other JSON readers round large integers).
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
