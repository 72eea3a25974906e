"""`fleetc test` from outside: what it prints, its exit codes, and that it needs and leaves nothing."""
import json
import os

import support
from support import DEFINITION, DONE, FleetTest, USAGE

FLEET = """fleet t v1 {
  repo       = git(".", base: main)
  escalation = ann within 1h

  human ann { answers = 2h }

  defaults { runtime = shell("sh agent.sh {agent}"); timeout = 30min; budget = $2/task }

  role builder  { writes = worktree("task/{task}"); accept = ["make test" passes] }
  role reviewer { reads = diff; returns = verdict }

  flow main(task) {
    build   = builder(task) retry 1
    look    = reviewer(build.diff)
    signoff = human(ann) after look.approved timeout 24h
    merge   = repo.merge(build) after signoff.approved
  }
%s}
"""
GOOD = """
  test "all goes well" { expect = [merge.merged, run.done] }
  test "a crash costs another attempt" {
    given  = [builder crashes then returns done, builder spends $1.50]
    expect = [build == 2 attempts, run == $3]
  }
"""
BAD = """
  test "wrong on purpose" {
    given  = [ann rejects, reviewer hangs in round 4]
    expect = [look.approved, merge.merged within 3h]
  }
"""
SHOWN = """\
✗ wrong on purpose (t.fleet:19, 2h 2min)
  note: `reviewer hangs in round 4` never came up (t.fleet:20)

error: `merge.merged within 3h` does not hold in "wrong on purpose"
   --> t.fleet:21:30
    |
 21 |     expect = [look.approved, merge.merged within 3h]
    |                              ^^^^^^^^^^^^^^^^^^^^^^ `merge` never ran: `signoff.approved` cannot fire: it was refused
    = note: the run of `main`, in virtual time:
               1min  ✓ build done: 1 file, +1 -0
               2min  ✓ look done: approved
               2min  ? signoff waits for ann: `signoff` is to be decided
            2h 2min  ✓ signoff done: rejected by ann
            2h 2min  - merge skipped: `signoff.approved` cannot fire: it was refused
            2h 2min  the run ended, and nothing was merged

1 test: 0 passed, 1 failed
"""


class Trials(FleetTest):
    def setUp(self):
        super().setUp()
        self.folder = self.space.root / "fleet"
        self.folder.mkdir()

    def fleetc(self, tests, *arguments, name="t.fleet", **options):
        (self.folder / name).write_text(FLEET % tests)
        return self.space.run("test", name, *arguments, cwd=self.folder, **options)

    def test_tests_that_hold_are_a_line_each(self):
        done = self.fleetc(GOOD, expect=DONE)
        self.assertEqual(done.out.splitlines(), [
            "✓ all goes well (t.fleet:19, 2h 2min)",
            "✓ a crash costs another attempt (t.fleet:20, 2h 3min 1s, $3.00)",
            "2 tests: 2 passed, 0 failed"])
        self.assertEqual(done.err, "")

    def test_nothing_is_needed_and_nothing_is_left(self):
        self.fleetc(GOOD, expect=DONE)
        self.assertEqual(os.listdir(self.folder), ["t.fleet"])
        self.assert_no_process_left()

    def test_a_wrong_expectation_fails_and_is_shown(self):
        done = self.fleetc(BAD, expect=DEFINITION)
        self.assertEqual(done.out, SHOWN)

    def test_the_same_bytes_each_time(self):
        for form in ("text", "json"):
            first = self.fleetc(GOOD + BAD, "--format", form, "--timeline", expect=DEFINITION)
            again = self.fleetc(GOOD + BAD, "--format", form, "--timeline", expect=DEFINITION)
            self.assertEqual(first.out, again.out)

    def test_json_says_all_of_it(self):
        told = json.loads(self.fleetc(GOOD + BAD, "--format", "json", expect=DEFINITION).out)
        self.assertEqual((told["passed"], told["failed"]), (2, 1))
        wrong = told["tests"][2]
        self.assertEqual([claim["holds"] for claim in wrong["claims"]], [True, False])
        self.assertEqual(wrong["claims"][1]["place"]["column"], 30)
        self.assertEqual(wrong["never_came_up"][0]["assumption"], "reviewer hangs in round 4")
        self.assertEqual(wrong["timeline"][-1]["ms"], wrong["took_ms"])
        self.assertEqual(told["tests"][0]["timeline"], [])

    def test_only_some_of_them(self):
        done = self.fleetc(GOOD + BAD, "--only", "crash", expect=DONE)
        self.assertIn("1 test: 1 passed", done.out)
        self.assertIn("no test has", self.fleetc(GOOD, "--only", "nothing", expect=DONE).out)

    def test_a_file_without_tests_says_so(self):
        self.assertEqual(self.fleetc("", expect=DONE).out, "t.fleet: no tests\n")

    def test_what_does_not_compile_is_not_tested(self):
        done = self.fleetc(GOOD.replace("merge.merged", "merge.mergd"), expect=DEFINITION)
        self.assertIn("not tested", done.out)
        self.assertIn("F101", done.err)
        self.assertIn("no such file",
                      self.space.run("test", "gone.fleet", cwd=self.folder, expect=USAGE).err.lower())


if __name__ == "__main__":
    support.main()
