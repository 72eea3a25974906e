// What a session may have done to its slot must neither lead the engine outside nor survive a
// reset.
#include <catch2/catch.hpp>

#include "engine/worktree/capture.h"
#include "engine/worktree/pool.h"
#include "tests/unit/engine/worktree/git_fixture.h"

namespace fleet::worktree::testing {
namespace {

struct HostileFixture : GitFixture {
  HostileFixture() {
    put("a.txt", "a\n");
    put("dir/b.txt", "b\n");
    put("dir/deep/c.txt", "c\n");
    request.commit = commit("first");
    request.agent = "ann";
    repository.emplace(open());
    pool = value(Pool::open(*repository, slots()));
    slot = value(pool->acquire(*repository, request));
    outside = dir() + "/outside";
    write(outside + "/b.txt", "the user's\n");
    write(outside + "/deep/c.txt", "the user's\n");
  }

  std::string in_tree(const std::string& command) const {
    return run("cd " + shell_word(slot.tree()) + " && " + command);
  }
  void check_reset_is_exact() {
    ok(pool->reset(*repository, slot, request));
    CHECK(picture(slot.tree()) == expected_picture(request.commit.hex()));
    CHECK(run("git -C " + shell_word(slot.tree()) + " status --porcelain --ignored").empty());
    CHECK(run("git -C " + shell_word(slot.tree()) + " rev-parse HEAD") == request.commit.hex());
  }
  Captured captured() {
    CaptureRequest wanted;
    wanted.message = "work";
    const CaptureOutcome outcome = value(capture(*repository, slot, wanted));
    REQUIRE(std::holds_alternative<Captured>(outcome));
    return std::get<Captured>(outcome);
  }

