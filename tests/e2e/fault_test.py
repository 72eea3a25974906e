"""The k-th call of engine or keeper for a file, a process or a message fails, in whichever library it
is made: before its effect, after it, or half-way. The run ends well or stops with a word on why; what
comes next ends like a run that nothing disturbed; nothing leaks.

    FLEETC_FAULT_SWEEP=/ …                                    every case there is, for hours
    FLEETC_FAULT_SWEEP=engine/journal FLEETC_FAULT_STRIDE=5 … every fifth of one area
    FLEETC_FAULT_CASE=engine/journal/change/17/EIO/after …    one case, told in full
"""
import collections
import concurrent.futures
import os
import pathlib
import random
import sys
import threading
import time
import unittest

import support
from support import DONE, FleetTest, ledger, scripted

SHIM = os.environ.get("FLEETC_FAULT_SHIM", "")
SEED = int(os.environ.get("FLEETC_SEED", "20260101"))
SWEEP = os.environ.get("FLEETC_FAULT_SWEEP", "")
STRIDE = int(os.environ.get("FLEETC_FAULT_STRIDE", "1"))
ONE = os.environ.get("FLEETC_FAULT_CASE", "")
SAMPLES = 40
ITEMS = 2
SCRIPT = '''echo "start $item" >>$outside/ledger
echo changed >>"$item"
echo "end $item" >>$outside/ledger'''

WHO = ("engine", "keeper")
KINDS = ("change", "read", "process", "talk")
WRITES = ("write", "pwrite", "pwrite64")
OPENS = ("open", "open64", "openat", "openat64", "openat2", "opendir", "fdopendir")
TAKE_NO_SPACE = ("unlink", "unlinkat", "rmdir", "chmod", "fchmod", "fchmodat", "utimes", "flock")


def faults_of(kind, name):
    """What can go wrong with a call, as (error, when relative to its effect)."""
    if kind == "process":
        return [(error, "before") for error in ("EAGAIN", "EMFILE", "ENOMEM")]
    if kind == "talk":
        return [("ECONNRESET", "before")]
    if kind == "read":
        return [("EIO", "before")] + ([("EMFILE", "before")] if name in OPENS else [])
    errors = ["EIO"] + (["ENOSPC"] if name not in TAKE_NO_SPACE else [])
    times = ["before"] + (["after"] if name != "close" else []) + (["torn"] if name in WRITES else [])
    return [(error, when) for error in errors for when in times]


Case = collections.namedtuple("Case", "who area kind call error time")


def make(space):
    return scripted(space, SCRIPT, items=ITEMS, clauses="width 2 est 300ms spawn 10ms",
                    accept='accept = ["grep -q changed {item}" passes]')


def areas(space):
    """Name to (prefixes that belong, prefixes that do not), in the sense of text."""
    common = f"{space.root}/repo/.git/"
    fleet = common + "fleet/"
    return {"journal": ([fleet + "state."], []),
            "spool": ([fleet + "keeper"], []),
            "records": ([fleet], [fleet + "state.", fleet + "keeper"]),
            "registration": ([common + "worktrees"], []),
            "git": ([common], [fleet, common + "worktrees"]),
            "worktree": ([f"{space.root}/state/"], []),
            "gathered": ([common + "refs/heads/gathered", common + "refs/fleet/branch/gathered"], [])}


def area_of(space, path):
    for name, (under, other) in areas(space).items():
        if any(path.startswith(each) for each in under) and not any(path.startswith(each) for each in other):
            return name
    return "elsewhere"


class Faults:
    """The library in one space, with its plan beside it."""

    def __init__(self, space):
        self.path = space.outside / "faults.so"
        self.path.symlink_to(SHIM)
        self.mark = space.outside / "mark"

    def plan(self, *lines):
        pathlib.Path(f"{self.path}.plan").write_text("".join(line + "\n" for line in lines))
        return {"LD_PRELOAD": str(self.path)}


def case_plan(space, case, mark):
    lines = [f"who {case.who}", f"kind {case.kind}", f"call {case.call}", f"error {case.error}",
             "every" if case.time == "every" else f"time {case.time}", f"mark {mark}"]
    if case.area in areas(space):
        under, other = areas(space)[case.area]
        lines += [f"under {each}" for each in under] + [f"except {each}" for each in other]
    return lines


def results(repo):
    return {name: repo.git("rev-parse", f"{name}:items") for name in repo.branches()}


