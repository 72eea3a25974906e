"""What is tried with each CLI: a fleet, a scripted model, and what the run must have come to."""
import dataclasses
import re
import signal
import subprocess

import company
import conversation as c
import support
from endpoint import Endpoint
from support import DONE, FAILED, WAITING, wait_until

BUILD = """
  role builder {
    runtime = model
    grants  = [key]
    writes  = worktree("work/{task}")
    accept  = ["sh scripts/check.sh" passes]
  }

  flow main(task) {
    accept = ["true" passes]
    build  = builder(task) retry 1 timeout 2min else fail
    gather = repo.merge(build, into: "out/{task}") after build.accepted else fail
  }
"""

SHIP = """
  identity core v3 { file = "identity/core.md" }

  role maker {
    runtime  = model
    grants   = [key]
    identity = [core@v3]
    accept   = ["sh scripts/check.sh" passes]
  }

  agent builder : maker { writes = worktree("task/{task}") }
  agent fix_a, fix_b : maker { writes = worktree("fix/{task}/{round}/{item}") in ["*.txt"] }
  agent reviewer : maker { reads = diff; returns = verdict; accept = [] }

  flow main(task) {
    accept  = ["sh scripts/check.sh" passes]
    build   = builder(task) timeout 3min else fail
    verdict = reviewer(build.diff) timeout 3min else fail
    polish  = loop until verdict.approved max 2 else fail {
      fixes   = fanout f in verdict.findings to [fix_a, fix_b] width 2 est 1min spawn 1s timeout 3min
      gather  = repo.merge(fixes, into: build.branch) after fixes.accepted else fail
      verdict = reviewer(build.diff) after gather.merged timeout 3min else fail
    }
    signoff = human(ann) after polish.approved timeout 1h else fail
    merge   = repo.merge(build.branch) after signoff.approved
  }
"""

FILES = {
    "greeting.txt": "Hello\nworld\n",
    "scripts/check.sh": "grep -q Goodbye greeting.txt\n",
    "identity/core.md": "---\nversion: 3\nlog: [{version: 3, date: 2026-01-02, note: begun}]\n---\n"
                        "# Core\n\nThe motto is: leave no greeting unsaid.\n",
}

EDIT = [c.fleet("task"), c.read("greeting.txt"), c.edit("greeting.txt", "Hello", "Goodbye"),
        c.shell("echo made >made.txt"), c.fleet("done", summary="It says goodbye."), c.says("All done.")]


class Trial:
    """One scenario with one CLI: a scratch space, a scripted service, and fleetc between them."""

    KEY = "dummy"

    def __init__(self, cli, path, scripts, failures=(None,), flow=BUILD, sandbox="on", broker=False):
        self.cli = cli
        self.space = support.Space()
        # An agent without a sandbox could decide for a human who does not sign.
        signs = f'; key = "{self.public_key()}"' if sandbox == "off" else ""
        self.space.variables = {"PATH": path, cli.key: self.KEY}
        self.endpoint = Endpoint(scripts, failures)
        mode = "broker" if broker else "env"
        runtime = cli.brokered(self.endpoint.url) if broker else cli.runtime(
            self.endpoint.url, sandbox.format(outside=self.space.outside))
        text = f"""fleet real v1 {{
  repo       = git(".", base: main)
  escalation = ann within 1h

  human ann {{ answers = 1h{signs} }}

  credential key {{ from = env({cli.key}); owner = ann; expires = 2099-01-01; mode = {mode} }}

{runtime}
{flow}}}
"""
        self.repo = self.space.repo({**FILES, "real.fleet": text})
        # The base is free to move.
        self.repo.git("switch", "-qc", "mine")

    def public_key(self):
        private = self.space.root / "ann.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", private], check=True,
                       capture_output=True)
        public = subprocess.run(["openssl", "pkey", "-in", private, "-pubout"], check=True, capture_output=True,
                                text=True)
        return public.stdout.splitlines()[1]

    def close(self):
        self.endpoint.close()
        self.space.close()

    def run(self, expect):
        return self.space.run("run", "real.fleet", "main", "task=greet", "--no-wait", cwd=self.repo.path, expect=expect)

    def start(self):
        return self.space.start("run", "real.fleet", "main", "task=greet", "--no-wait", cwd=self.repo.path,
                                stdout=subprocess.DEVNULL)

    def say(self, *arguments, expect=DONE):
        return self.space.run(*arguments, cwd=self.repo.path, expect=expect)

    def log(self):
        return self.say("log").out

    def wait_for(self, words, child):
        """Until the log has `words`, or `child` ended without them."""
        def told():
            ended = child.poll() is not None
            log = self.space.run("log", cwd=self.repo.path).out
            return words in log or ended and "ended"
        check(wait_until(told, f"{words!r} in the log") is True, f"{words!r} is not in the log")

    def requests(self, agent="builder"):
        return [asked for asked in self.endpoint.requests if asked.agent == agent]

    def output(self):
        """What the sessions printed, for whoever looks into a failure."""
        logs = sorted(self.repo.path.glob(".git/fleet/runs/*/logs/*.log"))
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-6000:]}" for path in logs)


