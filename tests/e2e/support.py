"""What the end-to-end tests share: a scratch space with a repository in it, the built binary run in
a clean environment, and observers of processes, of git and of what scripts did.

Everything of one test lives in one new directory, whose path is in the environment of every process
that the test starts; that is how leftovers are found and how cleaning up ends nothing else.
"""
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE_DIR = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = os.environ.get("FLEETC_BINARY", str(SOURCE_DIR / "build" / "dev" / "fleetc"))
# Upper bounds for things that take a fraction of it: only a hang reaches them.
PATIENCE = 120 * float(os.environ.get("FLEETC_E2E_SLOWNESS", "1"))

DONE, DEFINITION, USAGE, FAILED, WAITING, BUG = 0, 1, 2, 3, 4, 70


def wait_until(holds, what, patience=PATIENCE):
    """Returns the first true value of `holds()`; fails when it stays false."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        value = holds()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {patience:.0f} s in vain: {what}")


class Repo:
    """A git repository of a test, worked on with the machine's git but nobody's configuration."""

    def __init__(self, space, path):
        self.space = space
        self.path = pathlib.Path(path)

    def git(self, *arguments, check=True, text=True):
        done = subprocess.run(["git", *map(os.fspath, arguments)], cwd=self.path,
                              env=self.space.environment(), stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=PATIENCE, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"git {arguments}: {done.stderr.decode(errors='replace')}")
        return done.stdout.decode(errors="surrogateescape").rstrip("\n") if text else done.stdout

    def write(self, path, content, mode=0o644):
        target = self.path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
        target.chmod(mode)
        return target

    def commit(self, message="Change things"):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def refs(self, prefix="refs/heads/"):
        """Name to commit, of the refs under `prefix`."""
        lines = self.git("for-each-ref", "--format=%(objectname) %(refname)", prefix).splitlines()
        return {line.split(" ", 1)[1]: line.split(" ", 1)[0] for line in lines}

    def branches(self):
        return {name.removeprefix("refs/heads/"): commit for name, commit in self.refs().items()}

    def show(self, revision, path):
        return self.git("cat-file", "blob", f"{revision}:{path}", text=False)

    def tree(self, revision):
        return self.git("rev-parse", revision + "^{tree}")

    def users(self):
        """All that is the user's and that no run may change, as one comparable value: the checkout
        to the byte and its times, HEAD, the index file, configuration, hooks, and what git says of
        it. Branches that a fleet makes are not in it."""
        common = pathlib.Path(self.git("rev-parse", "--git-common-dir"))
        common = common if common.is_absolute() else self.path / common
        files = {}
        for path in sorted(self.path.rglob("*")):
            name = path.relative_to(self.path)
            if name.parts[0] == ".git":
                continue
            facts = path.lstat()
            if path.is_symlink():
                content = os.readlink(path)
            else:
                content = path.read_bytes() if path.is_file() else None
            files[os.fsdecode(name)] = (facts.st_mode, facts.st_mtime_ns, content)
        internals = {name: (common / name).read_bytes()
                     for name in ("HEAD", "config", "index", "info/exclude", "packed-refs")
                     if (common / name).is_file()}
        index_time = (common / "index").stat().st_mtime_ns if (common / "index").exists() else 0
        hooks = sorted((p.name, p.read_bytes()) for p in (common / "hooks").glob("*")) \
            if (common / "hooks").is_dir() else []
        status = self.git("--no-optional-locks", "status", "--porcelain", "--ignored", "-z",
                          check=False)
        return {"files": files, "internals": internals, "index time": index_time, "hooks": hooks,
                "status": status, "stash": self.refs("refs/stash"), "tags": self.refs("refs/tags/"),
                "worktree": self.git("rev-parse", "HEAD", check=False)}


class Space:
    """One test's directory: `home`, `state` and `outside` beside the repositories."""

    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="fleetc-e2e-")).resolve()
        for name in ("home", "state", "outside"):
            (self.root / name).mkdir()
        self.outside = self.root / "outside"
        self.variables = {}

    def environment(self, **more):
        return {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8",
                "HOME": str(self.root / "home"), "XDG_STATE_HOME": str(self.root / "state"),
                "GIT_CONFIG_NOSYSTEM": "1", "FLEETC_E2E_SPACE": str(self.root),
                "GIT_AUTHOR_NAME": "A User", "GIT_AUTHOR_EMAIL": "user@example.invalid",
                "GIT_COMMITTER_NAME": "A User", "GIT_COMMITTER_EMAIL": "user@example.invalid",
                **sanitizer_options(), **self.variables, **more}

    def repo(self, files=(), name="repo"):
        """A new repository on branch `main` with one commit of `files`, a dict of path to text."""
        path = self.root / name
        path.mkdir(parents=True)
        repo = Repo(self, path)
        repo.git("init", "-q", "-b", "main")
        for file, content in dict(files).items():
            repo.write(file, content)
        if files:
            repo.commit("Begin")
        return repo

    def start(self, *arguments, cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **more):
        """The binary as a child of its own process group, so that a signal to the test is not its."""
        return subprocess.Popen([BINARY, *map(os.fspath, arguments)], cwd=cwd, stdin=stdin,
                                stdout=stdout, stderr=subprocess.PIPE, start_new_session=True,
                                env=self.environment(**more))

    def run(self, *arguments, cwd, expect=None, patience=PATIENCE, **more):
        """The binary to its end. `expect`: the exit code it must have."""
        child = self.start(*arguments, cwd=cwd, **more)
        done = finish(child, arguments, patience)
        if expect is not None and done.code != expect:
            raise AssertionError(f"{done}\nwanted exit code {expect}")
        return done

    def processes(self):
        """pids of every live process of this space, this test's own aside."""
        return [pid for pid in all_pids() if pid != os.getpid() and belongs(pid, self.root)]

    def keeper(self):
        """pids of keepers: there is at most one, but it may be seen while it forks."""
        return [pid for pid in self.processes() if b"keeper" in command_line(pid)[:2]]

    def kill_all(self):
        for pid in self.processes():
            end_process(pid)

    def close(self):
        wait_gone = time.monotonic() + 10
        while self.processes() and time.monotonic() < wait_gone:
            self.kill_all()
            time.sleep(0.02)
        for path in [self.root, *self.root.rglob("*")]:
            if path.is_dir() and not path.is_symlink() and os.geteuid() != 0:
                path.chmod(0o700)
        shutil.rmtree(self.root, ignore_errors=True)


