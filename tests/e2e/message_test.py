"""Messages between agents, and from a human: whole, in order, to the next session of whom they are for."""
import json
import os
import unittest

import support
from support import DONE, FAILED, FleetTest, USAGE, ledger

FLEET = """fleet t v1 {{
  repo = git(".", base: main)
  runtime tool {{
    adapter = shell
    command = "sh tool.sh {{task}}"
    sandbox = [write: ["{outside}"]]
  }}
  role planner {{
    runtime = tool
    writes = worktree("w/planner")
    accept = ["true" passes]
  }}
  role builder {{
    runtime = tool
    writes = worktree("w/builder")
    accept = [{accept}]
  }}
  flow main {{
    plan = planner("plan")
    build = builder("build") after plan.accepted retry 2
  }}
}}
"""


class Message(FleetTest):
    def repo(self, planner, builder, accept='"true" passes'):
        script = (f"set -u\nout={self.space.outside}\necho $1 >>$out/ledger\necho $1 >>$1.txt\n"
                  f"if test $1 = plan; then\n{planner}\nelse\n{builder}\nfi\n")
        return self.space.repo({"t.fleet": FLEET.format(outside=self.space.outside, accept=accept), "tool.sh": script})

    def read(self, name):
        return (self.space.outside / name).read_text()

    def messages(self, repo, *more):
        done = self.space.run("messages", "--format", "json", *more, cwd=repo.path, expect=DONE)
        return [json.loads(line) for line in done.out.splitlines()]

    def test_a_message_is_in_the_brief_of_the_session_that_it_is_for(self):
        repo = self.repo('''
            "$FLEETC" agent send builder "Mind \\`a.c\\`." --subject "the parser" >$out/sent
            "$FLEETC" agent send builder "And b.c."
            "$FLEETC" agent send builder "And b.c."
            "$FLEETC" agent inbox >$out/none
        ''', '''
            "$FLEETC" agent task >$out/task
            "$FLEETC" agent inbox >$out/inbox
        ''')
        self.space.run("run", "t.fleet", cwd=repo.path, expect=DONE)
        self.assertIn("sent to builder as ", self.read("sent"))
        self.assertEqual(self.read("none"), "There is no new message.\n")
        task = self.read("task")
        self.assertRegex(task, r"## Messages to you\n\nWhat stands behind `>` is what others wrote.\n\n"
                               r"### From planner, [-0-9 :]+ UTC: the parser\n\n> Mind `a\.c`\.\n")
        self.assertLess(task.index("Mind"), task.index("And b.c."))
        self.assertEqual(task.count("And b.c."), 1, "the same words again are the same message")
        self.assertEqual(self.read("inbox"), "There is no new message.\n")
        self.assertEqual(self.messages(repo), [])
        self.assertEqual([(m["from"], m["to"], m["receipt"]) for m in self.messages(repo, "--all")],
                         [("planner", "builder", "done")] * 2)

    def test_a_message_to_nobody_is_refused_with_who_there_is(self):
        repo = self.repo('''
            "$FLEETC" agent send bilder "hello" 2>$out/refused && exit 9
            "$FLEETC" agent send ../builder "hello" 2>/dev/null && exit 9
            true
        ''', "true")
        self.space.run("run", "t.fleet", cwd=repo.path, expect=DONE)
        self.assertIn("no agent that reads messages is called `bilder`; there is planner, builder",
                      self.read("refused"))
        self.assertEqual(self.messages(repo, "--all"), [])

    def test_what_a_session_read_that_then_crashed_is_read_again(self):
        repo = self.repo('"$FLEETC" agent send builder "hello"', '''
            "$FLEETC" agent task >>$out/inbox
            test -e $out/again || { touch $out/again; kill -9 $$; }
        ''')
        self.space.run("run", "t.fleet", cwd=repo.path, expect=DONE)
        self.assertEqual(ledger(self.space), ["plan", "build", "build"])
        self.assertEqual(self.read("inbox").count("hello"), 2)
        self.assertEqual([m["receipt"] for m in self.messages(repo, "--all")], ["done"])

    def test_what_a_brief_has_no_room_for_is_given_by_pages(self):
        repo = self.repo('''
            for n in 1 2 3 4 5 6 7; do
                "$FLEETC" agent send builder "$(head -c 60000 /dev/zero | tr '\\0' $n)" >/dev/null || exit 9
            done
            "$FLEETC" agent send builder "STOP: delete nothing"
        ''', '''
            "$FLEETC" agent task >$out/task
            for page in 1 2 3 4 5; do "$FLEETC" agent inbox >>$out/inbox || exit 8; done
        ''')
        self.space.run("run", "t.fleet", cwd=repo.path, expect=DONE)
        self.assertIn("There are more: `fleetc agent inbox`", self.read("task"))
        told = self.read("inbox")
        for n in range(1, 8):
            self.assertEqual(told.count(str(n) * 60000), 1)
        self.assertEqual(told.count("STOP"), 1)
        self.assertEqual(told.count("There are more: ask again."), 3)
        self.assertEqual(len(self.messages(repo, "--all")), 8)

    def test_a_retry_is_told_what_the_attempt_was_told_that_the_evidence_refused(self):
        repo = self.repo('"$FLEETC" agent send builder "write GOOD"; echo good >plan.txt', '''
            "$FLEETC" agent task >>$out/tasks
            if test -e $out/again; then echo GOOD >build.txt; else touch $out/again; echo bad >build.txt; fi
        ''', accept='"grep -q -i good {task}.txt" passes')
        self.space.run("run", "t.fleet", cwd=repo.path, expect=DONE)
        self.assertEqual(ledger(self.space), ["plan", "build", "build"])
        self.assertEqual(self.read("tasks").count("write GOOD"), 2)
        self.assertEqual([m["receipt"] for m in self.messages(repo, "--all")], ["done"])

    def test_who_carries_a_run_on_takes_no_message_for_a_session_that_is_not_told(self):
        repo = self.repo("true", '''
            "$FLEETC" agent task >$out/task
            touch $out/asked
            sleep 1
        ''')
        child = self.space.start("run", "t.fleet", cwd=repo.path)
        self.addCleanup(child.kill)
        support.wait_until(lambda: (self.space.outside / "asked").exists(), "the builder begins")
        child.kill()
        support.finish(child)
        self.space.run("send", "builder", "too late", cwd=repo.path, expect=DONE)
        self.space.run("resume", cwd=repo.path, expect=DONE)
        self.assertEqual([m["receipt"] for m in self.messages(repo, "--all")], ["unread"])

    @unittest.skipIf(os.environ.get("FLEETC_CRASH_POINTS") == "OFF", "a build without crash points")
    def test_a_message_outlives_the_engine_and_is_there_once(self):
        """The engine dies after the message is durable and before the session is answered; the next one is asked again."""
        repo = self.repo('"$FLEETC" agent send builder "hello" >$out/sent || exit 9',
                         '"$FLEETC" agent task >$out/inbox')
        child = self.space.start("run", "t.fleet", cwd=repo.path, FLEETC_CRASH="engine.message.sent")
        self.addCleanup(child.kill)
        self.assertEqual(support.finish(child).code, -9)
        self.space.run("resume", cwd=repo.path, expect=DONE)
        self.assertEqual(self.read("inbox").count("hello"), 1)
        self.assertEqual(len(self.messages(repo, "--all")), 1)

    def test_a_human_tells_an_agent_something(self):
        repo = self.repo('''
            test ! -e $out/ready || exit 0
            touch $out/ready; exit 1
        ''', '"$FLEETC" agent task >$out/task')
        self.space.run("run", "t.fleet", cwd=repo.path, expect=FAILED)
        self.assert_says(self.space.run("send", "nobody", "hi", cwd=repo.path, expect=USAGE),
                         "there is planner, builder")
        self.space.run("send", "builder", "Use tabs.", "--subject", "style", cwd=repo.path, expect=DONE)
        [waits] = self.messages(repo)
        self.assertEqual((waits["from"], waits["subject"], waits["receipt"]), ("human", "style", "unread"))
        self.assertRegex(self.space.run("messages", cwd=repo.path, expect=DONE).out,
                         r"human -> builder  unread  style\n")
        self.space.run("run", "t.fleet", "--new", cwd=repo.path, expect=DONE)
        self.assertRegex(self.read("task"), r"### From human, [-0-9 :]+ UTC: style\n\n> Use tabs\.\n")

    def test_a_session_can_not_speak_as_a_human(self):
        repo = self.repo('cd / && "$FLEETC" send builder "obey" 2>$out/refused && exit 9; true', "true")
        self.space.run("run", "t.fleet", cwd=repo.path, expect=DONE)
        self.assertIn("a session speaks as itself", self.read("refused"))


if __name__ == "__main__":
    support.main()
