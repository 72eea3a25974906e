"""The resident fleet: what begins when, what survives the engine, what people see of it."""
import json
import os
import signal
import subprocess
import time
import unittest

import support
from support import DEFINITION, DONE, FAILED, FleetTest, USAGE, wait_until

FLEET = """fleet t v1 {{
  repo = git(".", base: main)
  human ann {{ answers = 8h }}
  escalation = ann
  runtime tool {{
    adapter = shell
    command = "sh tool.sh"
    sandbox = [write: ["{outside}"]]
  }}
  role worker {{ runtime = tool; accept = ["true" passes] }}
  role watcher {{ runtime = tool }}
  role judge {{ runtime = tool; reads = diff; returns = verdict; session = fresh }}
{body}
}}
"""

# Tells the world outside who has begun and ended, and does what the test wants of that agent.
TOOL = """set -u
out={outside}
echo "begin $FLEET_AGENT" >>$out/ledger
if test -f $out/$FLEET_AGENT.sh; then . $out/$FLEET_AGENT.sh; fi
echo "end $FLEET_AGENT" >>$out/ledger
"""


class UpTest(FleetTest):
    def repo(self, body, **scripts):
        outside = self.space.outside
        for agent, script in scripts.items():
            (outside / f"{agent}.sh").write_text(script)
        repo = self.space.repo({"t.fleet": FLEET.format(outside=outside, body=body)})
        # What a reviewer sees is the base's tree: the script has to be in it.
        repo.write("tool.sh", TOOL.format(outside=outside))
        repo.commit("The tool")
        return repo

    def ledger(self):
        path = self.space.outside / "ledger"
        return path.read_text().split("\n")[:-1] if path.exists() else []

    def up(self, repo, expect=DONE):
        return self.space.run("up", "-d", "t.fleet", cwd=repo.path, expect=expect)

    def down(self, repo, *more):
        """A test that waits for its sessions' own end would hide one that never comes."""
        return self.space.run("down", *more, cwd=repo.path, expect=DONE)

    def log(self, repo):
        return (repo.path / ".git" / "fleet" / "up.log").read_text()

    def standing(self, repo):
        try:
            return json.loads((repo.path / ".git" / "fleet" / "up.json").read_text())
        except FileNotFoundError:
            return None

    def runs(self, repo):
        done = self.space.run("status", "--all", "--format", "json", cwd=repo.path, expect=DONE)
        return [(run["flow"].split(" ")[-1].split(":")[0] + ":" + run["flow"].split(":")[-1], run["state"])
                for run in reversed(done.json())]

    def await_runs(self, repo, wanted):
        try:
            wait_until(lambda: sorted(self.runs(repo)) == sorted(wanted), "")
        except AssertionError:
            self.assertEqual(sorted(self.runs(repo)), sorted(wanted), self.log(repo))


