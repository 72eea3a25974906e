#include "engine/worktree/refs.h"

#include <thread>

#include <catch2/catch.hpp>

#include "engine/worktree/slug.h"
#include "tests/unit/engine/worktree/git_fixture.h"

namespace fleet::worktree::testing {
namespace {

struct RefsFixture : GitFixture {
  RefsFixture() {
    put("f", "1\n");
    first = commit("first");
    put("f", "2\n");
    second = commit("second");
    repository.emplace(open());
  }
  std::string ref(const std::string& name) const {
    return shell(git("rev-parse -q --verify " + name)).text;
  }

  Oid first;
  Oid second;
  std::optional<Repository> repository;
};

}  // namespace

TEST_CASE_METHOD(RefsFixture, "a ref is moved only from what was expected, and a repeat succeeds") {
  const std::string name = attempt_ref("run/1", "task a", 2);
  CHECK(name == "refs/fleet/attempt/run%2F1/task%20a/2");
  ok(move_refs(*repository, {{name, std::nullopt, first}}, "attempt"));
  ok(move_refs(*repository, {{name, std::nullopt, first}}, "attempt"));
  CHECK(ref(name) == first.hex() + "\n");
  const Status lost = move_refs(*repository, {{name, std::nullopt, second}}, "attempt");
  REQUIRE_FALSE(lost);
  CHECK(lost.error().code() == Errc::kConflict);
  ok(move_refs(*repository, {{name, first, second}}, "attempt"));
  CHECK(value(read_ref(*repository, name)) == second);
  CHECK(value(list_refs(*repository, "refs/fleet/attempt")).size() == 1);
  ok(move_refs(*repository, {{name, second, std::nullopt}}, "drop"));
  CHECK(value(read_ref(*repository, name)) == std::nullopt);
}

TEST_CASE_METHOD(RefsFixture, "a packed ref is deleted too") {
  run_git("update-ref refs/fleet/salvage/x " + first.hex() + " && " + git("pack-refs --all"));
  ok(move_refs(*repository, {{"refs/fleet/salvage/x", first, std::nullopt}}, "drop"));
  CHECK(ref("refs/fleet/salvage/x").empty());
}

TEST_CASE_METHOD(RefsFixture, "of several moves all are made or none") {
  const Status status =
      move_refs(*repository,
                {{"refs/fleet/a", std::nullopt, first}, {"refs/fleet/b", second, first}}, "both");
  CHECK_FALSE(status);
  CHECK(ref("refs/fleet/a").empty());
  CHECK_FALSE(fs::exists(repo() + "/.git/refs/fleet/a.lock"));
}

TEST_CASE_METHOD(RefsFixture, "names that can't exist together are refused with both names") {
  run_git("branch task/a " + first.hex());
  const Status inside = publish(*repository, "task/a/b", std::nullopt, second, "accept");
  REQUIRE_FALSE(inside);
  CHECK(inside.error().code() == Errc::kExists);
  CHECK(inside.error().message() ==
        "branch `task/a/b` can't be made beside branch `task/a`, since git keeps refs as files and "
        "directories");
  const Status around = publish(*repository, "task", std::nullopt, second, "accept");
  REQUIRE_FALSE(around);
  CHECK(around.error().message().find("`task/a`") != std::string::npos);
  CHECK(value(inspect_branch(*repository, "task/a/b")).conflict == "task/a");
}

TEST_CASE_METHOD(RefsFixture,
                 "a foreign branch is never moved, nor one that a person went on with") {
  run_git("branch theirs " + first.hex());
  CHECK(value(inspect_branch(*repository, "theirs")).owner == BranchOwner::kForeign);
  CHECK(publish(*repository, "theirs", first, second, "accept").error().code() == Errc::kExists);
  CHECK(value(inspect_branch(*repository, "task/x")).owner == BranchOwner::kNone);
  ok(publish(*repository, "task/x", std::nullopt, first, "accept"));
  CHECK(value(inspect_branch(*repository, "task/x")).owner == BranchOwner::kFleet);
  ok(publish(*repository, "task/x", first, second, "accept"));
  CHECK(ref("task/x") == second.hex() + "\n");
  CHECK(run_git("log -g --format=%gs task/x").substr(0, 6) == "accept");
  run_git("branch -f task/x " + first.hex());
  CHECK(value(inspect_branch(*repository, "task/x")).owner == BranchOwner::kForeign);
  CHECK_FALSE(publish(*repository, "task/x", first, second, "accept"));
}

TEST_CASE_METHOD(RefsFixture,
                 "what a branch had that its new commit does not hold stays reachable") {
  ok(publish(*repository, "task/x", std::nullopt, first, "accept"));
  ok(publish(*repository, "task/x", first, second, "accept"));  // goes on from it
  CHECK(value(list_refs(*repository, "refs/fleet/replaced")).empty());
  ok(publish(*repository, "task/x", second, first, "accept"));
  CHECK(ref("task/x") == first.hex() + "\n");
  CHECK(ref("refs/fleet/replaced/" + second.hex()) == second.hex() + "\n");
}

TEST_CASE_METHOD(RefsFixture, "a branch that a person deleted can be published again") {
  ok(publish(*repository, "task/x", std::nullopt, first, "accept"));
  run_git("branch -D task/x");
  ok(publish(*repository, "task/x", std::nullopt, second, "accept"));
  CHECK(value(inspect_branch(*repository, "task/x")).owner == BranchOwner::kFleet);
}

TEST_CASE_METHOD(RefsFixture, "a branch that is checked out anywhere is not moved under its user") {
  const Status main = move_refs(*repository, {{"refs/heads/main", second, first}}, "merge");
  REQUIRE_FALSE(main);
  CHECK(main.error().code() == Errc::kReadOnly);
  CHECK(main.error().message().find(repo()) != std::string::npos);
  const std::string other = dir() + "/with space";
  run_git("worktree add -q -b feature " + shell_word(other));
  CHECK(value(checked_out_at(*repository, "feature")) == other);
  run("git -C " + shell_word(other) + " checkout -q --detach");
  CHECK(value(checked_out_at(*repository, "feature")) == std::nullopt);
  CHECK(value(inspect_branch(*repository, "main")).checked_out_at.find("repo") !=
        std::string::npos);
}

TEST_CASE_METHOD(RefsFixture, "a branch that a rebase will come back to counts as checked out") {
  run_git("checkout -q -b topic " + first.hex());
  put("f", "conflict\n");
  commit("topic");
  shell(git("rebase main"));
  CHECK(value(checked_out_at(*repository, "topic")).has_value());
}

TEST_CASE_METHOD(RefsFixture, "a lock held by another process is waited for") {
  write(repo() + "/.git/refs/fleet/a.lock", "");
  std::thread other([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    fs::remove(repo() + "/.git/refs/fleet/a.lock");
  });
  const Status moved = move_refs(*repository, {{"refs/fleet/a", std::nullopt, first}}, "move");
  other.join();
  CHECK(moved);
}

TEST_CASE_METHOD(RefsFixture, "a lock that stays is named and never removed") {
  const std::string lock = repo() + "/.git/refs/fleet/a.lock";
  write(lock, "");
  const Status moved = move_refs(*repository, {{"refs/fleet/a", std::nullopt, first}}, "move");
  REQUIRE_FALSE(moved);
  CHECK(moved.error().code() == Errc::kBusy);
  CHECK(moved.error().message().find(lock) != std::string::npos);
  CHECK(fs::exists(lock));
}

TEST_CASE_METHOD(RefsFixture,
                 "a killed fleetc's locks and half-made moves are finished by the next one") {
  const std::string intent = repo() + "/.git/fleet/ref-intent";
  ok(publish(*repository, "task/x", std::nullopt, first, "accept"));
  SECTION("killed while it locked: nothing was decided") {
    write(repo() + "/.git/refs/heads/task/x.lock", "");
    write(intent, "locking\n" + first.hex() + " " + second.hex() + " refs/heads/task/x\nend\n");
    CHECK(value(inspect_branch(*repository, "task/x")).owner == BranchOwner::kFleet);
    CHECK(ref("task/x") == first.hex() + "\n");
  }
  SECTION("killed between two refs: the second one follows") {
    run_git("update-ref refs/fleet/branch/task/x " + second.hex());
    write(repo() + "/.git/refs/heads/task/x.lock", second.hex() + "\n");
    write(intent, "checked\n" + first.hex() + " " + second.hex() + " refs/heads/task/x\n" +
                      first.hex() + " " + second.hex() + " refs/fleet/branch/task/x\nend\n");
    CHECK(value(inspect_branch(*repository, "task/x")).owner == BranchOwner::kFleet);
    CHECK(ref("task/x") == second.hex() + "\n");
  }
  CHECK_FALSE(fs::exists(repo() + "/.git/refs/heads/task/x.lock"));
  CHECK(fs::file_size(intent) == 0);
}

TEST_CASE_METHOD(RefsFixture, "invalid and symbolic names are refused") {
  CHECK(publish(*repository, "a..b", std::nullopt, first, "x").error().code() == Errc::kInvalid);
  CHECK(publish(*repository, "-x", std::nullopt, first, "x").error().code() == Errc::kInvalid);
  run_git("symbolic-ref refs/heads/alias refs/heads/main");
  CHECK(publish(*repository, "alias", second, first, "x").error().code() == Errc::kUnsupported);
}

TEST_CASE("the first pair of branches that exclude each other is found") {
  CHECK(find_branch_conflict({"a", "a.b", "a/b"}) ==
        std::pair<std::string, std::string>("a", "a/b"));
  CHECK(find_branch_conflict({"x", "y", "x"}) == std::pair<std::string, std::string>("x", "x"));
  CHECK(find_branch_conflict({"a", "ab", "a-b", "b/c", "b/d"}) == std::nullopt);
}

}  // namespace fleet::worktree::testing
