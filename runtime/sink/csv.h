/*
 * csv.h - rows as lines of CSV: core.csv (room: sink)
 *
 * RFC 4180, except for the line break, which is the caller's choice. A taker
 * (taker.h) of cells (cells.h).
 *
 * Numbers keep their original text or, if Lua has made them, have the fewest digits
 * that read back the same; booleans are true and false, null and absent optional
 * fields the null text, arrays and objects their JSON text. A value that would read as null,
 * begins or ends with white space, or begins with U+FEFF, is quoted. The only field of a line
 * is never left empty: it is written as "". What does not fit is an error (kind sink) that
 * names the column: a field without a column, a required field that is absent,
 * a payload that is not an object, a NUL, a lone surrogate.
 */
#pragma once

#include <lua.h>

#include "sink/sink.h"

#define SL_CSV "sluice.core.Csv"

/* core.csv(writer, options). */
int sl_csv_new(lua_State *L);

/* Make the metatable. Raises. */
void sl_csv_open(lua_State *L, const struct sl_sinks *s);
