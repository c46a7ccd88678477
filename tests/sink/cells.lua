--- The possible cells: declared type × place × value, as data. cells_spec.lua
--- reads it and implements its terms.
---
--- A group has one declared type, the places that it goes to, and values: JSON
--- texts, each with its outcome. Without an outcome the place keeps the value unchanged, as
--- defined by the group's `as`. `refused`: the run fails there, naming
--- the row and the column, and nothing is written. `either`: it is kept unchanged,
--- or refused. Any other text is what is read back. Outcomes are given under `declared`,
--- if a schema reads the row, under a place, under the first word of its name, or
--- under `all`; the first of these decides.
---
---   kind    the value is of another kind than the type: if no type is
---           declared (a file by `columns`, or after `map`) it is not tried
---   tiny    its nearest double is 0: what Lua makes of it in a map is 0.0
---   whole   the value is the whole row, not its column v
---   there   what is read back, if that differs from the input
---
--- and of a group
---
---   options   of the type in a schema
---   items     what is declared is an array of this type
---   required  the column may not be null: a value that it accepts
---   begin     `either`: the table may also be refused before there are rows
---   paths     nil: all of "schema", "columns", "on_row", "map", "upsert" (into a table
---             that the sink has created) and "insert" (row by row, because a table of
---             PostgreSQL has row-level security); on "decoded" a map passes on what a
---             schema has decoded, and on "made" it makes the values itself
---
--- A place is a file, or a database with the type of an existing column;
--- with only the database's name the sink creates the table.
local M = {}

--- In PostgreSQL, before anything else.
M.prepare = {
  "CREATE ROLE writer LOGIN",
  "GRANT CREATE ON SCHEMA public TO writer",
  "ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT ON TABLES TO writer",
  "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')",
  "CREATE DOMAIN name_text AS text CHECK (value <> 'never')",
  "CREATE DOMAIN short AS varchar(5)",
  "CREATE DOMAIN padded AS char(5)",
  "CREATE DOMAIN big AS bigint CHECK (value <> 13)",
  "CREATE DOMAIN cents AS numeric(10,2)",
  "CREATE DOMAIN rounded AS numeric",
  "CREATE DOMAIN document AS jsonb",
}

M.absent = "absent"

local refused, either = "refused", "either"
local absent = M.absent

--- Rows that are not objects, in addition to the cells of every type.
local ROWS = {
  { "[1,2]", whole = true, all = refused },
  { "[]", whole = true, all = refused },
  { "5", whole = true, all = refused },
  { '"x"', whole = true, all = refused },
  { "null", whole = true, all = refused },
  { "true", whole = true, all = refused },
}

local LONG, LONGER = ("long text "):rep(1000), ("ü"):rep(50000)

-- ---- text -----------------------------------------------------------------------

local TEXTS = {
  { '"a"' },
  { '""' },
  { '" "' },
  { '"  b  "' },
  { '"\\tc\\n"' },
  { '"\\b\\f\\u000b"' },
  { '"a\\/b"' },
  { '"a\\u0000b"', csv = refused, postgres = refused },
  { '"\\u0000"', csv = refused, postgres = refused },
  { '"\\ud83d"', csv = refused, sqlite = refused, postgres = refused },
  { '"x\\ude00y"', csv = refused, sqlite = refused, postgres = refused },
  { '"\\ude00\\ud83d"', csv = refused, sqlite = refused, postgres = refused },
  { '"\\ud83d\\ude00"' },
  { '"😀"' },
  { '"e\\u0301 é"' },
  { '"\\ufeffx"' },
  { '"\\uffff"' },
  { '"\\udbff\\udfff"' },
  { '"\\u0001\\u001f\\u007f"' },
  { '"\\u2028\\u0085"' },
  { '"NULL"' },
  { '"null"' },
  { '"\\\\N"' },
  { '"\\\\."' },
  { '"\\\\x41"' },
  { '"t"' },
  { '"true"' },
  { '"{}"' },
  { '"[]"' },
  { '"{\\"a\\",\\\\,NULL}"' },
  { '"Infinity"' },
  { '"NaN"' },
  { '"007"' },
  { '"1.0"' },
  { '"1e5"' },
  { '"9007199254740993"' },
  { '"2026-02-29"' },
  { '"a\\nb"' },
  { '"a\\rb\\r\\nc"' },
  { '"a\\tb"' },
  { '"a\\\\b\\\\"' },
  { '"\\"q\\" \'s\'"' },
  { '"a,b;c|d"' },
  { '"$1 ? %s :x"' },
  { '"' .. LONG .. '"' },
  { '"' .. LONGER .. '"' },
  { "null" },
  { absent },
}

local NOT_TEXTS = {
  { "5", kind = true, all = refused },
  { "1.5", kind = true, all = refused },
  { "1e400", kind = true, all = refused },
  { "true", kind = true, all = refused },
  { "[]", kind = true, all = refused },
  { "{}", kind = true, all = refused },
  { '["a"]', kind = true, all = refused },
}

