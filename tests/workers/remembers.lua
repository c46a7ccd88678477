-- Never frees memory: each call adds so many MiB and returns the number of calls.
local kept = {}

return {
  calls = {
    remember = function(mib)
      kept[#kept + 1] = ("x"):rep(mib * 1024 * 1024)
      return #kept
    end,
  },
}
