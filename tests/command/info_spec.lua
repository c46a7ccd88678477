--- sluice info: what a worker offers, and what its doctor finds.
local json = require "cjson"
local shell = require "support.shell"

after_each(shell.forget)

--- Runs info on a worker whose doctor has this body.
local function info(doctor, ...)
  local worker = shell.file(('return { name = "w", version = "1", exports = { a = print }, calls = { %s } }')
    :format(doctor and "doctor = function() " .. doctor .. " end" or ""), "w.lua")
  local words = { "info", ... }
  table.move({ "--", worker }, 1, 2, #words + 1, words)
  return shell.sluice(words)
end

local FINDINGS = [[return {
  { severity = "error", code = "cache", message = "cannot write /var/cache: Permission denied", hint = "chmod u+w /var/cache" },
  { severity = "info", code = "old", message = "a \27[31mred\27[0m\nline", hint = require "sluice.json".null },
}]]

it("shows the findings", function()
  local result = info(FINDINGS)
  assert.equal(0, result.status, result.err)
  assert.equal([[
w 1
exports:
  a       rows
  doctor  call
rows up to 1 MiB; sluice, protocol 1
doctor:
  error    cache: cannot write /var/cache: Permission denied
           hint: chmod u+w /var/cache
  info     old: a \x1B[31mred\x1B[0m\nline
]], result.out)
end)

it("prints JSON as well", function()
  local told = json.decode(info(FINDINGS, "--as", "json").out)
  assert.same({ severity = "error", code = "cache", message = "cannot write /var/cache: Permission denied", hint = "chmod u+w /var/cache" }, told.doctor[1])
  assert.equal(2, #told.doctor)
  assert.is_nil(told.doctor[2].hint)
end)

it("prints that nothing was found, or omits a missing doctor", function()
  assert.truthy(info('return require "sluice.json".array {}').out:find "\ndoctor: no findings\n$")
  assert.same({}, json.decode(info('return require "sluice.json".array {}', "--as", "json").out).doctor)
  local result = info(nil)
  assert.equal(0, result.status)
  assert.falsy(result.out:find "doctor")
  assert.is_nil(json.decode(info(nil, "--as", "json").out).doctor)
end)

it("fails, but prints the rest, if the doctor fails or returns something invalid", function()
  local result = info('error "no luck"')
  assert.equal(1, result.status)
  assert.truthy(result.out:find "^w 1\n")
  assert.truthy(result.err:find("no luck", 1, true))
  for _, other in ipairs { "return 5", "return { a = 1 }",
    'return { { severity = "bad", code = "c", message = "m" } }', 'return { { severity = "info", code = 5, message = "m" } }' } do
    result = info(other)
    assert.equal(1, result.status)
    assert.truthy(result.err:find("export_failed: the call doctor: expected a list of { \"severity\":", 1, true), result.err)
  end
end)

it("limits the doctor's time", function()
  local result = info("while true do end", "--timeout", "200ms")
  assert.equal(124, result.status, result.err)
end)