--- PostgreSQL silently removes blanks beyond the length.
local SHORT = {
  { '"abcde"' },
  { '"äöüß😀"' },
  { '"abc  "' },
  { '"     "' },
  { '""' },
  { '"abcdef"', all = refused },
  { '"äöüß😀!"', all = refused },
  { '"abcde "', all = refused },
  { '"abc       "', all = refused },
  { '"      "', all = refused },
  { "null" },
}

-- ---- integer --------------------------------------------------------------------

local INTEGERS = {
  { "0" },
  { "-0" },
  { "1" },
  { "-1" },
  { "1.0" },
  { "-1.000" },
  { "1e2" },
  { "1.5e1" },
  { "-0.0" },
  { "1000e-2", all = either },
  { "1e18", all = either },
  { "0e400", all = either },
  { "32767" },
  { "-32768" },
  { "32768" },
  { "-32769" },
  { "2147483647" },
  { "-2147483648" },
  { "2147483648" },
  { "-2147483649" },
  { "4294967295" },
  { "4294967296" },
  { "9007199254740991" },
  { "9007199254740992" },
  { "9007199254740993" },
  { "-9007199254740993" },
  { "9007199254740993.0", all = either },
  { "9223372036854775807" },
  { "-9223372036854775808" },
  { "null" },
  { absent },
}

local SMALL = {
  { "0" },
  { "-0" },
  { "1.0" },
  { "1e2" },
  { "32767" },
  { "-32768" },
  { "null" },
}

local MIDDLE = {
  { "32768" },
  { "-32769" },
  { "2147483647" },
  { "-2147483648" },
}

local MIDDLE_REFUSED = {
  { "32768", all = refused },
  { "-32769", all = refused },
  { "2147483647", all = refused },
  { "9223372036854775807", all = refused },
}

local LARGE_REFUSED = {
  { "2147483648", all = refused },
  { "-2147483649", all = refused },
  { "4294967295", all = refused },
  { "4294967296", all = refused },
  { "9223372036854775807", all = refused },
  { "18446744073709551616", all = refused },
}

--- Of numeric(5,0).
local FIVE_DIGITS = {
  { "0" },
  { "-0" },
  { "1e2" },
  { "99999" },
  { "-99999" },
  { "null" },
  { "100000", all = refused },
  { "-9223372036854775808", all = refused },
  { "18446744073709551615", all = refused },
  { "1.5", all = refused },
}

local NOT_INTEGERS = {
  { "1.5", kind = true, all = refused },
  { "0.1", kind = true, all = refused },
  { "1e-1", kind = true, all = refused },
  { "9007199254740992.5", kind = true, all = refused },
  { '"5"', kind = true, all = refused },
  { '""', kind = true, all = refused },
  { "true", kind = true, all = refused },
  { "[]", kind = true, all = refused },
  { "[5]", kind = true, all = refused },
  { "{}", kind = true, all = refused },
}

--- Kept if a place has room for them: numeric, and text of a file.
local HUGE_INTEGERS = {
  { "9223372036854775808" },
  { "-9223372036854775809" },
  { "18446744073709551615" },
  { "18446744073709551616" },
  { "123456789012345678901234567890" },
}

local HUGE_INTEGERS_REFUSED = {
  { "9223372036854775808", all = refused },
  { "-9223372036854775809", all = refused },
  { "18446744073709551615", all = refused },
  { "18446744073709551616", all = refused },
  { "123456789012345678901234567890", all = refused },
}

-- ---- number ---------------------------------------------------------------------

local NUMBERS = {
  { "0" },
  { "-0" },
  { "-0.0" },
  { "1" },
  { "-5" },
  { "1.0" },
  { "1e2" },
  { "1E+2" },
  { "0e400" },
  { "0e-400", tiny = true },
  { "0.1" },
  { "-0.1" },
  { "19.99" },
  { "19.990" },
  { "0.30000000000000004" },
  { "0.12345678901234567890123" },
  { "-3.141592653589793238462643383279" },
  { "52.520006599999996" },
  { "1e-7" },
  { "123456789.987654321" },
  { "1e22" },
  { "9007199254740993.5" },
  { "100000000000000000000.5" },
  { "3e-324" },
  { "1e308" },
  { "1.7976931348623157e308" },
  { "-1.7976931348623157e308" },
  { "2.2250738585072014e-308" },
  { "5e-324" },
  { "9007199254740991" },
  { "9007199254740992" },
  { "-9007199254740992" },
  { "4611686018427387904" },
  { "-9223372036854775808" },
  { "null" },
  { absent },
}

