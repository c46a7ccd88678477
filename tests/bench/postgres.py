"""A PostgreSQL of the benchmark's own: in a temporary directory, on a socket there, run by an
ordinary user, stopped by its own directory. fsync and all else as by default."""
import csv
import json
import os
import shutil
import subprocess
import tempfile

from measure import Failed

BIN = "/usr/lib/postgresql/15/bin/"
OPTIONS = "-c listen_addresses= -c unix_socket_directories="
COLUMNS = ("kind", "name", "file", "line", "size")
TABLE = "kind text not null, name text not null, file text not null, line bigint not null, size bigint not null"


def _check(argv):
    done = subprocess.run(argv, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise Failed(f"{' '.join(argv)}: {done.stdout.decode('utf-8', 'replace')}")
    return done.stdout.decode("utf-8").strip()


class Server:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="bench-")
        # The server refuses root.
        self.user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.getuid() == 0 else []
        self.seen = None

    @property
    def url(self):
        return f"postgres://tester@/postgres?host={self.dir}"

    def start(self):
        if self.user:
            shutil.chown(self.dir, "nobody", "nogroup")
        _check([*self.user, BIN + "initdb", "-D", self.dir + "/data", "-U", "tester", "-A", "trust", "-E", "UTF8",
                "--locale=C.UTF-8"])
        self.control("-l", self.dir + "/log", "-o", OPTIONS + self.dir, "start")

    def stop(self):
        try:
            self.control("-m", "immediate", "stop")
        finally:
            shutil.rmtree(self.dir, ignore_errors=True)

    def control(self, *words):
        subprocess.run([*self.user, BIN + "pg_ctl", "-D", self.dir + "/data", "-w", "-s", *words], cwd="/",
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)

    def psql(self, *words):
        return [BIN + "psql", "-X", "-q", "-h", self.dir, "-U", "tester", "-d", "postgres", *words]

    def emptied(self):
        """The table before each run."""
        return self.psql("-c", "drop table if exists decl, sluice_ledger", "-c", f"create table decl ({TABLE})",
                         "-c", "checkpoint")

    def agree(self, *_):
        """The same rows as the first contender has brought, in whatever order."""
        found = _check(self.psql("-A", "-t", "-c",
                                 "select count(*), sum(hashtextextended(d::text, 0)::numeric) from decl d"))
        self.seen = self.seen or found
        if found != self.seen or found.startswith("0|"):
            raise Failed(f"the rows differ: {found} and {self.seen}")


class Names:
    """For who only asks which jobs there are."""
    url = dir = ""
    agree = None

    @staticmethod
    def emptied():
        return []

    @staticmethod
    def psql(*words):
        return list(words)


def write_csv(rows, path):
    """The same rows as a prepared file."""
    with open(rows, encoding="utf-8") as f, open(path, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        for line in f:
            row = json.loads(line)
            writer.writerow([row[name] for name in COLUMNS])
