--- What a worker sees of a request that is null, or was not given.
local function of_type(request, emit) emit:row("rows", type(request)) end

local function index(request) return { file = request.file } end

local function index_deeper(wanted)
  local function inner() return wanted.file end
  return { file = inner() }
end

local function index_other(request)
  local config = request
  return { file = config.file }
end

return {
  name = "no_request",
  exports = { of_type = of_type, index = index, index_deeper = index_deeper, index_other = index_other },
  calls = { back = function(request) return { request == nil, request } end },
}
