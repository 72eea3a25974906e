"""Hostile sessions in a crowd: every one of hundreds misbehaves in its own way, beside some that do
their work. What leaked or crossed over is seen from outside: in /proc, the mounts, the refs, what git
reads from them, the directories around, and a ledger that scripts append to; never in the journal.

FLEETC_E2E_CROWD sets the number of sessions.
"""
import os
import pathlib
import pty
import subprocess
import threading

import support
from support import FAILED, FleetTest, all_pids, command_line, ledger, read_proc, scripted

CROWD = int(os.environ.get("FLEETC_E2E_CROWD", "84"))

# What a session does, and whether its item passes. $mark is a word of this test's own; $item is the
# item's file; `work` does the item's work. The daemons outlive every patience unless they are ended.
HABITS = [
    ("works", True, "work"),
    ("forks", True, """work
       for i in 1 2 3 4 5 6 7 8; do (exec -a $mark sleep 9999) & done"""),
    ("daemonises", True, """work
       setsid sh -c "exec -a $mark setsid sleep 9999" >/dev/null 2>&1 </dev/null &"""),
    ("hides", True, """work
       setsid env -i /bin/bash -c "cd /; exec -a $mark sleep 9999 <&- >&- 2>&-" &
       sleep 0.05"""),
    ("ignores TERM", False, """work
       trap '' TERM INT HUP QUIT
       (trap '' TERM; exec -a $mark sleep 9999) &
       while :; do sleep 1; done"""),
    ("closes its pipes", True, """exec <&- >&- 2>&-
       work"""),
    ("floods its output", False, """work
       exec yes $mark"""),
    ("leaves a large file", False, """work
       head -c 64M /dev/zero >fill
       exit 1"""),
    ("poisons the index", True, """git update-index --skip-worktree keep.txt
       git update-index --assume-unchanged other.txt
       echo poisoned >keep.txt; echo poisoned >other.txt
       work"""),
    ("rewrites .git", True, """(rm -rf .git; echo gitdir: $outside >.git; echo evil >.git/HEAD; mkdir .git) 2>/dev/null
       work"""),
    ("plants a monitor and hooks", True, """git config core.fsmonitor "touch $outside/ran"
       git config core.hooksPath hooks
       mkdir -p hooks
       printf '#!/bin/sh\\ntouch %s/ran\\n' $outside >hooks/post-checkout
       chmod +x hooks/*
       cp hooks/post-checkout $(git rev-parse --git-path hooks)/post-checkout
       printf '* filter=evil\\n' >.gitattributes
       work"""),
    ("links out of the tree", True, """ln -s $outside/victim link; ln -s / root; ln -s ../../../.. up
       work"""),
    ("links its item away", False, "rm $item; ln -s $outside/victim $item"),
    ("writes to /tmp", True, """touch /tmp/$mark
       work"""),
    ("speaks to the terminal", False, """work
       printf '\\033]0;%s\\007\\033[2J\\033[31m%s\\n' $mark $mark
       printf '\\033]52;c;%s\\007' $mark >&2
       exit 1"""),
    ("deletes its worktree", False, "rm -rf $PWD/* $PWD/.[!.]*; rm -rf $PWD"),
    ("leaves a pipe", False, "mkfifo pipe; work"),
    ("leaves odd names", True, """mkdir -p a/b locked
       touch a/b/x -- '-rf' "$(printf 'new\\nline')"
       chmod 000 a/b; chmod 500 locked
       work"""),
    ("kills what it sees", True, """work
       kill -9 -1 2>/dev/null
       true"""),
    ("makes a nested repository", False, """git init -q inner
       git -C inner -c user.name=a -c user.email=a@a commit -q --allow-empty -m inner
       work"""),
    ("looks at its neighbours", True, """for d in $worktrees/*/*; do
         case $PWD/ in $d/*) ;; *) ls -A $d; esac
       done >>$outside/seen 2>&1
       work"""),
    ("writes to its neighbours", True, """for d in $worktrees/*/*; do
         case $PWD/ in $d/*) ;; *) (echo crossed >$d/x; mkdir -p $d/items; echo crossed >$d/items/1.txt) ;; esac
       done 2>/dev/null
       work"""),
]

# Those that leave more than their item; whatever else turns up on a branch came from a neighbour.
LEAVE_MORE = {"poisons the index", "plants a monitor and hooks", "links out of the tree", "leaves odd names"}
# Those that nothing but a sandbox stops: they reach what their user may reach.
NEEDS_SANDBOX = {"rewrites .git", "writes to /tmp", "plants a monitor and hooks", "deletes its worktree",
                 "kills what it sees", "looks at its neighbours", "writes to its neighbours"}
LOOSE = [habit if habit[0] not in NEEDS_SANDBOX else HABITS[0] for habit in HABITS]


def script(mark, worktrees, habits):
    cases = "".join(f"  {index}) {text}\n  ;;\n" for index, (_, _, text) in enumerate(habits))
    return f'''set +eu
mark={mark}; worktrees={worktrees}
work() {{ echo "done by $item" >>"$item"; }}
echo "$item" >>$outside/ledger
number=${{item#items/}}; number=${{number%.txt}}
case $((number % {len(habits)})) in
{cases}esac
exit $?
'''


