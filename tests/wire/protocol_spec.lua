--- PROTOCOL.md agrees with the code: its example, its tables, its limits.
local frames = require "support.frames"
local paths = require "support.paths"
local probe = require "support.probe"
local xxh3 = require "support.xxh3"
local hex = probe.hex

local function read(name)
  local f = assert(io.open(paths.root .. "/" .. name, "rb"))
  local text = f:read "a"
  f:close()
  return text
end

local doc = read "runtime/wire/PROTOCOL.md"

--- The bytes of the example, by sender, in the order of the page.
local function example()
  local turns = {}
  for line in doc:match("```frames\n(.-)```"):gmatch "[^\n]+" do
    local who, digits = line:match "^([<> ])([%x ]+)"
    if who ~= " " then turns[#turns + 1] = { who = who, bytes = "" } end
    turns[#turns].bytes = turns[#turns].bytes .. probe.unhex((digits:gsub(" ", "")))
  end
  return turns
end

describe("the example of PROTOCOL.md", function()
  local turns = example()
  local sent = { [">"] = "", ["<"] = "" }
  for _, turn in ipairs(turns) do sent[turn.who] = sent[turn.who] .. turn.bytes end

  it("is what the C encoder writes", function()
    local seal = frames.seal(1, { '{"n":1}', '{"n":2}' })
    local answers = probe.run("wireprobe", {
      ("encode hello 1 1 268435456 %s %s %s 1 %s"):format(hex "counter", hex "1.0", hex "by hand", hex "count"),
      "encode configure 0 1 1048576",
      ("encode request 1 1 %s %s"):format(hex "count", hex '{"to":2}'),
      "encode raw 1 16 1 0 " .. hex "rows",
      "encode raw 1 17 1 0 " .. hex '{"n":1}',
      "encode raw 1 17 1 1 " .. hex '{"n":2}',
      ("encode summary 1 0 1500000 none 1:2:14:%x"):format(seal.checksum),
      "encode plain 1 23", "encode plain 0 6",
    })
    assert.equal(hex(frames.magic), hex(turns[1].bytes))
    assert.equal(#answers + 1, #turns)
    for i, answer in ipairs(answers) do assert.equal(answer[1][2], hex(turns[i + 1].bytes)) end
  end)

  it("is what the runner's half accepts and answers", function()
    local worker = sent[">"]
    local hello_end = #frames.magic + frames.header_size + frames.read(worker, #frames.magic + 1).length
    local answers = probe.run("sessionprobe", {
      "session 1048576 strict 0", "feed " .. hex(worker:sub(1, hello_end)),
      ("request 1 rows %s %s 0 0 0"):format(hex "count", hex '{"to":2}'),
      "feed " .. hex(worker:sub(hello_end + 1)), "shutdown", "sent",
    })
    assert.same({ "row rows 0 " .. hex '{"n":1}' .. " object", "row rows 1 " .. hex '{"n":2}' .. " object", "done summary whole" },
      { answers[4][1].line, answers[4][2].line, answers[4][3].line })
    assert.equal(hex(sent["<"]), answers[6][1][2])
  end)

  it("gives the checksums after each row", function()
    local first = xxh3('{"n":1}', 0)
    assert.is_truthy(doc:find(("0x%016x"):format(first), 1, true))
    assert.is_truthy(doc:find(("0x%016x"):format(xxh3('{"n":2}', first)), 1, true))
  end)
end)

describe("PROTOCOL.md", function()
  local header = read "runtime/wire/frame.h"

  it("lists every kind of frame, and no other", function()
    local ours, theirs = {}, {}
    for code, name, sender, ids in read("runtime/wire/kinds.h"):gmatch "X%([%u_]+, (%d+), ([%l_]+), (%u+), [%u_]+, (%u+)%)" do
      ours[name] = { code, sender:lower(), ids ~= "NONE" }
    end
    for code, name, sender, request in doc:gmatch "\n| (%d+) | ([%l_]+) | (%l+) | ([^|]+) |" do
      theirs[name] = { code, sender, request ~= "0" }
    end
    assert.same(ours, theirs)
    for name, code in pairs(frames.kinds) do assert.equal(ours[name][1], tostring(code)) end
    for name in pairs(ours) do assert.is_not_nil(frames.kinds[name], name) end
  end)

  it("describes every kind", function()
    for name, code in pairs(frames.kinds) do
      assert.is_truthy(doc:find(("\n### [^\n]*%d %s"):format(code, name)), name)
    end
  end)

  it("names every feature", function()
    local features = read "runtime/wire/feature.h"
    assert.is_truthy(features:find("#define SL_FEATURES(X)", 1, true))
    for name in features:match("#define SL_FEATURES%(X%).-enum"):gmatch 'X%([%u_]+, "([%l%d_-]+)"%)' do
      assert.is_truthy(doc:find("`" .. name .. "`", 1, true), name)
    end
  end)

  it("lists every kind of error that a worker may report, and no other", function()
    local ours, theirs = {}, {}
    for name, who in read("runtime/base/error.h"):gmatch 'X%([%u_]+, "([%l_]+)", %d+, (%u+)%)' do
      if who == "ANYONE" then ours[name] = true end
    end
    for name in doc:match("A worker reports one of these kinds(.-)Details that are"):gmatch "\n| `([%l_]+)` |" do theirs[name] = true end
    assert.same(ours, theirs)
    assert.is_true(ours.export_failed)
  end)

  it("lists every detail of a failure", function()
    local list = doc:match "Details that are numbers: (.-)Unknown"
    for name in read("runtime/base/error.h"):match("#define SL_DETAIL_NUMBERS.-enum sl_detail"):gmatch 'X%([%u_]+, "([%l_]+)"%)' do
      assert.is_truthy(list:find("`" .. name .. "`", 1, true), name)
    end
  end)

  it("gives the limits of the code", function()
    local ledger, message, decoder = read "runtime/wire/ledger.h", read "runtime/wire/message.h", read "runtime/wire/decoder.h"
    assert.matches("SL_FRAME_CAP_FLOOR %(64u %* 1024%)", header)
    assert.matches("SL_FRAME_CAP_DEFAULT %(1024u %* 1024%)", header)
    assert.matches("SL_FRAME_CAP_CEILING %(256u %* 1024 %* 1024%)", header)
    assert.matches("SL_PREAMBLE_LIMIT %(64u %* 1024%)", decoder)
    assert.matches("SL_STREAM_LIMIT 1024", ledger)
    assert.matches("SL_STREAM_NAME_LIMIT 255", ledger)
    assert.matches("SL_EXPORT_LIMIT 4096", message)
    assert.matches("SL_FEATURE_LIMIT 64", message)
    assert.matches("SL_FEATURE_NAME_LIMIT 64", message)
    for _, words in ipairs { "at most 4096", "at most 64", "1 to 64 bytes", "up to 1024", "1 to 255 bytes", "up to 64 KiB", "above 256 MiB", "to 1 MiB" } do
      assert.is_truthy(doc:find(words, 1, true), words)
    end
  end)
end)
