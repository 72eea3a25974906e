// Squash and rebase, beside the merge that they are measured against and beside git's own.
#include <catch2/catch.hpp>

#include "engine/worktree/merge.h"
#include "tests/unit/engine/worktree/git_fixture.h"

namespace fleet::worktree::testing {
namespace {

struct StyleFixture : GitFixture {
  StyleFixture() {
    put("a", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    put("b", "b\n");
    base = commit("base");
    request.into = base;
    request.into_name = "main";
    request.author_name = "fleet";
    request.author_email = "fleet@localhost";
    request.message = "Mend it\n\nFleet-Run: r\nFleet-Task: 7";
    request.mark = "Fleet-Run: r\nFleet-Task: 7";
    request.time = 1'700'000'000;
  }

  Oid on(const Oid& start, const std::string& command, const std::string& message = "change") {
    run_git("checkout -q --detach " + start.hex());
    run("cd " + shell_word(repo()) + " && " + command);
    return commit(message);
  }
  MergeOutcome with(MergeStyle style, std::vector<MergeSource> sources) {
    request.style = style;
    request.sources = std::move(sources);
    if (style == MergeStyle::kRebase) {
      request.mark = "Fleet-Merge: r/7";
      request.message = request.mark + "\nReviewed-by: critic <critic@localhost>";
    }
    Repository repository = open();
    return value(merge(repository, request));
  }
  std::string tree(const Oid& commit) const {
    return run_git("rev-parse " + commit.hex() + "^{tree}");
  }
  void check_store() const { CHECK(run_git("fsck --strict --no-dangling 2>&1").empty()); }

  Oid base;
  MergeRequest request;
};

}  // namespace

TEST_CASE_METHOD(StyleFixture, "a squash is one commit with one parent and the tree of a merge") {
  const Oid one = on(base, "sed -i s/^1$/one/ a");
  const Oid two = on(one, "echo x > new");
  const Oid other = on(base, "sed -i s/^9$/nine/ a");
  request.into = on(base, "echo main > b");
  const auto merged = std::get<Merged>(with(MergeStyle::kMerge, {{two, "build"}, {other, "o"}}));
  const auto squashed = std::get<Merged>(with(MergeStyle::kSquash, {{two, "build"}, {other, "o"}}));
  CHECK(tree(squashed.commit) == tree(merged.commit));
  CHECK(run_git("show -s --format='%P|%an|%s|%(trailers:key=Fleet-Task,valueonly)' " +
                squashed.commit.hex()) == request.into.hex() + "|fleet|Mend it|7\n");
  CHECK(squashed.stat.files == 2);
  check_store();
}

TEST_CASE_METHOD(StyleFixture, "a rebase makes each commit anew, as git does, authors kept") {
  run_git("config user.name Builder");
  const Oid one = on(base, "sed -i s/^1$/one/ a", "First thing\n\nFleet-Task: 1");
  const Oid two = on(one, "echo x > new", "Second thing");
  const Oid other = on(base, "sed -i s/^9$/nine/ a", "Other thing");
  run_git("config user.name Tester");
  request.into = on(base, "echo main > b");
  const auto merged = std::get<Merged>(with(MergeStyle::kMerge, {{two, "build"}, {other, "o"}}));
  const auto rebased = std::get<Merged>(with(MergeStyle::kRebase, {{two, "build"}, {other, "o"}}));
  CHECK(tree(rebased.commit) == tree(merged.commit));
  const std::string range = request.into.hex() + ".." + rebased.commit.hex();
  CHECK(run_git("log --format='%an|%cn|%s' " + range) ==
        "Builder|fleet|Other thing\nBuilder|fleet|Second thing\nBuilder|fleet|First thing");
  CHECK(run_git("log --merges --format=%h " + range).empty());
  CHECK(run_git("log --format='%(trailers:key=Fleet-Merge,valueonly,separator=%x2C)|"
                "%(trailers:key=Fleet-Task,valueonly,separator=%x2C)' " +
                range) == "r/7|\nr/7|\nr/7|1");
  run_git("checkout -q --detach " + two.hex() + " && " + git("rebase -q " + request.into.hex()));
  run_git("cherry-pick " + other.hex());
  CHECK(tree(head()) == tree(rebased.commit));
  CHECK(run_git("log -3 --format=%ad HEAD") == run_git("log -3 --format=%ad " + range));
  check_store();
}

TEST_CASE_METHOD(StyleFixture, "a rebase drops what is there already, and leaves out merges") {
  const Oid left = on(base, "sed -i s/^1$/one/ a", "left");
  const Oid right = on(base, "echo x > new", "right");
  run_git("checkout -q --detach " + left.hex());
  run_git("merge -q -m both " + right.hex());
  const Oid both = head();
  request.into = on(base, "sed -i s/^1$/one/ a", "left, by hand");
  const auto rebased = std::get<Merged>(with(MergeStyle::kRebase, {{both, "build"}}));
  CHECK(run_git("log --format=%s " + request.into.hex() + ".." + rebased.commit.hex()) == "right");
  request.into = rebased.commit;
  request.time += 1;
  CHECK(std::holds_alternative<AlreadyMerged>(with(MergeStyle::kRebase, {{both, "build"}})));
}

TEST_CASE_METHOD(StyleFixture,
                 "what conflicts at once conflicts in every style, and says the same") {
  const Oid ours = on(base, "sed -i s/5/five/ a");
  const Oid theirs = on(base, "sed -i s/5/FIVE/ a");
  request.into = ours;
  const MergeStyle style = GENERATE(MergeStyle::kMerge, MergeStyle::kSquash, MergeStyle::kRebase);
  const auto found = std::get<MergeConflicts>(with(style, {{theirs, "build"}}));
  REQUIRE(found.conflicts.size() == 1);
  CHECK(found.conflicts[0].path == "a");
  CHECK(found.conflicts[0].ours == "main");
  CHECK(found.conflicts[0].theirs == "build");
  CHECK(found.why.empty());
}

TEST_CASE_METHOD(StyleFixture,
                 "commits that only fit together cannot be rebased, and that is said") {
  const Oid there = on(base, "sed -i s/5/five/ a");
  const Oid back = on(there, "sed -i s/five/5/ a && echo x > new");
  request.into = on(base, "sed -i s/5/FIVE/ a");
  CHECK(std::holds_alternative<Merged>(with(MergeStyle::kSquash, {{back, "build"}})));
  const auto found = std::get<MergeConflicts>(with(MergeStyle::kRebase, {{back, "build"}}));
  REQUIRE(found.conflicts.size() == 1);
  CHECK(found.conflicts[0].path == "a");
  CHECK(found.why.find(there.hex().substr(0, 12)) != std::string::npos);
}

TEST_CASE_METHOD(StyleFixture,
                 "made once, a squash or rebase is known again and never made twice") {
  const MergeStyle style = GENERATE(MergeStyle::kSquash, MergeStyle::kRebase);
  const Oid one = on(base, "echo x > one");
  const Oid two = on(one, "echo x > two");
  request.into = on(base, "echo main > b");
  const auto first = std::get<Merged>(with(style, {{two, "build"}}));
  request.into = first.commit;
  const auto again = std::get<Merged>(with(style, {{two, "build"}}));
  CHECK(again.commit == first.commit);
  CHECK(again.stat.files == 2);
  // The user reverted it: that is not undone by a resume.
  request.into = on(first.commit, "rm one two");
  CHECK(std::holds_alternative<AlreadyMerged>(with(style, {{two, "build"}})));
}

TEST_CASE_METHOD(StyleFixture, "a squash names who wrote what it took, the one who merges aside") {
  const Oid one = on(base, "echo x > one");
  run_git("config user.name Zoe");
  request.sources = {{on(one, "echo x > two"), "build"}};
  Repository repository = open();
  CHECK(value(authors_of(repository, request)) ==
        std::vector<std::string>{"Tester <tester@example.org>", "Zoe <tester@example.org>"});
  request.author_email = "tester@example.org";
  CHECK(value(authors_of(repository, request)).empty());
}

TEST_CASE_METHOD(StyleFixture,
                 "where all styles succeed their trees are one, whatever the history") {
  std::uint32_t seed = 1;
  const auto below = [&seed](std::uint32_t bound) {
    seed = seed * 1'664'525 + 1'013'904'223;
    return (seed >> 16) % bound;
  };
  int compared = 0;
  for (int history = 0; history < 12; ++history) {
    std::vector<MergeSource> sources;
    const auto change = [&] {
      const std::string line = std::to_string(1 + below(9));
      switch (below(4)) {
        case 0: return "sed -i 's/^" + line + "$/" + line + line + "/' a";
        case 1: return "echo " + line + " > f" + line;
        case 2: return "mkdir -p d && echo " + line + " >> d/g" + line;
        default: return std::string("git mv b moved 2>/dev/null || echo more >> moved");
      }
    };
    request.mark = "Fleet-Run: r\nFleet-Task: 7";
    request.message = "Mend it\n\n" + request.mark;
    request.into = on(base, change());
    for (std::uint32_t i = 0; i <= below(3); ++i) {
      Oid at = sources.empty() || below(2) == 0 ? base : sources.back().commit;
      for (std::uint32_t j = 0; j <= below(2); ++j)
        at = on(at, change());
      sources.push_back({at, "s" + std::to_string(i)});
    }
    const MergeOutcome merged = with(MergeStyle::kMerge, sources);
    const MergeOutcome squashed = with(MergeStyle::kSquash, sources);
    const MergeOutcome rebased = with(MergeStyle::kRebase, sources);
    CHECK(std::holds_alternative<MergeConflicts>(merged) ==
          std::holds_alternative<MergeConflicts>(squashed));
    const auto* whole = std::get_if<Merged>(&merged);
    const auto* one = std::get_if<Merged>(&squashed);
    const auto* line = std::get_if<Merged>(&rebased);
    if (whole != nullptr && one != nullptr)
      CHECK(tree(one->commit) == tree(whole->commit));
    if (whole != nullptr && line != nullptr) {
      CHECK(tree(line->commit) == tree(whole->commit));
      ++compared;
    }
  }
  CHECK(compared >= 4);
  check_store();
}

TEST_CASE_METHOD(StyleFixture,
                 "what was squashed or rebased is not counted twice in what is built on it") {
  const Oid first = on(base, "echo one > b");
  const Oid back = on(first, "echo b > b && echo g > g", "put back");
  const Oid edited = on(first, "echo two > b", "the same line");
  for (const MergeStyle before : {MergeStyle::kMerge, MergeStyle::kSquash, MergeStyle::kRebase}) {
    for (const MergeStyle after : {MergeStyle::kMerge, MergeStyle::kSquash, MergeStyle::kRebase}) {
      CAPTURE(static_cast<int>(before), static_cast<int>(after));
      request.message = "First\n\nFleet-Run: r\nFleet-Task: 6";
      request.mark = "Fleet-Run: r\nFleet-Task: 6";
      request.into = base;
      request.time = 1'700'000'000;
      const Oid taken = std::get<Merged>(with(before, {{first, "first"}})).commit;
      // Somebody else's work comes in between.
      const Oid main = on(taken, "echo main > other", "in between");
      for (const Oid& next : {back, edited}) {
        request.into = main;
        request.message = "Then\n\nFleet-Run: r\nFleet-Task: 8";
        request.mark = "Fleet-Run: r\nFleet-Task: 8";
        request.time = 1'700'000'060;
        const MergeOutcome outcome = with(after, {{next, "next"}});
        REQUIRE(std::holds_alternative<Merged>(outcome));
        const Oid made = std::get<Merged>(outcome).commit;
        CHECK(run_git("show " + made.hex() + ":b") == run_git("show " + next.hex() + ":b"));
        CHECK(run_git("show " + made.hex() + ":other") == "main");
      }
    }
  }
  check_store();
}

TEST_CASE_METHOD(StyleFixture, "what a commit is said to be made from is believed of nobody else") {
  const Oid first = on(base, "echo one > b");
  // Its change is not in the branch, whatever its message says.
  request.into = on(base, "echo x > new", "Forged\n\nFleet-Source: " + first.hex());
  const auto merged = std::get<Merged>(with(MergeStyle::kMerge, {{first, "first"}}));
  CHECK(run_git("show " + merged.commit.hex() + ":b") == "one");
}

}  // namespace fleet::worktree::testing