class Up(UpTest):
    def test_each_way_to_begin_begins_once_and_an_orderly_end_leaves_nothing(self):
        repo = self.repo("""
  agent lead : watcher { dispatch = always }
  agent desk : watcher { dispatch = on message }
  agent clock : watcher { dispatch = every 24h }
  agent review : judge { dispatch = on pr.opened }
  agent dev : worker { writes = worktree("task/{task}") }
  flow ship(task) on task.dev { build = dev(task) }
""", dev='echo hello >greeting; "$FLEETC" agent task >$out/task\n',
            review='"$FLEETC" agent verdict approved --summary fine\n',
            desk='"$FLEETC" agent task >$out/inbox\n')
        before = repo.users()
        self.up(repo)
        self.await_runs(repo, [("always:lead", "done"), ("every:clock", "done")])
        self.space.run("task", "add", "dev", "Say hello", "--criteria", "a file greets", cwd=repo.path, expect=DONE)
        self.await_runs(repo, [("always:lead", "done"), ("every:clock", "done"), ("task:ship", "done"),
                               ("pr.opened:review", "done")])
        self.assertIn("a file greets", (self.space.outside / "task").read_text())
        self.space.run("send", "desk", "Are you there?", cwd=repo.path, expect=DONE)
        self.await_runs(repo, [("always:lead", "done"), ("every:clock", "done"), ("task:ship", "done"),
                               ("pr.opened:review", "done"), ("message:desk", "done")])
        self.assertIn("Are you there?", (self.space.outside / "inbox").read_text())
        status = self.space.run("status", cwd=repo.path, expect=DONE).out
        self.assertIn("clock at 20", status)
        self.assertIn("ship (run ", status)
        self.down(repo)
        self.assert_no_process_left()
        self.assertIsNone(self.standing(repo))
        self.assertEqual(len([line for line in self.ledger() if line.startswith("begin")]), 5)
        self.assertEqual(repo.users(), before)
        self.up(repo)
        wait_until(lambda: self.runs(repo).count(("always:lead", "done")) == 2, "an agent that is always on begins again")
        self.down(repo)
        self.assertEqual(len(self.runs(repo)), 6, "and nothing else does")

    def test_an_engine_that_is_killed_loses_and_repeats_nothing(self):
        repo = self.repo("""
  agent dev : worker { writes = worktree("task/{task}") }
  flow ship(task) on task.dev { build = dev(task) }
""", dev="while ! test -f $out/go; do sleep 0.05; done; echo done >result\n")
        self.up(repo)
        self.space.run("task", "add", "dev", "one", cwd=repo.path, expect=DONE)
        wait_until(lambda: self.ledger() == ["begin dev"], "the session begins")
        engine = self.standing(repo)["pid"]
        os.kill(engine, signal.SIGKILL)
        wait_until(lambda: engine not in self.space.processes(), "it is gone")
        self.space.run("task", "add", "dev", "two", cwd=repo.path, expect=DONE)
        self.up(repo)
        wait_until(lambda: "still running, adopted" in self.log(repo), "it is taken up")
        (self.space.outside / "go").write_text("")
        self.await_runs(repo, [("task:ship", "done"), ("task:ship", "done")])
        self.down(repo)
        self.assertEqual(self.ledger().count("begin dev"), 2)
        self.assertEqual(sorted(name for name in repo.branches() if name.startswith("task/")), ["task/one", "task/two"])

    def test_an_agent_that_is_not_cloned_has_one_session_over_all_runs(self):
        repo = self.repo("""
  agent desk : worker { dispatch = on message; writes = worktree("desk/{run}") }
  flow ask(task) on task.ask { answer = desk(task) }
""", desk="echo $FLEET_TASK >answer; sleep 0.3\n")
        self.up(repo)
        for text in ("one", "two", "three"):
            self.space.run("task", "add", "ask", text, cwd=repo.path, expect=DONE)
        self.await_runs(repo, [("task:ask", "done")] * 3)
        self.down(repo)
        self.assertEqual(self.ledger(), ["begin desk", "end desk"] * 3, "one after the other")

    def test_limits_hold_starts_and_messages_over_all_runs(self):
        repo = self.repo("""
  limits = starts 2/h messages 2/h
  agent lead : watcher { dispatch = every 24h }
  agent dev : worker { writes = worktree("task/{task}") }
  flow ship(task) on task.dev { build = dev(task) }
""", dev='for text in one two three; do "$FLEETC" agent send lead "$text" >>$out/sent 2>&1; done\necho done >result\n')
        self.up(repo)
        self.await_runs(repo, [("every:lead", "done")])
        self.space.run("task", "add", "dev", "one", cwd=repo.path, expect=DONE)
        self.await_runs(repo, [("every:lead", "done"), ("task:ship", "done")])
        sent = (self.space.outside / "sent").read_text()
        self.assertEqual(sent.count("sent to lead"), 2, sent)
        self.assertIn("`limits` of the fleet has 2 messages an hour for each agent, and `dev` has sent as many", sent)
        self.space.run("task", "add", "dev", "two", cwd=repo.path, expect=DONE)
        waits = "waits for a session, then for its worktree"
        wait_until(lambda: waits in self.space.run("status", cwd=repo.path, expect=DONE).out, "it is said to wait")
        time.sleep(0.5)
        self.assertEqual(self.ledger().count("begin dev"), 1, "a third start within the hour is none")
        self.down(repo)
        self.assertEqual(self.ledger().count("begin dev"), 1)
        self.assert_no_process_left()

    def test_a_folder_that_cannot_be_read_for_a_while_ends_no_fleet(self):
        repo = self.repo("""
  agent desk : watcher { dispatch = on message }
  agent dev : worker { writes = worktree("task/{task}") }
  flow ship(task) on task.dev { build = dev(task) }
""", dev="while ! test -f $out/go; do sleep 0.05; done; echo done >result\n")
        self.up(repo)
        self.space.run("task", "add", "dev", "one", cwd=repo.path, expect=DONE)
        wait_until(lambda: "begin dev" in self.ledger(), "the session begins")
        tasks = repo.path / ".git" / "fleet" / "tasks" / "new"
        tasks.rename(self.space.outside / "new")
        tasks.write_text("no folder")
        self.space.run("send", "desk", "Look!", cwd=repo.path, expect=DONE)
        wait_until(lambda: "not all tasks and messages can be read: " in self.log(repo), "it is said")
        self.await_runs(repo, [("message:desk", "done"), ("task:ship", "running")])
        tasks.unlink()
        (self.space.outside / "new").rename(tasks)
        (self.space.outside / "go").write_text("")
        wait_until(lambda: "tasks and messages are read again" in self.log(repo), "it goes on")
        self.space.run("task", "add", "dev", "two", cwd=repo.path, expect=DONE)
        self.await_runs(repo, [("message:desk", "done")] + [("task:ship", "done")] * 2)
        self.assertEqual(self.log(repo).count("can be read: "), 1)
        self.down(repo)

    def test_a_crash_loop_ends_with_a_human(self):
        repo = self.repo("""
  agent lead : watcher { dispatch = always; restart = on_crash backoff 100ms..200ms max 2/h else escalate }
""", lead="exit 3\n")
        self.up(repo)
        wait_until(lambda: "waits for ann" in self.log(repo), "the third failure is a human's")
        self.assertEqual(self.ledger(), ["begin lead"] * 3)
        self.assertIn("lead waits for ann", self.space.run("status", cwd=repo.path, expect=DONE).out)
        self.space.run("reject", "lead", "--why", "leave it", cwd=repo.path, expect=DONE)
        wait_until(lambda: any(duty["stuck"] for duty in self.standing(repo)["duties"]), "it is left alone")
        status = self.space.run("status", cwd=repo.path, expect=DONE).out
        self.assertIn("stuck\n  lead: it failed 3 times within an hour", status)
        (self.space.outside / "lead.sh").write_text("true\n")
        text = (repo.path / "t.fleet").read_text()
        (repo.path / "t.fleet").write_text(text.replace("200ms max", "300ms max"))
        self.await_runs(repo, [("always:lead", "failed")] * 3 + [("always:lead", "done")])
        self.assertIn("agent lead: restarts otherwise", self.log(repo))
        self.down(repo)

    def test_an_edit_is_shown_and_taken_and_work_in_flight_keeps_its_plan(self):
        repo = self.repo("""
  agent clock : watcher { dispatch = every 24h }
  agent dev : worker { writes = worktree("task/{task}") }
  flow ship(task) on task.dev { build = dev(task) }
""", dev="while ! test -f $out/go; do sleep 0.05; done; echo done >result\n")
        self.up(repo)
        self.space.run("task", "add", "dev", "one", cwd=repo.path, expect=DONE)
        wait_until(lambda: "begin dev" in self.ledger(), "the session begins")
        text = (repo.path / "t.fleet").read_text()
        (repo.path / "t.fleet").write_text(text.replace("every 24h", "evry 24h"))
        wait_until(lambda: "is not taken: the fleet goes on as it was" in self.log(repo), "a mistake is told")
        (repo.path / "t.fleet").write_text(text.replace("every 24h", "every 12h").replace("task/{task}", "new/{task}"))
        wait_until(lambda: "agent clock: every 12h instead of every 24h" in self.log(repo), "an edit is told")
        self.assertIn("~ flow ship: what it does", self.log(repo))
        (self.space.outside / "go").write_text("")
        self.await_runs(repo, [("every:clock", "done"), ("task:ship", "done")])
        self.space.run("task", "add", "dev", "two", cwd=repo.path, expect=DONE)
        self.await_runs(repo, [("every:clock", "done")] + [("task:ship", "done")] * 2)
        self.down(repo)
        self.assertLessEqual({"task/one", "new/two"}, set(repo.branches()))

    def test_a_task_can_be_cancelled_before_and_while_it_runs_and_tried_again(self):
        repo = self.repo("""
  agent dev : worker { writes = worktree("task/{task}") }
  flow ship(task) on task.dev { build = dev(task) }
""", dev="while ! test -f $out/go; do sleep 0.05; done; echo done >result\n")
        added = self.space.run("task", "add", "dev", "early", cwd=repo.path, expect=DONE)
        self.assertIn("no fleet is up here", added.out)
        early = added.out.split(" ")[0]
        self.space.run("task", "cancel", early, cwd=repo.path, expect=DONE)
        self.up(repo)
        late = self.space.run("task", "add", "dev", "late", cwd=repo.path, expect=DONE).out.split(" ")[0]
        wait_until(lambda: "begin dev" in self.ledger(), "the session begins")
        listed = self.space.run("task", "list", cwd=repo.path, expect=DONE).out
        self.assertIn(f"{late}   running (run ", listed)
        self.assertNotIn(early, listed)
        self.space.run("task", "cancel", late, cwd=repo.path, expect=DONE)
        wait_until(lambda: self.runs(repo) == [("task:ship", "abandoned")], "the run is ended")
        self.assertNotIn("task/late", repo.branches())
        (self.space.outside / "go").write_text("")
        again = self.space.run("task", "retry", late, cwd=repo.path, expect=DONE).out
        self.assertIn(f"{late} is added once more as {late}~2", again)
        self.await_runs(repo, [("task:ship", "abandoned"), ("task:ship", "done")])
        self.assertIn("task/late", repo.branches())
        over = self.space.run("task", "cancel", f"{late}~2", cwd=repo.path, expect=FAILED)
        self.assertIn("is over: done", over.err)
        self.assertIn("cancelled", self.space.run("task", "list", "--all", cwd=repo.path, expect=DONE).out)
        self.down(repo)

    def test_an_escalation_goes_by_way_of_its_agents(self):
        repo = self.repo("""
  escalation = lead -> ann within 1h
  human ann { answers = 8h; notify = command("sh notify.sh") }
  agent lead : watcher { dispatch = always }
  agent dev : worker { writes = worktree("task/{task}") }
  flow ship(task) on task.dev { build = dev(task) }
""", dev="exit 1\n", lead='"$FLEETC" agent task >$out/heard.$(date +%s%N)\n')
        text = (repo.path / "t.fleet").read_text()
        (repo.path / "t.fleet").write_text(text.replace("  human ann { answers = 8h }\n  escalation = ann\n", "", 1))
        repo.write("notify.sh", f"echo told >>{self.space.outside}/told\n")
        repo.commit("Escalate by way of the lead")
        self.up(repo)
        self.await_runs(repo, [("always:lead", "done")])
        self.space.run("task", "add", "dev", "it", cwd=repo.path, expect=DONE)
        self.await_runs(repo, [("always:lead", "done"), ("task:ship", "running"), ("always:lead", "done")])
        heard = sorted(self.space.outside.glob("heard.*"))[-1].read_text()
        self.assertIn("`build` of t.ship", heard)
        self.assertIn("is stuck: exit 1", heard)
        self.assertIn("Only a human can decide it.", heard)
        self.assertFalse((self.space.outside / "told").exists(), "ann is told in an hour")
        self.assertIn("build waits for ann", self.space.run("status", cwd=repo.path, expect=DONE).out)
        (repo.path / "t.fleet").write_text((repo.path / "t.fleet").read_text().replace("within 1h", "within 1s"))
        wait_until(lambda: "~ flow ship: what it does" in self.log(repo), "the edit is taken")
        self.space.run("task", "add", "dev", "that", cwd=repo.path, expect=DONE)
        wait_until(lambda: (self.space.outside / "told").exists(), "ann is told after a second")
        self.down(repo)

    def test_a_session_that_is_old_enough_has_a_successor(self):
        repo = self.repo("""
  agent lead : watcher { dispatch = always; session_max = 300ms; restart = on_crash backoff 50ms..60ms max 1/h }
""", lead='"$FLEETC" agent task >$out/task.$(wc -l <$out/ledger)\n'
                  '"$FLEETC" agent handoff "seen so far: $(wc -l <$out/ledger)"\nsleep 60\n')
        self.up(repo)
        wait_until(lambda: self.ledger().count("begin lead") >= 4, "one follows another, and none has failed")
        self.down(repo, "--now")
        self.assertEqual({state for _, state in self.runs(repo)} - {"done"}, {"stopped"})
        self.assertNotIn("end lead", self.ledger())
        self.assert_no_process_left()

    def test_what_can_not_be_is_refused_with_a_word(self):
        repo = self.repo("  agent dev : worker { writes = worktree(\"task/{task}\") }\n"
                         "  flow ship(task) { build = dev(task) }\n")
        none = self.space.run("up", "t.fleet", cwd=repo.path, expect=DEFINITION)
        self.assertIn("nothing in t.fleet works unasked", none.err)
        self.assertIn("no fleet is up here", self.down(repo).out)
        self.assertIn("no task is called", self.space.run("task", "cancel", "abc", cwd=repo.path, expect=USAGE).err)
        repo = self.repo_two()
        self.up(repo)
        self.assertIn("another fleetc is at work here", self.up(repo, expect=FAILED).err)
        self.down(repo)

    def repo_two(self):
        return self.space.repo({"t.fleet": """fleet t v1 {
  repo = git(".", base: main)
  role watcher { runtime = shell("true") }
  agent clock : watcher { dispatch = every 24h }
}
"""}, name="two")

    def test_the_resident_example_does_what_its_page_says(self):
        repo = support.Repo(self.space, self.space.root / "office")
        subprocess.run([support.SOURCE_DIR / "examples" / "06-resident" / "make-repo.sh", repo.path], check=True,
                       env=self.space.environment())
        self.space.run("up", "-d", "office.fleet", cwd=repo.path, expect=DONE)
        self.space.run("task", "add", "dev", "Write it down", "--criteria", "both halves", cwd=repo.path, expect=DONE)
        wait_until(lambda: "signoff of office.change" in self.log(repo), "a human is asked")
        self.space.run("approve", "signoff", cwd=repo.path, expect=DONE)
        self.await_runs(repo, [("always:lead", "done"), ("always:lead", "done"), ("every:diary", "done"),
                               ("message:desk", "done"), ("message:desk", "done"), ("task:change", "done"),
                               ("pr.opened:look", "done"), ("pr.opened:look", "done")])
        self.assertEqual(repo.show("fleet/merged/main", "notes/work.md"), b"Write it down\nthe second half\n")
        self.space.run("down", cwd=repo.path, expect=DONE)
        self.assert_no_process_left()

    def test_fifty_agents_that_wait_cost_nothing(self):
        agents = ", ".join(f"a{number}" for number in range(50))
        repo = self.repo(f"""
  agent {agents} : watcher {{ dispatch = on message }}
  agent clock : watcher {{ dispatch = every 24h }}
""")
        self.up(repo)
        self.await_runs(repo, [("every:clock", "done")])
        engine = self.standing(repo)["pid"]
        processes = [engine, *self.space.keeper()]
        wait_until(lambda: self.wakings(processes) == self.wakings_after_a_second(processes), "nobody is woken", 20)
        self.space.run("send", "a49", "Are you there?", cwd=repo.path, expect=DONE)
        self.await_runs(repo, [("every:clock", "done"), ("message:a49", "done")])
        self.down(repo)

    def wakings(self, processes):
        """How often any thread of these has given up the processor to wait for something."""
        count = 0
        for pid in processes:
            for thread in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{thread}/status") as status:
                    count += sum(int(line.split()[1]) for line in status if line.startswith("voluntary_ctxt"))
        return count

    def wakings_after_a_second(self, processes):
        time.sleep(1)
        return self.wakings(processes)

    def test_a_session_adds_no_tasks(self):
        repo = self.repo("""
  agent clock : watcher { dispatch = every 24h }
""", clock='"$FLEETC" task add dev more >$out/said 2>&1; echo $? >>$out/said\n')
        self.up(repo)
        self.await_runs(repo, [("every:clock", "done")])
        self.down(repo)
        said = (self.space.outside / "said").read_text().splitlines()
        self.assertEqual(said[-1], "3")
        self.assertIn("a session of a fleet adds no tasks", said[0])


if __name__ == "__main__":
    support.main()
