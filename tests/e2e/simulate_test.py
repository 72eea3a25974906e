"""`fleetc simulate` from outside: what it prints, that a seed is a result, and what it refuses."""
import support
from support import DEFINITION, DONE, FleetTest, USAGE

FLEET = """fleet t v1 {
  repo       = git(".", base: main)
  budget     = $50/day hard
  load       = 2 ship/day
  escalation = ann within 1h

  human ann { answers = 2h }

  defaults { runtime = shell("sh agent.sh {agent}"); timeout = 60min; budget = $2/task }

  role builder  { writes = worktree("{agent}/{task}"); accept = ["make test" passes] }
  role reviewer { reads = diff; returns = verdict }
%s
  flow ship(task)%s {
    build   = builder(task) retry 1
    look    = reviewer(build.diff)
    signoff = human(ann) after look.approved timeout 24h else escalate
    merge   = repo.merge(build) after signoff.approved
  }
}
"""
RESIDENT = """
  agent lead : reviewer { dispatch = on pr.opened }
  agent news : builder  { dispatch = every 12h }
"""


class Simulate(FleetTest):
    def setUp(self):
        super().setUp()
        self.folder = self.space.root / "fleet"
        self.folder.mkdir()

    def fleetc(self, *arguments, body=RESIDENT, on=" on task.ship", **options):
        (self.folder / "t.fleet").write_text(FLEET % (body, on))
        return self.space.run("simulate", "t.fleet", *arguments, cwd=self.folder, **options)

    def test_a_flow_has_odds_and_a_seed_gives_the_same_bytes(self):
        done = self.fleetc("ship", "task=x", "--runs", "50", expect=DONE)
        self.assertIn("50 runs by chance from seed 1, faults at 2 %", done.out)
        self.assertIn("the worst seen", done.out)
        self.assertIn("assumed, and not measured:", done.out)
        again = self.fleetc("ship", "task=x", "--runs", "50", expect=DONE)
        self.assertEqual(again.out, done.out)
        other = self.fleetc("ship", "task=x", "--runs", "50", "--seed", "2", expect=DONE)
        self.assertNotEqual(other.out, done.out)

    def test_the_odds_are_there_for_programs_too(self):
        found = self.fleetc("ship", "--runs", "40", "--format", "json", expect=DONE).json()
        self.assertEqual((found["flow"], found["runs"], found["seed"]), ("ship", 40, 1))
        self.assertEqual(sum(found["ends"].values()), 40)
        self.assertLessEqual(found["spent_micros"]["most"], found["worst_micros"])
        self.assertGreater(found["took_ms"]["half"], 0)

    def test_sixty_days_of_a_fleet_stay_within_its_budget_and_lose_nothing(self):
        found = self.fleetc("--days", "60", "--faults", "0.05", "--format", "json", expect=DONE).json()
        self.assertEqual(found["broken"], [])
        self.assertEqual(found["tasks"], {"arrived": 120, "ended": 120, "with_human": 0})
        self.assertLessEqual(max(found["by_day_micros"].values()), found["budget_micros"])
        self.assertGreaterEqual(found["duties"]["news"]["runs"], 100)
        # Who waits for pull requests is woken by those that no flow reviews.
        self.assertGreater(found["duties"]["lead"]["runs"], 0)
        self.assertTrue(0 < found["saving"]["share"] < 1)
        self.assertEqual(len(found["sensitivity"]), 18)
        text = self.fleetc("--days", "60", "--faults", "0.05", expect=DONE).out
        self.assertIn("kept: no day was over a budget", text)
        self.assertEqual(self.fleetc("--days", "60", "--faults", "0.05", expect=DONE).out, text)

    def test_a_flow_that_people_begin_is_simulated_by_the_load(self):
        found = self.fleetc("--days", "5", "--format", "json", body="", on="", expect=DONE).json()
        self.assertEqual(found["tasks"]["arrived"], 10)
        self.assertEqual(found["duties"]["ship"]["runs"], 10)

    def test_nothing_is_needed_and_nothing_is_left(self):
        self.fleetc("--days", "1", expect=DONE)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["t.fleet"])

    def test_what_makes_no_sense_is_refused(self):
        refused = self.fleetc("nothing", expect=USAGE)
        self.assertIn("nothing", refused.err)
        self.assertIn("--runs", self.fleetc("ship", "--days", "2", expect=USAGE).err)
        self.assertIn("--days", self.fleetc("--runs", "2", expect=USAGE).err)
        self.fleetc("ship", "--faults", "2", expect=USAGE)
        (self.folder / "idle.fleet").write_text(
            (FLEET % ("", "")).replace("  load       = 2 ship/day\n", ""))
        idle = self.space.run("simulate", "idle.fleet", cwd=self.folder, expect=DEFINITION)
        self.assertIn("nothing in idle.fleet works unasked", idle.err)
        self.assertIn("fleetc simulate idle.fleet FLOW", idle.err)


if __name__ == "__main__":
    support.main()
