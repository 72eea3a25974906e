"""The rows about reviews, merges and losses: what somebody waits for after a verdict, and what it costs that an engine, an
agent or a human is gone. Times are taken from the journal, which has each event's."""
import json
import os
import pathlib
import signal
import subprocess
import time

BY_HAND = ["-c", "user.name=b", "-c", "user.email=b@example.org"]

ROLES = """
  role builder { runtime = shell("sh build.sh {task}"); writes = worktree("task/{task}"); accept = ["true" passes] }
  agent judge : builder { runtime = shell("sh judge.sh"); reads = diff; writes = none; returns = verdict; accept = [] }
"""
SCRIPTS = {
    "build.sh": 'set -eu\necho "$1" >"file-$1"\n',
    "judge.sh": 'set -eu\n"$FLEETC" agent verdict approved --summary fine\n',
}


def fleet(flow, head=""):
    return f'fleet b v1 {{\n  repo = git(".", base: main)\n{head}{ROLES}\n  flow main {{\n{flow}\n  }}\n}}\n'


def repository(bench, flow, head="", scripts=None):
    repo = bench.repository(fleet(flow, head), {**SCRIPTS, **(scripts or {})})
    subprocess.run(["git", "-C", str(repo), "switch", "-qc", "mine"], check=True, env=bench.environment)
    return repo


def events(bench, repo):
    done = subprocess.run([str(bench.fleetc), "log", "--format", "json"], cwd=repo, env=bench.environment, check=True,
                          capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def times(all_events, name):
    return [event["at"] / 1000 for event in all_events if event["event"] == name]


def running(all_events):
    """When which attempt began to run, by the step's name."""
    return [(event["at"] / 1000, change["task"], change["epoch"]) for event in all_events
            for change in event["transitions"] if change["to"] == "running"]


def merged_by_hand(bench, repo, branch):
    """The same with git alone: a worktree of the base, a merge, the evidence, the base moved, the worktree gone."""
    folder = bench.folder() / "merge"

    def git(*words, cwd=repo):
        subprocess.run(["git", *BY_HAND, *map(str, words)], cwd=cwd, check=True, env=bench.environment,
                       stdout=subprocess.DEVNULL)
    begun = time.perf_counter()
    git("worktree", "add", "-q", "--detach", folder, "main")
    git("merge", "-q", "--no-ff", "-m", "merge", branch, cwd=folder)
    subprocess.run(["true"], check=True)
    git("update-ref", "refs/heads/main", subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True).stdout.strip())
    git("worktree", "remove", "--force", folder)
    return time.perf_counter() - begun


def verdict(bench, row, pairs):
    """From the verdict that approves to the base that has moved; and how fast the queue of a base goes."""
    rounds = bench.of_size(9, 5, 1)
    ours, peer = [], []
    for _ in range(rounds):
        repo = repository(bench, '    build = builder("one") else fail\n    look = judge(build.diff) else fail\n'
                                 '    merge = repo.merge(build) after look.approved else fail')
        bench.timed(bench.fleetc, "run", "bench.fleet", cwd=repo)
        told = events(bench, repo)
        ours.append(times(told, "merged")[-1] - times(told, "verdict_given")[-1])
        subprocess.run(["git", "branch", "-qf", "main", "main^"], cwd=repo, check=True, env=bench.environment)
        peer.append(merged_by_hand(bench, repo, "task/one"))
    count = bench.of_size(40, 20, 3)
    queue, by_hand = [], []
    for _ in range(bench.of_size(5, 3, 1)):
        lines = [f'    b{n} = builder("{n}") else fail\n    l{n} = judge(b{n}.diff) else fail\n'
                 f'    m{n} = repo.merge(b{n}) after looked.approved else fail' for n in range(count)]
        lines.append("    looked = all(" + ", ".join(f"l{n}" for n in range(count)) + ") else fail")
        repo = repository(bench, "\n".join(lines))
        bench.timed(bench.fleetc, "run", "bench.fleet", cwd=repo)
        at = times(events(bench, repo), "merged")
        queue.append((at[-1] - at[0]) / (len(at) - 1))
        subprocess.run(["git", "branch", "-qf", "main", "mine"], cwd=repo, check=True, env=bench.environment)
        took = [merged_by_hand(bench, repo, f"task/{n}") for n in range(count)]
        by_hand.append(sum(took[1:]) / (count - 1))
    note = "by hand: git worktree add, merge, the same evidence, update-ref, worktree remove"
    return [row("verdict", "from the approving verdict to the merged base", ours, peer, pairs(ours, peer), "", None, note=note),
            row("queue", f"one merge of {count} into the same base", queue, by_hand, pairs(queue, by_hand), "", None, note=note)]


