"""A credential's life around its sessions: tried by its probe before anything is spent, parked with its owner where it
does not work, kept from sessions that have no use for it, and shown before its last day."""
import datetime
import json
import signal
import subprocess
import unittest

import support
from support import DONE, FAILED, WAITING

SECRET = "ghp-the-real-secret-of-the-test"

FLEET = """
fleet keyed v1 {{
  repo       = git(".", base: main)
  escalation = ann within 1h

  human ann {{ answers = 1h }}

  credential gh {{
    from = env(GITHUB_TOKEN)
    owner = ann
    expires = {expires}
    scopes = [contents.write, issues.read]
    {more}
  }}

  runtime plain {{ adapter = shell; command = "sh scripts/agent.sh" }}

  role builder {{
    runtime = plain
    grants  = [gh]
    writes  = worktree("work/{{task}}/{{agent}}")
    accept  = ["true" passes]
  }}

  agent first, second : builder {{}}

  flow main(task) {{
    one = first(task) else fail
    two = second(task) after one.accepted else fail
  }}
}}
"""

# Works as long as the file is there, and tells what it was given.
PROBE = """probe = command("sh scripts/probe.sh")"""
PROBE_SH = """echo probed $FLEETC_SCOPES >>"$FLEETC_E2E_SPACE/outside/ledger"
test -f "$FLEETC_E2E_SPACE/outside/good" && exit 0
printf 'curl says\\n401 for %s\\033[2J\\n' "$FLEETC_CREDENTIAL"
exit 22
"""
AGENT = """set -eu
env >seen.txt
"$FLEETC" agent task >brief.txt
"""


