-- n rows of kib KiB each.
local function large(request, emit)
  local text = ("x"):rep(request.kib << 10)
  for i = 1, request.n do emit:row("rows", { text = text, i = i }) end
end

return { name = "large", version = "1", exports = { large = large } }
