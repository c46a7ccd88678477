--- The sinks of one request: begun together, and committed together or not at
--- all. This is the caller's side of the contract in sink.meta.lua.
local core = require "sluice.core"
local lists = require "sluice.internal.lists"
local guard = require "sluice.internal.sink_watch"

---@class sluice.Participant   one distinct sink of a policy
---@field name string          as the policy names it: "streams.rows.sink"
---@field sink sluice.Sink       the policy's; the run's own instance is in the transaction
---@field named table<string, any>  the streams that have an entry
---@field streams string[]     that write here, sorted; "*" for the default handler
---@field schema sluice.Schema?

---@class sluice.Transaction
---@field private participants sluice.Participant[]
---@field private begun sluice.Participant[]
---@field private broken sluice.Error?   the first failure of a sink, whoever called it
---@field private guarded sluice.Guarded[]
local Transaction = { __name = "sluice.Transaction" }
Transaction.__index = Transaction

local M = {}

local METHODS = { "begin", "write", "prepare", "commit", "rollback" }

--- What `value` lacks to be a sink, or nil.
---@param value any
---@return string? problem
function M.problem(value)
  if type(value) ~= "table" and type(value) ~= "userdata" then return "a sink" end
  for _, method in ipairs(METHODS) do
    local ok, f = pcall(function() return value[method] end)
    if not ok or type(f) ~= "function" then return ("a sink, with a method %s"):format(method) end
  end
end

---@param participants sluice.Participant[]
---@return sluice.Transaction
function M.new(participants)
  local sinks = {}
  for _, p in ipairs(participants) do sinks[p] = p.sink.instance and p.sink:instance() or p.sink end
  return setmetatable({ participants = participants, sinks = sinks, begun = {}, guarded = {}, notes = {} }, Transaction)
end

local function with_instance(self, handlers)
  if not handlers or not handlers.sink then return handlers end
  local own = {}
  for key, value in pairs(handlers) do own[key] = value end
  for _, p in ipairs(self.participants) do
    if p.sink == handlers.sink then own.sink = self.sinks[p] end
  end
  return own
end

--- Replace the sinks that the policy describes by those of this run.
---@param request sluice.core.Request
function Transaction:stand_in(request)
  local streams = {}
  for name, handlers in pairs(request.streams or {}) do streams[name] = with_instance(self, handlers) end
  request.streams, request.default = streams, with_instance(self, request.default)
end

--- Turn the error that a method returned into an error object.
local function error_of(err, kind, name)
  if type(err) == "table" and err.kind then
    err.handler = err.handler or name
    return err
  end
  return core.error(kind, tostring(err == nil and "it returned nothing" or err), { handler = name })
end

--- A commit or rollback must not be stopped half-way: its effect would be unknown.
local CALLS = { commit = core.undisturbed, rollback = core.undisturbed }

--- Call a method, contained. A false or nil result is a failure as well.
---@param p sluice.Participant
---@return any result, any more  nil, err
local function call(self, p, method, kind, ...)
  local name = p.name .. "." .. method
  local sink = self.sinks[p]
  local ok, result, more = (CALLS[method] or core.protect)(name, kind, sink[method], sink, ...)
  if not ok then return nil, result end
  if not result then return nil, error_of(more, kind, name) end
  return result, more
end

--- Remember a failure that a handler may have swallowed: there is no commit
--- after it.
---@param err sluice.Error
function Transaction:fail(err)
  self.broken = self.broken or err
end

--- Add a note to an outcome: a consequence of a failure, or something beside a summary.
---@param outcome sluice.Error|sluice.core.Summary
---@param text string
function M.note(outcome, text)
  outcome.notes = outcome.notes or {}
  table.insert(outcome.notes, text)
end

local function names(participants)
  return table.concat(lists.map(participants, function(p) return p.name end), ", ")
end

--- Some sinks have committed a run of this key and some have not: an earlier
--- run ended between two commits, and nobody but the user knows what is right.
local function half_committed(key, done, open)
  return core.error("commit", ("the run %s is committed in %s, but not in %s"):format(key, names(done), names(open)))
end

--- Without a ledger, a run key would have no effect.
local function no_ledger()
  return core.error("policy", "run_key: none of the sinks keeps a ledger of run keys; sluice.sink.sql does")
end

--- Notice every failure in the sinks from here on.
local function guard_sinks(self)
  for _, p in ipairs(self.begun) do
    local function hear(method, err)
      local name = p.name .. "." .. method
      local _, failure = core.protect(name, "sink", error_of, err, "sink", name)
      self:fail(failure)
    end
    table.insert(self.guarded, guard.sink(self.sinks[p], hear))
  end
end

local function release_sinks(self)
  for _, sink in ipairs(self.guarded) do sink:release() end
  self.guarded = {}
end

local function context_of(self, p, common)
  local context = {
    streams = p.streams, schema = p.schema, name = p.name, named = p.named, run = self,
    note = function(text) table.insert(self.notes, text) end,
  }
  for key, value in pairs(common) do context[key] = value end
  return context
