"""Sessions that speak with the engine: as commands, as MCP tools, across the engine's death, and as
somebody else."""
import hashlib
import json
import os
import signal

import support
from support import DONE, FAILED, FleetTest, USAGE, runtime, wait_until

DOCUMENT = """---
version: {version}
log: [{{version: {version}, date: 2026-01-31, note: begun}}]
---
You are {name}.
"""


def speaking(space, script, more=(), head="", role="", flow=None, clauses="", sandbox=True):
    """A repository whose one session runs `script`, in which $f is a file of the outside folder."""
    files = {"tool.sh": f"set -u\nout={space.outside}\nme=$FLEET_TASK\n{script}\n", "a.txt": "a\n"}
    files.update(dict(more))
    if "accept" not in role:
        role += '    accept = ["true" passes]\n'
    contract = f'    runtime = tool\n    writes = worktree("w/{{task}}")\n{role}'
    flow = flow or f'    work = worker("one") {clauses}\n'
    files["t.fleet"] = support.fleet(contract, flow, head + runtime("sh tool.sh", space.outside,
                                                                    sandbox=sandbox))
    return space.repo(files)


class Agent(FleetTest):
    def run_fleet(self, repo, expect=DONE):
        return self.space.run("run", "t.fleet", cwd=repo.path, expect=expect)

    def read(self, name):
        path = self.space.outside / name
        return path.read_text() if path.exists() else None

    def events(self, repo, kind):
        done = self.space.run("log", "--format", "json", cwd=repo.path, expect=DONE)
        events = map(json.loads, done.out.splitlines())
        return [event["body"] for event in events if event["event"] == kind]

    def test_a_session_takes_its_task_and_says_how_it_went(self):
        repo = speaking(self.space, '''
            "$FLEETC" agent task >$out/task
            "$FLEETC" agent task --format json >$out/task.json
            cp "$FLEET_BRIEF_FILE" $out/brief.json
            echo b >>b.txt
            "$FLEETC" agent done "made b.txt" >$out/done
        ''', role='    accept = ["test -e a.txt" passes, diff < 9 lines]\n    timeout = 30min\n')
        self.run_fleet(repo)
        task = self.read("task")
        for words in ("You are `worker`, attempt 1", "## The task\n\none\n", "test -e a.txt",
                      "diff < 9 lines", "ends after 30min", "agent done"):
            self.assertIn(words, task)
        reply = json.loads(self.read("task.json"))
        self.assertEqual((reply["ok"], reply["text"], reply["data"]["task"]), (True, task, "one"))
        self.assertEqual(json.loads(self.read("brief.json")), reply["data"])
        self.assertIn("noted as done", self.read("done"))
        self.assertEqual(len(self.events(repo, "task_taken")), 1)
        self.assertEqual([event["summary"] for event in self.events(repo, "concluded")],
                         ["made b.txt"])

    def test_the_task_is_refused_until_every_document_was_read_in_order(self):
        core, eng = (DOCUMENT.format(version=4, name="core"), DOCUMENT.format(version=7, name="eng"))
        repo = speaking(self.space, '''
            "$FLEETC" agent task 2>$out/refused && exit 9
            grep -q changed "$FLEET_BRIEF_FILE" && exit 8
            "$FLEETC" agent identity >$out/first
            "$FLEETC" agent task 2>$out/again && exit 9
            "$FLEETC" agent identity >$out/second
            "$FLEETC" agent identity >$out/third
            "$FLEETC" agent task >$out/task || exit 7
            "$FLEETC" agent done
        ''', more={"id/core.md": core, "id/eng.md": eng},
            head='  identity eng v7 { file = "id/eng.md"; after = core }\n'
                 '  identity core v4 { file = "id/core.md" }\n',
            role='    identity = [eng@v7, core@v4]\n')
        # What the checkout has meanwhile is not what is read.
        repo.write("a.txt", "dirty\n")
        self.run_fleet(repo)
        self.assertIn("has read core@v4, eng@v7", self.read("refused"))
        self.assertTrue(self.read("first").endswith(core), self.read("first"))
        self.assertIn("has read eng@v7", self.read("again"))
        self.assertTrue(self.read("second").endswith(eng))
        self.assertIn("Every identity document is read.", self.read("third"))
        self.assertIn("core v4 (id/core.md)", self.read("task"))
        self.assertEqual([(event["name"], event["version"], event["sha256"])
                          for event in self.events(repo, "identity_read")],
                         [(name, version, hashlib.sha256(text.encode()).hexdigest())
                          for name, version, text in (("core", 4, core), ("eng", 7, eng))])

    def test_who_never_read_has_done_nothing(self):
        repo = speaking(self.space, "echo b >>b.txt",
                        more={"core.md": DOCUMENT.format(version=4, name="core")},
                        head='  identity core v4 { file = "core.md" }\n',
                        role="    identity = [core@v4]\n")
        self.assert_says(self.run_fleet(repo, expect=FAILED), "ended without having read core")
        self.assertNotIn("w/one", repo.branches())

    def test_checkpoints_that_nobody_saved_are_told(self):
        repo = speaking(self.space, '''
            "$FLEETC" agent task >$out/task
            "$FLEETC" agent checkpoint "once"
            sleep 1.5
        ''', role="    checkpoint = 300ms\n    handoff = [shutdown, context > 70%]\n")
        done = self.run_fleet(repo)
        self.assertRegex(done.out, r"work: saved 1 of the \d+ checkpoints that were due, one every 300ms")
        self.assertIn("saved 1 of the", self.space.run("log", cwd=repo.path, expect=DONE).out)
        for words in ("checkpoint` every 300ms", "SIGTERM", "70% of your context"):
            self.assertIn(words, self.read("task"))

    def test_a_document_that_the_base_does_not_have_stops_the_attempt_before_it_starts(self):
        repo = speaking(self.space, "touch $out/started",
                        more={"core.md": DOCUMENT.format(version=4, name="core")},
                        head='  identity core v4 { file = "core.md" }\n',
                        role="    identity = [core@v4]\n")
        committed = support.digest(repo.path / "core.md")
        repo.write("core.md", DOCUMENT.format(version=4, name="somebody else"))
        done = self.run_fleet(repo, expect=FAILED)
        self.assert_says(done, "identity core v4", "Commit the document as it is to the base",
                         committed, support.digest(repo.path / "core.md"))
        self.assertIsNone(self.read("started"))

    def test_a_session_speaks_only_for_itself(self):
        repo = speaking(self.space, '''
            if [ $me = one ]; then
              echo "$FLEET_SOCKET" >$out/socket.tmp; echo "$FLEET_TOKEN" >$out/token
              mv $out/socket.tmp $out/socket
              until [ -e $out/tried ]; do sleep 0.05; done
            else
              until [ -e $out/socket ]; do sleep 0.05; done
              FLEET_TOKEN=$(cat $out/token) "$FLEETC" agent fail stolen 2>$out/token.err
              echo $? >$out/token.code
              FLEET_SOCKET=$(cat $out/socket) FLEET_TOKEN=$(cat $out/token) \\
                "$FLEETC" agent fail stolen --wait 1 2>$out/socket.err
              echo $? >$out/socket.code
              ls "$(dirname "$(dirname "$FLEET_SOCKET")")" >$out/seen
              rm -f "$FLEET_SOCKET" 2>/dev/null && echo removed >$out/removed
              touch $out/tried
            fi
            "$FLEETC" agent done "$me"
        ''', flow='    work = fanout x in ["one", "two"] to worker width 2 est 1h spawn 1s force parallel\n')
        self.run_fleet(repo)
        self.assertIn("the token is not that of this session", self.read("token.err"))
        self.assertEqual((self.read("token.code"), self.read("socket.code")), ("3\n", "3\n"))
        self.assertEqual(self.read("seen"), "1.1\n")
        self.assertIsNone(self.read("removed"))
        self.assertEqual(sorted((event["summary"], event["done"])
                                for event in self.events(repo, "concluded")),
                         [("one", True), ("two", True)])

    def test_an_agent_is_told_what_changed_since_it_last_ran_here(self):
        repo = speaking(self.space, '''
            "$FLEETC" agent sync >$out/sync
            "$FLEETC" agent task >$out/task
        ''', more={"core.md": DOCUMENT.format(version=1, name="core")},
            head='  identity core v1 { file = "core.md" }\n', role="")
        self.run_fleet(repo)
        self.assertEqual(self.read("sync"), "This agent has not run here before.\n")
        self.assertNotIn("since you last ran", self.read("task"))
        before = repo.git("rev-parse", "main")
        repo.write("c.txt", "c\n")
        after = repo.commit("Add c")
        self.run_fleet(repo)
        told = self.read("sync")
        self.assertRegex(told, r"\AYou last ran here in run \S+\.\n")
        self.assertIn(f"The base moved from {before[:12]} to {after[:12]}:\n- {after[:12]} Add c\n",
                      told)
        self.assertIn("## What changed since you last ran here\n\n" + told, self.read("task"))

    def test_a_session_says_that_it_can_not_do_it(self):
        repo = speaking(self.space, '"$FLEETC" agent fail "no such thing"; exit 0')
        self.run_fleet(repo, expect=FAILED)
        self.assertEqual([(event["done"], event["summary"])
                          for event in self.events(repo, "concluded")], [(False, "no such thing")])

    def test_notes_go_to_the_next_attempt(self):
        repo = speaking(self.space, '''
            if [ $FLEET_EPOCH = 1 ]; then
              "$FLEETC" agent checkpoint "first state" >$out/saved
              echo "half of it is **done**" | "$FLEETC" agent checkpoint -
              "$FLEETC" agent handoff "look at line 3" || exit 8
              exit 1
            fi
            "$FLEETC" agent task >$out/task
            find "${FLEET_SOCKET%%/runs/*}" -name "*.md" >$out/found 2>/dev/null
            "$FLEETC" agent done
        ''', clauses="retry 1")
        self.run_fleet(repo)
        self.assertIn("number 1", self.read("saved"))
        task = self.read("task")
        self.assertIn("Left by attempt 1, 14 bytes:\n\nlook at line 3", task)
        self.assertIn("half of it is **done**", task)
        self.assertNotIn("first state", task)
        self.assertEqual(self.read("found"), "")
        self.assertEqual([(event["kind"], event["number"], event["bytes"])
                          for event in self.events(repo, "note_saved")],
                         [(1, 1, 11), (1, 2, 23), (2, 1, 14)])

    def test_what_is_said_while_the_engine_is_dead_is_heard_once_by_the_next(self):
        repo = speaking(self.space, '''
            "$FLEETC" agent checkpoint "before" >$out/before
            touch $out/ready
            until [ -e $out/dead ]; do sleep 0.05; done
            touch $out/asking
            "$FLEETC" agent done "after all" >$out/done 2>$out/waited
            echo $? >$out/code
        ''')
        child = self.space.start("run", "t.fleet", cwd=repo.path)
        wait_until(lambda: self.read("ready") is not None, "the session is ready")
        child.send_signal(signal.SIGKILL)
        child.communicate()
        (self.space.outside / "dead").touch()
        wait_until(lambda: "waiting for" in (self.read("waited") or ""), "the session waits")
        self.assertIsNone(self.read("code"))
        self.space.run("resume", cwd=repo.path, expect=DONE)
        self.assertEqual(self.read("code"), "0\n")
        self.assertIn("noted as done", self.read("done"))
        self.assertEqual([event["summary"] for event in self.events(repo, "concluded")],
                         ["after all"])

    def test_what_was_durable_when_the_engine_died_is_not_said_twice(self):
        if os.environ.get("FLEETC_CRASH_POINTS") == "OFF":
            self.skipTest("a build without crash points")
        repo = speaking(self.space, '''
            "$FLEETC" agent done "that was easy" >$out/said || exit 8
            "$FLEETC" agent checkpoint "state" >$out/saved || exit 8
        ''')
        for point in ("engine.say.durable:1", "engine.say.durable:2", "engine.note.stored:1"):
            with self.subTest(point):
                for name in ("said", "saved"):
                    (self.space.outside / name).unlink(missing_ok=True)
                child = self.space.start("run", "t.fleet", "--new", cwd=repo.path,
                                         FLEETC_CRASH=point)
                child.communicate()
                self.assertEqual(child.returncode, -signal.SIGKILL)
                self.space.run("resume", cwd=repo.path, expect=DONE)
                self.assertIn("noted as done", self.read("said"))
                self.assertIn("saved as number 1 ", self.read("saved"))
                self.assertEqual(len(self.events(repo, "concluded")), 1)
                self.assertEqual(len(self.events(repo, "note_saved")), 1)

    def test_the_same_as_tools_of_mcp(self):
        requests = [
            {"jsonrpc": "2.0", "id": 1, "method": "initialize",
             "params": {"protocolVersion": "2025-06-18", "capabilities": {},
                        "clientInfo": {"name": "t", "version": "1"}}},
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
            {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
            {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "task"}},
            {"jsonrpc": "2.0", "id": 4, "method": "tools/call",
             "params": {"name": "verdict", "arguments": {"verdict": "approved"}}},
            {"jsonrpc": "2.0", "id": 5, "method": "tools/call",
             "params": {"name": "done", "arguments": {"summary": "by tool"}}},
        ]
        lines = "".join(json.dumps(request) + "\n" for request in requests)
        repo = speaking(self.space, '"$FLEETC" mcp <mcp.txt >$out/answers', more={"mcp.txt": lines})
        self.run_fleet(repo)
        answers = [json.loads(line) for line in self.read("answers").splitlines()]
        self.assertEqual([answer["id"] for answer in answers], [1, 2, 3, 4, 5])
        for answer in answers:
            self.assertEqual(set(answer), {"jsonrpc", "id", "result"})
            self.assertEqual(answer["jsonrpc"], "2.0")
        results = [answer["result"] for answer in answers]
        self.assertEqual(results[0]["protocolVersion"], "2025-06-18")
        self.assertEqual({tool["name"] for tool in results[1]["tools"]},
                         {"identity", "task", "sync", "checkpoint", "handoff", "send", "inbox", "finding", "verdict",
                          "escalate", "done", "fail"})
        self.assertIn("## The task\n\none\n", results[2]["content"][0]["text"])
        self.assertEqual([result.get("isError") for result in results[2:]], [False, True, False])
        self.assertEqual([event["summary"] for event in self.events(repo, "concluded")], ["by tool"])

    def test_outside_a_session_there_is_nobody_to_speak_with(self):
        for arguments in (["agent", "task"], ["mcp"]):
            done = self.space.run(*arguments, cwd=self.space.root, expect=USAGE)
            self.assert_says(done, "no session of a run", "FLEET_SOCKET")
        for arguments in (["agent"], ["agent", "merge"], ["agent", "finding"],
                          ["agent", "verdict", "perhaps"]):
            self.space.run(*arguments, cwd=self.space.root, expect=USAGE)


if __name__ == "__main__":
    support.main()
