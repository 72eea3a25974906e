// One move of refs at a time, on record: a lock over all fleetc threads and processes of a
// repository, and a file that says which refs are being moved. A killed fleetc leaves git's lock
// files and maybe half of a move behind; the next holder of this lock finishes the move or takes
// the lock files away, so that nobody has to unlock anything by hand. git knows nothing of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/worktree/held_directory.h"
#include "engine/worktree/refs.h"

namespace fleet::worktree {

class RefIntent {
 public:
  // Waits for other holders; kBusy after about ten seconds.
  static Result<RefIntent> take(const std::string& common_dir);

  // What a killed holder left. `checked`: it had verified every move and begun to make them.
  struct Left {
    std::vector<RefMove> moves;
    bool checked = false;
  };
  Result<Left> left() const;
  Status record(const std::vector<RefMove>& moves, bool checked) const;
  Status clear() const;

  // Removes git's lock files of these refs, if they stay as they are for a while: only what a
  // killed process left does. And what a killed holder held directories with.
  Status remove_stale_locks(const std::vector<RefMove>& moves) const;

  // As above, for what a failed call of this process may have left: the lock files of the refs
  // themselves, and of these only those `among`, if it is given.
  struct LockFile {
    std::string path;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t changed = 0;  // ns since 1970
    bool operator==(const LockFile&) const = default;
  };
  std::vector<LockFile> lock_files(const std::vector<RefMove>& moves) const;
  Status remove_own_locks(const std::vector<RefMove>& moves,
                          const std::vector<LockFile>* among = nullptr) const;

  // The directories of these refs and of their reflogs, for as long as the answer lives.
  Result<std::vector<HeldDirectory>> hold_directories(const std::vector<RefMove>& moves) const;

 private:
  RefIntent(UniqueFd file, std::string common_dir)
      : file_(std::move(file)), common_dir_(std::move(common_dir)) {}

  UniqueFd file_;  // locked (flock) as long as it is open
  std::string common_dir_;
};

}  // namespace fleet::worktree
