"""What the user does in the repository while a run is at work, and what a git that died left there:
`git gc`, `git worktree prune`, commits, locks. The run ends as if alone, or names the file in its way."""
import threading

import support
from support import DONE, FAILED, FleetTest, ledger, scripted

ITEMS = 10
SCRIPT = '''echo "start $item" >>$outside/ledger
echo done >>"$item"
sleep 0.1'''
WAITING = '''echo "start $item" >>$outside/ledger
until test -e $outside/go; do sleep 0.02; done
echo done >>"$item"'''


def results(repo):
    return {name: repo.git("rev-parse", f"{name}:items") for name in repo.branches() if name != "main"}


class Beside(FleetTest):
    def make(self, items=ITEMS, script=SCRIPT, space=None):
        return scripted(space or self.space, script, items=items, clauses="width 3 est 300ms spawn 10ms",
                        accept='accept = ["grep -q done {item}" passes]')

    def quiet_results(self, **how):
        space = support.Space()
        self.addCleanup(space.close)
        repo = self.make(space=space, **how)
        space.run("run", "t.fleet", cwd=repo.path, expect=DONE)
        return results(repo)

    def test_the_user_commits_packs_and_prunes_beside_a_run(self):
        wanted = self.quiet_results()
        repo = self.make()
        over = threading.Event()
        problems, rounds = [], [0]

        def user():
            try:
                while not over.is_set():
                    rounds[0] += 1
                    repo.write("mine.txt", f"{rounds[0]}\n")
                    repo.git("add", "mine.txt")
                    repo.git("commit", "-q", "-m", f"Mine {rounds[0]}")
                    repo.git("worktree", "prune", "--expire=now")
                    repo.git("pack-refs", "--all", "--prune")
                    repo.git("gc", "-q")
            except AssertionError as problem:
                problems.append(problem)

        at_work = threading.Thread(target=user)
        at_work.start()
        try:
            done = self.space.run("run", "t.fleet", cwd=repo.path)
        finally:
            over.set()
            at_work.join()
        self.assertEqual(problems, [], "the user's git is in nobody's way")
        self.assertEqual(done.code, DONE, str(done))
        self.assertEqual(results(repo), wanted)
        self.assertEqual(len(ledger(self.space)), ITEMS, "each item once")
        self.assertEqual(repo.show("main", "mine.txt"), f"{rounds[0]}\n".encode())
        self.assertEqual(repo.git("rev-list", "--count", "main"), str(rounds[0] + 1), "no commit of the user's is lost")
        self.assertEqual(repo.git("fsck", "--strict", "--no-dangling"), "")
        self.space.run("clean", cwd=repo.path, expect=DONE)
        self.assertEqual(repo.git("worktree", "list", "--porcelain").count("worktree "), 1)

    def test_a_commit_on_the_base_after_the_start_is_left_for_the_next_run(self):
        """The base is pinned when a run begins: what the user commits later is neither lost nor used."""
        repo = self.make(items=1, script=WAITING)
        base = repo.git("rev-parse", "main")
        child = self.space.start("run", "t.fleet", cwd=repo.path)
        self.addCleanup(child.kill)
        support.wait_until(lambda: ledger(self.space), "the session runs")
        repo.write("mine.txt", "mine\n")
        repo.commit("Mine")
        (self.space.outside / "go").touch()
        self.assertEqual(support.finish(child).code, DONE)
        self.assertEqual(repo.git("merge-base", "main", "w/items/1.txt"), base)
        self.assertNotIn("mine.txt", repo.git("ls-tree", "--name-only", "gathered"))

    def test_a_users_commit_on_a_tasks_branch_is_theirs(self):
        """The branch appears under the run: it is not moved, and the run says whose it is."""
        repo = self.make(items=1, script=WAITING)
        child = self.space.start("run", "t.fleet", cwd=repo.path)
        self.addCleanup(child.kill)
        support.wait_until(lambda: ledger(self.space), "the session runs")
        repo.git("branch", "w/items/1.txt", "main")
        theirs = repo.git("rev-parse", "w/items/1.txt")
        (self.space.outside / "go").touch()
        done = support.finish(child)
        self.assertEqual(done.code, FAILED, str(done))
        self.assert_says(done, "w/items/1.txt", "is not the fleet's")
        self.assertEqual(repo.branches()["w/items/1.txt"], theirs)


