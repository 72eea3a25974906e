// What a reviewer is shown of a change, as files beside its tree: it sees the base, the difference
// and what the change is judged by, and nothing of the repository that holds the builder's branch.
//
//   <slot>/session/review/diff.patch    from `before` to `after`, binary files included
//                        /files.txt     a line each: A, M or D, a tab, the path (quoted as git
//                        does) /criteria.md   as given /commit        the hex name of `after`,
//                        which the verdict is about
#pragma once

#include <string>

#include "engine/base/result.h"
#include "engine/worktree/repository.h"
#include "engine/worktree/slot.h"

namespace fleet::worktree {

struct Review {
  Oid before;
  Oid after;
  std::string criteria;  // Markdown
};

// Replaces what is there. The next reset of the slot removes it. REQUIRES: the slot is held and no
// process of its session is alive.
Status write_review(Repository& repository, const Slot& slot, const Review& review);

// An empty directory for a session that is to read nothing, under the same terms.
Status make_empty(const Slot& slot);

}  // namespace fleet::worktree
