"""examples/02-map-reduce end to end: a pattern of the standard library, run."""
import support
from support import DONE, FleetTest

EXAMPLE = support.SOURCE_DIR / "examples" / "02-map-reduce"


class MapReduce(FleetTest):
    def test_every_note_is_summed_up_and_the_sums_are_drawn_together(self):
        files = {str(path.relative_to(EXAMPLE)): path.read_text() for path in EXAMPLE.rglob("*")
                 if path.suffix in (".fleet", ".sh")}
        files.update({f"notes/{name}.txt": "word " * words + "\n"
                      for name, words in (("short", 1), ("long", 30), ("middle", 7))})
        repo = self.space.repo(files)
        before = repo.users()
        self.space.run("run", "digest.fleet", cwd=repo.path, expect=DONE)
        digests = [branch for branch in repo.branches() if branch.startswith("digest/of/")]
        self.assertEqual(len(digests), 1)
        self.assertEqual(repo.show(digests[0], "digest.txt"),
                         b"long.txt 30\nmiddle.txt 7\nshort.txt 1\n")
        self.assertEqual({branch for branch in repo.branches() if branch.startswith("sums/")},
                         {f"sums/notes/{name}.txt" for name in ("short", "long", "middle")})
        self.assert_same_users(before, repo)
        self.assert_no_process_left()


if __name__ == "__main__":
    support.main()
