"""What people write without sluice: json.loads and executemany, one transaction.

  executemany.py FILE DATABASE
"""
import json
import sqlite3
import sys


def rows(path):
    with open(path, encoding="utf-8") as f:
        for line in f:
            row = json.loads(line)
            yield row["kind"], row["name"], row["file"], row["line"], row["size"]


def main(path, database):
    connection = sqlite3.connect(database)
    with connection:
        connection.execute("CREATE TABLE decl (kind TEXT NOT NULL, name TEXT NOT NULL, file TEXT NOT NULL,"
                           " line INTEGER NOT NULL, size INTEGER NOT NULL)")
        connection.executemany("INSERT INTO decl VALUES (?, ?, ?, ?, ?)", rows(path))
    connection.close()


main(*sys.argv[1:])
