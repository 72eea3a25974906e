"""Both Ctrl-Cs: the first drains, the second stops now; either way the run can be resumed."""
import os
import signal
import time

import support
from support import DONE, FleetTest, ledger, scripted, wait_until

ITEMS = 6
# A session that waits until the test lets it go on.
SCRIPT = '''echo "start $item" >>$outside/ledger
until test -e $outside/go; do sleep 0.05; done
echo done >>"$item"
echo "end $item" >>$outside/ledger'''


class Stop(FleetTest):
    def begin(self, script=SCRIPT):
        self.repo = scripted(self.space, script, items=ITEMS,
                             clauses="width 2 est 10s spawn 10ms force parallel")
        self.before = self.repo.users()
        child = self.space.start("run", "t.fleet", "-j", "2", cwd=self.repo.path)
        self.addCleanup(child.kill)
        wait_until(lambda: len(ledger(self.space)) >= 2, "two sessions begin")
        return child

    def lines(self, word):
        return sorted(line.split(" ", 1)[1] for line in ledger(self.space) if line.startswith(word))

    def send(self, child, *signals):
        """One after the other: two of a kind that are both pending are one."""
        for number in signals:
            os.kill(child.pid, number)
            time.sleep(0.3)

    def go(self):
        (self.space.outside / "go").touch()

    def resume(self):
        done = self.space.run("resume", cwd=self.repo.path)
        self.assertEqual(done.code, DONE, str(done))
        self.assert_same_users(self.before, self.repo)
        for number in range(1, ITEMS + 1):
            path = f"items/{number}.txt"
            self.assertEqual(self.repo.show("gathered", path), f"{number}\ndone\n".encode())
        self.assert_no_process_left()

    def test_the_first_ctrl_c_lets_running_sessions_finish(self):
        child = self.begin()
        os.kill(child.pid, signal.SIGINT)
        time.sleep(0.5)
        self.assertIsNone(child.poll(), "running sessions are waited for")
        self.go()
        done = support.finish(child)
        self.assertEqual(done.code, 130, str(done))
        self.assertEqual(len(self.lines("start")), 2, "no new session after the signal")
        self.assertEqual(len(self.lines("end")), 2)
        self.assert_says(done, "resume")
        self.resume()
        self.assertEqual(self.lines("start"), [f"items/{n}.txt" for n in range(1, ITEMS + 1)],
                         "nothing that finished is run again")

    def stop_now(self, *signals):
        child = self.begin()
        self.send(child, *signals)
        done = support.finish(child)
        self.assertEqual(done.code, 128 + signals[-1], str(done))
        self.assertEqual(self.lines("end"), [])
        self.assert_says(done, "resume")
        self.assert_no_process_left()
        self.go()
        self.resume()

    def test_the_second_ctrl_c_stops_at_once(self):
        self.stop_now(signal.SIGINT, signal.SIGINT)

    def test_the_second_ctrl_c_does_not_wait_for_a_merge_to_be_judged(self):
        space = support.Space()
        self.addCleanup(space.close)
        repo = scripted(space, 'echo done >>"$item"', items=2)
        text = (repo.path / "t.fleet").read_text()
        repo.write("t.fleet", text.replace("  flow main {", '  flow main {\n    accept = ["sleep 15" passes]'))
        repo.commit("Judge slowly")
        child = space.start("run", "t.fleet", cwd=repo.path)
        self.addCleanup(child.kill)
        wait_until(lambda: any(b"sleep\x0015" in support.read_proc(pid, "cmdline") for pid in space.processes()),
                   "the merge is judged")
        self.send(child, signal.SIGINT, signal.SIGINT)
        done = support.finish(child)
        self.assertEqual(done.code, 130, str(done))
        self.assertNotIn("gathered", repo.branches())
        space.run("resume", cwd=repo.path, expect=DONE)
        self.assertIn("gathered", repo.branches())

    def test_the_second_ctrl_c_does_not_wait_for_the_command_of_a_source(self):
        space = support.Space()
        self.addCleanup(space.close)
        repo = scripted(space, 'echo done >>"$item"', items=2, clauses="limit 9")
        text = (repo.path / "t.fleet").read_text()
        repo.write("list.sh", "sleep 9999; ls items/*.txt\n")
        repo.write("t.fleet", text.replace('files("items/*.txt")', 'lines(run("sh list.sh"))'))
        repo.commit("List slowly")

        def sleepers():
            return [pid for pid in space.processes() if support.command_line(pid)[:2] == [b"sleep", b"9999"]]
        child = space.start("run", "t.fleet", cwd=repo.path)
        self.addCleanup(child.kill)
        wait_until(sleepers, "the list is made")
        self.send(child, signal.SIGINT, signal.SIGINT)
        done = support.finish(child)
        self.assertEqual(done.code, 130, str(done))
        self.assertEqual(sleepers(), [])
        child = space.start("resume", cwd=repo.path)
        self.addCleanup(child.kill)
        for pid in wait_until(sleepers, "the list is made again"):
            os.kill(pid, signal.SIGTERM)
        done = support.finish(child)
        self.assertEqual(done.code, DONE, str(done))
        self.assertIn("gathered", repo.branches())

    def test_a_third_ctrl_c_leaves_everything_as_it_is(self):
        child = self.begin("trap '' TERM INT HUP\n" + SCRIPT)
        for _ in range(3):
            os.kill(child.pid, signal.SIGINT)
            time.sleep(0.1)
        done = support.finish(child)
        self.assertEqual(done.code, 130, str(done))
        self.assert_says(done, "left as it is")
        self.go()
        self.resume()

    def test_sigterm_leaves_little_time_and_stops_at_once(self):
        self.stop_now(signal.SIGTERM)

    def test_a_terminal_that_goes_away_stops_the_run(self):
        self.stop_now(signal.SIGHUP)

    def test_a_session_that_ignores_the_stop_is_ended(self):
        child = self.begin("trap '' TERM INT HUP\n" + SCRIPT)
        self.send(child, signal.SIGINT, signal.SIGINT)
        done = support.finish(child)
        self.assertEqual(done.code, 130, str(done))
        self.assert_no_process_left()
        self.go()
        self.resume()

    def test_a_run_that_is_stopped_says_so_in_status(self):
        child = self.begin()
        self.send(child, signal.SIGINT, signal.SIGINT)
        support.finish(child)
        done = self.space.run("status", cwd=self.repo.path, expect=DONE)
        self.assert_says(done, "resume")


if __name__ == "__main__":
    support.main()
