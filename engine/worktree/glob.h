// Globs over paths inside a repository: `?` and `*` stay inside one component, `**` spans any
// number of components, `[a-z]` and `[!a-z]` are classes, `\` takes the next character literally.
// Bytes are compared, case and encoding mean nothing. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fleet::worktree {

// Whether `glob` matches all of `path`. A trailing or middle `**` component matches zero or more
// components, so that `a/**` matches `a/b` and `a/b/c`, but not `a`.
bool glob_matches(std::string_view glob, std::string_view path);

// The leading components of `glob` without any special character: what need not be searched.
std::string glob_literal_prefix(std::string_view glob);

// A set of globs that claim files and directories, for `in` and `keep`: a glob whose last component
// has no special character (`docs`, `**/node_modules`) or that ends in `/` also covers everything
// beneath a directory of that name.
class PathSet {
 public:
  PathSet() = default;
  explicit PathSet(std::vector<std::string> globs);

  bool empty() const { return globs_.empty(); }
  bool covers(std::string_view path) const;
  // Whether a path beneath `directory` could be covered: false lets a walk stop early.
  bool may_cover_beneath(std::string_view directory) const;

 private:
  struct Glob {
    std::string text;
    bool covers_beneath = false;
  };
  std::vector<Glob> globs_;
};

}  // namespace fleet::worktree
