"""The rows of the benchmark: what is measured, and its peer beside it."""
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import time

import chart
import loop_rows
import make_fleet

CORES = os.cpu_count() or 1


class Bench:
    def __init__(self, build, scratch, size, out):
        self.build, self.scratch, self.size, self.out = build, scratch, size, out
        self.fleetc = build / "fleetc"
        self.names = 0
        self.environment = dict(os.environ, XDG_STATE_HOME=str(scratch / "state"),
                                GIT_CONFIG_GLOBAL="/dev/null", NO_COLOR="1")

    def of_size(self, full, quick, tiny):
        return {"full": full, "quick": quick, "tiny": tiny}[self.size]

    def program(self, name, *arguments):
        command = [str(self.build / "tests" / "bench" / name), *map(str, arguments)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def timed(self, *command, cwd=None):
        begun = time.perf_counter()
        done = subprocess.run([str(word) for word in command], cwd=cwd, env=self.environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, check=False)
        took = time.perf_counter() - begun
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(map(str, command))} failed in {cwd}:\n{done.stderr[-2000:]}")
        return took

    def folder(self):
        self.names += 1
        made = self.scratch / f"{self.names:03}"
        made.mkdir()
        return made

    # A repository with the fleet in it, which the run itself does not need to be committed.
    def repository(self, fleet, scripts=None):
        repo = self.folder()
        for name, text in {"bench.fleet": fleet, **(scripts or {})}.items():
            (repo / name).write_text(text)
        for command in (["init", "-q", "-b", "main"], ["add", "-A"],
                        ["-c", "user.name=b", "-c", "user.email=b@example.org", "commit", "-qm", "b"]):
            subprocess.run(["git", "-C", str(repo), *command], check=True, env=self.environment)
        return repo


def row(key, what, ours, peer, ratios, goal, limit, *, unit="s", below=True, note="", extra=None):
    """One line of the table. `ratios` are of pairs; `limit` is what their median is held against."""
    ratio = statistics.median(ratios) if ratios else None
    def text(values):
        if not values:
            return ""
        value = statistics.median(values)
        return f"{value:.3g} {unit}" if value < 1000 else f"{value:.0f} {unit}"
    reached = None if limit is None else (ratio <= limit if below else ratio >= limit)
    return {"key": key, "what": what, "unit": unit, "ours": ours, "peer": peer, "ratios": ratios,
            "ratio": ratio, "goal": goal, "reached": reached, "ours_text": text(ours),
            "peer_text": text(peer), "ratio_text": f"{ratio:.3g}" if ratios else "", "note": note,
            **({"extra": extra} if extra else {})}


def pairs(ours, peer):
    return [a / b for a, b in zip(ours, peer)]


# --- a DAG of trivial commands, beside ninja ------------------------------------------------------

def waits(shape, number):
    """The commands that this one comes after."""
    if shape == "chains":
        return [number - 8] if number >= 8 else []
    if shape == "chain":
        return [number - 1] if number else []
    if shape == "layers" and number >= 100:
        first = number - number % 100 - 100
        return sorted({first + (number * 7 + step * 31) % 100 for step in range(3)})
    return []


def commands_fleet(shape, count, sandbox="off"):
    lines = ['fleet commands v1 {', '  repo = git(".", base: main)', '  flow main {']
    for number in range(count):
        after = " & ".join(f"s{one}.accepted" for one in waits(shape, number))
        lines.append(f'    s{number} = run("true"{", sandbox: off" if sandbox == "off" else ""})'
                     + (f" after {after}" if after else ""))
    return "\n".join(lines + ["  }", "}"]) + "\n"


def commands_ninja(shape, count):
    lines = ["rule t", "  command = true"]
    for number in range(count):
        after = "".join(f" o{one}" for one in waits(shape, number))
        lines.append(f"build o{number}: t{after}")
    return "\n".join(lines) + "\n"


def ninja(bench):
    count = bench.of_size(10_000, 2_000, 40)
    rounds = bench.of_size(5, 3, 1)
    results = []
    for shape in ("flat", "chains", "layers"):
        ours, peer = [], []
        for _ in range(rounds):
            build = bench.folder()
            (build / "build.ninja").write_text(commands_ninja(shape, count))
            peer.append(bench.timed("ninja", "-j", CORES, "--quiet", "-C", build))
            repo = bench.repository(commands_fleet(shape, count))
            ours.append(bench.timed(bench.fleetc, "run", "bench.fleet", "-j", CORES, cwd=repo))
        name = {"flat": "independent", "chains": "in 8 chains", "layers": "in layers"}[shape]
        results.append(row(f"ninja_{shape}", f"{count} commands {name}, recorded durably", ours, peer,
                           pairs(ours, peer), "≤ 0.95 of ninja", 0.95))
    return results


