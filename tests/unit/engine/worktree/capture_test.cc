#include "engine/worktree/capture.h"

#include <catch2/catch.hpp>

#include "engine/worktree/pool.h"
#include "engine/worktree/session_log.h"
#include "tests/unit/engine/worktree/git_fixture.h"

namespace fleet::worktree::testing {
namespace {

struct CaptureFixture : GitFixture {
  CaptureFixture() {
    put("src/a.cc", "one\ntwo\nthree\n");
    put("docs/guide.md", "guide\n");
    put(".gitignore", "*.o\n");
    request.commit = commit("first");
    request.agent = "ann";
    repository.emplace(open());
    pool = value(Pool::open(*repository, slots()));
    slot = value(pool->acquire(*repository, request));
    wanted.author_name = "ann";
    wanted.author_email = "ann@fleet";
    wanted.message = "Do the work";
    wanted.time = 1'700'000'000;
  }
  void put_in_tree(const std::string& path, const std::string& text) const {
    write(slot.tree() + "/" + path, text);
  }
  CaptureOutcome outcome() { return value(capture(*repository, slot, wanted)); }

  SlotRequest request;
  CaptureRequest wanted;
  std::optional<Repository> repository;
  std::unique_ptr<Pool> pool;
  Slot slot;
};

}  // namespace

TEST_CASE_METHOD(CaptureFixture,
                 "a capture is one commit on the start, with author, time and counts") {
  put_in_tree("src/a.cc", "one\n2\nthree\nfour\n");
  put_in_tree("src/new.cc", "new\n");
  fs::remove(slot.tree() + "/docs/guide.md");
  const Captured work = std::get<Captured>(outcome());
  CHECK(work.stat.files == 3);
  CHECK(work.stat.insertions == 3);
  CHECK(work.stat.deletions == 2);
  REQUIRE(work.changes.size() == 3);
  CHECK(work.changes[0].path == "docs/guide.md");
  CHECK(work.changes[0].kind == Change::Kind::kDeleted);
  CHECK(work.changes[2].kind == Change::Kind::kAdded);
  const std::string hex = work.commit.hex();
  CHECK(run_git("show -s --format='%P|%an|%ae|%at|%ct|%cn|%s' " + hex) ==
        request.commit.hex() + "|ann|ann@fleet|1700000000|1700000000|ann|Do the work");
  CHECK(run_git("diff --shortstat main " + hex) ==
        " 3 files changed, 3 insertions(+), 2 deletions(-)");
  CHECK(run_git("fsck --strict 2>&1").find("dangling commit " + hex) != std::string::npos);
  CHECK(value(repository->diff_text(request.commit, work.commit)).find("+four\n") !=
        std::string::npos);
}

TEST_CASE_METHOD(CaptureFixture, "the same tree and time give the same commit") {
  put_in_tree("src/new.cc", "new\n");
  const Oid first = std::get<Captured>(outcome()).commit;
  CHECK(std::get<Captured>(outcome()).commit == first);
}

TEST_CASE_METHOD(CaptureFixture, "an untouched or restored tree is nothing") {
  CHECK(std::holds_alternative<CapturedNothing>(outcome()));
  put_in_tree("src/a.cc", "one\ntwo\nthree\n");
  put_in_tree("junk.o", "ignored");
  fs::create_directory(slot.tree() + "/empty");
  CHECK(std::holds_alternative<CapturedNothing>(outcome()));
}

TEST_CASE_METHOD(CaptureFixture, "paths outside `in` are all named and nothing is committed") {
  wanted.in = {"src/**"};
  const std::string before = run_git("count-objects -v");
  put_in_tree("src/a.cc", "fine\n");
  put_in_tree("src/sub/b.cc", "fine\n");
  put_in_tree("top.txt", "outside\n");
  fs::remove(slot.tree() + "/docs/guide.md");
  CHECK(std::get<CapturedOutside>(outcome()).paths ==
        std::vector<std::string>{"docs/guide.md", "top.txt"});
  CHECK(run_git("count-objects -v") == before);
  wanted.in = {"src", "docs/", "*.txt"};
  CHECK(std::holds_alternative<Captured>(outcome()));
}

TEST_CASE_METHOD(CaptureFixture, "changed permission bits count as git counts them") {
  run("chmod 755 " + shell_word(slot.tree() + "/src/a.cc") + " && chmod 600 " +
      shell_word(slot.tree() + "/docs/guide.md"));
  const Captured work = std::get<Captured>(outcome());
  REQUIRE(work.changes.size() == 1);
  CHECK(run_git("diff --summary main " + work.commit.hex()) ==
        " mode change 100644 => 100755 src/a.cc");
}

TEST_CASE_METHOD(CaptureFixture, "rules that the session added ignore files and are reported") {
  put_in_tree(".gitignore", "*.o\nnode_modules/\n");
  put_in_tree("node_modules/x/index.js", "x");
  put_in_tree("old.o", "x");
  const Captured work = std::get<Captured>(outcome());
  CHECK(work.newly_hidden == std::vector<std::string>{"node_modules"});
  CHECK(run_git("diff --name-only main " + work.commit.hex()) == ".gitignore");
}

TEST_CASE_METHOD(CaptureFixture, "the repository's and the user's own excludes are obeyed") {
  write(repo() + "/.git/info/exclude", "*.secret\n");
  write(dir() + "/excludes", "*.swp\n");
  run_git("config core.excludesFile " + shell_word(dir() + "/excludes"));
  repository.emplace(open());
  put_in_tree("a.secret", "x");
  put_in_tree("a.swp", "x");
  CHECK(std::holds_alternative<CapturedNothing>(outcome()));
}

TEST_CASE_METHOD(CaptureFixture, "many objects become one pack, and the repository stays sound") {
  for (int i = 0; i < 120; ++i) {
    put_in_tree("src/gen/" + std::to_string(i / 10) + "/f" + std::to_string(i),
                std::to_string(i) + "\n");
  }
  const std::string packs = run_git("count-objects -v | grep packs:");
  const Captured work = std::get<Captured>(outcome());
  CHECK(work.stat.files == 120);
  CHECK(packs == "packs: 0");
  CHECK(run_git("count-objects -v | grep packs:") == "packs: 1");
  run_git("update-ref refs/heads/work " + work.commit.hex());
  CHECK(run_git("fsck --strict 2>&1").empty());
  request.commit = work.commit;
  ok(pool->reset(*repository, slot, request));
  CHECK(picture(slot.tree()) == expected_picture("work"));
}

TEST_CASE_METHOD(CaptureFixture,
                 "the session's own commits are listed, their final tree is what counts") {
  std::string env = "cd " + shell_word(slot.tree()) + " && env";
  for (const auto& [name, text] : session_environment(slot, "Ann", "ann@x")) {
    env += " " + name + "=" + shell_word(text);
  }
  put_in_tree("src/a.cc", "first try\n");
  run(env + " git commit -q -a -m 'Try one thing'");
  put_in_tree("src/a.cc", "second try\n");
  run(env + " git commit -q -a -m 'Try another'");
  run(env + " git commit -q --amend -m 'Do it well'");
  put_in_tree("src/a.cc", "final\n");
  const Captured work = std::get<Captured>(outcome());
  CHECK(run_git("show " + work.commit.hex() + ":src/a.cc") == "final");
  CHECK(run_git("show -s --format=%B " + work.commit.hex()) ==
        "Do the work\n\nCommits of the session:\n- Try one thing\n- Do it well\n");
  CHECK(run_git("rev-list --count main.." + work.commit.hex()) == "1");
}

TEST_CASE("subjects of a reflog are bounded and stripped of control characters") {
  std::string reflog;
  for (int i = 0; i < 30; ++i)
    reflog += "0 1 A <a> 1 +0000\tcommit: number " + std::to_string(i) + "\n";
  const auto subjects =
      parse_subjects(reflog + "x\tcommit: " + std::string(500, 'y') + "\x1b[31m\n");
  REQUIRE(subjects.size() == kMaxSubjects);
  CHECK(subjects.front() == "number 11");
  CHECK(subjects.back().size() < 130);
  CHECK(parse_subjects("x\tcommit: a\x1b"
                       "b")
            .front() == "a b");
  CHECK(parse_subjects("x\treset: moving to HEAD~1\nno tab\n").empty());
}

}  // namespace fleet::worktree::testing
