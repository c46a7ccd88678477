--- lua5.4 runtime/lua/embed.lua FILE… > embedded.c: the modules of lualib, compiled, for the command
--- (embedded.h). Made by the Makefile; a start then reads and compiles no file of ours.
local function bytes_of(path, name)
  local file <close> = assert(io.open(path, "rb"))
  return string.dump(assert(load(file:read "a", "@" .. name, "t")))
end

local names = {}
print '#include "lua/embedded.h"\n'
for i, path in ipairs(arg) do
  local name = path:match "lualib/(.*)%.lua$"
  names[i] = { name = name:gsub("/init$", ""):gsub("/", "."), len = 0 }
  local numbers = {}
  for byte in bytes_of(path, name .. ".lua"):gmatch "." do numbers[#numbers + 1] = byte:byte() end
  names[i].len = #numbers
  print(("static const unsigned char module_%d[] = {%s};"):format(i, table.concat(numbers, ",")))
end

print "\nconst struct sl_embedded sl_embedded[] = {"
for i, module in ipairs(names) do print(('\t{ "%s", module_%d, %d },'):format(module.name, i, module.len)) end
print "\t{ 0, 0, 0 },\n};"
