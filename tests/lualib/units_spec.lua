--- sluice.units: durations and sizes in human-readable form.
local units = require "sluice.internal.units"

describe("a duration", function()
  it("is read with its unit", function()
    assert.equal(500, units.duration "500ms")
    assert.equal(30000, units.duration "30s")
    assert.equal(600000, units.duration "10m")
    assert.equal(3600000, units.duration "1h")
    assert.equal(86400000, units.duration "1d")
  end)

  it("may have a fraction, and is never rounded down to zero", function()
    assert.equal(1500, units.duration "1.5s")
    assert.equal(1, units.duration "0.1ms")
  end)

  it("is in seconds if it is a bare number", function()
    assert.equal(30000, units.duration "30")
    assert.equal(30000, units.duration(30))
    assert.equal(250, units.duration(0.25))
  end)

  it("may be 0, unless it has to be positive", function()
    assert.equal(0, units.duration "0")
    assert.is_nil((units.positive_duration "0s"))
    assert.equal(1, units.positive_duration "1ms")
  end)

  it("is refused with the expected form", function()
    for _, text in ipairs { "", "s", "30x", "-1s", "1..2s", "1e3s", "30 s s", "nan", "inf" } do
      local ms, expected = units.duration(text)
      assert.is_nil(ms, text)
      assert.equal("a duration such as 30s, 500ms or 10m", expected)
    end
  end)

  it("is refused beyond the range of a timer", function()
    assert.equal(20000 * 86400000, units.duration "20000d")
    assert.same({ nil, "at most 20000d" }, { units.duration "20001d" })
    assert.same({ nil, "at most 20000d" }, { units.positive_duration "20001d" })
  end)

  it("is refused if it is not a valid number", function()
    for _, value in ipairs { -1, 0 / 0, math.huge, true, {}, print } do
      assert.is_nil((units.duration(value)))
    end
  end)
end)

describe("a size", function()
  it("is read with binary and decimal units", function()
    assert.equal(65536, units.size "64KiB")
    assert.equal(1048576, units.size "1MiB")
    assert.equal(10000000, units.size "10MB")
    assert.equal(1073741824, units.size "1GiB")
    assert.equal(512, units.size "512B")
  end)

  it("is in bytes if it is a bare number", function()
    assert.equal(4096, units.size "4096")
    assert.equal(4096, units.size(4096))
  end)

  it("is always an integer", function()
    assert.equal("integer", math.type(units.size "1.5KiB"))
  end)

  it("is refused if the unit is ambiguous", function()
    local bytes, expected = units.size "64K"
    assert.is_nil(bytes)
    assert.equal("a size such as 64KiB, 1MiB or 10MB", expected)
  end)
end)

describe("for display,", function()
  it("counts are grouped by thousands", function()
    assert.equal("0", units.show_count(0))
    assert.equal("999", units.show_count(999))
    assert.equal("1,204", units.show_count(1204))
    assert.equal("100,000", units.show_count(100000))
    assert.equal("1,234,567", units.show_count(1234567))
  end)

  it("sizes have at most one decimal", function()
    assert.equal("0 B", units.show_size(0))
    assert.equal("1023 B", units.show_size(1023))
    assert.equal("1 KiB", units.show_size(1024))
    assert.equal("1.5 MiB", units.show_size(1.5 * 1024 * 1024))
    assert.equal("2048 TiB", units.show_size(2 ^ 51))
  end)

  it("durations have a precision that fits their length", function()
    assert.equal("4 ms", units.show_duration(0.0042))
    assert.equal("0.8 s", units.show_duration(0.83))
    assert.equal("10 s", units.show_duration(9.97))
    assert.equal("12 s", units.show_duration(12.3))
    assert.equal("1 min 0 s", units.show_duration(59.7))
    assert.equal("2 min 5 s", units.show_duration(125))
    assert.equal("1 h 2 min", units.show_duration(3720))
  end)

  it("a clock shows minutes, and hours if there are any", function()
    assert.equal("0:07", units.show_clock(7.9))
    assert.equal("1:15", units.show_clock(75))
    assert.equal("2:00:01", units.show_clock(7201))
  end)
end)
