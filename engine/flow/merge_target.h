// Where a merge goes: which branch may be moved, from which commit on, and what is in the way.
// Looks at refs, moves none.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/worktree/refs.h"

namespace fleet::flow {

struct MergeTarget {
  std::string branch;                     // that moves
  std::optional<worktree::Oid> expected;  // what it names now
  worktree::Oid onto;                     // what is merged onto
  bool is_base = false;                   // `branch` is the user's own base
  // Work for the base that its user has not taken yet: it comes along, so that none is dropped.
  std::optional<worktree::Oid> waiting;
  // The base itself, where `onto` is such work that is ahead of it.
  std::optional<worktree::Oid> behind = std::nullopt;
  std::string note = {};  // how the user gets at it, for a base that is checked out
};

// `refused` set: a person has to settle that first. REQUIRES: `start` is a commit.
struct FoundTarget {
  MergeTarget target;
  std::string refused;
};

// A branch of the fleet's own: as it stands, or made at `start`. Of a step's branch, which hands
// over its lease, `start` is what it must still name: the caller compares.
Result<FoundTarget> fleet_target(worktree::Repository& repository, const std::string& branch,
                                 const worktree::Oid& start);

// The base itself; where it is checked out, which is never moved under its user, the branch
// merged_branch(base) that they can fast-forward to.
Result<FoundTarget> base_target(worktree::Repository& repository, const std::string& base);
std::string merged_branch(const std::string& base);

}  // namespace fleet::flow
