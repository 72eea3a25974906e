"""The language server as an editor has it: the built binary, its standard streams, one session."""
import json
import os
import pathlib
import queue
import signal
import subprocess
import threading

import support
from support import BINARY, FleetTest, PATIENCE, wait_until

SHIP = '''use std.roles (builder)
use "./roles.fleet" (mender)

fleet ship v1 {
  repo   = git(".",base: main)
  budget = $10/run

  runtime tool { adapter = shell; command = "sh tool.sh {task}"; spawn = 2s }
  agent backend : builder { runtime = tool; accept = ["true" passes]; budget = $1/task }
  agent fix     : mender  { runtime = tool; budget = $1/task; writes = worktree("fix/{item}") }

  flow main(task) {
    build = backend(task) retry 1
    fixes = fanout f in ["\U0001F680", "b"] to fix width 2 limit 2 after build.accepted
  }
}
'''
ROLES = 'role mender { accept = ["true" passes] }\n'


class Editor:
    """A client of the protocol over the server's streams."""

    def __init__(self, space, folder, capabilities=None, initialize=True):
        self.child = subprocess.Popen([BINARY, "lsp"], cwd=folder, stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      start_new_session=True, env=space.environment())
        self.folder = pathlib.Path(folder)
        self.messages = queue.Queue()
        self.published = {}
        self.last = 0
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        if initialize:
            self.capabilities = self.ask("initialize", {
                "processId": os.getpid(), "rootUri": self.uri(""),
                "capabilities": capabilities or {}})["result"]["capabilities"]
            self.tell("initialized", {})

    def read(self):
        stream = self.child.stdout
        while True:
            length = 0
            while line := stream.readline().strip():
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            if not length:
                self.messages.put(None)
                return
            self.messages.put(json.loads(stream.read(length)))

    def uri(self, name):
        return (self.folder / name).as_uri()

    def raw(self, data):
        self.child.stdin.write(data)
        self.child.stdin.flush()

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.raw(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def tell(self, method, params):
        self.send({"method": method, "params": params})

    def post(self, method, params):
        self.last += 1
        self.send({"id": self.last, "method": method, "params": params})
        return self.last

    def next(self):
        message = self.messages.get(timeout=PATIENCE)
        if message and message.get("method") == "textDocument/publishDiagnostics":
            self.published[message["params"]["uri"]] = message["params"]
        return message

    def answer(self, number):
        while True:
            message = self.next()
            if message is None:
                raise AssertionError("the server ended: " + self.child.stderr.read().decode())
            if message.get("id") == number and "method" not in message:
                return message

    def ask(self, method, params):
        return self.answer(self.post(method, params))

    def about(self, name, text, place, into=0, **more):
        """Parameters for the place of a text in a document."""
        before = text[:text.index(place) + into]
        line = before.count("\n")
        column = len(before[before.rfind("\n") + 1:].encode("utf-16-le")) // 2
        return {"textDocument": {"uri": self.uri(name)},
                "position": {"line": line, "character": column}, **more}

    def open(self, name, text):
        self.tell("textDocument/didOpen", {"textDocument": {
            "uri": self.uri(name), "languageId": "fleet", "version": 1, "text": text}})

    def diagnostics(self, name, version):
        """Those of this version of the document, once they come."""
        while self.published.get(self.uri(name), {}).get("version") != version:
            if self.next() is None:
                raise AssertionError("the server ended")
        return self.published[self.uri(name)]["diagnostics"]

    def end(self):
        """Closes the streams, and returns the exit code."""
        self.child.stdin.close()
        code = self.child.wait(PATIENCE)
        self.reader.join(PATIENCE)
        self.child.stdout.close()
        self.child.stderr.close()
        return code


class LanguageServer(FleetTest):
    def setUp(self):
        super().setUp()
        self.repo = self.space.repo({"a.fleet": SHIP, "roles.fleet": ROLES})

    def editor(self, **options):
        editor = Editor(self.space, self.repo.path, **options)
        self.addCleanup(lambda: editor.child.stdin.closed or editor.end())
        return editor

    def test_a_session_from_initialize_to_exit(self):
        editor = self.editor()
        editor.open("a.fleet", SHIP)
        self.assertEqual(editor.diagnostics("a.fleet", 1), [])

        def result(method, place=None, into=0, **more):
            params = editor.about("a.fleet", SHIP, place, into, **more) if place else {
                "textDocument": {"uri": editor.uri("a.fleet")}, **more}
            answer = editor.ask("textDocument/" + method, params)
            self.assertNotIn("error", answer)
            return answer["result"]

        whole = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}
        self.assertIn("at most $2.00", result("hover", "build =")["contents"]["value"])
        self.assertTrue(any(item["label"] == "retry" for item in
                            result("completion", "retry 1")["items"]))
        self.assertEqual(result("definition", "mender  {")[0]["uri"], editor.uri("roles.fleet"))
        library = result("definition", "builder {")[0]["uri"]
        self.assertIn("role builder", pathlib.Path(library.removeprefix("file://")).read_text())
        self.assertEqual(len(result("references", "mender  {",
                                    context={"includeDeclaration": True})), 3)
        self.assertEqual(result("prepareRename", "fix width")["placeholder"], "fix")
        changes = result("rename", "mender  {", newName="mason")["changes"]
        self.assertEqual({name: len(edits) for name, edits in changes.items()},
                         {editor.uri("a.fleet"): 2, editor.uri("roles.fleet"): 1})
        self.assertEqual(result("formatting", options={})[0]["range"]["start"]["line"], 4)
        self.assertEqual(len(result("documentHighlight", "backend(task)")), 2)
        self.assertEqual(result("documentSymbol")[0]["name"], "ship")
        self.assertEqual(len(result("documentLink")), 2)
        self.assertIn("graph", [lens["command"]["title"] for lens in result("codeLens")])
        self.assertTrue(result("foldingRange"))
        self.assertEqual(len(result("semanticTokens/full")["data"]) % 5, 0)
        hints = [hint["label"] for hint in result("inlayHint", range=whole)]
        self.assertIn("at most $2.00 = 2 × $1.00", hints)
        self.assertTrue(any("2 sessions" in hint or "decided" in hint for hint in hints), hints)
        self.assertEqual([action["title"] for action in
                          result("codeAction", range=whole, context={"diagnostics": []})],
                         ["Extract role `backend_role`", "Extract role `fix_role`"])
        self.assertTrue(result("selectionRange", positions=[{"line": 5, "character": 4}])[0]["parent"])
        form = result("signatureHelp", "f in")["signatures"][0]["label"]
        self.assertTrue(form.startswith("fanout X in SOURCE"), form)
        item = result("prepareCallHierarchy", "build =")[0]
        waits = editor.ask("callHierarchy/incomingCalls", {"item": item})["result"]
        self.assertEqual([call["from"]["name"] for call in waits], ["fixes"])
        found = editor.ask("workspace/symbol", {"query": "mender"})["result"]
        self.assertEqual([symbol["name"] for symbol in found], ["mender"])

        self.assertIsNone(editor.ask("shutdown", None)["result"])
        editor.tell("exit", None)
        self.assertEqual(editor.end(), 0)

    def test_diagnostics_follow_the_text_as_it_is_typed(self):
        editor = self.editor()
        editor.open("a.fleet", SHIP)
        self.assertEqual(editor.diagnostics("a.fleet", 1), [])
        start = editor.about("a.fleet", SHIP, "width 2", 6)["position"]
        end = {"line": start["line"], "character": start["character"] + 1}
        for version, text in enumerate(("0", "x", "3"), 2):
            editor.tell("textDocument/didChange", {
                "textDocument": {"uri": editor.uri("a.fleet"), "version": version},
                "contentChanges": [{"range": {"start": start, "end": end}, "text": text}]})
        self.assertEqual(editor.diagnostics("a.fleet", 4), [])
        editor.tell("textDocument/didChange", {
            "textDocument": {"uri": editor.uri("a.fleet"), "version": 5},
            "contentChanges": [{"range": {"start": start, "end": end}, "text": "-"}]})
        one = editor.diagnostics("a.fleet", 5)[0]
        self.assertEqual(one["range"]["start"], start)
        page = pathlib.Path(one["codeDescription"]["href"].removeprefix("file://"))
        self.assertIn("# " + one["code"], page.read_text())

    def test_a_request_is_cancelled_while_others_wait(self):
        editor = self.editor()
        # Written at once, so that the cancellation is read before its request's turn comes.
        crowd = b""
        for number in range(1000, 1200):
            body = json.dumps({"jsonrpc": "2.0", "id": number, "method": "workspace/symbol",
                               "params": {"query": ""}}).encode()
            crowd += b"Content-Length: %d\r\n\r\n" % len(body) + body
        body = json.dumps({"jsonrpc": "2.0", "method": "$/cancelRequest",
                           "params": {"id": 1199}}).encode()
        editor.raw(crowd + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        answers = {number: editor.answer(number) for number in range(1000, 1200)}
        self.assertEqual(answers[1199]["error"]["code"], -32800)
        self.assertIn("result", answers[1000])

    def test_malformed_frames_end_nothing(self):
        editor = self.editor()
        for junk in (b"hello\r\n\r\n", b"Content-Length: -1\r\n\r\n", b"Content-Length: 4\r\n\r\n{{{{",
                     b"Content-Length: 99999999999999999999\r\n\r\n", b"\0\xff\r\n\r\n",
                     b"Content-Length: 2\r\n\r\n\xff\xfe", b"Content-Length: 2\r\n\r\n[]"):
            editor.raw(junk)
        editor.open("a.fleet", SHIP)
        self.assertEqual(editor.diagnostics("a.fleet", 1), [])
        self.assertIn("result", editor.ask("shutdown", None))

    def test_the_server_ends_with_its_client(self):
        editor = self.editor()
        self.assertEqual(editor.end(), 1)
        self.assert_no_process_left()

    def test_the_server_ends_when_its_client_was_killed(self):
        # Somebody else holds the stream open, so that only the client's process tells.
        sleeper = subprocess.Popen(["sleep", "600"])
        self.addCleanup(lambda: sleeper.poll() is not None or sleeper.kill())
        editor = self.editor(initialize=False)
        editor.ask("initialize", {"processId": sleeper.pid, "rootUri": None, "capabilities": {}})
        sleeper.send_signal(signal.SIGKILL)
        sleeper.wait()
        wait_until(lambda: editor.child.poll() is not None, "the server outlives its client")
        self.assertEqual(editor.child.returncode, 1)

    def test_a_client_that_reads_nothing_is_no_reason_to_hang(self):
        child = subprocess.Popen([BINARY, "lsp"], cwd=self.repo.path, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 start_new_session=True, env=self.space.environment())
        self.addCleanup(lambda: child.poll() is not None or child.kill())
        child.stdout.close()
        body = b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}'
        child.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        child.stdin.close()
        self.assertEqual(child.wait(PATIENCE), 1)
        child.stderr.close()

    def test_it_works_without_a_place_for_its_cache(self):
        self.space.variables["HOME"] = "/proc/nowhere"
        editor = self.editor()
        editor.open("a.fleet", SHIP)
        found = editor.ask("textDocument/definition",
                           editor.about("a.fleet", SHIP, "builder {"))["result"]
        self.assertEqual(found[0]["uri"], "fleet:///std/roles/builder.fleet")
        text = editor.ask("fleet/source", {"uri": found[0]["uri"]})["result"]["text"]
        self.assertIn("role builder", text)


if __name__ == "__main__":
    support.main()
