-- A policy: prints the greetings as they arrive.
---@type sluice.Policy
return {
  worker = { "worker.lua" },
  request = { names = { "Ada", "Grace", "Barbara" } },
  streams = {
    greetings = { on_row = function(row) print(row.sequence, row.payload.text) end },
  },
  on_summary = function(summary) print(summary.metadata.greeted .. " greeted") end,
}
