--- `sluice new`: a worker in Lua.
return {
  words = {
    FILE = "worker.lua", BUILD = "", IGNORED = "",
    WORKER = '  worker = { "worker.lua", "notes.txt" },',
    COMMAND = "worker.lua notes.txt",
  },
  files = {
    ["worker.lua"] = [[
--- The open tasks, lines that begin with "- [ ] ", of the files that are its arguments.
local files = { ... }

---@param emit sluice.Emit
local function scan(file, emit)
  local number = 0
  for line in io.lines(file) do
    number = number + 1
    local text = line:match "^%- %[ %] (.*)$"
    if text then emit:row("todos", { file = file, line = number, text = text }) end
  end
  return number
end

---@type sluice.LuaWorker
return {
  name = "$NAME",
  version = "1.0",
  exports = {
    todos = function(_, emit)
      local lines = 0
      for i, file in ipairs(files) do
        emit:progress("scanning", i, #files)
        lines = lines + scan(file, emit)
      end
      return { files = #files, lines = lines } -- goes with the summary
    end,
  },
}
]],
  },
}
