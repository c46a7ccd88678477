--- lua5.4 runtime/lua/embed.lua FILE… > embedded.c: what the command has inside (embedded.h), the modules
--- of lualib compiled and the ready scripts as text. Made by the Makefile; a start then reads and
--- compiles no file of ours.
local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

--- lualib/NAME.lua
local function module_of(path, name)
  local chunk = string.dump(assert(load(read(path), "@" .. name .. ".lua", "t")))
  return { name = name:gsub("/init$", ""):gsub("/", "."), bytes = chunk }
end

local modules, scripts = {}, {}
for _, path in ipairs(arg) do
  local module, script = path:match "lualib/(.*)%.lua$", path:match "scripts/(.*)%.lua$"
  if module then modules[#modules + 1] = module_of(path, module)
  else scripts[#scripts + 1] = { name = script, bytes = read(path) } end
end

local function write(array, entries)
  for i, entry in ipairs(entries) do
    local numbers = {}
    for byte in entry.bytes:gmatch "." do numbers[#numbers + 1] = byte:byte() end
    print(("static const unsigned char %s_%d[] = {%s};"):format(array, i, table.concat(numbers, ",")))
  end
  print(("\nconst struct sl_embedded %s[] = {"):format(array))
  for i, entry in ipairs(entries) do print(('\t{ "%s", %s_%d, %d },'):format(entry.name, array, i, #entry.bytes)) end
  print "\t{ 0, 0, 0 },\n};\n"
end

print '#include "lua/embedded.h"\n'
write("sl_embedded_modules", modules)
write("sl_embedded_scripts", scripts)
