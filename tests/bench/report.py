"""Results as tables for people and as JSON for machines."""
import json
import os
import platform


def _seconds(s):
    return f"{s * 1e3:.1f} ms" if s < 0.1 else f"{s:.3f} s"


def _each(s):
    return f"{s * 1e9:.0f} ns" if s < 1e-6 else f"{s * 1e6:.2f} µs" if s < 1e-3 else f"{s * 1e3:.1f} ms"


def _times(factor):
    return f"{factor:.2f} ×" if factor < 10 else f"{factor:.1f} ×"


def verdict(value, required, goal, smaller=False):
    """goal, met or missed; without a goal beyond what is required, met or missed."""
    sign = -1 if smaller else 1
    if sign * value >= sign * goal and goal != required:
        return "goal"
    return "met" if sign * value >= sign * required else "missed"


def time_entries(job, times):
    return [{
        "job": job.name, "name": c.name, "command": c.argv, "rows": job.rows,
        "median": times[c.name].median, "wall": times[c.name].wall, "cpu": times[c.name].cpu,
    } for c in job.contenders]


def ratio_entries(job, times):
    """How many times as long the others take, for each target that was measured."""
    found = []
    for t in job.targets:
        if t.against in times:
            ratio = times[t.against].median / times["sluice"].median
            found.append({"job": job.name, "what": f"{t.against} takes", "value": ratio, "unit": "×",
                          "bound": "at least", "required": t.at_least, "goal": t.goal,
                          "verdict": verdict(ratio, t.at_least, t.goal)})
    return found


def print_times(job, entries):
    print(f"\n{job.name}: {job.title}")
    for e in entries:
        low, high = min(e["wall"]), max(e["wall"])
        spread = f"{_seconds(low)} to {_seconds(high)}"
        cpu = sorted(e["cpu"])[len(e["cpu"]) // 2]
        print(f"  {e['name']:<22}{_seconds(e['median']):>10}{_each(e['median'] / e['rows']):>12} a row"
              f"{_seconds(cpu):>11} CPU   {spread:>22}")


def print_targets(entries):
    if not entries:
        return
    print(f"\n{'job':<14}{'what':<39}{'measured':>11}   {'required':>17}{'goal':>10}   verdict")
    for e in entries:
        def shown(x):
            return _times(x) if e["unit"] == "×" else f"{x:.1f} {e['unit']}"
        def plain(x):
            return f"{x:.3g} {e['unit']}"
        required = f"{e['bound']} {plain(e['required'])}"
        goal = plain(e["goal"]) if e["goal"] != e["required"] else ""
        print(f"{e['job']:<14}{e['what']:<39}{shown(e['value']):>11}   {required:>17}{goal:>10}"
              f"   {e['verdict']}")


def machine():
    return {"cpus": os.cpu_count(), "system": platform.platform(), "load": os.getloadavg()}


def write(path, results):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(results, f, indent=1, ensure_ascii=False)
        f.write("\n")


def check(path, jobs):
    """A sentence on what is wrong with a file of results, or None."""
    with open(path, encoding="utf-8") as f:
        results = json.load(f)
    for key in ("machine", "rows", "rounds", "missing", "times", "targets", "schema", "latency", "memory", "size"):
        if key not in results:
            return f"no {key}"
    seen = {e["job"] for e in results["times"]}
    seen |= {key for key in ("schema", "latency", "memory", "size") if results[key]}
    if seen != set(jobs):
        return f"jobs are {sorted(seen)}, expected {sorted(jobs)}"
    if any(len(e["wall"]) == 0 or min(e["wall"]) <= 0 for e in results["times"]):
        return "a time is missing"
    if any(e["verdict"] not in ("goal", "met", "missed") for e in results["targets"]):
        return "a verdict is missing"
    return None