local NOT_NUMBERS = {
  { '"1"', kind = true, all = refused },
  { '"NaN"', kind = true, all = refused },
  { '"Infinity"', kind = true, all = refused },
  { '""', kind = true, all = refused },
  { "true", kind = true, all = refused },
  { "[]", kind = true, all = refused },
  { "[1.5]", kind = true, all = refused },
  { "{}", kind = true, all = refused },
}

--- What a double cannot represent: 64-bit integers,
local LONG_INTEGERS = {
  { "9007199254740993" },
  { "-9007199254740993" },
  { "9223372036854775807" },
}

local LONG_INTEGERS_REFUSED = {
  { "9007199254740993", all = refused },
  { "-9007199254740993", all = refused },
  { "9223372036854775807", all = refused },
}

--- longer ones, and what is outside of its range.
local BEYOND = {
  { "18446744073709551615" },
  { "123456789012345678901234567890" },
  { "1e309" },
  { "1.7976931348623159e308" },
  { "1e400" },
  { "-1e400" },
  { "1.5e400" },
  { "1e-400", tiny = true },
  { "-2.5e-400", tiny = true },
}

local BEYOND_REFUSED = {
  { "18446744073709551615", all = refused },
  { "123456789012345678901234567890", all = refused },
  { "1e309", all = refused },
  { "1.7976931348623159e308", all = refused },
  { "1e400", all = refused },
  { "-1e400", all = refused },
  { "1.5e400", all = refused },
  { "1e-400", all = refused, tiny = true },
  { "-2.5e-400", all = refused, tiny = true },
}

--- Powers of two that a double can represent, and a 64-bit integer cannot.
local POWERS = {
  { "9223372036854775808" },
  { "18446744073709551616" },
}

--- Beyond the range of numeric: 16,383 digits of a fraction and 131,072 before it.
local BEYOND_NUMERIC = {
  { "1e-20000", all = refused },
  { "1e200000", all = refused },
}

-- ---- boolean ----------------------------------------------------------------------

local BOOLEANS = {
  { "true" },
  { "false" },
  { "null" },
  { absent },
}

local NOT_BOOLEANS = {
  { "0", kind = true, all = refused },
  { "1", kind = true, all = refused },
  { "0.0", kind = true, all = refused },
  { '"true"', kind = true, all = refused },
  { '"t"', kind = true, all = refused },
  { '""', kind = true, all = refused },
  { "[]", kind = true, all = refused },
  { "[true]", kind = true, all = refused },
  { "{}", kind = true, all = refused },
}

-- ---- json -------------------------------------------------------------------------

local VALUES = {
  { "{}" },
  { "[]" },
  { "[[]]" },
  { "[{}]" },
  { "[1,2]" },
  { "[null]" },
  { '{"a":null}' },
  { '{"b":1,"a":2}' },
  { '{"a":{"b":[1,{"c":[]}]}}' },
  { '{ "a" : [ 1 , 2 ] }' },
  { '{"a\\\\b\\"c":"\\\\/"}' },
  { ("["):rep(100) .. ("]"):rep(100) },
  { '{"":""}' },
  { '{"k":19.990}' },
  { "[0.12345678901234567890123,-0.1]" },
  { "[1.0,1e2,-0.0]" },
  { "[9007199254740993,9223372036854775807,-9223372036854775808]" },
  { "[18446744073709551615]" },
  { '{"a":[1e400,-1e400,1e-400]}', tiny = true },
  { "5" },
  { "0" },
  { "19.990" },
  { "18446744073709551615" },
  { "1e400" },
  { "true" },
  { "false" },
  { '"x"' },
  { '""' },
  { '" "' },
  { '"null"' },
  { '"{}"' },
  { '"007"' },
  { '"a\\nb\\t\\\\\\""' },
  { '["😀","\\ud83d\\ude00","\\u00e9"]' },
  { '"\\\\N"' },
  { '["' .. LONG .. '"]' },
  { "null" },
  { absent },
}

local NUL_JSON = {
  { '"a\\u0000b"', csv = refused, postgres = refused },
  { '["\\u0000"]', postgres = refused },
  { '{"\\u0000":1}', postgres = refused },
}

--- Valid escapes in JSON text, but not valid text by themselves.
local SURROGATE_JSON = {
  { '"\\ud83d"', csv = refused, postgres = refused },
  { '["x\\ude00"]', postgres = refused },
  { '{"\\ud83d":1}', postgres = refused },
}

--- PostgreSQL's type json accepts such escapes; text need not.
local ESCAPES_JSON = {
  { '"a\\u0000b"', all = either },
  { '["\\u0000"]', all = either },
  { '"\\ud83d"', all = either },
  { '["x\\ude00"]', all = either },
}

-- ---- decimal -------------------------------------------------------------------------

local DECIMALS = {
  { "0" },
  { "-0" },
  { "19.99" },
  { "-19.99" },
  { "19.9" },
  { "20" },
  { "1e2" },
  { "12345678.90" },
  { "99999999.99" },
  { "-99999999.99" },
  { "0.01" },
  { "1e-2" },
  { "19.990", all = either },
  { "null" },
  { absent },
}

