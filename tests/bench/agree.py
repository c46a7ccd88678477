"""Do two outputs say the same?"""
import csv
import itertools
import json
import sqlite3
from contextlib import closing

from measure import Failed


def _cut(line):
    text = line.decode("utf-8", "replace") if line is not None else "(nothing)"
    return text if len(text) < 160 else text[:160] + "…"


def _same_value(a, b):
    try:
        return json.loads(a) == json.loads(b)
    except (TypeError, ValueError):
        return False


def _by_line(mine, theirs, same):
    """Count the lines; raise at the first pair that is not the same."""
    count = 0
    with open(mine, "rb") as a, open(theirs, "rb") as b:
        for x, y in itertools.zip_longest(a, b):
            count += 1
            if x != y and not same(x, y):
                raise Failed(f"line {count} differs\n  sluice: {_cut(x)}\n  other:  {_cut(y)}")
    return count


def by_bytes(mine, theirs):
    return _by_line(mine, theirs, lambda x, y: False)


def by_value(mine, theirs):
    """Line by line; where bytes differ, the JSON values must not."""
    return _by_line(mine, theirs, _same_value)


def by_csv(mine, theirs):
    """Row by row, however cells are quoted."""
    count = 0
    with open(mine, encoding="utf-8", newline="") as a, open(theirs, encoding="utf-8", newline="") as b:
        for x, y in itertools.zip_longest(csv.reader(a), csv.reader(b)):
            count += 1
            if x != y:
                raise Failed(f"row {count} differs\n  sluice: {x}\n  other:  {y}")
    return count


def by_document(mine, theirs):
    """One JSON value, however it is laid out."""
    with open(mine, "rb") as a, open(theirs, "rb") as b:
        x, y = a.read(), b.read()
    if not _same_value(x, y):
        raise Failed(f"the values differ\n  sluice: {_cut(x)}\n  other:  {_cut(y)}")
    return 1


def by_table(mine, theirs):
    """Table decl of two SQLite files: the same columns of the same types, and
    the same rows in the same order."""
    with closing(sqlite3.connect(mine)) as a, closing(sqlite3.connect(theirs)) as b:
        declared = [database.execute("SELECT name, type, \"notnull\" FROM pragma_table_info('decl')").fetchall()
                    for database in (a, b)]
        if declared[0] != declared[1]:
            raise Failed(f"the columns differ\n  sluice: {declared[0]}\n  other:  {declared[1]}")
        count = 0
        for x, y in itertools.zip_longest(*(database.execute("SELECT * FROM decl ORDER BY rowid")
                                            for database in (a, b))):
            count += 1
            if x != y:
                raise Failed(f"row {count} differs\n  sluice: {x}\n  other:  {y}")
    if count == 0:
        raise Failed("no rows")
    return count
