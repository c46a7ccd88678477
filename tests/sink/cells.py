"""Read back what sinks have committed, and say where it is not what came.

Standard input is a JSON object: `postgres`, what psql printed (lines of table,
id, and the value in hexadecimal or "null"), and `lots`, each with the table or
the files of its rows, how values compare (`as`) and its cells. Printed is a
list for each lot: of each cell false, or what is wrong with it.

Standard library only, so that nothing here is shared with what it judges:
Python's own JSON, CSV, decimals and SQLite.
"""
import csv
import json
import math
import os
import sqlite3
import struct
import sys
from decimal import Decimal, getcontext

getcontext().prec = 200000
getcontext().Emax, getcontext().Emin = 10**6, -10**6
csv.field_size_limit(1 << 30)


class Number(str):
    """A number in JSON, by its text."""


ABSENT = object()
MADE_BY_LUA = ("map", "made")
MISSING = "is not there"


def parse(text):
    return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=Number,
                      object_pairs_hook=lambda pairs: ("object", pairs))


# ---- Lua's values for numbers: a 64-bit integer, a double, or the text itself ----

def is_integer(text):
    return not any(c in text for c in ".eE")


def through_lua(number):
    if is_integer(number):
        return Number(number)
    double = float(number)
    if math.isinf(double) or double == 0 and Decimal(number) != 0:
        return Number(number)
    return Number(repr(double))


def mapped(value):
    if isinstance(value, Number):
        return through_lua(value)
    if isinstance(value, list):
        return [mapped(v) for v in value]
    if isinstance(value, tuple):
        return ("object", sorted((k, mapped(v)) for k, v in value[1]))
    return value


def plain(value, number):
    """JSON as something that compares with ==, its numbers by a function."""
    if isinstance(value, Number):
        return ("number", number(value))
    if isinstance(value, list):
        return [plain(v, number) for v in value]
    if isinstance(value, tuple):
        return ("object", [(k, plain(v, number)) for k, v in value[1]])
    return value


def by_name(value):
    if isinstance(value, list):
        return [by_name(v) for v in value]
    if isinstance(value, tuple) and value[0] == "object":
        return ("object", sorted((k, by_name(v)) for k, v in value[1]))
    return value


# ---- comparisons of output and input; each returns nothing, or the difference ----

def text_of(value):
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def same_text(came, there):
    return text_of(there) == came


def same_value(came, there):
    return Decimal(text_of(there)) == Decimal(came)


def same_own(came, there):
    return text_of(there) == came


def same_digits(came, there):
    plain_digits = "e" not in came.lower() and Decimal(came) != 0
    return text_of(there) == came if plain_digits else same_value(came, there)


def bits(double):
    return struct.pack(">d", double)


def same_double(came, there):
    # SQLite stores no negative zero in its files; a double of a text is exact in both directions.
    if isinstance(there, (int, float)):
        return Decimal(there) == Decimal(float(came))
    if came == "-0":  # an integer, which has only one zero
        return float(there) == 0
    return bits(float(there)) == bits(float(came))


def same_either64(came, there):
    exact = Decimal(came)
    if exact == exact.to_integral_value() and -2**63 <= exact < 2**63:
        return Decimal(there) == exact
    return Decimal(there) == Decimal(float(came))


def same_boolean(came, there):
    words = {"true": ("true", "1"), "false": ("false", "0")}[came]
    return text_of(there) in words


def same_json(came, there):
    return plain(parse(text_of(there)), str) == plain(came, str)


def same_jsonb(came, there):
    return by_name(plain(parse(text_of(there)), Decimal)) == by_name(plain(came, Decimal))


def is_string(value):
    return isinstance(value, str) and not isinstance(value, Number)


def same_cell(came, there):
    return (same_text if is_string(came) else same_json)(came, there)


def same_lua_cell(came, there):
    return (same_text if is_string(came) else same_jsonb)(came, there)


SAME = {name[5:]: f for name, f in globals().items() if name.startswith("same_")}

# What SQLite must make of the values; a column without a type keeps any of them.
STORED = {"text": bytes, "json": bytes, "decimal": bytes, "integer": int, "boolean": int, "number": (int, float)}


def expected(lot, cell):
    """What came, as the function above takes it, or None for NULL."""
    if cell["value"] == "absent":
        return None
    value = parse(cell["value"])
    if value is None:
        return None
    if lot["path"] in MADE_BY_LUA and isinstance(value, (Number, list, tuple)):
        value = mapped(value)
    if lot["as"] == "boolean":
        return cell["value"]
    return value


