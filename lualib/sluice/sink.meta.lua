---@meta sluice.sink
--- What a sink is. Ready ones are in lualib/sluice/sink/; anybody may write
--- one: a table or userdata with these methods. Every method runs contained,
--- like a handler; what it raises, or returns as `nil, err`, fails the run
--- with kind `sink` (`commit` from commit()), naming `streams.rows.sink` and the
--- method. A failure once reported sticks: a handler that swallows it with pcall
--- does not get a commit. A second Ctrl-C stops a handler, but no commit and no
--- rollback.
---
--- One request, in order:
---
---     begin      every sink of the policy, before the worker is asked
---     write      each row that the stream keeps, in order
---     prepare    every sink, once the worker's success has been checked:
---                whatever can fail must fail here
---     commit     every sink, only after all have prepared
---     rollback   instead of prepare and commit, or after a prepare, when
---                anything failed; also after a begin that failed half-way
---
--- `nil, err` and false are failures, and so is returning nothing: a method
--- that worked returns true. A handler may call a sink itself, in a pcall even:
--- to hear of its failures all the same, the runtime puts functions of its own in
--- the sink's table, over begin, write, prepare and commit, until all have
--- prepared or rolled back. It cannot do so in a userdata, which has to remember
--- its failure and say it again in prepare.
---
--- After commit or rollback the sink can begin again. A sink that stands in
--- several streams begins, prepares and commits once. rollback is idempotent.
--- When a commit fails after another sink has committed, the rest are rolled
--- back, and the error (kind `commit`) says in `committed`, `rolled_back` and
--- `uncertain` which are which.

---@class sluice.Sink
local Sink = {}

---@class sluice.SinkContext  what begin gets
---@field streams string[]     names of the streams that write here; sorted; "*" is the default handler
---@field schema sluice.Schema? of its rows: of its stream, when it has one stream, with a schema and without map
---@field export string?
---@field request string?      JSON text
---@field run_key string?      `--run-key`, or the policy's run_key
---@field name string          how the policy names the sink, for messages: "streams.rows.sink"

---@param context sluice.SinkContext
---@return true? ok, sluice.Error|string? err
---@return "committed"|"new"|nil state  with ok and a run key: "committed", a run of this key is; nothing will be
---     written or asked. "new": it is not. Nothing: the sink keeps no ledger of keys, and follows those that do.
function Sink:begin(context) end

---@param row sluice.Row  raw, payload (by the schema, when there is one), get()
---@return true? ok, sluice.Error|string? err
function Sink:write(row) end

---@class sluice.Seal
---@field stream string
---@field rows integer      delivered by the worker
---@field bytes integer
---@field checksum string   16 hexadecimal digits
---@field kept integer
---@field dropped integer
---@field rejected integer

---@param seals sluice.Seal[]  of every stream of the request, sorted by name
---@return true? ok, sluice.Error|string? err
function Sink:prepare(seals) end

---@return true? ok, sluice.Error|string? err
function Sink:commit() end

---@return true? ok, sluice.Error|string? err  a failing rollback becomes a note
function Sink:rollback() end

--- Optional. What rows go to directly, without entering Lua, between begin and
--- prepare: a sluice.Writer or a sluice.core.Csv, and write() is then not
--- called; or a sluice.core.Insert, which takes the rows of a stream with a schema
--- and no other step, and write() is called with those that it declines, to
--- decode them whole or to say what is wrong.
---@type sluice.core.Taker?
Sink.taker = nil

--- Optional, of a sink whose commit may only say that it joins in that of
--- another: whether it is done. Such sinks commit before those that lack it.
---@return boolean? committed  nil: nobody knows
function Sink:is_committed() end

--- Optional. true: the sink itself remembers what failed, and prepare says so;
--- nothing is put in its table, which saves a call for each row.
---@type boolean?
Sink.remembers = nil

return Sink