class Done:
    """How one run of the binary ended."""

    def __init__(self, arguments, code, out, err):
        self.arguments, self.code, self.out, self.err = arguments, code, out, err

    @property
    def text(self):
        return self.out + self.err

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        command = " ".join(map(str, self.arguments))
        return f"fleetc {command}: exit code {self.code}\n--- out\n{self.out}--- err\n{self.err}---"


def finish(child, arguments=(), patience=PATIENCE):
    try:
        out, err = child.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        child.kill()
        out, err = child.communicate()
        raise AssertionError(f"hangs: {Done(arguments, 'none', text_of(out), text_of(err))}") from None
    return Done(arguments, child.returncode, text_of(out), text_of(err))


def text_of(data):
    return (data or b"").decode(errors="surrogateescape")


def sanitizer_options():
    return {name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")
            if name in os.environ}


# --- processes ---------------------------------------------------------------------------------

def all_pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def read_proc(pid, name):
    try:
        return pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def command_line(pid):
    return read_proc(pid, "cmdline").split(b"\0")


def belongs(pid, root):
    """Whether a live process names the space in its command, environment, or working directory."""
    mark = os.fsencode(root)
    if mark in read_proc(pid, "environ") or mark in read_proc(pid, "cmdline"):
        return not is_zombie(pid)
    try:
        return os.fsencode(os.readlink(f"/proc/{pid}/cwd")).startswith(mark)
    except OSError:
        return False


def is_zombie(pid):
    status = read_proc(pid, "stat").rpartition(b")")[2].split()
    return bool(status) and status[0] == b"Z"


def end_process(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


# --- fleets ------------------------------------------------------------------------------------

def fleet(role, flow, head="", base="main", name="t"):
    """The text of a fleet file around the parts that a test is about."""
    return f'''fleet {name} v1 {{
  repo = git(".", base: {base})
{head}
  role worker {{
{role}
  }}

  flow main {{
{flow}
  }}
}}
'''


def runtime(command, outside=None, name="tool", sandbox=True):
    """A runtime declaration; `outside` is a directory that its sessions may write."""
    write = f'[write: ["{outside}"]]' if outside else "on"
    sandbox = f"\n    sandbox = {write if sandbox else 'off'}"
    return f'''  runtime {name} {{
    adapter = shell
    command = "{command}"{sandbox}
  }}
'''


def scripted(space, script, items=4, accept='accept = ["true" passes]', clauses="", gather=True,
             role="", more=(), name="repo", head="", shell="sh", sandbox=True):
    """A repository with a fleet of `items` items, each served by `script` ($1 is the item), which
    may write `space.outside`. Item K is the file items/K.txt; branches are w/items/K.txt."""
    files = {f"items/{number}.txt": f"{number}\n" for number in range(1, items + 1)}
    flow = f'    work = fanout x in files("items/*.txt") to worker {clauses}\n'
    if gather:
        flow += '    gather = repo.merge(work, into: "gathered") after work.some_accepted\n'
    contract = f'    runtime = tool\n    writes = worktree("w/{{item}}")\n    {accept}\n{role}'
    files["t.fleet"] = fleet(contract, flow, head + runtime(f"{shell} tool.sh {{item}}", space.outside,
                                                                sandbox=sandbox))
    files["tool.sh"] = f"set -eu\nitem=$1\noutside={space.outside}\n{script}\n"
    files.update(dict(more))
    return space.repo(files, name)


def ledger(space, name="ledger"):
    """What scripts appended to `outside/ledger`, line by line."""
    path = space.outside / name
    return path.read_text().splitlines() if path.exists() else []


class FleetTest(unittest.TestCase):
    """A test with a space of its own, which is gone afterwards with every process in it."""

    maxDiff = 4000

    def setUp(self):
        self.space = Space()
        self.addCleanup(self.space.close)

    def assert_same_users(self, before, repo):
        """Nothing of the user's has changed since `before = repo.users()`."""
        after = repo.users()
        for part, value in before.items():
            self.assertEqual(value, after[part], f"the run changed the user's {part}")

    def assert_no_process_left(self):
        """Sessions end with their run; the keeper ends itself when nobody needs it."""
        wait_until(lambda: not self.space.processes(),
                   f"processes left: {[command_line(p) for p in self.space.processes()]}", 60)

    def assert_says(self, done, *words):
        for word in words:
            self.assertIn(word.lower(), done.text.lower(), str(done))


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def main():
    if not os.access(BINARY, os.X_OK):
        print(f"no binary at {BINARY}: build it, or set FLEETC_BINARY", file=sys.stderr)
        sys.exit(1)
    unittest.main(verbosity=2)
