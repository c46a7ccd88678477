--- runtime/schema/regex.c and formats.c, through the types that use them.
local schema = require "sluice.schema"

local function each(declare, table_of)
  for name, texts in pairs(table_of) do
    local declared = declare(name)
    for _, text in ipairs(texts.yes) do assert.is_true(declared:check(text), ("%s: %q"):format(name, text)) end
    for _, text in ipairs(texts.no) do assert.is_nil((declared:check(text)), ("%s: %q"):format(name, text)) end
  end
end

local function regex(pattern) return schema.string { regex = pattern } end

describe("a regular expression", function()
  it("matches characters, classes and escapes", function()
    each(regex, {
      ["^a.c$"] = { yes = { "abc", "aéc", "a😀c" }, no = { "ac", "a\nc", "a\u{2028}c", "abbc" } },
      ["^[a-c\\d_]+$"] = { yes = { "a1_", "c" }, no = { "", "d", "a-b" } },
      ["^[^a-c]$"] = { yes = { "d", "é", "😀", "\n" }, no = { "a", "", "dd" } },
      ["^[]$"] = { yes = {}, no = { "", "a" } },
      ["^[^]$"] = { yes = { "a", "\n" }, no = { "" } },
      ["^[\\]\\-^]$"] = { yes = { "]", "-", "^" }, no = { "\\" } },
      ["^[a-]$"] = { yes = { "a", "-" }, no = { "b" } },
      ["^[α-ω]+$"] = { yes = { "αβγ" }, no = { "abc", "Α" } },
      ["^\\d\\D\\w\\W\\s\\S$"] = { yes = { "1a_! x", "1aa-\u{3000}é" }, no = { "1a_!xx" } },
      ["^[^\\W]$"] = { yes = { "a" }, no = { "-" } },
      ["^\\t\\n\\r\\f\\v\\0$"] = { yes = { "\t\n\r\f\v\0" }, no = { "" } },
      ["^\\x41\\u0042\\u{1F600}\\ud83d\\ude00\\cJ$"] = { yes = { "AB😀😀\n" }, no = { "AB" } },
      ["^\\.\\*\\/\\$\\^\\|\\(\\)\\{\\}$"] = { yes = { ".*/$^|(){}" }, no = { "x" } },
      ["é+"] = { yes = { "caféé" }, no = { "cafe" } },
    })
  end)

  it("repeats, chooses and groups", function()
    each(regex, {
      ["^a*$"] = { yes = { "", "aaa" }, no = { "b" } },
      ["^a+b?$"] = { yes = { "a", "aab" }, no = { "", "b", "abb" } },
      ["^a{2}$"] = { yes = { "aa" }, no = { "a", "aaa" } },
      ["^a{2,}$"] = { yes = { "aa", "aaaaa" }, no = { "a" } },
      ["^a{1,3}$"] = { yes = { "a", "aaa" }, no = { "", "aaaa" } },
      ["^a{0}b$"] = { yes = { "b" }, no = { "ab" } },
      ["^(ab|c)*d$"] = { yes = { "d", "abcabd" }, no = { "abc", "ad" } },
      ["^(?:a|b|cd)$"] = { yes = { "a", "b", "cd" }, no = { "c", "ab" } },
      ["^(a|)$"] = { yes = { "a", "" }, no = { "aa" } },
      ["^((a|b)(c|d)){2}$"] = { yes = { "acbd" }, no = { "ac", "acb" } },
      ["^a|b$"] = { yes = { "axx", "xxb" }, no = { "xax" } },
      ["a+?b*?$"] = { yes = { "xab" }, no = { "xb" } },
      ["(^a|^b)c"] = { yes = { "ac", "bcx" }, no = { "xac" } },
      ["(a*)*$"] = { yes = { "", "b" }, no = {} },
      ["x$|^$"] = { yes = { "", "ax" }, no = { "xa" } },
      [""] = { yes = { "", "x" }, no = {} },
    })
  end)

  it("takes time in proportion to the text", function()
    local began = os.clock()
    assert.is_nil((regex("^(a*)*(a|aa)+(a?){50}b$"):check(("a"):rep(20000))))
    assert.is_nil((regex("(x+x+)+y"):check(("x"):rep(20000))))
    assert.is_true(os.clock() - began < 20)
  end)

  it("is refused when it is malformed, too large, or not regular", function()
    for pattern, why in pairs {
      ["a("] = "%( without", ["a)"] = "%) without", ["[a"] = "%[ without", ["*a"] = "nothing to repeat",
      ["a**"] = "nothing to repeat", ["a{2,1}"] = "out of order", ["a{x}"] = "without numbers", ["a{2"] = "without numbers",
      ["a\\"] = "backslash", ["\\b"] = "cannot be used", ["\\1"] = "cannot be used", ["\\p{L}"] = "cannot be used",
      ["(?=a)"] = "look%-around", ["(?<n>a)"] = "named", ["[b-a]"] = "range", ["]"] = "bracket", ["a}"] = "bracket",
      ["a{5000}"] = "too often", ["(a{500}){500}"] = "too large", [("("):rep(200)] = "too deep", ["\\u12"] = "hexadecimal",
      ["\\u{110000}"] = "code point", ["\\01"] = "octal", ["[\\d-z-a]"] = "range",
    } do
      local ok, err = pcall(regex, pattern)
      assert.is_false(ok, pattern)
      assert.matches(why, err, pattern)
    end
  end)
end)

