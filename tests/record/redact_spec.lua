--- Strings of a recording that are replaced by others of the same shape.
local cutting = require "support.cutting"
local json = require "cjson"
local shell = require "support.shell"

local cut, refused, record_lines, filter, rows_of = cutting.cut, cutting.refused, cutting.record_lines, cutting.filter, cutting.rows_of
local lines_of = cutting.lines_of

local function shape(text)
  return (text:gsub("%u", "A"):gsub("%l", "a"):gsub("%d", "0"))
end

local function redacted(lines, ...)
  return rows_of(cut(record_lines(lines), ...))
end

describe("redacted strings", function()
  after_each(shell.forget)

  it("keep shape and length; equal strings stay equal, and different ones different", function()
    math.randomseed(tonumber(os.getenv "SEED") or 11)
    local texts, lines = {}, {}
    for i = 1, 10000 do
      local kind = i % 5
      texts[i] = kind == 0 and ("%d"):format(i // 5) or kind == 1 and ("u%04d@example.org"):format(i // 5)
        or kind == 2 and ("%s-%d"):format(string.char(65 + i % 26, 65 + i // 26 % 26, 97 + i // 676 % 26), i % 10)
        or kind == 3 and ("Zoë %d Łukasz %s"):format(i, utf8.char(0x4E00 + i % 5000, 0x1D504 + i % 20, 0x3B1 + i % 20))
        or ("plain text, number %d"):format(i % 50)
      lines[i] = json.encode { n = i, s = texts[i] }
    end
    local rows = redacted(lines, "--redact", "/s")
    assert.equal(10000, #rows)
    local forth, back, changed = {}, {}, 0
    for i, row in ipairs(rows) do
      local value = json.decode(row)
      assert.equal(i, value.n)
      local was, is = texts[i], value.s
      assert.is_true(utf8.len(is) == utf8.len(was) and #is == #was, was .. " " .. is)
      assert.equal(shape(was):gsub("[\x80-\xff]+", "x"), (shape(is):gsub("[\x80-\xff]+", "x")))
      assert.is_true((forth[was] or is) == is and (back[is] or was) == was, was .. " " .. is)
      forth[was], back[is] = is, was
      changed = changed + (is ~= was and 1 or 0)
    end
    assert.is_true(changed > 9900, changed)
  end)

  it("of one place use all that their shape allows", function()
    local lines, seen = {}, {}
    for i = 0, 9 do lines[#lines + 1] = ('"%d"'):format(i) end
    for c = 97, 122 do lines[#lines + 1] = ('"%s"'):format(string.char(c)) end
    for i = 0, 99 do lines[#lines + 1] = ('"<%02d>"'):format(i) end
    local rows = redacted(lines, "--redact", "")
    for i, row in ipairs(rows) do
      assert.equal(shape(lines[i]), shape(row))
      assert.is_nil(seen[row])
      seen[row] = true
    end
    assert.equal(136, #rows)
  end)

  it("differ in each copy", function()
    local path = record_lines { '"The quick brown fox"' }
    local one, other = rows_of(cut(path, "--redact", ""))[1], rows_of(cut(path, "--redact", ""))[1]
    assert.is_true(one ~= other)
  end)

  it("may be escaped, and the same string with other escapes becomes the same", function()
    local rows = redacted({ [["a\/b\n\"Z9\u00e9\u0041 \ud835\udd04\\"]], [["\u0061/\u0062\u000a\u0022\u005a9é\u0041 𝔄\\"]], [["\ud800 x"]] }, "--redact", "")
    assert.matches([[^"%l\/%l\n\"%u%d\u%x%x%x%x\u00[45]%x \ud8%x%x\ud[cdef]%x%x\\"$]], rows[1])
    assert.equal(json.decode("[" .. rows[1] .. "]")[1], json.decode("[" .. rows[2] .. "]")[1])
    assert.equal(#[["\u0061/\u0062\u000a\u0022\u005a9é\u0041 𝔄\\"]], #rows[2])
    assert.matches([[^"\ud800 %l"$]], rows[3])
  end)

  it("are those at the pointers, and nothing else of a row changes", function()
    local line = [[ {"user": {"name":"Ann Lee", "tags":["ab","cd",{"ab":"ef"}], "age": 41,"on":true,"no":null}, "x/y":"gh", "m~n":{"":"ij"}, "l":["kl","mn"], "name":"op"} ]]
    local path = record_lines { line }
    local function shown(text, places)
      for _, place in ipairs(places) do
        local from = assert(line:find('"' .. place .. '"', 1, true)) + 1
        local part = text:sub(from, from + #place - 1)
        text = text:sub(1, from - 1) .. shape(part) .. text:sub(from + #place)
      end
      return text
    end
    local function same_but(places, ...)
      local row = rows_of((cut(path, ...)))[1]
      assert.equal(shown(line, places), shown(row, places))
      assert.is_true(row ~= line)
    end
    same_but({ "Ann Lee" }, "--redact", "/user/name")
    same_but({ "gh", "ij" }, "--redact", "/x~1y", "--redact", "/m~0n/")
    same_but({ "mn" }, "--redact", "/l/1")
    same_but({ "op" }, "--redact", "/name")
    same_but({ "Ann Lee", "ab", "cd", "ef" }, "--redact", "/user", "--redact", "/user/name")
  end)

  it("are counted, and so are other values at their place", function()
    local path = record_lines { '{"a":["x",1,null],"b":"y"}', '{"a":true,"b":2}' }
    local _, said = cut(path, "--redact", "/a", "--redact", "/b")
    assert.matches("kept 2 of 2 rows; replaced 2 strings, and 4 values at those places, which are not strings, stay", said, 1, true)
    assert.matches("Copied unchanged: 1 request", said, 1, true)
  end)

  it("must exist", function()
    local path = record_lines { '{"user":{"name":"x"},"id":7}' }
    assert.matches("--redact /user/nmae: no row that was kept has a string there; did you mean name?",
      refused(2, path, "--redact", "/user/name", "--redact", "/user/nmae"), 1, true)
    assert.matches("--redact /id: no row that was kept has a string there, but 1 other value", refused(2, path, "--redact", "/id"), 1, true)
    cut(path, "--rows", "5-", "--redact", "/nothing") -- without a row there is no secret
  end)

  it("in duplicate fields are all replaced", function()
    local rows = redacted({ '{"a":"Secret","a":"Hidden"}' }, "--redact", "/a")
    assert.is_nil(rows[1]:find "Secret")
    assert.is_nil(rows[1]:find "Hidden")
  end)

  it("do not remain in bad lines", function()
    local path = record_lines({ '{"a":"x"}', "{Secret", '{"a":"y"}' }, "--bad-lines", "reject")
    local to = cut(path, "--redact", "/a")
    local dropped = filter(to, "--bad-lines", "drop")
    assert.equal(0, dropped.status)
    assert.equal(2, #lines_of(dropped.out))
    local failed = filter(to)
    assert.equal(3, failed.status)
    assert.matches("row_malformed: line 2", failed.err, 1, true)
    assert.is_nil(failed.err:find "Secret")
  end)
end)
