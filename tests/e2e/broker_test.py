"""Sessions whose key stays with the engine: a scripted model's service on loopback, and an agent that asks it through
the broker as a CLI would, with nothing but what its environment says."""
import http.server
import json
import signal
import threading

import support

SECRET = "sk-the-real-secret-of-the-test"

FLEET = """
fleet brokered v1 {{
  repo       = git(".", base: main)
  escalation = ann within 1h

  human ann {{ answers = 1h }}

  credential key {{ from = {source}; owner = ann; expires = 2099-01-01 }}

  runtime model {{
    adapter = shell
    command = "python3 scripts/agent.py"
    env     = [ANTHROPIC_BASE_URL: "{url}"]
    {price}
  }}

  role builder {{
    runtime = model
    grants  = [key]
    writes  = worktree("work/{{task}}")
    accept  = ["true" passes]
    budget  = {budget}/task
  }}

  flow main(task) {{
    accept = ["true" passes]
    build  = builder(task) else fail
    gather = repo.merge(build, into: "out/{{task}}") after build.accepted else fail
  }}
}}
"""

# Asks as often as the file `asks` says, one line an answer; keeps what it sees of the world around it.
AGENT = r"""
import http.client, json, os, pathlib, subprocess, sys, time, urllib.parse
place = urllib.parse.urlsplit(os.environ["ANTHROPIC_BASE_URL"])
model = pathlib.Path("model").read_text().strip()

def ask(key, attempts=1200):
    for _ in range(attempts):
        try:
            link = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
            link.request("POST", "/v1/messages", json.dumps({"model": model, "max_tokens": 1000}),
                         {"x-api-key": key, "content-type": "application/json"})
            answer = link.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            time.sleep(0.05)  # no engine runs, for now
    return 0, ""

seen = [subprocess.run(["env"], capture_output=True, text=True).stdout,
        subprocess.run(["ps", "auxeww"], capture_output=True, text=True).stdout]
pathlib.Path("seen.txt").write_text("\n".join(seen))
pathlib.Path("guess.txt").write_text(str(ask("a-guess")))
for number in range(int(pathlib.Path("asks").read_text())):
    status, text = ask(os.environ["ANTHROPIC_API_KEY"])
    print(status, text, flush=True)
    if "budget" in text:
        time.sleep(60)  # it does not end by itself
    pathlib.Path("done.txt").write_text(f"{number} {status}\n")
"""


