"""examples/05-ship end to end: built, reviewed cold, mended, looked at again, approved, merged; and
all that must not happen on the way."""
import os
import signal
import subprocess
import unittest

import support
from support import DONE, FAILED, FleetTest, Repo, WAITING, wait_until

EXAMPLE = support.SOURCE_DIR / "examples" / "05-ship"
TASK = "Say goodbye"
BRANCH = "task/Say%20goodbye"
MERGED = "fleet/merged/main"
MENDED = {"src/goodbye.sh": b"# goodbye NAME\ngoodbye() {\n  printf 'goodbye, %s\\n' \"$1\"\n}\n",
          "src/shout.sh": b"# shout NAME\nshout() {\n  printf '%s!\\n' \"$1\"\n}\n"}
# A sound change at once: what reviews are tested with that have nothing to mend.
SOUND = 'printf \'hullo() { echo "hullo $1"; }\\n\' >src/hullo.sh\n'


class ShipTest(FleetTest):
    def make(self, scripts=(), space=None):
        """The example's repository, with some of its scripts replaced by others."""
        space = space or self.space
        path = space.root / "ship"
        subprocess.run([EXAMPLE / "make-repo.sh", path], check=True, env=space.environment(),
                       timeout=support.PATIENCE)
        repo = Repo(space, path)
        for name, text in dict(scripts).items():
            repo.write(f"scripts/{name}", "set -eu\n" + text)
        if scripts:
            repo.commit("Other scripts")
        return repo

    def ship(self, repo, expect, *more, space=None, **variables):
        """Runs to the end or to the next gate, without anyone to answer it."""
        return (space or self.space).run("run", "ship.fleet", "ship", f"task={TASK}", "--no-wait", *more,
                                         cwd=repo.path, expect=expect, **variables)

    def gate(self, repo, space=None):
        """The step of the one open gate."""
        listed = (space or self.space).run("inbox", "--format", "json", cwd=repo.path, expect=DONE).json()
        gates = listed["gates"] if isinstance(listed, dict) else listed
        self.assertEqual(len(gates), 1, gates)
        return gates[0]["step"]

    def answer(self, repo, verb, step, space=None):
        (space or self.space).run(verb, step, cwd=repo.path)

    def resume(self, repo, expect, space=None):
        return (space or self.space).run("resume", "--no-wait", cwd=repo.path, expect=expect)

    def log(self, repo):
        return self.space.run("log", cwd=repo.path, expect=DONE).out


class Shipping(ShipTest):
    def test_a_change_is_mended_approved_and_merged_beside_a_base_in_use(self):
        repo = self.make()
        repo.write("src/hello.sh", "half a thought")
        repo.write("notes", "not git's")
        before, main = repo.users(), repo.git("rev-parse", "main")
        self.ship(repo, WAITING)
        self.assertEqual(self.gate(repo), "signoff")
        self.assertNotIn(MERGED, repo.branches(), "nothing is merged before the human says so")
        self.answer(repo, "approve", "signoff")
        done = self.resume(repo, DONE)
        for path, text in MENDED.items():
            self.assertEqual(repo.show(MERGED, path), text)
            self.assertEqual(repo.show(BRANCH, path), text)
        self.assertEqual(repo.git("rev-parse", "main"), main, "the base is checked out and stays")
        self.assert_same_users(before, repo)
        self.assertIn(f"git merge --ff-only {MERGED}", done.text + self.log(repo))
        mends = [name for name in repo.branches() if name.startswith("fix/Say%20goodbye/1/f-")]
        self.assertEqual(len(mends), 2, "one branch for each finding of the first round")
        parents = repo.git("rev-list", "--parents", "-1", MERGED).split()[1:]
        self.assertEqual(parents, [main, repo.git("rev-parse", BRANCH)],
                         "exactly what was approved is merged")
        repo.git("checkout", "-q", "--force", "main")
        repo.git("merge", "-q", "--ff-only", MERGED)
        self.assert_no_process_left()

    def test_a_base_that_nobody_has_checked_out_is_moved(self):
        repo = self.make()
        repo.git("checkout", "-q", "-b", "mine")
        repo.write("own.txt", "mine\n")
        repo.commit("My own")
        before = repo.users()
        self.ship(repo, WAITING)
        repo.git("branch", "-f", "main", repo.git("commit-tree", "main^{tree}", "-p", "main", "-m", "On"))
        went_on = repo.git("rev-parse", "main")
        self.answer(repo, "approve", "signoff")
        self.resume(repo, DONE)
        self.assertEqual(repo.git("rev-parse", "main^1"), went_on, "onto the base as it is now")
        self.assertEqual(repo.show("main", "src/shout.sh"), MENDED["src/shout.sh"])
        self.assertNotIn(MERGED, repo.branches())
        self.assert_same_users(before, repo)

    def test_a_merge_that_conflicts_is_tried_again_once_the_base_is_mended(self):
        repo = self.make({"build.sh": SOUND})
        self.ship(repo, WAITING)
        no = self.space.run("retry", "signoff", cwd=repo.path, expect=support.USAGE)
        self.assert_says(no, "only a merge", "fleetc approve")
        repo.write("src/hullo.sh", "# mine\n")
        repo.commit("In the way")
        self.answer(repo, "approve", "signoff")
        self.assert_says(self.resume(repo, WAITING), "src/hullo.sh", "fleetc retry")
        self.assert_says(self.space.run("inbox", cwd=repo.path, expect=DONE), "merge again", "it merges nothing")
        self.answer(repo, "retry", "merge")
        self.resume(repo, WAITING)
        self.assertEqual(self.gate(repo), "merge")
        repo.git("reset", "-q", "--hard", "HEAD~1")
        self.answer(repo, "retry", "merge")
        self.resume(repo, DONE)
        self.assertEqual(repo.show(MERGED, "src/hullo.sh"), b'hullo() { echo "hullo $1"; }\n')

    def test_who_says_no_keeps_it_out(self):
        repo = self.make({"build.sh": SOUND})
        main = repo.git("rev-parse", "main")
        self.ship(repo, WAITING)
        self.answer(repo, "reject", "signoff")
        self.assert_says(self.resume(repo, FAILED), "signoff.approved", "cannot fire",
                         "nothing was merged")
        status = self.space.run("status", "--format", "json", cwd=repo.path, expect=DONE).json()
        self.assertEqual(status["state"], "unmerged")
        self.assertNotIn(MERGED, repo.branches())
        self.assertEqual(repo.git("rev-parse", "main"), main)