class StaleLocks(FleetTest):
    """What a git that was killed leaves. None is removed by us: a git may live that we do not see."""

    def make(self):
        return scripted(self.space, 'echo "start $item" >>$outside/ledger; echo done >>"$item"', items=1)

    def lock(self, repo, name):
        path = repo.path / ".git" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        return path

    def test_locks_of_what_a_run_does_not_touch_are_in_nobodys_way(self):
        repo = self.make()
        locks = [self.lock(repo, name) for name in
                 ("index.lock", "HEAD.lock", "config.lock", "packed-refs.lock", "gc.pid", "refs/heads/main.lock",
                  "refs/stash.lock", "objects/info/commit-graphs/commit-graph-chain.lock")]
        before = repo.users()
        self.space.run("run", "t.fleet", cwd=repo.path, expect=DONE)
        self.assert_same_users(before, repo)
        for lock in locks:
            self.assertTrue(lock.exists(), f"{lock.name} is the user's to remove")

    def stopped_by(self, name):
        """A run beside a lock that stays: what it said; then the lock is removed, and it goes on."""
        repo = self.make()
        lock = self.lock(repo, name)
        done = self.space.run("run", "t.fleet", cwd=repo.path)
        self.assertNotIn(done.code, (DONE, support.BUG), str(done))
        self.assertIn(str(lock), done.text, f"it names the file in its way: {done}")
        self.assertTrue(lock.exists())
        lock.unlink()
        return repo, done

    def test_a_lock_on_a_tasks_branch_is_named_and_the_work_survives_it(self):
        repo, _ = self.stopped_by("refs/heads/w/items/1.txt.lock")
        saved = repo.refs("refs/fleet/attempt/")
        self.assertEqual([repo.show(commit, "items/1.txt") for commit in saved.values()], [b"1\ndone\n"])
        self.space.run("run", "t.fleet", cwd=repo.path, expect=DONE)
        self.assertEqual(repo.show("w/items/1.txt", "items/1.txt"), b"1\ndone\n")

    def test_a_lock_on_the_gathered_branch_is_named_and_goes_on(self):
        """While the run still tries: whoever removes it in time loses nothing at all."""
        repo = self.make()
        lock = self.lock(repo, "refs/heads/gathered.lock")
        child = self.space.start("run", "t.fleet", cwd=repo.path)
        self.addCleanup(child.kill)
        support.wait_until(lambda: str(lock) in self.space.run("log", cwd=repo.path).text, "it meets the lock")
        lock.unlink()
        done = support.finish(child)
        self.assertEqual(done.code, DONE, str(done))
        self.assertIn(str(lock), done.text)
        self.assertEqual(ledger(self.space), ["start items/1.txt"])

    def test_a_lock_in_a_pooled_worktree_is_not_waited_for(self):
        """Its session is over, so nobody's git can be in it; the worktree's index is ours anew."""
        repo = self.make()
        self.space.run("run", "t.fleet", cwd=repo.path, expect=DONE)
        slots = [path for path in (repo.path / ".git" / "worktrees").iterdir()]
        self.assertTrue(slots, "worktrees are kept for the next run")
        for slot in slots:
            (slot / "index.lock").touch()
            (slot / "HEAD.lock").touch()
        done = self.space.run("run", "t.fleet", cwd=repo.path)
        self.assertEqual(done.code, DONE, str(done))


if __name__ == "__main__":
    support.main()