def outcomes(space, repo):
    """What the journal says of each step. A merge whose branch was moved before its error came finds,
    when it is tried again, that all is in."""
    status = space.run("status", "--format", "json", cwd=repo.path, expect=DONE).json()
    steps = [(step["step"], step["phase"], step["accepted"], step["failed"]) for step in status["steps"]]
    return steps, sorted((task["task"], task["outcome"], task["reason"].replace("nothing to merge", "merged"))
                         for task in status["tasks"])


def locks(repo):
    """Lock files that git would wait for, and temporary files of ours."""
    common = repo.path / ".git"
    return [str(path) for path in common.rglob("*")
            if (path.name.endswith(".lock") and path.parent.name != "fleet" and "keeper" not in path.parts)
            or path.name.startswith(".fleet-tmp")]


@unittest.skipUnless(SHIM, "a build with sanitizers, under which nothing else can be preloaded")
class Faulty(FleetTest):
    @classmethod
    def setUpClass(cls):
        """A quiet run: what it makes, and every call in it."""
        space = support.Space()
        try:
            repo = make(space)
            faults = Faults(space)
            trace = space.outside / "trace"
            variables = faults.plan("who any", *[f"kind {kind}" for kind in KINDS], f"trace {trace}")
            space.run("run", "t.fleet", cwd=repo.path, expect=DONE, **variables)
            cls.calls = collections.defaultdict(list)
            for line in trace.read_text(errors="surrogateescape").splitlines():
                who, kind, name, path = line.split(" ", 3)
                area = area_of(space, path) if kind in ("change", "read") else "any"
                cls.calls[who, area, kind].append(name)
            cls.wanted = results(repo)
            cls.outcomes = outcomes(space, repo)
        finally:
            space.close()

    def cases(self):
        """All of them. Which call is the k-th differs a little between runs; a few more than there
        were reach the end of longer ones."""
        for (who, area, kind), names in sorted(self.calls.items()):
            if area == "elsewhere":
                continue
            for call, name in enumerate(names, 1):
                for error, when in faults_of(kind, name):
                    yield Case(who, area, kind, call, error, when)

    def sample(self, cases):
        """As many of each area as of any other, until it has no more."""
        chance = random.Random(SEED)
        chance.shuffle(cases)
        areas_met = collections.Counter()

        def turn(case):
            areas_met[case[:3]] += 1
            return areas_met[case[:3]]

        return [case for _, case in sorted(((turn(case), case) for case in cases), key=lambda each: each[0])][:SAMPLES]

    def check(self, case):
        """One run with one fault, and what follows. Gives whether it struck, and what was said."""
        name = "/".join(map(str, case))
        space = support.Space()
        try:
            repo = make(space)
            faults = Faults(space)
            before = repo.users()
            done = space.run("run", "t.fleet", cwd=repo.path,
                             **faults.plan(*case_plan(space, case, faults.mark)))
            struck = faults.mark.read_text(errors="surrogateescape").strip() if faults.mark.exists() else ""
            about = f"{name} ({struck or 'nothing struck'}):"
            self.assertIn(done.code, (DONE, support.FAILED, support.USAGE), f"{about} {done}")
            if done.code != DONE:
                self.assertTrue(done.err.strip() or "failed: " in done.out, f"{about} says nothing: {done}")
            said = "" if done.code == DONE else done.err or done.out
            published = set(repo.branches())
            lines = len(ledger(space))
            again = space.run("resume", cwd=repo.path)
            if not set(self.wanted) <= set(repo.branches()) and again.code == DONE:
                again = space.run("run", "t.fleet", cwd=repo.path)  # it stopped before it was recorded
            self.assertEqual(again.code, DONE, f"{about} first: {done}\nthen: {again}")
            self.assertEqual(results(repo), self.wanted, f"{about} first: {done}\nthen: {again}")
            self.assertEqual(outcomes(space, repo), self.outcomes, about)
            self.assert_same_users(before, repo)
            if case.time != "every":  # which may well end a run for good, and the next one is another
                finished = {branch.removeprefix("w/") for branch in published}
                begun = {line.removeprefix("start ") for line in ledger(space)[lines:] if line.startswith("start ")}
                self.assertEqual(begun & finished, set(), f"{about} what was finished is begun again")
            support.wait_until(lambda: not space.processes(),
                               f"{about} processes left: {space.processes()}", 60)
            cleaned = space.run("clean", cwd=repo.path, expect=DONE)
            self.assertNotIn("kept", cleaned.text, about)
            self.assertEqual(locks(repo), [], about)
            self.assertEqual(repo.git("worktree", "list", "--porcelain").count("worktree "), 1, about)
            self.assertEqual(repo.git("fsck", "--strict", "--no-dangling"), "", about)
            return struck, done.code, said
        finally:
            space.close()

    def run_cases(self, cases):
        began = time.monotonic()
        lock = threading.Lock()
        problems, struck, said, codes = [], 0, collections.Counter(), collections.Counter()

        def one(case):
            nonlocal struck
            try:
                where, code, words = self.check(case)
            except AssertionError as problem:
                with lock:
                    problems.append(f"{'/'.join(map(str, case))}: {problem}")
                    if SWEEP:
                        print(f"PROBLEM {problems[-1]}\n", file=sys.stderr, flush=True)
                return
            with lock:
                struck += bool(where)
                codes[code if where else "not struck"] += 1
                if words:
                    said[words] += 1
                    if SWEEP:
                        print(f"SAID {'/'.join(map(str, case))} ({where}): {code}: {words}", file=sys.stderr,
                              flush=True)

        with concurrent.futures.ThreadPoolExecutor(max_workers=3 * (os.cpu_count() or 1)) as pool:
            list(pool.map(one, cases))
        print(f"{len(cases)} cases, {struck} struck, codes {dict(codes)}, {len(problems)} problems, "
              f"{time.monotonic() - began:.0f} s", file=sys.stderr)
        self.assertEqual(problems, [], f"seed {SEED}\n" + "\n\n".join(problems[:20]))
        return struck

    def test_whatever_call_fails_the_run_ends_well_or_stops_and_goes_on(self):
        if ONE:
            who, area, kind, call, error, when = ONE.split("/")
            self.run_cases([Case(who, area, kind, int(call), error, when)])
            return
        cases = list(self.cases())
        if SWEEP:
            cases = [case for case in cases if SWEEP == "/" or "/".join(map(str, case)).startswith(SWEEP)]
            random.Random(SEED).shuffle(cases)  # what is cut short has met every area
            cases = cases[::STRIDE]
        else:
            cases = self.sample(cases)
        struck = self.run_cases(cases)
        self.assertGreater(struck, len(cases) // 2)

    def test_a_move_of_refs_that_fails_half_way_is_finished_by_the_next_try(self):
        """The branch and its twin: one moved and the other not would be taken for the user's."""
        self.run_cases([Case("engine", "gathered", "change", call, "EIO", when)
                        for call in range(1, 12, 2) for when in ("before", "after")])

    def test_a_keeper_that_cannot_watch_what_it_waits_for_does_not_start(self):
        """Its signals, its timer, its socket; and whoever it cannot watch is sent away and comes again."""
        names = self.calls["keeper", "any", "process"]
        calls = [call for call, name in enumerate(names, 1) if name == "epoll_ctl"]
        self.assertGreaterEqual(len(calls), 4, names)
        struck = self.run_cases([Case("keeper", "any", "process", call, "ENOMEM", "before") for call in calls[:6]])
        self.assertGreaterEqual(struck, 4)

    def test_a_disk_that_fails_again_and_again_leaks_nothing(self):
        self.run_cases([Case("engine", "git", "change", 50, "EIO", "every"),
                        Case("engine", "worktree", "change", 70, "ENOSPC", "every"),
                        Case("engine", "journal", "change", 40, "EIO", "every"),
                        Case("keeper", "spool", "change", 7, "ENOSPC", "every")])

    def test_a_clock_that_is_set_in_the_middle_of_a_run_changes_nothing(self):
        """By hours, either way, also during the backoff after a crash."""
        crash = 'if test ! -e $outside/crashed; then touch $outside/crashed; kill -SEGV $$; fi\n'
        for look, jump in ((1, 36_000), (1, -36_000), (30, -36_000), (60, 36_000), (90, -36_000)):
            with self.subTest(look=look, jump=jump):
                space = support.Space()
                self.addCleanup(space.close)
                repo = scripted(space, crash + SCRIPT, items=ITEMS, clauses="width 2 est 300ms spawn 10ms retry 2",
                                accept='accept = ["grep -q changed {item}" passes]')
                space.run("run", "t.fleet", cwd=repo.path, expect=DONE,
                          **Faults(space).plan("who any", f"clock {look} {jump}"))
                self.assertEqual(results(repo), self.wanted)


if __name__ == "__main__":
    support.main()
