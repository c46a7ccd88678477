-- luacheck of Debian (lua-check) reads this; `make lint` runs it.
std = "lua54"
max_line_length = 180 -- the longest lines are tables of tests
include_files = { "**/*.lua" }
exclude_files = {
  "build",
  "lualib/**/*.meta.lua", -- annotations: functions without bodies, whose arguments nothing uses
  "tests/workers/broken_syntax.lua", -- a worker that does not load, which is what it is for
}
unused_args = false -- the arguments of a handler or a method are its interface
ignore = {
  "311", -- `local value, problem = first, nil` declares a name that is assigned below
  "512", -- tests leave a loop over rows at its first row
}
files["**/*_spec.lua"] = { std = "+busted" }
-- Help texts are as wide as the lines that they print.
files["lualib/sluice/internal/cli/parser.lua"] = { max_line_length = false }
-- These give scripts other functions of the standard library.
for _, name in ipairs { "lualib/sluice/internal/cli/standard.lua", "lualib/sluice/internal/examine/read_files.lua",
  "lualib/sluice/internal/standard_output.lua" } do
  files[name] = { ignore = { "121", "122" } }
end
files["tests/policy/test_spec.lua"] = { ignore = { "122" } } -- os.tmpname, to see what it is asked for
files["tests/workers/returns_no_table.lua"] = { ignore = { "241" } } -- the mistake that it makes
files["tests/json/error_spec.lua"] = { ignore = { "431" } } -- the messages for a local and an upvalue of one name
