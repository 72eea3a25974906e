// Threads, the user's own git at the same time, and kill -9 at any instant.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <set>
#include <thread>

#include <catch2/catch.hpp>

#include "engine/worktree/capture.h"
#include "engine/worktree/merge.h"
#include "engine/worktree/refs.h"
#include "tests/unit/engine/worktree/git_fixture.h"

namespace fleet::worktree::testing {
namespace {

void fill(const GitFixture& fixture) {
  for (int i = 0; i < 200; ++i) {
    fixture.put("d" + std::to_string(i / 20) + "/f" + std::to_string(i), std::to_string(i) + "\n");
  }
}

// Runs `work` in a child and kills it after `delay`, if it lives that long. Only async-signal-safe
// or freshly made state is shared: the child opens everything itself.
template <class Work>
void killed_after(std::chrono::microseconds delay, Work work) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    work();
    ::_exit(0);
  }
  std::this_thread::sleep_for(delay);
  ::kill(child, SIGKILL);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
}

}  // namespace

TEST_CASE("threads with pools of their own and the user's gc and prune never disturb one another") {
  const GitFixture fixture;
  fill(fixture);
  SlotRequest request;
  request.commit = fixture.commit("first");
  std::atomic<int> failures{0};
  std::atomic<bool> done{false};
  const auto work = [&](int number) {
    try {
      Repository repository = fixture.open();
      const auto pool = value(Pool::open(repository, fixture.slots()));
      for (int round = 0; round < 4; ++round) {
        Slot slot = value(pool->acquire(repository, request));
        const std::string name = std::to_string(number) + "-" + std::to_string(round);
        write(slot.tree() + "/new/" + name, name);
        CaptureRequest wanted;
        wanted.message = name;
        const auto outcome = value(capture(repository, slot, wanted));
        const Oid commit = std::get<Captured>(outcome).commit;
        ok(move_refs(repository, {{attempt_ref("run", name, 1), std::nullopt, commit}}, "attempt"));
        if (round % 2 == 1) {
          ok(pool->destroy(repository, slot));
        } else {
          ok(pool->release(slot, Leftovers::kSaved));
        }
      }
    } catch (const std::exception& error) {
      ++failures;
      WARN(error.what());
    }
  };
  std::thread user([&] {
    while (!done) {
      if (shell(fixture.git("gc -q && ") + fixture.git("worktree prune --expire=now")).status != 0)
        ++failures;
      run(fixture.git("worktree add -q --detach ") + shell_word(fixture.dir() + "/mine") + " && " +
          fixture.git("worktree remove --force ") + shell_word(fixture.dir() + "/mine"));
    }
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back(work, i);
  for (std::thread& thread : threads)
    thread.join();
  done = true;
  user.join();
  CHECK(failures == 0);
  Repository repository = fixture.open();
  CHECK(value(list_refs(repository, "refs/fleet/attempt/run")).size() == 12);
  CHECK(fixture.run_git("fsck --strict --no-dangling 2>&1").empty());
}

TEST_CASE("one pool serves several threads with slots that are never shared") {
  const GitFixture fixture;
  fill(fixture);
  SlotRequest request;
  request.commit = fixture.commit("first");
  Repository repository = fixture.open();
  const auto pool = value(Pool::open(repository, fixture.slots()));
  std::mutex mutex;
  std::set<SlotId> in_use;
  std::atomic<int> clashes{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      Repository own = fixture.open();
      for (int round = 0; round < 5; ++round) {
        const Slot slot = value(pool->acquire(own, request));
        {
          const std::lock_guard lock(mutex);
          if (!in_use.insert(slot.id).second)
            ++clashes;
        }
        write(slot.tree() + "/x", "x");
        {
          const std::lock_guard lock(mutex);
          in_use.erase(slot.id);
        }
        ok(pool->release(slot, Leftovers::kSaved));
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  CHECK(clashes == 0);
  CHECK(value(pool->scan()).size() <= 4);
}

TEST_CASE("a kill while a slot is made, reset or destroyed is repaired by the next acquire") {
  const GitFixture fixture;
  fill(fixture);
  const Oid first = fixture.commit("first");
  run("cd " + shell_word(fixture.repo()) + " && rm -r d3 d4 d5");
  fixture.put("d5", "a file where a directory was\n");
  const Oid second = fixture.commit("second");
  for (int step = 0; step < 24; ++step) {
    killed_after(std::chrono::microseconds(step * 3000), [&] {
      Repository repository = fixture.open();
      const auto pool = value(Pool::open(repository, fixture.slots()));
      SlotRequest request;
      for (;;) {
        request.commit = request.commit == first ? second : first;
        const Slot slot = value(pool->acquire(repository, request));
        write(slot.tree() + "/junk/x", "x");
        if (request.commit == second) {
          ok(pool->destroy(repository, slot));
        } else {
          ok(pool->release(slot, Leftovers::kSaved));
        }
      }
    });
    Repository repository = fixture.open();
    const auto pool = value(Pool::open(repository, fixture.slots()));
    SlotRequest request;
    request.commit = step % 2 == 0 ? first : second;
    const Slot slot = value(pool->acquire(repository, request));
    CHECK(GitFixture::picture(slot.tree()) == fixture.expected_picture(request.commit.hex()));
    ok(pool->release(slot, Leftovers::kSaved));
    // Nothing is held by the dead, and git still understands every entry.
    for (const ScannedSlot& found : value(pool->scan()))
      CHECK_FALSE(found.in_use);
    CHECK(shell(fixture.git("worktree list")).status == 0);
  }
  Repository repository = fixture.open();
  const auto pool = value(Pool::open(repository, fixture.slots()));
  for (const ScannedSlot& found : value(pool->scan())) {
    if (found.leftovers == Leftovers::kSaved)
      continue;
    const Slot slot = value(pool->adopt(found.slot.id));
    ok(pool->release(slot, Leftovers::kSaved));
  }
  value(pool->prune(repository, 0));
  CHECK(run("ls -A " + shell_word(fixture.slots())).empty());
  CHECK(shell("ls " + shell_word(fixture.repo() + "/.git/worktrees")).text.find("fleet-") ==
        std::string::npos);
}

TEST_CASE("a kill while refs are moved leaves no lock that stops the next move") {
  const GitFixture fixture;
  fixture.put("f", "1");
  const Oid first = fixture.commit("first");
  fixture.put("f", "2");
  const Oid second = fixture.commit("second");
  for (int step = 0; step < 20; ++step) {
    killed_after(std::chrono::microseconds(step * 1500), [&] {
      Repository repository = fixture.open();
      for (;;) {
        const BranchState state = value(inspect_branch(repository, "task/x"));
        ok(publish(repository, "task/x", state.commit, state.commit == first ? second : first,
                   "move"));
      }
    });
    Repository repository = fixture.open();
    const BranchState state = value(inspect_branch(repository, "task/x"));
    CHECK(state.owner != BranchOwner::kForeign);
    ok(publish(repository, "task/x", state.commit, state.commit == first ? second : first, "move"));
  }
  CHECK(fixture.run_git("fsck --strict 2>&1").empty());
}

}  // namespace fleet::worktree::testing
