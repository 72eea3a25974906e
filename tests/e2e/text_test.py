"""Damaged, hostile and huge texts: a clear message or none, in bounded time and memory, and no crash.

FLEETC_E2E_MUTATIONS=10000 looks at more of them.
"""
import os
import random
import re
import signal
import subprocess
import threading

import support
from support import BINARY, DEFINITION, DONE, FleetTest, PATIENCE, SOURCE_DIR, USAGE

MUTATIONS = int(os.environ.get("FLEETC_E2E_MUTATIONS", "4000"))
AT_ONCE = 250
# Several times what the largest of them takes; a sanitizer keeps shadows of its own beside it.
MOST_KIB = (4 if os.environ.get("ASAN_OPTIONS") or "asan" in BINARY else 1) * 600 * 1024

SHORT = re.compile(r"^[^\n:]+:\d+:\d+: (error|warning|info)\[F\d{3}\]: .+$")


def sound_texts():
    folders = ["examples", "stdlib", "tests/golden/plan"]
    return [path.read_bytes() for folder in folders
            for path in sorted((SOURCE_DIR / folder).rglob("*.fleet"))]


def mutated(text, dice):
    """One to four changes: bytes, pieces dropped, doubled, exchanged, brackets, long runs."""
    out = bytearray(text)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(out) + 1)
        end = min(len(out), at + dice.randint(1, 30))
        kind = dice.randrange(8)
        if kind == 0 and at < len(out):
            out[at] = dice.randrange(256)
        elif kind == 1:
            del out[at:end]
        elif kind == 2:
            out[at:at] = out[at:end]
        elif kind == 3:
            other = dice.randrange(len(out) + 1)
            out[at:at] = out[other:other + dice.randint(1, 60)]
        elif kind == 4:
            out[at:at] = dice.choice([b"{", b"}", b"(", b")", b"[", b"]", b'"', b'"""', b"///", b"=", b"\r", b";"])
        elif kind == 5:
            out[at:at] = dice.choice([b"\xff\xfe", b"\x00", b"\xe2\x80\xae", b"\xf0\x9f\x98\x80", b"\xc3"])
        elif kind == 6:
            del out[at:]
        else:
            out[at:at] = bytes([dice.choice(b"([{ax9$")]) * dice.randint(1, 300)
    return bytes(out)


