// What `git gc`, `git prune` and `git pack-refs` do to directories that are empty for a moment, at
// the worst moments: at every sync of the process, and without a pause beside it.
#include <dirent.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

#include "engine/worktree/capture.h"
#include "engine/worktree/libgit.h"
#include "engine/worktree/object_writer.h"
#include "engine/worktree/refs.h"
#include "tests/unit/engine/worktree/git_fixture.h"

namespace {

// The git directory that is swept at each fsync; null: none is.
std::atomic<const std::string*> g_swept_at_sync{nullptr};
std::atomic<int> g_removed{0};

void sweep_beneath(const std::string& directory) {
  DIR* stream = ::opendir(directory.c_str());
  if (stream == nullptr)
    return;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string name = entry->d_name;
    if (entry->d_type != DT_DIR || name == "." || name == "..")
      continue;
    // git never takes these two of its store, and libgit2 opens none without them.
    if (name == "pack" || name == "info")
      continue;
    const std::string path = directory + "/" + name;
    sweep_beneath(path);
    if (::rmdir(path.c_str()) == 0)
      ++g_removed;
  }
  ::closedir(stream);
}

// More than git ever takes: git spares refs/heads and its like.
void sweep(const std::string& git_dir) {
  for (const char* place : {"/objects", "/refs", "/logs", "/worktrees"})
    sweep_beneath(git_dir + place);
  ::rmdir((git_dir + "/worktrees").c_str());
}

}  // namespace

// Stands before libc's for this program and the libraries in it: whatever lies empty when a sync
// begins is gone when it ends, as beside a gc on a disk that is slow enough.
extern "C" int fsync(int fd) {
  if (const std::string* git_dir = g_swept_at_sync)
    sweep(*git_dir);
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

namespace fleet::worktree::testing {
namespace {

class SweptAtSync {
 public:
  explicit SweptAtSync(std::string git_dir) : git_dir_(std::move(git_dir)) {
    g_removed = 0;
    g_swept_at_sync = &git_dir_;
  }
  SweptAtSync(const SweptAtSync&) = delete;
  SweptAtSync& operator=(const SweptAtSync&) = delete;
  ~SweptAtSync() { g_swept_at_sync = nullptr; }

 private:
  const std::string git_dir_;
};

Oid write_blob(Repository& repository, const std::string& text) {
  ObjectWriter writer(repository.handle());
  const Oid oid = value(writer.add(GIT_OBJECT_BLOB, text));
  ok(writer.flush());
  return oid;
}

std::string held_files(const GitFixture& fixture) {
  return run("find " + shell_word(fixture.repo() + "/.git") +
             " -name 'tmp_obj_*' -o -name '.fleetc.lock' -o -path '*/refs/*.lock'");
}

// Objects, attempts and branches, as a task makes them, and a worktree for each.
void work(const GitFixture& fixture, const Oid& base, const std::string& name, int rounds) {
  Repository repository = fixture.open();
  const auto pool = value(Pool::open(repository, fixture.slots()));
  SlotRequest request;
  request.commit = base;
  for (int round = 0; round < rounds; ++round) {
    const std::string task = name + "-" + std::to_string(round);
    const Slot slot = value(pool->acquire(repository, request));
    write(slot.tree() + "/new/" + task, task);
    CaptureRequest wanted;
    wanted.message = task;
    const Oid commit = std::get<Captured>(value(capture(repository, slot, wanted))).commit;
    ok(move_refs(repository, {{attempt_ref("run", task, 1), std::nullopt, commit}}, "attempt"));
    ok(publish(repository, "deep/in/" + task, std::nullopt, commit, "accept"));
    ok(move_refs(repository, {{attempt_ref("run", task, 1), commit, std::nullopt}}, "forget"));
    ok(pool->destroy(repository, slot));
  }
}

}  // namespace

TEST_CASE("an object is written though its directory is taken at every sync") {
  const GitFixture fixture;
  fixture.put("f", "1");
  fixture.commit("first");
  Repository repository = fixture.open();
  std::vector<Oid> written;
  {
    const SweptAtSync swept(fixture.repo() + "/.git");
    for (int i = 0; i < 20; ++i)
      written.push_back(write_blob(repository, "blob " + std::to_string(i)));
  }
  CHECK(g_removed > 0);
  for (const Oid& oid : written)
    CHECK(fixture.run_git("cat-file -t " + oid.hex()) == "blob");
  CHECK(held_files(fixture).empty());
}

TEST_CASE("refs are moved, and worktrees made, though empty directories are taken at every sync") {
  const GitFixture fixture;
  fixture.put("f", "1");
  const Oid base = fixture.commit("first");
  {
    const SweptAtSync swept(fixture.repo() + "/.git");
    work(fixture, base, "a", 5);
  }
  CHECK(g_removed > 0);
  CHECK(fixture.run_git("for-each-ref --format='%(refname)' refs/heads/deep | wc -l") == "5");
  CHECK(fixture.run_git("fsck --strict --no-dangling 2>&1").empty());
  CHECK(held_files(fixture).empty());
}

TEST_CASE("objects and refs are written beside one that takes empty directories without a pause") {
  const GitFixture fixture;
  fixture.put("f", "1");
  const Oid base = fixture.commit("first");
  std::atomic<bool> done{false};
  std::thread sweeper([&] {
    while (!done)
      sweep(fixture.repo() + "/.git");
  });
  std::atomic<int> failures{0};
  std::vector<std::thread> workers;
  for (const char* name : {"a", "b"}) {
    workers.emplace_back([&, name] {
      try {
        work(fixture, base, name, 10);
      } catch (const std::exception& error) {
        ++failures;
        WARN(error.what());
      }
    });
  }
  for (std::thread& worker : workers)
    worker.join();
  done = true;
  sweeper.join();
  CHECK(failures == 0);
  CHECK(fixture.run_git("for-each-ref --format='%(refname)' refs/heads/deep | wc -l") == "20");
  CHECK(fixture.run_git("fsck --strict --no-dangling 2>&1").empty());
  CHECK(held_files(fixture).empty());
}

TEST_CASE("what a killed holder held a directory of refs with is removed by the next") {
  const GitFixture fixture;
  fixture.put("f", "1");
  const Oid commit = fixture.commit("first");
  const std::string git_dir = fixture.repo() + "/.git";
  const std::string left = git_dir + "/refs/heads/a/.fleetc.lock";
  write(left, "");
  write(git_dir + "/fleet/ref-intent", "locking\n- " + commit.hex() + " refs/heads/a/b\nend\n");
  Repository repository = fixture.open();
  ok(publish(repository, "a", std::nullopt, commit, "in the place of the directory"));
  CHECK(fixture.run_git("rev-parse a") == commit.hex());
  CHECK_FALSE(fs::exists(left));
}

TEST_CASE("a directory of refs that cannot be made is named, not waited for") {
  const GitFixture fixture;
  fixture.put("f", "1");
  const Oid commit = fixture.commit("first");
  run("ln -s /nowhere/at/all " + shell_word(fixture.repo() + "/.git/refs/fleet"));
  Repository repository = fixture.open();
  const Status status =
      move_refs(repository, {{attempt_ref("run", "t", 1), std::nullopt, commit}}, "attempt");
  REQUIRE_FALSE(status);
  CHECK_THAT(status.error().message(), Catch::Contains("refs/fleet/attempt/run/t/1"));
}

}  // namespace fleet::worktree::testing