describe("a format", function()
  it("is asserted", function()
    each(function(name) return schema.string { format = name } end, {
      date = { yes = { "2024-02-29", "0000-01-01", "1900-02-28" }, no = { "1900-02-29", "2024-13-01", "2024-00-10", "2024-04-31", "24-01-01", "2024-1-1", "2024-01-01T", "" } },
      time = {
        yes = { "00:00:00Z", "23:59:60Z", "15:59:60-08:00", "12:00:00.123456789+05:30", "01:02:03z" },
        no = { "24:00:00Z", "12:00:00", "12:00Z", "12:60:00Z", "22:59:60Z", "12:00:00.Z", "12:00:00+24:00", "12:00:00+0100" },
      },
      ["date-time"] = {
        yes = { "2024-02-29T12:00:00Z", "2024-02-29t12:00:00.5+01:00", "1998-12-31T23:59:60Z" },
        no = { "2024-02-29 12:00:00Z", "2024-02-30T12:00:00Z", "2024-02-29T12:00:00", "2024-02-29", "2024-02-29T12:00:00ZZ" },
      },
      duration = {
        yes = { "P1Y", "P1Y2M3D", "PT1H", "PT1H2M3S", "P1DT1S", "P4W", "PT36H", "P0D" },
        no = { "P", "PT", "1Y", "P1Y2D", "P1W1D", "PT1D", "P1", "P-1D", "P1DT", "PT1H3S", "P1M1Y" },
      },
      email = {
        yes = { "a@b", "first.last+tag@example.org", '"odd one"@example.org', '"a\\"b"@x', "x@[127.0.0.1]", "x@[IPv6:::1]" },
        no = { "", "a", "@b", "a@", "a b@c", ".a@b", "a.@b", "a..b@c", "a@b..c", "a@-b", 'a"b@c', '"a"b"@c', "x@[127.0.0.300]", "é@x" },
      },
      hostname = {
        yes = { "a", "example.org", "xn--bcher-kva.de", "1.2.3", ("a"):rep(63), "a-b" },
        no = { "", "a.", ".a", "-a", "a-", "a_b", "a b", "é", ("a"):rep(64), (("a"):rep(63) .. "."):rep(4) .. "a" },
      },
      ipv4 = { yes = { "0.0.0.0", "255.255.255.255" }, no = { "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "0x1.2.3.4", "1.2.3.4\n", "1.2.3.4\0" } },
      ipv6 = { yes = { "::", "::1", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "fe80::A" }, no = { "1:2:3", "::1::", "12345::", "fe80::1%eth0", ":1", "1.2.3.4" } },
      uri = {
        yes = { "http://example.org/a?b=c#d", "urn:isbn:123", "mailto:a@b.c", "file:///x", "http://[::1]:80/", "http://u:p@h:1/%41", "x:" },
        no = { "//example.org", "/a", "a", "http://a b", "http://[::1", "http://h/%4", "1x:y", "http://h/<>", "http://é", "http://h:8a/", "a:b#c#d", "\\\\x" },
      },
      ["uri-reference"] = { yes = { "", "/a/b", "a?b", "#f", "//h/p", "http://h", "./a:b" }, no = { "a b", "\\", "%4", "1:2", "#a#b" } },
      uuid = {
        yes = { "2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2EB8AA08-AA98-11EA-B4AA-73B441D16380", "00000000-0000-0000-0000-000000000000" },
        no = { "2eb8aa08-aa98-11ea-b4aa-73b441d1638", "2eb8aa08aa9811eab4aa73b441d16380", "2eb8aa08-aa98-11ea-b4ga-73b441d16380" },
      },
      ["json-pointer"] = { yes = { "", "/", "/a/0", "/~0~1" }, no = { "a", "/~", "/~2" } },
    })
  end)

  it("of each name survives any bytes", function()
    math.randomseed(4711)
    local names = { "date", "time", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uri-reference", "uuid", "json-pointer" }
    local alphabet = "0129-:.TZPYMDHSW@[]/?#%aA\"\\~ \0é"
    for _, name in ipairs(names) do
      local declared = schema.string { format = name }
      for _ = 1, 2000 do
        local bytes = {}
        for i = 1, math.random(0, 24) do
          local at = math.random(#alphabet - 2)
          bytes[i] = alphabet:sub(at, at)
        end
        declared:check(table.concat(bytes))
      end
    end
  end)
end)
