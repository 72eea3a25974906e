#include "engine/worktree/merge.h"

#include <catch2/catch.hpp>

#include "tests/unit/engine/worktree/git_fixture.h"

namespace fleet::worktree::testing {
namespace {

struct MergeFixture : GitFixture {
  MergeFixture() {
    put("a", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    put("b", "b\n");
    put("dir/c", "c\n");
    base = commit("base");
    request.into = base;
    request.into_name = "main";
    request.author_name = "fleetc";
    request.author_email = "fleetc@localhost";
    request.message = "Gather the work\n\nBody.\n\nRun: 1";
    request.mark = "Run: 1";
    request.time = 1'700'000'000;
  }

  // A commit on `start` that a shell command in the tree makes.
  MergeSource source(const std::string& name, const std::string& command, const Oid& start) {
    run_git("checkout -q --detach " + start.hex());
    run("cd " + shell_word(repo()) + " && " + command);
    return {commit(name), name};
  }
  MergeSource source(const std::string& name, const std::string& command) {
    return source(name, command, base);
  }
  MergeOutcome merge_all(std::vector<MergeSource> sources) {
    request.sources = std::move(sources);
    Repository repository = open();
    return value(merge(repository, request));
  }
  std::string show(const Oid& commit, const std::string& path) const {
    return run_git("show " + commit.hex() + ":" + path);
  }

  Oid base;
  MergeRequest request;
};

}  // namespace

TEST_CASE_METHOD(MergeFixture,
                 "one source becomes a merge commit with two parents, never a fast-forward") {
  const MergeSource one = source("one", "echo new > dir/new");
  const Merged merged = std::get<Merged>(merge_all({one}));
  CHECK(run_git("show -s --format='%P|%an|%at|%s' " + merged.commit.hex()) ==
        base.hex() + " " + one.commit.hex() + "|fleetc|1700000000|Gather the work");
  CHECK(merged.stat.files == 1);
  CHECK(merged.stat.insertions == 1);
  CHECK(std::get<Merged>(merge_all({one})).commit == merged.commit);
  CHECK(run_git("fsck --strict --no-dangling 2>&1").empty());
}

TEST_CASE_METHOD(MergeFixture, "many sources become one commit that reaches each of them") {
  std::vector<MergeSource> sources;
  sources.push_back(source("one", "echo 1 > dir/one"));
  sources.push_back(source("two", "echo 2 > dir/two && rm b"));
  sources.push_back(source("three", "sed -i s/^1$/one/ a"));
  sources.push_back(
      source("four", "sed -i s/^9$/nine/ a && mkdir -p new/deep && echo x > new/deep/f"));
  const Merged merged = std::get<Merged>(merge_all(sources));
  CHECK(run_git("show -s --format=%P " + merged.commit.hex()) ==
        base.hex() + " " + sources[0].commit.hex() + " " + sources[1].commit.hex() + " " +
            sources[2].commit.hex() + " " + sources[3].commit.hex());
  CHECK(show(merged.commit, "a") == "one\n2\n3\n4\n5\n6\n7\n8\nnine");
  CHECK(run_git("ls-tree -r --name-only " + merged.commit.hex()) ==
        "a\ndir/c\ndir/one\ndir/two\nnew/deep/f");
  run_git("checkout -q --detach " + base.hex());
  run_git("merge -q --no-ff -m m " + sources[0].commit.hex() + " " + sources[1].commit.hex());
  run_git("merge -q --no-ff -m m " + sources[2].commit.hex());
  run_git("merge -q --no-ff -m m " + sources[3].commit.hex());
  CHECK(run_git("rev-parse HEAD^{tree}") ==
        run_git("rev-parse " + merged.commit.hex() + "^{tree}"));
}

TEST_CASE_METHOD(MergeFixture, "more sources than one commit takes become a chain") {
  std::vector<MergeSource> sources;
  for (int i = 0; i < 20; ++i) {
    const std::string name = "item" + std::to_string(i);
    sources.push_back(source(name, "echo x > dir/" + name));
  }
  const Merged merged = std::get<Merged>(merge_all(sources));
  CHECK(merged.stat.files == 20);
  CHECK(run_git("log --first-parent --format=%s " + base.hex() + ".." + merged.commit.hex()) ==
        "Gather the work (part 2 of 2)\nGather the work (part 1 of 2)");
  for (const MergeSource& one : sources) {
    CHECK(shell(git("merge-base --is-ancestor " + one.commit.hex() + " " + merged.commit.hex()))
              .status == 0);
  }
}

TEST_CASE_METHOD(MergeFixture, "a conflict names the path, the earlier side and the source") {
  const MergeSource one = source("one", "sed -i s/5/five/ a");
  const MergeSource two = source("two", "echo 2 > dir/two");
  const MergeSource three = source("three", "sed -i s/5/FIVE/ a && rm dir/c");
  const auto conflicts = std::get<MergeConflicts>(merge_all({one, two, three})).conflicts;
  REQUIRE(conflicts.size() == 1);
  CHECK(conflicts[0].path == "a");
  CHECK(conflicts[0].ours == "one");
  CHECK(conflicts[0].theirs == "three");
}

TEST_CASE_METHOD(MergeFixture, "a conflict with the branch itself names the branch") {
  const MergeSource theirs = source("theirs", "echo theirs > b");
  request.into = source("x", "rm b").commit;
  const auto conflicts = std::get<MergeConflicts>(merge_all({theirs})).conflicts;
  REQUIRE(conflicts.size() == 1);
  CHECK(conflicts[0].path == "b");
  CHECK(conflicts[0].ours == "main");
}

TEST_CASE_METHOD(MergeFixture, "a file where the other side has a directory is a conflict") {
  const MergeSource one = source("one", "echo x > thing");
  const MergeSource two = source("two", "mkdir thing && echo x > thing/f");
  CHECK(std::holds_alternative<MergeConflicts>(merge_all({one, two})));
}

TEST_CASE_METHOD(MergeFixture, "a file renamed on one side and changed on the other is merged") {
  const MergeSource one = source("one", "git mv a moved");
  const MergeSource two = source("two", "sed -i s/5/five/ a");
  const Merged merged = std::get<Merged>(merge_all({one, two}));
  CHECK(show(merged.commit, "moved").find("five") != std::string::npos);
  CHECK(run_git("ls-tree -r --name-only " + merged.commit.hex()) == "b\ndir/c\nmoved");
}

TEST_CASE_METHOD(MergeFixture, "what is merged already is not merged again") {
  const MergeSource one = source("one", "echo x > one");
  const MergeSource two = source("two", "echo y > two", one.commit);
  CHECK(std::holds_alternative<AlreadyMerged>(merge_all({{base, "base"}})));
  const Merged merged = std::get<Merged>(merge_all({one, two, two}));
  CHECK(run_git("show -s --format=%P " + merged.commit.hex()) ==
        base.hex() + " " + two.commit.hex());
  request.into = merged.commit;
  request.message = "Gather again\n\nRun: 2";
  request.mark = "Run: 2";
  CHECK(std::holds_alternative<AlreadyMerged>(merge_all({two, one})));
}

TEST_CASE_METHOD(MergeFixture,
                 "a request that is repeated after its branch has moved gives the same result") {
  std::vector<MergeSource> sources;
  const std::size_t count = GENERATE(std::size_t{2}, 2 * kMaxParents + 1);
  for (std::size_t i = 0; i < count; ++i)
    sources.push_back(source("s" + std::to_string(i), "echo x > f" + std::to_string(i)));
  const Merged first = std::get<Merged>(merge_all(sources));
  request.into = first.commit;
  const Merged again = std::get<Merged>(merge_all(sources));
  CHECK(again.commit == first.commit);
  CHECK(again.stat.files == count);
  CHECK(first.stat.files == count);
}

TEST_CASE_METHOD(MergeFixture, "histories that cross are merged from a virtual base, as git does") {
  const MergeSource left = source("left", "sed -i s/^1$/one/ a");
  const MergeSource right = source("right", "sed -i s/^9$/nine/ a");
  run_git("checkout -q --detach " + left.commit.hex());
  run_git("merge -q -m lr " + right.commit.hex());
  put("left", "x\n");
  request.into = commit("left side");
  run_git("checkout -q --detach " + right.commit.hex());
  run_git("merge -q -m rl " + left.commit.hex());
  put("right", "x\n");
  const MergeSource other{commit("right side"), "right side"};
  const Merged merged = std::get<Merged>(merge_all({other}));
  CHECK(run_git("ls-tree -r --name-only " + merged.commit.hex()) == "a\nb\ndir/c\nleft\nright");
}

TEST_CASE_METHOD(MergeFixture, "both sides deleting everything leaves an empty tree") {
  const MergeSource one = source("one", "rm -r a dir");
  const MergeSource two = source("two", "rm b");
  const Merged merged = std::get<Merged>(merge_all({one, two}));
  CHECK(run_git("ls-tree -r " + merged.commit.hex()).empty());
}

}  // namespace fleet::worktree::testing