def lost(bench, row):
    """What it costs that an engine, an agent or a human is gone."""
    sessions = bench.of_size(8, 8, 2)
    engine, agent, human = [], [], []
    for _ in range(bench.of_size(7, 3, 1)):
        outside = bench.folder()
        head = f'  human ann {{ answers = 8h }}\n  runtime tool {{ adapter = shell; command = "sh slow.sh {{task}}"; sandbox = [write: ["{outside}"]] }}\n' \
               '  role slow : builder { runtime = tool; restart = on_crash backoff 1ms..1ms max 9/h }\n'
        flow = "\n".join(f'    s{n} = slow("{n}") retry 1 else fail' for n in range(sessions)) + \
            "\n    all_slow = all(" + ", ".join(f"s{n}" for n in range(sessions)) + ") else fail" \
            "\n    gather = repo.merge(" + ", ".join(f"s{n}" for n in range(sessions)) + ', into: "all") after all_slow.accepted else fail' \
            "\n    signoff = human(ann) after gather.merged timeout 8h else fail" \
            "\n    merge = repo.merge(gather) after signoff.approved else fail"
        # Each has processes of its own numbers: they do not tell two apart.
        slow = f': >"$(mktemp {outside}/$1.XXXXXX)"\nif test "$1" = 0 && ! test -e {outside}/died; then\n' \
               f'  touch {outside}/died; kill -9 $$\nfi\nuntil test -e {outside}/go; do sleep 0.01; done\necho "$1" >"file-$1"\n'
        repo = repository(bench, flow, head, {"slow.sh": slow})
        command = [str(bench.fleetc), "run", "bench.fleet", "-j", str(sessions), "--no-wait"]
        child = subprocess.Popen(command, cwd=repo, env=bench.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, start_new_session=True)
        while len(list(outside.glob("*.*"))) < sessions + 1:
            if child.poll() is not None:
                raise SystemExit(f"the run ended early: exit code {child.returncode}")
            time.sleep(0.01)
        told = events(bench, repo)
        died = next(event for event in told if event["event"] == "exited")
        again = next(at for at, task, epoch in running(told) if epoch == 2)
        agent.append(again - died["at"] / 1000)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        begun = time.time()
        child = subprocess.Popen([str(bench.fleetc), "resume", "--no-wait"], cwd=repo, env=bench.environment,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while True:
            resumed = [event for event in events(bench, repo) if event["event"] == "reconciled"]
            if resumed:
                break
            time.sleep(0.01)
        engine.append(resumed[-1]["at"] / 1000 - begun)
        pathlib.Path(outside, "go").touch()
        if child.wait() != 4:
            raise SystemExit(f"resume: exit code {child.returncode}")
        bench.timed(bench.fleetc, "approve", "signoff", cwd=repo)
        human.append(bench.timed(bench.fleetc, "resume", cwd=repo))
        begun_sessions = sum(1 for _, task, _ in running(events(bench, repo)) if task.startswith("s") and task[1:].isdigit())
        if begun_sessions != sessions + 1:
            raise SystemExit(f"{begun_sessions} sessions were begun for {sessions} tasks and one that was killed")
    return [row("lost engine", f"kill -9 of the engine beside {sessions} sessions: until the next one has them all (none begun again)",
                engine, [], [], "", None),
            row("lost agent", "kill -9 of a session: until the next attempt runs, at a backoff of 1 ms", agent, [], [], "", None),
            row("late human", "an answer that came while no engine ran: from `resume` to the merged base", human, [], [], "", None)]
