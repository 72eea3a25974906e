// Slots, made once, reset and reused: the next task costs the delta, not a checkout, and inherits
// nothing. Lives in one directory outside the user's tree, with one entry for each slot under
// <common>/worktrees. Knows nothing of tasks: the caller decides who needs a slot and when.
//
// REQUIRES of every call on a slot: no process of its session is alive. A slot is hostile ground:
// no symlink in it is followed, nothing in it is believed, every directory is opened without
// following.
//
// Threads: all calls may come from any thread, each with a Repository of its own; work on different
// slots runs at once. Several processes may share a directory: a slot in use is locked (flock).
// Crash-safe: kill -9 at any point leaves slots that scan() lists and the next acquire repairs.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/worktree/repository.h"
#include "engine/worktree/slot.h"

namespace fleet::worktree {

struct SlotRequest {
  SlotKind kind = SlotKind::kSession;
  std::string agent;
  Oid commit;
  // Untracked paths that survive a reset if the same agent used the slot before.
  std::vector<std::string> keep;
  // Full ref name under which unsaved leftovers are committed before they are removed; empty: they
  // are dropped. An existing ref of that name gets a numbered neighbour (<name>-2, …).
  std::string salvage_ref;
};

// What is known of the files in a slot that its user leaves.
enum class Leftovers : std::uint8_t {
  kSaved,    // captured, or worthless: may be removed without a trace
  kUnsaved,  // to be salvaged before the next reset; `prune` keeps the slot
};

struct ScannedSlot {
  Slot slot;
  bool complete = false;  // tree and registration are whole; an incomplete one is rebuilt when used
  bool in_use = false;    // held by a Pool of this or another process
  Leftovers leftovers = Leftovers::kUnsaved;
  std::uint64_t disk_bytes = 0;  // filled by usage() only
};

class Pool {
 public:
  // `directory` is made if missing; refused inside the repository's own worktree.
  static Result<std::unique_ptr<Pool>> open(Repository& repository, const std::string& directory);
  ~Pool();

  // A slot whose tree is exactly `commit` (plus kept paths), with a fresh home, tmp and object
  // store. Takes a free slot of the same kind (the same agent's first, then one at the same
  // commit), else makes one.
  Result<Slot> acquire(Repository& repository, const SlotRequest& request);
  // The same for a slot that the caller holds: between the tasks of one session.
  Status reset(Repository& repository, Slot& slot, const SlotRequest& request);
  // Takes a given slot as it is, without touching it: after a crash, for a session that still lives
  // or whose work is still to be captured. kNotFound, or kBusy if it is in use, here or elsewhere.
  Result<Slot> adopt(SlotId id);
  // Keeps a slot from everybody else until it is adopted: for the time in which several such
  // sessions are found, one after the other. The same errors.
  Status reserve(SlotId id);

  Status release(const Slot& slot, Leftovers leftovers);
  // Removes a held slot with its registration. Idempotent.
  Status destroy(Repository& repository, const Slot& slot);

  // Commits everything in the tree that differs from slot.commit (ignored files aside) to `ref`;
  // nullopt if nothing does. The slot stays as it is.
  Result<std::optional<Oid>> salvage(Repository& repository, const Slot& slot,
                                     const std::string& ref);

  // Every slot on disk or registered, by id.
  Result<std::vector<ScannedSlot>> scan();
  // The same with disk_bytes, which costs a walk.
  Result<std::vector<ScannedSlot>> usage();
  // Removes free slots without unsaved leftovers, least recently used first, until all slots
  // together take at most `budget_bytes`; 0 removes all of them. Also half-made slots without a
  // tree. Gives those removed.
  Result<std::vector<SlotId>> prune(Repository& repository, std::uint64_t budget_bytes);

  const std::string& directory() const { return directory_; }

 private:
  Pool(std::string directory, std::string common_dir);

  Result<std::optional<Slot>> take_free(const SlotRequest& request);
  Result<Slot> make(const SlotRequest& request);
  Status prepare(Repository& repository, Slot& slot, const SlotRequest& request);
  Result<bool> hold(SlotId id);
  void drop(SlotId id);
  Status sweep();  // removes what killed destroys left

  const std::string directory_;
  const std::string common_dir_;
  std::mutex mutex_;                 // guards the two below
  std::map<SlotId, UniqueFd> held_;  // the lock file of each slot in use here
  std::set<SlotId> reserved_;        // of these, not adopted yet
};

}  // namespace fleet::worktree
