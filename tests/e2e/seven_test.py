"""The seven-agent company of the design, its file unchanged: one task from the desk to the base branch, with everybody in
their place, over a night in which the engine dies. Its agents ask for `claude`, which a script plays."""
import json
import os
import pathlib
import shutil
import signal
import tempfile
import unittest

import support
from support import DEFINITION, DONE, FleetTest, wait_until

FLEET = (support.SOURCE_DIR / "tests" / "golden" / "fleets" / "seven.fleet").read_text()
KEY, TOKEN = "the-key-of-the-model", "the-token-of-the-forge"
TASK = "Say goodbye"

PRESETS = """{
  "version": 3,
  "configurePresets": [{"name": "ci", "generator": "Ninja", "binaryDir": "${sourceDir}/checks"}],
  "testPresets": [{"name": "ci", "configurePreset": "ci"}]
}
"""

FILES = {
    "seven.fleet": FLEET,
    "identity/core.md": "---\nversion: 4\nlog: [{version: 4, date: 2026-03-04, note: told who decides}]\n---\n"
                        "# Who we are\n\nThe founder decides.\n",
    "identity/engineering.md": "---\nversion: 7\nlog: [{version: 7, date: 2026-03-04, note: smaller changes}]\n---\n"
                               "# How we build\n\nSmall changes.\n",
    "scripts/notify.sh": 'cat >>"$FLEETC_E2E_SPACE/outside/told"\n'
                         'echo "$FLEET_GATE_ID $FLEET_GATE_TEXT" >>"$FLEETC_E2E_SPACE/outside/told"\n',
    "scripts/lint-content.sh": "! grep -rn lorem content\n",
    "scripts/check.sh": "for file in src/*.sh; do sh -n $file || exit 1; done\n",
    "src/hello.sh": "hello() { printf 'hello, %s\\n' \"$1\"; }\n",
    "content/first.md": "We begin.\n",
    "CMakePresets.json": PRESETS,
    "checks/CTestTestfile.cmake": 'add_test(sound sh -c "cd .. && sh scripts/check.sh")\n',
    ".gitignore": "/checks/Testing\n",
}

# What the CLI would do and print: with the fleet's own words, as its tools would. It lives outside of the repository, as the
# CLI does, in a folder that sessions can read and not write.
CLAUDE = r"""#!/usr/bin/env python3
import json, os, pathlib, subprocess, sys, time

here = pathlib.Path(__file__).parent
agent = os.environ["FLEET_AGENT"]


def fleet(*words):
    done = subprocess.run([os.environ["FLEETC"], "agent", *words], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def judge(path, wrong, title, label):
    change = (pathlib.Path(os.environ["FLEET_REVIEW"]) / "diff.patch").read_text()
    if wrong in change:
        fleet("finding", title, "--severity", "major", "--label", label, "--path", path, "--line", "1", "--detail", "There.")
        fleet("verdict", "changes_requested", "--summary", title)
    else:
        fleet("verdict", "approved", "--summary", "reads well")


def mend(path, old, new):
    file = pathlib.Path(path)
    file.write_text(file.read_text().replace(old, new))


def work():
    if agent == "backend":
        while not (here / "go").exists():
            time.sleep(0.05)
        pathlib.Path("src/goodbye.sh").write_text('goodbye() {\n  echo goodbye, $1\n}\n')
        pathlib.Path("src/shout.sh").write_text('shout() {\n  eval "echo $1!"\n}\n')
    elif agent == "review":
        judge("src/goodbye.sh", "+  echo goodbye, $1", "A name is torn apart", "quoting")
    elif agent == "security":
        judge("src/shout.sh", "+  eval", "What is given runs", "security")
    elif agent.startswith("fix_"):
        if "torn apart" in os.environ["FLEET_FINDING"]:
            mend("src/goodbye.sh", "echo goodbye, $1", "printf 'goodbye, %s\\n' \"$1\"")
        else:
            mend("src/shout.sh", 'eval "echo $1!"', "printf '%s!\\n' \"$1\"")
    elif agent == "content":
        pathlib.Path("content/day.md").write_text("A day went by.\n")
    elif agent == "lead":
        fleet("inbox")


before = fleet("task")
documents = [fleet("identity")[1] for _ in range(3)]
task = fleet("task")
leaked = [name for name, value in os.environ.items() if "the-key-of-the-model" in value or "the-token-of-the-forge" in value]
seen = {"agent": agent, "refused": before[0] != 0, "core": "The founder decides" in documents[0],
        "eng": any("Small changes" in document for document in documents), "task": task[1], "leaked": leaked}
fleet("checkpoint", "SEEN " + json.dumps(seen))
work()
fleet("done", "what " + agent + " was asked for")
print(json.dumps({"type": "system", "subtype": "init", "session_id": "s-" + agent}))
print(json.dumps({"type": "result", "subtype": "success", "is_error": False, "session_id": "s-" + agent,
                  "result": "done", "total_cost_usd": 0.25, "usage": {"input_tokens": 1000, "output_tokens": 50}}))
"""


