// What a session left in its slot, as one commit. Only the files count: the session's index, HEAD,
// config, hooks and filters are never read, its objects never imported.
//
// Ignored files are left out by the rules of the tree as it is now (its .gitignore files, the
// repository's info/exclude, the user's core.excludesFile), exactly as `git add -A` would: a task
// that adds a build directory must be able to ignore it. A rule that the session added hides
// nothing that matters, since evidence is gathered from the commit alone, but what it hides is
// reported.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/result.h"
#include "engine/worktree/repository.h"
#include "engine/worktree/slot.h"

namespace fleet::worktree {

struct CaptureRequest {
  std::vector<std::string> in;  // globs (glob.h: PathSet); empty: everywhere
  std::string author_name;
  std::string author_email;
  std::string message;    // subject, and body if any; ends without a newline
  std::int64_t time = 0;  // seconds since 1970, UTC: the same tree and time give the same commit
  std::uint64_t max_file_bytes = std::uint64_t{100} << 20;
  bool lenient = false;  // for salvage: leave out what can't be committed, refuse nothing
};

struct Captured {
  Oid commit;
  DiffStat stat;
  std::vector<Change> changes;  // in byte order
  std::vector<std::string>
      newly_hidden;  // untracked, ignored only by rules the session added; at most 20
};
struct CapturedNothing {
  std::vector<std::string> newly_hidden;
};
// Paths that were changed, added or deleted outside `in`; nothing was committed.
struct CapturedOutside {
  std::vector<std::string> paths;
};
// Something that can't be a commit; nothing was committed.
struct CaptureRefused {
  enum class Why : std::uint8_t {
    kTooLarge,          // a file over max_file_bytes
    kRepositoryInside,  // a directory with a `.git` of its own
    kSpecialFile,       // a fifo, socket or device
    kUnreadable,        // even after its permissions were repaired
    kBadName,           // a name that git refuses, such as `.GIT`
  };
  Why why;
  std::string path;
};
using CaptureOutcome = std::variant<Captured, CapturedNothing, CapturedOutside, CaptureRefused>;

// One commit on slot.commit. Subjects of commits that the session made itself are listed in the
// body. Objects are in the common store and synced when this returns; no ref is moved. Permissions
// that keep the engine out are repaired on the way. REQUIRES: the slot is held and no process of
// its session is alive.
Result<CaptureOutcome> capture(Repository& repository, const Slot& slot,
                               const CaptureRequest& request);

}  // namespace fleet::worktree
