// What was committed between two commits, for telling people and agents.
#pragma once

#include <string>
#include <vector>

#include "engine/worktree/repository.h"

namespace fleet::worktree {

struct CommitLine {
  Oid oid;
  std::string subject;  // the first line of its message
};

struct History {
  std::vector<CommitLine> commits;  // newest first
  bool more = false;                // there are further ones
};

// What is reachable from `after` and not from `before`, at most `limit` of it. kNotFound: one of
// them is gone.
Result<History> commits_between(Repository& repository, const Oid& before, const Oid& after,
                                std::size_t limit);

}  // namespace fleet::worktree
