"""examples/07-sweep end to end: forty findings go to the forty agents that know the places, each of which can touch its own
and no other, and a human takes the whole."""
import subprocess
import unittest

import support
from support import DONE, FAILED, FleetTest, Repo, WAITING

EXAMPLE = support.SOURCE_DIR / "examples" / "07-sweep"


class Sweep(FleetTest):
    def make(self):
        path = self.space.root / "sweep"
        subprocess.run([EXAMPLE / "make-repo.sh", path], check=True, env=self.space.environment(),
                       timeout=support.PATIENCE)
        repo = Repo(self.space, path)
        repo.git("switch", "-qc", "mine")  # the base is free to move
        return repo

    def sweep(self, repo, expect):
        return self.space.run("run", "sweep.fleet", "--no-wait", cwd=repo.path, expect=expect)

    def test_each_finding_is_mended_by_whoever_knows_the_place(self):
        repo = self.make()
        main = repo.git("rev-parse", "main")
        services = repo.git("ls-tree", "--name-only", "main:services").split()
        self.assertEqual(len(services), 40)
        self.sweep(repo, WAITING)
        self.assertEqual(repo.git("rev-parse", "main"), main, "a human is to be asked first")
        made = {}
        for name in repo.branches():
            if name.startswith("sweep/") and name != "sweep/all":
                made.setdefault(name.split("/")[1], []).append(name)
        self.assertEqual(sorted(made), services)
        for service, names in made.items():
            self.assertEqual(len(names), 1, service)
            self.assertEqual(repo.git("diff", "--name-only", "main", names[0]), f"services/{service}/run.sh")
            self.assertEqual(repo.git("log", "-1", "--format=%an", names[0]).split(" ")[0], service)
        self.assert_says(self.space.run("inbox", cwd=repo.path, expect=DONE), "signoff", "40 files")
        self.space.run("approve", "signoff", cwd=repo.path, expect=DONE)
        self.space.run("resume", cwd=repo.path, expect=DONE)
        subprocess.run(["sh", "-c", "git archive main | tar -x -C \"$1\" && cd \"$1\" && sh scripts/check.sh", "sh",
                        self.space.outside], cwd=repo.path, check=True, env=self.space.environment(),
                       timeout=support.PATIENCE)
        self.assert_no_process_left()

    def test_who_touches_another_place_gets_nothing_in_and_a_human_is_asked(self):
        repo = self.make()
        text = (repo.path / "scripts" / "mend.sh").read_text()
        repo.write("scripts/mend.sh", text + 'test "$FLEET_AGENT" != tax || echo "# mine" >>services/auth/run.sh\n')
        repo.commit("One is greedy")
        repo.git("branch", "-f", "main", "mine")
        self.sweep(repo, WAITING)
        self.assertFalse([name for name in repo.branches() if name.startswith("sweep/tax/")])
        self.assertNotIn("sweep/all", repo.branches())
        log = self.space.run("log", cwd=repo.path, expect=DONE).out
        self.assertIn("services/auth/run.sh", log)


if __name__ == "__main__":
    support.main()