class Text(FleetTest):
    def setUp(self):
        super().setUp()
        self.folder = self.space.root / "texts"
        self.folder.mkdir()

    def write(self, name, content):
        (self.folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return name

    def check(self, *names, codes=(DONE, DEFINITION), words=("check", "--format", "short")):
        """Output of a check that ended as it should, within the memory."""
        out = self.folder / "out"
        with open(out, "wb") as stream:
            child = subprocess.Popen([BINARY, *words, *names], cwd=self.folder, stdout=stream,
                                     stderr=subprocess.STDOUT, env=self.space.environment())
            try:
                pid, status, used = wait(child)
            except TimeoutError:
                raise AssertionError(f"hangs on {names[:3]}") from None
        text = out.read_bytes()
        self.assertIn(os.waitstatus_to_exitcode(status), codes, (names[:3], text[:2000]))
        self.assertLess(used.ru_maxrss, MOST_KIB, names[:3])
        return text.decode()  # whatever was in the file, what is said of it is UTF-8

    def only(self, text, code):
        """Every line is a message; at least one has the code."""
        lines = text.splitlines()
        for line in lines:
            self.assertRegex(line, SHORT)
        self.assertTrue(any(f"[{code}]" in line for line in lines), text[:2000])


def wait(child):
    """As os.wait4, for as long as patience lasts."""
    timer = threading.Timer(PATIENCE, lambda: os.kill(child.pid, signal.SIGKILL))
    timer.start()
    pid, status, used = os.wait4(child.pid, 0)
    timer.cancel()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode == -9:
        raise TimeoutError
    return pid, status, used


class Damaged(Text):
    def test_mutations_of_good_files_are_each_judged(self):
        dice = random.Random(20260131)
        texts = sound_texts()
        left = MUTATIONS
        while left > 0:
            names = [self.write(f"m{i}.fleet", mutated(dice.choice(texts), dice))
                     for i in range(min(left, AT_ONCE))]
            said = self.check(*names)
            for line in said.splitlines():
                self.assertRegex(line, SHORT)
            left -= len(names)

    def test_a_fix_of_damaged_files_never_crashes_and_keeps_what_it_does_not_mend(self):
        dice = random.Random(7)
        texts = sound_texts()
        for i in range(40):
            name = self.write(f"f{i}.fleet", mutated(dice.choice(texts), dice))
            before = (self.folder / name).read_bytes()
            said = self.check(name, words=("fix", "--dry-run"))
            self.assertEqual((self.folder / name).read_bytes(), before, said)


class Hostile(Text):
    def test_binary_data(self):
        self.only(self.check(self.write("b.fleet", bytes(range(256)) * 400)), "F004")
        with open(BINARY, "rb") as program:
            self.only(self.check(self.write("program.fleet", program.read(1 << 20))), "F004")

    def test_a_file_of_ten_megabytes_is_refused_as_too_large(self):
        sound = b"// a comment\n" * (10 * (1 << 20) // 13)
        self.only(self.check(self.write("big.fleet", sound)), "F005")
        self.check(self.write("huge.fleet", b"x" * (17 << 20)), codes=(USAGE,))

    def test_five_thousand_roles(self):
        role = 'role r%d { runtime = shell("true"); writes = worktree("b%d/{task}"); accept = ["true" passes] }\n'
        text = "".join(role % (i, i) for i in range(5000))
        self.check(self.write("many.fleet", text))

    def test_brackets_nested_a_hundred_thousand_deep(self):
        for opening in ("{", "(", "[", "f(", "a = [", "fleet f { "):
            self.only(self.check(self.write("deep.fleet", opening * 100_000)), "F005")
        self.only(self.check(self.write("deep.fleet", "a = " + "[" * 100_000 + "]" * 100_000)), "F005")

    def test_loops_nested_beyond_all_measure(self):
        for rounds in (1, 2, 100):
            depth = 60
            text = ('fleet d v1 {\n repo = git(".", base: main)\n role r { runtime = shell("true"); '
                    'returns = verdict }\n flow main {\n v = r("x")\n')
            text += "".join(f"l{i} = loop until v.approved max {rounds} {{\n" for i in range(depth))
            text += 'v = r("y")\n' + "}\n" * depth + "}\n}\n"
            self.check(self.write("loops.fleet", text))

    def test_patterns_that_double_at_each_level(self):
        text = 'pattern p0(t) { x = run("true") }\n'
        for i in range(1, 31):
            text += f"pattern p{i}(t) {{ x = p{i - 1}(t); y = p{i - 1}(t) }}\n"
        text += 'fleet d v1 {\n repo = git(".", base: main)\n flow main { one = p30("a") }\n}\n'
        self.only(self.check(self.write("patterns.fleet", text)), "F202")

    def test_invalid_utf8_and_what_is_not_seen(self):
        for hidden in (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xe2\x80\xae", b"\x1b[31m", b"\x00"):
            text = b'fleet a v1 {\n  repo = git("' + hidden + b'", base: main)\n}\n'
            said = self.check(self.write("u.fleet", text))
            self.only(said, "F004")
            self.assertNotIn("\x1b", said)

    def test_a_byte_order_mark_and_line_ends_of_windows_change_nothing(self):
        sound = (SOURCE_DIR / "tests/golden/plan/hello.fleet").read_bytes()
        self.check(self.write("mark.fleet", b"\xef\xbb\xbf" + sound), codes=(DONE,))
        self.check(self.write("crlf.fleet", sound.replace(b"\n", b"\r\n")), codes=(DONE,))
        wrong = sound.replace(b"to fixer", b"to fxier")
        plain = self.check(self.write("plain.fleet", wrong))
        other = self.check(self.write("other.fleet", b"\xef\xbb\xbf" + wrong.replace(b"\n", b"\r\n")))
        self.assertEqual(plain.replace("plain", "other"), other)


class Imports(Text):
    def fleet(self, name, use):
        self.write(name, f'use "{use}" (worker)\nfleet a v1 {{\n  repo = git(".", base: main)\n'
                         '  flow main { one = worker("x") }\n}\n')
        return name

    def test_circles_and_what_is_missing(self):
        self.write("a.fleet", 'use "./b.fleet" (worker)\nrole worker2 { runtime = shell("true") }\n')
        self.write("b.fleet", 'use "./a.fleet" (worker2)\nrole worker { runtime = shell("true") }\n')
        self.only(self.check(self.fleet("circle.fleet", "./b.fleet")), "F102")
        self.only(self.check(self.fleet("self.fleet", "./self.fleet")), "F102")
        self.only(self.check(self.fleet("missing.fleet", "./nowhere.fleet")), "F102")
        self.only(self.check(self.fleet("folder.fleet", "./")), "F102")
        self.only(self.check(self.fleet("device.fleet", "/dev/zero")), "F102")

    def test_a_chain_of_a_thousand_imports(self):
        for i in range(1000):
            self.write(f"c{i}.fleet", f'use "./c{i + 1}.fleet" as n\nrole worker {{ runtime = shell("true") }}\n')
        self.write("c1000.fleet", 'role worker { runtime = shell("true") }\n')
        self.check(self.fleet("chain.fleet", "./c0.fleet"))


class Documents(Text):
    def fleet(self, front, name="doc.fleet"):
        (self.folder / "core.md").write_bytes(front.encode() if isinstance(front, str) else front)
        return self.write(name, 'fleet a v1 {\n  repo = git(".", base: main)\n'
                                '  identity core v4 { file = "core.md" }\n'
                                '  role worker { runtime = shell("true"); identity = [core@v4] }\n'
                                '  flow main { one = worker("x") }\n}\n')

    def test_front_matter_that_is_broken(self):
        entry = "{version: 4, date: 2026-01-31, note: x}"
        sound = f"---\nversion: 4\nlog: [{entry}]\n---\nText.\n"
        self.check(self.fleet(sound), codes=(DONE,))
        for front, code in [
            ("", "F410"), ("no front matter", "F410"), ("---\nversion: 4\n", "F410"),
            ("---\n" + "[" * 100_000 + "\n---\n", "F410"), ("---\n{{{{\n---\n", "F410"),
            ("---\nversion: [4]\n---\n", "F410"), ("---\n- 4\n---\n", "F410"),
            (f"---\nversion: 4\nversion: 4\nlog: [{entry}]\n---\n", "F410"),
            ("---\nversion: 4\nlog: soon\n---\n", "F410"),
            ("---\nversion: 4\nlog: [x]\n---\n", "F410"),
            ("---\nversion: 4\n---\n", "F411"),
            (f"---\nversion: 4\nlog: [{{version: 3, date: 2026-02-01}}, {entry}]\n---\n", "F411"),
            ("---\nversion: 4\nlog: [{version: 4, date: soon}]\n---\n", "F411"),
            ("---\na: &a [*a, *a]\nversion: 4\n---\n", "F411"),
            (b"---\nversion: \xff\xfe\n---\n", "F410"),
        ]:
            with self.subTest(front=front[:40]):
                self.only(self.check(self.fleet(front)), code)

    def test_a_document_that_is_a_link_out_of_the_repository(self):
        outside = self.space.root / "outside.md"
        outside.write_text("---\nversion: 4\nlog: [{version: 4, date: 2026-01-31, note: x}]\n---\n")
        name = self.fleet("")
        (self.folder / "core.md").unlink()
        (self.folder / "core.md").symlink_to(outside)
        self.only(self.check(name), "F412")
        inside = self.folder / "real.md"
        inside.write_bytes(outside.read_bytes())
        (self.folder / "core.md").unlink()
        (self.folder / "core.md").symlink_to("real.md")
        self.check(name, codes=(DONE,))


class Changes(Text):
    """lock and fix, which write."""

    def test_a_lock_is_written_once_and_then_holds(self):
        name = Documents.fleet(self, "---\nversion: 4\nlog: [{version: 4, date: 2026-01-31, note: x}]\n---\nBe kind.\n")
        self.check(name, words=("lock", "--check"), codes=(DEFINITION,))
        self.assertFalse((self.folder / "fleet.lock").exists())
        self.assertEqual(self.check(name, words=("lock",), codes=(DONE,)), "fleet.lock\n")
        self.assertEqual(self.check(name, words=("lock",), codes=(DONE,)), "")
        self.check(name, words=("lock", "--check"), codes=(DONE,))
        locked = (self.folder / "fleet.lock").read_text()
        document = self.folder / "core.md"
        document.write_text(document.read_text().replace("kind", "quick"))
        self.only(self.check(name), "F411")
        self.check(name, words=("lock",), codes=(DEFINITION,))
        self.assertEqual((self.folder / "fleet.lock").read_text(), locked)

    def test_a_fix_changes_the_file_and_keeps_its_mode_and_its_link(self):
        sound = (SOURCE_DIR / "tests/golden/plan/hello.fleet").read_bytes()
        self.write("real.fleet", sound.replace(b"to fixer", b"to fxier"))
        (self.folder / "real.fleet").chmod(0o640)
        (self.folder / "link.fleet").symlink_to("real.fleet")
        said = self.check("link.fleet", words=("fix", "--dry-run"), codes=(DONE,))
        self.assertIn("did you mean `fixer`", said)
        self.assertIn(b"fxier", (self.folder / "real.fleet").read_bytes())
        self.check("link.fleet", words=("fix",), codes=(DONE,))
        self.assertEqual((self.folder / "real.fleet").read_bytes(), sound)
        self.assertTrue((self.folder / "link.fleet").is_symlink())
        self.assertEqual((self.folder / "real.fleet").stat().st_mode & 0o777, 0o640)


if __name__ == "__main__":
    support.main()
