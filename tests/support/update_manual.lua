--- `make manual`: runs the examples of the manual and writes their present output into its pages. Review the
--- difference before you commit it.
---
---     lua5.4 tests/support/update_manual.lua [PAGE…]
local manual = require "support.manual"
local shell = require "support.shell"

--- The lines of a session with the present output of its commands; lines that differ only from run to run are kept.
local function rerun(place, block)
  local lines = {}
  for _, entry in ipairs(manual.commands(block)) do
    local output = manual.output(place, entry.command)
    local text = table.concat(output, "\n")
    if manual.normal(text) == manual.normal(table.concat(entry.output, "\n")) then output = entry.output end
    for line in ("$ " .. entry.command .. "\n"):gmatch "(.-)\n" do lines[#lines + 1] = line end
    table.move(output, 1, #output, #lines + 1, lines)
  end
  return lines
end

local function replace(lines, block, new)
  local after = table.move(lines, block.line + #block.lines, #lines, 1, {})
  for i = #lines, block.line, -1 do lines[i] = nil end
  for _, line in ipairs(new) do lines[#lines + 1] = manual.source_of(line) end
  table.move(after, 1, #after, #lines + 1, lines)
end

local function update(name)
  local place, lines, sessions = manual.workplace(name), manual.lines(name), {}
  for _, block in ipairs(manual.blocks(name)) do
    if manual.is_session(block) and not block.why then
      table.insert(sessions, 1, { block = block, lines = rerun(place, block) })
    end
  end
  for _, session in ipairs(sessions) do replace(lines, session.block, session.lines) end
  shell.write(manual.directory .. name, table.concat(lines, "\n") .. "\n")
end

for _, name in ipairs(arg[1] and arg or manual.names()) do update(name) end
shell.forget()
