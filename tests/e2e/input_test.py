"""Bad input: each has a clear error before anything is begun, and nothing of the user's changes."""
import os
import stat

import support
from support import DEFINITION, DONE, FleetTest, USAGE, fleet, ledger, runtime, scripted

ROLE = '    runtime = tool\n    writes = worktree("w/{item}")\n    accept = ["true" passes]\n'
FLOW = '    work = fanout x in files("items/*.txt") to worker\n'
TEXT = fleet(ROLE, FLOW, runtime("sh tool.sh {item}"))
AWAKE = ('  agent awake : worker { dispatch = every 24h; runtime = shell("true"); writes = none; '
         'accept = [] }\n')
FILES = {"t.fleet": TEXT, "tool.sh": 'echo done >>"$1"\n', "items/1.txt": "1\n"}


class Definition(FleetTest):
    def check(self, text, *words, code=DEFINITION, command=("check",)):
        repo = self.space.repo({"t.fleet": text, "tool.sh": "exit 0\n"})
        done = self.space.run(*command, "t.fleet", cwd=repo.path)
        self.assertEqual(done.code, code, str(done))
        self.assert_says(done, *words)
        return done

    def test_a_sound_fleet_passes(self):
        self.check(TEXT, code=DONE)

    def test_an_unknown_key_gets_a_suggestion(self):
        done = self.check(TEXT.replace("runtime = tool", "runtme = tool"), "F1", "runtme", "runtime",
                          "t.fleet:")
        self.assertIn("^", done.err)

    def test_an_unknown_kind_is_refused(self):
        self.check(TEXT.replace("role worker", "rol worker"), "rol", "role")

    def test_a_unit_that_does_not_fit_shows_both_sides(self):
        self.check(TEXT.replace("to worker\n", "to worker timeout $3\n"), "F2", "$3", "money", "duration")

    def test_a_unit_that_does_not_exist_is_named(self):
        self.check(TEXT.replace("to worker\n", "to worker timeout 3weeks\n"), "3weeks", "weeks")

    def test_run_refuses_by_name_what_the_engine_lacks(self):
        later = '  hooks = on\n  role worker'
        text = TEXT.replace("  role worker", later)
        repo = self.space.repo({**FILES, "t.fleet": text})
        before = repo.users()
        self.space.run("check", "t.fleet", cwd=repo.path, expect=DONE)
        done = self.space.run("run", "t.fleet", cwd=repo.path, expect=DEFINITION)
        line = 1 + text.split("hooks")[0].count("\n")
        self.assert_says(done, f"run can't carry out `hooks` yet (t.fleet:{line})")
        self.assert_same_users(before, repo)
        self.assertEqual(set(repo.branches()), {"main"})

    def test_a_run_refuses_the_key_where_it_stands(self):
        text = TEXT.replace("    runtime = tool\n", "    runtime = tool\n    returns = report\n")
        repo = self.space.repo({**FILES, "t.fleet": text})
        done = self.space.run("run", "t.fleet", cwd=repo.path, expect=DEFINITION)
        line = 1 + text.split("returns")[0].count("\n")
        self.assert_says(done, f"`returns = report` yet (t.fleet:{line})")

    def test_a_run_is_of_its_flow_whatever_else_works_unasked(self):
        repo = self.space.repo({**FILES, "t.fleet": TEXT.replace("  flow ", AWAKE + "  flow ", 1)})
        self.space.run("run", "t.fleet", cwd=repo.path, expect=DONE)

    def test_several_mistakes_are_each_reported_once(self):
        text = TEXT.replace("runtime = tool", "runtme = tool").replace("to worker", "to wroker")
        text = text.replace("adapter = shell", "adaptor = shell")
        done = self.check(text)
        for word in ("`runtme`", "`wroker`", "`adaptor`"):
            self.assertEqual(done.err.count(f"error[F") and
                             sum(word in line for line in done.err.splitlines()
                                 if line.startswith("error[")), 1, f"{word}: {done}")

    def test_run_refuses_what_check_refuses(self):
        repo = self.space.repo({**FILES, "t.fleet": TEXT.replace("runtime = tool", "runtme = tool")})
        before = repo.users()
        done = self.space.run("run", "t.fleet", cwd=repo.path, expect=DEFINITION)
        self.assert_says(done, "runtme")
        self.assert_same_users(before, repo)
        self.assertEqual(set(repo.branches()), {"main"})

    def test_a_cycle_is_printed(self):
        flow = '    a = run("true") after b.done\n    b = run("true") after a.done\n'
        self.check(fleet(ROLE, FLOW + flow, runtime("sh tool.sh {item}")), "F701", "a -> b -> a")

    def test_a_file_that_is_not_there(self):
        repo = self.space.repo(FILES)
        for command in ("check", "run", "plan", "fmt"):
            done = self.space.run(command, "missing.fleet", cwd=repo.path)
            self.assertIn(done.code, (DEFINITION, USAGE), str(done))
            self.assert_says(done, "missing.fleet", "no such file")

    def test_junk_is_an_error_not_a_crash(self):
        repo = self.space.repo({"keep": ""})
        for name, junk in {"zeros": b"\0" * 64, "binary": bytes(range(256)) * 8,
                           "deep": b"fleet a v1 {" + b"role r {" * 5000, "open": b'fleet "',
                           "brackets": b"fleet a v1 { x = " + b"[" * 20000,
                           "bom": b"\xef\xbb\xbf" + TEXT.encode()}.items():
            repo.write("junk.fleet", junk)
            done = self.space.run("check", "junk.fleet", cwd=repo.path)
            self.assertEqual(done.code, DONE if name == "bom" else DEFINITION,
                             f"{name}: {done.code} {done.text[:2000]}")
            self.assertLess(len(done.text), 20000, f"{name}: one mistake, one message")

    def test_a_directory_is_no_fleet(self):
        repo = self.space.repo(FILES)
        (repo.path / "dir.fleet").mkdir()
        done = self.space.run("check", "dir.fleet", cwd=repo.path)
        self.assertIn(done.code, (DEFINITION, USAGE), str(done))
        self.assert_says(done, "dir.fleet")


