--- Warnings about probable mistakes in expressions, given after a run: names that no row had,
--- comparisons with a constant result, array indices that begin at 0.
local core = require "sluice.core"
local suggest = require "sluice.internal.suggest"

--- 'no row had a field "nmae"; did you mean "name"? seen: name, line'
---@param seen string[]
local function of_absent(name, seen)
  local hint = suggest.hint(name, seen):gsub("mean (.-)%?", 'mean "%1"?')
  local list = #seen > 0 and (hint == "" and "; seen: " or " seen: ") .. table.concat(seen, ", ") or ""
  return ('warning: no row had a field "%s"%s%s'):format(name, hint, list)
end

---@param console sluice.cli.Console
---@param list function[]  the expressions
return function(console, list)
  local told = {}
  for _, f in ipairs(list) do
    local report = core.expression_report(f)
    for _, name in ipairs(report.absent) do
      if not told[name] then console:notice(of_absent(name, report.seen)) end
      told[name] = true
    end
    for _, text in ipairs(report.constant) do
      local name = text:match [["(.-)"]] or text:match "'(.-)'" or "NAME"
      console:notice(('warning: %s compares two constants; the field is row:get "%s"'):format(text, name))
    end
    for _, text in ipairs(report.zero) do
      console:notice(("warning: %s is nil: arrays begin at 1"):format(text))
    end
  end
end
