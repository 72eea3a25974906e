"""A journal cut at a byte or with a bit flipped, and the built binary on it: what `status` then tells
is true or it refuses with a word on the damage; what it refuses, `resume` and `run` refuse too, and
change nothing. (Every byte and every bit, without a process each: tests/fault/engine/journal.)"""
import json
import os
import random
import unittest

import support
from support import DONE, FAILED, FleetTest, ledger, scripted

SEED = int(os.environ.get("FLEETC_SEED", "20260101"))
CASES = int(os.environ.get("FLEETC_E2E_DAMAGE", "40"))
FILES = ("state.db", "state.db-wal", "state.head")
ITEMS = 3
SCRIPT = '''echo "start $item" >>$outside/ledger
test "$item" != items/3.txt || until test -e $outside/go; do sleep 0.05; done
echo done >>"$item"'''


class Damage(FleetTest):
    def setUp(self):
        super().setUp()
        self.random = random.Random(f"{SEED} {self.id()}")

    def interrupted(self):
        """A run that was killed with everything around it when two of its three items were done."""
        repo = scripted(self.space, SCRIPT, items=ITEMS, clauses="width 3 est 300ms spawn 10ms")
        child = self.space.start("run", "t.fleet", cwd=repo.path)
        self.addCleanup(child.kill)
        support.wait_until(lambda: len(repo.branches()) == ITEMS and len(ledger(self.space)) == ITEMS,
                           "two items are done and the third has begun")
        self.space.kill_all()
        support.finish(child)
        self.assertGreater((self.place(repo) / "state.db-wal").stat().st_size, 1000, "an open journal")
        return repo

    def place(self, repo):
        return repo.path / ".git" / "fleet"

    def files(self, repo):
        return {name: (self.place(repo) / name).read_bytes() for name in FILES
                if (self.place(repo) / name).exists()}

    def put(self, repo, files):
        for name in (*FILES, "state.db-shm"):
            (self.place(repo) / name).unlink(missing_ok=True)
        for name, content in files.items():
            (self.place(repo) / name).write_bytes(content)

    def status(self, repo):
        return self.space.run("status", "--format", "json", cwd=repo.path)

    def damages(self, sound):
        """Cuts and flipped bits, as (what, files)."""
        for number in range(CASES):
            name = FILES[number % len(FILES)]
            content = bytearray(sound[name])
            where = self.random.randrange(len(content))
            if number // len(FILES) % 2:
                yield f"{name} cut at {where}", {**sound, name: bytes(content[:where])}
            else:
                bit = self.random.randrange(8)
                content[where] ^= 1 << bit
                yield f"{name} with bit {bit} of byte {where} flipped", {**sound, name: bytes(content)}

    def assert_refused(self, repo, about, *command):
        before = self.files(repo), repo.refs(), ledger(self.space)
        done = self.space.run(*command, cwd=repo.path)
        self.assertEqual(done.code, FAILED, f"{about}: {done}")
        self.assertIn("damaged", done.err, about)
        self.assertIn("nothing was changed", done.err.lower(), about)
        self.assertEqual((self.files(repo), repo.refs(), ledger(self.space)), before,
                         f"{about}: what is refused is left as it was")

    def test_what_a_damaged_journal_says_is_true_or_is_not_said(self):
        repo = self.interrupted()
        sound = self.files(repo)
        truth = json.loads(self.status(repo).out)
        refused = 0
        for about, damaged in self.damages(sound):
            with self.subTest(about):
                self.put(repo, damaged)
                told = self.status(repo)
                if told.code == DONE:
                    self.assertEqual(told.json(), truth, about)
                    continue
                refused += 1
                for command in (("status",), ("log",), ("resume",), ("run", "t.fleet"),
                                ("run", "--new", "t.fleet")):
                    self.put(repo, damaged)
                    self.assert_refused(repo, about, *command)
        self.assertGreater(refused, CASES // 4)

    def test_every_way_on_that_the_refusal_names_leads_on(self):
        repo = self.interrupted()
        sound = self.files(repo)
        (self.space.outside / "go").touch()
        half = len(sound["state.db-wal"]) // 2
        cut = {**sound, "state.db-wal": sound["state.db-wal"][:half]}
        self.put(repo, cut)
        self.assert_refused(repo, "half a log", "resume")
        before = repo.branches()
        with self.subTest("a copy put back"):
            self.put(repo, sound)
            self.space.run("resume", cwd=repo.path, expect=DONE)
            self.assert_all_done(repo)
            self.assertEqual(before, {name: repo.branches()[name] for name in before}, "nothing finished is done again")
        with self.subTest("what is left of it"):
            other = self.again()
            cut = self.files(other)
            self.put(other, {**cut, "state.db-wal": cut["state.db-wal"][:half]})
            self.space.run("resume", "--accept-lost-tail", cwd=other.path, expect=DONE)
            self.assert_all_done(other)
        with self.subTest("a new journal"):
            other = self.again()
            cut = self.files(other)
            self.put(other, {**cut, "state.db-wal": cut["state.db-wal"][:half]})
            self.place(other).rename(self.space.root / "moved away")
            self.space.run("run", "t.fleet", cwd=other.path, expect=DONE)
            self.assert_all_done(other)

    def again(self):
        self.space = support.Space()
        self.addCleanup(self.space.close)
        repo = self.interrupted()
        (self.space.outside / "go").touch()
        return repo

    def assert_all_done(self, repo):
        for item in range(1, ITEMS + 1):
            self.assertEqual(repo.show("gathered", f"items/{item}.txt"), f"{item}\ndone\n".encode())
        self.assertEqual(repo.git("fsck", "--strict", "--no-dangling"), "")


if __name__ == "__main__":
    support.main()
