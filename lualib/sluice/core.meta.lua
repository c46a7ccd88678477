---@meta sluice.core
--- The C binding (runtime/script). Nothing here is for users' scripts: they
--- `require "sluice"`, which stands on this. Failures of the world are
--- `nil, err` (sluice.Error); misuse raises at the caller's line. All times
--- are whole milliseconds, 0 or nil means the default unless said otherwise.

---@class sluice.Error
---@field kind string        one of core.kinds
---@field message string     for people, without the kind
---@field os string?         the errno's text
---@field errno string?      its name: "EPIPE"
---@field stream string?     further details by the names of runtime/base/error.h
---@field notes string[]?    what followed from it
---@field traceback string?  of an error that was not raised as an error object
---@field tail string?       of a failure of the worker: what it printed last

---@class sluice.core
---@field version string               "0.1.0"
---@field protocol integer             1
---@field exe string                   path of the sluice executable (hosts need it)
---@field null lightuserdata           same value as cjson.null
---@field json table                   decode, encode, null, array, is_array
---@field kinds table<string, integer> kind -> exit code of the command
local core = {}

--- Make an error object. fields: details by name (unknown names are kept as
--- they are). An existing error object as message is returned unchanged.
---@param kind string
---@param message string
---@param fields table?
---@return sluice.Error
function core.error(kind, message, fields) end

--- Exit code of the command for this error (127 for spawn with ENOENT, ...).
---@param err sluice.Error
---@return integer
function core.exit_code(err) end

--- Call f(...) contained: the CPU-time limit, the traceback, everything turned
--- into an error object of `kind` ("sink" unless told) with field handler =
--- name. Returns true, results… or nil, err.
---@param name string  of the handler, as the user knows it: "on_summary"
---@param kind string?
function core.protect(name, kind, f, ...) end

--- The same for what must come to its end: the user's second interrupt does not
--- stop it. The CPU-time limit does.
---@param name string
---@param kind string?
function core.undisturbed(name, kind, f, ...) end

--- Limits of containment for this Lua state: handler CPU time in ms (10 000).
--- Memory is capped only in the command (main.c owns the allocator).
---@param limits { handler_ms: integer? }
function core.limits(limits) end

--- Compile EXPR of `sluice filter`: a bare name is a field of the payload
--- (null counts as sluice.null), fields win over globals, `row` and `_G` are
--- always there, `null` too. The function takes a row and returns the value.
---@param source string
---@param name string       chunk name for messages
---@return (fun(row: sluice.Row): any)? f, sluice.Error? err   kind usage
function core.expression(source, name) end

--- A row that no worker has sent. Raises when the text is not JSON.
---@param stream string
---@param sequence integer
---@param text string
---@return sluice.Row
function core.row(stream, sequence, text) end

--- Compile a row type: the table that sluice.schema makes (kind, its options,
--- expected; runtime/script/program.c reads them). Raises when it makes
--- no sense. sluice.schema's compile() gives it for a type.
---@param description table
---@return sluice.core.Schema
function core.schema(description) end

---@class sluice.core.Schema
local CoreSchema = {}
--- A JSON text as the declared value. err: kind row_malformed, or row_invalid
--- with pointer, violations ({ pointer, expected, value } each, the first 20) and
--- violation_count.
---@param text string
---@return any value, sluice.Error? err
function CoreSchema:decode(text) end

--- A buffered writer on a descriptor (not closed by it). Everything written is
--- flushed before the runtime waits for a worker, so output is live, before
--- on_diagnostic is called, and when the buffer is full.
---@param fd integer
---@return sluice.Writer
function core.writer(fd) end

---@class sluice.core.Taker   what rows go to without Lua (runtime/sink/taker.h)
local Taker = {}
---@param row sluice.Row
---@return true? ok, sluice.Error? err  kind sink
function Taker:row(row) end

---@class sluice.Writer: sluice.core.Taker  of a row the JSON text on one line, and a newline; err with
---     field errno = "EPIPE" … and os
local Writer = {}
---@param text string
---@return true? ok, sluice.Error? err
function Writer:write(text) end
---@return true? ok, sluice.Error? err
function Writer:flush() end

