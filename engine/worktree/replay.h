// Commits made anew on top of another one, as `git rebase` does it: oldest first, merge commits
// left out, those that bring nothing any more dropped.
#pragma once

#include <variant>
#include <vector>

#include "engine/worktree/libgit.h"
#include "engine/worktree/merge.h"

namespace fleet::worktree {

// What each source has beyond `request.into` and the sources before it, on top of `request.into`:
// the last commit made, or `request.into` itself. Authors and their dates stay; the committer is
// the request's author, and `request.message` is added to the trailers of each. Conflicts name the
// commit in their `why`.
Result<std::variant<Oid, MergeConflicts>> replay(Repository::Handle& git,
                                                 const MergeRequest& request,
                                                 const std::vector<const MergeSource*>& sources,
                                                 const std::vector<Oid>& taken);

// Commits that `tip` reaches and none of `without` does, oldest first.
Result<std::vector<Oid>> commits_between(Repository::Handle& git, const std::vector<Oid>& without,
                                         const Oid& tip);

}  // namespace fleet::worktree
