-- Any program that prints JSON lines is a worker: here ripgrep. Its messages
-- have a type; the policy looks at the matches and counts them per file.
--
--   sluice run matches.lua
--   sluice run matches.lua -- rg --json -w TODO ~/src
local counts, files = {}, {}

return {
  worker = { "rg", "--json", "--sort", "path", "-w", "uv_[a-z]+", "../../runtime" },
  lines = true,
  stream = "messages",
  streams = {
    messages = {
      where = function(row) return row:get("type") == "match" end,
      on_row = function(row)
        local file = row:get("/data/path/text")
        if not counts[file] then files[#files + 1] = file end
        counts[file] = (counts[file] or 0) + 1
      end,
    },
  },
  on_summary = function()
    for _, file in ipairs(files) do print(("%6d  %s"):format(counts[file], file)) end
  end,
}
