--- The room compared with other JSON libraries, on generated documents.
local support = require "json.support"
local cjson = require "cjson"
local json, canonical = support.json, support.canonical

local function documents(seed, count, wild)
  local random, texts = support.random(seed), {}
  for i = 1, count do texts[i] = support.document(random, wild) end
  return texts
end

--- A document with some bytes changed, deleted, duplicated or moved.
local function mutated(random, text)
  local pieces = { '"', "\\", ",", ":", "[", "]", "{", "}", "0", "-", ".", "e", "E", "+", " ", "\n", "\0", "\f", "\x80",
                   "\xff", "\xed\xa0\x80", "\xc3\xa9", "/", "t", "null", "\\u", "\\ud800", "NaN", "1e999", "\u{feff}" }
  for _ = 1, random(3) do
    local i = random(#text + 1)
    local cut = random(3) - 1
    text = text:sub(1, i - 1) .. (random(4) > 1 and pieces[random(#pieces)] or "") .. text:sub(i + cut)
  end
  return text
end

local function same_as_python(texts)
  local answers, accepted = support.python(texts), 0
  assert.equal(#texts, #answers)
  for i, text in ipairs(texts) do
    for _, slowly in ipairs { false, true } do
      local ours = support.read(text, slowly) or "refused"
      assert(ours == answers[i], ("%q: %s, but Python says %s"):format(text, ours, answers[i]))
    end
    if answers[i] ~= "refused" then accepted = accepted + 1 end
  end
  return accepted
end

local function only_with(command, name, body)
  if support.has(command) then it(name, body) else pending(name .. " (no " .. command .. " here)") end
end

describe("generated documents", function()
  only_with("python3", "mean the same to Python, extremes and duplicate keys included", function()
    assert.equal(3000, same_as_python(documents(1, 3000, true)))
  end)

  only_with("python3", "are refused when Python refuses them, broken ones", function()
    local random, texts = support.random(2), {}
    for i = 1, 6000 do texts[i] = mutated(random, support.document(random, i % 2 == 0)) end
    local accepted = same_as_python(texts)
    assert.is_true(accepted > 500 and accepted < 5500)
  end)

  only_with("python3", "are read back by Python from what the room wrote", function()
    local texts, values = {}, {}
    for _, text in ipairs(documents(3, 2000, true)) do
      local written = json.encode(json.decode(text)) -- nil for infinities
      if written then
        texts[#texts + 1] = written
        values[#values + 1] = canonical(json.decode(text))
      end
    end
    assert.is_true(#texts > 1500)
    for i, answer in ipairs(support.python(texts)) do assert(answer == values[i], texts[i]) end
  end)

  only_with("jq", "mean the same to jq, which knows doubles only", function()
    local texts, lines = documents(4, 2000, false), {}
    for i, text in ipairs(texts) do lines[i] = support.probe.line(text) end
    local function loosely(text)
      return (canonical(json.decode(text)):gsub("d%-0(%D)", "i0%1"):gsub("d(%-?%d+)([,%]}])", "i%1%2"))
    end
    local answers = support.filter("jq -c .", lines)
    assert.equal(#texts, #answers)
    for i, answer in ipairs(answers) do
      assert(loosely(answer) == loosely(texts[i]), ("%q: jq says %s"):format(texts[i], answer))
    end
  end)

  it("mean the same to lua-cjson, except for its known differences", function()
    local function same(ours, theirs)
      if type(ours) ~= "table" or type(theirs) ~= "table" then return ours == theirs end
      for k, v in pairs(ours) do if not same(v, theirs[k]) then return false end end
      for k in pairs(theirs) do if ours[k] == nil then return false end end
      return true
    end
    for _, text in ipairs(documents(5, 2000, false)) do
      assert(same(json.decode(text), cjson.decode(text)), text)
    end
  end)

  it("mean the same to both readers, field by field", function()
    local fast, slow = support.probe.parser(), support.probe.parser()
    local random = support.random(6)
    for _ = 1, 1000 do
      local text = '{"kind":' .. support.document(random, true) .. ',"line":7,"kind":' .. support.document(random, true) .. "}"
      assert(fast:parse(text) and slow:parse_slowly(text))
      local _, whole = fast:value()
      local _, a = fast:field("kind")
      local _, b = slow:field("kind")
      assert(canonical(a) == canonical(b) and canonical(a) == canonical(whole.kind), text)
      assert.same(fast:children("/kind"), slow:children("/kind"))
    end
  end)
end)