--- Refused by the schema, for every place.
local TOO_LONG = {
  { "100000000", all = refused },
  { "123456789.0", all = refused },
  { "19.999", all = refused },
  { "0.001", all = refused },
  { "0.12345678901234567890123", all = refused },
  { "9007199254740993", all = refused },
  { "1e400", all = refused },
  { "1e-400", all = refused, tiny = true },
}

local NOT_DECIMALS = {
  { "true", kind = true, all = refused },
  { "[]", kind = true, all = refused },
  { "{}", kind = true, all = refused },
  { '"x"', kind = true, all = refused },
}

local LONG_DECIMALS = {
  { "0.12345678901234567890123" },
  { "1234567.12345678901234567890123" },
  { "-9999999.99999999999999999999999" },
  { "9007.199254740993" },
  { "19.990" },
  { "1000000.00000000000000000000001" },
  { "10000000", all = refused },
  { "0.123456789012345678901234", all = refused },
}

local WHOLE_DECIMALS = {
  { "9007199254740993" },
  { "9223372036854775807" },
  { "9223372036854775808" },
  { "18446744073709551615" },
  { "-123456789012345678901234567890" },
  { "1234567890123456789012345678901", all = refused },
  { "0.5", all = refused },
}

-- ---- values made by Lua, and missing ones ----------------------------------------------

--- Lua expressions.
local MADE_INTEGERS = {
  { "0" },
  { "1.0" },
  { "-0.0" },
  { "1e2" },
  { "9007199254740993" },
  { "9007199254740992.0" },
  { "9223372036854775807" },
  { "math.mininteger", there = "-9223372036854775808" },
  { "1.5", kind = true, all = refused },
  { "0/0", all = refused },
  { "1/0", all = refused },
  { "-1/0", all = refused },
}

--- Beyond 2^53 a Lua float may stand for another integer.
local MADE_FLOATS_REFUSED = {
  { "1e30", all = refused },
  { "9223372036854775808.0", all = refused },
}

local MADE_NUMBERS = {
  { "19.99" },
  { "0.1" },
  { "0.30000000000000004" },
  { "1.0" },
  { "100.0" },
  { "-0.0" },
  { "1e22" },
  { "1e308" },
  { "1.7976931348623157e308" },
  { "5e-324" },
  { "123456789.12345679" },
  { "9007199254740991" },
  { "0/0", all = refused },
  { "-(0/0)", all = refused },
  { "1/0", all = refused },
  { "-1/0", all = refused },
}

local NONE = {
  { "null", kind = true, all = refused },
  { absent, all = refused },
}

-- ---- strings of a format ---------------------------------------------------------------

local DATES = {
  { '"2026-11-27"' },
  { '"2024-02-29"' },
  { '"0001-01-01"' },
  { '"9999-12-31"' },
  { "null" },
  { absent },
  { '"0000-01-01"', all = refused },
  { '"2026-02-29"', all = refused },
  { '"2026-13-01"', all = refused },
  { '"2026-1-1"', all = refused },
  { '"11/27/2026"', all = refused },
  { '"today"', all = refused },
  { '"infinity"', all = refused },
  { '""', all = refused },
  { '" 2026-11-27"', all = refused },
  { '"2026-11-27T00:00:00Z"', all = refused },
  { "20261127", all = refused },
}

--- The same instant, in UTC.
local INSTANTS = {
  { '"2026-11-27T12:00:00Z"', all = "2026-11-27 12:00:00+00" },
  { '"2026-11-27t12:00:00z"', all = "2026-11-27 12:00:00+00" },
  { '"2026-11-27T12:00:00+02:00"', all = "2026-11-27 10:00:00+00" },
  { '"2026-11-27T23:59:59-00:01"', all = "2026-11-28 00:00:59+00" },
  { '"2026-01-01T00:00:00+05:45"', all = "2025-12-31 18:15:00+00" },
  { '"2026-11-27T12:00:00-00:00"', all = "2026-11-27 12:00:00+00" },
  { '"2026-11-27T12:00:00.5Z"', all = "2026-11-27 12:00:00.5+00" },
  { '"2026-11-27T12:00:00.123456Z"', all = "2026-11-27 12:00:00.123456+00" },
  { '"2026-11-27T12:00:00.999999+02:00"', all = "2026-11-27 10:00:00.999999+00" },
  { '"0001-01-01T00:00:00Z"', all = "0001-01-01 00:00:00+00" },
  { '"9999-12-31T23:59:59.999999Z"', all = "9999-12-31 23:59:59.999999+00" },
  { '"9999-12-31T23:59:59-12:00"', all = "10000-01-01 11:59:59+00" },
  { '"0001-01-01T00:00:00+12:00"', all = "0001-12-31 12:00:00+00 BC" },
  { '"2026-11-27T12:00:00+23:59"', all = either, there = "2026-11-26 12:01:00+00" },
  { '"2026-11-27T12:00:00.000000000Z"', all = either, there = "2026-11-27 12:00:00+00" },
  { '"2026-11-27T12:00:00.1234560Z"', all = either, there = "2026-11-27 12:00:00.123456+00" },
  { "null" },
  { absent },
  { '"2026-11-27T12:00:00.1234567Z"', all = refused },
  { '"2026-11-27T12:00:00.123456789Z"', all = refused },
  { '"2026-11-27T23:59:59.9999999Z"', all = refused },
  { '"2016-12-31T23:59:60Z"', all = refused },
  { '"2016-12-31T23:59:60.5Z"', all = refused },
  { '"0000-01-01T00:00:00Z"', all = refused },
  { '"2026-02-29T12:00:00Z"', all = refused },
  { '"2026-11-27T24:00:00Z"', all = refused },
  { '"2026-11-27T12:00:00"', all = refused },
  { '"2026-11-27 12:00:00Z"', all = refused },
  { '"2026-11-27"', all = refused },
  { '"now"', all = refused },
  { '"infinity"', all = refused },
  { '""', all = refused },
  { "1764244800", all = refused },
}

