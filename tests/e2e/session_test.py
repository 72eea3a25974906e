"""Scripts that misbehave: each has an outcome of its own, the others go on, nothing is left behind."""
import support
from support import DONE, FAILED, FleetTest, fleet, ledger, runtime, scripted

WORK = 'echo done >>"$item"'


class Session(FleetTest):
    def run_items(self, script, expect=None, **options):
        repo = scripted(self.space, script, **options)
        before = repo.users()
        done = self.space.run("run", "t.fleet", cwd=repo.path, expect=expect)
        self.assert_same_users(before, repo)
        self.assert_no_process_left()
        return repo, done

    def assert_items(self, repo, *numbers):
        wanted = {f"w/items/{number}.txt" for number in numbers}
        self.assertEqual({b for b in repo.branches() if b.startswith("w/")}, wanted)

    def test_one_failing_item_does_not_lose_the_others(self):
        repo, done = self.run_items(f'{WORK}; test "$item" != items/3.txt', items=5,
                                    clauses="else skip", expect=DONE)
        self.assert_items(repo, 1, 2, 4, 5)
        self.assertEqual(len(repo.git("diff", "--name-only", "main", "gathered").splitlines()), 4)
        self.assert_says(done, "items/3.txt")

    def test_a_failed_step_fails_the_run_and_keeps_what_passed(self):
        repo, done = self.run_items(f'{WORK}; test "$item" != items/2.txt', items=3,
                                    clauses="else fail")
        self.assertEqual(done.code, FAILED, str(done))
        self.assert_items(repo, 1, 3)

    def test_evidence_decides_not_the_exit_code(self):
        repo, done = self.run_items(WORK + '; test "$item" != items/1.txt || echo bad >"$item"', items=2,
                                    accept='accept = ["grep -q done {item}" passes]', clauses="else skip")
        self.assert_items(repo, 2)
        self.assert_says(done, "items/1.txt")

    def test_a_failed_attempt_is_tried_again_as_often_as_declared(self):
        script = f'''echo "$item" >>$outside/ledger
tries=$(grep -c "^$item$" $outside/ledger)
{WORK}
case $item in items/1.txt) test $tries -ge 3;; items/2.txt) false;; esac'''
        repo, _ = self.run_items(script, items=3, clauses="retry 2 else skip")
        self.assert_items(repo, 1, 3)
        lines = ledger(self.space)
        self.assertEqual([lines.count(f"items/{n}.txt") for n in (1, 2, 3)], [3, 3, 1])

    def test_an_attempt_starts_from_the_base_not_from_its_predecessor(self):
        script = '''echo attempt >>"$item"; echo "$item" >>$outside/ledger
test "$(grep -c . $outside/ledger)" -ge 2'''
        repo, _ = self.run_items(script, items=1, clauses="retry 1", expect=DONE)
        self.assertEqual(repo.show("w/items/1.txt", "items/1.txt"), b"1\nattempt\n")

    def test_a_daemon_ends_with_its_session(self):
        script = f'''setsid sleep 1000 >/dev/null 2>&1 </dev/null &
(trap '' TERM HUP INT; setsid sh -c 'sleep 1001 & sleep 1002' >/dev/null 2>&1 &) &
{WORK}'''
        repo, _ = self.run_items(script, items=3, expect=DONE)
        self.assert_items(repo, 1, 2, 3)

    def test_a_daemon_that_holds_the_output_open_does_not_hold_the_task(self):
        repo, _ = self.run_items(f"sleep 1000 & {WORK}", items=2, expect=DONE)
        self.assert_items(repo, 1, 2)

    def test_a_script_that_ignores_sigterm_is_ended_by_its_timeout(self):
        script = f'''{WORK}
if test "$item" = items/1.txt; then trap '' TERM INT HUP; while :; do sleep 1; done; fi'''
        repo, done = self.run_items(script, items=2, clauses="timeout 1s else skip")
        self.assert_items(repo, 2)
        self.assert_says(done, "timed out")

    def test_a_flood_of_output_is_cut_off(self):
        script = f'''{WORK}
if test "$item" = items/1.txt; then exec yes "a flood of output that nobody can read"; fi'''
        repo, done = self.run_items(script, items=2, clauses="timeout 10min else skip")
        self.assert_items(repo, 2)
        self.assert_says(done, "output")

    def test_binary_output_stays_out_of_the_terminal(self):
        script = f"printf '\\033[2J\\033]0;title\\007\\000\\377\\n'; {WORK}; exit 1"
        _, done = self.run_items(script, items=1, clauses="else skip")
        self.assertNotIn("\033", done.text)
        self.assertNotIn("\0", done.text)

    def test_closed_pipes_harm_nobody(self):
        repo, _ = self.run_items(f"exec >&- 2>&- <&-\n{WORK}", items=2, expect=DONE)
        self.assert_items(repo, 1, 2)

    def test_a_deleted_worktree_is_the_attempts_failure_and_no_one_elses(self):
        script = f'''{WORK}
if test "$item" = items/1.txt; then rm -rf "$PWD" * .[!.]* 2>/dev/null; exit 0; fi'''
        repo, _ = self.run_items(script, items=4, clauses="force inline else skip",
                                 accept='accept = ["grep -q done {item}" passes]')
        self.assert_items(repo, 2, 3, 4)

    def test_writing_into_dot_git_changes_nothing(self):
        script = f'''(echo "gitdir: $outside" >.git; rm -rf .git; echo x >.git/HEAD; mkdir .git) 2>/dev/null
{WORK}'''
        repo, _ = self.run_items(script.replace("set -eu", "set -u"), items=2, clauses="else skip")
        self.assertEqual(repo.git("fsck", "--strict"), "")

    def test_a_nested_repository_is_not_believed(self):
        script = f'''mkdir nested; cd nested; git init -q .; git config user.email a@b.c; git config user.name a
echo x >file; git add .; git commit -qm x; cd ..
{WORK}'''
        repo, _ = self.run_items(script, items=1, clauses="else skip")
        self.assertEqual(repo.git("fsck", "--strict"), "")

    def test_what_one_session_leaves_the_next_does_not_find(self):
        script = f'''test ! -e leftover; test ! -e ignored.tmp; test -z "$(git status --porcelain)"
touch leftover ignored.tmp; git update-index --skip-worktree "$item"; {WORK}'''
        repo, done = self.run_items(script, items=4, clauses="force inline else skip",
                                    more={".gitignore": "*.tmp\n"})
        self.assert_items(repo, 1, 2, 3, 4)
        for number in range(1, 5):
            changed = repo.git("diff", "--name-only", "main", f"w/items/{number}.txt").splitlines()
            self.assertEqual(changed, [f"items/{number}.txt", "leftover"], str(done))

    def test_commits_that_a_session_makes_are_kept(self):
        script = f'''{WORK}; git add -A; git -c user.name=s -c user.email=s@s commit -qm "By the session"
echo more >>"$item"'''
        repo, _ = self.run_items(script, items=1, expect=DONE)
        self.assertEqual(repo.show("w/items/1.txt", "items/1.txt"), b"1\ndone\nmore\n")

    def test_an_item_that_needs_no_change_is_an_outcome_of_its_own(self):
        repo, done = self.run_items('test "$item" = items/1.txt || echo done >>"$item"', items=2)
        self.assertEqual(done.code, DONE, str(done))
        self.assertEqual(repo.show("w/items/2.txt", "items/2.txt"), b"2\ndone\n")

    def test_a_killed_script_is_a_crash(self):
        _, done = self.run_items("kill -SEGV $$", items=1, clauses="else fail")
        self.assertEqual(done.code, FAILED, str(done))
        self.assert_says(done, "signal 11")

    def test_a_program_that_does_not_exist_is_said_by_name(self):
        role = '    runtime = tool\n    writes = worktree("w/{item}")\n    accept = ["true" passes]\n'
        text = fleet(role, '    work = fanout x in ["a", "b"] to worker else fail\n',
                     runtime("no-such-program-here {item}"))
        repo = self.space.repo({"t.fleet": text})
        done = self.space.run("run", "t.fleet", cwd=repo.path, expect=FAILED)
        self.assert_says(done, "no-such-program-here")

    def test_a_session_reads_no_input_and_inherits_no_secret(self):
        script = f'''env | sort >$outside/env; if read -r line; then echo "$line" >$outside/read; fi
ls -l /proc/self/fd >$outside/fds; {WORK}'''
        self.space.variables["SECRET_TOKEN"] = "hunter2"
        self.run_items(script, items=1, expect=DONE)
        self.assertNotIn("hunter2", (self.space.outside / "env").read_text())
        self.assertFalse((self.space.outside / "read").exists())
        self.assertNotIn("state.db", (self.space.outside / "fds").read_text())


if __name__ == "__main__":
    support.main()