def sandbox(bench):
    """Stated apart: what the sandbox adds to one command, beside bubblewrap alone."""
    count = bench.of_size(300, 150, 10)
    rounds = bench.of_size(5, 3, 1)
    ours, peer = [], []
    alone = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc",
             "--tmpfs", "/tmp", "true"]
    for _ in range(rounds):
        times = []
        for kind in ("on", "off"):
            repo = bench.repository(commands_fleet("flat", count, kind))
            times.append(bench.timed(bench.fleetc, "run", "bench.fleet", "-j", 1, cwd=repo))
            shutil.rmtree(repo)
        ours.append((times[0] - times[1]) * 1000 / count)
        begun = time.perf_counter()
        for _ in range(count):
            subprocess.run(alone, check=True, stdin=subprocess.DEVNULL)
        peer.append((time.perf_counter() - begun) * 1000 / count)
    return [row("sandbox", "what the sandbox adds to a command", ours, peer, pairs(ours, peer),
                "stated, beside bubblewrap", None, unit="ms")]


# --- the engine's own cost ------------------------------------------------------------------------

def own(bench):
    count = bench.of_size(10_000, 10_000, 100)
    got = json.loads(bench.program("task_bench", "own", count, bench.of_size(7, 5, 1)))
    ratios = pairs(got["task_us"], got["spawn_us"])
    return [row("own", "the engine's own cost of a task, journalled", got["task_us"],
                got["spawn_us"], ratios, "≤ 0.05 of a spawn", 0.05, unit="µs",
                extra={"task_cpu_us": got["task_cpu_us"]})]


def growth(bench):
    counts = bench.of_size([1_000, 3_000, 10_000, 30_000, 100_000],
                           [1_000, 3_000, 10_000, 30_000], [20, 40])
    points = []
    for count in counts:
        got = json.loads(bench.program("task_bench", "own", count, bench.of_size(3, 3, 1)))
        points.append((count, statistics.median(got["task_us"]),
                       statistics.median(got["task_cpu_us"])))
    chart.write(bench.out / "tasks.svg", points)
    first, last = points[0], points[-1]
    return [row("growth", f"cost of a task, run of {last[0]} beside run of {first[0]}", [last[1]],
                [first[1]], [last[1] / first[1]], "flat", 1.25, unit="µs",
                extra={"points": points})]


def memory(bench):
    count = bench.of_size(10_000, 10_000, 100)
    got = json.loads(bench.program("task_bench", "memory", count))
    return [row(f"memory_{kind}", f"memory of one of {count} tasks {words}", [got[kind + "_bytes"]],
                [], [got[kind + "_bytes"] / 4096], "< 4 KiB", 1, unit="B", extra=got)
            for kind, words in (("waiting", "waiting"), ("in_flight", "in flight"))]


# --- worktrees ------------------------------------------------------------------------------------

def worktree(bench):
    files = bench.of_size(25_000, 25_000, 200)
    got = json.loads(bench.program("worktree_bench", files, bench.of_size(7, 3, 1)))
    raw = got["raw"]
    best = [min(plain, workers) for plain, workers in zip(raw["git_add"], raw["git_add_workers"])]
    return [
        row("worktree_next", f"next worktree of {files} files, cleaned", raw["reset"], best,
            pairs(best, raw["reset"]), "≥ 10× git worktree add", 10, below=False, extra=got),
        row("worktree_first", f"first worktree of {files} files", raw["first"], best,
            pairs(raw["first"], best), "no slower", 1.0),
    ]


# --- the compiler ---------------------------------------------------------------------------------

def yaml(bench):
    agents = bench.of_size(10_000, 10_000, 50)
    rounds = bench.of_size(7, 5, 1)
    folder = bench.folder()
    make_fleet.write(agents, folder)
    lines = sum(len(one.read_text().splitlines()) for one in folder.glob("*.fleet"))
    load = bench.build / "tests" / "bench" / "yaml_load"
    plan, check, peer = [], [], []
    for _ in range(rounds):
        peer.append(bench.timed(load, folder / "fleet.yaml"))
        plan.append(bench.timed(bench.fleetc, "plan", folder / "fleet.fleet"))
        check.append(bench.timed(bench.fleetc, "check", folder / "fleet.fleet"))
    size = f"{agents} agents, {lines} lines"
    return [row("yaml_plan", f"check and plan of {size}", plan, peer, pairs(plan, peer),
                "< yaml-cpp loading the same", 1.0),
            row("yaml_check", f"check alone of {size}", check, peer, pairs(check, peer),
                "< yaml-cpp loading the same", 1.0)]


# --- resume ---------------------------------------------------------------------------------------

