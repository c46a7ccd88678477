"""The jobs: what runs beside what, and how fast it must be."""
from dataclasses import dataclass, field

import agree
from measure import works

EXPRESSION = 'kind == "theorem" and line % 2 == 0'
JQ_EXPRESSION = 'select(.kind == "theorem" and .line % 2 == 0)'
MILLER_EXPRESSION = '$kind == "theorem" && $line % 2 == 0'


@dataclass
class Contender:
    name: str
    argv: list
    agree: object = None   # how its output compares with sluice's; None: not at all
    patient: bool = False  # fewer rounds: slow, and no target names it
    makes: str = ""        # the file it writes, when its output is not on stdout
    before: list = None    # a command that is run before each run, and not measured


@dataclass
class Target:
    against: str
    at_least: float
    goal: float


@dataclass
class Job:
    name: str
    title: str
    contenders: list
    targets: list = field(default_factory=list)
    rows: int = 1
    times: int = 1         # runs in a round, for short jobs


@dataclass
class Sizes:
    rows: int
    large: int
    large_bytes: int
    pings: int
    stream: tuple          # rows of the two memory runs


FULL = Sizes(rows=1_000_000, large=100, large_bytes=1 << 20, pings=400, stream=(1_000_000, 20_000_000))
SMOKE = Sizes(rows=2_000, large=3, large_bytes=1 << 20, pings=30, stream=(2_000, 20_000))

INSTALLED = {
    "jq": ["jq", "-n", "1"],
    "gojq": ["gojq", "-n", "1"],
    "Miller": ["mlr", "--version"],
    "Lua 5.4 + cjson": ["lua5.4", "-e", "require 'cjson'"],
    "LuaJIT + cjson": ["luajit", "-e", "require 'cjson'"],
    "sqlite3": ["sqlite3", "--version"],
    "Python sqlite3": ["python3", "-c", "import sqlite3"],
    "execute_values": ["/usr/bin/python3", "-c", "import psycopg2"],
}


def missing():
    """The competitors that are not installed."""
    return [name for name, argv in INSTALLED.items() if not works(argv)]


def _loops(job, path):
    """The two Lua loops."""
    return [Contender(name, [lua, "tests/bench/loop.lua", job, path], agree.by_bytes)
            for name, lua in (("Lua 5.4 + cjson", "lua5.4"), ("LuaJIT + cjson", "luajit"))]


def _sqlite3(path, database):
    """The fastest import of JSON lines that the command can do: a line is one
    column of a table in memory, since no separator occurs in it."""
    columns = ", ".join(f"json_extract(line, '$.{name}')" for name in ("kind", "name", "file", "line", "size"))
    return ["sqlite3", "-bail", database, ".mode ascii", '.separator "\\037" "\\n"',
            "PRAGMA temp_store = memory", "BEGIN",
            "CREATE TABLE decl (kind TEXT NOT NULL, name TEXT NOT NULL, file TEXT NOT NULL,"
            " line INTEGER NOT NULL, size INTEGER NOT NULL)",
            "CREATE TEMP TABLE lines (line TEXT)", f".import {path} lines",
            f"INSERT INTO decl SELECT {columns} FROM lines", "COMMIT"]


def _sqlite(sluice, emit, rows, data):
    """Rows into a database. Each run makes a new one."""
    mine, other = f"{data}/out.sluice.db", f"{data}/out.db"
    return [
        Contender("sluice", [sluice, "run", "tests/bench/table.lua", "--set", f"url=sqlite:{mine}", "--", emit, rows],
                  makes=mine),
        Contender("sqlite3", _sqlite3(rows, other), agree.by_table, makes=other),
        Contender("Python sqlite3", ["python3", "tests/bench/executemany.py", rows, other],
                  agree.by_table, makes=other),
    ]


def _postgres(sluice, emit, rows, data, server):
    """The same rows into PostgreSQL, each contender into the same empty table."""
    def contender(name, *argv):
        said = ["sh", "-c", '"$@" && echo done', "sh", *argv]
        return Contender(name, said, server.agree, before=server.emptied())
    return [
        contender("sluice", sluice, "run", "-q", "tests/bench/table.lua", "--set", f"url={server.url}", "--", emit, rows),
        contender("psql \\copy", *server.psql("-c", f"\\copy decl from '{data}/rows.csv' csv")),
        contender("execute_values", "/usr/bin/python3", "tests/bench/execute_values.py", rows, server.dir),
    ]


def _csv(sluice, emit, rows, data):
    """Six columns as CSV."""
    fields = ("kind", "name", "file", "line", "size", "doc")
    mine = f"{data}/out.sluice.csv"
    return [
        Contender("sluice", [sluice, "run", "tests/bench/csv.lua", "--set", f"file={mine}", "--", emit, rows], makes=mine),
        Contender("jq", ["jq", "-r", f"[{', '.join('.' + name for name in fields)}] | @csv", rows], agree.by_csv),
        Contender("Miller", ["mlr", "--ijsonl", "--ocsv", "--headerless-csv-output", "cut", "-o", "-f", ",".join(fields), rows],
                  agree.by_csv, patient=True),
    ]


def _recorded(plain, data):
    """A job with --record beside itself without. No recording is written over another, so each run removes the
    one before."""
    at, path = plain.index("--"), f"{data}/out.record.rows"
    return [
        Contender("sluice", plain[:at] + ["--record", path] + plain[at:], before=["rm", "-f", path, path + ".part"]),
        Contender("not recorded", plain, agree.by_bytes),
    ]


