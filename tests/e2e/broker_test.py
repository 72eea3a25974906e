"""Sessions whose key stays with the engine: a scripted model's service on loopback, and an agent that asks it through
the broker as a CLI would, with nothing but what its environment says."""
import http.server
import json
import signal
import ssl
import subprocess
import threading

import support

SECRET = "sk-the-real-secret-of-the-test"

FLEET = """
fleet brokered v1 {{
  repo       = git(".", base: main)
  escalation = ann within 1h
  {limit}

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
    {budget}
  }}

{flow}
}}
"""

ONE = """  flow main(task) {
    accept = ["true" passes]
    build  = builder(task) else fail
    gather = repo.merge(build, into: "out/{task}") after build.accepted else fail
  }"""

TWO = """  agent one : builder { writes = worktree("one/{task}") }
  agent two : builder { writes = worktree("two/{task}") }
  flow main(task) {
    first  = one(task) else fail
    second = two(task) else fail
  }"""

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
    """Answers every message with the same figures; keeps what it was asked. Holds answers while `held` is clear.
    `certificate`: speaks TLS and has that one, a file with its key."""

    def __init__(self, certificate=None):
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
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            # The handshake is the thread's of the connection, so that one that fails ends nothing else.
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
            self.server.handle_error = lambda *_: None
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.held.set()
        self.server.shutdown()
        self.server.server_close()


class Authority:
    """Makes certificates, in a folder of its own."""

    def __init__(self, folder, name):
        folder.mkdir()
        self.folder, self.name = folder, name
        self.file = folder / "authority.pem"
        self.openssl("req", "-x509", *self.new_key("authority.key"), "-out", self.file, "-days", 2,
                     "-subj", f"/CN={name}")

    def openssl(self, *words):
        subprocess.run(["openssl", *map(str, words)], cwd=self.folder, check=True, capture_output=True)

    @staticmethod
    def new_key(name):
        return "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", name

    def certificate(self, name, days=2):
        """For a name or an address, `DNS:…` or `IP:…`; negative days: it has expired."""
        self.openssl("req", *self.new_key("leaf.key"), "-out", "leaf.csr", "-subj", "/CN=a service")
        (self.folder / "names").write_text(f"subjectAltName={name}\n")
        self.openssl("x509", "-req", "-in", "leaf.csr", "-CA", self.file, "-CAkey", "authority.key", "-set_serial", 7,
                     "-days", days, "-extfile", "names", "-out", "leaf.pem")
        made = self.folder / f"{len(list(self.folder.iterdir()))}.pem"
        made.write_text((self.folder / "leaf.pem").read_text() + (self.folder / "leaf.key").read_text())
        return made


