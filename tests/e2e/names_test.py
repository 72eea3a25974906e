"""Odd names in paths and items: an item is always exactly one argument, and two items never share a
branch."""
import os
import subprocess

import support
from support import DONE, FleetTest, scripted

NAMES = ["plain.txt", "with space.txt", "two  spaces.txt", "quo'te.txt", 'dou"ble.txt', "back\\slash.txt",
         "new\nline.txt", "tab\there.txt", "ünï-çødé.txt", "日本.txt", "-dash.txt", "--help.txt",
         "$(touch pwned).txt", "`touch pwned`.txt", "; touch pwned #.txt", "$HOME.txt", "{item}.txt",
         "a~b.txt", "a^b.txt", "a:b.txt", "a?b.txt", "a*b.txt", "a[b.txt", "a@{b.txt", "a..b.txt",
         "dot..txt", "x.lock.txt", ".hidden.txt", "UPPER.txt", "upper.txt", "a b.txt", "a-b.txt",
         "a_b.txt", "a%20b.txt", "100%.txt", "&amp;.txt", "trailing .txt", " leading.txt",
         "e\u0301.txt", "\u00e9.txt"]
SCRIPT = '''printf '%s\\0' "$item" >>$outside/items
printf 'done\\n' >>"$item"'''


class Names(FleetTest):
    def items(self):
        data = (self.space.outside / "items").read_bytes()
        return sorted(os.fsdecode(item) for item in data.split(b"\0")[:-1])

    def test_every_item_arrives_as_one_argument_and_has_its_own_branch(self):
        files = {f"items/{name}": "x\n" for name in NAMES}
        repo = scripted(self.space, SCRIPT, items=0, more=files, clauses="width 4")
        before = repo.users()
        self.space.run("run", "t.fleet", cwd=repo.path, expect=DONE)
        self.assert_same_users(before, repo)
        self.assertEqual(self.items(), sorted(f"items/{name}" for name in NAMES))
        branches = [name for name in repo.branches() if name.startswith("w/")]
        self.assertEqual(len(branches), len(NAMES))
        for name in branches:
            subprocess.run(["git", "check-ref-format", "--branch", name], check=True,
                           stdout=subprocess.DEVNULL)
        changed = repo.git("diff", "-z", "--name-only", "main", "gathered").split("\0")[:-1]
        self.assertEqual(sorted(changed), sorted(f"items/{name}" for name in NAMES))
        self.assertFalse(list(repo.path.rglob("pwned")))

    def test_a_name_that_is_not_utf_8(self):
        repo = scripted(self.space, SCRIPT, items=1)
        raw = os.fsencode(repo.path) + b"/items/latin-\xe9.txt"
        with open(raw, "wb") as file:
            file.write(b"x\n")
        repo.commit()
        done = self.space.run("run", "t.fleet", cwd=repo.path)
        if done.code == DONE:
            self.assertIn(os.fsdecode(b"items/latin-\xe9.txt"), self.items())
        else:
            self.assert_says(done, "latin-")

    def test_the_repository_lies_in_an_odd_place(self):
        for place in ("with space", "quo'te\"s", "new\nline", "ünï", "-dash", "per%cent", "$(x)"):
            with self.subTest(place):
                space = support.Space()
                self.addCleanup(space.close)
                inner = space.root / place
                inner.mkdir()
                repo = scripted(space, SCRIPT, items=2)
                moved = inner / "re po"
                repo.path.rename(moved)
                repo.path = moved
                done = space.run("run", "t.fleet", cwd=moved)
                self.assertEqual(done.code, DONE, str(done))
                self.assertEqual(repo.show("gathered", "items/1.txt"), b"1\ndone\n")

    def test_the_fleet_file_has_an_odd_name(self):
        for name in ("-t.fleet", "a b.fleet", "quo'te.fleet"):
            with self.subTest(name):
                repo = scripted(self.space, SCRIPT, items=1) if not (self.space.root / "repo").exists() \
                    else support.Repo(self.space, self.space.root / "repo")
                (repo.path / name).write_text((repo.path / "t.fleet").read_text())
                done = self.space.run("check", "./" + name, cwd=repo.path)
                self.assertEqual(done.code, DONE, str(done))

    def test_from_a_folder_below(self):
        repo = scripted(self.space, SCRIPT, items=2, more={"fleets/deep/keep": ""})
        done = self.space.run("run", "../../t.fleet", cwd=repo.path / "fleets" / "deep")
        self.assertEqual(done.code, DONE, str(done))
        self.assertEqual(repo.show("gathered", "items/1.txt"), b"1\ndone\n")


if __name__ == "__main__":
    support.main()
