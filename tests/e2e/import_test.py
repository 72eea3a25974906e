"""`fleetc import`: a fleet on standard output or in a new file, and what it says beside that."""
import os

import support
from support import DEFINITION, DONE, FleetTest, USAGE

BUILDER = """---
name: builder
description: Builds.
---
Build it, with {braces} and "quotes".
"""
REVIEWER = """---
name: code-reviewer
description: Judges.
tools: Read, Grep
---
Read it.
"""


class Import(FleetTest):
    def make(self, more=()):
        files = {".claude/agents/builder.md": BUILDER, ".claude/agents/code-reviewer.md": REVIEWER, "README.md": "# No agent\n"}
        files.update(dict(more))
        return self.space.repo(files)

    def take(self, repo, *arguments, expect=DONE):
        return self.space.run("import", *arguments, cwd=repo.path, expect=expect)

    def test_a_folder_becomes_a_fleet_that_check_plan_and_fmt_take(self):
        repo = self.make()
        done = self.take(repo, ".")
        self.assertIn("polish   = loop until verdict.approved max 3 {", done.out)
        self.assertIn("`code_reviewer`: `tools` is not carried over", done.err)
        self.assertIn("money: nothing bounded what it costs", done.err)
        self.assertIn("agents.fleet: check finds no problem", done.err)
        written = self.take(repo, ".claude/agents", "-o", "mine.fleet")
        self.assertEqual(written.out, "")
        text = (repo.path / "mine.fleet").read_text()
        self.assertEqual(text.split("\n", 1)[1], done.out.split("\n", 1)[1])
        for command in (["check"], ["fmt", "--check"]):
            self.space.run(*command, "mine.fleet", cwd=repo.path, expect=DONE)
        self.space.run("plan", "mine.fleet", "main", "task=x", cwd=repo.path, expect=DONE)

    def test_nothing_is_written_over(self):
        repo = self.make({"mine.fleet": "mine\n"})
        self.assertIn("is there already", self.take(repo, ".", "-o", "mine.fleet", expect=USAGE).err)
        self.assertEqual((repo.path / "mine.fleet").read_text(), "mine\n")
        os.symlink("elsewhere", repo.path / "link.fleet")
        self.take(repo, ".", "-o", "link.fleet", expect=USAGE)
        self.assertFalse((repo.path / "elsewhere").exists())
        self.assertIn("No such file", self.take(repo, ".", "-o", "none/mine.fleet", expect=USAGE).err)

    def test_bad_input_is_refused_by_name_and_writes_nothing(self):
        repo = self.make({"empty/x.txt": "", "w.yaml": "steps: [{name: [}]\n", "bin.yaml": "\0\1\2",
                          "f.toml": 'formula = "f"\n[[steps]]\nid = "a"\n'})
        for arguments, words in (
                (["empty"], "nothing in it can be imported"), (["none.md"], "none.md: no such file"),
                (["w.yaml"], "w.yaml: line 1"), (["bin.yaml"], "bin.yaml is no text"),
                (["README.md"], "README.md is none of the formats"),
                ([".claude/agents", "f.toml"], "of another format"), ([], "paths")):
            done = self.take(repo, *arguments, "-o", "out.fleet", expect=USAGE)
            self.assertIn(words, done.err, str(done))
            self.assertFalse((repo.path / "out.fleet").exists())

    def test_a_fleet_with_errors_says_so(self):
        repo = self.make({"deploy.md": BUILDER.replace("Build it", "Use AKIA" + "IOSFODNN7EXAMPLE")})
        done = self.take(repo, "deploy.md", expect=DEFINITION)
        self.assertIn("F606", done.err)
        self.assertIn("has errors: mend them", done.err)


if __name__ == "__main__":
    support.main()
