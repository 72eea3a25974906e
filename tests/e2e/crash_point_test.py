"""A real SIGKILL at each named point of engine and keeper, at its first, a middle and its last visit;
then `resume`. The killed run equals a quiet one: branches, trees, outcomes, and the outside ledger."""
import collections
import concurrent.futures
import os
import time
import unittest

import support
from support import DONE, FleetTest, ledger, scripted

ITEMS = 5
SCRIPT = '''echo "start $item" >>$outside/ledger
echo changed >>"$item"
sleep 0.05
echo "end $item" >>$outside/ledger'''

# Every step whose order the design rests on. A point that is gone, or that a run no longer passes,
# is a hole in this test.
POINTS = {
    "engine.begin.before", "engine.begin.created", "engine.prepare.before", "engine.prepare.after",
    "engine.spawn.before", "engine.spawn.after", "engine.import.before", "engine.capture.before",
    "engine.capture.after", "engine.publish.before", "engine.publish.after", "engine.merge.before",
    "engine.merge.after", "engine.gather.before", "engine.gather.after", "engine.settle.before",
    "engine.settle.after", "journal.commit.before", "journal.commit.after", "journal.head.after",
    "refs.intent.after", "refs.locked.after", "refs.move.before", "refs.move.after",
    "keeper.announce.before", "keeper.announce.after", "keeper.spawn.after", "keeper.exit.before",
    "keeper.exit.after", "keeper.report.before",
}


def make(space):
    return scripted(space, SCRIPT, items=ITEMS, clauses="width 2 est 300ms spawn 10ms",
                    accept='accept = ["grep -q changed {item}" passes]')


def results(repo):
    """Branch to the tree of the items on it, which is what sessions may change."""
    return {name: repo.git("rev-parse", f"{name}:items") for name in repo.branches()}


def outcomes(space, repo):
    """What the journal says of each step, without times and ids."""
    status = space.run("status", "--format", "json", cwd=repo.path, expect=DONE).json()
    steps = [(step["step"], step["phase"], step["accepted"], step["failed"]) for step in status["steps"]]
    return steps, sorted((task["task"], task["outcome"], task["reason"]) for task in status["tasks"])


def starts(lines):
    return [line.removeprefix("start ") for line in lines if line.startswith("start ")]


@unittest.skipIf(os.environ.get("FLEETC_CRASH_POINTS") == "OFF", "a build without crash points")
class CrashPoints(FleetTest):
    @classmethod
    def setUpClass(cls):
        """A quiet run: what it makes, and how often it passes each point."""
        space = support.Space()
        try:
            repo = make(space)
            trace = space.outside / "trace"
            space.run("run", "t.fleet", cwd=repo.path, expect=DONE, FLEETC_CRASH_TRACE=str(trace))
            cls.visits = collections.Counter(trace.read_text().split())
            cls.wanted = results(repo)
            cls.outcomes = outcomes(space, repo)
        finally:
            space.close()

    def test_every_point_is_passed_and_known(self):
        self.assertEqual(set(self.visits), POINTS)

    def crash(self, point, visit, both):
        """One run that dies there, alone or with its other half, and its resumption."""
        case = f"{point}:{visit}{' with its other half' if both else ''}"
        space = support.Space()
        try:
            repo = make(space)
            before = repo.users()
            mark = space.outside / "mark"
            child = space.start("run", "t.fleet", cwd=repo.path, FLEETC_CRASH=f"{point}:{visit}",
                                FLEETC_CRASH_MARK=str(mark))
            end = time.monotonic() + support.PATIENCE
            while child.poll() is None and not mark.exists() and time.monotonic() < end:
                time.sleep(0.002)
            died = mark.exists()
            published = set(repo.branches())
            lines = len(ledger(space))
            if died and both:
                child.kill()
                for pid in space.keeper():
                    support.end_process(pid)
            done = support.finish(child)
            is_engines = not point.startswith("keeper.")
            if died and (is_engines or both):
                self.assertEqual(done.code, -9, f"{case}: {done}")
            elif died:
                self.assertEqual(done.code, DONE, f"{case}: the engine lives on: {done}")
            done = space.run("resume", cwd=repo.path)
            if not set(self.wanted) <= set(repo.branches()):
                done = space.run("run", "t.fleet", cwd=repo.path)  # killed before the run was recorded
            self.assertEqual(done.code, DONE, f"{case}: {done}")
            self.assertEqual(results(repo), self.wanted, case)
            self.assertEqual(outcomes(space, repo), self.outcomes, case)
            self.assert_same_users(before, repo)
            begun = starts(ledger(space))
            self.assertEqual(set(begun), {f"items/{n}.txt" for n in range(1, ITEMS + 1)}, case)
            finished = {name.removeprefix("w/") for name in published}
            self.assertEqual(set(starts(ledger(space)[lines:])) & finished, set(), case)
            if is_engines and not both:
                self.assertEqual(len(begun), ITEMS, f"{case}: each item once, adopted: {begun}")
            support.wait_until(lambda: not space.processes(), f"{case}: processes left", 60)
            cleaned = space.run("clean", cwd=repo.path, expect=DONE)
            self.assertNotIn("kept", cleaned.text, case)
            self.assertEqual(repo.git("fsck", "--strict", "--no-dangling"), "", case)
            return died
        finally:
            space.close()

    def cases(self, prefix):
        for point in sorted(POINTS):
            if not point.startswith(prefix):
                continue
            times = self.visits[point]
            for visit in sorted({1, (times + 1) // 2, times}):
                yield point, visit, False
            yield point, (times + 1) // 2, True

    def crash_at(self, prefix):
        cases = list(self.cases(prefix))
        with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            runs = [pool.submit(self.crash, *case) for case in cases]
        problems = [f"{case}: {run.exception()}" for case, run in zip(cases, runs) if run.exception()]
        self.assertEqual(problems, [], "\n\n".join(problems))
        died = [run.result() for run in runs]
        # Which visit comes last depends on the order of things; the first and a middle one come always.
        self.assertGreater(sum(died), 2 * len(cases) // 3)

    def test_the_engine_dies_at_each_of_its_steps(self):
        self.crash_at("engine.")

    def test_the_engine_dies_around_each_durable_step(self):
        self.crash_at("journal.")

    def test_the_engine_dies_around_each_move_of_a_ref(self):
        self.crash_at("refs.")

    def test_the_keeper_dies_at_each_of_its_steps(self):
        self.crash_at("keeper.")


if __name__ == "__main__":
    support.main()