def mounts():
    return pathlib.Path("/proc/self/mounts").read_text().splitlines()


def on_terminal(child_of):
    """Runs what `child_of(terminal)` starts on a terminal of its own; its output to the end."""
    mine, terminal = pty.openpty()
    child = child_of(terminal)
    os.close(terminal)
    shown = bytearray()

    def read():
        while True:
            try:
                data = os.read(mine, 65536)
            except OSError:
                return
            if not data:
                return
            shown.extend(data)

    reader = threading.Thread(target=read)
    reader.start()
    errors = child.communicate(timeout=10 * support.PATIENCE)[1]
    reader.join()
    os.close(mine)
    return child.returncode, bytes(shown), errors


class Crowd(FleetTest):
    def make(self, habits, sandbox=True):
        self.habits = habits
        self.mark = "crowd-" + self.space.root.name.rpartition("-")[2]
        (self.space.outside / "victim").write_text("mine\n")
        worktrees = self.space.root / "state" / "fleetc" / "worktrees"
        return scripted(
            self.space, script(self.mark, worktrees, habits), sandbox=sandbox, items=CROWD,
            accept='accept = ["sh judge.sh {item}" passes]', clauses="width 8 force parallel timeout 20s else skip",
            more={"keep.txt": "base\n", "other.txt": "base\n",
                  "judge.sh": 'test ! -L "$1" && grep -qxF "done by $1" "$1"\n'},
            shell="bash", head="  limits = sessions 8 worktrees 256MiB\n")

    def marked(self):
        """Live processes of this test's sessions, wherever they went and whatever they shed."""
        word = self.mark.encode()
        return [pid for pid in all_pids()
                if pid != os.getpid() and word in read_proc(pid, "cmdline")]

    def test_nothing_leaks_and_nothing_crosses_over(self):
        self.hold(self.make(HABITS))

    def test_nothing_leaks_of_sessions_without_a_sandbox(self):
        self.hold(self.make(LOOSE, sandbox=False))

    def hold(self, repo):
        before, main, mounted, temporary = repo.users(), repo.git("rev-parse", "main"), mounts(), set(os.listdir("/tmp"))
        code, shown, errors = on_terminal(lambda terminal: subprocess.Popen(
            [support.BINARY, "run", "t.fleet", "-j", "8"], cwd=repo.path, stdin=subprocess.DEVNULL, stdout=terminal,
            stderr=subprocess.PIPE, start_new_session=True, env=self.space.environment(TERM="xterm")))
        self.assertIn(code, (support.DONE, FAILED), errors.decode(errors="replace")[-2000:])
        self.assert_no_process_left()
        self.assertEqual(self.marked(), [])
        self.assertEqual(mounts(), mounted)
        self.check_branches(repo, main)
        self.check_outside(repo, before, temporary)
        for text in (shown, errors, self.said(repo)):
            self.assertNotIn(b"\033]", text)
            self.assertNotIn(b"\033[31m" + self.mark.encode(), text)
        self.check_clean(repo)

    def said(self, repo):
        return b"".join(self.space.run(*words, cwd=repo.path).text.encode(errors="surrogateescape")
                        for words in (["log"], ["status"], ["log", "--format", "json"]))

    def check_branches(self, repo, main):
        works = [n for n in range(1, CROWD + 1) if self.habits[n % len(HABITS)][1]]
        wanted = {f"w/items/{n}.txt" for n in works}
        branches = repo.branches()
        self.assertEqual(branches.pop("main"), main)
        branches.pop("gathered")
        self.assertEqual(set(branches), wanted)
        for number in works:
            item = f"items/{number}.txt"
            commit, habit = branches[f"w/{item}"], self.habits[number % len(HABITS)][0]
            names = set(filter(None, repo.git("diff", "--name-only", "-z", main, commit).split("\0")))
            more = names - {item}
            self.assertIn(item, names, habit)
            self.assertEqual(bool(more), habit in LEAVE_MORE, f"{habit}: {sorted(more)}")
            self.assertFalse(any(name.startswith("items/") for name in more), f"{habit}: {sorted(more)}")
            self.assertEqual(repo.git("rev-parse", commit + "^"), main, habit)
            self.assertEqual(repo.show("gathered", item), f"{number}\ndone by {item}\n".encode())
        self.assertEqual(repo.git("fsck", "--strict", "--no-dangling"), "")

    def check_outside(self, repo, before, temporary):
        self.assert_same_users(before, repo)
        self.assertEqual((self.space.outside / "victim").read_text(), "mine\n")
        self.assertFalse((self.space.outside / "ran").exists(), "something planted was run")
        seen = self.space.outside / "seen"
        self.assertEqual(seen.read_text() if seen.exists() else "", "", "a session saw its neighbours")
        self.assertEqual([name for name in set(os.listdir("/tmp")) - temporary if self.mark in name], [])
        served = ledger(self.space)
        self.assertEqual(set(served), {f"items/{n}.txt" for n in range(1, CROWD + 1)})

    def check_clean(self, repo):
        self.space.run("clean", cwd=repo.path, expect=support.DONE)
        kept = sum(p.lstat().st_size for p in (self.space.root / "state").rglob("*") if p.is_file() and not p.is_symlink())
        self.assertLess(kept, 256 << 20)


if __name__ == "__main__":
    support.main()
