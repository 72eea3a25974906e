"""`as: squash` and `as: rebase`: the tree that a merge makes, in a straight line, and neither twice nor
half, whenever the engine is killed."""
import os
import unittest

import support
from support import DONE, WAITING
from ship_test import BRANCH, MERGED, SOUND, ShipTest, TASK

CALL = "repo.merge(build.branch)"


class Styled(ShipTest):
    # Around the move of the base's branch: nothing is gathered on the way where the first look approves.
    POINTS = ("engine.merge.before:1", "engine.merge.after:1", "engine.gather.before:1", "engine.gather.after:1")

    def styled(self, style, scripts=(), space=None):
        repo = self.make(scripts, space)
        text = (repo.path / "ship.fleet").read_text()
        self.assertIn(CALL, text)
        repo.write("ship.fleet", text.replace(CALL, f"repo.merge(build.branch, as: {style})"))
        repo.commit(f"Merge by {style}")
        repo.git("checkout", "-q", "-b", "mine")
        return repo

    def through(self, repo, space=None, **crash):
        """Approved, with the crash after the approval; resumed until it is done."""
        self.ship(repo, WAITING, space=space)
        repo.git("branch", "-f", "main", repo.git("commit-tree", "main^{tree}", "-p", "main", "-m", "On"))
        self.answer(repo, "approve", "signoff", space)
        done = (space or self.space).run("resume", "--no-wait", cwd=repo.path, **crash)
        if crash:
            self.assertEqual(done.code, -9, str(done))
            done = self.resume(repo, DONE, space)
        self.assertEqual(done.code, DONE, str(done))

    def line(self, repo):
        return repo.git("log", "--format=%an|%cn|%s", "mine..main").splitlines()

    def test_each_style_gives_the_same_tree(self):
        trees = {}
        for style in ("merge", "squash", "rebase"):
            space = support.Space()
            try:
                repo = self.styled(style, space=space)
                self.through(repo, space)
                trees[style] = repo.git("rev-parse", "main:src")
                body = repo.git("log", "-1", "--format=%B", "main")
                self.assertIn("Approved-by: ", body)
                self.assertIn("Reviewed-by: ", body)
                self.assertEqual(repo.git("fsck", "--strict", "--no-dangling"), "")
                merges = repo.git("log", "--merges", "--format=%s", "mine..main").splitlines()
                line = self.line(repo)
                if style == "merge":
                    self.assertTrue(merges)
                    continue
                self.assertEqual(merges, [])
                self.assertEqual(line[-1].split("|")[2], "On")
                if style == "squash":
                    self.assertEqual(line[:-1], [f"fleet (fleetc)|fleet (fleetc)|{TASK}"])
                    self.assertIn("Co-authored-by: backend (fleetc) <backend@fleetc.invalid>", body)
                else:
                    self.assertGreater(len(line), 2)
                    self.assertEqual({one.split("|")[1] for one in line[:-1]}, {"fleet (fleetc)"})
                    self.assertIn(f"backend (fleetc)|fleet (fleetc)|backend: {TASK}", line)
            finally:
                space.close()
        self.assertEqual(len(set(trees.values())), 1, trees)

    @unittest.skipIf(os.environ.get("FLEETC_CRASH_POINTS") == "OFF", "a build without crash points")
    def test_an_engine_killed_around_the_move_merges_once(self):
        for style in ("squash", "rebase"):
            wanted = None
            for point in (None, *self.POINTS):
                space = support.Space()
                try:
                    repo = self.styled(style, {"build.sh": SOUND}, space)
                    self.through(repo, space, **({"FLEETC_CRASH": point} if point else {}))
                    found = (self.line(repo), repo.git("rev-parse", "main^{tree}"))
                    wanted = wanted or found
                    self.assertEqual(found, wanted, f"{style} {point}")
                    self.assertEqual(repo.git("fsck", "--strict", "--no-dangling"), "")
                finally:
                    space.close()

    def test_what_conflicts_leaves_the_base_as_it_is(self):
        for style in ("squash", "rebase"):
            space = support.Space()
            try:
                repo = self.styled(style, {"build.sh": SOUND}, space)
                self.ship(repo, WAITING, space=space)
                repo.git("checkout", "-q", "main")
                repo.write("src/hullo.sh", "ours\n")
                repo.commit("Ours")
                repo.git("checkout", "-q", "mine")
                main = repo.git("rev-parse", "main")
                self.answer(repo, "approve", "signoff", space)
                self.resume(repo, WAITING, space)
                self.assertEqual(repo.git("rev-parse", "main"), main)
                self.assertEqual(self.gate(repo, space), "merge")
                log = space.run("log", cwd=repo.path, expect=DONE).out
                self.assertIn("src/hullo.sh", log)
            finally:
                space.close()

    def test_beside_a_base_in_use_what_waits_stays_a_straight_line(self):
        repo = self.styled("squash", {"build.sh": SOUND})
        repo.git("checkout", "-q", "main")
        self.ship(repo, WAITING)
        self.answer(repo, "approve", "signoff")
        self.resume(repo, DONE)
        first = repo.git("log", "--format=%s", f"main..{MERGED}").splitlines()
        self.assertEqual(first, [TASK])
        repo.write("own.txt", "mine\n")
        repo.commit("My own")
        other = "Say it again"
        repo.write("scripts/build.sh", "set -eu\n" + SOUND.replace("hullo", "again"))
        repo.commit("Another script")
        self.space.run("run", "ship.fleet", "ship", f"task={other}", "--no-wait", cwd=repo.path, expect=WAITING)
        self.answer(repo, "approve", "signoff")
        self.resume(repo, DONE)
        line = repo.git("log", "--format=%s", f"main..{MERGED}").splitlines()
        self.assertEqual(line, [other, TASK])
        self.assertEqual(repo.git("log", "--merges", "--format=%s", f"main..{MERGED}"), "")
        repo.git("merge", "-q", "--ff-only", MERGED)


del ShipTest

if __name__ == "__main__":
    support.main()