--- A file that is there as a whole or not at all (runtime/file/durable.h):
--- what is written goes to a temporary file beside it, which takes its name at
--- commit. A write over RLIMIT_FSIZE is EFBIG where SIGXFSZ is ignored, as the
--- command does; a program that uses the module decides for itself.
---@param options { path: string, append: boolean?, gzip: boolean|integer|nil, mode: integer? }
---@return sluice.core.File? file, sluice.Error? err   kind sink, with os and errno
function core.file(options) end

---@class sluice.core.File    rolls back on __gc and __close
local File = {}
--- The same each time; valid until prepare.
---@return sluice.Writer
function File:writer() end
---@param text string
---@return true? ok, sluice.Error? err
function File:write(text) end
--- What was there before, in append mode; nil when there was nothing. With
--- gzip all of it is read, and found to be sound.
---@param wanted integer?   bytes of it that are wanted: head
---@return { head: string, ends: boolean }? old, sluice.Error? err   ends: in a line break
function File:old(wanted) end
--- Flush, sync and close. After a failure only rollback can follow.
---@return true? ok, sluice.Error? err
function File:prepare() end
--- Rename over the target, sync the directory.
---@return true? ok, sluice.Error? err   kind commit
function File:commit() end
--- Remove the temporary file, if there is one still; the target is not touched.
---@return true? ok, sluice.Error? err
function File:rollback() end

--- Call connect(...), which opens a database of SQLite with LuaDBI, whose driver
--- has been loaded: a link to its connection, and what connect returned; or nil
--- and why there can be no link (runtime/sink/sqlite.h).
---@param connect fun(...): any
---@return sluice.core.SqliteLink? link, any ...
function core.sqlite(connect, ...) end

---@class sluice.core.SqliteLink
local SqliteLink = {}
--- A statement with a parameter for each column; columns in their order.
---@param text string
---@param columns { name: string, type: string, null: boolean }[]
---@return sluice.core.Insert? insert, string? why
function SqliteLink:insert(text, columns) end

---@class sluice.core.Insert  a taker of the rows of a schema, without row(); to be closed before its connection
local Insert = {}
--- Insert a row, in a transaction only; false is 0, true is 1, nil is NULL.
---@param values table  by column
---@return true? ok, string? why
function Insert:run(values) end
function Insert:close() end

--- Lines of CSV into a writer (runtime/sink/csv.h). All options are needed.
---@param writer sluice.Writer
---@param options { names: string[], optional: boolean[], delimiter: string, null: string, eol: string }
---@return sluice.core.Csv
function core.csv(writer, options) end

---@class sluice.core.Csv: sluice.core.Taker   of a row its payload; err with column
local Csv = {}
--- The line of names; not written.
---@return string? header, sluice.Error? err
function Csv:header() end
--- A line of a payload that a schema has made.
---@param payload table
---@return true? ok, sluice.Error? err   kind sink, with column
function Csv:values(payload) end

---@class sluice.core.WorkerOptions   and those of internal/option_list.lua that belong to the worker, in ms and bytes
---@field argv string[]
---@field env table<string,string>?    the whole environment; nil: this process's
---@field pass_stdin boolean?

---@param options sluice.core.WorkerOptions
---@return sluice.core.Worker? worker, sluice.Error? err
function core.worker(options) end

---@class sluice.core.Handlers: sluice.StreamPolicy   the steps of a row (internal/policy.lua)
---@field schema sluice.core.Schema?
---@field taker sluice.core.Taker?      last step: the row goes there

---@class sluice.core.Request
---@field export string?      nil: the worker's only export of this type
---@field json string?        request value as JSON text; nil: null
---@field type "rows"|"call"
---@field timeout integer?    and the other options of a request, in ms; 0 none, nil default
---@field streams table<string, sluice.core.Handlers>?
---@field default sluice.core.Handlers?   streams without an entry; nil: unhandled_stream
---@field pull boolean?       rows come out of Worker:next(), after where and map if there are any
---@field on_reject (fun(row: sluice.Row, run, why: string|sluice.Error))?  hears of each rejected row, as it came
---@field on_diagnostic (fun(d: {code: string, message: string}, run))?
---@field on_progress (fun(p: {phase: string, current: integer, total: integer?}, run))?

