// Which repository holds a folder. libgit2's own search passes over one that it can't read and
// opens the next one further out, which is another repository than the user means: a fleet's
// branches would go there. So this search tells what is damaged from what never was a repository,
// and stops at the first.
#pragma once

#include <string>

#include "engine/base/result.h"

namespace fleet::worktree {

// What to open without any further search: the path of a `.git` (a directory, a link to one, or a
// file that says where it is) or of a bare repository. Folders called `.git` that hold nothing of a
// repository are passed over, as git does. kNotFound without any repository, with what to do;
// kUnsupported for the nearest one if it is damaged or leads nowhere, with what is missing; kIo and
// others if that can't be found out.
Result<std::string> find_repository(const std::string& folder);

}  // namespace fleet::worktree
