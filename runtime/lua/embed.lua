--- lua5.4 runtime/lua/embed.lua FILE… > embedded.c: the files embedded in the command (embedded.h), that is
--- the compiled modules of lualib, and the ready scripts and the manual pages as text. Run by the Makefile, so
--- that the command reads and compiles none of our files at startup.
local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

--- lualib/NAME.lua
local function module_of(path, name)
  local chunk = string.dump(assert(load(read(path), "@" .. name .. ".lua", "t")))
  return { name = name:gsub("/init$", ""):gsub("/", "."), bytes = chunk }
end

--- man/NAME.txt, as mandoc writes it: bold and underlined characters are overstruck (x\bx and _\bx).
local function plain(text)
  return (text:gsub(utf8.charpattern .. "\b", ""))
end

local modules, scripts, pages = {}, {}, {}
for _, path in ipairs(arg) do
  local module, script, page = path:match "lualib/(.*)%.lua$", path:match "scripts/(.*)%.lua$", path:match "man/(.*)%.txt$"
  if module then modules[#modules + 1] = module_of(path, module)
  elseif page then pages[#pages + 1] = { name = page, bytes = plain(read(path)) }
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
write("sl_embedded_pages", pages)
