#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include <catch2/catch.hpp>

#include "engine/os/files.h"
#include "tests/support/scratch_dir.h"

namespace fleet::os {
namespace {

namespace fs = std::filesystem;
using testing::ScratchDir;

void put(const std::string& path) {
  std::ofstream(path) << "x";
}

TEST_CASE("a tree is removed with everything in it") {
  const ScratchDir dir;
  fs::create_directories(dir / "t/a/b");
  put(dir / "t/a/b/f");
  put(dir / "t/.hidden");
  REQUIRE(::mkfifo((dir / "t/fifo").c_str(), 0600) == 0);
  CHECK(system_files().remove_tree(dir / "t/"));
  CHECK_FALSE(fs::exists(dir / "t"));
}

TEST_CASE("removing what is absent is fine") {
  const ScratchDir dir;
  CHECK(system_files().remove_tree(dir / "no"));
  CHECK(system_files().remove_tree(dir / "no/such/thing"));
}

TEST_CASE("a symlink is removed, never what it names") {
  const ScratchDir dir;
  fs::create_directories(dir / "kept");
  put(dir / "kept/f");
  fs::create_directories(dir / "t");
  fs::create_symlink(dir / "kept", dir / "t/to-kept");
  fs::create_symlink(dir / "kept", dir / "link");
  CHECK(system_files().remove_tree(dir / "t"));
  CHECK(system_files().remove_tree(dir / "link"));
  CHECK(fs::exists(dir / "kept/f"));
  CHECK_FALSE(fs::exists(fs::symlink_status(dir / "link")));
}

TEST_CASE("names that are no entry of a directory are refused") {
  const std::string name = GENERATE(as<std::string>(), "/", ".", "..", "a/..", "a/.");
  CHECK(system_files().remove_tree(name).error().code() == Errc::kInvalid);
}

TEST_CASE("no depth exhausts descriptors or the stack") {
  const ScratchDir dir;
  fs::create_directory(dir / "t");
  const int here = ::open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  REQUIRE(::chdir((dir / "t").c_str()) == 0);
  for (int depth = 0; depth < 3000; ++depth) {
    REQUIRE(::mkdir("d", 0700) == 0);
    REQUIRE(::chdir("d") == 0);
  }
  put("deepest");
  REQUIRE(::fchdir(here) == 0);
  ::close(here);
  CHECK(system_files().remove_tree(dir / "t"));
  CHECK_FALSE(fs::exists(dir / "t"));
}

TEST_CASE("directories that deny their owner are removed too") {
  const ScratchDir dir;
  ::chmod(dir.path().c_str(), 0777);
  // Root is denied nothing, so an ordinary user does this.
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0))
      ::_exit(3);
    fs::create_directories(dir / "t/locked/inner");
    put(dir / "t/locked/inner/f");
    ::chmod((dir / "t/locked/inner").c_str(), 0500);
    ::chmod((dir / "t/locked").c_str(), 0000);
    ::_exit(system_files().remove_tree(dir / "t") && !fs::exists(dir / "t") ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a directory swapped for a symlink meanwhile leads nowhere") {
  const ScratchDir dir;
  fs::create_directories(dir / "kept");
  for (int i = 0; i < 50; ++i)
    put(dir / ("kept/f" + std::to_string(i)));
  for (int round = 0; round < 100; ++round) {
    fs::create_directories(dir / "t/x");
    for (int i = 0; i < 20; ++i)
      put(dir / ("t/x/f" + std::to_string(i)));
    std::atomic<bool> stop{false};
    std::thread swapper([&] {
      while (!stop) {
        ::rename((dir / "t/x").c_str(), (dir / "t/y").c_str());
        static_cast<void>(!::symlink((dir / "kept").c_str(), (dir / "t/x").c_str()));
        ::unlink((dir / "t/x").c_str());
        ::rename((dir / "t/y").c_str(), (dir / "t/x").c_str());
      }
    });
    static_cast<void>(system_files().remove_tree(dir / "t"));  // may fail: names vanish under it
    stop = true;
    swapper.join();
    CHECK(system_files().remove_tree(dir / "t"));
  }
  CHECK(system_files().list(dir / "kept")->size() == 50);
}

}  // namespace
}  // namespace fleet::os