def check(holds, *what):
    if not holds:
        raise AssertionError(" ".join(map(str, what)))


def says(text, *words):
    for word in words:
        check(word in text, f"{word!r} is not in:\n{text}")


def edit(cli, path):
    """A file is edited by the CLI's own tools, the evidence passes, and what was used is in `cost`."""
    trial = yield Trial(cli, path, {"builder": EDIT})
    trial.run(DONE)
    check(trial.endpoint.keys == {Trial.KEY}, "asked with another key", trial.endpoint.keys)
    check(trial.repo.show("out/greet", "greeting.txt") == b"Goodbye\nworld\n", "not edited")
    # No more than the script made: a CLI leaves no files of its own in the worktree.
    check(trial.repo.git("diff", "--name-only", "main", "out/greet") == "greeting.txt\nmade.txt", "files of its own",
          trial.repo.git("diff", "--name-only", "main", "out/greet"))
    says("\n".join(trial.endpoint.results_of("builder")), "## The task", "greet")
    says(trial.log(), "says that it is done: It says goodbye.")
    used = trial.say("cost", "--format", "json").json()
    agent = used["agents"][0]
    check(agent["input_tokens"] == len(EDIT) * 6500, "tokens in", agent)
    check(agent["cached_tokens"] == len(EDIT) * 5000, "cached", agent)
    check(agent["output_tokens"] >= len(EDIT) * 42, "tokens out", agent)
    check(float(str(agent["money"]).lstrip("$")) > 0, "money", agent)


def review_step(asked):
    """Finds the change wanting as long as it adds `Goodbye` without a full stop."""
    steps = [c.fleet("identity"), c.fleet("identity"), c.fleet("task"), c.shell('echo "here: $FLEET_REVIEW"')]
    if asked.calls < len(steps):
        return steps[asked.calls]
    # It lies outside of the working directory, which some tools keep to.
    found = re.search(r"here: (/\S+)", asked.results[3])
    steps.append(c.read((found.group(1) if found else "/nowhere") + "/diff.patch"))
    if asked.calls < len(steps):
        return steps[asked.calls]
    sound = "+Goodbye." in asked.results[4]
    steps += [c.fleet("verdict", verdict="approved", summary="Reads well.")] if sound else [
        c.fleet("finding", title="No full stop", severity="minor", path="greeting.txt", line=1, detail="Add one."),
        c.fleet("finding", title="No title", severity="note", path="title.txt", detail="Write one."),
        c.fleet("verdict", verdict="changes_requested", summary="One thing.")]
    steps += [c.fleet("done", summary="Reviewed."), c.says("Reviewed.")]
    return steps[min(asked.calls, len(steps) - 1)]


def building(change):
    return [c.fleet("identity"), c.fleet("identity"), c.fleet("task"), c.read("greeting.txt"), change,
            c.fleet("checkpoint", text="Edited."), c.fleet("done", summary="Done."), c.says("Done.")]


def fix_step(asked):
    """Mends what its task tells it to."""
    wants_title = len(asked.results) > 2 and "No title" in asked.results[2]
    steps = building(c.write("title.txt", "Greetings\n") if wants_title else
                     c.edit("greeting.txt", "Goodbye", "Goodbye."))
    return steps[min(asked.calls, len(steps) - 1)]


def ship(cli, path):
    """Built, found wanting, mended by two, approved by the reviewer and by a human, and merged into the base."""
    trial = yield Trial(cli, path, {
        "builder": building(c.edit("greeting.txt", "Hello", "Goodbye")),
        "fix_a": fix_step, "fix_b": fix_step, "reviewer": review_step}, flow=SHIP)
    trial.run(WAITING)
    for agent in ("builder", "reviewer", "fix_a", "fix_b"):
        says(trial.endpoint.results_of(agent)[0], "leave no greeting unsaid")
    says("\n".join(trial.endpoint.results_of("fix_a") + trial.endpoint.results_of("fix_b")), "No full stop", "No title")
    trial.say("approve", "signoff")
    trial.say("resume", "--no-wait")
    check(trial.repo.show("main", "greeting.txt") == b"Goodbye.\nworld\n", "not merged")
    check(trial.repo.show("main", "title.txt") == b"Greetings\n", "not merged")
    says(trial.log(), "changes requested", "approved")