class RedReview(ShipTest):
    NEVER = ('"$FLEETC" agent finding "Still wrong" --path src/hello.sh\n'
             '"$FLEETC" agent verdict changes_requested --summary "no"\n')

    def make_red(self):
        return self.make({"build.sh": SOUND, "review.sh": self.NEVER,
                          "fix.sh": 'echo "# mended" >>src/hello.sh\n'})

    def test_what_no_round_makes_right_goes_to_a_human_and_never_by_itself_into_the_base(self):
        repo = self.make_red()
        main = repo.git("rev-parse", "main")
        self.ship(repo, WAITING)
        self.assertEqual(self.gate(repo), "polish")
        rounds = {name.split("/")[2] for name in repo.branches() if name.startswith("fix/")}
        self.assertEqual(rounds, {"1", "2", "3"})
        self.answer(repo, "reject", "polish")
        self.resume(repo, FAILED)
        self.assertEqual(repo.git("rev-parse", "main"), main)
        self.assertNotIn(MERGED, repo.branches())

    def test_a_reviewer_without_a_verdict_approves_nothing(self):
        repo = self.make({"build.sh": SOUND, "review.sh": "exit 0\n"})
        self.ship(repo, WAITING)
        self.assertNotEqual(self.gate(repo), "signoff")
        self.assertNotIn(MERGED, repo.branches())

    def test_a_reviewer_who_finds_something_after_approving_has_not_approved(self):
        review = '"$FLEETC" agent verdict approved\n"$FLEETC" agent finding "A hole" --severity critical\n'
        repo = self.make({"build.sh": SOUND, "review.sh": review})
        self.assert_says(self.ship(repo, WAITING), "after it had approved")
        self.assertNotEqual(self.gate(repo), "signoff")
        self.assert_says(self.space.run("inbox", cwd=repo.path, expect=DONE), "critical", "A hole")


PROBE = '''#!/usr/bin/env python3
"""Looks for a word wherever this process can read, and says in which places it is."""
import os, subprocess, sys
word, places, found = sys.argv[1].encode()[::-1], sys.argv[2:], []
def look(path):
    try:
        if os.path.isfile(path) and word in open(path, "rb").read(1 << 20):
            found.append(path)
    except OSError:
        pass
for place in places:
    for folder, folders, files in os.walk(place):
        for name in files:
            look(os.path.join(folder, name))
for pid in filter(str.isdigit, os.listdir("/proc")):
    if int(pid) != os.getpid():
        look(f"/proc/{pid}/environ")
        look(f"/proc/{pid}/cmdline")
for command in (["git", "log", "--all", "--format=%B"], ["git", "for-each-ref"], ["git", "status"],
                ["git", "cat-file", "--batch-all-objects", "--batch"]):
    told = subprocess.run(command, capture_output=True)
    if told.returncode == 0:
        found.append("git works: " + " ".join(command))
for place in found:
    print(place)
'''


