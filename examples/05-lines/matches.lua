-- Any program that prints JSON lines is a worker: here ripgrep. A field of each
-- message gives its type; that becomes the stream, and each stream has an entry.
--
--   sluice run matches.lua
--   sluice run matches.lua -- rg --json -w TODO ~/src
local counts, files = {}, {}

---@type sluice.Policy
return {
  worker = { "rg", "--json", "--sort", "path", "-w", "uv_[a-z]+", "../../runtime" },
  lines = true,
  stream_by = "/type",
  ok_status = "0,1", -- rg exits with 1 when nothing matches
  streams = {
    match = {
      on_row = function(row)
        local file = row:get("/data/path/text")
        if not counts[file] then files[#files + 1] = file end
        counts[file] = (counts[file] or 0) + 1
      end,
    },
    ["*"] = "drop", -- where each file begins and ends, and the summary
  },
  on_summary = function()
    for _, file in ipairs(files) do print(("%6d  %s"):format(counts[file], file)) end
  end,
}