def auth(cli, path):
    """A key that is not accepted parks at once, for its owner; once it is renewed the step goes on."""
    trial = yield Trial(cli, path, {"builder": EDIT}, [c.AUTH])
    done = trial.run(WAITING)
    says(trial.log(), "its credential was not accepted")
    check("again after" not in done.out, "it was tried again", done)
    trial.endpoint.failures = [None]
    trial.say("approve", "build")
    trial.say("resume", "--no-wait")
    check(trial.repo.show("out/greet", "greeting.txt") == b"Goodbye\nworld\n", "not edited")


def no_money(cli, path):
    """An empty account is nothing that waiting mends: it parks, for its owner."""
    trial = yield Trial(cli, path, {"builder": EDIT}, [c.NO_MONEY])
    trial.run(WAITING)
    says(trial.log(), "its credential was not accepted")


def limited(cli, path):
    """A limit is waited out, and costs no retry."""
    trial = yield Trial(cli, path, {"builder": EDIT}, [c.LIMITED])
    child = trial.start()
    trial.wait_for("a limit was reached", child)
    trial.endpoint.failures = [None]
    done = support.finish(child)
    check(done.code == DONE, done.code, done.err)
    check("retry 1" not in trial.log(), "it cost a retry")


def subscription(cli, path):
    """A subscription's limit is waited out until the time that the service names."""
    trial = yield Trial(dataclasses.replace(cli, key="CLAUDE_CODE_OAUTH_TOKEN"), path, {"builder": EDIT}, [c.LIMITED])
    child = trial.start()
    trial.wait_for("a limit was reached", child)
    trial.endpoint.failures = [None]
    # Without that time it would be asked again after a minute.
    check(re.search(r"your [\w-]+ limit.*, in (1?[0-9]|20)(\.\d+)?s", trial.log()), "not the time that was named")
    done = support.finish(child)
    check(done.code == DONE, done.code, done.err)


def overloaded(cli, path, failure=c.OVERLOADED):
    """A service without room is asked again after a while, and that costs no retry."""
    trial = yield Trial(cli, path, {"builder": EDIT}, [failure])
    child = trial.start()
    trial.wait_for("the model's service is overloaded", child)
    trial.endpoint.failures = [None]
    done = support.finish(child)
    check(done.code == DONE, done.code, done.err)
    check("retry 1" not in trial.log(), "it cost a retry")


def unavailable(cli, path):
    """The same for 503."""
    return (yield from overloaded(cli, path, c.UNAVAILABLE))


def too_long(cli, path):
    """A full context begins anew, which spends a retry."""
    trial = yield Trial(cli, path, {"builder": EDIT}, [c.TOO_LONG])
    trial.run(FAILED)
    says(trial.log(), "its context is full", "retry 1 of 1")


def refusal(cli, path):
    """A model that declines is not asked again."""
    trial = yield Trial(cli, path, {"builder": [c.Step("I will not help with that.", refuses=True)]})
    trial.run(FAILED)
    says(trial.log(), "the model declined")
    check("retry 1" not in trial.log(), "it was asked again")


def idle(cli, path):
    """Fine words without a change are no success: the evidence decides."""
    trial = yield Trial(cli, path, {"builder": [c.says("It is all done, I promise.")]})
    trial.run(FAILED)
    says(trial.log(), "evidence did not pass")


def killed(cli, path):
    """The engine is killed in the middle of a tool; the session goes on, and `resume` takes it over."""
    trial = yield Trial(cli, path, {}, sandbox='[write: ["{outside}"]]')
    go = trial.space.outside / "go"
    trial.endpoint.scripts["builder"] = [*EDIT[:3], c.shell(
        f"echo begun >{trial.space.outside}/begun; until test -e {go}; do sleep 0.2; done; echo made >made.txt"),
        *EDIT[4:]]
    engine = trial.start()
    wait_until((trial.space.outside / "begun").exists, "the tool runs")
    engine.send_signal(signal.SIGKILL)
    engine.communicate()
    asked = len(trial.requests())
    go.touch()
    trial.say("resume", "--no-wait")
    check(trial.repo.show("out/greet", "made.txt") == b"made\n", "not made")
    check(len(trial.requests()) == asked + 2, "the session was begun anew", len(trial.requests()))
    says(trial.log(), "says that it is done")
    check(trial.say("cost", "--format", "json").json()["agents"][0]["attempts"] == 1, "attempts")


