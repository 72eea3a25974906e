"""Whoever begins work that may meet other work is told so, before its session begins: in the log, the
progress and the status."""
import os
import signal

import support
from support import DONE, wait_until
from up_test import UpTest

WAIT = "echo $FLEET_AGENT >>$out/begun; while ! test -f $out/go; do sleep 0.05; done; mkdir -p src; echo x >src/$FLEET_AGENT"
SAID = "may change the same files"
WARNING = SAID + " as `{}` (src/**){}: a merge of both may conflict"
WORKERS = """
  agent dev : worker { writes = worktree("dev/{run}") in ["src/**"] }
  agent ops : worker { writes = worktree("ops/{run}") in ["src/**", "etc/**"] }
  agent doc : worker { writes = worktree("doc/{run}") in ["doc/**", "src/*/notes"] }
"""


class SharedPaths(UpTest):
    def log_of(self, repo, run):
        return self.space.run("log", run, cwd=repo.path, expect=DONE).out

    def begun(self):
        path = self.space.outside / "begun"
        return path.read_text().split() if path.exists() else []

    def test_steps_of_one_run_are_told_once_and_later_ones_are_not(self):
        repo = self.repo(WORKERS + """
  flow main {
    one = dev("One")
    two = ops("Two")
    three = doc("Three") after one.accepted & two.accepted
  }
""", dev=WAIT, ops=WAIT, doc="mkdir -p doc; echo x >doc/x")
        child = self.space.start("run", "t.fleet", "-j", "2", cwd=repo.path)
        self.addCleanup(child.kill)
        wait_until(lambda: len(self.begun()) == 2, "both sessions run")
        status = self.space.run("status", cwd=repo.path, expect=DONE).out
        self.assertEqual(status.count(SAID), 1, status)
        run = self.space.run("status", "--format", "json", cwd=repo.path, expect=DONE).json()
        shares = [task["shares_paths_with"] for task in run["tasks"] if "shares_paths_with" in task]
        self.assertIn(shares, ([["`one` (src/**)"]], [["`two` (src/**)"]]))
        (self.space.outside / "go").touch()
        done = support.finish(child)
        self.assertEqual(done.code, DONE, str(done))
        self.assertEqual((done.out + done.err).count(SAID), 1, str(done))
        log = self.space.run("log", cwd=repo.path, expect=DONE).out
        self.assertEqual(log.count(SAID), 1, log)

    def test_runs_of_a_resident_fleet_are_told_of_each_other_also_by_a_new_engine(self):
        repo = self.repo(WORKERS + """
  flow ship(task) on task.dev { build = dev(task) }
  flow mend(task) on task.ops { patch = ops(task) }
""", dev=WAIT, ops=WAIT)
        self.up(repo)
        self.space.run("task", "add", "dev", "one", cwd=repo.path, expect=DONE)
        wait_until(lambda: self.begun() == ["dev"], "the first run works")
        first = self.space.run("status", "--all", "--format", "json", cwd=repo.path, expect=DONE).json()[0]["run"]
        engine = self.standing(repo)["pid"]
        os.kill(engine, signal.SIGKILL)
        wait_until(lambda: engine not in self.space.processes(), "the engine is gone")
        self.up(repo)
        self.space.run("task", "add", "ops", "two", cwd=repo.path, expect=DONE)
        wait_until(lambda: self.begun() == ["dev", "ops"], "the second one, too")
        runs = self.space.run("status", "--all", "--format", "json", cwd=repo.path, expect=DONE).json()
        second = next(run["run"] for run in runs if run["run"] != first)
        self.assertIn(WARNING.format("build", f" of run {first}"), self.log_of(repo, second))
        self.assertNotIn(SAID, self.log_of(repo, first))
        (self.space.outside / "go").touch()
        self.await_runs(repo, [("task:ship", "done"), ("task:mend", "done")])
        self.down(repo)
        self.assert_no_process_left()


del UpTest

if __name__ == "__main__":
    support.main()
