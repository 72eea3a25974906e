"""A model's service on loopback that follows a script, in whichever protocol it is asked."""
import http.server
import json
import threading

import conversation as c
import dialect_anthropic
import dialect_chat
import dialect_gemini
import dialect_responses

DIALECTS = [dialect_anthropic, dialect_responses, dialect_chat, dialect_gemini]


class Endpoint:
    """Serves `scripts`, a dict of agent to list of steps or to a function of what is asked, from now until
    close(). The last step of a list is repeated. `failures`: what requests of sessions get instead, one after the
    other; None in it: the script's turn; the last one is repeated."""

    def __init__(self, scripts, failures=(None,)):
        self.scripts, self.failures = scripts, list(failures)
        self.lock = threading.Lock()
        self.requests = []  # of sessions, as Asked
        self.others = []    # paths of all else
        self.keys = set()   # that requests of sessions came with
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.reply(*endpoint.unscripted(self.path))

            def do_HEAD(self):
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def do_POST(self):
                raw = self.rfile.read(int(self.headers.get("content-length") or 0))
                endpoint.keys.add(self.headers.get("x-api-key") or self.headers.get("x-goog-api-key")
                                  or self.headers.get("authorization", "").removeprefix("Bearer "))
                self.reply(*endpoint.post(self.path, raw.decode(errors="replace")))

            def reply(self, status, headers, text):
                data = text.encode()
                self.send_response(status)
                for name, value in {"content-type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a client that was killed

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def post(self, path, raw):
        plain = path.partition("?")[0]
        dialect = next((each for each in DIALECTS if each.serves(plain)), None)
        if dialect is None:
            return self.unscripted(path)
        body = json.loads(raw)
        asked = dialect.asked(plain, body, raw)
        if not asked.agent:
            with self.lock:
                self.others.append(path)
            kind, text = dialect.answer(plain, body, asked, c.says("Fine"))
            return 200, {"content-type": kind}, text
        with self.lock:
            self.requests.append(asked)
            failing = self.failures[0] if len(self.failures) == 1 else self.failures.pop(0)
        if failing is not None:
            return dialect.failure(failing)
        script = self.scripts[asked.agent]
        step = script(asked) if callable(script) else script[min(asked.calls, len(script) - 1)]
        kind, text = dialect.answer(plain, body, asked, step)
        return 200, {"content-type": kind}, text

    def unscripted(self, path):
        with self.lock:
            self.others.append(path)
        if "count" in path.lower():
            return 200, {}, '{"input_tokens": 1000, "totalTokens": 1000}'
        if path.partition("?")[0].endswith("/models"):
            return 200, {}, '{"object": "list", "data": [], "models": []}'
        return 404, {}, '{"error": {"message": "no such path"}}'

    def results_of(self, agent):
        """What the agent's tools answered, of its longest conversation."""
        return max((asked.results for asked in self.requests if asked.agent == agent), key=len, default=[])
