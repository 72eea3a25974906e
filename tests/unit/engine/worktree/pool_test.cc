#include "engine/worktree/pool.h"

#include <catch2/catch.hpp>

#include "engine/worktree/capture.h"
#include "engine/worktree/refs.h"
#include "tests/unit/engine/worktree/git_fixture.h"

namespace fleet::worktree::testing {
namespace {

SlotRequest at(const Oid& commit, const std::string& agent = "ann") {
  SlotRequest request;
  request.agent = agent;
  request.commit = commit;
  return request;
}

std::string environment_of(const Slot& slot) {
  std::string text = "env";
  for (const auto& [name, value] : session_environment(slot, "Ann", "ann@example.org")) {
    text += " " + name + "=" + shell_word(value);
  }
  return text + " ";
}

struct PoolFixture : GitFixture {
  PoolFixture() {
    put("a.txt", "a\n");
    put("dir/b.txt", "b\n");
    put("dir/deep/c", "c\n");
    put("bin/tool", "#!/bin/sh\n");
    run("chmod 755 " + shell_word(repo() + "/bin/tool") + " && ln -s ../a.txt " +
        shell_word(repo() + "/dir/link"));
    put(".gitignore", "*.o\nbuild/\n");
    first = commit("first");
    repository.emplace(open());
    pool = value(Pool::open(*repository, slots()));
  }

  bool is_exact(const Slot& slot) const {
    return picture(slot.tree()) == expected_picture(slot.commit.hex());
  }

