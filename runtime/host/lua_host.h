/*
 * lua_host.h - workers that are Lua files (room: host)
 *
 * The file returns a table:
 *
 *     return {
 *       name = "scan", version = "1.0",       -- optional
 *       exports = {
 *         index = function(request, emit)
 *           emit:row("rows", { name = "f", line = 3 })
 *           return { files = 1 }              -- metadata of the summary, or nil
 *         end,
 *       },
 *       calls = { ping = function(request) return "pong" end },
 *     }
 *
 * It runs in plain Lua: the standard libraries, `arg` and `...` as lua has
 * them, modules beside the file and where LUA_PATH says, and sluice.json
 * (json.null, json.array, ...), which it may require. What it prints goes to
 * stdout, line by line.
 *
 *     emit:row(stream, payload)       any Lua value that is JSON (value.h)
 *     emit:json(stream, text)         the text itself is the payload
 *     emit:diagnostic(code, message)
 *     emit:progress(phase, current, total)      total may be nil
 *     emit:stopped()                  true once the runner wants the end
 *
 * A row that cannot be sent raises an error object (lua/error.h) at the line
 * that emitted it: row_malformed or frame_too_large, with stream and sequence.
 * An export may catch it and go on. Wrong arguments raise as usual. When the
 * runner has asked for the end, the next emit ends the export: no pcall can hold
 * back the error that it raises, because every later emit raises it again.
 */
#pragma once

#include "host/transport.h"

/* Load the file argv[0], with the arguments after it, and serve its exports:
 * the process's exit status. argv: NULL at its end, borrowed. */
int sl_lua_host(const struct sl_transport *t, char **argv);
