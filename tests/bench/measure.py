"""Run commands one at a time: how long they take, what they say."""
import os
import signal
import statistics
import subprocess
import time
from dataclasses import dataclass, field

TIMEOUT_S = 120


class Failed(Exception):
    """A command that should have succeeded, or outputs that should agree."""


@dataclass
class Times:
    """What the runs of one command took, in seconds."""
    wall: list = field(default_factory=list)
    cpu: list = field(default_factory=list)

    @property
    def median(self):
        return statistics.median(self.wall)


def _tail(path):
    with open(path, "rb") as f:
        text = f.read()[-2000:].decode("utf-8", "replace").strip()
    return text or "(it said nothing)"


def _spawn(argv, out, err):
    def opened(fd, path):
        return (os.POSIX_SPAWN_OPEN, fd, path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    actions = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), opened(1, out), opened(2, err)]
    try:
        return os.posix_spawnp(argv[0], argv, os.environ, file_actions=actions,
                               setpgroup=0, setsigdef=[signal.SIGPIPE])
    except OSError as why:
        raise Failed(f"{argv[0]}: {why.strerror}") from why


def _kill_when_stuck(pid):
    def on_alarm(*_):
        os.killpg(pid, signal.SIGKILL)
    signal.signal(signal.SIGALRM, on_alarm)
    signal.alarm(TIMEOUT_S)


def run(argv, out, makes="", before=None):
    """Run argv, after the command `before`, with its stdout in the file `out`: wall and CPU seconds, of the
    command and all its children. `makes` is a file that it writes besides.
    Raises Failed unless it exits with 0."""
    err = out + ".stderr"
    if before:
        run(before, out)
    for path in (out, makes):
        if os.path.exists(path):
            os.unlink(path)  # its pages are dropped too, so nothing is left to be written back
    start = time.perf_counter()
    pid = _spawn(argv, out, err)
    _kill_when_stuck(pid)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    signal.alarm(0)
    code = os.waitstatus_to_exitcode(status)
    if code != 0:
        raise Failed(f"{' '.join(argv)}\nended with {code}: {_tail(err)}")
    return wall, usage.ru_utime + usage.ru_stime


def interleave(contenders, rounds, out):
    """A B C, A B C, …: what disturbs the machine disturbs all of them. A
    contender that is only there for comparison sits some rounds out."""
    times = {c.name: Times() for c in contenders}
    for number in range(rounds):
        for c in contenders:
            if c.patient and number >= 3:
                continue
            wall, cpu = run(c.argv, out, c.makes, c.before)
            times[c.name].wall.append(wall)
            times[c.name].cpu.append(cpu)
    return times


def numbers(argv, out):
    """The numbers that a command prints, one a line."""
    run(argv, out)
    with open(out, encoding="ascii") as f:
        return [int(line) for line in f]


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def peaks(peak, argv, out):
    """VmHWM in bytes of each process of a command: [(bytes, executable, first
    argument)]."""
    listing = out + ".peaks"
    run([peak, listing, *argv], out)
    with open(listing, encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f]
    return [(int(kib) * 1024, exe, argument) for kib, exe, argument in rows]


def works(argv):
    """Whether a competitor is installed: a command that should succeed does."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False)
    except OSError:
        return False
    return done.returncode == 0