  SlotRequest request;
  std::optional<Repository> repository;
  std::unique_ptr<Pool> pool;
  Slot slot;
  std::string outside;
};

}  // namespace

TEST_CASE_METHOD(HostileFixture,
                 "a directory swapped for a symlink leads neither reset nor capture outside") {
  const std::string before = picture(outside);
  in_tree("rm -r dir && ln -s " + shell_word(outside) + " dir");
  const Captured work = captured();
  CHECK(run_git("ls-tree " + work.commit.hex() + " dir").substr(0, 6) == "120000");
  CHECK(run_git("ls-tree -r --name-only " + work.commit.hex()) == "a.txt\ndir");
  check_reset_is_exact();
  CHECK(picture(outside) == before);
}

TEST_CASE_METHOD(HostileFixture, "untracked symlinks are removed, not what they point to") {
  const std::string before = picture(outside);
  in_tree("mkdir new && ln -s " + shell_word(outside) + " new/way && ln -s " + shell_word(outside) +
          " away && ln -sf " + shell_word(outside + "/b.txt") + " a.txt");
  check_reset_is_exact();
  CHECK(picture(outside) == before);
}

TEST_CASE_METHOD(HostileFixture,
                 "a file hard-linked to one outside is replaced, not written through") {
  in_tree("ln -f " + shell_word(outside + "/b.txt") + " dir/b.txt");
  check_reset_is_exact();
  CHECK(read(outside + "/b.txt") == "the user's\n");
}

TEST_CASE_METHOD(HostileFixture, "a poisoned index hides nothing from capture and reset") {
  in_tree(
      "git update-index --skip-worktree a.txt && git update-index --assume-unchanged dir/b.txt");
  in_tree(
      "cp -p a.txt ../stamp && printf 'A\\n' > a.txt && printf 'B\\n' > dir/b.txt && "
      "touch -r ../stamp a.txt dir/b.txt && rm ../stamp");
  const Captured work = captured();
  CHECK(run_git("diff --name-only main " + work.commit.hex()) == "a.txt\ndir/b.txt");
  check_reset_is_exact();
}

TEST_CASE_METHOD(HostileFixture,
                 "a broken session git directory changes nothing for the engine or the user") {
  run("echo garbage > " + shell_word(slot.git_dir() + "/index") + " && echo nothing > " +
      shell_word(slot.git_dir() + "/HEAD") + " && rm " + shell_word(slot.git_dir() + "/commondir"));
  in_tree("rm .git && mkdir .git && echo x > .git/config && echo more > a.txt");
  CHECK(captured().stat.files == 1);
  CHECK(run_git("fsck --strict --no-dangling 2>&1").empty());
  CHECK(shell(git("gc -q")).status == 0);
  check_reset_is_exact();
}

TEST_CASE_METHOD(HostileFixture, "permissions are repaired, also where the engine is not root") {
  in_tree(
      "mkdir -p locked/inner && echo x > locked/inner/f && chmod 000 locked/inner locked && "
      "chmod 000 dir/deep a.txt && chmod 777 dir && chmod u+s dir/b.txt");
  check_reset_is_exact();
}

TEST_CASE_METHOD(HostileFixture, "a slot that its session deleted is rebuilt") {
  SECTION("the tree") {
    fs::remove_all(slot.tree());
  }
  SECTION("everything of the session") {
    fs::remove_all(slot.root + "/session");
  }
  SECTION("the tree is a file") {
    fs::remove_all(slot.tree());
    write(slot.tree(), "x");
  }
  SECTION("the tree is a symlink") {
    fs::remove_all(slot.tree());
    fs::create_directory_symlink(outside, slot.tree());
  }
  SECTION("the registration") {
    fs::remove_all(repo() + "/.git/worktrees");
  }
  SECTION("the engine's index") {
    write(slot.engine_dir() + "/index", "garbage");
  }
  const std::string before = picture(outside);
  check_reset_is_exact();
  CHECK(picture(outside) == before);
  CHECK(run_git("worktree list").find(slot.tree()) != std::string::npos);
}

TEST_CASE_METHOD(HostileFixture, "directories nested deeper than descriptors last are removed") {
  in_tree("python3 -c 'import os\nfor _ in range(3000):\n os.mkdir(\"n\")\n os.chdir(\"n\")\n'");
  check_reset_is_exact();
}

TEST_CASE_METHOD(HostileFixture, "a directory nested beyond any path is refused by name") {
  in_tree("python3 -c 'import os\nfor _ in range(3000):\n os.mkdir(\"n\")\n os.chdir(\"n\")\n'");
  const CaptureOutcome outcome = value(capture(*repository, slot, {}));
  const auto* refused = std::get_if<CaptureRefused>(&outcome);
  REQUIRE(refused != nullptr);
  CHECK(refused->why == CaptureRefused::Why::kBadName);
}

TEST_CASE_METHOD(HostileFixture,
                 "names with newlines, quotes, dashes and broken UTF-8 survive capture and reset") {
  const std::string names[] = {"new\nline",
                               "quo'te\"s",
                               "-rf",
                               " space ",
                               "b\xff\xfe"
                               "ad",
                               "*?[",
                               "\\"};
  for (const std::string& name : names)
    write(slot.tree() + "/odd/" + name, name);
  const Captured work = captured();
  CHECK(work.changes.size() == std::size(names));
  request.commit = work.commit;
  check_reset_is_exact();
  for (const std::string& name : names) {
    CHECK(value(repository->read_file(work.commit, "odd/" + name)) == name);
  }
  CHECK(value(repository->list_files(work.commit, "odd/*")).size() == std::size(names));
}

TEST_CASE_METHOD(HostileFixture, "what can't be a commit is refused with its path") {
  struct Case {
    std::string command;
    CaptureRefused::Why why;
    std::string path;
  };
  const Case cases[] = {
      {"mkfifo dir/pipe", CaptureRefused::Why::kSpecialFile, "dir/pipe"},
      {"rm a.txt && mkfifo a.txt", CaptureRefused::Why::kSpecialFile, "a.txt"},
      {"git init -q inner && echo x > inner/f", CaptureRefused::Why::kRepositoryInside, "inner"},
      {"git init -q dir", CaptureRefused::Why::kRepositoryInside, "dir"},
      {"echo x > dir/.GIT", CaptureRefused::Why::kBadName, "dir/.GIT"},
      {"truncate -s 2000 big", CaptureRefused::Why::kTooLarge, "big"},
  };
  for (const Case& one : cases) {
    ok(pool->reset(*repository, slot, request));
    in_tree("env -i PATH=\"$PATH\" HOME=/ sh -c " + shell_word(one.command));
    CaptureRequest wanted;
    wanted.max_file_bytes = 1000;
    const CaptureOutcome outcome = value(capture(*repository, slot, wanted));
    const auto* refused = std::get_if<CaptureRefused>(&outcome);
    INFO(one.command);
    REQUIRE(refused != nullptr);
    CHECK(refused->why == one.why);
    CHECK(refused->path == one.path);
  }
}

TEST_CASE_METHOD(HostileFixture, "a fifo in place of a .gitignore or a reflog blocks nobody") {
  in_tree("mkfifo .gitignore && echo '.gitignore' > ../git/none && echo x > new");
  fs::remove(slot.git_dir() + "/logs/HEAD");
  run("mkfifo " + shell_word(slot.git_dir() + "/logs/HEAD"));
  const CaptureOutcome outcome = value(capture(*repository, slot, {}));
  CHECK(std::holds_alternative<CaptureRefused>(outcome));
  in_tree("rm .gitignore");
  CHECK(captured().stat.files == 1);
}

}  // namespace fleet::worktree::testing
