"""examples/01-hello end to end: a branch for each note, everything gathered, nothing of the user's
touched."""
import os
import pathlib
import subprocess

import support
from support import DONE, FleetTest, Repo

EXAMPLE = support.SOURCE_DIR / "examples" / "01-hello"
NOTES = 40


def expect_text(test, path, actual):
    """Compares with a file of the example; FLEETC_ACCEPT=1 writes it instead."""
    path = pathlib.Path(path)
    if os.environ.get("FLEETC_ACCEPT") == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_text(actual)
        return
    wanted = path.read_text() if path.exists() else ""
    test.assertEqual(wanted, actual, f"\nif this is right: FLEETC_ACCEPT=1 ctest -R e2e_hello\n({path})")


class Hello(FleetTest):
    def make(self, notes=NOTES):
        path = self.space.root / "notes repo"
        subprocess.run([EXAMPLE / "make-repo.sh", path, str(notes)], check=True,
                       env=self.space.environment(), timeout=support.PATIENCE)
        return Repo(self.space, path)

    def test_every_note_gets_a_branch_and_the_dirty_tree_stays(self):
        repo = self.make()
        repo.write("notes/note-01.txt", "half a thought, not committed ")
        repo.write("notes/note-99.txt", "a new note that git does not know ")
        repo.write("scripts/staged.sh", "echo staged\n")
        repo.git("add", "scripts/staged.sh")
        repo.git("rm", "-q", "--cached", "notes/note-40.txt")
        before, main = repo.users(), repo.git("rev-parse", "main")

        done = self.space.run("run", "hello.fleet", cwd=repo.path, expect=DONE)

        self.assert_same_users(before, repo)
        branches = repo.branches()
        wanted = {f"fix/notes/note-{n:02d}.txt" for n in range(1, NOTES + 1)} | {"main", "hello/fixed"}
        self.assertEqual(set(branches), wanted)
        self.assertEqual(branches["main"], main)
        for n in range(1, NOTES + 1):
            note = f"notes/note-{n:02d}.txt"
            changed = repo.git("diff", "--name-only", "main", f"fix/{note}")
            self.assertEqual(changed, note, "a task changes its own note only")
            self.assertEqual(repo.git("rev-parse", f"fix/{note}^"), main, "a task starts at the base")
            self.assertEqual(repo.show("hello/fixed", note), repo.show(f"fix/{note}", note))
        self.assertEqual(len(repo.git("diff", "--name-only", "main", "hello/fixed").splitlines()), NOTES)
        self.assert_says(done, "40", "hello/fixed")
        self.assert_no_process_left()

    def test_the_gathered_branch_passes_the_check(self):
        repo = self.make(5)
        self.space.run("run", "hello.fleet", cwd=repo.path, expect=DONE)
        repo.git("worktree", "add", "-q", "--detach", self.space.root / "look", "hello/fixed")
        check = subprocess.run(["sh", "scripts/check.sh", "notes"], cwd=self.space.root / "look",
                               capture_output=True, check=False)
        self.assertEqual((check.returncode, check.stdout), (0, b""))

    def test_a_finished_run_leaves_nothing_to_resume(self):
        repo = self.make(3)
        self.space.run("run", "hello.fleet", cwd=repo.path, expect=DONE)
        refs = repo.refs("refs/heads/")
        done = self.space.run("resume", cwd=repo.path, expect=DONE)
        self.assert_says(done, "nothing")
        self.assertEqual(repo.refs("refs/heads/"), refs)

    def test_a_second_run_finds_the_branches_of_the_first(self):
        repo = self.make(3)
        self.space.run("run", "hello.fleet", cwd=repo.path, expect=DONE)
        main = repo.git("rev-parse", "main")
        self.space.run("run", "hello.fleet", cwd=repo.path)
        self.assertEqual(repo.git("rev-parse", "main"), main)
        self.assertEqual(len(repo.git("diff", "--name-only", "main", "hello/fixed").splitlines()), 3)

    def test_the_example_prints_what_it_says(self):
        repo = self.make()
        plan = self.space.run("plan", "hello.fleet", cwd=repo.path, expect=DONE)
        expect_text(self, EXAMPLE / "expected" / "plan.txt", plan.out)
        self.space.run("run", "hello.fleet", cwd=repo.path, expect=DONE)
        names = repo.git("for-each-ref", "--format=%(refname:short)", "refs/heads/")
        expect_text(self, EXAMPLE / "expected" / "branches.txt", names + "\n")
        diff = repo.git("diff", "main", "hello/fixed", "--", "notes/note-03.txt")
        expect_text(self, EXAMPLE / "expected" / "note-03.diff", diff + "\n")

    def test_the_example_is_the_same_commit_every_time(self):
        first = self.make(4).git("rev-parse", "HEAD")
        again = self.space.root / "again"
        subprocess.run([EXAMPLE / "make-repo.sh", again, "4"], check=True,
                       env=self.space.environment(), timeout=support.PATIENCE)
        self.assertEqual(Repo(self.space, again).git("rev-parse", "HEAD"), first)


if __name__ == "__main__":
    support.main()
