"""The commands: exit codes, formats, what goes to which stream, terminal and pipe."""
import errno
import json
import os
import pty
import re
import select
import time
import xml.etree.ElementTree

import support
from support import BINARY, DEFINITION, DONE, FAILED, FleetTest, USAGE, finish, scripted

ESCAPE = "\033"
COMMANDS = ("init", "check", "test", "fmt", "plan", "explain", "run", "resume", "status", "log", "cost",
            "clean", "version")


def on_terminal(space, *arguments, cwd, **more):
    """The binary with a pseudo-terminal for stdin, stdout and stderr; its exit code and what it
    printed."""
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.execve(BINARY, [BINARY, *map(os.fspath, arguments)],
                  space.environment(TERM="xterm-256color", **more))
    printed = b""
    end = time.monotonic() + support.PATIENCE
    while time.monotonic() < end:
        if not select.select([master], [], [], 0.2)[0]:
            continue
        try:
            data = os.read(master, 65536)
        except OSError as error:
            if error.errno == errno.EIO:
                break
            raise
        if not data:
            break
        printed += data
    else:
        os.kill(pid, 9)
    _, status = os.waitpid(pid, 0)
    os.close(master)
    return os.waitstatus_to_exitcode(status), printed.decode(errors="replace")


class Commands(FleetTest):
    def setUp(self):
        super().setUp()
        self.repo = scripted(self.space, 'sleep 0.3; echo done >>"$item"', items=3)

    def fleetc(self, *arguments, **options):
        return self.space.run(*arguments, cwd=options.pop("cwd", self.repo.path), **options)

    def test_version(self):
        done = self.fleetc("version", expect=DONE)
        self.assertRegex(done.out, r"\d+\.\d+\.\d+")
        self.assertEqual(done.err, "")
        self.assertEqual(self.fleetc("--version").out, done.out)

    def test_help_names_every_command(self):
        done = self.fleetc("--help", expect=DONE)
        for command in COMMANDS:
            self.assertIn(command, done.out)
            self.assertEqual(self.fleetc(command, "--help").code, DONE, command)

    def test_wrong_usage_is_exit_code_2(self):
        for arguments in ([], ["nonsense"], ["run", "--nonsense"], ["plan"], ["check"],
                          ["plan", "t.fleet", "--format", "pdf"], ["run", "t.fleet", "-j", "0"],
                          ["run", "t.fleet", "-j", "many"], ["run", "t.fleet", "main", "no-value"],
                          ["run", "t.fleet", "nosuchflow"], ["explain"]):
            done = self.fleetc(*arguments)
            self.assertIn(done.code, (USAGE,), str(done))
            self.assertNotEqual(done.err, "", str(done))
        self.assertEqual(set(self.repo.branches()), {"main"})

    def test_check_is_silent_about_streams(self):
        done = self.fleetc("check", "t.fleet", expect=DONE)
        self.assertNotIn("error", done.text)
        self.repo.write("bad.fleet", "fleet x v1 { nonsense = 1 }\n")
        done = self.fleetc("check", "bad.fleet", expect=DEFINITION)
        self.assertEqual(done.out, "", "diagnostics go to stderr")
        self.assertNotIn(ESCAPE, done.err, "no colour in a pipe")

    def test_check_formats_parse(self):
        self.repo.write("bad.fleet", "fleet x v1 { nonsense = 1 }\n")
        for form in ("json", "sarif"):
            good = self.fleetc("check", "--format", form, "t.fleet", expect=DONE)
            json.loads(good.out)
            bad = json.loads(self.fleetc("check", "--format", form, "bad.fleet", expect=DEFINITION).out)
            self.assertIn("F1", json.dumps(bad))
        self.assertEqual(bad["version"], "2.1.0")

    def test_check_of_several_files(self):
        self.repo.write("bad.fleet", "fleet x v1 { nonsense = 1 }\n")
        done = self.fleetc("check", "t.fleet", "bad.fleet", expect=DEFINITION)
        self.assert_says(done, "bad.fleet", "nonsense")

    def test_check_of_several_files_is_one_document(self):
        self.repo.write("lib.fleet", "role r { nonsense = 1 }\n")
        for name in ("a", "b"):
            self.repo.write(f"{name}.fleet", 'use "./lib.fleet" (r)\n'
                            f'fleet {name} v1 {{ repo = git(".", base: main); nothing = 1; agent x : r {{}} }}\n')
        arguments = ("a.fleet", "gone.fleet", "./b.fleet", "lib.fleet")
        done = self.fleetc("check", "--format", "json", *arguments, expect=USAGE)
        found = json.loads(done.out)
        files = sorted(one["primary"]["file"] for one in found["diagnostics"])
        self.assertEqual(files, ["./b.fleet", "a.fleet", "lib.fleet"], done.out)
        self.assertEqual([one["file"] for one in found["unreadable"]], ["gone.fleet"])
        sarif = json.loads(self.fleetc("check", "--format", "sarif", *arguments, expect=USAGE).out)
        self.assertEqual(len(sarif["runs"][0]["results"]), 3)
        short = self.fleetc("check", "--format", "short", *arguments, expect=USAGE).out
        self.assertEqual(short.count("error["), 3, short)
        text = self.fleetc("check", *arguments, expect=USAGE)
        self.assertEqual((text.err.count("error["), text.out), (3, ""), text.err)

    def test_guards_name_the_steps_whose_branches_are_left_to_the_run(self):
        self.repo.write("open.fleet", """fleet t v1 {
  repo = git(".", base: main)
  defaults { runtime = shell("sh a.sh"); accept = ["true" passes] }
  role one { writes = worktree("p{a}x{b}y{a}") }
  role two { writes = worktree("p{b}y{a}x{b}") }
  flow main(a, b) {
    left  = one("a")
    right = two("b")
  }
}
""")
        guards = self.fleetc("check", "--guards", "open.fleet", expect=DONE).out
        self.assertRegex(guards, r"open\.fleet:8:5: guard: step right: .* step left can claim one branch")

    def test_fmt_is_idempotent_and_checks(self):
        text = (self.repo.path / "t.fleet").read_text()
        self.repo.write("ugly.fleet", "// kept\n" + text.replace("    ", " \t "))
        self.assertEqual(self.fleetc("fmt", "--check", "ugly.fleet").code, 1)
        self.fleetc("fmt", "ugly.fleet", expect=DONE)
        once = (self.repo.path / "ugly.fleet").read_text()
        self.assertIn("// kept", once)
        self.fleetc("fmt", "ugly.fleet", expect=DONE)
        self.assertEqual((self.repo.path / "ugly.fleet").read_text(), once)
        self.assertEqual(self.fleetc("fmt", "--check", "ugly.fleet").code, DONE)
        self.fleetc("check", "ugly.fleet", expect=DONE)

    def test_fmt_leaves_a_broken_file_alone(self):
        broken = "fleet x v1 {  repo = \n"
        self.repo.write("broken.fleet", broken)
        self.fleetc("fmt", "broken.fleet", expect=DEFINITION)
        self.assertEqual((self.repo.path / "broken.fleet").read_text(), broken)

    def test_plan_formats_parse_and_are_the_same_bytes_every_time(self):
        for form in ("text", "json", "dot", "svg", "mermaid"):
            outputs = {self.fleetc("plan", "t.fleet", "--format", form, expect=DONE).out
                       for _ in range(3)}
            self.assertEqual(len(outputs), 1, form)
            out = outputs.pop()
            self.assertIn("work", out, form)
            if form == "json":
                self.assertEqual(json.loads(out)["fleet"], "t")
            elif form == "svg":
                self.assertTrue(xml.etree.ElementTree.fromstring(out).tag.endswith("svg"))
            elif form == "dot":
                self.assertRegex(out, r"^digraph ")
            elif form == "mermaid":
                self.assertRegex(out, r"^(graph|flowchart) ")

    def test_a_plan_does_not_depend_on_where_it_is_made(self):
        other = support.Space()
        self.addCleanup(other.close)
        twin = scripted(other, "true", items=3)
        twin.write("t.fleet", (self.repo.path / "t.fleet").read_text())
        for form in ("text", "json"):
            self.assertEqual(other.run("plan", "t.fleet", "--format", form, cwd=twin.path).out,
                             self.fleetc("plan", "t.fleet", "--format", form).out)

    def test_plan_begins_nothing(self):
        before = self.repo.users()
        self.fleetc("plan", "t.fleet", expect=DONE)
        self.assert_same_users(before, self.repo)
        self.assertFalse((self.repo.path / ".git" / "fleet").exists())

    def test_explain_knows_codes_and_values(self):
        done = self.fleetc("explain", "F101", expect=DONE)
        self.assertGreater(len(done.out.splitlines()), 3)
        done = self.fleetc("explain", "F999")
        self.assertIn(done.code, (DEFINITION, USAGE), str(done))

    def test_init_makes_a_fleet_that_passes_check(self):
        place = self.space.repo({"README": "x\n"}, name="fresh")
        self.fleetc("init", cwd=place.path, expect=DONE)
        made = [path.name for path in place.path.glob("*.fleet")]
        self.assertEqual(len(made), 1)
        self.fleetc("check", made[0], cwd=place.path, expect=DONE)
        text = (place.path / made[0]).read_text()
        self.assertNotEqual(self.fleetc("init", cwd=place.path).code, support.BUG)
        self.assertEqual((place.path / made[0]).read_text(), text, "init overwrites nothing")

    def test_run_in_a_pipe_prints_plain_lines(self):
        done = self.fleetc("run", "t.fleet", expect=DONE)
        self.assertNotIn(ESCAPE, done.text)
        self.assertNotIn("\r", done.text)
        for number in (1, 2, 3):
            self.assertIn(f"items/{number}.txt", done.text)

    def test_run_on_a_terminal_shows_live_progress(self):
        code, printed = on_terminal(self.space, "run", "t.fleet", cwd=self.repo.path)
        self.assertEqual(code, DONE, printed)
        self.assertIn(ESCAPE, printed)
        self.assertIn("items/1.txt", printed)
        self.assertNotIn("\033[?25l", re.sub(r"\033\[\?25l.*\033\[\?25h", "", printed, flags=re.S),
                         "a hidden cursor is shown again")

    def test_no_color_is_honoured_on_a_terminal(self):
        self.repo.write("bad.fleet", "fleet x v1 { nonsense = 1 }\n")
        _, coloured = on_terminal(self.space, "check", "bad.fleet", cwd=self.repo.path)
        self.assertRegex(coloured, "\033\\[[0-9;]*m")
        _, plain = on_terminal(self.space, "check", "bad.fleet", cwd=self.repo.path, NO_COLOR="1")
        self.assertNotRegex(plain, "\033\\[[0-9;]*m")

    def test_run_as_json_is_a_value_a_line(self):
        done = self.fleetc("run", "t.fleet", "--format", "json", expect=DONE)
        lines = [json.loads(line) for line in done.out.splitlines()]
        self.assertGreater(len(lines), 3)

    def test_status_log_and_cost_of_a_run(self):
        self.fleetc("run", "t.fleet", expect=DONE)
        for command in ("status", "log", "cost"):
            text = self.fleetc(command, expect=DONE)
            self.assertNotEqual(text.out, "", command)
            form = self.fleetc(command, "--format", "json", expect=DONE)
            values = [json.loads(line) for line in form.out.splitlines()] if command == "log" \
                else [json.loads(form.out)]
            self.assertTrue(values, command)
        self.assertIn("work", self.fleetc("status").out)
        self.assertIn("items/2.txt", self.fleetc("log").out)

    def test_the_spawn_decision_and_its_arithmetic_are_in_the_log(self):
        self.fleetc("run", "t.fleet", expect=DONE)
        log = self.fleetc("log", expect=DONE).out
        self.assertRegex(log, r"spawn")
        self.assertIn("session", log)

    def test_before_any_run_everything_says_so(self):
        for command in ("status", "log", "cost"):
            self.assert_says(self.fleetc(command, expect=USAGE), "nothing was ever run")
        self.assert_says(self.fleetc("resume", expect=DONE), "nothing")

    def test_outside_a_repository_everything_says_so(self):
        place = self.space.root / "plain"
        place.mkdir()
        for command in ("status", "log", "cost", "resume", "clean"):
            done = self.fleetc(command, cwd=place)
            self.assertNotIn(done.code, (DONE, support.BUG), str(done))
            self.assert_says(done, "repository")

    def test_clean_removes_worktrees_and_keeps_branches(self):
        self.fleetc("run", "t.fleet", expect=DONE)
        before, branches = self.repo.users(), self.repo.branches()
        self.fleetc("clean", expect=DONE)
        self.assertEqual(self.repo.branches(), branches)
        self.assert_same_users(before, self.repo)
        self.assertEqual(len(self.repo.git("worktree", "list").splitlines()), 1)
        self.fleetc("run", "t.fleet")

    def test_a_reader_that_leaves_early_is_no_bug(self):
        child = self.space.start("plan", "t.fleet", cwd=self.repo.path)
        child.stdout.close()
        child.stdout = None
        self.assertNotIn(finish(child).code, (support.BUG, -6, -11))

    def test_a_run_whose_reader_leaves_goes_on(self):
        child = self.space.start("run", "t.fleet", cwd=self.repo.path)
        child.stdout.close()
        child.stdout = None
        finish(child)
        self.fleetc("resume")
        self.assertIn("gathered", self.repo.branches())

    def test_a_failed_run_is_exit_code_3(self):
        repo = scripted(self.space, "exit 7", items=1, clauses="else fail", name="failing")
        done = self.fleetc("run", "t.fleet", cwd=repo.path, expect=FAILED)
        self.assert_says(done, "exit 7")


if __name__ == "__main__":
    support.main()
