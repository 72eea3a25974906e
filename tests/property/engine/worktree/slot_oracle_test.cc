// Random work in a slot: a capture is what `git add -A` would commit, and a reset leaves exactly
// what git would check out.
#include <rapidcheck.h>

#include <catch2/catch.hpp>

#include "engine/worktree/capture.h"
#include "engine/worktree/pool.h"
#include "tests/unit/engine/worktree/git_fixture.h"

namespace fleet::worktree::testing {
namespace {

const std::vector<std::string> kPaths = {"a",       "b.txt",      "d/a",        "d/e/a",
                                         "d/e/f/g", "d.x/y",      "build/out",  "x.o",
                                         "d/x.o",   "d/keep.o",   ".gitignore", "d/.gitignore",
                                         "d/e",     "new dir/-f", "z\nz",       "caf\xc3\xa9"};
const std::vector<std::string> kContents = {"",
                                            "1\n",
                                            "1\n2\n",
                                            "*.o\n!keep.o\n",
                                            "build/\n",
                                            "/d/e\n",
                                            std::string("\0b", 2),
                                            std::string(5000, 'q')};

struct Edit {
  int kind;
  std::string path;
  std::string content;
};

rc::Gen<std::vector<Edit>> edits() {
  return rc::gen::container<std::vector<Edit>>(rc::gen::apply(
      [](int kind, std::string path, std::string content) {
        return Edit{kind, std::move(path), std::move(content)};
      },
      rc::gen::inRange(0, 9), rc::gen::elementOf(kPaths), rc::gen::elementOf(kContents)));
}

// Clears the way for `path`: a file where a directory is needed goes.
void make_way(const fs::path& root, const fs::path& path) {
  fs::path at = root;
  for (const fs::path& part : path.parent_path()) {
    at /= part;
    if (fs::exists(fs::symlink_status(at)) && !fs::is_directory(fs::symlink_status(at)))
      fs::remove(at);
  }
  fs::create_directories(at);
}

void carry_out(const std::string& root, const Edit& edit) {
  const fs::path path = fs::path(root) / edit.path;
  const bool exists = fs::exists(fs::symlink_status(path));
  switch (edit.kind) {
    case 0:
    case 1:
    case 2:
      make_way(root, edit.path);
      fs::remove_all(path);
      write(path, edit.content);
      break;
    case 3: {
      std::error_code ignored;  // a parent may be a file by now
      fs::remove_all(path, ignored);
      break;
    }
    case 4:
      if (exists && fs::is_regular_file(fs::symlink_status(path)))
        fs::permissions(path, fs::perms(0755));
      break;
    case 5:
      make_way(root, edit.path);
      fs::remove_all(path);
      fs::create_symlink("../target", path);
      break;
    case 6:
      make_way(root, edit.path);
      fs::remove_all(path);
      fs::create_directory(path);
      break;
    case 7:
      if (exists && fs::is_regular_file(fs::symlink_status(path))) {
        fs::last_write_time(path, fs::file_time_type(std::chrono::seconds(1)));
      }
      break;
    default:
      // In place, size and modification time kept: only the ctime tells.
      if (exists && fs::is_regular_file(fs::symlink_status(path)) && fs::file_size(path) > 0) {
        const auto time = fs::last_write_time(path);
        std::string text = read(path);
        text.front() = text.front() == 'X' ? 'Y' : 'X';
        std::ofstream(path, std::ios::binary | std::ios::in) << text;
        fs::last_write_time(path, time);
      }
  }
}

// The tree that git makes of a directory, by a fresh index of its own.
std::string tree_by_git(const GitFixture& fixture, const std::string& directory,
                        const std::string& start) {
  const std::string prefix = "cd " + shell_word(directory) +
                             " && GIT_INDEX_FILE=" + shell_word(fixture.dir() + "/oracle-index") +
                             " git --git-dir=" + shell_word(fixture.repo() + "/.git") +
                             " --work-tree=. ";
  run(prefix + "read-tree " + start);
  run(prefix + "add -A");
  std::string tree = run(prefix + "write-tree");
  fs::remove(fixture.dir() + "/oracle-index");
  return tree;
}

}  // namespace

TEST_CASE("capture equals git add -A, reset equals a fresh checkout, whatever was done") {
  const GitFixture fixture;
  fixture.put("a", "1\n");
  fixture.put("d/a", "1\n2\n");
  fixture.put("d/e/a", "deep\n");
  fixture.put("d/keep.o", "tracked although ignored\n");
  Oid start = fixture.commit("first");
  fixture.put(".gitignore", "*.o\nbuild/\n");
  start = fixture.commit("second");
  Repository repository = fixture.open();
  const auto pool = value(Pool::open(repository, fixture.slots()));
  SlotRequest request;
  request.commit = start;
  Slot slot = value(pool->acquire(repository, request));
  CHECK(rc::check([&] {
    for (const Edit& edit : *edits())
      carry_out(slot.tree(), edit);
    const std::string expected = tree_by_git(fixture, slot.tree(), slot.commit.hex());
    CaptureRequest wanted;
    wanted.message = "work";
    const CaptureOutcome outcome = value(capture(repository, slot, wanted));
    Oid next = slot.commit;
    if (const auto* work = std::get_if<Captured>(&outcome)) {
      next = work->commit;
      RC_ASSERT(
          fixture.run_git("diff --shortstat --no-renames " + slot.commit.hex() + " " + next.hex())
              .substr(1, std::to_string(work->stat.files).size() + 5) ==
          std::to_string(work->stat.files) + " file");
    } else {
      RC_ASSERT(std::holds_alternative<CapturedNothing>(outcome));
    }
    RC_ASSERT(fixture.run_git("rev-parse " + next.hex() + "^{tree}") == expected);
    // Half of the time on with the captured commit, else back.
    if (*rc::gen::arbitrary<bool>())
      request.commit = next;
    ok(pool->reset(repository, slot, request));
    RC_ASSERT(GitFixture::picture(slot.tree()) == fixture.expected_picture(request.commit.hex()));
    // Without its warning about a .gitignore that is a symlink.
    RC_ASSERT(run("git -C " + shell_word(slot.tree()) + " status --porcelain --ignored 2>/dev/null")
                  .empty());
  }));
}

}  // namespace fleet::worktree::testing