HOLD = """#!/bin/sh
: >"$1/held"
while [ ! -e "$1/go" ]; do sleep 0.05; done
"""


def killed_run(bench, commands):
    """A repository whose engine was killed when all its commands but the last had run."""
    place = bench.folder()
    fleet = commands_fleet("flat", commands)
    last = " & ".join(f"s{one}.done" for one in range(max(0, commands - 50), commands))
    hold = f'    hold = run("sh hold.sh {place}", sandbox: off) after {last}\n'
    repo = bench.repository(fleet.replace("  }\n}\n", hold + "  }\n}\n"), {"hold.sh": HOLD})
    engine = subprocess.Popen([str(bench.fleetc), "run", "bench.fleet", "-j", str(CORES)], cwd=repo,
                              env=bench.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (place / "held").exists():
        if engine.poll() is not None:
            raise SystemExit("the run that was to be killed ended by itself")
        time.sleep(0.02)
    time.sleep(0.5)
    engine.send_signal(signal.SIGKILL)
    engine.wait()
    (place / "go").touch()
    wait_for_keeper(repo)
    return repo


def wait_for_keeper(repo):
    """The keeper ends itself once it has nothing to do; then its state can be copied."""
    mark = str(repo / ".git" / "fleet")
    for _ in range(600):
        alive = False
        for process in pathlib.Path("/proc").iterdir():
            try:
                alive = alive or (process.name.isdigit()
                                  and mark in (process / "cmdline").read_bytes().decode(errors="replace"))
            except OSError:
                pass
        if not alive:
            return
        time.sleep(0.1)
    raise SystemExit("the keeper did not end")


def resume(bench):
    commands = bench.of_size(50_000, 10_000, 20)
    rounds = bench.of_size(7, 5, 1)
    repo = killed_run(bench, commands)
    state = repo / ".git" / "fleet"
    kept = bench.folder() / "state"
    shutil.copytree(state, kept, symlinks=True, ignore=shutil.ignore_patterns("socket"))
    rows = kept.parent / "plain.db"
    bench.program("events_peer", "make", kept, rows)
    events = int(bench.program("events_peer", "read", rows).split()[0])
    ours, peer = [], []
    peer_program = bench.build / "tests" / "bench" / "events_peer"
    for _ in range(rounds):
        shutil.rmtree(state)
        shutil.copytree(kept, state, symlinks=True)
        os.sync()
        peer.append(bench.timed(peer_program, "read", rows))
        ours.append(bench.timed(bench.fleetc, "resume", cwd=repo))
        wait_for_keeper(repo)
    return [row("resume", f"resume to the end after kill -9, {events} events", ours, peer,
                pairs(ours, peer), "≤ 2 × plain SQLite", 2.0)]


# --- the spawn check ------------------------------------------------------------------------------

def spawn(bench):
    got = json.loads(bench.program("spawn_bench", 5, bench.of_size(400, 100, 2)))
    worst = max(got["workloads"], key=lambda one: one["regret"])
    result = row("spawn", "regret of spawn decisions after 5 warm runs", [got["regret"] * 100],
                 [100 * min(got["always_parallel"], got["always_sequential"])], [got["regret"]],
                 "< 0.05", 0.05, unit="%", extra=got,
                 note=f"peer: the better of always parallel and always sequential; worst of the mix: "
                      f"{worst['name']}, {worst['regret']:.1%}")
    return [result]


# --- the broker ------------------------------------------------------------------------------------

def broker(bench):
    """Each row beside the same requests asked directly; the difference is what is to be looked at, since the
    scripted service answers at once and a model takes seconds."""
    rounds, requests = bench.of_size((7, 500), (5, 200), (1, 8))
    got = json.loads(bench.program("broker_bench", rounds, requests))
    through, direct = got["through"], got["direct"]
    results = []
    for key, what, unit in (("latency_us", "a request through the broker, 32 kB and its answer", "µs"),
                            ("first_event_us", "the first event of a streamed answer, through the broker", "µs"),
                            ("per_second", "requests a second through the broker, 4 clients", "/s")):
        ours, peer = through[key], direct[key]
        difference = statistics.median(a - b for a, b in zip(ours, peer))
        results.append(row(f"broker_{key}", what, ours, peer, pairs(ours, peer), "stated, beside directly", None,
                           unit=unit, note=f"difference: {difference:.0f} {unit}", extra={"difference": difference}))
    return results


ALL = {"ninja": ninja, "sandbox": sandbox, "own": own, "growth": growth, "memory": memory,
       "worktree": worktree, "yaml": yaml, "resume": resume, "spawn": spawn, "broker": broker,
       "verdict": lambda bench: loop_rows.verdict(bench, row, pairs),
       "lost": lambda bench: loop_rows.lost(bench, row)}
