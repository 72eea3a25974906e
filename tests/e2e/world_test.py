"""What the machine does wrong: no space, nothing writable, two runs at once."""
import os
import subprocess
import time
import unittest

import support
from support import DONE, FleetTest, ledger, scripted, wait_until

SCRIPT = '''echo "start $item" >>$outside/ledger
until test -e $outside/go; do sleep 0.05; done
echo done >>"$item"'''


class TwoRuns(FleetTest):
    def test_a_second_run_on_one_repository_does_no_harm(self):
        repo = scripted(self.space, SCRIPT, items=3, clauses="force inline")
        first = self.space.start("run", "t.fleet", cwd=repo.path)
        self.addCleanup(first.kill)
        wait_until(lambda: ledger(self.space), "the first run begins")
        for command in (("run", "t.fleet"), ("resume",)):
            second = self.space.run(*command, cwd=repo.path, patience=30)
            self.assertNotIn(second.code, (DONE, support.BUG), str(second))
            self.assert_says(second, str(first.pid))
        self.assert_says(self.space.run("status", cwd=repo.path, expect=DONE), "running")
        (self.space.outside / "go").touch()
        self.assertEqual(support.finish(first).code, DONE)
        self.assertEqual(len(ledger(self.space)), 3, "each item once")

    def test_two_repositories_run_side_by_side(self):
        other = support.Space()
        self.addCleanup(other.close)
        other.variables["XDG_STATE_HOME"] = str(self.space.root / "state")
        other.variables["HOME"] = str(self.space.root / "home")
        repos = [(self.space, scripted(self.space, SCRIPT, items=3)), (other, scripted(other, SCRIPT, items=3))]
        children = [space.start("run", "t.fleet", cwd=repo.path) for space, repo in repos]
        for space, _ in repos:
            wait_until(lambda space=space: ledger(space), "both begin")
        for (space, repo), child in zip(repos, children):
            (space.outside / "go").touch()
            done = support.finish(child)
            self.assertEqual(done.code, DONE, str(done))
            self.assertEqual(repo.show("gathered", "items/3.txt"), b"3\ndone\n")


def can_mount():
    """Whether this process may mount a file system, as root outside a container may."""
    if os.geteuid() != 0:
        return False
    return subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=False,
                          capture_output=True).returncode == 0


def fill(path):
    """Takes all space that is left on the file system of `path`."""
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return path


def scripted_in_place(space, items=2):
    """As scripted(), in a directory `repo` that already exists."""
    made = scripted(space, SCRIPT.replace("until", "touch $outside/go; until"), items=items, name="made")
    target = space.root / "repo"
    for path in made.path.iterdir():
        subprocess.run(["cp", "-a", path, target], check=True)
    made.path = target
    return made


class Locks(FleetTest):
    def test_a_ref_that_someone_holds_for_a_moment_costs_no_work(self):
        repo = scripted(self.space, 'echo start >>$outside/ledger; echo done >>"$item"', items=1, gather=False)
        lock = repo.path / ".git" / "refs" / "heads" / "w" / "items" / "1.txt.lock"
        lock.parent.mkdir(parents=True)
        lock.touch()
        child = self.space.start("run", "t.fleet", cwd=repo.path)
        wait_until(lambda: ledger(self.space), "the session runs")
        time.sleep(1)
        lock.unlink()
        done = support.finish(child)
        self.assertEqual(done.code, DONE, str(done))
        self.assertEqual(ledger(self.space), ["start"])
        self.assertIn("w/items/1.txt", repo.branches())


@unittest.skipUnless(can_mount(), "needs root and the right to mount a small file system")
class Disk(FleetTest):
    def mount(self, path, size):
        path.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", path], check=False)

    def test_no_space_for_worktrees_is_said_and_survived(self):
        repo = scripted(self.space, 'dd if=/dev/zero of=big bs=1M count=64 2>/dev/null; echo done >>"$item"',
                        items=2, clauses="else fail")
        self.mount(self.space.root / "state", "4m")
        before = repo.users()
        done = self.space.run("run", "t.fleet", cwd=repo.path)
        self.assertNotIn(done.code, (DONE, support.BUG), str(done))
        self.assertGreaterEqual(done.code, 0, "no signal ends the engine")
        self.assert_same_users(before, repo)
        self.assertEqual(repo.git("fsck", "--strict", "--no-dangling"), "")

    def test_no_space_for_the_journal_stops_the_run_and_says_so(self):
        self.mount(self.space.root / "repo", "3m")
        repo = scripted_in_place(self.space)
        filler = fill(self.space.root / "repo" / ".git" / "filler")
        before = repo.users()
        done = self.space.run("run", "t.fleet", cwd=repo.path)
        self.assertNotIn(done.code, (DONE, support.BUG), str(done))
        self.assert_says(done, "no space")
        self.assert_same_users(before, repo)
        filler.unlink()
        self.space.run("run", "t.fleet", cwd=repo.path, expect=DONE)

    def test_space_that_runs_out_midway_loses_nothing_that_finished(self):
        self.mount(self.space.root / "repo", "6m")
        repo = scripted_in_place(self.space, items=8)
        child = self.space.start("run", "t.fleet", cwd=repo.path)
        self.addCleanup(child.kill)
        wait_until(lambda: len(repo.branches()) > 2, "some tasks finish")
        filler = fill(self.space.root / "repo" / ".git" / "filler")
        done = support.finish(child)
        self.assertNotEqual(done.code, support.BUG, str(done))
        self.assertGreaterEqual(done.code, 0, str(done))
        filler.unlink()
        self.assertEqual(repo.git("fsck", "--strict", "--no-dangling"), "")
        if done.code != DONE:
            finished = set(repo.branches())
            count = len(ledger(self.space))
            self.space.run("resume", cwd=repo.path)
            again = {line.removeprefix("start ") for line in ledger(self.space)[count:]}
            self.assertEqual(again & {b.removeprefix("w/") for b in finished}, set())

    def test_a_state_directory_that_cannot_be_written(self):
        repo = scripted(self.space, "exit 0", items=2)
        before = repo.users()
        for place in (repo.path / ".git" / "fleet", self.space.root / "state"):
            with self.subTest(place.name):
                place.mkdir(exist_ok=True)
                self.mount(place, "1m")
                subprocess.run(["mount", "-o", "remount,ro", place], check=True)
                done = self.space.run("run", "t.fleet", cwd=repo.path)
                self.assertNotIn(done.code, (DONE, support.BUG), str(done))
                self.assert_says(done, "read-only")
                self.assertEqual(set(repo.branches()), {"main"})
        self.assert_same_users(before, repo)


if __name__ == "__main__":
    support.main()