def recording(sluice, emit, rows, path):
    """The command that records the C worker's rows, unless they are."""
    return ["sh", "-c", '[ -e "$0" ] || exec "$@"', path, sluice, "record", "-q", path, "--", emit, rows]


def all_jobs(build, data, sizes, server=None):
    """Every job whose measure is how long it takes; server: for those with PostgreSQL."""
    sluice, emit = f"{build}/sluice", f"{build}/bench/emit"
    rows, array = f"{data}/rows.jsonl", f"{data}/rows.json"
    large, one = f"{data}/large.jsonl", f"{data}/one.json"
    replayed = f"{data}/out.replay.rows"

    def mine(*words):
        return Contender("sluice", [sluice, *words])

    def jq(*words, how=agree.by_value):
        return Contender("jq", ["jq", *words], how)

    jobs = [
        Job("filter", "two fields, one row in ten is kept, C worker", [
            mine("filter", EXPRESSION, "--", emit, rows),
            jq("-c", JQ_EXPRESSION, rows),
            *_loops("filter", rows),
            Contender("gojq", ["gojq", "-c", JQ_EXPRESSION, rows], agree.by_value, patient=True),
            Contender("Miller", ["mlr", "--ijsonl", "--ojsonl", "filter", MILLER_EXPRESSION, rows],
                      agree.by_value, patient=True),
        ], [Target("jq", 8, 10), Target("Lua 5.4 + cjson", 4, 5)]),
        Job("lines", "the same from a program that prints JSON lines", [
            mine("filter", EXPRESSION, "--lines", "--", "cat", rows),
            jq("-c", JQ_EXPRESSION, rows),
        ], [Target("jq", 7, 9)]),
        Job("json", "the same rows as one array, from a program that prints it", [
            mine("filter", EXPRESSION, "--json", "--", "cat", array),
            Contender("sluice --lines", [sluice, "filter", EXPRESSION, "--lines", "--", "cat", rows], agree.by_bytes),
            jq("-c", f".[] | {JQ_EXPRESSION}", array),
        ], [Target("sluice --lines", 0.7, 0.9)]),
        Job("pass", "every row as it is, C worker, to a file", [
            mine("filter", "true", "--", emit, rows),
            jq("-c", ".", rows),
            *_loops("pass", rows),
        ], [Target("jq", 12, 16)]),
        Job("policy", "on_row reads row.payload.kind, C worker", [
            mine("run", "tests/bench/kind.lua", "--", emit, rows),
            *_loops("policy", rows),
        ], [Target("Lua 5.4 + cjson", 1.5, 2)]),
        Job("large", "row:get of one field, rows of 1 MiB, C worker", [
            mine("run", "tests/bench/size.lua", "--", emit, large),
            jq(".size", large),
            *_loops("large", large),
        ], [Target("jq", 10, 20)]),
        Job("sqlite", "five fields by a schema into a SQLite file, C worker",
            _sqlite(sluice, emit, rows, data), [Target("sqlite3", 1.5, 1.5), Target("Python sqlite3", 1.5, 1.5)]),
        Job("csv", "six fields into a CSV file, C worker",
            _csv(sluice, emit, rows, data), [Target("jq", 8, 8), Target("Miller", 8, 8)]),
        Job("infer", "a schema of six fields, beside every row as it is, C worker", [
            mine("infer", "-q", "--", emit, rows),
            Contender("sluice filter true", [sluice, "filter", "true", "--", emit, rows]),
        ], [Target("sluice filter true", 0.5, 1)]),
        Job("stats", "what is in six fields, beside counting the rows, C worker", [
            mine("stats", "-q", "--", emit, rows),
            Contender("sluice filter --count", [sluice, "filter", "--count", "true", "--", emit, rows]),
            Contender("sluice filter true", [sluice, "filter", "true", "--", emit, rows]),
        ], [Target("sluice filter --count", 0.5, 1)]),
        Job("record", "filter with --record, beside filter without, C worker",
            _recorded([sluice, "filter", EXPRESSION, "--", emit, rows], data), [Target("not recorded", 1 / 1.4, 1 / 1.25)]),
        Job("record-policy", "policy with --record, beside policy without, C worker",
            _recorded([sluice, "run", "tests/bench/kind.lua", "--", emit, rows], data),
            [Target("not recorded", 1 / 1.15, 1 / 1.15)]),
        Job("replay", "filter of the recorded C worker, beside the worker itself", [
            Contender("sluice", [sluice, "filter", EXPRESSION, "--", replayed], before=recording(sluice, emit, rows, replayed)),
            Contender("C worker", [sluice, "filter", EXPRESSION, "--", emit, rows], agree.by_bytes),
        ], [Target("C worker", 1, 1.3)]),
        Job("start", "one row, start to exit, Lua worker", [
            mine("filter", "true", "--", "tests/bench/one.lua"),
            jq(".", one, how=agree.by_document),
        ], [Target("jq", 1, 2)], times=6),
        Job("limits", "what nothing can beat", [
            Contender("cat through a pipe", ["sh", "-c", f"cat {rows} | cat"]),
            Contender("validation alone", [f"{build}/bench/validate", rows]),
        ]),
    ]
    if server is not None:
        jobs.append(Job("postgres", "five fields by a schema into PostgreSQL, C worker",
                        _postgres(sluice, emit, rows, data, server),
                        [Target("psql \\copy", 1 / 1.5, 1 / 1.2), Target("execute_values", 3, 5)]))
    for job in jobs:
        job.rows = {"large": sizes.large, "start": 1}.get(job.name, sizes.rows)
    return jobs
