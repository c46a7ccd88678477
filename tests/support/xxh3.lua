--- XXH3-64 with a seed, in plain Lua 5.4: the checksum of a seal.
--- Written from the algorithm's description, for tests: slow, and independent of
--- the C library it is checked against.
local P32_1, P32_2, P32_3 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D
local P64_1, P64_2, P64_3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
local P64_4, P64_5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
local PRIME_MX1, PRIME_MX2 = 0x165667919E3779F9, 0x9FB21C651E98DF25
local LOW = 0xFFFFFFFF

local SECRET = ([[
b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f
cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c
3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8
a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364
eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e
2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e]])
  :gsub("%s", ""):gsub("%x%x", function(byte) return string.char(tonumber(byte, 16)) end)

-- Offsets count from 0, as in the algorithm's description.
local function u32(s, at) return (string.unpack("<I4", s, at + 1)) end
local function u64(s, at) return (string.unpack("<i8", s, at + 1)) end

local function swap32(v) return (string.unpack(">I4", string.pack("<I4", v))) end
local function swap64(v) return (string.unpack(">i8", string.pack("<i8", v))) end
local function rotate(v, n) return v << n | v >> (64 - n) end

--- The 128-bit product of two unsigned 64-bit numbers, folded to 64 bits by xor.
local function multiply_fold(a, b)
  local a_low, a_high, b_low, b_high = a & LOW, a >> 32, b & LOW, b >> 32
  local low, cross_1, cross_2 = a_low * b_low, a_high * b_low, a_low * b_high
  local middle = (low >> 32) + (cross_1 & LOW) + cross_2
  local high = (cross_1 >> 32) + (middle >> 32) + a_high * b_high
  return (middle << 32 | low & LOW) ~ high
end

local function avalanche_64(h)
  h = (h ~ h >> 33) * P64_2
  h = (h ~ h >> 29) * P64_3
  return h ~ h >> 32
end

local function avalanche(h)
  h = (h ~ h >> 37) * PRIME_MX1
  return h ~ h >> 32
end

local function up_to_3(s, seed)
  local n = #s
  local first, middle, last = s:byte(1), s:byte((n >> 1) + 1), s:byte(n)
  local combined = first << 16 | middle << 24 | last | n << 8
  return avalanche_64(combined ~ (u32(SECRET, 0) ~ u32(SECRET, 4)) + seed)
end

local function up_to_8(s, seed)
  local n = #s
  seed = seed ~ swap32(seed & LOW) << 32
  local keyed = (u32(s, n - 4) + (u32(s, 0) << 32)) ~ (u64(SECRET, 8) ~ u64(SECRET, 16)) - seed
  local h = (keyed ~ rotate(keyed, 49) ~ rotate(keyed, 24)) * PRIME_MX2
  h = (h ~ (h >> 35) + n) * PRIME_MX2
  return h ~ h >> 28
end

local function up_to_16(s, seed)
  local n = #s
  local low = u64(s, 0) ~ (u64(SECRET, 24) ~ u64(SECRET, 32)) + seed
  local high = u64(s, n - 8) ~ (u64(SECRET, 40) ~ u64(SECRET, 48)) - seed
  return avalanche(n + swap64(low) + high + multiply_fold(low, high))
end

local function mix_16(s, at, secret_at, seed)
  return multiply_fold(u64(s, at) ~ u64(SECRET, secret_at) + seed,
    u64(s, at + 8) ~ u64(SECRET, secret_at + 8) - seed)
end

local function up_to_128(s, seed)
  local n = #s
  local h = n * P64_1
  for i = (n - 1) // 32, 0, -1 do
    h = h + mix_16(s, 16 * i, 32 * i, seed) + mix_16(s, n - 16 * (i + 1), 32 * i + 16, seed)
  end
  return avalanche(h)
end

local function up_to_240(s, seed)
  local n = #s
  local h = n * P64_1
  for i = 0, 7 do h = h + mix_16(s, 16 * i, 16 * i, seed) end
  h = avalanche(h)
  for i = 8, n // 16 - 1 do h = h + mix_16(s, 16 * i, 16 * (i - 8) + 3, seed) end
  return avalanche(h + mix_16(s, n - 16, 136 - 17, seed))
end

local function seeded_secret(seed)
  local parts = {}
  for i = 0, #SECRET - 16, 16 do
    parts[#parts + 1] = string.pack("<i8i8", u64(SECRET, i) + seed, u64(SECRET, i + 8) - seed)
  end
  return table.concat(parts)
end

local function accumulate(acc, s, at, secret, secret_at)
  for i = 0, 7 do
    local value = u64(s, at + 8 * i)
    local keyed = value ~ u64(secret, secret_at + 8 * i)
    acc[i ~ 1] = acc[i ~ 1] + value
    acc[i] = acc[i] + (keyed & LOW) * (keyed >> 32)
  end
end

local function scramble(acc, secret, secret_at)
  for i = 0, 7 do
    acc[i] = (acc[i] ~ acc[i] >> 47 ~ u64(secret, secret_at + 8 * i)) * P32_1
  end
end

local function long(s, seed)
  local n, secret = #s, seeded_secret(seed)
  local acc = { [0] = P32_3, P64_1, P64_2, P64_3, P64_4, P32_2, P64_5, P32_1 }
  local last = #secret - 64
  local stripes = last // 8 -- in a block
  for stripe = 0, (n - 1) // 64 - 1 do
    accumulate(acc, s, 64 * stripe, secret, 8 * (stripe % stripes))
    if stripe % stripes == stripes - 1 then scramble(acc, secret, last) end
  end
  accumulate(acc, s, n - 64, secret, last - 7)
  local h = n * P64_1
  for i = 0, 3 do
    h = h + multiply_fold(acc[2 * i] ~ u64(secret, 11 + 16 * i), acc[2 * i + 1] ~ u64(secret, 19 + 16 * i))
  end
  return avalanche(h)
end

---@param s string
---@param seed integer  64 bits
---@return integer      64 bits
return function(s, seed)
  local n = #s
  if n == 0 then return avalanche_64(seed ~ u64(SECRET, 56) ~ u64(SECRET, 64)) end
  if n <= 3 then return up_to_3(s, seed) end
  if n <= 8 then return up_to_8(s, seed) end
  if n <= 16 then return up_to_16(s, seed) end
  if n <= 128 then return up_to_128(s, seed) end
  if n <= 240 then return up_to_240(s, seed) end
  return long(s, seed)
end
