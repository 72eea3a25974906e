// A slot: one pooled worktree with everything private to the session that uses it. A value that
// names paths; the pool owns the directories.
//
//   <pool>/<n>/session/tree     the files; `git worktree list` of the user's repository shows it,
//   locked
//             /session/git      the session's own git directory: HEAD, index, reflog
//             /session/objects  the session's own object store; the common one is its alternate
//             /session/home     HOME     /session/tmp  TMPDIR
//             /session/review   what a reviewer is shown (review.h); /session/empty where one that
//                               reads nothing works
//             /engine           stat cache, state and lock: never visible to a session
//
// The entry under <common>/worktrees/fleet-<n> is the engine's and stays at the start commit: with
// the session's HEAD in it, a commit that only the session's store holds would break the user's
// `git gc`.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/worktree/oid.h"

namespace fleet::worktree {

// Slots of different kinds are never exchanged: what a builder left is never seen by a reviewer or
// by the evidence.
enum class SlotKind : std::uint8_t { kSession, kReview, kEvidence };
const char* name_of(SlotKind kind);

struct SlotId {
  std::uint32_t value = 0;
  friend auto operator<=>(SlotId, SlotId) = default;
};

struct Slot {
  SlotId id;
  SlotKind kind = SlotKind::kSession;
  std::string agent;       // whose leftovers `keep` may preserve
  Oid commit;              // at which the tree was last reset
  std::string root;        // absolute: <pool>/<n>
  std::string common_dir;  // of the user's repository

  std::string tree() const { return root + "/session/tree"; }
  std::string git_dir() const { return root + "/session/git"; }
  std::string objects() const { return root + "/session/objects"; }
  std::string home() const { return root + "/session/home"; }
  std::string tmp() const { return root + "/session/tmp"; }
  std::string review() const { return root + "/session/review"; }
  std::string empty() const { return root + "/session/empty"; }
  std::string engine_dir() const { return root + "/engine"; }
};

// What a sandbox mounts: `writable` read-write, then `read_only` on top of it. The common git
// directory is read-only and named apart, since some roles don't see it at all.
struct SlotMounts {
  std::vector<std::string> writable;
  std::vector<std::string> read_only;
  std::string common_dir;
};
SlotMounts mounts(const Slot& slot);

// Variables that a session in this slot needs, HOME and TMPDIR included: with them its git writes
// objects to its own store and never asks a question. Author and committer are set, so that a
// commit of the session's works without a configured identity. A session that starts repositories
// of its own (tests that call `git init`) unsets the two GIT_*OBJECT* variables there.
std::vector<std::pair<std::string, std::string>> session_environment(
    const Slot& slot, const std::string& author_name, const std::string& author_email);

}  // namespace fleet::worktree
