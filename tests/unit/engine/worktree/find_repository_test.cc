// Each case has a whole repository further out, which must be taken only where git would say that
// nothing stands before it.
#include "engine/worktree/find_repository.h"

#include <catch2/catch.hpp>

#include "tests/unit/engine/worktree/git_fixture.h"

namespace fleet::worktree::testing {
namespace {

class Nested {
 public:
  Nested() {
    outer_.put("f", "x");
    outer_.commit();
    fs::create_directories(inner());
  }

  const GitFixture& outer() const { return outer_; }
  std::string inner() const { return outer_.repo() + "/inner"; }
  std::string beneath() const { return inner() + "/deep/er"; }
  void init(const std::string& options = "") const {
    run("git init -q -b main " + options + " " + shell_word(inner()));
    fs::create_directories(beneath());
  }
  bool takes_outer(const std::string& from) const {
    return value(Repository::discover(from)).work_dir() == outer_.repo();
  }
  // The words of the refusal, which must not be that there is none.
  static std::string refusal(const std::string& from) {
    const auto found = Repository::discover(from);
    REQUIRE_FALSE(found);
    CHECK(found.error().code() == Errc::kUnsupported);
    return found.error().message();
  }

 private:
  GitFixture outer_;
};

}  // namespace

TEST_CASE("the nearest repository is taken, from its top and from inside") {
  const Nested nested;
  nested.init();
  for (const std::string& from : {nested.inner(), nested.beneath()})
    CHECK(value(Repository::discover(from)).work_dir() == nested.inner());
  CHECK(value(Repository::discover(nested.inner() + "/.git/hooks")).common_dir() ==
        nested.inner() + "/.git");
}

TEST_CASE("a repository that lost a part of itself is refused, with what is missing") {
  const Nested nested;
  nested.init();
  const std::string git_dir = nested.inner() + "/.git";
  SECTION("HEAD") {
    fs::remove(git_dir + "/HEAD");
    CHECK_THAT(Nested::refusal(nested.beneath()), Catch::Contains(git_dir + " can't be used: it "
                                                                            "has no HEAD. "));
  }
  SECTION("objects and refs") {
    fs::remove_all(git_dir + "/objects");
    fs::remove_all(git_dir + "/refs");
    CHECK_THAT(Nested::refusal(nested.beneath()), Catch::Contains("it has no objects and no refs"));
  }
  SECTION("all but the configuration") {
    run("find " + shell_word(git_dir) + " -mindepth 1 -not -name config -delete");
    CHECK_THAT(Nested::refusal(nested.beneath()), Catch::Contains("it has no HEAD and no objects"));
  }
  SECTION("what HEAD says, as a power cut leaves it") {
    write(git_dir + "/HEAD", "");
    CHECK_THAT(Nested::refusal(nested.beneath()),
               Catch::Contains("its HEAD names neither a branch nor a commit"));
  }
}

TEST_CASE("a folder that never was a repository is passed over") {
  const Nested nested;
  fs::create_directories(nested.beneath());
  SECTION("an empty .git") {
    fs::create_directories(nested.inner() + "/.git");
  }
  SECTION("a .git with a file of somebody else's") {
    write(nested.inner() + "/.git/notes", "mine\n");
  }
  SECTION("folders named like those of a repository") {
    fs::create_directories(nested.inner() + "/objects");
    fs::create_directories(nested.inner() + "/refs");
    fs::create_directories(nested.inner() + "/config");
  }
  CHECK(nested.takes_outer(nested.beneath()));
}

TEST_CASE("a .git that is a link is followed, and refused if it leads nowhere") {
  const Nested nested;
  nested.init();
  const std::string elsewhere = nested.outer().dir() + "/elsewhere.git";
  fs::rename(nested.inner() + "/.git", elsewhere);
  fs::create_symlink(elsewhere, nested.inner() + "/.git");
  CHECK(fs::equivalent(value(Repository::discover(nested.beneath())).common_dir(), elsewhere));
  fs::remove_all(elsewhere);
  CHECK_THAT(Nested::refusal(nested.beneath()), Catch::Contains("it is a link that leads nowhere"));
}

TEST_CASE("a .git that is a file is followed, and refused if it leads nowhere or says nothing") {
  const Nested nested;
  const std::string elsewhere = nested.outer().dir() + "/elsewhere.git";
  nested.init("--separate-git-dir=" + shell_word(elsewhere));
  const Repository found = value(Repository::discover(nested.beneath()));
  CHECK(found.common_dir() == elsewhere);
  CHECK(found.work_dir() == nested.inner());
  SECTION("damaged") {
    fs::remove(elsewhere + "/HEAD");
    CHECK_THAT(Nested::refusal(nested.beneath()),
               Catch::Contains(elsewhere + ", which is not whole: it has no HEAD"));
  }
  SECTION("gone") {
    fs::remove_all(elsewhere);
    CHECK_THAT(Nested::refusal(nested.beneath()),
               Catch::Contains("it leads to " + elsewhere + ", which is not there"));
  }
  SECTION("nonsense") {
    write(nested.inner() + "/.git", "");
    CHECK_THAT(Nested::refusal(nested.beneath()), Catch::Contains("does not begin with `gitdir:`"));
  }
}

TEST_CASE("a worktree is found where it was moved to, and refused when its repository was moved") {
  const Nested nested;
  const GitFixture main;
  main.put("f", "x");
  main.commit();
  main.run_git("worktree add -q -b side " + shell_word(nested.inner() + "/side"));
  fs::rename(nested.inner() + "/side", nested.inner() + "/moved");
  const Repository found = value(Repository::discover(nested.inner() + "/moved"));
  CHECK(found.common_dir() == main.repo() + "/.git");
  CHECK(found.work_dir() == nested.inner() + "/moved");
  fs::rename(main.repo(), main.dir() + "/renamed");
  CHECK_THAT(Nested::refusal(nested.inner() + "/moved"), Catch::Contains("`git worktree repair "));
}

TEST_CASE("a submodule is a repository of its own, and refused when its objects are not there") {
  const GitFixture library;
  library.put("f", "x");
  library.commit();
  const Nested nested;
  nested.outer().run_git("-c protocol.file.allow=always submodule --quiet add " +
                         shell_word(library.repo()) + " sub");
  const std::string sub = nested.outer().repo() + "/sub";
  const Repository found = value(Repository::discover(sub));
  CHECK(found.common_dir() == nested.outer().repo() + "/.git/modules/sub");
  CHECK(found.work_dir() == sub);
  fs::remove_all(nested.outer().repo() + "/.git/modules");
  CHECK_THAT(Nested::refusal(sub), Catch::Contains("`git submodule update --init`"));
}

TEST_CASE("a bare repository is found from inside, and refused when it lost its HEAD") {
  const Nested nested;
  run("git init -q --bare " + shell_word(nested.inner()));
  for (const std::string& from : {nested.inner(), nested.inner() + "/refs/heads"}) {
    const Repository found = value(Repository::discover(from));
    CHECK(found.is_bare());
    CHECK(found.common_dir() == nested.inner());
  }
  fs::remove(nested.inner() + "/HEAD");
  CHECK_THAT(Nested::refusal(nested.inner() + "/hooks"), Catch::Contains("it has no HEAD"));
}

TEST_CASE("what can't be found out is an error, not the next repository further out") {
  const Nested nested;
  nested.init();
  const std::string head = nested.inner() + "/.git/HEAD";
  fs::remove(head);
  fs::create_symlink("HEAD", head);  // ELOOP stands for any error of the disk
  const auto found = Repository::discover(nested.beneath());
  REQUIRE_FALSE(found);
  CHECK_THAT(found.error().message(), Catch::Contains(head));
  CHECK(found.error().code() != Errc::kNotFound);
}

}  // namespace fleet::worktree::testing