--- A time of day has an offset in this format, and a column time has none.
local TIMES = {
  { '"12:00:00Z"', all = either, there = "12:00:00" },
  { '"12:00:00.123456z"', all = either, there = "12:00:00.123456" },
  { '"12:00:00+02:00"', all = refused },
  { '"12:00:00-00:30"', all = refused },
  { '"12:00:00.1234567Z"', all = refused },
  { '"23:59:60Z"', all = refused },
  { '"24:00:00Z"', all = refused },
  { '"12:00:00"', all = refused },
  { '"noon"', all = refused },
  { "null", all = either },
}

--- The same identifier; a server may write it in lower case.
local UUIDS = {
  { '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"' },
  { '"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"', all = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11" },
  { '"00000000-0000-0000-0000-000000000000"' },
  { "null" },
  { absent },
  { '"a0eebc999c0b4ef8bb6d6bb9bd380a11"', all = refused },
  { '"{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"', all = refused },
  { '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1"', all = refused },
  { '""', all = refused },
  { "5", all = refused },
}

-- ---- enums, domains, arrays --------------------------------------------------------------

local MOODS = {
  { '"sad"' },
  { '"happy"' },
  { "null" },
  { absent },
  { '"Sad"', all = refused },
  { '"sad "', all = refused },
  { '"angry"', all = refused },
  { '""', all = refused },
  { "5", all = refused },
}

local NAMES = {
  { '"a"' },
  { '"a  "' },
  { '""' },
  { '"NULL"' },
  { "null" },
  { '"never"', all = refused },
  { '"a\\u0000"', all = refused },
  { "5", all = refused },
}

local BIG = {
  { "12" },
  { "9007199254740993" },
  { "9223372036854775807" },
  { "null" },
  { "13", all = refused },
  { "9223372036854775808", all = refused },
  { "1.5", all = refused },
}

local TEXT_ARRAYS = {
  { "[]" },
  { '["a","b"]' },
  { '[""]' },
  { '["NULL","null",null]' },
  { '[" a ","{}","a,b","\\"q\\"","\\\\","\\\\N","\\n\\t"]' },
  { '["😀","\\ud83d\\ude00"]' },
  { "null" },
  { absent },
  { '["\\u0000"]', all = refused },
  { '["\\ud83d"]', all = refused },
  { "{}", all = refused },
  { '"{a,b}"', all = refused },
  { "[1]", all = refused },
  { '[["a"]]', all = refused },
}

local INTEGER_ARRAYS = {
  { "[]" },
  { "[1,-2]" },
  { "[9007199254740993,9223372036854775807,-9223372036854775808]" },
  { "[null,0]" },
  { "[1.0,1e2]", all = either },
  { "null" },
  { absent },
  { "[9223372036854775808]", all = refused },
  { "[1.5]", all = refused },
  { '["1"]', all = refused },
  { "{}", all = refused },
  { '"{1}"', all = refused },
}

local DOUBLE_ARRAYS = {
  { "[]" },
  { "[0.1,-19.99,1e308,null]" },
  { "[1,9007199254740992]" },
  { "null" },
  { "[9007199254740993]", all = refused },
  { "[1e400]", all = refused },
  { "[0,1e-400]", all = refused, tiny = true },
  { '["0.1"]', all = refused },
  { '["NaN"]', all = refused },
}

local NUMERIC_ARRAYS = {
  { "[]" },
  { "[0.1,19.990,0.12345678901234567890123]" },
  { "[9007199254740993,18446744073709551615,null]" },
  { "[1e400,-1e400,1e-400]", tiny = true },
  { '["NaN"]', all = refused },
}

local BOOLEAN_ARRAYS = {
  { "[]" },
  { "[true,false,null]" },
  { "[1]", all = refused },
  { '["t"]', all = refused },
}

-- ---- which values go where ---------------------------------------------------------------

--- Where only a schema can declare the type.
local DECLARED = { "schema", "on_row" }

--- A schema decodes them, and a map passes on what was decoded.
local DECODED = { "schema", "on_row", "decoded" }

--- Where columns declare nothing but a type.
local UNDECLARED = { "columns", "map" }

--- Values that a `map` makes itself.
local MADE = { "made" }

--- `as`: how what is read back must correspond to the input.
---
---   text      the same characters
---   value     the same number
---   digits    a number's own text; where it has an exponent, the same number
---   own       a number's own text
---   double    the nearest double
---   either64  a 64-bit integer exactly, otherwise the nearest double
---   boolean   true or false in the notation of the place
---   json      the same JSON, numbers in their own text, names in their order
---   cell      the same, but a string by itself is its characters
---   jsonb     the same JSON, the same numbers
---
--- After `map`, the input is what Lua made of a number.
M.groups = {
  { type = "text", as = "text", places = { "csv", "jsonl", "sqlite", "postgres" }, values = { TEXTS, NOT_TEXTS, ROWS } },
  { type = "text", as = "text", values = { TEXTS }, places = { "sqlite TEXT", "sqlite BLOB", "sqlite NONE", "sqlite VARCHAR(3)",
    "sqlite STRICT TEXT", "sqlite STRICT ANY", "postgres text", "postgres varchar" } },
  { type = "text", as = "text", places = { "postgres varchar(5)", "postgres short" }, values = { SHORT } },
  { type = "text", as = "text", places = { "postgres mood" }, values = { MOODS } },
  { type = "text", as = "text", places = { "postgres name_text" }, values = { NAMES } },

  { type = "integer", as = "value", places = { "csv", "jsonl" }, values = { INTEGERS, HUGE_INTEGERS, NOT_INTEGERS } },
  { type = "integer", as = "value", places = { "sqlite", "postgres" },
    values = { INTEGERS, HUGE_INTEGERS_REFUSED, NOT_INTEGERS } },
  { type = "integer", as = "value", values = { INTEGERS, HUGE_INTEGERS_REFUSED }, places = { "sqlite INTEGER", "sqlite NUMERIC",
    "sqlite BLOB", "sqlite NONE", "sqlite STRICT INT", "sqlite STRICT ANY", "postgres bigint" } },
  { type = "integer", as = "value", places = { "postgres integer" }, values = { SMALL, MIDDLE, LARGE_REFUSED } },
  { type = "integer", as = "value", places = { "postgres smallint" }, values = { SMALL, MIDDLE_REFUSED } },
  { type = "integer", as = "value", places = { "postgres numeric", "postgres numeric(40,2)", "postgres rounded" },
    values = { INTEGERS, HUGE_INTEGERS } },
  { type = "integer", as = "value", places = { "postgres numeric(5,0)" }, values = { FIVE_DIGITS } },
  { type = "integer", as = "value", places = { "postgres big" }, values = { BIG } },

  { type = "number", as = "own", places = { "csv", "jsonl" },
    values = { NUMBERS, LONG_INTEGERS, BEYOND, POWERS, NOT_NUMBERS } },
  { type = "number", as = "digits", places = { "postgres numeric", "postgres rounded" },
    values = { NUMBERS, LONG_INTEGERS, BEYOND, POWERS, BEYOND_NUMERIC } },
  { type = "number", as = "double", places = { "sqlite", "postgres" },
    values = { NUMBERS, LONG_INTEGERS_REFUSED, BEYOND_REFUSED, POWERS, NOT_NUMBERS } },
  { type = "number", as = "double", places = { "sqlite REAL", "sqlite STRICT REAL", "postgres double precision" },
    values = { NUMBERS, LONG_INTEGERS_REFUSED, BEYOND_REFUSED, POWERS } },
  { type = "number", as = "either64", places = { "sqlite NUMERIC", "sqlite BLOB", "sqlite NONE", "sqlite STRICT ANY" },
    values = { NUMBERS, LONG_INTEGERS, BEYOND_REFUSED } },

  { type = "boolean", as = "boolean", places = { "csv", "jsonl", "sqlite", "postgres" }, values = { BOOLEANS, NOT_BOOLEANS } },
  { type = "boolean", as = "boolean", values = { BOOLEANS }, places = { "sqlite INTEGER", "sqlite NUMERIC", "sqlite BOOLEAN",
    "sqlite BLOB", "sqlite NONE", "sqlite STRICT INT", "sqlite STRICT ANY", "postgres boolean" } },

  { type = "json", as = "cell", places = { "csv" }, values = { VALUES, NUL_JSON, SURROGATE_JSON } },
  { type = "json", as = "json", places = { "jsonl", "sqlite", "sqlite TEXT", "sqlite BLOB", "sqlite NONE",
    "sqlite STRICT TEXT", "sqlite STRICT ANY" }, values = { VALUES, NUL_JSON, SURROGATE_JSON } },
  { type = "json", as = "json", places = { "postgres json", "postgres text" }, values = { VALUES, ESCAPES_JSON } },
  { type = "json", as = "jsonb", places = { "postgres jsonb", "postgres document" },
    values = { VALUES, NUL_JSON, SURROGATE_JSON } },
  { type = "json", as = "jsonb", places = { "postgres" }, values = { VALUES, NUL_JSON, SURROGATE_JSON, ROWS } },

  { type = "decimal", as = "digits", places = { "csv" }, values = { NUMBERS, LONG_INTEGERS, POWERS, BEYOND, NOT_NUMBERS },
    paths = DECODED },
  { type = "decimal", as = "digits", places = { "jsonl", "sqlite", "postgres" },
    values = { NUMBERS, LONG_INTEGERS, POWERS, BEYOND }, paths = DECODED },
  { type = "decimal", as = "digits", places = { "sqlite TEXT", "postgres numeric", "postgres rounded" },
    values = { NUMBERS, LONG_INTEGERS, POWERS, BEYOND }, paths = DECODED },
  { type = "decimal", as = "digits", places = { "sqlite", "postgres" },
    values = { NUMBERS, LONG_INTEGERS, POWERS, BEYOND, NOT_NUMBERS }, paths = UNDECLARED },
  { type = "decimal", as = "digits", places = { "sqlite TEXT", "sqlite BLOB", "sqlite NONE", "sqlite STRICT ANY", "postgres numeric" },
    values = { NUMBERS, LONG_INTEGERS, POWERS, BEYOND }, paths = UNDECLARED },
  { type = "decimal", options = { precision = 10, scale = 2 }, as = "value", places = { "csv", "postgres" },
    values = { DECIMALS, TOO_LONG, NOT_DECIMALS }, paths = DECLARED },
  { type = "decimal", options = { precision = 10, scale = 2 }, as = "value", places = { "jsonl", "sqlite" },
    values = { DECIMALS }, paths = DECLARED },
  { type = "decimal", options = { precision = 10, scale = 2 }, as = "value",
    places = { "sqlite TEXT", "sqlite BLOB", "sqlite NONE", "sqlite STRICT ANY", "postgres numeric", "postgres numeric(10,2)",
      "postgres numeric(12,4)", "postgres cents" }, values = { DECIMALS }, paths = DECLARED },
  { type = "decimal", options = { precision = 30, scale = 23 }, as = "digits",
    places = { "csv", "jsonl", "sqlite TEXT", "postgres numeric" }, values = { LONG_DECIMALS }, paths = DECLARED },
  { type = "decimal", options = { precision = 30, scale = 23 }, as = "value",
    places = { "postgres numeric(38,23)" }, values = { LONG_DECIMALS }, paths = DECLARED },
  { type = "decimal", options = { precision = 30, scale = 0 }, as = "value",
    places = { "csv", "jsonl", "sqlite", "postgres", "postgres numeric(30,0)" }, values = { WHOLE_DECIMALS }, paths = DECLARED },

  { type = "integer", as = "value", places = { "csv", "jsonl", "sqlite", "postgres", "postgres numeric" },
    values = { MADE_INTEGERS }, paths = MADE },
  { type = "integer", as = "value", places = { "sqlite", "postgres" }, values = { MADE_FLOATS_REFUSED }, paths = MADE },
  { type = "number", as = "value", places = { "csv", "jsonl", "postgres numeric" }, values = { MADE_NUMBERS }, paths = MADE },
  { type = "number", as = "double", places = { "sqlite", "postgres" }, values = { MADE_NUMBERS }, paths = MADE },
  { type = "number", as = "either64", places = { "sqlite NUMERIC", "sqlite NONE" }, values = { MADE_NUMBERS }, paths = MADE },

  { type = "text", required = '"a"', as = "text", places = { "csv", "sqlite", "postgres" }, values = { NONE } },
  { type = "integer", required = "1", as = "value", places = { "csv", "sqlite", "postgres" }, values = { NONE } },
  { type = "number", required = "1", as = "value", places = { "csv", "sqlite", "postgres" }, values = { NONE } },
  { type = "boolean", required = "true", as = "boolean", places = { "csv", "sqlite", "postgres" }, values = { NONE } },

  { type = "text", options = { format = "date" }, as = "text", places = { "postgres date" }, values = { DATES }, paths = DECLARED },
  { type = "text", options = { format = "date-time" }, as = "text", places = { "postgres timestamptz" }, values = { INSTANTS },
    paths = DECLARED },
  { type = "text", options = { format = "time" }, begin = either, as = "text", places = { "postgres time" },
    values = { TIMES }, paths = DECLARED },
  { type = "text", options = { format = "uuid" }, as = "text", places = { "postgres uuid" }, values = { UUIDS }, paths = DECLARED },
  { type = "json", items = "text", as = "jsonb", places = { "postgres text[]" }, values = { TEXT_ARRAYS }, paths = DECLARED },
  { type = "json", items = "integer", as = "jsonb", places = { "postgres bigint[]" }, values = { INTEGER_ARRAYS },
    paths = DECLARED },
  { type = "json", items = "number", as = "jsonb", places = { "postgres double precision[]" }, values = { DOUBLE_ARRAYS },
    paths = DECLARED },
  { type = "json", items = "number", as = "jsonb", places = { "postgres numeric[]" },
    values = { NUMERIC_ARRAYS }, paths = DECLARED },
  { type = "json", items = "boolean", as = "jsonb", places = { "postgres boolean[]" }, values = { BOOLEAN_ARRAYS },
    paths = DECLARED },
}

-- ---- existing tables that cannot hold the type ----------------------------------------------

--- Refused in begin, with the name of the column.
M.refused = {
  { type = "text", places = { "sqlite INTEGER", "sqlite NUMERIC", "sqlite REAL", "sqlite STRING", "sqlite ANY", "sqlite STRICT INT",
    "postgres char(5)", "postgres char", "postgres bpchar", "postgres \"char\"", "postgres name", "postgres padded", "postgres bytea",
    "postgres bigint", "postgres numeric", "postgres boolean", "postgres jsonb", "postgres date", "postgres time",
    "postgres timestamp", "postgres timestamptz", "postgres interval", "postgres uuid", "postgres text[]", "postgres inet" } },
  { type = "integer", places = { "sqlite REAL", "sqlite TEXT", "sqlite VARCHAR(20)", "sqlite STRICT TEXT", "sqlite STRICT REAL",
    "postgres real", "postgres double precision", "postgres numeric(10,-2)", "postgres text", "postgres varchar(20)",
    "postgres boolean", "postgres date", "postgres bigint[]", "postgres money" } },
  { type = "number", places = { "sqlite TEXT", "sqlite VARCHAR(20)", "sqlite STRICT TEXT", "postgres real", "postgres numeric(10,2)",
    "postgres cents", "postgres text", "postgres money", "postgres interval", "postgres double precision[]" } },
  { type = "boolean", places = { "sqlite TEXT", "sqlite REAL", "sqlite STRICT TEXT", "postgres text", "postgres integer",
    "postgres char(1)", "postgres boolean[]" } },
  { type = "json", places = { "sqlite INTEGER", "sqlite NUMERIC", "sqlite REAL", "sqlite JSON", "sqlite ANY", "sqlite STRICT INT",
    "postgres text[]", "postgres bigint[]", "postgres jsonb[]", "postgres char(9)", "postgres bytea" } },
  { type = "decimal", paths = { "columns" }, places = { "sqlite REAL", "sqlite NUMERIC", "sqlite INTEGER", "postgres numeric(10,2)",
    "postgres cents", "postgres real", "postgres double precision", "postgres bigint[]" } },
  { type = "decimal", options = { precision = 10, scale = 2 }, paths = { "schema" },
    places = { "sqlite REAL", "sqlite NUMERIC", "sqlite INTEGER", "sqlite DECIMAL(10,2)", "sqlite STRICT REAL", "postgres real",
      "postgres double precision", "postgres numeric(10,1)", "postgres numeric(12,1)", "postgres money" } },
  { type = "text", options = { format = "date-time" }, paths = { "schema" },
    places = { "postgres timestamp", "postgres date", "postgres time", "postgres uuid",
      "postgres char(40)" } },
  { type = "text", options = { format = "date" }, paths = { "schema" },
    places = { "postgres timestamp", "postgres timestamptz", "postgres time", "postgres uuid" } },
  { type = "text", options = { format = "time" }, paths = { "schema" },
    places = { "postgres timestamptz", "postgres date", "postgres interval" } },
  { type = "text", options = { format = "uuid" }, paths = { "schema" },
    places = { "postgres date", "postgres bytea", "postgres char(36)" } },
  { type = "json", items = "text", paths = { "schema" }, places = { "postgres char(3)[]", "postgres varchar(5)[]",
    "postgres bigint[]", "postgres jsonb[]" } },
  { type = "json", items = "integer", paths = { "schema" }, places = { "postgres real[]", "postgres text[]",
    "postgres numeric(4,-1)[]" } },
  { type = "json", items = "number", paths = { "schema" }, places = { "postgres real[]", "postgres numeric(10,2)[]",
    "postgres text[]" } },
}

return M
