"""kill -9 at random instants, of the engine, of the keeper, of both, of everything: `resume` carries
on without an unlock, nothing that finished is run again, and the result is that of a quiet run."""
import os
import random
import time

import support
from support import DONE, FleetTest, ledger, scripted

SEED = int(os.environ.get("FLEETC_SEED", "20260101"))
ITEMS = 12
# A task that takes a while in small steps, so that a kill meets it at work, and tells the outside
# when it begins and when it is through.
SCRIPT = '''echo "start $item" >>$outside/ledger
for step in 1 2 3 4; do
  echo "step $step" >>"$item"
  sleep 0.05
done
echo "end $item" >>$outside/ledger'''


def make(space):
    return scripted(space, SCRIPT, items=ITEMS, clauses="width 4 est 300ms spawn 10ms",
                    accept='accept = ["grep -q \'step 4\' {item}" passes]')


class Crash(FleetTest):
    def setUp(self):
        super().setUp()
        self.random = random.Random(f"{SEED} {self.id()}")

    def quiet_results(self):
        """The results of a run that nobody disturbs, and how long it takes."""
        space = support.Space()
        self.addCleanup(space.close)
        repo = make(space)
        begun = time.monotonic()
        space.run("run", "t.fleet", cwd=repo.path, expect=DONE)
        took = time.monotonic() - begun
        return self.results(repo), took

    def results(self, repo):
        """Branch to the content of the items on it, which is what sessions may change."""
        return {name: repo.git("rev-parse", f"{name}:items") for name in repo.branches() if name != "main"}

    def strike(self, victims, child):
        """SIGKILL to what the case is about, in the order given."""
        for victim in victims:
            if victim == "engine":
                child.kill()
            elif victim == "keeper":
                for pid in self.space.keeper():
                    support.end_process(pid)
            else:
                self.space.kill_all()

    def run_with_kills(self, victims, kills):
        """Runs to the end through `kills` kills; returns the repository, and for each kill what the
        ledger and the branches showed at that instant."""
        self.wanted, took = self.quiet_results()
        repo = make(self.space)
        before = repo.users()
        seen = []
        command = ["run", "t.fleet"]
        for _ in range(kills):
            child = self.space.start(*command, cwd=repo.path)
            instant = self.random.uniform(0, took)
            end = time.monotonic() + instant
            while child.poll() is None and time.monotonic() < end:
                time.sleep(0.005)
            published = set(repo.branches())
            self.strike(victims, child)
            done = support.finish(child)
            if done.code == DONE:
                command = ["resume"]  # of which there is nothing left; another `run` would be another run
                break
            self.assertIn(done.code, (-9, 3), f"after {instant:.3f} s: {done}")
            seen.append({"instant": instant, "published": published, "lines": len(ledger(self.space))})
            # Killed before the run was recorded, nothing was begun, and it is begun anew.
            if not ledger(self.space) and not self.is_recorded(repo):
                continue
            command = ["resume"]
        done = self.space.run(*command, cwd=repo.path)
        self.assertEqual(done.code, DONE, f"kills at {[s['instant'] for s in seen]}: {done}")
        self.assert_same_users(before, repo)
        self.assertEqual(self.results(repo), self.wanted, f"kills at {[s['instant'] for s in seen]}")
        self.assert_no_process_left()
        return seen

    def is_recorded(self, repo):
        said = self.space.run("status", cwd=repo.path).text.lower()
        return any(word in said for word in ("running", "unfinished", "resum"))

    def starts(self, lines):
        return [line.removeprefix("start ") for line in lines if line.startswith("start ")]

    def assert_no_finished_item_again(self, seen):
        """What was on a branch at a kill was finished: it may not be begun after that kill."""
        lines = ledger(self.space)
        for kill in seen:
            again = set(self.starts(lines[kill["lines"]:]))
            finished = {name.removeprefix("w/") for name in kill["published"]}
            self.assertEqual(again & finished, set(), f"seed {SEED}, kill at {kill['instant']:.3f} s")

    def test_the_engine_dies_and_its_sessions_are_adopted(self):
        seen = self.run_with_kills(["engine"], kills=6)
        starts = self.starts(ledger(self.space))
        self.assertEqual(sorted(starts), sorted(f"items/{n}.txt" for n in range(1, ITEMS + 1)),
                         f"each item is begun exactly once; seed {SEED}, "
                         f"kills at {[s['instant'] for s in seen]}")

    def test_a_session_that_shall_end_with_its_engine_is_not_adopted(self):
        """The first session holds until it is ended; its second attempt finds the file and works."""
        script = 'echo "start $item" >>$outside/ledger\ntest -e $outside/go || sleep 9999\necho done >>"$item"'
        repo = scripted(self.space, script, items=1, role="    on_engine_crash = kill\n")
        child = self.space.start("run", "t.fleet", cwd=repo.path)
        self.addCleanup(child.kill)
        support.wait_until(lambda: ledger(self.space), "the session begins")
        child.kill()
        support.finish(child)
        (self.space.outside / "go").touch()
        self.space.run("resume", cwd=repo.path, expect=DONE)
        self.assertEqual(ledger(self.space), ["start items/1.txt"] * 2)
        self.assertEqual(repo.show("gathered", "items/1.txt"), b"1\ndone\n")
        self.assert_no_process_left()

    def test_the_keeper_dies_and_the_engine_lives_on(self):
        seen = self.run_with_kills(["keeper"], kills=3)
        self.assert_no_finished_item_again(seen)

    def test_engine_and_keeper_die(self):
        self.assert_no_finished_item_again(self.run_with_kills(["engine", "keeper"], kills=5))

    def test_keeper_and_engine_die(self):
        self.assert_no_finished_item_again(self.run_with_kills(["keeper", "engine"], kills=3))

    def test_everything_dies_as_in_a_power_cut(self):
        self.assert_no_finished_item_again(self.run_with_kills(["everything"], kills=5))


if __name__ == "__main__":
    support.main()
