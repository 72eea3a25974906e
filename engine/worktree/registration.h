// A slot as git sees it: the entry under <common>/worktrees that `git worktree list` shows and
// `git worktree prune` leaves alone, and the session's own git directory. Both are rebuilt from
// nothing at every reset, so whatever a session did to its own is forgotten.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/worktree/slot.h"

namespace fleet::worktree {

// <common>/worktrees/fleet-<n>
std::string admin_dir(const std::string& common_dir, SlotId id);

// Whether the entry exists and names this slot's tree.
bool is_registered(const Slot& slot);
// Whether the entry's name is free or already this slot's.
bool may_register(const Slot& slot);

// Makes the entry appear at once and whole (it is prepared elsewhere and renamed into place),
// detached at slot.commit and locked. Only moves its HEAD if it is there. Idempotent.
Status register_slot(const Slot& slot);
Status unregister_slot(const Slot& slot);

// Replaces the session's git directory: detached at slot.commit with `index` as its index; and the
// file tree/.git that leads to it. REQUIRES: tree/ exists.
Status write_session_git(const Slot& slot, std::string_view index);

}  // namespace fleet::worktree
