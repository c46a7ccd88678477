--- runtime/schema/regex.h and formats.c, through the types that use them.
local schema = require "sluice.schema"
local cases = require "schema.ecma_cases"

local function each(declare, table_of)
  for name, texts in pairs(table_of) do
    local declared = declare(name)
    for _, text in ipairs(texts.yes) do assert.is_true(declared:check(text), ("%s: %q"):format(name, text)) end
    for _, text in ipairs(texts.no) do assert.is_nil((declared:check(text)), ("%s: %q"):format(name, text)) end
  end
end

local function regex(pattern) return schema.string { regex = pattern } end

local function refuses(patterns)
  for pattern, why in pairs(patterns) do
    local ok, err = pcall(regex, pattern)
    assert.is_false(ok, pattern)
    assert.matches(why, err, pattern)
  end
end

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

  it("supports repetition, alternatives and groups", function()
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

  it("agrees with ECMA-262 in every case", function()
    for _, case in ipairs(cases) do
      local pattern, text, matches = table.unpack(case)
      assert.equal(matches, regex(pattern):check(text) == true, ("%s on %q"):format(pattern, text))
    end
  end)

  it("knows every general category and script by its long and its short name", function()
    for names, text in pairs {
      ["L Letter"] = "a", ["M Mark"] = "\u{301}", ["N Number"] = "1", ["P Punctuation"] = "!", ["S Symbol"] = "+",
      ["Z Separator"] = " ", ["Zl Line_Separator"] = "\u{2028}", ["So Other_Symbol"] = "©", ["Pi Initial_Punctuation"] = "«",
      ["sc=Arab Script=Arabic"] = "ع", ["sc=Hebr Script=Hebrew"] = "ש", ["sc=Yiii Script=Yi"] = "ꀀ",
      ["sc=Zyyy Script=Common"] = "1", ["sc=Egyp Script=Egyptian_Hieroglyphs"] = "𓀀",
    } do
      for name in names:gmatch "%S+" do
        assert.is_true(regex("^\\p{" .. name .. "}$"):check(text), name)
        assert.is_nil((regex("^\\P{" .. name .. "}$"):check(text)), name)
        assert.is_nil((regex("^[^\\p{" .. name .. "}]$"):check(text)), name)
      end
    end
  end)

  it("can repeat more than 1,000 times, even with nested counts", function()
    local nested = regex "^(?:(?:ab?){40,50}){40,50}$"
    for n, fits in pairs { [1599] = false, [1600] = true, [2500] = true, [2501] = false } do
      assert.equal(fits, nested:check(("a"):rep(n)) == true, n)
    end
    assert.is_true(regex("^(?:a{2,}){600,}$"):check(("a"):rep(1200)))
    assert.is_nil((regex("^(?:a{2,}){600,}$"):check(("a"):rep(1199))))
    assert.is_true(regex("^.{0,5000}$"):check(("é"):rep(5000)))
    assert.is_nil((regex("^.{0,5000}$"):check(("é"):rep(5001))))
  end)

  it("counts a lone surrogate of a row as one character", function()
    assert.is_table((schema.record { a = regex "^\\udc00[\\ud800-\\udbff]$" }:decode [[{"a":"\uDC00\uDBFF"}]]))
    assert.is_table((schema.record { a = regex "^.$" }:decode [[{"a":"\uD83D"}]]))
    assert.is_table((schema.record { a = regex "^[^a]b.$" }:decode [[{"a":"\uDE00b\uD83D"}]]))
    assert.is_nil((schema.record { a = regex "\\ud83d" }:decode [[{"a":"\uD83D\uDE00"}]]))
  end)

  it("takes time linear in the text", function()
    local began = os.clock()
    assert.is_nil((regex("^(a*)*(a|aa)+(a?){50}b$"):check(("a"):rep(20000))))
    assert.is_nil((regex("(x+x+)+y"):check(("x"):rep(20000))))
    assert.is_nil((regex("^(a*)*b"):check(("a"):rep(100000))))
    assert.is_nil((regex("^(a|aa)+$"):check(("a"):rep(100000) .. "b")))
    assert.is_nil((regex("(a?){2000}a{2000}c"):check(("a"):rep(20000))))
    assert.is_true(os.clock() - began < 20)
  end)

  it("is refused if it is malformed, too large, or not regular", function()
    refuses {
      ["a("] = "%( without", ["a)"] = "%) without", ["[a"] = "%[ without", ["*a"] = "nothing to repeat",
      ["a**"] = "nothing to repeat", ["a{2,1}"] = "out of order", ["a{x}"] = "without numbers", ["a{2"] = "without numbers",
      ["a\\"] = "backslash", ["[\\"] = "backslash", ["\\1"] = "the back reference \\1 cannot be used", ["(?=a)"] = "look%-around",
      ["[b-a]"] = "range", ["]"] = "bracket", ["a}"] = "bracket", ["(a{500}){500}"] = "too large",
      [("("):rep(200)] = "too deep", ["\\u12"] = "hexadecimal", ["\\x4"] = "hexadecimal", ["\\u{110000}"] = "code point",
      ["\\u{}"] = "code point", ["\\01"] = "octal", ["[\\d-z-a]"] = "range", ["[a-\\d]"] = "range", ["[\\d-z]"] = "range",
      ["^*"] = "nothing to repeat", ["\\b+"] = "nothing to repeat", ["a{,3}"] = "without numbers", ["\xff"] = "UTF%-8",
      ["a{99999999999999999999}"] = "too large", ["\\p{L}{5000}"] = "too large: it would take more than 8 MiB",
    }
  end)

  it("is refused by name if it is not ECMA-262, or not supported", function()
    refuses {
      ["a(?=b)"] = "lookahead cannot be used, like all look%-around: write what may occur there, at character 2 of: a%(%?=b%)",
      ["(?!b)"] = "lookahead cannot", ["(?<=b)"] = "lookbehind cannot", ["(?<!b)"] = "lookbehind cannot",
      ["(?<n>a)\\k<n>"] = "the back reference \\k cannot be used", ["(a)\\1"] = "the back reference \\1 cannot be used",
      ["(?<n>a)(?<n>b)"] = "two groups are named n", ["(?<1>a)"] = "a group's name", ["(?<>a)"] = "a group's name",
      ["(?<n"] = "a group's name", ["(?i)a"] = "a group begins with", ["(?i:a)"] = "a group begins with",
      ["(?P<n>a)"] = "a group begins with", ["(?#a)"] = "a group begins with", ["(?s:.)"] = "a group begins with",
      ["é\\Ab"] = "\\A is not an escape of ECMA%-262, at character 2", ["\\z"] = "\\z is not", ["\\Z"] = "\\Z is not",
      ["\\Qa\\E"] = "\\Q is not", ["\\C"] = "\\C is not", ["\\a"] = "\\a is not", ["\\G"] = "\\G is not", ["[\\B]"] = "\\B is not",
      ["\\-"] = "\\%- is not an escape of ECMA%-262, here: leave out the backslash", ["\\é"] = "\\é is not", ["\\c1"] = "\\c is not",
      ["[[:alpha:]]"] = "an unmatched bracket: write \\%] for the character, at character 11",
      ["\\pL"] = "\\p takes a property in braces", ["\\p{L"] = "\\p takes a property in braces",
      ["\\p{Greek}"] = "\\p{Greek} cannot be used: general categories .*scripts", ["\\P{Alphabetic}"] = "\\P{Alphabetic} cannot",
      ["\\p{Emoji}"] = "\\p{Emoji} cannot", ["\\p{scx=Greek}"] = "\\p{scx=Greek} cannot", ["\\p{sc=L}"] = "\\p{sc=L} cannot",
      ["\\p{letter}"] = "\\p{letter} cannot", ["\\p{^L}"] = "\\p{%^L} cannot", ["\\p{}"] = "\\p{} cannot", ["\\p{gc=}"] = "\\p{gc=} cannot",
      ["[a\\p{C}]"] = "\\p{C} cannot be used in brackets with others", ["[^a\\P{LC}]"] = "\\P{LC} cannot be used in brackets",
    }
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

  it("of every name survives arbitrary bytes", function()
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
