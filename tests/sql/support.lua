--- Drives sinks by their contract: a real worker's rows go to write(), and the
--- outcome decides between prepare and commit, or rollback.
local behaviour = require "support.behaviour"
local core = require "sluice.core"
local paths = require "support.paths"
local sql = require "sluice.sink.sql"

local M = {}

--- Columns of the usual rows.
M.columns = { { "name", "text" }, { "line", "integer" }, { "doc", "text?" } }

--- A sink of the usual rows.
function M.sink(url, more)
  local options = { url = url, name = "decl", columns = M.columns }
  for name, value in pairs(more or {}) do options[name] = value end
  return sql.table(options)
end

local function context(more)
  local all = { streams = { "rows" }, name = "streams.rows.sink" }
  for name, value in pairs(more or {}) do all[name] = value end
  return all
end

--- Seals as dispatch makes them from the counts; the checksum is an arbitrary text here.
local function seals(counts)
  local list = {}
  for stream, count in pairs(counts.per_stream) do
    list[#list + 1] = {
      stream = stream, rows = count.rows, bytes = count.bytes, checksum = "0123456789abcdef",
      kept = count.kept, dropped = count.dropped, rejected = 0,
    }
  end
  table.sort(list, function(a, b) return a.stream < b.stream end)
  return list
end

local function each(sinks, method, ...)
  for _, sink in ipairs(sinks) do
    local ok, err = sink[method](sink, ...)
    if not ok then return nil, err end
  end
  return true
end

local function undo(sinks, err)
  each(sinks, "rollback")
  return nil, err
end

--- Begins every sink; returns true, or true and "committed" if all of them are.
local function begin(sinks, more)
  local already = 0
  for _, sink in ipairs(sinks) do
    local ok, word = sink:begin(context(more))
    if not ok then return nil, word end
    if word == "committed" then already = already + 1 end
  end
  return true, already == #sinks and "committed" or nil
end

--- One request whose rows (JSON texts of the stream "rows") go to every sink.
---@param texts string[]|fun(): string?
---@param hooks { context: table?, on_row: fun(row)?, before_prepare: fun()?, before_commit: fun()? }?
---@return true? ok, sluice.Error|"committed"|nil err
function M.run(sinks, texts, hooks)
  hooks = hooks or {}
  if sinks.begin then sinks = { sinks } end
  local ok, err = begin(sinks, hooks.context)
  if not ok then return undo(sinks, err) end
  if err == "committed" then return true, err end
  local worker = behaviour.spawn "../script/texts.lua"
  local rows = {}
  for i, text in ipairs(texts) do rows[i] = { "rows", text } end
  local failed
  local summary, failure = worker:run("texts", core.json.array(rows), {
    streams = { rows = { on_row = function(row)
      if hooks.on_row then return hooks.on_row(row) end
      local _, problem = each(sinks, "write", row)
      failed = failed or problem
      if problem then error(problem, 0) end
    end } },
  })
  behaviour.close(worker)
  if not summary then return undo(sinks, failed or failure) end
  if hooks.before_prepare then hooks.before_prepare() end
  ok, err = each(sinks, "prepare", seals(summary.counts))
  if not ok then return undo(sinks, err) end
  if hooks.before_commit then hooks.before_commit() end
  ok, err = each(sinks, "commit")
  if not ok then return undo(sinks, err) end
  return true
end

function M.commits(...)
  local ok, err = M.run(...)
  if not ok then error(tostring(err), 2) end
  return err
end

--- Checks that a request fails with this kind; returns the error.
---@return sluice.Error
function M.fails(kind, ...)
  local ok, err = M.run(...)
  if ok then error("it committed", 2) end
  if type(err) ~= "table" or err.kind ~= kind then error(tostring(err), 2) end
  return err
end

--- Texts of n rows: name "n1" …, line 1 ….
function M.rows(n, from)
  local texts = {}
  for i = from or 1, (from or 1) + n - 1 do texts[#texts + 1] = ('{"name":"n%d","line":%d}'):format(i, i) end
  return texts
end

--- The output of a command, without its last line break.
function M.output(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read("a"):gsub("\n$", "")
  pipe:close()
  return text
end

--- sqlite3, the independent reader. A writer that was killed may still hold its
--- locks for a moment, because timeout(1), which killed it, does not wait for its end.
function M.sqlite(path, query)
  return M.output(("sqlite3 -batch -cmd '.timeout 10000' %s %s"):format(paths.quote(path), paths.quote(query)))
end

return M
