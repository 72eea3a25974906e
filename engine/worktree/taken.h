// What is in a branch under another name: commits that a squash or a rebase laid on it anew.
// History alone does not tell, and a merge that does not know counts their change twice: as the
// branch's own, and as a part of what is built on them.
#pragma once

#include <string>
#include <vector>

#include "engine/worktree/libgit.h"

namespace fleet::worktree {

// The line by which the last lines of a commit's message name what it was made from.
std::string source_line(const Oid& source);

// Of the sources and what they are built on: those that `into` has anew, the latest first. `by`:
// the e-mail address of the committer who is believed; only the branch's own line is looked at,
// never what was merged into it.
Result<std::vector<Oid>> taken_anew(Repository::Handle& git, const Oid& into,
                                    const std::vector<Oid>& sources, const std::string& by);

// Whether `commit` is `ancestor`, or built on it.
Result<bool> is_built_on(Repository::Handle& git, const Oid& commit, const Oid& ancestor);

}  // namespace fleet::worktree
