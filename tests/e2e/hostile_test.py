"""A session that tries to reach what is not its own: each try fails or changes nothing."""
import support
from support import DONE, FAILED, FleetTest, ledger, scripted

# Each try reports to the ledger whether the write itself went through.
TRY = '''try() { name=$1; shift; if "$@" >/dev/null 2>&1; then echo "REACHED $name" >>$outside/ledger
  else echo "stopped $name" >>$outside/ledger; fi; }
into() { printf 'planted\\n' >"$1"; }
'''
GIT_TRIES = '''common=$(git rev-parse --path-format=absolute --git-common-dir 2>/dev/null) || common=%(repo)s/.git
for file in hooks/post-commit hooks/pre-push config config.worktree refs/heads/evil refs/heads/main \\
    packed-refs HEAD index info/attributes info/exclude objects/evil fleet/state.db fleet/evil evil; do
  try "%(repo)s/.git/$file" into "%(repo)s/.git/$file"
  try "common $file" into "$common/$file"
done
git update-ref refs/heads/main HEAD
git update-ref refs/heads/evil HEAD
git branch evil2
git tag evil3
git push . HEAD:refs/heads/evil4
git push %(repo)s HEAD:refs/heads/evil5
git config core.fsmonitor "touch %(outside)s/fsmonitor-ran"
git config --global alias.x y
git config core.hooksPath %(outside)s
git worktree add ../evil6
git stash
git symbolic-ref HEAD refs/heads/main
git -C %(repo)s commit --allow-empty -m evil7
git -C %(repo)s reset --hard
git -C %(repo)s checkout -b evil8
git gc --prune=now
git -C %(repo)s gc --prune=now
'''