class Service:
    """Answers every message with the same figures; keeps what it was asked. Holds answers while `held` is clear."""

    def __init__(self):
        service = self
        self.asked = []
        self.held = threading.Event()
        self.held.set()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["content-length"]))
                service.asked.append((self.path, self.headers.get("x-api-key")))
                service.held.wait(60)
                data = json.dumps({"content": [{"type": "text", "text": "so be it"}],
                                   "usage": {"input_tokens": 1000, "output_tokens": 100}}).encode()
                try:
                    self.send_response(200)
                    self.send_header("content-type", "application/json")
                    self.send_header("content-length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                except OSError:
                    pass  # the broker was killed

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.held.set()
        self.server.shutdown()
        self.server.server_close()


class Broker(support.FleetTest):
    def setUp(self):
        super().setUp()
        self.service = Service()
        self.addCleanup(self.service.close)

    def prepare(self, asks, budget="$1", model="claude-sonnet-4-6", price="", source="env(MODEL_KEY)"):
        self.space.variables = {"MODEL_KEY": SECRET}
        text = FLEET.format(url=self.service.url, budget=budget, price=price, source=source)
        self.repo = self.space.repo({"brokered.fleet": text, "scripts/agent.py": AGENT, "asks": str(asks),
                                     "model": model})

    def run_it(self, expect):
        done = self.space.run("run", "brokered.fleet", "main", "task=greet", "--no-wait", cwd=self.repo.path,
                              expect=expect)
        self.log = self.space.run("log", cwd=self.repo.path, expect=support.DONE).out
        return done

    def cost(self):
        return self.space.run("cost", "--format", "json", cwd=self.repo.path, expect=support.DONE).json()["agents"][0]

    def files_with(self, text):
        """Every file of the repository, the state and the homes that holds `text`."""
        return [path for path in self.space.root.rglob("*")
                if path.is_file() and not path.is_symlink() and text in path.read_bytes()]

    def test_the_service_is_asked_with_the_key_that_no_session_log_or_file_ever_sees(self):
        self.prepare(asks=2)
        done = self.run_it(support.DONE)
        self.assertEqual(self.service.asked, [("/v1/messages", SECRET)] * 2)
        self.assertIn("(401,", self.repo.git("show", "out/greet:guess.txt"))
        self.assertNotIn(SECRET, self.repo.git("show", "out/greet:seen.txt"))
        self.assertIn("ANTHROPIC_API_KEY=fleetc-", self.repo.git("show", "out/greet:seen.txt"))
        self.assertEqual(self.files_with(SECRET.encode()), [])
        self.assertNotIn(SECRET, done.text + self.log)
        used = self.cost()
        self.assertEqual((used["input_tokens"], used["output_tokens"]), (2000, 200))
        self.assertEqual(float(str(used["money"]).lstrip("$")), 0.009)

    def test_the_budget_is_hard_and_what_would_pass_it_ends_the_attempt(self):
        # The worst of one request is some $0.033: 4.2k tokens of a prompt and 1000 of an answer.
        self.prepare(asks=50, budget="$0.05")
        self.run_it(support.FAILED)
        self.assertIn("its budget is spent", self.log)
        self.assertIn("the next request to claude-sonnet-4-6 may cost", self.log)
        spent = float(str(self.cost()["money"]).lstrip("$"))
        self.assertEqual(round(len(self.service.asked) * 0.0045, 6), spent)
        self.assertLessEqual(spent, 0.05)
        self.assertGreater(len(self.service.asked), 1)

    def test_a_model_whose_price_nobody_knows_is_refused_by_name_unless_the_fleet_states_it(self):
        self.prepare(asks=1, model="novel-1")
        self.run_it(support.DONE)
        self.assertEqual(self.service.asked, [])
        logs = self.repo.path.glob(".git/fleet/runs/*/logs/*.log")
        output = "".join(path.read_text() for path in logs)
        self.assertIn("`novel-1` has no price that fleetc knows", output)

    def test_the_key_comes_from_a_file_or_a_command_too(self):
        for source, made in (("command(\"cat {}\")", "by-command"), ("file(\"{}\")", "by-file")):
            with self.subTest(source):
                key = self.space.root / "home" / made
                key.write_text(f"{SECRET}-{made}\n")
                self.service.asked.clear()
                self.prepare_other(made, source.format(key))
                self.assertEqual(self.service.asked, [("/v1/messages", f"{SECRET}-{made}")])

    def prepare_other(self, name, source):
        text = FLEET.format(url=self.service.url, budget="$1", price="", source=source)
        self.repo = self.space.repo({"brokered.fleet": text, "scripts/agent.py": AGENT, "asks": "1",
                                     "model": "claude-sonnet-4-6"}, name=name)
        self.run_it(support.DONE)

    def test_a_key_that_is_not_there_is_told_before_anything_runs(self):
        self.prepare(asks=1)
        self.space.variables = {}
        done = self.space.run("run", "brokered.fleet", "main", "task=greet", cwd=self.repo.path,
                              expect=support.FAILED)
        self.assert_says(done, "the credential `key` is not there: MODEL_KEY is not set where fleetc was started; "
                               "ann renews it")

    def test_a_session_finds_the_broker_of_the_next_engine_and_no_money_is_forgotten(self):
        self.prepare(asks=3)
        self.service.held.clear()
        engine = self.space.start("run", "brokered.fleet", "main", "task=greet", cwd=self.repo.path)
        support.wait_until(lambda: self.service.asked, "the service is asked")
        engine.send_signal(signal.SIGKILL)
        engine.communicate()
        self.service.held.set()
        self.space.run("resume", cwd=self.repo.path, expect=support.DONE)
        # The one that was cut is asked again by the session, and counted at its worst.
        self.assertEqual(len(self.service.asked), 4)
        spent = float(str(self.cost()["money"]).lstrip("$"))
        self.assertGreater(spent, 4 * 0.0045)
        self.assertEqual(self.cost()["attempts"], 1)

    def test_guards_tell_who_holds_a_key_and_who_asks_the_broker(self):
        self.prepare(asks=1)
        told = self.space.run("check", "--guards", "brokered.fleet", cwd=self.repo.path, expect=support.DONE)
        self.assertIn("each request by the credential `key` is judged by the broker", told.out)
        fleet = (self.repo.path / "brokered.fleet").read_text()
        self.repo.write("held.fleet", fleet.replace("2099-01-01", "2099-01-01; mode = env"))
        told = self.space.run("check", "--guards", "held.fleet", cwd=self.repo.path, expect=support.DONE)
        self.assertIn("hold the credential `key` themselves (`mode = env`)", told.out)


if __name__ == "__main__":
    support.main()