class ColdReview(ShipTest):
    WORD = "ezirruoh"  # its reverse is what the builder leaves; so that no script holds it

    def test_a_reviewer_sees_the_change_and_nothing_of_who_made_it(self):
        places = f'"{self.space.root}" /tmp /var/tmp /run /dev/shm'
        leave = ('word=$(echo %s | rev)\n'
                 'echo "$word" >"$HOME/thoughts"; echo "$word" >"$TMPDIR/thoughts"; echo "$word"\n'
                 'echo ignored >.gitignore; echo "$word" >ignored\n'
                 'git commit -q --allow-empty -m "$word"\n' % self.WORD)
        seen = f'python3 scripts/probe.py {self.WORD} {places} >"$TMPDIR/seen"\n'
        # The builder, who may see all this, shows that the probe finds it.
        build = leave + seen + 'grep -q thoughts "$TMPDIR/seen"; grep -q "git works" "$TMPDIR/seen"\n' + SOUND
        review = (seen + 'while read -r place; do "$FLEETC" agent finding "Reads $place"; done <"$TMPDIR/seen"\n'
                  'test -d .git || test ! -e src/hullo.sh || "$FLEETC" agent finding "The tree is not the base\'s"\n'
                  'if touch src/hello.sh 2>/dev/null; then "$FLEETC" agent finding "Writes its tree"; fi\n'
                  'if touch "$FLEET_REVIEW/x" 2>/dev/null; then "$FLEETC" agent finding "Writes the review"; fi\n'
                  'grep -q "^+hullo" "$FLEET_REVIEW/diff.patch"\n'
                  'grep -q "src/hullo.sh" "$FLEET_REVIEW/files.txt"\n'
                  'grep -q "Say goodbye" "$FLEET_REVIEW/criteria.md"\n'
                  'grep -q "scripts/test.sh" "$FLEET_REVIEW/criteria.md"\n'
                  '"$FLEETC" agent verdict approved\n')
        repo = self.make({"build.sh": build, "review.sh": review, "probe.py": PROBE})
        probe = repo.path / "scripts/probe.py"
        probe.write_text(PROBE)
        repo.commit("The probe")
        self.ship(repo, WAITING)
        self.assertEqual(self.gate(repo), "signoff")
        self.assertNotIn("Reads ", self.log(repo))
        self.assertNotIn("finding", self.log(repo).replace("0 findings", ""))


class Killed(ShipTest):
    # Engine and visit; of the merges the gathering of the first round and the merge into the base.
    POINTS = ("engine.spawn.after:1", "engine.import.before:4", "engine.merge.after:1",
              "engine.gather.before:1", "engine.gather.after:2", "refs.move.before:6")

    def results(self, repo):
        return {name: repo.git("rev-parse", f"{name}^{{tree}}") for name in repo.branches()}

    def through(self, repo, space, **crash):
        """To the end: resumed after each death, approved where it asks."""
        self.ship(repo, None, space=space, **crash)
        for _ in range(6):
            done = self.resume(repo, None, space=space)
            if done.code == WAITING:
                self.answer(repo, "approve", self.gate(repo, space), space)
            elif done.code == DONE and MERGED in repo.branches():
                return
        self.fail(str(done))

    @unittest.skipIf(os.environ.get("FLEETC_CRASH_POINTS") == "OFF", "a build without crash points")
    def test_a_killed_engine_carries_on_as_if_nothing_had_been(self):
        quiet = self.make()
        self.through(quiet, self.space)
        wanted = self.results(quiet)
        for point in self.POINTS:
            space = support.Space()
            try:
                repo = self.make(space=space)
                self.through(repo, space, FLEETC_CRASH=point)
                self.assertEqual(self.results(repo), wanted, point)
            finally:
                space.close()

    def test_a_gate_outlives_the_engine_that_opened_it(self):
        repo = self.make({"build.sh": SOUND})
        child = self.space.start("run", "ship.fleet", "ship", f"task={TASK}", cwd=repo.path)
        self.addCleanup(child.kill)
        inbox = lambda: self.space.run("inbox", cwd=repo.path).out
        wait_until(lambda: "signoff" in inbox(), "the gate is open")
        child.send_signal(signal.SIGKILL)
        child.wait()
        self.answer(repo, "approve", "signoff")
        self.resume(repo, DONE)
        self.assertEqual(repo.show(MERGED, "src/hullo.sh"), b'hullo() { echo "hullo $1"; }\n')


class Routes(FleetTest):
    FLEET = '''fleet t v1 {
  repo = git(".", base: main)

  defaults { accept = ["true" passes] }
  role worker { runtime = shell("sh tool.sh {agent} {item}"); writes = worktree("{agent}/{item}") }
  agent careful, quick : worker {}

  flow main {
    work   = fanout x in json("tasks.json") to route(x.label, security: careful, else: quick) limit 9
    gather = repo.merge(work, into: "gathered") after work.accepted
  }
}
'''

    def test_an_element_of_a_file_goes_to_the_agent_that_its_field_names(self):
        tasks = '[{"label": "security", "n": 1}, {"label": "docs", "n": 2}, {"n": 3}]'
        repo = self.space.repo({"t.fleet": self.FLEET, "tasks.json": tasks,
                                "tool.sh": 'n=$(printf %s "$2" | tr -dc 0-9)\necho "$1" >"made-$n"\n'})
        self.space.run("run", "t.fleet", cwd=repo.path, expect=DONE)
        made = [repo.show("gathered", f"made-{n}") for n in (1, 2, 3)]
        self.assertEqual(made, [b"careful\n", b"quick\n", b"quick\n"])


if __name__ == "__main__":
    support.main()