class Seven(FleetTest):
    def setUp(self):
        super().setUp()
        # Sessions have a /tmp of their own.
        self.programs = pathlib.Path(tempfile.mkdtemp(prefix="fleetc-e2e-", dir="/var/tmp"))
        self.addCleanup(shutil.rmtree, self.programs)
        (self.programs / "claude").write_text(CLAUDE)
        (self.programs / "claude").chmod(0o755)
        self.programs.chmod(0o755)
        path = f"{self.programs}:{self.space.environment()['PATH']}"
        self.space.variables = {"PATH": path, "ANTHROPIC_API_KEY": KEY, "GITHUB_TOKEN": TOKEN}
        self.repo = self.space.repo(FILES)
        self.repo.git("switch", "-qc", "mine")  # the base is free to move

    def say(self, *words, expect=DONE):
        return self.space.run(*words, cwd=self.repo.path, expect=expect).text

    def log(self):
        return (self.repo.path / ".git" / "fleet" / "up.log").read_text()

    def engine(self):
        return json.loads((self.repo.path / ".git" / "fleet" / "up.json").read_text())["pid"]

    def await_log(self, words):
        try:
            wait_until(lambda: words in self.log(), words)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()}") from None

    def runs(self):
        """The flow's name of each run that is over well, and how often."""
        listed = json.loads(self.say("status", "--all", "--format", "json"))
        done = [run["flow"].split(":")[-1] for run in listed if run["state"] == "done"]
        return {name: done.count(name) for name in done}

    def seen(self):
        """By agent, what its sessions found when they began, as they said in their checkpoints."""
        seen = {}
        for path in (self.repo.path / ".git" / "fleet" / "checkpoints").rglob("*.md"):
            text = path.read_bytes() if path.is_file() else b""
            if b"SEEN {" in text:
                found, _ = json.JSONDecoder().raw_decode(text[text.index(b"SEEN {") + 5:].decode())
                seen.setdefault(found["agent"], []).append(found)
        return seen

    def test_a_task_goes_from_the_desk_to_the_base_over_a_night_in_which_the_engine_dies(self):
        before, main = self.repo.users(), self.repo.git("rev-parse", "main")
        self.assertIn("no problem found", self.say("check", "seven.fleet"))
        self.say("up", "-d", "seven.fleet")
        self.say("task", "add", "backend", TASK, "--criteria", "goodbye is said")
        self.await_log("ship begins")
        wait_until(lambda: "backend" in self.seen(), "the builder is at work")
        engine = self.engine()
        os.kill(engine, signal.SIGKILL)
        wait_until(lambda: engine not in self.space.processes(), "the engine is gone")
        self.say("up", "-d", "seven.fleet")
        self.await_log("adopted")
        (self.programs / "go").touch()
        self.await_log("waits for founder: `signoff` is to be decided")
        told = self.space.outside / "told"
        wait_until(lambda: told.exists() and "signoff" in told.read_text(), "the founder is told")
        inbox = self.say("inbox")
        for words in ("review approved", "security approved", "2 closed"):
            self.assertIn(words, inbox)
        self.assertEqual(self.repo.git("rev-parse", "main"), main, "nothing is merged before the founder says so")
        self.say("approve", "signoff")
        self.await_log("ship done")
        self.assertEqual(self.repo.show("main", "src/goodbye.sh"), b"goodbye() {\n  printf 'goodbye, %s\\n' \"$1\"\n}\n")
        self.assertEqual(self.repo.show("main", "src/shout.sh"), b"shout() {\n  printf '%s!\\n' \"$1\"\n}\n")
        # Each way to begin: the lead by itself, content by the clock, the reviewers by the pull request that content opened.
        wait_until(lambda: {"ship", "content", "review", "security", "lead"} <= set(self.runs()), "all have had their turn")
        runs = self.runs()
        self.assertEqual((runs["ship"], runs["content"]), (1, 1))
        self.assertLessEqual(runs["lead"], 6, "it wakes for news, and not in a circle")
        seen = self.seen()
        self.assertEqual(sorted(seen), ["backend", "content", "fix_a", "fix_b", "lead", "review", "security"])
        for agent, sessions in seen.items():
            for session in sessions:
                self.assertTrue(session["refused"], f"{agent} was told its task before it had read who it is")
                self.assertTrue(session["core"], agent)
                self.assertEqual(session["eng"], agent == "backend", agent)
                self.assertEqual(session["leaked"], [], agent)
        self.assertIn("goodbye is said", seen["backend"][0]["task"])
        self.assertEqual(len(seen["backend"]), 1, "what was at work when the engine died was begun again\n" + self.log())
        self.assert_secrets_nowhere()
        self.say("down")
        self.assert_no_process_left()
        self.assert_same_users(before, self.repo)

    def assert_secrets_nowhere(self):
        for path in self.space.root.rglob("*"):
            if path.is_file() and not path.is_symlink():
                content = path.read_bytes()
                self.assertFalse(KEY.encode() in content or TOKEN.encode() in content, path)

    def test_without_its_documents_or_its_keys_nothing_begins(self):
        self.repo.write("identity/core.md", FILES["identity/core.md"].replace("version: 4", "version: 3", 1))
        self.assertIn("F410", self.say("up", "-d", "seven.fleet", expect=DEFINITION))
        self.repo.write("identity/core.md", FILES["identity/core.md"])
        del self.space.variables["ANTHROPIC_API_KEY"]
        self.say("up", "-d", "seven.fleet")
        self.await_log("ANTHROPIC_API_KEY is not set where fleetc was started")
        self.assertEqual(self.seen(), {})
        self.say("down")


if __name__ == "__main__":
    support.main()