def how(lot):
    # A number made by Lua is written as Lua's shortest text, or exactly.
    if lot["path"] in MADE_BY_LUA:
        return {"own": "value", "digits": "value", "json": "jsonb", "cell": "lua_cell"}.get(lot["as"], lot["as"])
    return lot["as"]


def judge_value(lot, cell, there):
    if cell.get("expect") is not None:
        return there is not None and same_text(cell["expect"], there)
    came, rule = expected(lot, cell), how(lot)
    if came is None or there is None:
        return came is None and there is None
    if lot["kind"] == "sqlite" and not isinstance(there, STORED[lot["type"]]):
        return False
    return SAME[rule](came, there)


def show(there):
    if isinstance(there, bytes):
        there = there.decode("utf-8", "backslashreplace")
    text = "NULL" if there is None else repr(there) if isinstance(there, (float, str)) else str(there)
    return text if len(text) <= 80 else text[:77] + "..."


def judge(lot, cell, rows):
    if cell["want"] == "nothing":
        found = [rows[k] for k in (cell["id"], -cell["id"]) if k in rows]
        if cell.get("whole") and None in rows:
            found.append(rows[None])
        return ("refused, and there is " + show(found[0])) if found else False
    if cell["id"] not in rows:
        return MISSING
    there = rows[cell["id"]]
    try:
        ok = judge_value(lot, cell, there)
    except (ValueError, ArithmeticError) as error:
        return "there is %s (%s)" % (show(there), error)
    return False if ok else "there is " + show(there)


# ---- readers: rows by their id ----

def read_sqlite(lot):
    with sqlite3.connect("file:%s?mode=ro" % lot["file"], uri=True) as db:
        db.text_factory = bytes
        # A value of type BLOB is bytes as well: no sink may write one.
        query = "select id, v, typeof(v) from %s" % lot["table"]
        return {i: ("BLOB " + v.hex() if kind == b"blob" else v) for i, v, kind in db.execute(query)}


def read_postgres(lot):
    return lot["rows"]


def read_csv(lot):
    rows = {}
    for name in lot["files"]:
        if not os.path.exists(name):
            continue
        with open(name, "rb") as file:
            raw = file.read()
        with open(name, encoding="utf-8", newline="") as file:
            for line in list(csv.reader(file, strict=True))[1:]:
                number = int(line[0]) if line[0] else None
                is_null = b"\n%s,\n" % line[0].encode() in raw
                rows[number] = None if is_null else line[1].encode()
                if len(line) != 2:
                    rows[number] = b"%d fields" % len(line)
    return rows


def read_jsonl(lot):
    rows = {}
    for name in lot["files"]:
        if not os.path.exists(name):
            continue
        with open(name, encoding="utf-8", newline="") as file:
            for line in file.read().split("\n")[:-1]:
                row = parse(line)
                fields = dict(row[1]) if isinstance(row, tuple) else {}
                rows[int(fields["id"]) if "id" in fields else None] = fields.get("v", ABSENT)
    return rows


def judge_line(lot, cell, rows):
    """A row of JSON lines: absent is not null there."""
    if cell["want"] == "nothing":
        return "refused, and it is there" if cell["id"] in rows else False
    if cell["id"] not in rows:
        return MISSING
    there = rows[cell["id"]]
    if cell["value"] == "absent" or there is ABSENT:
        return False if cell["value"] == "absent" and there is ABSENT else "null and absent are mixed up"
    came = parse(cell.get("expect") or cell["value"])
    if lot["path"] in MADE_BY_LUA:
        ok = by_name(plain(mapped(came), Decimal)) == by_name(plain(there, Decimal))
    else:
        ok = plain(came, str) == plain(there, str)
    return False if ok else "there is " + show(str(there))


READ = {"sqlite": read_sqlite, "postgres": read_postgres, "csv": read_csv, "jsonl": read_jsonl}


def split_tables(printed):
    tables = {}
    for line in printed.splitlines():
        table, number, value = line.split("|")
        rows = tables.setdefault(table, {})
        rows[int(number) if number else None] = None if value == "null" else bytes.fromhex(value)
    return tables


def main():
    given = json.load(sys.stdin)
    tables = split_tables(given["postgres"])
    answers = []
    for lot in given["lots"]:
        lot["rows"] = tables.get(lot["table"], {})
        rows = READ[lot["kind"]](lot)
        judge_one = judge_line if lot["kind"] == "jsonl" else judge
        answers.append([judge_one(lot, cell, rows) for cell in lot["cells"]])
    json.dump(answers, sys.stdout)


main()
