"""Benchmarks: sluice beside what people would use instead. See README.md.

  bench.py --build build [--jobs filter,pass] [--rounds 5] [--smoke]
"""
import argparse
import os
import statistics
import sys

sys.dont_write_bytecode = True

import jobs as table  # noqa: E402
import measure  # noqa: E402
import postgres  # noqa: E402
import report  # noqa: E402

MIB = 1 << 20
OTHERS = ("schema", "latency", "memory", "size")
WARM_UP = 10  # pings


class Bench:
    def __init__(self, build, chosen, rounds, smoke):
        self.build, self.smoke = build, smoke
        self.sizes = table.SMOKE if smoke else table.FULL
        self.rounds = 1 if smoke else rounds
        self.data = f"{build}/bench/smoke" if smoke else f"{build}/bench"
        self.out = f"{self.data}/out"
        self.missing = table.missing()
        self.chosen = [name for name in chosen if name != "memory" or self.can_trace()]
        self.passed = self.failed = 0
        self.results = {"machine": report.machine(), "rows": self.sizes.rows, "rounds": self.rounds,
                        "missing": self.missing, "times": [], "targets": [],
                        "schema": {}, "latency": {}, "memory": [], "size": {}}

    # ---- what is said ----

    def verify(self, name, check):
        """A check that must hold, in smoke a line of its own."""
        try:
            check()
        except measure.Failed as why:
            self.failed += 1
            print(f"not ok - {name}")
            print("  " + str(why).replace("\n", "\n  "), flush=True)
            return False
        self.passed += 1
        if self.smoke:
            print(f"ok - {name}", flush=True)
        return True

    @staticmethod
    def can_trace():
        """Leak detection and tracing exclude each other."""
        sanitized = "SLUICE_SANITIZED" in os.environ
        if sanitized:
            print("skipped - memory: not under a sanitizer")
        return not sanitized

    def now(self, text):
        """Where we are, for who waits at a terminal."""
        if sys.stderr.isatty():
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    # ---- the data ----

    def generate(self):
        self.now("making the data")
        os.makedirs(self.data, exist_ok=True)
        generator = f"{self.build}/bench/generate"
        measure.run([generator, str(self.sizes.rows)], f"{self.data}/rows.jsonl")
        self.make_array()
        measure.run([generator, str(self.sizes.large), str(self.sizes.large_bytes)],
                    f"{self.data}/large.jsonl")
        with open(f"{self.data}/one.json", "w", encoding="ascii") as f:
            f.write('{"kind":"theorem","line":2}\n')

    def make_array(self):
        """The rows as one document."""
        with open(f"{self.data}/rows.jsonl", "rb") as lines, open(f"{self.data}/rows.json", "wb") as array:
            array.write(b"[")
            for i, line in enumerate(lines):
                array.write(b",\n" + line[:-1] if i > 0 else line[:-1])
            array.write(b"]\n")

    def clean(self):
        for name in os.listdir(self.data):
            if name.startswith("out") or name.endswith(".stderr"):
                os.unlink(f"{self.data}/{name}")

    # ---- jobs that take time ----

    def agreed(self, job):
        """Each contender once: warm caches, and outputs that agree. Those that
        failed are left out."""
        good = []
        mine = f"{self.out}.sluice"
        for c in job.contenders:
            self.now(f"{job.name}: checking {c.name}")
            out = mine if c.name == "sluice" else self.out
            reference = job.contenders[0].makes or mine

            def check(c=c, out=out, reference=reference):
                measure.run(c.argv, out, c.makes, c.before)
                if os.path.getsize(c.makes or out) == 0:
                    raise measure.Failed("no output")
                if c.agree is not None:
                    c.agree(reference, c.makes or out)
            said = "agrees with sluice" if c.agree is not None else "runs"
            if self.verify(f"{job.name}: {c.name} {said}", check):
                good.append(c)
            elif c.name == "sluice":
                return []
        return good

    def time(self, job):
        job.contenders = [c for c in job.contenders if c.name not in self.missing]
        job.contenders = self.agreed(job)
        if not job.contenders:
            return
        self.now(f"{job.name}: measuring")
        times = measure.interleave(job.contenders, self.rounds * (1 if self.smoke else job.times),
                                   self.out)
        entries = report.time_entries(job, times)
        self.results["times"] += entries
        self.results["targets"] += report.ratio_entries(job, times)
        self.now("")
        if not self.smoke:
            report.print_times(job, entries)

    # ---- decoding by a schema ----

    def schema(self):
        """What a row costs in the decoder: in one process, nothing around it."""
        lua = os.environ.get("LUA", "lua5.4")  # a sanitized build has its own
        argv = ["env", "LUA_PATH=lualib/?.lua;lualib/?/init.lua;;", f"LUA_CPATH={self.build}/lua/?.so;;", lua,
                "tests/bench/schema_bench.lua", str(min(self.sizes.rows, 200_000)), f"{self.data}/rows.jsonl"]
        found = {}

        def once():
            measure.run(argv, self.out)
            with open(self.out, encoding="utf-8") as f:
                found.update((name, float(ns)) for name, ns in (line.split("\t") for line in f))
        self.now("schema")
        if self.verify("schema: declared fields are those of a full decode", once):
            self.judge_schema(found)

    def judge_schema(self, found):
        full = found["full decode"]
        ratio, above = full / found["two fields of six"], found["closed, six fields"] - full
        self.results["schema"] = found
        self.results["targets"] += [
            {"job": "schema", "what": "two fields of six: full decode takes", "value": ratio, "unit": "×",
             "bound": "at least", "required": 2, "goal": 2, "verdict": report.verdict(ratio, 2, 2)},
            {"job": "schema", "what": "closed, six fields, above full decode", "value": above, "unit": "ns",
             "bound": "at most", "required": 300, "goal": 300,
             "verdict": report.verdict(above, 300, 300, smaller=True)},
        ]
        self.now("")
        if not self.smoke:
            print("\nschema: a row's text to its Lua value")
            for name, ns in found.items():
                print(f"  {name:<26}{ns:>6.0f} ns a row   full decode takes {full / ns:.2f} ×")

    # ---- latency ----

    def latency(self):
        """From emit to handler on an idle stream, against two bare pipes."""
        count = str(self.sizes.pings)
        commands = {
            "sluice": [f"{self.build}/sluice", "run", "tests/bench/latency.lua", "--",
                       f"{self.build}/bench/ping", count],
            "bare pipes": [f"{self.build}/bench/pipes", count],
        }
        runs = {name: [] for name in commands}

        def once():
            for name, argv in commands.items():
                took = measure.numbers(argv, self.out)
                if len(took) != self.sizes.pings or min(took) <= 0:
                    raise measure.Failed(f"{name}: {len(took)} of {count} pings, the fastest {min(took)} ns")
                runs[name].append(took[WARM_UP:])
        self.now("latency")
        if self.verify("latency: every ping arrives after it was sent",
                       lambda: [once() for _ in range(1 if self.smoke else self.rounds + 2)]):
            self.judge_latency(runs)

    def judge_latency(self, runs):
        """The percentiles of each run, and of those the median."""
        found = {name: {f"p{p}": statistics.median(measure.percentile(took, p) for took in all_took) / 1e9
                        for p in (50, 99)} for name, all_took in runs.items()}
        ratio = found["sluice"]["p99"] / found["bare pipes"]["p99"]
        self.results["latency"] = found
        self.results["targets"].append({
            "job": "latency", "what": "p99, of that of bare pipes", "value": ratio, "unit": "×",
            "bound": "at most", "required": 3, "goal": 2,
            "verdict": report.verdict(ratio, 3, 2, smaller=True)})
        self.now("")
        if not self.smoke:
            print("\nlatency: emit to handler, a row every 2 ms")
            for name, at in found.items():
                print(f"  {name:<22}{at['p50'] * 1e6:>7.1f} µs p50{at['p99'] * 1e6:>9.1f} µs p99")

    # ---- memory ----

    def runner_peak(self, words):
        """Peak bytes of the runner: all processes of sluice but the hosts."""
        sluice = os.path.realpath(f"{self.build}/sluice")
        found = measure.peaks(f"{self.build}/bench/peak", [f"{self.build}/sluice", *words], self.out)
        mine = [size for size, exe, argument in found if exe == sluice and argument != "worker"]
        if not mine:
            raise measure.Failed(f"no process of the runner was seen: {found}")
        return sum(mine)

    def memory(self):
        emit, (short, long) = f"{self.build}/bench/emit", self.sizes.stream
        runs = {
            "one row": ["filter", "true", "--", "tests/bench/one.lua"],
            f"{short:,} rows": ["filter", table.EXPRESSION, "--", emit, "--rows", str(short)],
            f"{long:,} rows": ["filter", table.EXPRESSION, "--", emit, "--rows", str(long)],
            "rows of 1 MiB": ["run", "tests/bench/size.lua", "--", emit, f"{self.data}/large.jsonl"],
            **{f"{command}, {count:,} rows": [command, "-q", "--", emit, "--rows", str(count)]
               for command in ("infer", "stats") for count in (short, long)},
        }
        peaks = {}
        for name, words in runs.items():
            self.now(f"memory: {name}")
            if not self.verify(f"memory: {name}", lambda: peaks.update({name: self.runner_peak(words)})):
                return
        self.results["memory"] = [{"name": name, "peak": size} for name, size in peaks.items()]
        self.judge_memory(*peaks.values(), long_name=f"{long:,} rows")

    def judge_memory(self, one, short, long, large, *whole_streams, long_name):
        def target(what, size, unit, required, scale):
            value = size / scale
            return {"job": "memory", "what": what, "value": value, "unit": unit, "bound": "at most",
                    "required": required, "goal": required,
                    "verdict": report.verdict(value, required, required, smaller=True)}
        self.results["targets"] += [
            target(f"peak of the runner, {long_name}", long, "MiB", 16, MIB),
            target("the same, above the short stream", long - short, "MiB", 1, MIB),
            target("rows of 1 MiB, above one small row", large - one, "× frame", 3, MIB),
            *(target(f"{name}, {long_name}, above the short stream", above - below, "MiB", 1, MIB)
              for name, below, above in zip(("infer", "stats"), whole_streams[::2], whole_streams[1::2])),
        ]
        self.now("")
        if not self.smoke:
            print("\nmemory: peak of the runner, without the worker")
            for e in self.results["memory"]:
                print(f"  {e['name']:<22}{e['peak'] / MIB:>7.1f} MiB")

    # ---- size ----

    def size(self):
        """Of a recording of all rows, beside their lines as gzip packs them when it must be quick."""
        rows, path = f"{self.data}/rows.jsonl", f"{self.out}.replay.rows"
        found = {}

        def once():
            measure.run(table.recording(f"{self.build}/sluice", f"{self.build}/bench/emit", rows, path), self.out)
            found["lines"], found["recording"] = os.path.getsize(rows), os.path.getsize(path)
            measure.run(["gzip", "-1", "-c", rows], self.out)
            found["gzip -1"] = os.path.getsize(self.out)
        self.now("size")
        if not self.verify("size: of a recording, and of what gzip makes", once):
            return
        self.results["size"] = found
        self.now("")
        if not self.smoke:
            print("\nsize: all rows in a file")
            for name, size in found.items():
                print(f"  {name:<22}{size / MIB:>7.1f} MiB   {size / found['gzip -1']:.2f} × gzip -1")

    # ---- all of it ----

    def run(self):
        for name in self.missing:
            print(f"skipped - {name} is not installed")
        self.generate()
        if "postgres" in self.chosen:
            self.with_server(self.time_all)
        else:
            self.time_all(None)
        for name in OTHERS:
            if name in self.chosen:
                getattr(self, name)()
        self.finish()
        return self.failed == 0

    def time_all(self, server):
        for job in table.all_jobs(self.build, self.data, self.sizes, server):
            if job.name in self.chosen:
                self.time(job)

    def with_server(self, work):
        self.now("starting PostgreSQL")
        server = postgres.Server()
        try:
            server.start()
            postgres.write_csv(f"{self.data}/rows.jsonl", f"{self.data}/rows.csv")
            work(server)
        finally:
            server.stop()

    def finish(self):
        path = f"{self.data}/results.json"
        self.clean()
        report.write(path, self.results)
        if self.smoke:
            self.verify("results.json is well formed", lambda: self.check(path))
            print(f"{self.passed} passed, {self.failed} failed")
        else:
            report.print_targets(self.results["targets"])
            print(f"\n{path}")

    def check(self, path):
        problem = report.check(path, self.chosen)
        if problem:
            raise measure.Failed(problem)


def read_arguments():
    names = [job.name for job in table.all_jobs("", "", table.SMOKE, postgres.Names)] + list(OTHERS)
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--jobs", default=",".join(names))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--smoke", action="store_true")
    given = parser.parse_args()
    given.jobs = given.jobs.replace(",", " ").split()
    unknown = [name for name in given.jobs if name not in names]
    if unknown:
        parser.error(f"no job {unknown[0]}; there are {', '.join(names)}")
    return given


def main():
    given = read_arguments()
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    os.environ["LC_ALL"] = "C.UTF-8"
    try:
        return Bench(given.build, given.jobs, given.rounds, given.smoke).run()
    except measure.Failed as why:
        print(f"not ok - {why}")
        return False


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
