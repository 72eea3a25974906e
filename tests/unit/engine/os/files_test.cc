#include "engine/os/files.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/support/fault_files.h"
#include "tests/support/scratch_dir.h"

namespace fleet::os {
namespace {

namespace fs = std::filesystem;
using testing::ScratchDir;

void put(const std::string& path, std::string_view bytes) {
  std::ofstream(path) << bytes;
}
mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

TEST_CASE("a file is read whole, or refused when it is longer than allowed") {
  const ScratchDir dir;
  put(dir / "f", "12345");
  CHECK(*system_files().read_file(dir / "f", 5) == "12345");
  const auto refused = system_files().read_file(dir / "f", 4);
  CHECK(refused.error().code() == Errc::kInvalid);
  CHECK(refused.error().message() == "read " + (dir / "f") + ": longer than 4 bytes");
  put(dir / "empty", "");
  CHECK(system_files().read_file(dir / "empty", 0)->empty());
}

TEST_CASE("a file whose size is not known beforehand is read to its end") {
  CHECK_THAT(*system_files().read_file("/proc/self/status", 65536), Catch::Contains("VmRSS"));
  CHECK(system_files().read_file("/proc/self/status", 10).error().code() == Errc::kInvalid);
}

TEST_CASE("what is no regular file is refused and never waited for") {
  const ScratchDir dir;
  REQUIRE(::mkfifo((dir / "fifo").c_str(), 0600) == 0);
  CHECK(system_files().read_file(dir / "fifo", 9).error().code() == Errc::kInvalid);
  CHECK(system_files().read_file(dir.path(), 9).error().code() == Errc::kInvalid);
  CHECK(system_files().read_file(dir / "absent", 9).error().code() == Errc::kNotFound);
}

TEST_CASE("paths are bytes: only emptiness and NUL are refused") {
  const ScratchDir dir;
  const std::string name =
      GENERATE(as<std::string>(), "a b", "line\nbreak", "-rf", "\xff\xfe", "'\"`$(x)", "\xc3\xa4");
  CHECK(system_files().write_atomic(dir / name, "x"));
  CHECK(*system_files().read_file(dir / name, 9) == "x");
  CHECK(*system_files().list(dir.path()) == std::vector<DirEntry>{{name, FileKind::kFile}});
  CHECK(system_files().remove_tree(dir / name));
  CHECK_FALSE(*system_files().exists(dir / name));
  CHECK(system_files().exists("").error().code() == Errc::kInvalid);
  CHECK(system_files().exists(std::string("a\0b", 3)).error().code() == Errc::kInvalid);
}

TEST_CASE("an atomic write replaces content and mode and leaves nothing beside it") {
  const ScratchDir dir;
  put(dir / "f", "a much longer content than the next");
  CHECK(system_files().write_atomic(dir / "f", "new", 0640));
  CHECK(*system_files().read_file(dir / "f", 99) == "new");
  CHECK(mode_of(dir / "f") == 0640);
  CHECK(system_files().list(dir.path())->size() == 1);
}

TEST_CASE("an atomic write replaces a symlink, not what it names") {
  const ScratchDir dir;
  put(dir / "target", "kept");
  fs::create_symlink("target", dir / "link");
  CHECK(system_files().write_atomic(dir / "link", "new"));
  CHECK(*system_files().read_file(dir / "target", 99) == "kept");
  CHECK_FALSE(fs::is_symlink(dir / "link"));
}

TEST_CASE("a failed atomic write leaves the old content and no litter") {
  const ScratchDir dir;
  fs::create_directory(dir / "d");
  put(dir / "d/inside", "x");
  CHECK_FALSE(system_files().write_atomic(dir / "d", "x"));  // a directory cannot be replaced
  CHECK(system_files().list(dir.path())->size() == 1);
  CHECK(system_files().write_atomic(dir / "no/f", "x").error().code() == Errc::kNotFound);
}

TEST_CASE("directories are made with their parents, and again without harm") {
  const ScratchDir dir;
  CHECK(system_files().make_dirs(dir / "a//b/c/", 0700));
  CHECK(system_files().make_dirs(dir / "a/b/c"));
  CHECK(mode_of(dir / "a/b/c") == 0700);
  put(dir / "f", "");
  CHECK(system_files().make_dirs(dir / "f/g").error().code() == Errc::kExists);
}

TEST_CASE("exists sees a dangling symlink") {
  const ScratchDir dir;
  fs::create_symlink("nowhere", dir / "link");
  CHECK(*system_files().exists(dir / "link"));
  CHECK_FALSE(*system_files().exists(dir / "link/below"));
}

TEST_CASE("a listing is sorted and tells kinds apart") {
  const ScratchDir dir;
  put(dir / "b", "");
  fs::create_directory(dir / "c");
  fs::create_symlink("b", dir / "a");
  REQUIRE(::mkfifo((dir / "d").c_str(), 0600) == 0);
  CHECK(*system_files().list(dir.path()) == std::vector<DirEntry>{{"a", FileKind::kSymlink},
                                                                  {"b", FileKind::kFile},
                                                                  {"c", FileKind::kDirectory},
                                                                  {"d", FileKind::kOther}});
}

TEST_CASE("free space is told for any path on the file system") {
  CHECK(*system_files().free_bytes("/") > 0);
  CHECK(system_files().free_bytes("/no/such").error().code() == Errc::kNotFound);
}

TEST_CASE("a lock excludes others, names its holder, and ends with its object") {
  const ScratchDir dir;
  {
    const auto lock = system_files().lock_file(dir / "lock");
    REQUIRE(lock);
    CHECK(lock_holder(dir / "lock") == std::to_string(::getpid()));
    const auto second = system_files().lock_file(dir / "lock");
    CHECK(second.error().code() == Errc::kBusy);
    CHECK(second.error().message() ==
          "lock " + (dir / "lock") + ": held by process " + std::to_string(::getpid()));
  }
  CHECK(system_files().lock_file(dir / "lock"));
}

TEST_CASE("a lock of a killed process is free without anyone's help") {
  const ScratchDir dir;
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = system_files().lock_file(dir / "lock");
    static_cast<void>(!::write(ready[1], lock ? "y" : "n", 1));
    ::pause();
    ::_exit(0);
  }
  char answer = 0;
  REQUIRE(::read(ready[0], &answer, 1) == 1);
  REQUIRE(answer == 'y');
  CHECK_THAT(system_files().lock_file(dir / "lock").error().message(),
             Catch::EndsWith("held by process " + std::to_string(child)));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK(system_files().lock_file(dir / "lock"));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_CASE("a lock is not taken through a symlink") {
  const ScratchDir dir;
  put(dir / "victim", "content");
  fs::create_symlink("victim", dir / "lock");
  CHECK_FALSE(system_files().lock_file(dir / "lock"));
  CHECK(*system_files().read_file(dir / "victim", 99) == "content");
}

TEST_CASE("a removed lock file is made anew, so that two never hold the same name") {
  const ScratchDir dir;
  const auto first = system_files().lock_file(dir / "lock");
  REQUIRE(first);
  fs::remove(dir / "lock");
  const auto second = system_files().lock_file(dir / "lock");
  REQUIRE(second);
  CHECK(system_files().lock_file(dir / "lock").error().code() == Errc::kBusy);
}

TEST_CASE("an injected fault comes at its call, before or after the effect") {
  const ScratchDir dir;
  testing::FaultFiles before(system_files(), 2, testing::FaultTime::kBefore, Errc::kNoSpace);
  CHECK(before.write_atomic(dir / "a", "1", 0600));
  CHECK(before.write_atomic(dir / "b", "1", 0600).error().code() == Errc::kNoSpace);
  CHECK_FALSE(*system_files().exists(dir / "b"));
  testing::FaultFiles after(system_files(), 1, testing::FaultTime::kAfter);
  CHECK(after.write_atomic(dir / "c", "1", 0600).error().code() == Errc::kIo);
  CHECK(*system_files().exists(dir / "c"));
}

}  // namespace
}  // namespace fleet::os