  Oid first;
  std::optional<Repository> repository;
  std::unique_ptr<Pool> pool;
};

}  // namespace

TEST_CASE_METHOD(PoolFixture, "a new slot holds exactly the commit and git lists it as locked") {
  const Slot slot = value(pool->acquire(*repository, at(first)));
  CHECK(is_exact(slot));
  const std::string list = run_git("worktree list --porcelain");
  CHECK(list.find("worktree " + slot.tree() + "\nHEAD " + first.hex() + "\ndetached\nlocked") !=
        std::string::npos);
  CHECK(run("git -C " + shell_word(slot.tree()) + " status --porcelain --ignored").empty());
  CHECK(run("git -C " + shell_word(slot.tree()) + " rev-parse HEAD") == first.hex());
  CHECK(run_git("fsck --strict 2>&1").empty());
  CHECK(run_git("branch --list --format='%(refname)'") == "refs/heads/main");
}

TEST_CASE_METHOD(PoolFixture, "the user's working tree, index and HEAD are never touched") {
  put("a.txt", "being edited\n");
  put("untracked", "x");
  run_git("add a.txt");
  const auto look = [this] {
    return picture(repo()) +
           run("stat -c '%y %z %i %s' " + shell_word(repo() + "/.git/index") + " " +
               shell_word(repo() + "/.git/HEAD")) +
           run("md5sum " + shell_word(repo() + "/.git/index"));
  };
  const std::string before = look();
  Slot slot = value(pool->acquire(*repository, at(first)));
  write(slot.tree() + "/new", "new\n");
  CaptureRequest request;
  request.message = "work";
  CHECK(std::holds_alternative<Captured>(value(capture(*repository, slot, request))));
  ok(pool->reset(*repository, slot, at(first)));
  ok(pool->release(slot, Leftovers::kSaved));
  ok(pool->destroy(*repository, slot));
  CHECK(look() == before);
}

TEST_CASE_METHOD(PoolFixture,
                 "a session commits into its own object store, never into the common one") {
  const Slot slot = value(pool->acquire(*repository, at(first)));
  const std::string before = run_git("count-objects -v");
  write(slot.tree() + "/new.txt", "new\n");
  run("cd " + shell_word(slot.tree()) + " && " + environment_of(slot) + "git add -A && " +
      environment_of(slot) + "git commit -q -m 'Session work'");
  CHECK(run_git("count-objects -v") == before);
  CHECK(run("cd " + shell_word(slot.tree()) + " && " + environment_of(slot) +
            "git log --format='%an %s' -1") == "Ann Session work");
  // What only the session's store holds must not be visible to the user's git as damage.
  CHECK(run_git("fsck --strict 2>&1").empty());
  CHECK(shell(git("gc -q --prune=now")).text.empty());
  CHECK(shell(git("log --all --oneline")).status == 0);
}

TEST_CASE_METHOD(PoolFixture,
                 "a reset removes untracked and ignored files and restores tracked ones") {
  Slot slot = value(pool->acquire(*repository, at(first)));
  const std::string tree = slot.tree();
  write(tree + "/dir/deep/extra/more", "x");
  write(tree + "/x.o", "x");
  write(tree + "/build/out", "x");
  write(tree + "/a.txt", "changed\n");
  run("cd " + shell_word(tree) +
      " && rm -r dir/b.txt bin && chmod 600 dir/deep/c && touch -d @1 dir/deep/c");
  ok(pool->reset(*repository, slot, at(first)));
  CHECK(is_exact(slot));
  CHECK(run("git -C " + shell_word(tree) + " status --porcelain --ignored").empty());
}

TEST_CASE_METHOD(PoolFixture,
                 "the session's index is sorted where a directory's name begins another's") {
  for (const char* path : {"d/a", "d.x/b", "d-x/c", "d0/d", "d.txt"})
    put(path, path);
  const Slot slot = value(pool->acquire(*repository, at(commit("names"))));
  const std::string in_tree = "cd " + shell_word(slot.tree()) + " && ";
  CHECK(run(in_tree + "git ls-files") == run_git("ls-files"));
  // Touched, so that git looks each of them up.
  CHECK(run(in_tree + "touch d*/* && git status --porcelain").empty());
  CHECK(run(in_tree + "git write-tree") == run_git("rev-parse HEAD^{tree}"));
}

TEST_CASE_METHOD(PoolFixture, "a reset moves to another commit at the cost of the difference") {
  Slot slot = value(pool->acquire(*repository, at(first)));
  const std::string inode = run("stat -c %i " + shell_word(slot.tree() + "/dir/deep/c"));
  run("cd " + shell_word(repo()) + " && rm -r dir/link bin a.txt");
  put("bin", "a file where a directory was\n");
  put("a.txt/now/a/directory", "x\n");
  const Oid second = commit("second");
  ok(pool->reset(*repository, slot, at(second)));
  CHECK(is_exact(slot));
  CHECK(run("stat -c %i " + shell_word(slot.tree() + "/dir/deep/c")) == inode);
  ok(pool->reset(*repository, slot, at(first)));
  CHECK(is_exact(slot));
}

TEST_CASE_METHOD(PoolFixture, "kept paths survive for the same agent only") {
  const auto request = [this](const std::string& agent) {
    SlotRequest wanted = at(first, agent);
    wanted.keep = {"build/cache", "**/node_modules"};
    return wanted;
  };
  Slot slot = value(pool->acquire(*repository, request("ann")));
  write(slot.tree() + "/build/cache/big", "x");
  write(slot.tree() + "/build/out", "x");
  write(slot.tree() + "/dir/node_modules/m/index.js", "x");
  ok(pool->release(slot, Leftovers::kSaved));

  Slot again = value(pool->acquire(*repository, request("ann")));
  REQUIRE(again.id == slot.id);
  CHECK(fs::exists(again.tree() + "/build/cache/big"));
  CHECK(fs::exists(again.tree() + "/dir/node_modules/m/index.js"));
  CHECK_FALSE(fs::exists(again.tree() + "/build/out"));
  ok(pool->release(again, Leftovers::kSaved));

  Slot other = value(pool->acquire(*repository, request("bob")));
  REQUIRE(other.id == slot.id);
  CHECK(is_exact(other));
}

TEST_CASE_METHOD(PoolFixture, "kinds never share a slot, and a slot in use is not given twice") {
  const Slot build = value(pool->acquire(*repository, at(first)));
  ok(pool->release(build, Leftovers::kSaved));
  SlotRequest review = at(first);
  review.kind = SlotKind::kReview;
  const Slot reviewer = value(pool->acquire(*repository, review));
  CHECK(reviewer.id != build.id);
  const Slot again = value(pool->acquire(*repository, at(first)));
  CHECK(again.id == build.id);
  CHECK(value(pool->acquire(*repository, at(first))).id != build.id);
}

TEST_CASE_METHOD(PoolFixture, "a second pool on the same directory respects slots in use") {
  const auto other = value(Pool::open(*repository, slots()));
  const Slot slot = value(pool->acquire(*repository, at(first)));
  CHECK(value(other->acquire(*repository, at(first))).id != slot.id);
  CHECK(other->adopt(slot.id).error().code() == Errc::kBusy);
  ok(pool->release(slot, Leftovers::kSaved));
  const Slot adopted = value(other->adopt(slot.id));
  CHECK(adopted.commit == first);
  CHECK(adopted.agent == "ann");
}

TEST_CASE_METHOD(PoolFixture, "unsaved leftovers are committed to the salvage ref before a reset") {
  const Slot slot = value(pool->acquire(*repository, at(first)));
  write(slot.tree() + "/precious.txt", "work of hours\n");
  write(slot.tree() + "/x.o", "ignored");
  ok(pool->release(slot, Leftovers::kUnsaved));
  SlotRequest next = at(first, "bob");
  next.salvage_ref = salvage_ref("run 1", "slot");
  const Slot again = value(pool->acquire(*repository, next));
  REQUIRE(again.id == slot.id);
  CHECK(is_exact(again));
  CHECK(run_git("show " + next.salvage_ref + ":precious.txt") == "work of hours");
  CHECK(run_git("diff --name-only main " + next.salvage_ref) == "precious.txt");
  // The next salvage of the same name doesn't take its place.
  write(again.tree() + "/other.txt", "more\n");
  ok(pool->release(again, Leftovers::kUnsaved));
  value(pool->acquire(*repository, next));
  CHECK(run_git("show " + next.salvage_ref + "-2:other.txt") == "more");
}

TEST_CASE_METHOD(PoolFixture, "prune keeps what is in use or unsaved and obeys the budget") {
  const Slot used = value(pool->acquire(*repository, at(first)));
  const Slot unsaved = value(pool->acquire(*repository, at(first)));
  const Slot saved = value(pool->acquire(*repository, at(first)));
  ok(pool->release(unsaved, Leftovers::kUnsaved));
  ok(pool->release(saved, Leftovers::kSaved));
  CHECK(value(pool->prune(*repository, std::uint64_t{1} << 40)).empty());
  CHECK(value(pool->prune(*repository, 0)) == std::vector<SlotId>{saved.id});
  CHECK_FALSE(fs::exists(saved.root));
  CHECK(run_git("worktree list").find(saved.tree()) == std::string::npos);
  const auto left = value(pool->usage());
  REQUIRE(left.size() == 2);
  CHECK(left[0].in_use);
  CHECK(left[1].leftovers == Leftovers::kUnsaved);
  CHECK(left[1].disk_bytes > 0);
  CHECK(left[1].complete);
}

TEST_CASE_METHOD(PoolFixture, "a pool inside the user's tree is refused") {
  CHECK(Pool::open(*repository, repo() + "/worktrees").error().code() == Errc::kInvalid);
  CHECK(Pool::open(*repository, repo() + "/.git/x").error().code() == Errc::kInvalid);
}

TEST_CASE_METHOD(
    PoolFixture,
    "the user's worktree prune and gc leave slots alone, and their own worktrees work") {
  const Slot slot = value(pool->acquire(*repository, at(first)));
  run_git("worktree add -q " + shell_word(dir() + "/mine") + " -b mine");
  run_git("worktree prune --expire=now && " + git("gc -q --prune=now"));
  CHECK(run_git("worktree list").find(slot.tree()) != std::string::npos);
  run_git("worktree remove " + shell_word(dir() + "/mine"));
  CHECK(shell(git("worktree remove " + shell_word(slot.tree()))).status != 0);
  CHECK(is_exact(slot));
}

TEST_CASE("slots are made from a bare repository too") {
  const GitFixture origin;
  origin.put("f", "f\n");
  const Oid commit = origin.commit();
  const TempDir bare;
  run("git clone -q --bare " + shell_word(origin.repo()) + " " +
      shell_word(bare.path() + "/b.git"));
  Repository repository = value(Repository::discover(bare.path() + "/b.git"));
  ok(repository.inspect(commit));
  const auto pool = value(Pool::open(repository, bare.path() + "/slots"));
  const Slot slot = value(pool->acquire(repository, at(commit)));
  CHECK(GitFixture::picture(slot.tree()) == origin.expected_picture(commit.hex()));
  CHECK(run("git -C " + shell_word(slot.tree()) + " status --porcelain").empty());
}

}  // namespace fleet::worktree::testing