end

--- Begin every sink. If one fails, those that had begun are rolled back. Sinks
--- that keep no ledger of run keys follow those that do.
---@param common { export: string?, request: string?, run_key: string? }
---@return "begun"|"committed"|nil state, sluice.Error? err
function Transaction:begin(common)
  local done, open = {}, {}
  self.begun = {}
  for _, p in ipairs(self.participants) do
    table.insert(self.begun, p)
    local ok, answer = call(self, p, "begin", "sink", context_of(self, p, common))
    if not ok then
      self:rollback(answer)
      return nil, answer
    end
    if answer == "committed" then table.insert(done, p) elseif answer == "new" then table.insert(open, p) end
  end
  local err
  if common.run_key and #done + #open == 0 then err = no_ledger() end
  if #done > 0 and #open > 0 then err = half_committed(common.run_key, done, open) end
  if #done == 0 and not err then
    guard_sinks(self)
    return "begun"
  end
  self:rollback(err)
  if err then return nil, err end
  return "committed"
end

--- Write a row to one of the sinks, contained.
---@param p sluice.Participant
---@param row sluice.Row
---@return true? ok, sluice.Error? err
function Transaction:write(p, row)
  local ok, err = call(self, p, "write", "sink", row)
  if ok then return true end
  self:fail(err)
  return nil, err
end

--- Ask every sink whether it can commit.
---@param seals sluice.Seal[]
---@return true? ok, sluice.Error? err
function Transaction:prepare(seals)
  release_sinks(self)
  if self.broken then
    M.note(self.broken, "a handler continued after it; nothing is committed after a sink has failed")
    return nil, self.broken
  end
  for _, p in ipairs(self.begun) do
    local ok, err = call(self, p, "prepare", "sink", seals)
    if not ok then return nil, err end
  end
  return true
end

--- The order of commits. Sinks that may only join another's commit come first, because their
--- commit can fail more easily than that of a file.
---@param participants sluice.Participant[]
---@param sinks table<sluice.Participant, sluice.Sink>?  the instances of a run
---@return sluice.Participant[]
function M.order(participants, sinks)
  local first, later = {}, {}
  for _, p in ipairs(participants) do
    local sink = sinks and sinks[p] or p.sink
    table.insert(sink.is_committed and first or later, p)
  end
  return lists.append(first, later)
end

--- Whether a sink has committed; `said` is the result of its commit, or false.
---@return boolean? committed  nil: unknown
local function has_committed(self, p, said)
  local sink = self.sinks[p]
  if not sink.is_committed then return said end
  local ok, answer = core.protect(p.name .. ".is_committed", "commit", sink.is_committed, sink)
  if ok then return answer end
end

--- The n-th commit has failed: record in err which sinks have committed, and return the others.
---@return sluice.Participant[] rest
local function sort_out(self, n, err)
  local rest = {}
  local groups = { [true] = {}, [false] = {}, unknown = {} }
  for i, p in ipairs(self.begun) do
    local committed = has_committed(self, p, i < n)
    table.insert(groups[committed == nil and "unknown" or committed], p.name)
    if not committed then table.insert(rest, p) end
  end
  err.committed, err.rolled_back = core.json.array(groups[true]), core.json.array(groups[false])
  err.uncertain = groups.unknown[1] and core.json.array(groups.unknown) or nil
  return rest
end

--- Commit every sink. If one fails, those that have not committed are rolled
--- back; the others cannot be.
---@return true? ok, sluice.Error? err  kind commit
function Transaction:commit()
  self.begun = M.order(self.begun, self.sinks)
  for i, p in ipairs(self.begun) do
    local ok, err = call(self, p, "commit", "commit")
    if not ok then
      self.begun = sort_out(self, i, err)
      self:rollback(err)
      return nil, err
    end
  end
  self.begun = {}
  return true
end

--- Commit one sink of a request that has failed, before the others are rolled
--- back. A failure here becomes a note.
---@param p sluice.Participant
---@param seals sluice.Seal[]
---@param failure sluice.Error
function Transaction:salvage(p, seals, failure)
  for i, q in ipairs(self.begun) do
    if q == p then
      local ok, err = call(self, p, "prepare", "sink", seals)
      if ok then ok, err = call(self, p, "commit", "commit") end
      if ok then
        table.remove(self.begun, i)
      else
        M.note(failure, ("%s could not be kept: %s"):format(p.name, err.message))
      end
      return
    end
  end
end

--- At the end of its scope, however that ends, nothing is left open.
function Transaction:__close()
  self:rollback()
end

--- Roll back every sink that has begun. A failure here is a consequence of another
--- one and becomes a note.
---@param failure sluice.Error?
function Transaction:rollback(failure)
  release_sinks(self)
  for _, p in ipairs(self.begun) do
    local ok, err = call(self, p, "rollback", "sink")
    if not ok and failure then M.note(failure, ("%s could not be rolled back: %s"):format(p.name, err.message)) end
  end
  self.begun = {}
end

return M