---@class sluice.core.Worker    closes on __gc and __close
local Worker = {}
--- Start the process, wait for the handshake.
---@return true? ok, sluice.Error? err
function Worker:start() end
--- Begin a request. Raises inside a handler (the loop is not re-entrant), as
--- do start, wait, next, shutdown, cycle and core.finish. What cannot be started
--- is an outcome, not an error here.
---@param request sluice.core.Request
---@return sluice.Run? run, sluice.Error? err
function Worker:begin(request) end
--- Run the loop until the outcome. tick (called at most every tick_ms, also
--- while rows stream, and once more after a signal has cancelled the request) is
--- for progress lines. What it raises is raised here. Not for pulled rows.
---@param tick fun()?
---@param tick_ms integer?
---@return sluice.core.Summary? summary, sluice.Error? failure
function Worker:wait(tick, tick_ms) end
--- Pull mode: the next row, or nil at the outcome (then Worker:wait() gives it at once).
---@return sluice.Row?
function Worker:next() end
--- { pid, generation, name, version, runtime, max_frame, exports = { {name=, type=}, … } }
---@return table? info  nil before a handshake
function Worker:info() end
--- { state, pid, rss, tail }
---@return table
function Worker:health() end
--- { requests, succeeded, failed, generations, rows, bytes, diagnostics }
---@return table
function Worker:stats() end
--- Leave in good order, wait until gone: { pid, status, signal?, timed_out }
---@return table? report, sluice.Error? err   kind shutdown_timeout when it had to be killed
function Worker:shutdown() end
--- Shutdown, then the next request gets a fresh generation.
---@return true? ok, sluice.Error? err
function Worker:cycle() end
function Worker:close() end

--- What handlers get as `run`.
---@class sluice.Run
---@field export string
---@field worker sluice.core.Worker
local Run = {}
function Run:stop() end
---@param reason string?
function Run:cancel(reason) end
--- { rows, bytes, kept, dropped, rejected, per_stream = {name = {the same five}}, elapsed (s),
---   progress = last progress table or nil }. rows = kept + dropped + rejected, but for a row at hand;
---   a row whose handling failed counts as rejected.
---@return table
function Run:counts() end

---@class sluice.core.Summary
---@field total_rows integer
---@field per_stream table<string, integer>
---@field elapsed number        seconds
---@field metadata any          decoded; absent when there is none
---@field metadata_json string?
---@field stopped boolean
---@field reply any             of a call, decoded
---@field reply_json string?
---@field counts table          as Run:counts(), with the checksum of each stream: 16 hexadecimal digits
---@field notes string[]?       of rejected rows that no sink has
---@field already_committed boolean?  a run with this run_key was; nothing was asked or written
---@field run_key string?

---@class sluice.Row
---@field stream string
---@field sequence integer
---@field raw string            the exact bytes
---@field payload any           decoded on first use
local Row = {}
--- One field, by name or, when it begins with "/", JSON Pointer; several
--- arguments give several values. Absent: nil.
---@param path string
---@return any
function Row:get(path, ...) end
--- The row goes no further than the handler that runs: where, map or on_row.
--- Only the first reason counts. Raises once its handlers are over.
---@param reason string
function Row:reject(reason) end
--- tostring(row): the text on one line. An unknown field (row.name) raises.

--- Wait (without a worker) until every process of an earlier generation is
--- gone, killing after its grace. The command calls it before it exits.
function core.finish() end

--- Signals that arrived since the last call: { name = "SIGINT", count = 1 } or nil.
--- The first SIGINT, SIGTERM or SIGHUP cancels every request, also a later one, at
--- the next row boundary (kind cancelled, field signal: its number); the second
--- kills what is leaving at once and stops a handler that runs.
---@return table?
function core.interrupted() end

--- Terminal facts for the progress line: is fd a terminal, its columns.
---@param fd integer
---@return boolean tty, integer columns
function core.terminal(fd) end

--- The environment: every variable by its name.
---@return table<string, string>
function core.environ() end

--- Monotonic clock, seconds.
---@return number
function core.now() end

return core
