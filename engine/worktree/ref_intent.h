// One move of refs at a time, on record: a lock over all fleetc threads and processes of a
// repository, and a file that says which refs are being moved. A killed fleetc leaves git's lock
// files and maybe half of a move behind; the next holder of this lock finishes the move or takes
// the lock files away, so that nobody has to unlock anything by hand. git knows nothing of it.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
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
  // killed process left does.
  Status remove_stale_locks(const std::vector<RefMove>& moves) const;

 private:
  RefIntent(UniqueFd file, std::string common_dir)
      : file_(std::move(file)), common_dir_(std::move(common_dir)) {}

  UniqueFd file_;  // locked (flock) as long as it is open
  std::string common_dir_;
};

}  // namespace fleet::worktree
