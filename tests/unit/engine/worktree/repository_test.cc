#include "engine/worktree/repository.h"

#include <catch2/catch.hpp>

#include "engine/worktree/suggest.h"
#include "tests/unit/engine/worktree/git_fixture.h"

namespace fleet::worktree::testing {
namespace {

std::string refusal(const GitFixture& fixture) {
  Repository repository = fixture.open();
  const Status status = repository.inspect(fixture.head());
  return status ? "" : status.error().message();
}

bool mentions(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("the user's repository is found from a directory inside it") {
  const GitFixture fixture;
  fixture.put("a/b/c", "x");
  fixture.commit();
  const Repository found = value(Repository::discover(fixture.repo() + "/a/b"));
  CHECK(found.common_dir() == fixture.repo() + "/.git");
  CHECK(found.work_dir() == fixture.repo());
  CHECK_FALSE(found.is_bare());
  const Repository again = value(Repository::open(found.common_dir()));
  CHECK(again.common_dir() == found.common_dir());
  CHECK(again.work_dir().empty());
}

TEST_CASE("from a linked worktree the common directory is the main one's") {
  const GitFixture fixture;
  fixture.put("f", "x");
  fixture.commit();
  fixture.run_git("worktree add -q -b side " + shell_word(fixture.dir() + "/side"));
  const Repository found = value(Repository::discover(fixture.dir() + "/side"));
  CHECK(found.common_dir() == fixture.repo() + "/.git");
  CHECK(found.work_dir() == fixture.dir() + "/side");
}

TEST_CASE("without a repository the message says how to get one") {
  const TempDir empty;
  const auto found = Repository::discover(empty.path());
  REQUIRE_FALSE(found);
  CHECK(found.error().code() == Errc::kNotFound);
  CHECK(mentions(found.error().message(), "git init"));
}

TEST_CASE("a base branch resolves to its commit, or the nearest name is suggested") {
  const GitFixture fixture;
  fixture.put("f", "x");
  const Oid first = fixture.commit();
  fixture.run_git("branch release/1.0 && " + fixture.git("tag -a -m t v1"));
  Repository repository = fixture.open();
  CHECK(value(repository.resolve_base("main")) == first);
  CHECK(value(repository.resolve_base("release/1.0")) == first);
  CHECK(value(repository.resolve_base("refs/tags/v1")) == first);
  CHECK(value(repository.head_branch()) == "main");
  CHECK(repository.resolve_base("mian").error().message() ==
        "there is no branch `mian`; did you mean `main`?");
  CHECK(repository.resolve_base("production").error().message() ==
        "there is no branch `production`; there is `main` `release/1.0`");
}

TEST_CASE("an unborn branch says that a first commit is missing") {
  const GitFixture fixture;
  Repository repository = fixture.open();
  const auto base = repository.resolve_base("main");
  REQUIRE_FALSE(base);
  CHECK(mentions(base.error().message(), "make a first commit on `main`"));
}

TEST_CASE("a usable repository passes inspection with a dirty tree and ordinary attributes") {
  const GitFixture fixture;
  fixture.put(".gitattributes",
              "# filter=lfs in a comment\n*.sh text eol=lf\n*.png binary\nfilter=x -text\n");
  fixture.put("f", "x");
  fixture.commit();
  fixture.put("f", "dirty");
  CHECK(refusal(fixture).empty());
}

TEST_CASE("what a fleet can't work with is refused with the way out") {
  const GitFixture fixture;
  fixture.put("f", "x");
  fixture.commit();
  SECTION("LFS") {
    fixture.put("assets/.gitattributes", "*.psd filter=lfs diff=lfs merge=lfs -text\n");
    fixture.commit();
    CHECK(mentions(refusal(fixture), "assets/.gitattributes says `filter=lfs` (Git LFS)"));
  }
  SECTION("submodules") {
    fixture.run_git("update-index --add --cacheinfo 160000," + fixture.head().hex() +
                    ",vendor/lib");
    fixture.run_git("commit -q -m sub");
    CHECK(mentions(refusal(fixture), "vendor/lib is a submodule"));
  }
  SECTION("shallow clones") {
    fixture.put("f", "y");
    fixture.commit();
    const GitFixture other;
    run("rm -rf " + shell_word(other.repo()) + " && git clone -q --depth 1 file://" +
        shell_word(fixture.repo()) + " " + shell_word(other.repo()));
    CHECK(mentions(refusal(other), "git fetch --unshallow"));
  }
  SECTION("sparse checkout") {
    fixture.run_git("config core.sparseCheckout true");
    CHECK(mentions(refusal(fixture), "git sparse-checkout disable"));
  }
}

TEST_CASE("extensions that libgit2 can't read are refused by name") {
  const GitFixture fixture;
  fixture.put("f", "x");
  fixture.commit();
  fixture.run_git("config core.repositoryFormatVersion 1");
  const auto message = [&fixture] {
    const auto found = Repository::discover(fixture.repo());
    return found ? std::string() : found.error().message();
  };
  SECTION("worktree settings") {
    fixture.run_git("config extensions.worktreeConfig true");
    CHECK(mentions(message(), "git config --unset extensions.worktreeConfig"));
  }
  SECTION("partial clones") {
    fixture.run_git("config extensions.partialClone origin");
    CHECK(mentions(message(), "partial clone"));
  }
  SECTION("SHA-256") {
    run("rm -rf " + shell_word(fixture.repo()) + " && git init -q --object-format=sha256 " +
        shell_word(fixture.repo()));
    CHECK(mentions(message(), "SHA-256"));
  }
  SECTION("anything else") {
    fixture.run_git("config extensions.futureThing true");
    CHECK(mentions(message(), "not supported"));
  }
}

TEST_CASE("files are listed by glob in byte order, and read") {
  const GitFixture fixture;
  for (const char* path : {"notes/b.txt", "notes/a.txt", "notes/sub/c.txt", "a.txt", "notes/B.md",
                           "with space/q'uote.txt"}) {
    fixture.put(path, path);
  }
  run("ln -s a.txt " + shell_word(fixture.repo() + "/link.txt"));
  const Oid commit = fixture.commit();
  fixture.put("notes/uncommitted.txt", "x");
  Repository repository = fixture.open();
  using Paths = std::vector<std::string>;
  CHECK(value(repository.list_files(commit, "notes/*.txt")) == Paths{"notes/a.txt", "notes/b.txt"});
  CHECK(value(repository.list_files(commit, "**/*.txt")) ==
        Paths{"a.txt", "link.txt", "notes/a.txt", "notes/b.txt", "notes/sub/c.txt",
              "with space/q'uote.txt"});
  CHECK(value(repository.list_files(commit, "./notes/**")).size() == 4);
  CHECK(value(repository.list_files(commit, "nothing/*")).empty());
  CHECK(value(repository.read_file(commit, "notes/sub/c.txt")) == "notes/sub/c.txt");
  CHECK(value(repository.read_file(commit, "link.txt")) == "a.txt");
  CHECK(repository.read_file(commit, "notes/none").error().code() == Errc::kNotFound);
  CHECK(repository.read_file(commit, "a.txt/x").error().code() == Errc::kNotFound);
  CHECK(repository.read_file(commit, "notes").error().code() == Errc::kInvalid);
}

TEST_CASE("ancestry, existence and differences are those of git") {
  const GitFixture fixture;
  fixture.put("f", "1\n2\n3\n");
  const Oid first = fixture.commit();
  fixture.put("f", "1\nx\n3\n4\n");
  fixture.put("bin", std::string("\0\1", 2));
  const Oid second = fixture.commit();
  Repository repository = fixture.open();
  CHECK(value(repository.is_ancestor(first, second)));
  CHECK(value(repository.is_ancestor(first, first)));
  CHECK_FALSE(value(repository.is_ancestor(second, first)));
  CHECK(value(repository.commit_exists(first)));
  CHECK_FALSE(value(repository.commit_exists(Oid{})));
  const DiffStat stat = value(repository.diff_stat(first, second));
  CHECK(stat.files == 2);
  CHECK(stat.insertions == 2);
  CHECK(stat.deletions == 1);
  CHECK(value(repository.changes(second, first)).front().kind == Change::Kind::kDeleted);
}

TEST_CASE("a suggestion is near or there is none") {
  CHECK(nearest_name("devlop", {"main", "develop"}) == "develop");
  CHECK(nearest_name("x", {"production"}).empty());
}

}  // namespace fleet::worktree::testing
