// Three-way merges of trees, in memory. Trees that are made are in the store, and synced, on
// return.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/worktree/libgit.h"

namespace fleet::worktree {

using ConflictPaths = std::vector<std::string>;  // sorted, none twice
using TreeMerge = std::variant<Oid, ConflictPaths>;

// A merge that touches no file on both sides, done on trees alone: costs the difference, where a
// merge through an index reads all of three trees. nullopt: some path changed on both sides, or is
// renamed on one and changed on the other, and needs the full merge. An all-zero `base` stands for
// the empty tree.
Result<std::optional<Oid>> merge_plain_trees(Repository::Handle& git, const Oid& base,
                                             const Oid& ours, const Oid& theirs);

// With renames and contents, as git merges.
Result<TreeMerge> merge_trees(Repository::Handle& git, const Oid& base, const Oid& ours,
                              const Oid& theirs);

// The tree of a merge's index, or what stands in its way.
Result<TreeMerge> write_merged(Repository::Handle& git, git_index* index);

}  // namespace fleet::worktree
