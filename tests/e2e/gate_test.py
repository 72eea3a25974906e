"""Human gates from outside: who decides, when it counts, and what survives what."""
import concurrent.futures
import json
import os
import pathlib
import signal
import subprocess
import time
import unittest

import support
from support import DONE, FAILED, USAGE, WAITING, FleetTest, wait_until

CRASH_POINTS = os.environ.get("FLEETC_CRASH_POINTS") != "OFF"


def fleet(human="", ask="timeout 1h else fail", head="", more=""):
    """A flow of plain commands around one decision."""
    return f'''fleet t v1 {{
  repo       = git(".", base: main)
  escalation = ann within 1h
  human ann {{ answers = 8h; {human} }}
{head}
  flow main {{
    first = run("true")
    ask   = human(ann) after first.accepted {ask}
    good  = run("true") after ask.approved
    bad   = run("true") after ask.changes_requested
{more}
  }}
}}
'''


NOTIFY = 'notify = command("sh notify.sh")'
NOTIFY_SCRIPT = '''printf '%s\\n' "$FLEET_GATE_ID" >>"$FLEETC_E2E_SPACE/outside/notified"
printf '%s' "$FLEET_GATE_TEXT" >"$FLEETC_E2E_SPACE/outside/text"
'''


class Gate(FleetTest):
    def make(self, text=None, **files):
        self.repo = self.space.repo({"t.fleet": text or fleet(), "notify.sh": NOTIFY_SCRIPT,
                                     **{name.replace("_", "."): body for name, body in files.items()}})
        return self.repo

    def fleetc(self, *arguments, expect=None, **more):
        return self.space.run(*arguments, cwd=self.repo.path, expect=expect, **more)

    def inbox(self):
        done = self.fleetc("inbox", "--format", "json")
        return done.json() if done.code == DONE else []

    def start(self, *arguments, **more):
        child = self.space.start(*arguments, cwd=self.repo.path, **more)
        self.addCleanup(child.kill)
        return child

    def wait_for_gate(self):
        return wait_until(self.inbox, "a gate opens")[0]["id"]

    def begin(self, *arguments, **more):
        """A run that waits in the foreground, and the ID of its gate."""
        child = self.start("run", "t.fleet", *arguments, **more)
        return child, self.wait_for_gate()

    def state(self):
        return self.fleetc("status", "--format", "json", expect=DONE).json()

    def phases(self):
        return {task["step"]: task["phase"] for task in self.state()["tasks"]}

    def answers(self):
        lines = self.fleetc("log", "--format", "json", expect=DONE).out.splitlines()
        return [line["body"] for line in map(json.loads, lines) if line["event"] == "gate_answered"]

    def box(self, folder):
        common = pathlib.Path(self.repo.git("rev-parse", "--absolute-git-dir"))
        return sorted(path.name for path in (common / "fleet/decisions" / folder).iterdir())

    def test_an_approval_lets_the_run_go_on(self):
        self.make()
        before = self.repo.users()
        child, gate = self.begin()
        shown = self.fleetc("inbox", expect=DONE).out
        for words in (gate, "ask", "ann", f"fleetc approve {gate}", f"fleetc reject {gate}"):
            self.assertIn(words, shown)
        status = self.fleetc("status", expect=DONE).out
        self.assertLess(status.index("waits for a decision"), status.index("steps"))
        self.assertIn(f"fleetc approve {gate}", status)
        for piece in (gate[0], gate[:3], gate[:-1]):  # a decision can't be undone: no guess is taken
            self.assert_says(self.fleetc("approve", piece, expect=USAGE), "nothing", piece)
        self.assert_says(self.fleetc("approve", gate, "--why", "looks fine", expect=DONE), "approved")
        done = support.finish(child)
        self.assertEqual(done.code, DONE, str(done))
        self.assert_says(done, f"fleetc approve {gate}", "looks fine")
        self.assertEqual(self.phases(), {"first": "done", "ask": "done", "good": "done", "bad": "skipped"})
        answer, = self.answers()
        self.assertEqual(answer["why"], "looks fine")
        self.assertIn("pid", answer["from"])
        self.assertIn("key: no", answer["from"])
        self.assertEqual(self.inbox(), [])
        self.assert_says(self.fleetc("inbox", expect=DONE), "nothing waits")
        self.assert_same_users(before, self.repo)
        self.assert_no_process_left()

    def test_a_rejection_takes_the_other_way_and_a_late_answer_is_told_so(self):
        self.make()
        child, gate = self.begin()
        self.fleetc("reject", "ask", "--why", "too wide", expect=DONE)  # by the step's name
        done = support.finish(child)
        self.assertEqual(done.code, DONE, str(done))
        self.assertEqual(self.phases(), {"first": "done", "ask": "done", "good": "skipped", "bad": "done"})
        late = self.fleetc("approve", gate, expect=FAILED)
        self.assert_says(late, "waits for nobody", "rejected by")
        self.assertEqual(len(self.answers()), 1)
        self.assertTrue([name for name in self.box("done") if ".late." in name])
        self.assert_says(self.fleetc("log", expect=DONE), "too wide")

    def test_nobody_in_time_is_as_the_step_says(self):
        self.make(fleet(ask="timeout 1s else fail"))
        done = self.fleetc("run", "t.fleet", expect=FAILED)
        self.assert_says(done, "ann did not decide within 1s")
        phases = self.phases()
        self.assertEqual((phases["ask"], phases["good"]), ("failed", "skipped"))
        self.assert_says(self.fleetc("approve", "ask", expect=FAILED), "unanswered")

    def test_a_gate_whose_time_was_over_before_the_run_went_on_is_closed_without_waiting(self):
        self.make(fleet(ask="timeout 1s else fail"))
        self.fleetc("run", "t.fleet", "--no-wait", expect=WAITING)
        time.sleep(1.2)
        done = self.fleetc("resume", "--no-wait", expect=FAILED)
        self.assert_says(done, "ann did not decide within 1s")

    def test_an_answer_after_the_gates_time_does_not_count_though_no_engine_was_there_to_close_it(self):
        self.make(fleet(ask="timeout 1s else fail"))
        self.fleetc("run", "t.fleet", "--no-wait", expect=WAITING)
        gate, = (task["gate"] for task in self.state()["tasks"] if "gate" in task)
        wait_until(lambda: time.time() * 1000 > gate["closes_at"], "the gate's time is over")
        self.assertEqual(self.inbox(), [])
        for verb in ("approve", "reject"):
            self.assert_says(self.fleetc(verb, "ask", "--why", "sorry, I slept", expect=FAILED),
                             "time to decide was over", "does not count", "fleetc resume")
        self.assert_says(self.fleetc("status", expect=DONE), "nobody decided in time", "resume")
        done = self.fleetc("resume", "--no-wait", expect=FAILED)
        self.assert_says(done, "too late", "did not decide within 1s", "does not count")
        self.assertEqual((self.phases()["ask"], self.phases()["good"]), ("failed", "skipped"))
        self.assertEqual([answer["decision"] for answer in self.answers()], [1])
        self.assert_says(self.fleetc("log", expect=DONE), "too late: it does not count", "sorry, I slept")

    def test_a_run_that_another_one_took_the_place_of_waits_for_nobody(self):
        self.make()
        self.fleetc("run", "t.fleet", "--no-wait", expect=WAITING)
        first = self.state()["run"]
        self.assert_says(self.fleetc("run", "t.fleet", "--no-wait", expect=USAGE), "for good", "fleetc inbox")
        self.fleetc("run", "t.fleet", "--new", "--no-wait", expect=WAITING)
        told = self.fleetc("status", first, expect=DONE)
        self.assert_says(told, "given up")
        self.assertNotIn("waits", told.out)
        given_up = self.fleetc("status", first, "--format", "json", expect=DONE).json()
        self.assertEqual((given_up["state"], given_up["waits_for_human"]), ("abandoned", 0))
        self.assertEqual(len(self.inbox()), 1)
        self.assert_says(self.fleetc("approve", f"{first}.1", expect=FAILED), "given up")

    def test_an_unanswered_gate_escalates_to_one_that_stays_open(self):
        self.make(fleet(ask="timeout 1s else escalate"))
        child = self.start("run", "t.fleet")
        gate = wait_until(lambda: next((gate for gate in self.inbox() if gate["asks"] == "escalation"),
                                       None), "the gate escalates")
        self.assertIsNone(gate["closes_at"])
        self.fleetc("approve", gate["id"], expect=DONE)
        done = support.finish(child)
        self.assertEqual(done.code, DONE, str(done))
        self.assertEqual(self.phases()["good"], "done")

    def test_of_two_decisions_at_once_one_counts_and_the_other_is_told_whose(self):
        self.make()
        child, gate = self.begin()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            calls = [pool.submit(self.fleetc, verb, gate, "--why", f"{verb} {number}")
                     for number in range(2) for verb in ("approve", "reject")]
        ended = [call.result() for call in calls]
        self.assertEqual(sorted(done.code for done in ended), [DONE, FAILED, FAILED, FAILED],
                         "\n".join(map(str, ended)))
        won, = [done for done in ended if done.code == DONE]
        answer, = self.answers()
        self.assertEqual(answer["why"], won.arguments[-1])
        for lost in ended:
            if lost is not won:
                self.assert_says(lost, "approved" if "approve" in won.arguments else "rejected", "by")
        support.finish(child)
        self.assertEqual(self.phases()["good" if "approve" in won.arguments else "bad"], "done")
        self.assertEqual(self.box("new"), [])
        self.assertEqual(self.box("tmp"), [])

    def test_a_gate_of_no_such_name_is_refused_with_those_there_are(self):
        self.make()
        child, gate = self.begin()
        done = self.fleetc("approve", "nobody.99", "--why", "?", expect=USAGE)
        self.assert_says(done, "nobody.99", gate)
        self.assertTrue([name for name in self.box("done") if name.startswith("unknown.")])
        self.fleetc("approve", gate.split(".")[0], expect=DONE)  # the beginning of one
        self.assertEqual(support.finish(child).code, DONE)

    def test_without_waiting_the_run_stops_at_the_gate_and_an_answer_is_kept_for_the_next_engine(self):
        self.make(fleet(human=NOTIFY))
        done = self.fleetc("run", "t.fleet", "--no-wait", expect=WAITING)
        gate = self.inbox()[0]["id"]
        self.assert_says(done, f"fleetc approve {gate}", "resume")
        self.assert_says(self.fleetc("resume", "--no-wait", expect=WAITING), f"fleetc approve {gate}")
        self.assert_says(self.fleetc("approve", gate, expect=DONE), "fleetc resume")
        self.assertEqual(self.inbox(), [])
        for command in ("inbox", "status"):
            self.assert_says(self.fleetc(command, expect=DONE), "approved by", "takes effect on `fleetc resume")
        self.assertEqual(self.state()["waits_for_human"], 0)
        self.assert_says(self.fleetc("reject", gate, "--why", "no", expect=FAILED), "was approved before")
        self.fleetc("resume", "--no-wait", expect=DONE)
        self.assertEqual(self.phases()["good"], "done")
        self.assertEqual((self.space.outside / "notified").read_text().split(), [gate])
        self.assertEqual(len(self.answers()), 1)
        self.assert_no_process_left()

    def test_a_killed_engine_asks_again_but_tells_the_human_once(self):
        self.make(fleet(human=NOTIFY))
        child, gate = self.begin()
        told = self.space.outside / "notified"
        wait_until(told.exists, "ann is told")
        child.kill()
        child.wait()
        self.assertEqual(self.inbox()[0]["id"], gate)
        child = self.start("resume")
        self.assert_says(self.fleetc("approve", gate, expect=DONE), "approved")
        done = support.finish(child)
        self.assertEqual(done.code, DONE, str(done))
        self.assertEqual(told.read_text().split(), [gate])
        self.assertIn(f"fleetc approve {gate}", (self.space.outside / "text").read_text())
        self.assertEqual(self.phases()["good"], "done")

    def test_a_human_who_was_not_reached_shows_in_the_inbox(self):
        self.make(fleet(human='notify = command("false")'))
        self.fleetc("run", "t.fleet", "--no-wait", expect=WAITING)
        self.assert_says(self.fleetc("inbox", expect=DONE), "not reached", "exit 1")

    @unittest.skipUnless(CRASH_POINTS, "a build without crash points")
    def test_an_engine_that_dies_over_a_decision_takes_it_again(self):
        for point in ("engine.decision.before", "engine.decision.kept"):
            with self.subTest(point):
                self.space.close()
                self.space = support.Space()
                self.make()
                mark = self.space.outside / "mark"
                child, gate = self.begin(FLEETC_CRASH=f"{point}:1", FLEETC_CRASH_MARK=str(mark))
                self.fleetc("approve", gate, "--why", "once")
                self.assertEqual(support.finish(child).code, -signal.SIGKILL)
                self.assert_says(self.fleetc("reject", gate, expect=FAILED), "was approved before")
                self.fleetc("resume", expect=DONE)
                self.assertEqual([answer["why"] for answer in self.answers()], ["once"])
                self.assertEqual(self.phases()["good"], "done")
        self.addCleanup(self.space.close)

    def test_ctrl_c_at_a_gate_leaves_a_run_that_asks_again(self):
        self.make()
        child, gate = self.begin()
        os.kill(child.pid, signal.SIGINT)
        done = support.finish(child)
        self.assertEqual(done.code, 130, str(done))
        self.assert_says(done, f"fleetc approve {gate}")
        child = self.start("resume")
        self.fleetc("approve", gate, expect=DONE)
        self.assertEqual(support.finish(child).code, DONE)

    def test_what_is_no_decision_in_the_box_does_not_count_and_does_not_block(self):
        self.make()
        child, gate = self.begin()
        common = pathlib.Path(self.repo.git("rev-parse", "--absolute-git-dir"))
        new = common / "fleet/decisions/new"
        name = f"{self.state()['run']}.{gate.split('.')[1]}.1"
        (new / "of-nobody.1.1").write_text("foreign")
        (new.parent / "tmp/torn").write_text("fleetc-decision 1\nrun")
        os.rename(new.parent / "tmp/torn", new / name)
        wait_until(lambda: [kept for kept in self.box("done") if ".unreadable." in kept],
                   "the torn file is set aside")
        self.assertEqual(len(self.inbox()), 1)
        self.fleetc("approve", gate, expect=DONE)
        self.assertEqual(support.finish(child).code, DONE)
        self.assertEqual(self.box("new"), ["of-nobody.1.1"])

    def test_what_a_task_made_is_a_pull_request_with_the_decision_on_it(self):
        self.make('''fleet t v1 {
  repo = git(".", base: main)
  escalation = ann within 1h
  human ann { answers = 8h }
  role builder {
    runtime = shell("sh build.sh")
    writes  = worktree("made")
    accept  = ["true" passes]
  }
  flow main {
    accept = ["true" passes]
    build  = builder("something")
    ask    = human(ann) after build.accepted timeout 24h else fail
    gather = repo.merge(build, into: "out") after ask.approved & build.accepted
  }
}
''', build_sh="echo made >made.txt")
        self.fleetc("run", "t.fleet", "--no-wait", expect=WAITING)
        change = self.inbox()[0]["change"]
        self.assertEqual((change["branch"], change["files"], change["insertions"]), ("made", 1, 1))
        self.assert_says(self.fleetc("inbox", expect=DONE), "git diff main...made")
        self.fleetc("approve", "ask", "--why", "good", expect=DONE)
        self.fleetc("resume", expect=DONE)
        pull, = self.fleetc("pr", "list", "--format", "json", expect=DONE).json()
        self.assertEqual((pull["number"], pull["state"], pull["branch"]), (1, "gathered", "made"))
        shown = self.fleetc("pr", "show", "1", "--format", "json", expect=DONE).json()
        self.assertEqual(shown["decisions"][0]["why"], "good")
        self.assertEqual(shown["commits"][0]["commit"], self.repo.branches()["made"])
        diff = self.fleetc("pr", "diff", "1", expect=DONE).out
        self.assertEqual(diff, self.repo.git("diff", "--no-ext-diff", "main", "made") + "\n")
        self.assert_says(self.fleetc("pr", "show", "2", expect=USAGE), "no pull request 2")
        self.assert_says(self.fleetc("pr", "show", "abc", expect=USAGE), "`abc` is not the number")

    def keys(self):
        made = {}
        for name in ("ann", "eve"):
            path = self.space.outside / f"{name}.pem"
            subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path], check=True,
                           capture_output=True)
            public = subprocess.run(["openssl", "pkey", "-in", path, "-pubout"], check=True,
                                    capture_output=True, text=True).stdout.splitlines()[1]
            made[name] = (path, public)
        return made

    def test_a_human_with_a_key_signs_and_nothing_else_counts(self):
        keys = self.keys()
        self.make(fleet(human=f'key = "{keys["ann"][1]}"'))
        child, gate = self.begin()
        self.assert_says(self.fleetc("approve", gate, expect=FAILED), "signed", "--key")
        self.assert_says(self.fleetc("approve", gate, "--key", keys["eve"][0], expect=FAILED),
                         "not the key of `ann`")
        # Past the command: a decision that nobody signed, put into the box itself.
        state = self.state()
        common = pathlib.Path(self.repo.git("rev-parse", "--absolute-git-dir"))
        box = common / "fleet/decisions"
        plan = json.loads(self.fleetc("log", "--format", "json").out.splitlines()[0])["body"]["plan_hash"]
        forged = (f"fleetc-decision 1\nrun {state['run']}\nplan {plan}\ntask {gate.split('.')[1]}\nepoch 1\n"
                  "decision approve\nby ann\naccount ann\nhost h\npid 1\nterminal \nat 1\nwhy \nend\n")
        (box / "tmp/forged").write_text(forged)
        os.rename(box / "tmp/forged", box / "new" / f"{state['run']}.{gate.split('.')[1]}.1")
        wait_until(lambda: [name for name in self.box("done") if ".refused." in name],
                   "the forged decision is refused")
        self.assertEqual(self.answers(), [])
        # The key's usual place.
        usual = self.space.root / "home/.config/fleetc"
        usual.mkdir(parents=True)
        os.rename(keys["ann"][0], usual / "decision-key.pem")
        self.fleetc("approve", gate, expect=DONE)
        self.assertEqual(support.finish(child).code, DONE)
        answer, = self.answers()
        self.assertEqual(answer["by"], "ann")
        self.assertIn("key: yes", answer["from"])

    def test_a_key_that_is_none_is_refused_before_anything_runs(self):
        self.make(fleet(human='key = "ed25519 AAAA"'))
        self.assert_says(self.fleetc("run", "t.fleet", expect=FAILED), "`ann`", "openssl")

    def decide_inside(self, sandbox, human=""):
        """A session that decides on the gate beside it, and has told how that went."""
        script = (f"said=$(setsid {support.BINARY} approve ask --why inside 2>&1 </dev/null) || code=$?\n"
                  'echo "$said"; echo code ${code:-0}\n')
        self.make(fleet(human=human, more=f'    inside = run("sh inside.sh"{sandbox}) after first.accepted'),
                  inside_sh=script)
        child, gate = self.begin()
        log = wait_until(lambda: next((path for path in self.logs() if "code" in path.read_text()), None),
                         "the session has tried").read_text()
        self.assertIn("session of a fleet can't decide", log)
        self.assertIn("code 3", log)
        self.assertEqual(self.answers(), [])
        return child, gate

    def logs(self):
        common = pathlib.Path(self.repo.git("rev-parse", "--absolute-git-dir"))
        return sorted((common / "fleet/runs").glob("*/logs/*.log"))

    def test_a_session_can_not_decide(self):
        child, gate = self.decide_inside("")
        self.fleetc("approve", gate, expect=DONE)
        self.assertEqual(support.finish(child).code, DONE)

    def test_a_session_without_a_sandbox_can_not_decide_either_and_needs_a_human_with_a_key(self):
        self.make(fleet(more='    loose = run("true", sandbox: off)'))
        self.assert_says(self.fleetc("run", "t.fleet", expect=FAILED), "loose", "key")
        self.space.close()
        self.space = support.Space()
        self.addCleanup(self.space.close)
        keys = self.keys()
        child, gate = self.decide_inside(", sandbox: off", f'key = "{keys["ann"][1]}"')
        self.fleetc("approve", gate, "--key", keys["ann"][0], expect=DONE)
        self.assertEqual(support.finish(child).code, DONE)


if __name__ == "__main__":
    support.main()