class Hostile(FleetTest):
    def test_refs_that_an_unsandboxed_session_makes_are_whole(self):
        role = '    runtime = tool\n    writes = worktree("w/{item}")\n    accept = ["true" passes]\n'
        tool = '  runtime tool {\n    adapter = shell\n    command = "sh tool.sh {item}"\n    sandbox = off\n  }\n'
        repo = self.space.repo({
            "t.fleet": support.fleet(role, '    work = fanout x in ["a", "b"] to worker force parallel\n', tool),
            "tool.sh": 'set -eu\necho "$1" >"$1"\ngit add .\ngit commit -qm theirs\ngit branch "own-$1"\n'})
        self.space.run("run", "t.fleet", cwd=repo.path)
        self.assertIn("own-a", repo.branches())
        self.assertEqual(repo.git("fsck", "--strict", "--no-dangling"), "")

    def assert_only(self, repo, *wanted):
        self.assertEqual(set(repo.branches()), {"main", *wanted})

    def reached(self):
        return [line for line in ledger(self.space) if line.startswith("REACHED")]

    def run_script(self, script, **options):
        options = {"items": 1, "clauses": "else skip", **options}
        repo = scripted(self.space, TRY + script, **options)
        repo.write("dirty.txt", "not committed\n")
        before, main = repo.users(), repo.git("rev-parse", "main")
        done = self.space.run("run", "t.fleet", cwd=repo.path)
        self.assert_same_users(before, repo)
        self.assertEqual(repo.git("rev-parse", "main"), main)
        self.assertEqual(repo.git("fsck", "--strict"), "")
        self.assert_no_process_left()
        return repo, done

    def test_the_rest_of_the_file_system_is_read_only(self):
        places = [self.space.root / "home" / "planted", self.space.root / "repo" / "planted",
                  self.space.root / "repo" / "t.fleet", self.space.root / "state" / "planted",
                  self.space.root / "planted", "/etc/fleetc-planted", "/usr/fleetc-planted",
                  "/var/tmp/fleetc-planted", "/dev/fleetc-planted"]
        tries = "".join(f'try "{place}" into "{place}"\n' for place in places)
        repo, done = self.run_script(tries + 'echo done >>"$item"')
        self.assertEqual(done.code, DONE, str(done))
        # A session's /tmp and /dev are its own: a write there may go through and reaches nothing.
        self.assertEqual([line for line in self.reached() if " /tmp/" not in line and " /dev/" not in line], [])
        self.assertEqual([place for place in places if "planted" in str(place)
                          and support.pathlib.Path(place).exists()], [])
        self.assertEqual(len(ledger(self.space)), len(places), "every try was made")
        self.assert_only(repo, "w/items/1.txt", "gathered")

    def test_what_a_session_leaves_in_tmp_stays_in_its_own(self):
        mark = f"fleetc-mark-{self.space.root.name}"
        self.run_script(f'touch /tmp/{mark}; echo done >>"$item"')
        self.assertFalse(support.pathlib.Path("/tmp", mark).exists())

    def test_no_git_command_of_a_session_reaches_the_repository(self):
        names = {"repo": self.space.root / "repo", "outside": self.space.outside}
        repo, _ = self.run_script("set +e\n" + GIT_TRIES % names + 'echo done >>"$item"; exit 0')
        self.assertEqual(self.reached(), [])
        self.assertGreater(len(ledger(self.space)), 20)
        self.assertFalse((self.space.outside / "fsmonitor-ran").exists())
        self.assertEqual([b for b in repo.branches() if "evil" in b], [])
        self.assertEqual(repo.refs("refs/tags/"), {})

    def test_a_hook_planted_in_the_worktree_never_runs(self):
        script = '''set +e
mkdir -p hooks .githooks; for hook in hooks/pre-commit .githooks/pre-commit; do
  printf '#!/bin/sh\\ntouch %s/hook-ran\\n' "$outside" >$hook; chmod +x $hook; done
git config core.hooksPath hooks; echo done >>"$item"; exit 0'''
        self.run_script(script)
        self.assertFalse((self.space.outside / "hook-ran").exists())

    def test_a_filter_planted_in_attributes_never_runs(self):
        script = '''echo '* filter=evil diff=evil merge=evil' >.gitattributes
echo done >>"$item"'''
        self.run_script(script)

    def test_a_path_outside_the_declared_ones_fails_the_attempt(self):
        repo = scripted(self.space, 'echo done >>"$item"\n'
                        'if test "$item" = items/2.txt; then echo x >elsewhere.txt; fi',
                        items=3, clauses="else skip")
        text = (repo.path / "t.fleet").read_text()
        repo.write("t.fleet", text.replace('worktree("w/{item}")', 'worktree("w/{item}") in ["items/**"]'))
        repo.commit()
        done = self.space.run("run", "t.fleet", cwd=repo.path)
        self.assert_only(repo, "w/items/1.txt", "w/items/3.txt", "gathered")
        self.assert_says(done, "elsewhere.txt")

    def test_a_session_sees_no_process_but_its_own(self):
        script = '''ls /proc | grep -c '^[0-9]' >$outside/count
kill -9 -1 2>/dev/null || true
echo done >>"$item"'''
        repo, done = self.run_script(script)
        self.assertEqual(done.code, DONE, str(done))
        self.assertLess(int((self.space.outside / "count").read_text()), 12)
        self.assert_only(repo, "w/items/1.txt", "gathered")

    def test_a_session_cannot_decide_or_drive_the_fleet(self):
        script = f'''set +e
for verb in "run t.fleet" resume clean; do
  {support.BINARY} $verb >$outside/out 2>&1 && echo "REACHED $verb" >>$outside/ledger
done
{support.BINARY} -C {self.space.root}/repo clean >>$outside/out 2>&1
echo done >>"$item"; exit 0'''
        repo, _ = self.run_script(script)
        self.assertEqual(self.reached(), [])
        self.assert_only(repo, "w/items/1.txt", "gathered")

    def test_judging_scripts_come_from_the_base(self):
        repo = scripted(self.space, 'echo "exit 0" >judge.sh; echo done >>"$item"', items=1,
                        accept='accept = ["sh judge.sh" passes]', clauses="else fail",
                        more={"judge.sh": "echo base judge; exit 1\n"})
        done = self.space.run("run", "t.fleet", cwd=repo.path, expect=FAILED)
        self.assert_only(repo)
        self.assertNotEqual(done.code, DONE)

    def test_symbolic_links_lead_nowhere(self):
        victim = self.space.root / "home" / "victim"
        victim.write_text("mine\n")
        script = f'''ln -s {victim} link; ln -s {self.space.root}/repo/.git/config items/link
echo pwned >link || true; echo pwned >items/link || true
rm "$item"; ln -s {victim} "$item"'''
        self.run_script(script)
        self.assertEqual(victim.read_text(), "mine\n")


if __name__ == "__main__":
    support.main()
