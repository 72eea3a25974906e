#include "engine/flow/merge_target.h"

#include <catch2/catch.hpp>

#include "tests/unit/engine/worktree/git_fixture.h"

namespace fleet::flow::testing {
namespace {

using namespace fleet::worktree::testing;
using worktree::Oid;
using worktree::Repository;

struct TargetFixture : GitFixture {
  TargetFixture() {
    put("f", "1\n");
    base = commit("base");
    run_git("checkout -q --detach");
  }

  // A commit on top of `on`, which no branch names.
  Oid work(const Oid& on, const std::string& file) const {
    run_git("checkout -q --detach " + on.hex());
    put(file, file + "\n");
    const Oid made = commit(file);
    run_git("checkout -q --detach " + base.hex());
    return made;
  }
  void gather(const std::string& branch, const Oid& commit) const {
    Repository repository = open();
    REQUIRE(worktree::publish(repository, branch, std::nullopt, commit, "test"));
  }
  FoundTarget base_now() const {
    Repository repository = open();
    return value(base_target(repository, "main"));
  }

  Oid base;
};

}  // namespace

TEST_CASE_METHOD(TargetFixture, "a base that nobody has checked out is moved itself") {
  const FoundTarget found = base_now();
  CHECK(found.refused.empty());
  CHECK(found.target.branch == "main");
  CHECK(found.target.is_base);
  CHECK(found.target.expected == base);
  CHECK(found.target.onto == base);
}

TEST_CASE_METHOD(TargetFixture,
                 "a base that is checked out stays, and its user is told the command") {
  run_git("checkout -q main");
  const FoundTarget found = base_now();
  CHECK(found.refused.empty());
  CHECK(found.target.branch == "fleet/merged/main");
  CHECK_FALSE(found.target.is_base);
  CHECK_FALSE(found.target.expected.has_value());
  CHECK(found.target.onto == base);
  CHECK(found.target.note.find("git merge --ff-only fleet/merged/main") != std::string::npos);
}

TEST_CASE_METHOD(TargetFixture, "what its user has not taken yet is built upon") {
  const Oid before = work(base, "before");
  gather("fleet/merged/main", before);
  run_git("checkout -q main");
  const FoundTarget found = base_now();
  CHECK(found.target.onto == before);
  CHECK(found.target.behind == base);
  CHECK(found.target.expected == before);
  CHECK_FALSE(found.target.waiting.has_value());
}

TEST_CASE_METHOD(TargetFixture, "what its user has taken is left behind") {
  const Oid before = work(base, "before");
  gather("fleet/merged/main", before);
  run_git("checkout -q main && " + git("merge -q --ff-only fleet/merged/main"));
  put("own", "own\n");
  const Oid own = commit("own");
  const FoundTarget found = base_now();
  CHECK(found.target.onto == own);
  CHECK(found.target.expected == before);
  CHECK_FALSE(found.target.waiting.has_value());
}

TEST_CASE_METHOD(TargetFixture, "where both went on, what was not taken comes along") {
  const Oid before = work(base, "before");
  gather("fleet/merged/main", before);
  run_git("checkout -q main");
  put("own", "own\n");
  const Oid own = commit("own");
  const FoundTarget found = base_now();
  CHECK(found.target.onto == own);
  CHECK(found.target.waiting == before);
}

TEST_CASE_METHOD(TargetFixture, "branches that are not the fleet's are refused with what to do") {
  run_git("branch fleet/merged/main");
  run_git("checkout -q main");
  CHECK(base_now().refused.find("rename or delete it") != std::string::npos);
  Repository repository = open();
  run_git("branch other");
  CHECK_FALSE(value(fleet_target(repository, "other", base)).refused.empty());
  CHECK_FALSE(value(fleet_target(repository, "other/below", base)).refused.empty());
  CHECK(value(fleet_target(repository, "new", base)).target.onto == base);
  CHECK(value(base_target(repository, "missing")).refused.find("`missing`") != std::string::npos);
}

}  // namespace fleet::flow::testing
