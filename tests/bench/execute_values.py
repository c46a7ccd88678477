"""What people write without sluice: json.loads and psycopg2's execute_values, one transaction.

  execute_values.py FILE DIRECTORY-OF-THE-SOCKET
"""
import json
import sys

import psycopg2
from psycopg2.extras import execute_values


def rows(path):
    with open(path, encoding="utf-8") as f:
        for line in f:
            row = json.loads(line)
            yield row["kind"], row["name"], row["file"], row["line"], row["size"]


def main(path, host):
    with psycopg2.connect(host=host, user="tester", dbname="postgres") as connection:
        with connection.cursor() as cursor:
            execute_values(cursor, "INSERT INTO decl VALUES %s", rows(path), page_size=1000)


main(*sys.argv[1:])
