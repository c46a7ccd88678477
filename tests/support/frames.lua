--- Frames of the wire protocol, made and read in Lua from PROTOCOL.md alone: for
--- hand-made workers and for checking the C code against something else.
---
---   frames.magic .. frames.hello { name = "w", exports = { { "index", "rows" } } }
---
--- Every maker takes a table; `head` in it overrides fields of the header, so
--- that wrong frames are as easy to make as right ones.
local xxh3 = require "support.xxh3"

local M = {}

M.magic = "\x93sluice\r\n\n"
M.header_size = 24

M.kinds = {
  hello = 1, configure = 2, request = 3, stop = 4, cancel = 5, shutdown = 6,
  stream = 16, row = 17, diagnostic = 18, progress = 19, summary = 20, reply = 21, failure = 22, ready = 23, streams = 7, place = 24, bad_line = 25,
}
M.names = {}
for name, code in pairs(M.kinds) do M.names[code] = name end

M.types = { rows = 1, call = 2 }

local function text(s) return string.pack("<s4", s or "") end
local function flag(b) return b and "\1" or "\0" end

--- A list of names; `count` overrides their number with a wrong one.
local function names(list, count)
  local parts = { string.pack("<I4", count or #(list or {})) }
  for i, name in ipairs(list or {}) do parts[i + 1] = text(name) end
  return table.concat(parts)
end

-- ---- making --------------------------------------------------------------

---@param kind string|integer
---@param payload? string
---@param head? { length: integer?, version: integer?, kind: integer?, stream: integer?, request: integer?, sequence: integer? }
---@return string
function M.frame(kind, payload, head)
  payload, head = payload or "", head or {}
  return string.pack("<I4I1I1I2i8i8", head.length or #payload, head.version or 1,
    head.kind or M.kinds[kind] or kind, head.stream or 0, head.request or 0, head.sequence or 0) .. payload
end

local function with(head, defaults)
  for k, v in pairs(head or {}) do defaults[k] = v end
  return defaults
end

--- exports: { { name, "rows" or "call" }, ... }; features: { name, ... }
function M.hello(t)
  t = t or {}
  local exports = t.exports or { { "index", "rows" } }
  local parts = { string.pack("<I1I1I4", t.version_min or 1, t.version_max or 1, t.max_frame or 256 * 1024 * 1024),
    text(t.name or "worker"), text(t.version or "1.0"), text(t.runtime or "by hand"), string.pack("<I4", #exports) }
  for _, e in ipairs(exports) do parts[#parts + 1] = string.char(M.types[e[2]] or e[2]) .. text(e[1]) end
  parts[#parts + 1] = names(t.features, t.feature_count)
  return M.frame("hello", table.concat(parts), t.head)
end

function M.configure(t)
  return M.frame("configure", string.pack("<I1I4", t.version or 1, t.max_frame or 1024 * 1024)
    .. names(t.features, t.feature_count), t.head)
end

function M.request(t)
  return M.frame("request", string.char(M.types[t.type or "rows"]) .. text(t.export) .. text(t.json or "null"),
    with(t.head, { request = t.request or 1 }))
end

--- stop, cancel, shutdown, ready
function M.plain(kind, request) return M.frame(kind, "", { request = request }) end

function M.stream(t)
  return M.frame("stream", t.name, with(t.head, { request = t.request or 1, stream = t.stream or 1 }))
end

function M.row(t)
  return M.frame("row", t.payload,
    with(t.head, { request = t.request or 1, stream = t.stream or 1, sequence = t.sequence or 0 }))
end

function M.diagnostic(t)
  return M.frame("diagnostic", text(t.code) .. text(t.message), with(t.head, { request = t.request or 1 }))
end

function M.progress(t)
  return M.frame("progress", text(t.phase) .. string.pack("<i8", t.current or 0) .. flag(t.total) ..
    string.pack("<i8", t.total or 0), with(t.head, { request = t.request or 1 }))
end

--- seals: { { stream =, rows =, bytes =, checksum = }, ... }
function M.summary(t)
  local parts = { flag(t.stopped), flag(t.metadata), string.pack("<i8", t.elapsed_ns or 0), text(t.metadata),
    string.pack("<I4", #(t.seals or {})) }
  for _, s in ipairs(t.seals or {}) do
    parts[#parts + 1] = string.pack("<I2i8i8i8", s.stream, s.rows, s.bytes, s.checksum)
  end
  return M.frame("summary", table.concat(parts), with(t.head, { request = t.request or 1 }))
end

function M.reply(t) return M.frame("reply", t.json or "null", with(t.head, { request = t.request or 1 })) end

--- details: { { name, number or text }, ... }
function M.failure(t)
  local parts = { text(t.kind or "export_failed"), string.pack("<i4", t.os or 0), text(t.message or ""),
    string.pack("<I4", #(t.details or {})) }
  for _, d in ipairs(t.details or {}) do
    parts[#parts + 1] = text(d[1]) .. (math.type(d[2]) == "integer" and string.pack("<I1i8", 1, d[2])
      or "\2" .. text(d[2]))
  end
  return M.frame("failure", table.concat(parts), with(t.head, { request = t.request or 1 }))
end

--- names: { name, ... }
function M.streams(t)
  local ended = {}
  for i, name in ipairs(t.names) do ended[i] = name .. "\0" end
  return M.frame("streams", text(table.concat(ended)), with(t.head, { request = t.request or 1 }))
end

function M.place(t)
  return M.frame("place", text(t.file) .. string.pack("<i8i8", t.line, t.step or 1), with(t.head, { request = t.request or 1 }))
end

function M.bad_line(t)
  return M.frame("bad_line", text(t.file) .. string.pack("<i8", t.line) .. text(t.reason) .. text(t.bytes) ..
    string.pack("<i8", t.size or #(t.bytes or "")), with(t.head, { request = t.request or 1 }))
end

function M.ready(request) return M.plain("ready", request or 1) end

-- ---- whole streams -------------------------------------------------------

--- The seal of one stream's payloads.
function M.seal(stream, payloads)
  local seal = { stream = stream, rows = #payloads, bytes = 0, checksum = 0 }
  for _, payload in ipairs(payloads) do
    seal.bytes = seal.bytes + #payload
    seal.checksum = xxh3(payload, seal.checksum)
  end
  return seal
end

--- A request's frames without its end: one stream, named, with these payloads.
function M.rows(payloads, t)
  t = t or {}
  local request, stream = t.request or 1, t.stream or 1
  local parts = { M.stream { request = request, stream = stream, name = t.name or "rows" } }
  for i, payload in ipairs(payloads) do
    parts[#parts + 1] = M.row { request = request, stream = stream, sequence = i - 1, payload = payload }
  end
  return table.concat(parts)
end

--- All frames of a well-formed request.
function M.answer(payloads, t)
  t = t or {}
  local request = t.request or 1
  return M.rows(payloads, t) .. M.summary { request = request, metadata = t.metadata,
    seals = { M.seal(t.stream or 1, payloads) } } .. M.ready(request)
end

-- ---- reading -------------------------------------------------------------

local readers = {}

local function read_names(p, at)
  local list, count = {}, nil
  count, at = string.unpack("<I4", p, at)
  for i = 1, count do list[i], at = string.unpack("<s4", p, at) end
  return list, at
end

function readers.hello(p)
  local m, at, count = {}, 1, nil
  m.version_min, m.version_max, m.max_frame, m.name, m.version, m.runtime, count, at =
    string.unpack("<I1I1I4s4s4s4I4", p, at)
  m.exports = {}
  for i = 1, count do
    local kind, name
    kind, name, at = string.unpack("<I1s4", p, at)
    m.exports[i] = { name, kind == 1 and "rows" or "call" }
  end
  m.features, at = read_names(p, at)
  return m, at
end

function readers.configure(p)
  local m, at = {}, nil
  m.version, m.max_frame, at = string.unpack("<I1I4", p)
  m.features, at = read_names(p, at)
  return m, at
end

function readers.request(p)
  local kind, export, json, at = string.unpack("<I1s4s4", p)
  return { type = kind == 1 and "rows" or "call", export = export, json = json }, at
end

function readers.diagnostic(p)
  local code, message, at = string.unpack("<s4s4", p)
  return { code = code, message = message }, at
end

function readers.progress(p)
  local phase, current, has_total, total, at = string.unpack("<s4i8I1i8", p)
  return { phase = phase, current = current, total = has_total == 1 and total or nil }, at
end

function readers.summary(p)
  local stopped, has, elapsed, metadata, count, at = string.unpack("<I1I1i8s4I4", p)
  local m = { stopped = stopped == 1, elapsed_ns = elapsed, metadata = has == 1 and metadata or nil, seals = {} }
  for i = 1, count do
    local s = {}
    s.stream, s.rows, s.bytes, s.checksum, at = string.unpack("<I2i8i8i8", p, at)
    m.seals[i] = s
  end
  return m, at
end

function readers.failure(p)
  local kind, os, message, count, at = string.unpack("<s4i4s4I4", p)
  local m = { kind = kind, os = os, message = message, details = {} }
  for i = 1, count do
    local name, tag, value
    name, tag, at = string.unpack("<s4I1", p, at)
    value, at = string.unpack(tag == 1 and "<i8" or "<s4", p, at)
    m.details[i] = { name, value }
  end
  return m, at
end

--- The frame that begins at byte `at` (from 1), and where the next one begins. The frame is a table with the
--- header's fields, `name`, `payload` and the decoded `message`. nil when the frame is not complete.
function M.read(bytes, at)
  at = at or 1
  if #bytes - at + 1 < M.header_size then return nil end
  local f = {}
  f.length, f.version, f.kind, f.stream, f.request, f.sequence = string.unpack("<I4I1I1I2i8i8", bytes, at)
  local first = at + M.header_size
  if #bytes - first + 1 < f.length then return nil end
  f.name, f.payload = M.names[f.kind], bytes:sub(first, first + f.length - 1)
  if readers[f.name] then
    local after
    f.message, after = readers[f.name](f.payload)
    assert(after == f.length + 1, f.name .. ": bytes left over")
  end
  return f, first + f.length
end

--- All frames, and the bytes after the last complete one.
function M.read_all(bytes, at)
  local list = {}
  at = at or 1
  while true do
    local f, after = M.read(bytes, at)
    if not f then return list, bytes:sub(at) end
    list[#list + 1], at = f, after
  end
end

return M