class Credentials(support.FleetTest):
    def prepare(self, more="", expires="2099-01-01", agent=AGENT):
        self.space.variables = {"GITHUB_TOKEN": SECRET}
        self.good = self.space.outside / "good"
        self.repo = self.space.repo({"keyed.fleet": FLEET.format(more=more, expires=expires),
                                     "scripts/agent.sh": agent, "scripts/probe.sh": PROBE_SH})

    def run_it(self, expect):
        return self.space.run("run", "keyed.fleet", "main", "task=greet", "--no-wait", cwd=self.repo.path,
                              expect=expect)

    def probed(self):
        ledger = self.space.outside / "ledger"
        return ledger.read_text().splitlines() if ledger.exists() else []

    def assert_secret_nowhere(self, *texts):
        for text in texts:
            self.assertNotIn(SECRET, text)
        found = [path for path in self.space.root.rglob("*")
                 if path.is_file() and not path.is_symlink() and SECRET.encode() in path.read_bytes()]
        self.assertEqual(found, [])

    def test_one_that_does_not_work_is_told_before_anything_begins(self):
        self.prepare(PROBE)
        done = self.run_it(FAILED)
        self.assert_says(done, "the credential `gh` of `first` does not work: its probe `sh scripts/probe.sh` ended "
                               "with exit 22: 401 for [the secret] [2J; ann renews it")
        self.assertNotIn("\033", done.text)
        self.assertEqual(self.space.run("status", "--all", "--format", "json", cwd=self.repo.path).json(), [])
        self.assert_secret_nowhere(done.text)

    def test_one_that_works_is_tried_once_for_many_sessions(self):
        self.prepare(PROBE)
        self.good.touch()
        self.run_it(DONE)
        self.assertEqual(self.probed(), ["probed contents.write issues.read"])

    def test_one_that_stops_working_parks_what_needs_it_until_its_owner_says_so(self):
        # The run outlives the engine that tried it, so that the next one tries it anew.
        out = self.space.outside
        self.prepare(PROBE, agent=AGENT + f"touch {out}/working; while ! test -f {out}/go; do sleep 0.05; done\n")
        self.good.touch()
        text = (self.repo.path / "keyed.fleet").read_text()
        self.repo.write("keyed.fleet", text.replace('"sh scripts/agent.sh" }', f'"sh scripts/agent.sh"; sandbox = [write: ["{out}"]] }}'))
        self.repo.commit("Without a sandbox")
        engine = self.space.start("run", "keyed.fleet", "main", "task=greet", "--no-wait", cwd=self.repo.path)
        support.wait_until(lambda: (out / "working").exists(), "the first session is at work")
        engine.send_signal(signal.SIGKILL)
        engine.communicate()
        self.good.unlink()
        (out / "go").touch()
        self.space.run("resume", "--no-wait", cwd=self.repo.path, expect=WAITING)
        inbox = self.space.run("inbox", cwd=self.repo.path, expect=DONE).out
        self.assertIn("credential `gh` (scopes contents.write, issues.read) of ann: its probe", inbox)
        self.assertIn("it was renewed: try again", inbox)
        self.assertNotIn("work/greet/second", self.repo.branches())
        # Approved, but it still does not work: parked again, at no cost.
        self.space.run("approve", "two", cwd=self.repo.path, expect=DONE)
        self.space.run("resume", "--no-wait", cwd=self.repo.path, expect=WAITING)
        self.good.touch()
        self.space.run("approve", "two", cwd=self.repo.path, expect=DONE)
        done = self.space.run("resume", "--no-wait", cwd=self.repo.path, expect=DONE)
        self.assertIn("work/greet/second", self.repo.branches())
        self.assert_secret_nowhere(done.text, inbox)

    def test_what_no_model_is_asked_with_stays_with_the_engine_and_the_session_knows(self):
        self.prepare()
        self.run_it(DONE)
        seen = self.repo.git("show", "work/greet/first:seen.txt")
        self.assertNotIn(SECRET, seen)
        self.assertNotIn("GITHUB_TOKEN", seen)
        self.assertIn("the credential `gh` (scopes contents.write, issues.read) stays with the engine",
                      self.repo.git("show", "work/greet/first:brief.txt"))
        told = self.space.run("check", "--guards", "keyed.fleet", cwd=self.repo.path, expect=DONE)
        self.assertIn("stays with the engine, which does nothing by it: no session has it", told.out)
        self.assert_secret_nowhere(told.out)

    def test_status_shows_it_before_its_last_day(self):
        soon = datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=6)
        self.prepare(expires=soon.isoformat(), agent=AGENT + "test $FLEET_AGENT != second\n")
        text = (self.repo.path / "keyed.fleet").read_text()
        self.repo.write("keyed.fleet", text.replace("after one.accepted else fail", "after one.accepted else escalate"))
        self.repo.commit("Ask")
        self.run_it(WAITING)
        status = self.space.run("status", cwd=self.repo.path, expect=DONE).out
        self.assertRegex(status, rf"credentials that end soon\n    gh of ann: [56] days left, until {soon.isoformat()}")

    def test_the_example_waits_for_its_owner_and_goes_on(self):
        self.space.variables = {}
        path = self.space.root / "renew"
        subprocess.run([support.SOURCE_DIR / "examples" / "08-credential" / "make-repo.sh", path], check=True,
                       env=self.space.environment(), timeout=support.PATIENCE)
        repo, key = support.Repo(self.space, path), path / ".git" / "forge.key"

        def say(*words, expect=DONE):
            return self.space.run(*words, cwd=repo.path, expect=expect).text

        key.write_text("revoked\n")
        begin = ("run", "renew.fleet", "main", "task=Say goodbye", "--no-wait")
        self.assertIn("the forge says 401: bad credentials; ann renews it", say(*begin, expect=FAILED))
        self.assertEqual(say("status", "--all"), "")
        key.write_text("k-7f3a\n")
        say(*begin, expect=WAITING)
        key.write_text("revoked\n")
        say("approve", "read")
        say("resume", "--no-wait", expect=WAITING)
        self.assertIn("the forge says 401", say("inbox"))
        self.assertIn("announce", say("inbox"))
        say("approve", "announce")
        say("resume", "--no-wait", expect=WAITING)
        key.write_text("k-7f3a\n")
        say("approve", "announce")
        say("resume", expect=DONE)
        self.assertEqual(repo.show("ready/Say%20goodbye", "NEWS"), b"New: Say goodbye\n")
        kept = [path for path in (repo.path / ".git" / "fleet").rglob("*") if path.is_file() and b"k-7f3a" in path.read_bytes()]
        self.assertEqual(kept, [])
        log = self.space.run("log", "--format", "json", cwd=repo.path, expect=DONE).out
        begun = [json.loads(line) for line in log.splitlines() if '"event":"exited"' in line]
        self.assertEqual(len(begun), 2, "one session for each step, however often it was parked")


if __name__ == "__main__":
    support.main()
