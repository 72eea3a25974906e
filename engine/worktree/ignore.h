// Git's ignore rules, read by the engine itself: a .gitignore in a session's tree is hostile text,
// and libgit2 would look for it through the user's configuration and working directory. Format:
// git's Documentation/gitignore. Pure.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::worktree {

enum class IgnoreVerdict { kNoMatch, kIgnored, kIncluded };

// The rules of one file.
class IgnoreFile {
 public:
  // `directory` holds the file: relative to the tree, empty for its root.
  IgnoreFile(std::string directory, std::string_view text);

  // REQUIRES: `path` lies beneath the directory. The last rule that matches decides.
  IgnoreVerdict judge(std::string_view path, bool is_directory) const;

 private:
  struct Rule {
    std::string glob;
    bool negated = false;
    bool directories_only = false;
    bool anchored = false;  // matches the path from `directory`, else the last component
  };
  static bool parse(std::string_view line, Rule& rule);

  std::string directory_;
  std::vector<Rule> rules_;
};

// The rules in force in a directory, weakest first. Cheap to copy: files are shared.
class IgnoreRules {
 public:
  void add(std::shared_ptr<const IgnoreFile> file) { files_.push_back(std::move(file)); }
  // Whether these rules ignore `path`, its parents aside: a walk doesn't enter an ignored
  // directory.
  bool ignores(std::string_view path, bool is_directory) const;

 private:
  std::vector<std::shared_ptr<const IgnoreFile>> files_;
};

}  // namespace fleet::worktree
