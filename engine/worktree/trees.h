// Git trees as plain values: read, compared, encoded. Reads only what differs: two trees with the
// same name are never opened.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/worktree/libgit.h"

namespace fleet::worktree {

inline constexpr std::uint32_t kModeTree = 040000;
inline constexpr std::uint32_t kModeFile = 0100644;
inline constexpr std::uint32_t kModeProgram = 0100755;
inline constexpr std::uint32_t kModeLink = 0120000;
inline constexpr std::uint32_t kModeSubmodule = 0160000;

struct TreeEntry {
  std::string name;
  std::uint32_t mode = 0;
  Oid oid;

  bool is_tree() const { return mode == kModeTree; }
  friend bool operator==(const TreeEntry&, const TreeEntry&) = default;
};

// Git's order inside a tree: by bytes, a directory compared as if its name ended in '/'.
bool tree_less(const TreeEntry& left, const TreeEntry& right);

// In git's order. The all-zero name stands for the empty tree.
Result<std::vector<TreeEntry>> read_tree(git_odb* odb, const Oid& tree);
// REQUIRES: entries in git's order.
std::string encode_tree(const std::vector<TreeEntry>& entries);

struct TreeChange {
  std::string path;
  std::uint32_t old_mode = 0;  // 0: was not there
  std::uint32_t new_mode = 0;  // 0: is no more
  Oid old_oid;
  Oid new_oid;
};
// Files that differ, in byte order of their paths; directories are expanded.
Result<std::vector<TreeChange>> diff_trees(git_odb* odb, const Oid& before, const Oid& after);

// Lines added and removed by these changes.
Result<DiffStat> count_lines(git_odb* odb, const std::vector<TreeChange>& changes);

Change to_change(const TreeChange& change);

}  // namespace fleet::worktree