def stopped(cli, path):
    """A session that never ends is ended at the step's timeout, tools and all."""
    flow = BUILD.replace("retry 1 timeout 2min", "timeout 15s")
    trial = yield Trial(cli, path, {"builder": [c.shell("while :; do sleep 1; done"), c.says("Done.")]}, flow=flow)
    trial.run(FAILED)
    says(trial.log(), "timed out")
    wait_until(lambda: not trial.space.processes(), "no process is left")


def unreachable(cli, path):
    """A service that nobody serves is one without room."""
    flow = BUILD.replace("timeout 2min", "timeout 20s") if cli.patient else BUILD
    trial = yield Trial(cli, path, {"builder": EDIT}, flow=flow)
    trial.endpoint.close()
    child = trial.start()
    trial.wait_for("timed out" if cli.patient else "the model's service is overloaded", child)
    child.send_signal(signal.SIGKILL)
    child.communicate()


def unconfined(cli, path):
    """Without our sandbox it works with its own, where it has one."""
    trial = yield Trial(cli, path, {"builder": EDIT}, sandbox="off")
    trial.run(DONE)
    check(trial.repo.show("out/greet", "greeting.txt") == b"Goodbye\nworld\n", "not edited")


def private(cli, path):
    """Nothing of the session is left in the user's home, and nobody but the service was asked for anything."""
    trial = yield Trial(cli, path, {"builder": EDIT})
    trial.run(DONE)
    left = [str(found) for found in (trial.space.root / "home").rglob("*")]
    check(not left, "left in the user's home:", left)


def brokered(cli, path):
    """The key stays with fleetc: the service is asked by the broker, and its figures are those of `cost`."""
    Trial.KEY = "sk-of-the-owner-alone"
    try:
        trial = yield Trial(cli, path, {"builder": [c.shell("env >env.txt"), *EDIT]}, broker=True)
        trial.run(DONE)
        check(trial.repo.show("out/greet", "greeting.txt") == b"Goodbye\nworld\n", "not edited")
        check(trial.endpoint.keys == {Trial.KEY}, "keys", trial.endpoint.keys)
        check(Trial.KEY.encode() not in trial.repo.show("out/greet", "env.txt"), "the session sees the key")
        used = trial.say("cost", "--format", "json").json()["agents"][0]
        # What a CLI asks beside its session (a title) is metered, too.
        check(used["input_tokens"] >= (len(EDIT) + 1) * 6500, "tokens in", used)
        check(used["output_tokens"] >= (len(EDIT) + 1) * 42, "tokens out", used)
        check(float(str(used["money"]).lstrip("$")) > 0, "money", used)
    finally:
        Trial.KEY = "dummy"


# The worst of a first request, which no CLI bounds by less, and a few that cost what they do.
BUDGETS = {"claude": "1.10", "codex": "0.45", "gemini": "0.50", "opencode": "0.40"}


def over_budget(cli, path):
    """A session that never stops asking is stopped by the broker before it has spent more than its budget."""
    flow = BUILD.replace("    grants  = [key]", f"    grants  = [key]\n    budget  = ${BUDGETS[cli.name]}/task")
    # Each is another command: gemini ends a session that says the same again and again.
    script = [c.shell(f"echo {number}") for number in range(100)]
    trial = yield Trial(cli, path, {"builder": script}, flow=flow, broker=True)
    trial.run(FAILED)
    says(trial.log(), "its budget is spent: the budget of this attempt is spent", "and the next request to")
    used = trial.say("cost", "--format", "json").json()["agents"][0]
    check(float(str(used["money"]).lstrip("$")) <= float(BUDGETS[cli.name]), "spent", used)
    check(used["attempts"] == 1, "attempts", used)
    check(len(trial.requests()) > 1, "it was stopped before it began")


ALL = [edit, brokered, over_budget, ship, auth, no_money, limited, subscription, overloaded, unavailable, too_long, refusal, idle, killed,
       stopped, unreachable, unconfined, private, company.seven]
ONLY = {subscription: "claude", company.seven: "claude"}  # what one CLI alone has
