#include "engine/worktree/review.h"

#include <catch2/catch.hpp>

#include "tests/unit/engine/worktree/git_fixture.h"

namespace fleet::worktree::testing {
namespace {

struct ReviewFixture : GitFixture {
  ReviewFixture() {
    put("kept", "1\n2\n");
    put("gone", "x\n");
    base = commit("base");
    run_git("checkout -q -b work");
    put("kept", "1\nchanged\n");
    put("new \"file\"", "new\n");
    put("image", std::string("\0\1\2\3\0\377", 6));
    run_git("rm -q gone");
    change = commit("work");
    run_git("checkout -q main");
    put("elsewhere", "the base went on\n");
    later = commit("later");
  }

  Slot reviewer_slot(Repository& repository, Pool& pool) const {
    SlotRequest wanted;
    wanted.kind = SlotKind::kReview;
    wanted.agent = "review";
    wanted.commit = base;
    return value(pool.acquire(repository, wanted));
  }

  Oid base, change, later;
};

}  // namespace

TEST_CASE_METHOD(ReviewFixture, "a change is seen from where its history left the base's") {
  Repository repository = open();
  CHECK(value(repository.merge_base(later, change)) == base);
  run_git("checkout -q --orphan alone && " + git("commit -q -m alone"));
  CHECK_FALSE(value(repository.merge_base(head(), change)).has_value());
}

TEST_CASE_METHOD(ReviewFixture,
                 "the patch that a reviewer is shown makes the change, binary files too") {
  Repository repository = open();
  const auto pool = value(Pool::open(repository, slots()));
  const Slot slot = reviewer_slot(repository, *pool);
  REQUIRE(write_review(repository, slot, {base, change, "# Criteria\n"}));
  CHECK(read(slot.review() + "/files.txt") ==
        "D\tgone\nA\timage\nM\tkept\nA\t\"new \\\"file\\\"\"\n");
  CHECK(read(slot.review() + "/criteria.md") == "# Criteria\n");
  CHECK(read(slot.review() + "/commit") == change.hex() + "\n");
  run("cd " + shell_word(slot.tree()) + " && git apply " +
      shell_word(slot.review() + "/diff.patch"));
  CHECK(read(slot.tree() + "/image") == std::string("\0\1\2\3\0\377", 6));
  CHECK(read(slot.tree() + "/kept") == "1\nchanged\n");
  CHECK_FALSE(fs::exists(slot.tree() + "/gone"));
}

TEST_CASE_METHOD(ReviewFixture, "what was shown is gone with the slot's next reset") {
  Repository repository = open();
  const auto pool = value(Pool::open(repository, slots()));
  Slot slot = reviewer_slot(repository, *pool);
  REQUIRE(write_review(repository, slot, {base, change, ""}));
  REQUIRE(make_empty(slot));
  write(slot.empty() + "/scratch", "x");
  REQUIRE(make_empty(slot));
  CHECK(fs::is_empty(slot.empty()));
  SlotRequest wanted;
  wanted.kind = SlotKind::kReview;
  wanted.agent = "review";
  wanted.commit = later;
  REQUIRE(pool->reset(repository, slot, wanted));
  CHECK_FALSE(fs::exists(slot.review()));
  CHECK_FALSE(fs::exists(slot.empty()));
}

}  // namespace fleet::worktree::testing