class Broker(support.FleetTest):
    def setUp(self):
        super().setUp()
        self.service = Service()
        self.addCleanup(self.service.close)

    def fleet(self, budget="$1/task", price="", source="env(MODEL_KEY)", limit="", flow=ONE, url=None):
        """`budget`: of the agent; `limit`: of the fleet, a line."""
        return FLEET.format(url=url or self.service.url, budget=f"budget = {budget}" if budget else "", price=price,
                            source=source, limit=limit, flow=flow)

    def prepare(self, asks, model="claude-sonnet-4-6", **more):
        self.space.variables = {"MODEL_KEY": SECRET}
        text = self.fleet(**more)
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
        self.prepare(asks=50, budget="$0.05/task")
        self.run_it(support.FAILED)
        self.assertIn("its budget is spent", self.log)
        self.assertIn("the next request to claude-sonnet-4-6 may cost", self.log)
        spent = float(str(self.cost()["money"]).lstrip("$"))
        self.assertEqual(round(len(self.service.asked) * 0.0045, 6), spent)
        self.assertLessEqual(spent, 0.05)
        self.assertGreater(len(self.service.asked), 1)

    def spent(self):
        agents = self.space.run("cost", "--format", "json", cwd=self.repo.path, expect=support.DONE).json()["agents"]
        return sum(float(str(agent["money"] or 0).lstrip("$")) for agent in agents)

    def test_two_sessions_at_once_stop_at_the_hard_budget_of_their_run(self):
        # Room for the worst of one request ($0.0304) at a time, not of two.
        self.prepare(asks=50, budget="", limit="budget = $0.06/run hard", flow=TWO)
        self.run_it(support.FAILED)
        self.assertIn("the budget of the run is spent", self.log)
        spent = self.spent()
        self.assertEqual(round(len(self.service.asked) * 0.0045, 6), round(spent, 6))
        self.assertLessEqual(spent, 0.06)
        self.assertGreater(spent, 0.06 - 0.034, "it stops no earlier than it must")
        self.assertEqual(self.log.count("its budget is spent"), 2)

    def test_the_runs_of_a_day_stop_at_the_hard_budget_of_the_day_and_so_do_those_of_the_next_engine(self):
        self.prepare(asks=5, budget="", limit="budget = $0.06/day hard\n  load = 3 main/day",
                     flow=ONE.replace("main(task)", "main(task) on task.dev"))

        def up():
            self.space.run("up", "-d", "brokered.fleet", cwd=self.repo.path, expect=support.DONE)

        def ask(count, state):
            self.space.run("task", "add", "dev", f"task{count}", cwd=self.repo.path, expect=support.DONE)
            self.await_ends(count, state)

        up()
        ask(1, "done")
        self.assertEqual(len(self.service.asked), 5)
        ask(2, "failed")
        asked = len(self.service.asked)
        self.assertGreater(asked, 5)
        self.assertLessEqual(asked * 0.0045, 0.06)
        self.assertIn("the budget of the day is spent",
                      self.space.run("log", cwd=self.repo.path, expect=support.DONE).out)
        self.space.run("down", cwd=self.repo.path, expect=support.DONE)
        up()
        ask(3, "failed")
        self.assertEqual(len(self.service.asked), asked, "what was spent before the engine began counts")
        self.space.run("down", cwd=self.repo.path, expect=support.DONE)

    def test_an_agent_that_has_a_budget_by_the_day_stops_at_it_over_all_its_steps_and_runs(self):
        self.prepare(asks=5, budget="$0.06/day", flow=ONE.replace("main(task)", "main(task) on task.dev"))
        self.space.run("up", "-d", "brokered.fleet", cwd=self.repo.path, expect=support.DONE)
        for count, state in ((1, "done"), (2, "failed")):
            self.space.run("task", "add", "dev", f"task{count}", cwd=self.repo.path, expect=support.DONE)
            self.await_ends(count, state)
        self.assertIn("the budget of `builder` for the day is spent",
                      self.space.run("log", cwd=self.repo.path, expect=support.DONE).out)
        self.assertGreater(len(self.service.asked), 5)
        self.assertLessEqual(len(self.service.asked) * 0.0045, 0.06)
        self.space.run("down", cwd=self.repo.path, expect=support.DONE)

    def test_a_budget_by_the_day_that_nobody_can_hold_is_refused(self):
        self.prepare(asks=1, budget="$0.06/day")
        fleet = (self.repo.path / "brokered.fleet").read_text()
        self.repo.write("held.fleet", fleet.replace("2099-01-01", "2099-01-01; mode = env"))
        done = self.space.run("run", "held.fleet", "main", "task=greet", cwd=self.repo.path,
                              expect=support.DEFINITION)
        self.assert_says(done, "budget a day of one agent whose model the broker does not ask")

    def await_ends(self, count, state):
        """So many runs are over, the newest in that state."""
        def over():
            runs = self.space.run("status", "--all", "--format", "json", cwd=self.repo.path, expect=support.DONE).json()
            return len([run for run in runs if run["state"] in ("done", "failed")]) == count and runs
        self.assertEqual(support.wait_until(over, f"run {count} ends")[0]["state"], state)

    def test_a_model_whose_price_nobody_knows_is_refused_by_name_unless_the_fleet_states_it(self):
        self.prepare(asks=1, model="novel-1")
        self.run_it(support.DONE)
        self.assertEqual(self.service.asked, [])
        self.assertIn("`novel-1` has no price that fleetc knows", self.said())

    def test_a_program_has_the_price_that_its_runtime_states_where_the_broker_counts(self):
        self.prepare(asks=2, model="novel-1", price="price = $10/Mtok")
        self.run_it(support.DONE)
        self.assertEqual(len(self.service.asked), 2)
        self.assertEqual(round(self.spent(), 6), 0.022)
        text = self.fleet(price="price = $10/Mtok").replace("2099-01-01", "2099-01-01; mode = env")
        self.repo.write("held.fleet", text)
        told = self.space.run("check", "held.fleet", cwd=self.repo.path, expect=support.DEFINITION)
        self.assert_says(told, "nobody counts the tokens of the `shell` runtime `model`")

    def test_the_key_comes_from_a_file_or_a_command_too(self):
        for source, made in (("command(\"cat {}\")", "by-command"), ("file(\"{}\")", "by-file")):
            with self.subTest(source):
                key = self.space.root / "home" / made
                key.write_text(f"{SECRET}-{made}\n")
                self.service.asked.clear()
                self.prepare_other(made, source.format(key))
                self.assertEqual(self.service.asked, [("/v1/messages", f"{SECRET}-{made}")])

    def prepare_other(self, name, source):
        self.repo = self.space.repo({"brokered.fleet": self.fleet(source=source), "scripts/agent.py": AGENT, "asks": "1",
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

    def said(self):
        """What sessions have said."""
        return "".join(path.read_text() for path in self.repo.path.glob(".git/fleet/runs/*/logs/*.log"))

    def test_a_service_that_speaks_tls_is_asked_only_where_its_certificate_is_good(self):
        ours, other = (Authority(self.space.root / name, name) for name in ("ours", "other"))
        refused = "by an authority that this machine does not know; SSL_CERT_FILE names a file of others"
        cases = {
            "good": (ours.certificate("DNS:localhost"), "localhost", None),
            "address": (ours.certificate("IP:127.0.0.1"), "127.0.0.1", None),
            "expired": (ours.certificate("DNS:localhost", days=-1), "localhost", "has a certificate that has expired"),
            "host": (ours.certificate("DNS:elsewhere.example"), "localhost", "has the certificate of another host"),
            "name": (ours.certificate("DNS:localhost"), "127.0.0.1", "has the certificate of another host"),
            "untrusted": (other.certificate("DNS:localhost"), "localhost", refused),
        }
        self.space.variables = {"MODEL_KEY": SECRET, "SSL_CERT_FILE": str(ours.file)}
        for name, (certificate, host, trouble) in cases.items():
            with self.subTest(name):
                service = Service(certificate)
                self.addCleanup(service.close)
                text = self.fleet(url=f"https://{host}:{service.port}")
                self.repo = self.space.repo({"brokered.fleet": text, "scripts/agent.py": AGENT, "asks": "1",
                                             "model": "claude-sonnet-4-6"}, name=name)
                self.run_it(support.DONE)
                if trouble is None:
                    self.assertEqual(service.asked, [("/v1/messages", SECRET)])
                    self.assertIn("so be it", self.said())
                else:
                    self.assertEqual(service.asked, [], "the key was never sent")
                    self.assertIn(trouble, self.said())
                    self.assertEqual(self.spent(), 0)

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
