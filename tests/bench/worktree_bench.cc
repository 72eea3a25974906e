// Worktrees of a 25,000-file repository: ours against `git worktree add`, measured in one run on
// one disk. Prints one JSON object; all times are seconds, one for each round.
//   worktree_bench [FILES] [ROUNDS]
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "engine/worktree/capture.h"
#include "engine/worktree/pool.h"

namespace fs = std::filesystem;
using fleet::worktree::Oid;
using fleet::worktree::Pool;
using fleet::worktree::Repository;
using fleet::worktree::Slot;
using fleet::worktree::SlotRequest;

namespace {

void require(bool holds, const std::string& what) {
  if (holds)
    return;
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

void run(const std::string& command) {
  require(std::system(command.c_str()) == 0, command);
}

template <class T>
T value(fleet::Result<T> result) {
  require(static_cast<bool>(result), result ? "" : result.error().message());
  return *std::move(result);
}

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void print_list(const char* name, const std::vector<double>& values, const char* before) {
  std::printf("%s\"%s\": [", before, name);
  for (std::size_t i = 0; i < values.size(); ++i)
    std::printf("%s%.4f", i == 0 ? "" : ", ", values[i]);
  std::printf("]");
}

// Sizes like those of a source tree: most files a few KB, in directories of twenty-five.
void fill(const std::string& repo, int files) {
  std::string text;
  for (int i = 0; i < files; ++i) {
    const fs::path path = fs::path(repo) / ("d" + std::to_string(i / 2500)) /
                          ("sub" + std::to_string(i / 25)) / ("file" + std::to_string(i) + ".txt");
    if (i % 25 == 0)
      fs::create_directories(path.parent_path());
    text = "file " + std::to_string(i) + "\n";
    const std::size_t size = 400 + static_cast<std::size_t>(i) * 7919 % 5000;
    for (std::size_t line = 0; text.size() < size; ++line) {
      text += std::to_string(line * 2654435761U % 1000003) + " some words of a line of text\n";
    }
    std::ofstream(path, std::ios::binary) << text;
  }
}

// What a session leaves: edits, deletions, build output, an ignored cache.
void soil(const std::string& tree) {
  for (int i = 0; i < 20; ++i) {
    std::ofstream(tree + "/d0/sub" + std::to_string(i) + "/file" + std::to_string(i * 25) + ".txt")
        << "edited\n";
  }
  for (int i = 0; i < 200; ++i) {
    const std::string directory = tree + "/build/" + std::to_string(i % 20);
    fs::create_directories(directory);
    std::ofstream(directory + "/out" + std::to_string(i) + ".o") << "object";
  }
  fs::remove_all(tree + "/d1/sub120");
}

}  // namespace

int main(int argc, char** argv) {
  const int files = argc > 1 ? std::atoi(argv[1]) : 25'000;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  std::string dir = (fs::temp_directory_path() / "worktree-bench-XXXXXX").string();
  require(::mkdtemp(dir.data()) != nullptr, "mkdtemp");
  const std::string repo = dir + "/repo";
  run("git init -q -b main " + repo);
  fill(repo, files);
  std::ofstream(repo + "/.gitignore") << "*.o\n";
  const std::string git =
      "git -C " + repo + " -c gc.auto=0 -c user.name=b -c user.email=b@example.org ";
  run(git + "add -A && " + git + "commit -q -m base && " + git + "gc -q");
  run("sync");

  std::vector<double> git_add;
  std::vector<double> git_add_workers;
  std::vector<double> first;
  std::vector<double> reset;
  std::vector<double> capture;
  Repository repository = value(Repository::discover(repo));
  SlotRequest request;
  request.commit = value(repository.resolve_base("main"));
  // Nothing is removed before the end: for minutes after, ext4 looks at each inode that was freed
  // before it takes one, and whoever comes next pays for that.
  for (int round = 0; round < rounds; ++round) {
    const std::string name = dir + "/git" + std::to_string(round);
    git_add.push_back(
        seconds([&] { run(git + "worktree add -q --detach " + name + " >/dev/null 2>&1"); }));
    git_add_workers.push_back(seconds([&] {
      run(git + "-c checkout.workers=0 worktree add -q --detach " + name +
          "-workers >/dev/null 2>&1");
    }));

    const auto pool = value(Pool::open(repository, dir + "/slots" + std::to_string(round)));
    Slot slot;
    first.push_back(seconds([&] { slot = value(pool->acquire(repository, request)); }));
    std::vector<double> resets;
    for (int again = 0; again < 3; ++again) {
      soil(slot.tree());
      fleet::worktree::CaptureRequest work;
      work.message = "work";
      capture.push_back(
          seconds([&] { (void)value(fleet::worktree::capture(repository, slot, work)); }));
      require(static_cast<bool>(pool->release(slot, fleet::worktree::Leftovers::kSaved)),
              "release");
      resets.push_back(seconds([&] { slot = value(pool->acquire(repository, request)); }));
    }
    reset.push_back(median(resets));
  }
  std::printf("{\"files\": %d, \"rounds\": %d, \"raw\": {", files, rounds);
  print_list("git_add", git_add, "");
  print_list("git_add_workers", git_add_workers, ", ");
  print_list("first", first, ", ");
  print_list("reset", reset, ", ");
  print_list("capture", capture, ", ");
  std::printf("}}\n");
  fs::remove_all(dir);
  return 0;
}