class Repository(FleetTest):
    def refuse(self, cwd, *words, codes=(support.FAILED, DEFINITION, USAGE)):
        done = self.space.run("run", "t.fleet", cwd=cwd)
        self.assertIn(done.code, codes, str(done))
        self.assert_says(done, *words)
        self.assertNotIn("libgit2", done.text, "speaks of the repository, not of our library")
        return done

    def test_no_repository(self):
        place = self.space.root / "plain"
        place.mkdir()
        (place / "t.fleet").write_text(TEXT)
        self.refuse(place, "git", "repository")
        self.assertEqual(sorted(os.listdir(place)), ["t.fleet"])

    def test_a_base_branch_that_does_not_exist(self):
        repo = self.space.repo({**FILES, "t.fleet": TEXT.replace("base: main", "base: trunk")})
        before = repo.users()
        self.refuse(repo.path, "trunk")
        self.assert_same_users(before, repo)
        self.assertEqual(set(repo.branches()), {"main"})

    def test_an_unborn_base(self):
        repo = self.space.repo()
        for name, content in FILES.items():
            repo.write(name, content)
        self.refuse(repo.path, "main", "commit")
        self.assertEqual(repo.branches(), {})

    def test_a_bare_repository_has_no_checkout_to_harm(self):
        repo = self.space.repo(FILES)
        bare = self.space.root / "bare.git"
        repo.git("clone", "-q", "--bare", repo.path, bare)
        (bare / "t.fleet").write_text(TEXT)
        main = repo.git("rev-parse", "main")
        self.space.run("run", "t.fleet", cwd=bare, expect=DONE)
        repo.path = bare
        self.assertEqual(set(repo.branches()), {"main", "w/items/1.txt"})
        self.assertEqual(repo.branches()["main"], main)
        self.assertEqual(repo.git("fsck", "--strict"), "")

    def test_a_shallow_repository(self):
        repo = self.space.repo(FILES)
        repo.commit("Second")
        shallow = self.space.root / "shallow"
        repo.git("clone", "-q", "--depth", "1", f"file://{repo.path}", shallow)
        self.refuse(shallow, "shallow")

    def test_a_partial_clone(self):
        repo = self.space.repo(FILES)
        repo.git("config", "uploadpack.allowFilter", "true")
        partial = self.space.root / "partial"
        repo.git("clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{repo.path}", partial)
        (partial / "t.fleet").write_text(TEXT)
        self.refuse(partial, "partial clone")

    def test_submodules(self):
        inner = self.space.repo({"file": "x\n"}, name="inner")
        repo = self.space.repo(FILES)
        repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.path, "lib/inner")
        repo.commit("Add a submodule")
        before = repo.users()
        self.refuse(repo.path, "submodule", "lib/inner")
        self.assert_same_users(before, repo)

    def test_filters(self):
        repo = self.space.repo({**FILES, ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n",
                                "data.bin": "version https://git-lfs.github.com/spec/v1\n"})
        before = repo.users()
        self.refuse(repo.path, "filter", "lfs")
        self.assert_same_users(before, repo)

    def test_a_detached_head_and_a_base_elsewhere_are_fine(self):
        repo = self.space.repo(FILES)
        repo.git("checkout", "-q", "--detach")
        before = repo.users()
        self.space.run("run", "t.fleet", cwd=repo.path, expect=DONE)
        self.assert_same_users(before, repo)

    def test_from_a_worktree_of_the_user(self):
        repo = self.space.repo(FILES)
        other = self.space.root / "other"
        repo.git("worktree", "add", "-q", "-b", "mine", other)
        before = repo.users()
        self.space.run("run", "t.fleet", cwd=other, expect=DONE)
        self.assert_same_users(before, repo)
        self.assertIn("w/items/1.txt", repo.branches())

    def test_a_merge_under_way_is_left_alone(self):
        repo = self.space.repo(FILES)
        repo.git("checkout", "-q", "-b", "side")
        repo.write("items/1.txt", "side\n")
        repo.commit()
        repo.git("checkout", "-q", "main")
        repo.write("items/1.txt", "main\n")
        repo.commit()
        repo.git("merge", "side", check=False)
        before = repo.users()
        self.space.run("run", "t.fleet", cwd=repo.path, expect=DONE)
        self.assert_same_users(before, repo)
        self.assertTrue((repo.path / ".git" / "MERGE_HEAD").exists())

    def test_a_branch_of_the_users_is_never_taken_over(self):
        repo = self.space.repo(FILES)
        repo.git("checkout", "-q", "-b", "w/items/1.txt")
        repo.write("mine.txt", "mine\n")
        mine = repo.commit("My own work")
        repo.git("checkout", "-q", "main")
        done = self.space.run("run", "t.fleet", cwd=repo.path)
        self.assertNotEqual(done.code, DONE, str(done))
        self.assert_says(done, "w/items/1.txt")
        self.assertEqual(repo.branches()["w/items/1.txt"], mine)

    def test_branches_that_would_be_prefixes_of_one_another(self):
        flow = '    work = fanout x in ["a", "a/b"] to worker else skip\n'
        repo = self.space.repo({**FILES, "tool.sh": "echo done >done.txt\n",
                                "t.fleet": fleet(ROLE, flow, runtime("sh tool.sh {item}"))})
        done = self.space.run("run", "t.fleet", cwd=repo.path)
        mine = [b for b in repo.branches() if b != "main"]
        self.assertTrue(len(mine) == 2 or "a/b" in done.text, str(done))

    def test_a_hook_of_the_users_is_not_run(self):
        repo = self.space.repo(FILES)
        for hook in ("pre-commit", "post-commit", "post-checkout", "reference-transaction"):
            path = repo.write(f".git/hooks/{hook}", f"#!/bin/sh\ntouch {self.space.root}/hook-ran\n")
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        before = repo.users()
        if (self.space.root / "hook-ran").exists():
            (self.space.root / "hook-ran").unlink()
        self.space.run("run", "t.fleet", cwd=repo.path, expect=DONE)
        self.assertFalse((self.space.root / "hook-ran").exists())
        self.assert_same_users(before, repo)

    def test_no_items_is_a_run_that_is_done(self):
        repo = scripted(self.space, "exit 1", items=0, more={"keep": ""})
        done = self.space.run("run", "t.fleet", cwd=repo.path)
        self.assertIn(done.code, (DONE, support.FAILED), str(done))
        self.assertEqual(ledger(self.space), [])
        self.assert_says(done, "0")


if __name__ == "__main__":
    support.main()
