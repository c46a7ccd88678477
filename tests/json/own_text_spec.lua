--- The text of a value, as a slice of the text that was parsed.
local probe = require("json.support").probe

local CASES = {
  { "1", { "1" } },
  { " \n19.990 ", { "19.990" } },
  { '"a\\"b\\\\"', { '"a\\"b\\\\"' } },
  { '{"a": 1.50, "b" :[ 1e2,-0.0 ,"x]"] , "c":{}}', {
    '{"a": 1.50, "b" :[ 1e2,-0.0 ,"x]"] , "c":{}}', "1.50", '[ 1e2,-0.0 ,"x]"]', "1e2", "-0.0", '"x]"', "{}" } },
  { '[18446744073709551615,1e400,true,null,[],[[0.12345678901234567890123]]]', {
    '[18446744073709551615,1e400,true,null,[],[[0.12345678901234567890123]]]', "18446744073709551615", "1e400", "true",
    "null", "[]", "[[0.12345678901234567890123]]", "[0.12345678901234567890123]", "0.12345678901234567890123" } },
  { '{"\\\\":"\\\\","a\\"":"\\\\\\"","":""}', { '{"\\\\":"\\\\","a\\"":"\\\\\\"","":""}', '"\\\\"', '"\\\\\\""', '""' } },
  { '{"a":1,"a":2}', { '{"a":1,"a":2}', "1", "2" } },
}

describe("the own text of a value", function()
  for _, case in ipairs(CASES) do
    it("is that of each in " .. case[1]:gsub("%s", " "), function()
      local texts, others = probe.own_texts(case[1])
      assert.same(case[2], texts)
      assert.equal(0, others)
    end)
  end

  it("is found in long texts", function()
    local parts, want = {}, {}
    for i = 1, 300 do
      want[i] = ("%d.%d0"):format(i, i)
      parts[i] = ('{"n":%s,"s":"%s"}'):format(want[i], ("\\\\\\\""):rep(i % 7))
    end
    local texts, others = probe.own_texts("[" .. table.concat(parts, ", ") .. "]")
    for i = 1, 300 do assert.equal(want[i], texts[3 * i]) end
    assert.equal(0, others)
  end)
end)
