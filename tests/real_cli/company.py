"""The design's seven agents with a CLI in their places: the file of the end-to-end test, with the address of the scripted
service in its runtime and nothing else changed."""
import json
import re

import conversation as c
import seven_test
import support
from endpoint import Endpoint
from support import DONE, wait_until

KEY = "sk-of-the-founder-alone"


def steps(*own):
    """Reads who it is, asks for its task, does `own` and says so."""
    return [c.fleet("identity"), c.fleet("identity"), c.fleet("identity"), c.fleet("task"), *own,
            c.fleet("done", summary="Done."), c.says("Done.")]


def pick(asked, script):
    return script[min(asked.calls, len(script) - 1)]


def judge(path, wrong, title, label):
    """A reviewer that looks for one thing in the patch."""
    def step(asked):
        script = steps(c.shell('cat "$FLEET_REVIEW/diff.patch"'))[:5]
        if asked.calls < len(script):
            return script[asked.calls]
        if wrong in asked.results[4]:
            script += [c.fleet("finding", title=title, severity="major", label=label, path=path, line=1, detail="There."),
                       c.fleet("verdict", verdict="changes_requested", summary=title)]
        else:
            script += [c.fleet("verdict", verdict="approved", summary="Reads well.")]
        return pick(asked, script + [c.fleet("done", summary="Reviewed."), c.says("Reviewed.")])
    return step


def fix(asked):
    torn = len(asked.results) > 3 and "torn apart" in asked.results[3]
    path = "src/goodbye.sh" if torn else "src/shout.sh"
    change = c.edit(path, "echo goodbye, $1", "printf 'goodbye, %s\\n' \"$1\"") if torn else \
        c.edit(path, "eval echo $1", "printf '%s!\\n' \"$1\"")
    return pick(asked, steps(c.read(path), change))


SCRIPTS = {
    "lead": steps(c.fleet("inbox")),
    "content": steps(c.write("content/day.md", "A day went by.\n")),
    "backend": steps(c.write("src/goodbye.sh", "goodbye() {\n  echo goodbye, $1\n}\n"),
                     c.write("src/shout.sh", "shout() {\n  eval echo $1\n}\n")),
    "review": judge("src/goodbye.sh", "+  echo goodbye, $1", "A name is torn apart", "quoting"),
    "security": judge("src/shout.sh", "+  eval", "What is given runs", "security"),
    "fix_a": fix, "fix_b": fix,
}


class Company:
    """A trial as the other scenarios have it, with the fleet brought up instead of run."""

    def __init__(self, path):
        self.space = support.Space()
        self.space.variables = {"PATH": path, "ANTHROPIC_API_KEY": KEY, "GITHUB_TOKEN": "of-the-forge"}
        self.endpoint = Endpoint(SCRIPTS)
        text = seven_test.FLEET.replace("adapter = claude;", f'adapter = claude; env = [ANTHROPIC_BASE_URL: "{self.endpoint.url}"];')
        assert text != seven_test.FLEET
        self.repo = self.space.repo({**seven_test.FILES, "seven.fleet": text})
        self.repo.git("switch", "-qc", "mine")

    def say(self, *words):
        return self.space.run(*words, cwd=self.repo.path, expect=DONE).text

    def log(self):
        return (self.repo.path / ".git" / "fleet" / "up.log").read_text()

    def wait_for(self, words):
        try:
            wait_until(lambda: words in self.log(), words, 600)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()}\n{self.say('status')}") from None

    def output(self):
        logs = sorted(self.repo.path.glob(".git/fleet/runs/*/logs/*.log"))
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in logs)

    def close(self):
        self.endpoint.close()
        self.space.close()


def seven(_, path):
    """The seven-agent company, up: a task from the desk to the base, reviewed cold, mended, approved; no key in any session."""
    trial = yield Company(path)
    trial.say("up", "-d", "seven.fleet")
    trial.say("task", "add", "backend", seven_test.TASK, "--criteria", "goodbye is said")
    trial.wait_for("waits for founder: `signoff` is to be decided")
    trial.say("approve", "signoff")
    trial.wait_for("ship done")
    main = trial.repo.show("main", "src/goodbye.sh") + trial.repo.show("main", "src/shout.sh")
    if main != b"goodbye() {\n  printf 'goodbye, %s\\n' \"$1\"\n}\nshout() {\n  printf '%s!\\n' \"$1\"\n}\n":
        raise AssertionError(main)
    wait_until(lambda: re.search(r"content done", trial.log()), "content has had its day")
    days = json.loads(trial.say("cost", "--by", "day", "--format", "json"))
    if days["all"]["money"] is None or not 0 < float(days["all"]["money"]) < 50:
        raise AssertionError(days)
    for agent in ("backend", "review", "security", "content"):
        if not trial.endpoint.results_of(agent) or "The founder decides" not in trial.endpoint.results_of(agent)[0]:
            raise AssertionError(f"{agent} has not read who it is")
    if trial.endpoint.keys != {KEY}:
        raise AssertionError(trial.endpoint.keys)
    trial.say("down")
    for path in trial.space.root.rglob("*"):
        if path.is_file() and not path.is_symlink() and KEY.encode() in path.read_bytes():
            raise AssertionError(f"the key is in {path}")
