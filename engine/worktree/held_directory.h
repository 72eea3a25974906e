// A directory of git's that nobody can sweep away. `git gc` removes directories of loose objects,
// of refs and of reflogs that are empty at that moment, which may be after libgit2 made one and,
// while it syncs, before it renames the file into it. Such a call is made again with the directory
// held by a file of ours. Knows nothing of what is written there.
#pragma once

#include <string>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace fleet::worktree {

class HeldDirectory {
 public:
  // Makes `directory` (relative to `root`, which must exist) with its parents, and the empty file
  // `name` in it, which is removed with this object. However often it is swept meanwhile: there is
  // no sync between the calls, and only another error than a missing part ends the attempts.
  static Result<HeldDirectory> make(const std::string& root, const std::string& directory,
                                    const std::string& name);

  HeldDirectory(HeldDirectory&& other) noexcept;
  HeldDirectory& operator=(HeldDirectory&&) = delete;
  ~HeldDirectory();

  // Whether the file has been there all the time; `git prune --expire=now` takes it.
  bool stands() const;

  // Removes the file now, for who must know whether it went.
  Status release();

 private:
  HeldDirectory(std::string path, UniqueFd file) : path_(std::move(path)), file_(std::move(file)) {}

  std::string path_;  // empty when moved from
  UniqueFd file_;
};

// A name for directories of objects that git takes for an object being written, and that no other
// caller of this process has.
std::string object_hold_name();

// A name for directories of refs and reflogs, where git passes over it: no ref can have it. The
// same for all, since one holder at a time moves refs (ref_intent.h).
inline constexpr const char* kRefHoldName = ".fleetc.lock";

}  // namespace fleet::worktree
