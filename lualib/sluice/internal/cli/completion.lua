--- Completion scripts for shells, as argparse makes them: `sluice completion`.
local M = {}

---@param shell "bash"|"zsh"|"fish"
---@param parsers sluice.cli.Parser
---@return string text
function M.of(shell, parsers)
  return (parsers.root[("get_%s_complete"):format(shell)](parsers.root):gsub("\n$", ""))
end

return M
