"""Agents that are models' CLIs, played by a script: it is started as the CLI would be, prints what
the CLI would print, and speaks with the fleet as the CLI's tools would."""
import json

import support

SECRET = "s3cret-of-the-test"

FLEET = """
fleet adapted v1 {
  repo       = git(".", base: main)
  escalation = ann within 1h

  human ann { answers = 1h }

  credential key { from = env(MODEL_KEY); owner = ann; expires = 2099-01-01; mode = env }

  runtime model { adapter = claude; command = "python3 scripts/claude.py"; model = "a-model" }

  role builder {
    runtime = model
    grants  = [key]
    writes  = worktree("work/{task}")
    accept  = ["true" passes]
    budget  = $2/task
  }

  flow main(task) {
    accept = ["true" passes]
    build  = builder(task) else fail
    gather = repo.merge(build, into: "out/{task}") after build.accepted else fail
  }
}
"""

# Says what it was started with, asks for its task by the command that the tools are too, and ends as
# the file `how` of the repository wants it.
CLAUDE = r"""
import json, os, pathlib, subprocess, sys
how = pathlib.Path("how").read_text().strip()
task = subprocess.run([os.environ["FLEETC"], "agent", "task"], capture_output=True, text=True)
server = json.loads(sys.argv[sys.argv.index("--mcp-config") + 1])
seen = {"argv": sys.argv[1:], "key": os.environ.get("MODEL_KEY"), "task": task.stdout,
        "server": server, "token_on_line": os.environ["FLEET_TOKEN"] in " ".join(sys.argv)}
pathlib.Path("done.txt").write_text("made\n")
pathlib.Path("seen.json").write_text(json.dumps(dict(seen, key=bool(seen["key"]))))
print(json.dumps({"type": "system", "subtype": "init", "session_id": "s-1"}))
result = {"type": "result", "subtype": "success", "is_error": how != "ok", "session_id": "s-1",
          "result": {"ok": "all done", "auth": "Invalid API key"}.get(how, how),
          "total_cost_usd": 0.0125, "usage": {"input_tokens": 1000, "output_tokens": 50}}
print(json.dumps(result))
"""


class Adapter(support.FleetTest):
    def run_it(self, how, **variables):
        self.repo = self.space.repo({"adapted.fleet": FLEET, "scripts/claude.py": CLAUDE,
                                     "how": how})
        return self.space.run("run", "adapted.fleet", "main", "task=greet", cwd=self.repo.path,
                              **variables)

    def files_with(self, text):
        """Every file of the repository, the state and the home that holds `text`."""
        return [path for path in self.space.root.rglob("*")
                if path.is_file() and not path.is_symlink() and text in path.read_bytes()]

    def test_a_session_gets_its_tools_its_secret_and_its_task_and_its_cost_is_kept(self):
        done = self.run_it("ok", MODEL_KEY=SECRET)
        self.assertEqual(done.code, support.DONE, str(done))
        seen = json.loads(self.repo.git("show", "out/greet:seen.json"))
        self.assertTrue(seen["key"])
        self.assertFalse(seen["token_on_line"])
        self.assertIn("greet", seen["task"])
        self.assertIn("--dangerously-skip-permissions", seen["argv"])
        self.assertEqual(seen["argv"][seen["argv"].index("--model") + 1], "a-model")
        self.assertEqual(seen["server"]["mcpServers"]["fleet"]["args"], ["mcp"])
        log = self.space.run("log", cwd=self.repo.path, expect=support.DONE)
        self.assertIn("$0.0125", log.out)
        # The secret is in no file that anybody kept, and in nothing that was said.
        self.assertEqual(self.files_with(SECRET.encode()), [])
        self.assertNotIn(SECRET, done.text + log.text)

    def test_an_exit_code_of_zero_after_an_error_fails_the_step(self):
        done = self.run_it("it broke", MODEL_KEY=SECRET)
        self.assertEqual(done.code, support.FAILED, str(done))
        self.assert_says(done, "claude: it broke")

    def test_a_secret_that_is_not_there_is_told_before_anything_runs(self):
        done = self.run_it("ok")
        self.assertEqual(done.code, support.FAILED, str(done))
        self.assert_says(done, "MODEL_KEY is not set where fleetc was started; ann renews it")
        self.assertEqual(self.repo.git("for-each-ref", "refs/heads/work"), "")


if __name__ == "__main__":
    support.main()
