// A real repository in a directory of its own, made and checked with the git command line: the
// oracle of this room's tests.
#pragma once

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "engine/worktree/pool.h"
#include "engine/worktree/repository.h"

namespace fleet::worktree::testing {

namespace fs = std::filesystem;

inline std::string shell_word(const std::string& text) {
  std::string out = "'";
  for (const char byte : text)
    out += byte == '\'' ? std::string("'\\''") : std::string(1, byte);
  return out + "'";
}

struct Output {
  int status = 0;
  std::string text;  // standard output and error
};

inline Output shell(const std::string& command) {
  FILE* pipe = ::popen(("( " + command + " ) 2>&1").c_str(), "r");
  Output output;
  std::array<char, 4096> buffer{};
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.text.append(buffer.data(), size);
  }
  const int status = ::pclose(pipe);
  output.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return output;
}

// Output of a command that must succeed, without its last newline.
inline std::string run(const std::string& command) {
  Output output = shell(command);
  if (output.status != 0)
    throw std::runtime_error(command + "\n" + output.text);
  if (!output.text.empty() && output.text.back() == '\n')
    output.text.pop_back();
  return output.text;
}

inline void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

inline std::string read(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// Removed with everything in it when it goes.
class TempDir {
 public:
  TempDir() {
    std::string name = (fs::temp_directory_path() / "worktree-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() { shell("chmod -R u+rwx " + shell_word(path_) + "; rm -rf " + shell_word(path_)); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class GitFixture {
 public:
  GitFixture() {
    run("git init -q -b main " + shell_word(repo()) + " && " + git("config user.name Tester && ") +
        git("config user.email tester@example.org && ") + git("config gc.auto 0"));
  }

  std::string repo() const { return dir_.path() + "/repo"; }
  std::string slots() const { return dir_.path() + "/slots"; }
  const std::string& dir() const { return dir_.path(); }

  std::string git(const std::string& arguments) const {
    return "git -C " + shell_word(repo()) + " " + arguments;
  }
  std::string run_git(const std::string& arguments) const { return run(git(arguments)); }

  // Commits everything in the user's tree.
  Oid commit(const std::string& message = "change") const {
    run_git("add -A && " + git("commit -q --allow-empty -m " + shell_word(message)));
    return head();
  }
  Oid head() const { return *Oid::parse(run_git("rev-parse HEAD")); }
  void put(const std::string& path, const std::string& text) const {
    write(fs::path(repo()) / path, text);
  }

  Repository open() const {
    auto repository = Repository::discover(repo());
    if (!repository)
      throw std::runtime_error(repository.error().message());
    return *std::move(repository);
  }

  // Names, kinds, permissions and contents of everything beneath, the entry `.git` aside.
  static std::string picture(const std::string& directory) {
    return run("cd " + shell_word(directory) +
               " && find . -mindepth 1 -path ./.git -prune -o -printf '%P %y %m %l\\0' | sort -z | "
               "tr '\\0\\n' '\\n?' && find . -path ./.git -prune -o -type f -print0 | sort -z | "
               "xargs -0 -r sha1sum");
  }

  // What git would check out of a commit.
  std::string expected_picture(const std::string& commit) const {
    const TempDir out;
    run(git("archive --format=tar " + commit) + " | tar -x -C " + shell_word(out.path()) +
        " --no-same-permissions && chmod -R u=rwX,go=rX " + shell_word(out.path()));
    return picture(out.path());
  }

 private:
  TempDir dir_;
};

// The value of a Result that must hold one.
template <class T>
T value(Result<T> result) {
  if (!result)
    throw std::runtime_error(result.error().message());
  return *std::move(result);
}
inline void ok(const Status& status) {
  if (!status)
    throw std::runtime_error(status.error().message());
}

}  // namespace fleet::worktree::testing
